#!/usr/bin/env bash
# packaging/install.sh and packaging/uninstall.sh, with the program that is built already. No client is needed.
# A stand-in for cargo puts the program where a build would; PATH has nothing but links to the tools that the scripts need.
source "$(dirname "$0")/lib.sh"
nobody=65534
clone=$GROUP_DIR/clone tools=$GROUP_DIR/tools rust=$GROUP_DIR/rust fixed=$GROUP_DIR/fixed users=$GROUP_DIR/users
program=docker-credential-pat
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR # so that HOME decides

mkdir -p "$clone/packaging" "$tools" "$rust" "$fixed" "$users"
cp "$here/../../packaging/"{build,install,is-own,uninstall}.sh "$clone/packaging/"
cp "$here/../../Cargo.toml" "$clone/"
cp "$(type -P $program)" "$GROUP_DIR/built"
for tool in bash sh sed dirname uname mkdir install ln mv rm cat cp env readlink find grep timeout; do
  ln -s "$(type -P $tool)" "$tools/$tool" || give_up "the tools are linked" "$tool"
done
printf '#!/bin/sh\necho {}\n' >"$tools/docker-credential-desktop" && chmod +x "$tools/docker-credential-desktop"
for tool in cc fish; do ln -s "$tools/cat" "$tools/$tool"; done # nobody calls them: they are only looked for

