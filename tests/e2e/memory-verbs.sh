#!/usr/bin/env bash
# The memory at exit after the verbs for people and after errors, of the static build and of one with glibc.
source "$(dirname "$0")/lib.sh"
source "$here/memory-common.sh"
source "$here/hub-common.sh"
export DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file
helpers=$GROUP_DIR/helpers builds=$GROUP_DIR/builds
mkdir "$helpers" "$builds"
PATH=$helpers:$PATH

end_all() {
  local home
  for home in "$HOME"/*/; do in_home "${home%/}" pat lock >/dev/null 2>&1; done
  stop_all "$keyring"
  stop_servers
}
trap end_all EXIT

# --- Every secret is looked for after every command.
needles=()
needle() { needles+=(--secret "$folder/$1"); }
make() { letters "${2:-36}" >"$folder/$1"; needle "$1"; }
# leaves_none WHAT ARG...: as no_trace; fails WHAT PATTERN ARG...: the program fails with PATTERN, and leaves nothing either.
leaves_none() { no_trace "$build: $1" "${needles[@]}" "${@:2}"; }
fails() { ends "$build: $1: nothing is left" 0 "$2" "${before[@]}" scan "${needles[@]}" --code 1 "${@:3}"; }
before=()
typed() { limited "$python" "$here/terminal.py" "${typing[@]}" -- "${memscan[@]}" "${needles[@]}" -- "$program" "$@"; }
shows() { [[ $(pat show "$1" --reveal) == "$(<"$folder/$2")" ]]; }
login_file() { jq -Rsc '{auths: {"moved.example": {auth: ("alice:" + .) | @base64}}}' <"$folder/$1" >"$2"; }

for name in first second third wrong passphrase other-passphrase hub-made hub-rotated code pat project session pending; do make "$name"; done
printf '%s' "$password" >"$folder/password"
needle password
for name in first second third; do
  jq -Rsc '{ServerURL: "ghcr.example", Username: "alice", Secret: .}' <"$folder/$name" >"$folder/$name.json"
done
printf ghcr.example >"$folder/request"
printf 'pw-canary-of-bob\n%s\n' "$(<"$folder/code")" >"$folder/bob"
printf 'pw-canary-of-bob' >"$folder/bobs"
needle bobs
printf 'pw-canary-of-bob\n%s\n' "$(<"$folder/wrong")" >"$folder/bob-wrong"
pat key make | tr -d '\n' >"$folder/spare"
tail -c 64 "$folder/spare" >"$folder/spare-digits" # what is before them is no secret
needle spare-digits
printf '#!/bin/sh\ncat "%s"\n' "$folder/spare" >"$folder/give-key"
cat >"$helpers/docker-credential-standin" <<STANDIN
#!/bin/sh
case \$1 in
list) echo '{"https://helped.example":"alice"}' ;;
get) printf '{"ServerURL":"https://helped.example","Username":"alice","Secret":"%s"}' "\$(cat "$folder/third")" ;;
esac
STANDIN
chmod 700 "$folder/give-key" "$helpers/docker-credential-standin"

# --- The parts. Each starts with what the part before has left in the vault.
protocol() {
  key_file=$XDG_CONFIG_HOME/docker-credential-pat/key
  leaves_none "store, which makes a key" --end 32 "$key_file" --stdin "$folder/first.json" -- "$program" store
  tail -c 32 "$key_file" >"$folder/key-$build"
  needle "key-$build"
  leaves_none "get" --stdin "$folder/request" -- "$program" get
  leaves_none "list" -- "$program" list
  leaves_none "erase" --stdin "$folder/request" -- "$program" erase
  leaves_none "get of what is not there" --code 1 --stdin "$folder/request" -- "$program" get
}

life() {
  leaves_none "add --secret-stdin" --stdin "$folder/first" -- "$program" add ci --registry ci.example --user alice --secret-stdin
  fails "add of a name that is there" "ci" --stdin "$folder/second" -- "$program" add ci --registry ci.example --user alice --secret-stdin
  typing=(--hidden "Secret for" "$(<"$folder/second")"$'\n')
  check "$build: add of a typed secret: nothing is left" typed add typed --registry typed.example --user alice
  leaves_none "rotate" --stdin "$folder/second" -- "$program" rotate ci --secret-stdin
  leaves_none "rotate --undo" -- "$program" rotate ci --undo
  check "$build: the first secret is back" shows ci first
  leaves_none "edit" -- "$program" edit ci --label builds --registry ci.example/acme --expires 90d
  leaves_none "show" -- "$program" show ci
  leaves_none "show --reveal" --stdout "$GROUP_DIR/revealed" -- "$program" show ci --reveal
  exec {broken}> >(exec true)
  wait $!
  leaves_none "show --reveal into a broken pipe" --stdout "/dev/fd/$broken" -- "$program" show ci --reveal
  exec {broken}>&-
  fails "show --reveal to a full disk" "No space left" --stdout /dev/full -- "$program" show ci --reveal
  leaves_none "ls" -- "$program" ls
  leaves_none "explain" -- "$program" explain ci.example/acme/app
  leaves_none "doctor" --code "$("$program" doctor >/dev/null 2>&1; echo $?)" -- "$program" doctor
}

exports() {
  local format pipe
  for format in docker-login docker-config kubernetes-secret env; do
    leaves_none "export $format to a file" -- "$program" export ci --format "$format" --output "$GROUP_DIR/$build-$format"
    exec {pipe}> >(exec cat >/dev/null)
    leaves_none "export $format to a pipe" --stdout "/dev/fd/$pipe" -- "$program" export ci --format "$format"
    exec {pipe}>&-
  done
  fails "export to a file that is there" "exists already" -- "$program" export ci --format env --output "$GROUP_DIR/$build-env"
  fails "export to a full disk" "No space left" --stdout /dev/full -- "$program" export ci --format env
}

imports() {
  login_file third "$folder/config.json"
  leaves_none "import --dry-run" -- "$program" import --file "$folder/config.json" --dry-run
  leaves_none "import from a file" -- "$program" import --file "$folder/config.json"
  check "$build: it is in the vault" shows alice@moved.example third
  leaves_none "import from standard input, once more" --stdin "$folder/config.json" -- "$program" import --file -
  leaves_none "import from a helper" -- "$program" import --helper standin
  check "$build: that is in the vault too" shows alice@helped.example third
  head -c -3 "$folder/config.json" >"$folder/cut.json"
  fails "import of a file that is cut off" "cut.json" -- "$program" import --file "$folder/cut.json"
  leaves_none "rm" -- "$program" rm alice@moved.example alice@helped.example --yes
  mkdir -p "$HOME/.docker"
  login_file third "$HOME/.docker/config.json"
  leaves_none "install" -- "$program" install
  check "$build: install has copied the login" shows alice@moved.example third
  leaves_none "uninstall --plain-text" -- "$program" uninstall --plain-text
  check "$build: uninstall has written it back" grep -q "$(printf 'alice:%s' "$(<"$folder/third")" | base64 -w 0)" "$HOME/.docker/config.json"
}

hubs() {
  control "{\"code\":[\"bob\",\"$(<"$folder/code")\"]}" >/dev/null
  sign_in_made() { control "{\"next_signatures\":[$1],\"next_secret\":\"${2:-x}\"}" >/dev/null; }
  local session="\"$(<"$folder/session")\"" pending="\"$(<"$folder/pending")\""
  sign_in_made "$session" "$(<"$folder/hub-made")"
  leaves_none "hub create" --stdin "$folder/password" -- "$program" hub create hubbed --user alice --password-stdin
  check "$build: hub create: the vault has it" shows hubbed hub-made
  sign_in_made "$pending, $session"
  leaves_none "hub tokens by a second factor" --stdin "$folder/bob" -- "$program" hub tokens --user bob --password-stdin
  sign_in_made "$pending"
  fails "hub tokens by a wrong second factor" "refuses the sign-in" --stdin "$folder/bob-wrong" -- "$program" hub tokens --user bob --password-stdin
  sign_in_made "$session" "$(<"$folder/hub-rotated")"
  leaves_none "hub rotate" -- "$program" hub rotate hubbed --user alice --password-file "$folder/password"
  check "$build: hub rotate: the vault has it" shows hubbed hub-rotated
  sign_in_made "$session"
  leaves_none "hub tokens" --stdin "$folder/password" -- "$program" hub tokens --user alice --password-stdin
  fails "hub tokens by a wrong password" "refuses the sign-in" --stdin "$folder/wrong" -- "$program" hub tokens --user alice --password-stdin
  sign_in_made "$session"
  control '{"echo": true, "fail": [["GET", "/v2/access-tokens", 400, 1]]}' >/dev/null
  fails "hub tokens with an answer that repeats the sign-in" "injected" --stdin "$folder/password" -- "$program" hub tokens --user alice --password-stdin
  control '{"echo": false}' >/dev/null
  sign_in_made "$pending, $session"
  typing=(--hidden "Password of bob" $'pw-canary-of-bob\n' --hidden "Code of the second factor" "$(<"$folder/code")"$'\n')
  check "$build: hub tokens by a typed password and second factor: nothing is left" typed hub tokens --user bob
  ! keyctl describe @u >/dev/null 2>&1 || leaves_none "hub tokens by the sign-in that is kept" -- "$program" hub tokens --user bob
  leaves_none "lock" -- "$program" lock
  sign_in_made "$session"
  leaves_none "hub rm" --stdin "$folder/password" -- "$program" hub rm hubbed --yes --user alice --password-stdin
}

start_coding() {
  bg "$server" coding "$(python_with json)" "$servers/coding-double.py"
  wait_for "the stand-in for CODING" grep -q listening "$server/coding.log" || give_up "the stand-in for CODING starts" "$(<"$server/coding.log")"
  DOCKER_CREDENTIAL_PAT_CODING_URL=http://$(sed 's/.* on //' "$server/coding.log")
  export DOCKER_CREDENTIAL_PAT_CODING_URL
}
codings() {
  switch() { hub_url=$DOCKER_CREDENTIAL_PAT_CODING_URL control "$1" >/dev/null; }
  switch "{\"offer\":[\"ModifyProjectToken\",\"DescribeProjectToken\"],\"same_pat\":[\"pat-of-acme-0123456789abcdef0123456789ab\",\"$(<"$folder/pat")\"]}"
  leaves_none "add of a personal token" --stdin "$folder/pat" -- \
    "$program" add me --registry acme-docker.pkg.coding.net --user tester --kind pat --secret-stdin
  leaves_none "coding whoami" -- "$program" coding whoami --token me
  switch "{\"next_secret\":\"$(<"$folder/project")\"}"
  leaves_none "coding create" -- "$program" coding create shop --token me --project shop --scope artifact_rw --expires 90d
  check "$build: coding create: the vault has it" shows shop project
  leaves_none "coding tokens" -- "$program" coding tokens --project shop --token me
  leaves_none "coding show" -- "$program" coding show shop --token me
  leaves_none "coding show --reveal" -- "$program" coding show shop --token me --reveal
  leaves_none "coding edit" -- "$program" coding edit shop --token me --token-name "store-$build"
  check "$build: forget it here" pat rm shop --yes
  leaves_none "coding show --reveal of what CODING has" -- "$program" coding show "store-$build" --project shop --token me --reveal
  check "$build: another one" "$program" coding create shop --token me --project shop
  leaves_none "coding rm" -- "$program" coding rm shop --token me --yes
  fails "coding tokens by a wrong secret" "authorization invalid" --stdin "$folder/wrong" -- \
    "$program" coding tokens --project shop --team acme --secret-stdin
  leaves_none "rm of the personal token" -- "$program" rm me --yes
}

start_verify() {
  local tool
  for tool in docker-registry htpasswd; do
    type -P "$tool" >/dev/null || { skipped_part "verify" "$tool is not installed"; return; }
  done
  secret=([alice]=$(<"$folder/first"))
  all_users=(alice)
  start_registry htpasswd
}
verifies() {
  [[ ${host-} ]] || return 0
  leaves_none "add --verify" --stdin "$folder/first" -- "$program" add real --registry "$host" --user alice --secret-stdin --verify
  leaves_none "verify" -- "$program" verify real --repository acme/app
  fails "rotate --verify of a secret that is refused" "does not (accept|take)" --stdin "$folder/wrong" -- "$program" rotate real --secret-stdin --verify
  fails "add --verify of a secret that is refused" "does not (accept|take)" --stdin "$folder/wrong" -- \
    "$program" add refused --registry "$host" --user alice --secret-stdin --verify
  leaves_none "rm of a verified one" -- "$program" rm real --yes
}

keys() {
  local file=$folder/key-file-$build keeper
  leaves_none "key make" --end 65 "$file.made" --stdout "$file.made" -- "$program" key make
  leaves_none "key add file" --end 65 "$file" -- "$program" key add file "$file"
  for keeper in "passphrase --passphrase-file $folder/passphrase" "command $folder/give-key"; do
    # shellcheck disable=SC2086 # words
    leaves_none "key add ${keeper%% *}" -- "$program" key add $keeper
  done
  tr -d '\n' <"$file" | tail -c 64 >"$file-digits"
  needles+=(--secret "$file-digits")
  DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$folder/passphrase leaves_none "key renew" --end 32 "$key_file" -- "$program" key renew
  tail -c 32 "$key_file" >"$folder/renewed-$build"
  needle "renewed-$build"
  leaves_none "key remove" -- "$program" key remove command
}

backups() {
  local file=$GROUP_DIR/$build.backup other=$HOME/restored
  mkdir -m 700 "$other"
  leaves_none "backup" -- "$program" backup "$file" --passphrase-file "$folder/passphrase"
  fails "restore by a wrong passphrase" "passphrase" -- env "HOME=$other" "XDG_CONFIG_HOME=$other/.config" "XDG_DATA_HOME=$other/.local/share" \
    "$program" restore "$file" --passphrase-file "$folder/other-passphrase"
  head -c -20 "$file" >"$file.cut"
  fails "restore of a damaged backup" "damaged|cut|incomplete" -- env "HOME=$other" "XDG_CONFIG_HOME=$other/.config" "XDG_DATA_HOME=$other/.local/share" \
    "$program" restore "$file.cut" --passphrase-file "$folder/passphrase"
  in_home "$other" leaves_none "restore" -- "$program" restore "$file" --passphrase-file "$folder/passphrase"
  check "$build: it is restored" in_home "$other" shows ci first
}

without_rights() { # SCAN ARG...: permissions hold for root too
  local rights=()
  ((EUID)) || rights=(setpriv --bounding-set=-dac_override,-dac_read_search)
  limited "${rights[@]}" "${memscan[@]}" "${@:2}"
}
no_space() ( # as on a full disk, for every file
  trap '' XFSZ
  ulimit -f 0
  "$@"
)
troubles() {
  local data=$XDG_DATA_HOME/docker-credential-pat
  before=(no_space)
  fails "add to a full disk" "cannot" --stdin "$folder/third" -- "$program" add full --registry full.example --user alice --secret-stdin
  fails "rotate on a full disk" "cannot" --stdin "$folder/third" -- "$program" rotate ci --secret-stdin
  fails "backup to a full disk" "cannot" -- "$program" backup "$GROUP_DIR/full.backup" --passphrase-file "$folder/passphrase"
  chmod 500 "$data"
  before=(without_rights)
  fails "add to a folder that cannot be written" "ermission denied" --stdin "$folder/third" -- \
    "$program" add forbidden --registry forbidden.example --user alice --secret-stdin
  before=()
  chmod 700 "$data"

  # Only a passphrase opens the vault.
  export DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$folder/passphrase
  check "$build: only the passphrase is left" eval 'pat key remove file && pat key remove key-file'
  pat lock >/dev/null 2>&1
  export DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$folder/other-passphrase
  fails "show --reveal by a wrong passphrase" "passphrase" -- "$program" show ci --reveal
  DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$folder/passphrase leaves_none "unlock" -- "$program" unlock
  leaves_none "show --reveal while it is unlocked" -- "$program" show ci --reveal

  cp "$data/vault" "$data/vault.whole"
  "$python" -c 'import sys; path = sys.argv[1]; data = bytearray(open(path, "rb").read()); data[len(data) * 3 // 4] ^= 1; open(path, "wb").write(data)' "$data/vault"
  export DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$folder/passphrase
  fails "show --reveal of a damaged vault" "vault" -- "$program" show ci --reveal
  fails "add to a damaged vault" "vault" --stdin "$folder/third" -- "$program" add damaged --registry damaged.example --user alice --secret-stdin
  mv "$data/vault.whole" "$data/vault"
  unset DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE
  leaves_none "lock after it" -- "$program" lock
}

keyrings() {
  in_home "$HOME/keyring-$build" keyring_verbs
}
keyring_verbs() {
  local key=$folder/keyring-key-$build
  check "$build: a vault for the keyring" eval 'pat store <"$folder/first.json"'
  tail -c 32 "$XDG_CONFIG_HOME/docker-credential-pat/key" >"$key"
  needles+=(--secret "$key")
  leaves_none "key add keyring" -- "$program" key add keyring
  leaves_none "key remove key-file" -- "$program" key remove key-file
  pat lock >/dev/null 2>&1
  leaves_none "get by the keyring" --stdin "$folder/request" -- "$program" get
  leaves_none "key renew in the keyring" -- "$program" key renew
  leaves_none "unlock by the keyring" -- "$program" unlock
  "$servers/keyring.sh" lock "$keyring"
  pat lock >/dev/null 2>&1
  fails "get while the keyring is locked" "keyring" --stdin "$folder/request" -- "$program" get
  "$servers/keyring.sh" unlock "$keyring" >/dev/null
}

every_verb() {
  protocol
  life
  exports
  imports
  hubs
  codings
  verifies
  keys
  backups
  troubles
  [[ ! ${has_keyring-} ]] || keyrings
}

# other_build: puts a build with another C library first in PATH. OTHER_BIN names its folder; otherwise it is looked for
# beside the one under test, and must be newer than the source.
other_build() {
  local at version newer_source
  local places=("$BIN"/../../{debug,release} "$BIN"/../{debug,release} "$BIN"/../{,../}*-linux-musl/release)
  [[ -z ${OTHER_BIN-} ]] || places=("$OTHER_BIN")
  version=$("$program" version)
  for at in "${places[@]}"; do
    [[ -x $at/$program && $("$at/$program" version) != "$version" ]] || continue
    newer_source=$(find "$here/../../src" "$here/../../Cargo.lock" -type f -newer "$at/$program" -print -quit)
    [[ ${OTHER_BIN-} || -z $newer_source ]] || continue
    cp "$at/$program" "$builds/" && PATH=$builds:$PATH
    return
  done
  return 1
}

start_hub
start_coding
start_verify
has_keyring=
start_keyring && has_keyring=1
scan_build() {
  local home
  build=$("$program" version | grep -oE 'musl|gnu|linux' | tail -n 1)
  home=$HOME/$build
  mkdir -m 700 "$home"
  in_home "$home" every_verb
}
scan_build
if other_build; then
  scan_build
else
  skipped_part "a build with the other C library" "there is none that is up to date"
fi
