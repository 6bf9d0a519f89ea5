#!/usr/bin/env bash
# The vault's key in a real keyring, behind a passphrase on a real terminal, and in the kernel's memory; asked by a real docker.
# shellcheck disable=SC2016 # what eval and sh -c get is expanded there
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
need docker-registry htpasswd dbus-daemon dbus-send gnome-keyring-daemon secret-tool keyctl
python=$(python_with fcntl termios) || skip "python3 is not installed"
keyring=$server/keyring
program=docker-credential-pat
data=$XDG_DATA_HOME/docker-credential-pat
key_file=$XDG_CONFIG_HOME/docker-credential-pat/key

# Items have the fingerprint of their key in their names; only those created here are ever removed.
clean_up() {
  local home
  for home in "$HOME" "$HOME"/part-*; do in_home "$home" pat lock >/dev/null 2>&1; done
  [[ ! -s $keyring/keyring.pid ]] || kill -CONT "$(<"$keyring/keyring.pid")" 2>/dev/null
  stop_all "$keyring"
  stop_servers
}
trap clean_up EXIT

in_home() {
  HOME=$1 XDG_CONFIG_HOME=$1/.config XDG_DATA_HOME=$1/.local/share XDG_STATE_HOME=$1/.local/state "${@:2}"
}
# in_part NAME CMD...: runs CMD with a vault of its own.
in_part() { in_home "$HOME/part-$1" "${@:2}"; }

on_bus() { XDG_RUNTIME_DIR=$keyring/run DBUS_SESSION_BUS_ADDRESS=unix:path=$keyring/run/bus "$@"; }
off_bus() (
  unset DBUS_SESSION_BUS_ADDRESS XDG_RUNTIME_DIR
  "$@"
)
at_nowhere() { DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere "$@"; }
no_wish() (
  unset DOCKER_CREDENTIAL_PAT_KEY_HOLDER
  "$@"
)
with_wish() { DOCKER_CREDENTIAL_PAT_KEY_HOLDER=$1 "${@:2}"; }
with_file() { DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$1 "${@:2}"; }
keyring() { "$servers/keyring.sh" "$1" "$keyring" >/dev/null; }
signal_keyring() { kill "-$1" "$(<"$keyring/keyring.pid")"; }
close() { pat lock >/dev/null 2>&1; }
cold() { close; "$@"; }
item() { pat key status 2>/dev/null | sed -nE 's/^keyring +item ([^ ]+) .*/\1/p'; }
holders() { pat key status | sed 1d | cut -d ' ' -f 1 | paste -sd ' '; }
# after MIN CMD...: checks that CMD takes at least MIN milliseconds, and less than 30 s.
after() {
  local least=$1 start took status
  shift
  start=$(date +%s%N)
  "$@"
  status=$?
  took=$((($(date +%s%N) - start) / 1000000))
  ((took >= least && took < 30000)) || { echo "took $took ms, not $least to 30000"; return 99; }
  return $status
}
# get_by CMD...: runs the program from something other than this shell.
get_by() { printf %s "$host" | limited "$@" "$program" get 2>/dev/null | jq -r .Secret; }
alice_given() { [[ $(given "$host") == "${secret[alice]}" ]]; }
# trouble WHAT ERROR HINT CMD...: get fails with its own error on stdout and a hint on stderr, and is not mistaken for "not found".
trouble() {
  local what=$1 error=$2 hint=$3 out code
  shift 3
  out=$("$@" ask "$host" 2>"$GROUP_DIR/stderr")
  code=$?
  if ((code != 1)) || [[ $(wc -l <<<"$out") != 1 ]] || ! grep -qE "^cannot open the vault .*: .*$error" <<<"$out"; then
    failed "$what" "exit $code: $out"
  elif ! grep -qE "hint: .*$hint" "$GROUP_DIR/stderr"; then
    failed "$what: the hint" "$(<"$GROUP_DIR/stderr")"
  else
    passed "$what"
  fi
}

