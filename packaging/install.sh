#!/usr/bin/env bash
# Builds docker-credential-pat, installs it for this user, and makes it Docker's credential helper.
#   packaging/install.sh            into the first of ~/.local/bin, ~/bin and /usr/local/bin that is in PATH and writable;
#                                   needs a Rust toolchain (https://rustup.rs) and a C compiler
#   BINDIR=DIR packaging/install.sh into another folder
#   SETUP=no packaging/install.sh   without touching Docker's configuration
#   EXTRAS=no packaging/install.sh  without completions and manual
# Where the folder is not in PATH, Docker would not find the program: its configuration stays as it is, and the exit code is 1.
# packaging/uninstall.sh removes what this script installed.
set -euo pipefail
say() { printf 'install.sh: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
: "${HOME:?install.sh: HOME is not set}"
bindir=${BINDIR:-}
[[ ! $bindir || $bindir == /* ]] || bindir=$PWD/$bindir
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source packaging/is-own.sh

# What is missing: all of it in one go, before anything is built.
missing=0
lacks() { missing=1; say "$*" >&2; }
minimum=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)
rust=$(rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p') || true
if [[ ! $rust ]] || ! command -v cargo >/dev/null; then
  lacks "no Rust toolchain: install Rust $minimum or newer from https://rustup.rs"
elif ((${rust%.*} * 1000 + ${rust#*.} < ${minimum%.*} * 1000 + ${minimum#*.})); then
  lacks "Rust $rust is too old: $minimum or newer is needed (rustup update, or https://rustup.rs)"
fi
# Rust links with it, and the crate ring is partly written in C.
command -v "${CC:-cc}" >/dev/null ||
  lacks "no C compiler (${CC:-cc}): install one (Debian: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install)"
((!missing)) || die "nothing was installed: run this again afterwards"

# Whether PATH has a folder, in any spelling.
in_path() { # DIR
  local entry entries
  IFS=: read -ra entries <<<"$PATH"
  for entry in ${entries[@]+"${entries[@]}"}; do
    [[ $entry && (${entry%/} == "${1%/}" || $entry -ef $1) ]] && return
  done
  return 1
}
# Whether files can be written to a folder, which may have to be made first.
is_writable() { # DIR
  local folder=$1
  while [[ ! -e $folder && ! -L $folder ]]; do folder=$(dirname "$folder"); done
  [[ -d $folder && -w $folder && -x $folder ]]
}
if [[ ! $bindir ]]; then
  bindir=$HOME/.local/bin
  for folder in "$HOME/.local/bin" "$HOME/bin" /usr/local/bin; do
    if in_path "$folder" && is_writable "$folder"; then bindir=$folder; break; fi
  done
fi
is_own "$bindir" || die "$bindir belongs to another user: run this as that user, or set HOME and BINDIR to your own folders"
is_writable "$bindir" || die "cannot write to $bindir: choose another folder with BINDIR=DIR"

# The release build is static if the toolchain has, or can get, the target for it.
target=
if [[ $(uname -s) == Linux ]]; then
  musl=$(uname -m)-unknown-linux-musl
  has_target() { [[ -d $(rustc --print sysroot)/lib/rustlib/$musl/lib ]]; }
  has_target || { command -v rustup >/dev/null && rustup target add "$musl"; } || true
  if has_target; then target=$musl; else say "no target $musl: the build is not static, and starts more slowly"; fi
fi

say "building for $bindir: the first time this takes about three minutes on two cores"
packaging/build.sh ${target:+--target "$target"}
built=${CARGO_TARGET_DIR:-target}/${target:+$target/}release/docker-credential-pat

# The new file is written next to the old one, then replaces it: a helper that is running keeps its own file.
mkdir -p "$bindir"
program=$bindir/docker-credential-pat
install -m 755 "$built" "$bindir/.docker-credential-pat.new"
mv -f "$bindir/.docker-credential-pat.new" "$program"
say "$("$program" version) is in $bindir"

# The folders in which shells and man look for a user's own files; only for installed shells.
data=${XDG_DATA_HOME:-} config=${XDG_CONFIG_HOME:-}
[[ $data == /* ]] || data=$HOME/.local/share
[[ $config == /* ]] || config=$HOME/.config
offer_in() { # SHELL FILE
  command -v "$1" >/dev/null || return 0
  is_own "$2" || { say "$2 belongs to another user: not written"; return 0; }
  mkdir -p "$(dirname "$2")" && "$program" completions "$1" >"$2" && say "completions for $1 are in $2"
}
extras() {
  "$program" man --dir "$data/man/man1" && say "the manual is in $data/man: man docker-credential-pat"
  offer_in bash "$data/bash-completion/completions/docker-credential-pat"
  offer_in fish "$config/fish/completions/docker-credential-pat.fish"
  offer_in zsh "$data/zsh/site-functions/_docker-credential-pat"
  ! command -v zsh >/dev/null ||
    say "zsh finds them with this in ~/.zshrc, before compinit: fpath=($data/zsh/site-functions \$fpath)"
}
# The program works without them.
[[ ${EXTRAS:-yes} == no ]] || extras || say "completions or manual could not be put there"

hash -r
found=$(type -P docker-credential-pat) || true
if in_path "$bindir" && [[ ! $found -ef $program ]]; then
  say "warning: Docker runs $found, which comes before $program in PATH: remove it, or move $bindir to the front" >&2
fi

# One next step. The program's own `install` prints it too.
if ! in_path "$bindir"; then
  [[ ${SETUP:-yes} == no ]] || say "Docker's configuration was left as it is"
  say "next: $bindir is not in PATH, where Docker looks for its helpers. Type these two lines, and put the first into your shell's profile:"
  echo "export PATH=$(printf %q "$bindir"):\"\$PATH\""
  echo "docker-credential-pat install"
  [[ ${SETUP:-yes} == no ]] || exit 1
elif [[ ${SETUP:-yes} == no ]]; then
  say "next: docker-credential-pat install makes it Docker's credential helper"
else
  "$program" install
fi