chmod 555 "$fixed"
cat >"$rust/cargo" <<'CARGO'
#!/usr/bin/env bash
[[ ${*:1:3} == "build --release --locked" ]] || { echo "cargo $*" >&2; exit 1; }
while (($#)); do
  [[ $1 != --target ]] || folder=/$2
  shift
done
mkdir -p "target${folder-}/release" && cp BUILT "target${folder-}/release/docker-credential-pat"
CARGO
sed -i "s|BUILT|$GROUP_DIR/built|" "$rust/cargo"
cat >"$rust/rustc" <<'RUSTC'
#!/usr/bin/env bash
if [[ ${1-} == --version ]]; then echo "rustc ${FAKE_RUST-1.999.0} (0123456789 2026-01-01)"; else echo "$0.sysroot"; fi
RUSTC
mkdir -p "$rust/rustc.sysroot/lib/rustlib/$(uname -m)-unknown-linux-musl/lib"
chmod +x "$rust"/{cargo,rustc}

# A panic has the place of its code in it, which would be a folder of whoever built the program.
names_no_folder() {
  local checkout
  checkout=$(cd "$here/../.." && pwd)
  ! LC_ALL=C grep -aoE "[[:print:]]*(/\.cargo/|/\.rustup/|$checkout/)[[:print:]]*" "$GROUP_DIR/built"
}
if [[ $(type -P $program) == */debug/* ]]; then
  skipped_part "no folder of the builder is in the program" "it is a debug build"
else
  check "no folder of the builder is in the program" names_no_folder
fi

# Root may write anywhere, so root is another user here.
as=()
if [[ $EUID == 0 ]]; then
  need setpriv
  as=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups)
  { chmod o+x "${GROUP_DIR%/*}" "$GROUP_DIR" && chown -R $nobody:$nobody "$clone" "$users"; } 2>/dev/null ||
    skip "files cannot be given to another user"
  "${as[@]}" "$GROUP_DIR/built" version >/dev/null 2>&1 || skip "nothing runs as another user"
fi

# user NAME [FOLDER...]: a new home, whose PATH has these folders of it (or absolute ones) before the tools.
user() {
  local folder entries=
  export HOME=$users/$1
  run mkdir -p "$HOME"
  for folder in "${@:2}"; do
    [[ $folder == /* ]] || folder=$HOME/$folder
    entries+=$folder:
  done
  path=$entries$rust:$tools
}
# run [NAME=VALUE...] CMD...: as the user, in their PATH.
run() { (cd "$GROUP_DIR" && limited "${as[@]}" env PATH="${path:-$tools}" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file "$@" </dev/null); }
install_it() { run "$@" "$clone/packaging/install.sh"; }
# uninstall_it [NAME=VALUE...] [-- OPTION...]
uninstall_it() {
  local settings=()
  while (($#)) && [[ $1 != -- ]]; do settings+=("$1"); shift; done
  (($# == 0)) || shift
  run ${settings[@]+"${settings[@]}"} "$clone/packaging/uninstall.sh" "$@"
}
helper() { jq -r '.credsStore // "none"' "$HOME/.docker/config.json" 2>/dev/null || echo none; }
last_line() { "$@" 2>&1 | tail -n 1; }
# installed_in FOLDER: the program is there, and nowhere else.
installed_in() { [[ "$(find "$HOME" -name $program -type f -perm -u+x)" == "$1/$program" ]] && run "$1/$program" version; }
is_not_there() { [[ ! -e $1 && ! -L $1 ]]; }
not_built() { is_not_there "$clone/target"; }

# What is missing is said before anything is built.
user missing .local/bin
not_enough() { # WHAT PATTERN NAME=VALUE...
  ends "$1: says so" 1 "$2" install_it "${@:3}"
  check "$1: nothing is built" not_built
  check "$1: nothing is installed" is_not_there "$HOME/.local"
}
minimum=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$clone/Cargo.toml")
not_enough "Rust is too old" "Rust 1\.[0-9]+ is too old: $minimum or newer" FAKE_RUST=1.$((${minimum#*.} - 1)).2
not_enough "no Rust" "no Rust toolchain: install Rust $minimum" PATH="$tools"
not_enough "no version of Rust" "no Rust toolchain" FAKE_RUST=
rm "$tools/cc"
not_enough "no C compiler" "no C compiler \(cc\): install one"
ends "no Rust and no C compiler: both are named" 1 'no C compiler' install_it PATH="$tools"
ends "no Rust and no C compiler: both are named, this too" 1 'no Rust' install_it PATH="$tools"
ln -s "$tools/cat" "$tools/cc"
ends "exactly the minimum of Rust is enough" 0 'about three minutes' install_it "FAKE_RUST=$minimum.0"

# The folder.
user local-bin bin .local/bin
ends "both ~/.local/bin and ~/bin in PATH: installs" 0 " is in $HOME/" install_it
check "both ~/.local/bin and ~/bin in PATH: ~/.local/bin is first" installed_in "$HOME/.local/bin"
equal "both ~/.local/bin and ~/bin in PATH: Docker asks the program" pat helper
ends "installing again" 0 " is in $HOME/" install_it

user only-bin bin
ends "only ~/bin in PATH, not there yet: installs" 0 " is in $HOME/" install_it
check "only ~/bin in PATH: it is there" installed_in "$HOME/bin"
equal "only ~/bin in PATH: Docker asks the program" pat helper

user other-spelling
run mkdir -p "$HOME/.local/bin"
run ln -s .local "$HOME/linked"
path=$HOME/linked/bin/:$path
ends "the folder ~/.local/bin under another name in PATH: installs" 0 " is in $HOME/" install_it
check "the folder ~/.local/bin under another name in PATH: it is there" installed_in "$HOME/.local/bin"

user read-only .local/bin bin
run mkdir -p "$HOME/.local/bin"
chmod 555 "$HOME/.local/bin"
ends "the folder ~/.local/bin is read-only: installs" 0 " is in $HOME/" install_it
check "the folder ~/.local/bin is read-only: ~/bin has it" installed_in "$HOME/bin"
chmod 755 "$HOME/.local/bin"

# not_found WHAT FOLDER NAME=VALUE...: it is installed, and Docker stays as it is.
not_found() {
  local out code
  out=$(install_it "${@:3}" 2>&1)
  code=$?
  equal "$1: exit code" 1 echo "$code"
  equal "$1: the two lines to type come last" "export PATH=$(printf %q "$2"):\"\$PATH\""$'\n'"$program install" tail -n 2 <<<"$out"
  check "$1: it is installed" test -x "$2/$program"
  equal "$1: Docker is left as it is" none helper
  check "$1: Docker's file is not made" is_not_there "$HOME/.docker"
  check "$1: the two lines work" run bash -c "$(tail -n 2 <<<"$out")"
  equal "$1: then Docker asks the program" pat helper
}
user none
not_found "no folder of one's own in PATH" "$HOME/.local/bin"
user only-read-only "$fixed"
ends "a read-only folder by BINDIR: refused" 1 "cannot write to $fixed: choose another folder" install_it BINDIR="$fixed"
not_found "only read-only folders in PATH" "$HOME/.local/bin"
user elsewhere .local/bin
not_found "BINDIR outside PATH" "$HOME/a b/ü" BINDIR="$HOME/a b/ü"
user no-setup
ends "SETUP=no outside PATH: it is what was asked for" 0 "^$program install\$" install_it SETUP=no
equal "SETUP=no outside PATH: Docker is left as it is" none helper
user bindir .local/bin opt
ends "BINDIR in PATH: installs" 0 " is in $HOME/" install_it BINDIR="$HOME/opt"
check "BINDIR in PATH: it is there" installed_in "$HOME/opt"
user setup-no .local/bin
ends "SETUP=no: one next step" 0 "next: $program install" last_line install_it SETUP=no
equal "SETUP=no: Docker is left as it is" none helper

# /usr/local/bin is the machine's own, so an empty one covers it.
usr_local_bin() {
  mount -t tmpfs none /usr/local/bin || exit 3
  # Root writes nothing below a folder of another user.
  as=() users=$GROUP_DIR/users-of-root
  user usr-local-bin /usr/local/bin
  install_it >/dev/null && [[ -x /usr/local/bin/$program && ! -e $HOME/.local/bin ]] && [[ $(helper) == pat ]] &&
    uninstall_it REGISTRY_AUTH_FILE="$HOME/auth.json" >/dev/null && [[ ! -e /usr/local/bin/$program && $(helper) == none ]]
}
if [[ $EUID == 0 ]] && unshare --mount true 2>/dev/null && [[ -d /usr/local/bin ]]; then
  export clone tools rust users program GROUP_DIR here nobody
  export -f usr_local_bin user run limited install_it uninstall_it helper
  check "only /usr/local/bin in PATH: there and back" unshare --mount bash -c usr_local_bin
fi

# Root in another user's home: sudo -E.
as_root() (
  as=()
  install_it "$@"
)
remove_as_root() (
  as=()
  uninstall_it "$@"
)
if [[ $EUID == 0 ]]; then
  user roots-too .local/bin
  run mkdir -p "$HOME/.local/bin"
  ends "root in another user's home: install.sh is refused" 1 "$HOME/.local/bin belongs to another user" as_root
  equal "root in another user's home: nothing is installed" "" ls "$HOME/.local/bin"
  check "root in another user's home: they install" install_it
  ends "root in another user's home: uninstall.sh is refused" 1 "belongs to another user" remove_as_root
  check "root in another user's home: the program stays" test -x "$HOME/.local/bin/$program"
fi

# Another program of the name.
user shadowed first .local/bin
run mkdir -p "$HOME/first"
run cp "$tools/cat" "$HOME/first/$program"
ends "another program of the name comes first: warns" 0 "warning: Docker runs $HOME/first/$program, which comes before $HOME/.local/bin/$program" install_it
equal "another program of the name comes first: its own copy sets up Docker" pat helper
check "another program of the name comes first: it stays" cmp "$tools/cat" "$HOME/first/$program"
ends "another program of the name: uninstall says where" 0 "another $program is still in PATH: $HOME/first/$program" uninstall_it
user linked first .local/bin
run mkdir -p "$HOME/first"
run ln -s "$HOME/.local/bin/$program" "$HOME/first/$program"
equal "a link to the program comes first: no warning" "" eval 'install_it 2>&1 | grep warning || true'

# Uninstall.
user leaves .local/bin
bin=$HOME/.local/bin share=$HOME/.local/share
run mkdir -p "$HOME/.docker" "$share/man/man1" "$bin"
run bash -c 'echo "{\"credsStore\":\"desktop\"}" >"$HOME/.docker/config.json"; echo mine >"$0/docker-credential-other"; echo mine >"$0/docker-credential-pat-tool"; ln -s /bin/sh "$0/docker-credential-pat-sh"; echo mine >"$1"' \
  "$bin" "$share/man/man1/docker-credential-other.1"
check "uninstall: first it is installed" install_it
check "uninstall: with a profile" run "$bin/$program" install --profile work --registry ghcr.example
run ln -s "$bin/$program" "$bin/$program-by-hand"
check "uninstall: there is a link for it" test -L "$bin/$program-work"
put_in() { jq -nc '{ServerURL: "a.example", Username: "alice", Secret: "one"}' | "${as[@]}" "$bin/$program" store; }
check "uninstall: there is a token" put_in
extras() { find "$HOME" -name "*$program*" ! -path "$bin/*" ! -path "$share/$program*" ! -path "$HOME/.config/$program*" ! -path "$HOME/.local/state/*"; }
check "uninstall: there are completions and manual" eval '(($(extras | wc -l) > 20)) && [[ -s $HOME/.config/fish/completions/$program.fish ]]'
before=$(find "$HOME" | sort)
run cp "$HOME/.docker/config.json" "$HOME/set-up.json"
run bash -c 'echo "{" >"$HOME/.docker/config.json"'
ends "uninstall fails in Docker's file: stops" 1 'nothing was removed: Docker or podman may still ask' uninstall_it
equal "uninstall fails in Docker's file: everything is there" "" diff <(echo "$before") <(find "$HOME" ! -name set-up.json | sort)
run mv "$HOME/set-up.json" "$HOME/.docker/config.json"
ends "uninstall --purge without a terminal: refused" 1 'no terminal to ask on: --purge --yes' uninstall_it -- --purge
equal "uninstall --purge without a terminal: everything is there" "" diff <(echo "$before") <(find "$HOME" | sort)
ends "uninstall of an unknown option: the usage" 2 '^  packaging/uninstall.sh --purge' uninstall_it -- --prune
equal "uninstall of an unknown option: everything is there" "" diff <(echo "$before") <(find "$HOME" | sort)

ends "uninstall: says what stays" 0 "^$share/$program\$" uninstall_it
equal "uninstall: the earlier helper is back" desktop helper
check "uninstall: the program is gone" is_not_there "$bin/$program"
check "uninstall: the profile's link is gone" is_not_there "$bin/$program-work"
check "uninstall: a link to it made by hand is gone" is_not_there "$bin/$program-by-hand"
equal "uninstall: completions and manual are gone" "" extras
equal "uninstall: other files stay" "docker-credential-other docker-credential-pat-sh docker-credential-pat-tool" \
  eval '(cd "$bin" && echo *)'
check "uninstall: another manual stays" test -s "$share/man/man1/docker-credential-other.1"
check "uninstall: the vault stays" test -s "$share/$program/vault"
check "uninstall: the key stays" test -s "$HOME/.config/$program/key"
ends "uninstall twice: there is nothing to remove" 0 'there is nothing to remove' uninstall_it
check "uninstall twice: the vault stays" test -s "$share/$program/vault"
check "installed again, the token is given" eval 'install_it && printf a.example | "${as[@]}" "$bin/$program" get | grep -q one'

own() { find "$HOME" -type d -name $program | sort; }
if python=$(python_with fcntl termios); then
  on_terminal() { # ANSWER
    run "$python" "$here/terminal.py" --answer '[y/N]' "$1"$'\n' -- "$clone/packaging/uninstall.sh" --purge
  }
  ends "uninstall --purge: Enter is no" 1 'nothing was removed' on_terminal ""
  check "uninstall --purge: after no the program is there" test -x "$bin/$program"
  check "uninstall --purge: after no the vault is there" test -s "$share/$program/vault"
  ends "uninstall --purge: names the folders, and takes yes" 0 "deleted $share/$program" on_terminal y
  equal "uninstall --purge: nothing of the program is left" "" own
  check "uninstall --purge: nor the program" is_not_there "$bin/$program"
fi
check "uninstall --purge --yes: first it is installed" install_it
check "uninstall --purge --yes: there is a token" put_in
ends "uninstall --purge --yes: does not ask" 0 "deleted $share/$program" uninstall_it -- --purge --yes
equal "uninstall --purge --yes: nothing of the program is left" "" own
equal "uninstall --purge --yes: the earlier helper is back" desktop helper
equal "uninstall --purge --yes twice: there is nothing to remove" "uninstall.sh: there is nothing to remove" uninstall_it -- --purge --yes

user purge-link .local/bin
bin=$HOME/.local/bin
run mkdir -p "$HOME/elsewhere" "$HOME/.local/share"
run ln -s "$HOME/elsewhere" "$HOME/.local/share/$program"
check "uninstall --purge of a link: first it is installed" install_it
ends "uninstall --purge of a link: refused" 1 'is a link: remove it yourself' uninstall_it -- --purge --yes
check "uninstall --purge of a link: the program is there" test -x "$bin/$program"

user read-only-program bin
run mkdir -p "$HOME/bin"
run cp "$GROUP_DIR/built" "$HOME/bin/$program"
chmod 555 "$HOME/bin"
ends "uninstall of BINDIR, which is read-only: refused" 1 'cannot write to .*: nothing was removed' uninstall_it BINDIR="$HOME/bin"
ends "somebody else's program: there is nothing to remove" 0 'there is nothing to remove' uninstall_it
ends "somebody else's program: says where it is" 0 "another $program is still in PATH: $HOME/bin" uninstall_it
check "somebody else's program: it stays" test -x "$HOME/bin/$program"
chmod 755 "$HOME/bin"

user leaves-docker .local/bin
check "uninstall with SETUP=no: first it is installed" install_it
check "uninstall with SETUP=no: removes" uninstall_it SETUP=no
equal "uninstall with SETUP=no: Docker's file stays" pat helper
check "uninstall with SETUP=no: the program is gone" is_not_there "$HOME/.local/bin/$program"

user podman-too opt
mkdir -p "$HOME/run" && { [[ ! ${as[*]-} ]] || chown $nobody:$nobody "$HOME/run"; }
check "uninstall of BINDIR, and podman: first it is installed" install_it BINDIR="$HOME/opt"
check "uninstall of BINDIR, and podman: podman asks it" run XDG_RUNTIME_DIR="$HOME/run" "$HOME/opt/$program" install --podman --registry ghcr.example
ends "uninstall of BINDIR, and podman: removes" 0 "removed [0-9]+ files: $program from $HOME/opt" uninstall_it XDG_RUNTIME_DIR="$HOME/run" BINDIR="$HOME/opt"
equal "uninstall of BINDIR, and podman: podman no longer asks it" null jq -c '.credHelpers["ghcr.example"]' "$HOME/run/containers/auth.json"