keyring up || give_up "the keyring starts" "$(tail -n 20 "$keyring"/*.log)"
start_registry htpasswd

# --- A new vault while the keyring answers.
mkdir -p "$HOME/.docker"
echo '{"psFormat": "table"}' >"$config"
ends "install tells that the OS keyring has the key" 0 'the key of the vault is kept by the OS keyring' on_bus no_wish pat install
check "the vault is there, and no key file" eval '[[ -s $data/vault && ! -e $key_file ]]'
check "docker login" on_bus client_login alice "${secret[alice]}"
check "the keyring holds the key, 32 bytes" eval '(( $(on_bus secret-tool lookup service "$program" username "$(on_bus item)" | wc -c) == 32 ))'
check "docker uses the login" on_bus used_by alice client_use
check "docker uses it with a cold cache" cold on_bus used_by alice client_use
equal "one holder has the key" keyring on_bus holders
check "docker logout" on_bus client_logout
refused "after it the registry refuses" "$denied" on_bus client_use
check "docker login again" on_bus client_login alice "${secret[alice]}"
refused "a wish that is no holder is refused" 'neither key-file nor keyring' in_part wish with_wish stone put a.example bob two

# --- The kernel's memory.
has_cache() { keyctl search @u user "$(on_bus item)" >/dev/null 2>&1; }
check "get keeps the key in the kernel's memory" eval 'cold on_bus alice_given && has_cache'
has_cache && cached=yes || cached=
if [[ -n $cached ]]; then
  keyring kill
  check "a second get needs no keyring" off_bus alice_given
  check "nor does docker" off_bus used_by alice client_use
  for session in "keyctl session -" "setsid --wait" "env -i PATH=$PATH HOME=$HOME"; do
    # shellcheck disable=SC2086 # a command and its arguments
    equal "nor one by: ${session%% PATH*}" "${secret[alice]}" off_bus get_by $session
  done
  ends "lock takes it out" 0 'the OS keyring returns it without asking you' pat lock
  trouble "keyring killed: get says so once the vault is closed" 'no OS keyring answers on the session bus' 'start it, gnome-keyring-daemon' on_bus
  keyring unlock
  check "the keyring back, get works" on_bus alice_given
  ends "unlock --for 1s" 0 'open for 1s' cold on_bus pat unlock --for 1s
  check "open while it lasts" off_bus alice_given
  sleep 1.2
  trouble "and closed after that" 'there is no session bus here' 'unlock. in the desktop session' off_bus
  ends "unlock" 0 'open for 8h' on_bus pat unlock
  check "open without a bus" off_bus alice_given
  ends "status tells that it is open" 0 'open for a while' off_bus pat key status
  close
else
  echo "skipped $GROUP: the kernel's memory: keyctl is refused here"
  echo skipped >>"$RESULTS"
fi

# --- Each trouble has its own words, and its bound.
trouble "no session bus" 'the OS keyring cannot be reached: there is no session bus here' 'key add passphrase' off_bus
trouble "a bus that is gone" 'there is no session bus here' 'unlock' at_nowhere
keyring kill
trouble "a bus without a keyring" 'no OS keyring answers' 'start it' on_bus
keyring unlock
keyring lock
trouble "a locked keyring, and no desktop to unlock it on" 'the OS keyring is locked, and there is no desktop' 'unlock it on the desktop' on_bus
refused "store tells the same" 'the OS keyring is locked' on_bus put b.example bob two
equal "ls needs no key" "alice@$host" eval 'on_bus pat ls --json | jq -r ".tokens[].name"'
equal "nor does list" "{\"$host\":\"alice\"}" off_bus pat list
keyring unlock
check "unlocked, it works" cold on_bus alice_given
close
signal_keyring STOP
trouble "a keyring that does not answer" 'the OS keyring gave no answer within 3 s' 'unlock. waits longer' after 2900 on_bus
signal_keyring CONT
check "when it goes on, it works" cold on_bus alice_given
close
signal_keyring STOP
(sleep 1; keyring kill) &
trouble "a keyring that dies while it is asked" 'the connection to the OS keyring broke|no OS keyring answers' 'start it' after 900 on_bus
wait $!
keyring unlock
on_bus secret-tool lookup service "$program" username "$(on_bus item)" >"$server/key"
name=$(on_bus item)
on_bus secret-tool clear service "$program" username "$name"
close
trouble "an item that was deleted" 'the OS keyring does not have the key of this vault' 'put the item back' on_bus
ends "status tells, too" 0 '^keyring .* does not have the key' on_bus pat key status
store_item() { on_bus secret-tool store --label "$program" service "$program" username "$name" target default <"$server/key"; }
check "put back, get works" eval 'store_item && cold on_bus alice_given'

# --- Fifty at once, with nothing kept.
fifty() {
  local number right=0
  local pids=()
  for number in {1..50}; do
    "$@" ask "$host" >"$GROUP_DIR/get-$number" 2>"$GROUP_DIR/get-$number.err" &
    pids+=($!)
  done
  wait "${pids[@]}"
  for number in {1..50}; do
    if [[ $(jq -r .Secret "$GROUP_DIR/get-$number") == "${secret[alice]}" ]]; then ((right += 1)); else cat "$GROUP_DIR/get-$number"; fi
  done
  ((right == 50))
}
check "fifty at once with a cold cache" cold fifty on_bus
fifty_in_a_pause() {
  signal_keyring STOP
  (sleep 1.5; signal_keyring CONT) &
  fifty on_bus
}
check "fifty at once while the keyring pauses for 1.5 s" cold fifty_in_a_pause

# --- A keyring too slow for a new vault, and one that is not asked.
signal_keyring STOP
check "a new vault where the keyring is slow" after 900 in_part slow on_bus no_wish put "$host" alice "${secret[alice]}"
signal_keyring CONT
equal "its key is in the key file" key-file in_part slow on_bus holders
check "and opens it" in_part slow on_bus alice_given
ends "a wish for the keyring where there is none is refused" 1 'there is no session bus here' in_part wish off_bus with_wish keyring put "$host" alice x
check "and no vault is made" eval '[[ ! -e $HOME/part-wish/.local/share/docker-credential-pat/vault ]]'
check "a wish for the key file" in_part wish on_bus with_wish key-file put "$host" alice x
equal "is heard" key-file in_part wish on_bus holders

# --- One vault in a desktop session and an ssh-like one.
echo "correct horse" >"$server/passphrase"
check "on the desktop: a passphrase for the other sessions" on_bus pat key add passphrase --passphrase-file "$server/passphrase"
close
trouble "without a desktop, and nobody to ask" 'its passphrase is needed' 'unlock. in a terminal' off_bus
check "without a desktop: by the passphrase" off_bus with_file "$server/passphrase" alice_given
close
check "on the desktop: by the keyring" on_bus alice_given
close
check "the key is renewed in both" on_bus with_file "$server/passphrase" pat key renew
check "the old item is gone" eval '[[ -z $(on_bus secret-tool lookup service "$program" username "$name" | base64) ]]'
check "on the desktop it opens" cold on_bus alice_given
check "without a desktop it opens" cold off_bus with_file "$server/passphrase" alice_given
close
ends "the keyring is not there to lose its key, and that is told" 1 'the vault has changed, but the OS keyring still has the key' \
  off_bus with_file "$server/passphrase" pat key remove keyring
equal "the passphrase is left" passphrase off_bus holders
close
check "the keyring is given the key again" on_bus with_file "$server/passphrase" pat key add keyring
close
check "and opens the vault" cold on_bus alice_given
last=$(on_bus item)
check "it loses the key" on_bus with_file "$server/passphrase" pat key remove keyring
check "no item is left for it" eval '[[ -z $(on_bus secret-tool lookup service "$program" username "$last" | base64) ]]'
close

# --- Typed on a terminal. The same vault: its passphrase alone opens it now.
at_terminal() { limited "$python" "$here/terminal.py" "$@"; }
question="Passphrase of the vault"
get_typing() { at_terminal "$@" -- sh -c 'printf %s "$1" | docker-credential-pat get | jq -r .Secret; exit "${PIPESTATUS:-0}"' sh "$host"; }
typed() {
  local out
  out=$(off_bus get_typing "$@" | tr -d '\r')
  echo "$out"
  grep -qxF -- "${secret[alice]}" <<<"$out" && ! grep -q "correct" <<<"$out"
}
check "get asks for the passphrase, which does not show" typed --hidden "$question" $'correct horse\n'
check "and asks no second time" off_bus alice_given
close
ends "it tells for how long the vault is open" 0 'open for 8 hours \(docker-credential-pat lock closes it' off_bus get_typing --hidden "$question" $'correct horse\n'
close
check "wrong twice, then right" typed --hidden "$question" $'x\n' --hidden "try again" $'y\n' --hidden "try again" $'correct horse\n'
close
get_by_hand() { off_bus at_terminal "$@" -- sh -c 'printf %s "$1" | docker-credential-pat get' sh "$host"; }
ends "wrong three times" 1 "that is not the vault's passphrase" \
  get_by_hand --hidden "$question" $'x\n' --hidden "try again" $'y\n' --hidden "try again" $'z\n'
ends "Ctrl-C, and the terminal echoes again" 1 'interrupted' get_by_hand --hidden "$question" "corr$(printf '\003')"
ends "Ctrl-D" 1 'nothing was typed' get_by_hand --hidden "$question" "$(printf '\004')"
trouble "none of these opened it" 'its passphrase is needed' 'unlock' off_bus
ends "unlock asks" 0 'open for 1h' off_bus at_terminal --hidden "$question" $'correct horse\n' -- "$program" unlock --for 1h
ends "lock closes it" 0 'the vault is closed' pat lock
let_in alice
ends "docker login on a terminal asks for it" 0 'Login Succeeded' off_bus at_terminal --hidden "$question" $'correct horse\n' -- \
  sh -c 'printf %s "$2" | docker login -u alice --password-stdin "$1"' sh "$host" "${secret[alice]}"
let_in "${all_users[@]}"
ends "docker asks nothing while it is open" 0 'schemaVersion' off_bus at_terminal -- docker manifest inspect --insecure "$host/acme/app:1"
close
ends "a new passphrase is asked for twice" 0 'the passphrase opens the vault now' off_bus at_terminal \
  --hidden "New passphrase" $'battery\n' --hidden "again" $'battery\n' --hidden "$question" $'correct horse\n' -- "$program" key add passphrase
close
ends "two that differ change nothing" 1 'not the same' off_bus at_terminal \
  --hidden "New passphrase" $'one\n' --hidden "again" $'two\n' -- "$program" key add passphrase
check "the new one opens the vault" typed --hidden "$question" $'battery\n'
close

# --- Where the kernel keeps nothing for anybody, as in most containers.
echo battery >"$server/passphrase"
if "$python" "$here/no-keyctl.py" true 2>/dev/null; then
  equal "without keyctl: get" "${secret[alice]}" off_bus with_file "$server/passphrase" get_by "$python" "$here/no-keyctl.py"
  trouble "without keyctl: nothing is kept" 'its passphrase is needed' 'unlock' off_bus
  ends "without keyctl: unlock says so" 1 'does not keep keys in its memory' \
    off_bus with_file "$server/passphrase" "$python" "$here/no-keyctl.py" "$program" unlock
  ends "without keyctl: lock" 0 'closed already' off_bus "$python" "$here/no-keyctl.py" "$program" lock
  check "without keyctl: the OS keyring takes and gives the key" eval 'on_bus with_file "$server/passphrase" pat key add keyring && close'
  equal "without keyctl: get by it" "${secret[alice]}" on_bus get_by "$python" "$here/no-keyctl.py"
else
  echo "skipped $GROUP: without keyctl: no filter can be set here"
  echo skipped >>"$RESULTS"
fi
check "no secret in any file" no_secret_in_files
check "docker logout at the end" on_bus client_logout
