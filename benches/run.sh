#!/usr/bin/env bash
# Measures the speed of the helper: whole processes, in turns with an empty program, with the minimum work of a `get`
# (benches/floor.rs) and with Debian's helpers.
#   benches/run.sh           all of it, about a minute after the build
#   benches/run.sh --quick   fewer rounds, without the slow peers
#   BIN=path benches/run.sh  measures this binary instead of building one
# Speed is never a test: a missed target is reported, and the exit code stays 0.
# To measure Debian's helpers too: apt-get install golang-docker-credential-helpers pass gnupg gnome-keyring dbus-daemon dbus-bin time
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."

TARGET=x86_64-unknown-linux-musl
SIZES=(1 100 1000 10000)
ROUNDS=300 WARM_UP=3 PEERS_EVERY=10 SLOWEST_EVERY=30 AT_ONCE_EVERY=5 HOLDERS_EVERY=3 peers=yes
case ${1-} in
'') ;;
--quick) ROUNDS=40 WARM_UP=2 peers=no ;;
*) sed -n 2,6p benches/run.sh; exit 2 ;;
esac
# Nothing in the caller's session may answer in place of the programs that are set up here.
unset DISPLAY WAYLAND_DISPLAY DBUS_SESSION_BUS_ADDRESS GNUPGHOME GPG_TTY PASSWORD_STORE_DIR "${!DOCKER_CREDENTIAL_PAT_@}"

work=$(mktemp -d)
started=()
closed=()
clean_up() {
  local home
  for home in "${closed[@]}"; do in_home "$home" "$BIN" lock 2>/dev/null || true; done
  [[ ! -d $work/gnupg ]] || gpgconf --homedir "$work/gnupg" --kill gpg-agent 2>/dev/null || true
  ((${#started[@]} == 0)) || { kill "${started[@]}"; wait "${started[@]}"; } 2>/dev/null || true
  [[ ! -d $work/server ]] || tests/servers/registry.sh stop "$work/server"
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
say() { printf '%s\n' "$*" >&2; }

# --- what is measured -------------------------------------------------------------------------------------------
build() {
  local release=(--target "$TARGET" -C opt-level=3 -C lto=fat -C codegen-units=1 -C relocation-model=static
    -C target-feature=+crt-static -C strip=symbols)
  rustc --edition 2024 "${release[@]}" -o "$work/empty" benches/empty.rs
  rustc --edition 2024 "${release[@]}" -o "$work/floor" benches/floor.rs
  rustc --edition 2024 -O -o "$work/rounds" benches/rounds.rs
  if [[ -z ${BIN-} ]]; then
    cargo build --release --locked --target "$TARGET"
    BIN=${CARGO_TARGET_DIR:-target}/$TARGET/release/docker-credential-pat
    cargo build --profile small --no-default-features --locked --target "$TARGET"
    small=$(stat -c %s "${CARGO_TARGET_DIR:-target}/$TARGET/small/docker-credential-pat")
    # In a folder of its own: the build above is the one to measure.
    local folder=${CARGO_TARGET_DIR:-target}/offline
    cargo build --release --no-default-features --features extras,keyring --locked --target "$TARGET" --target-dir "$folder"
    offline=$(stat -c %s "$folder/$TARGET/release/docker-credential-pat")
  fi
  # A copy, as it is installed, read from the disk anew where that is allowed: the pages that a linker has just written
  # cost each process more of its time than those of a file that was read.
  cp "$BIN" "$work/docker-credential-pat"
  BIN=$work/docker-credential-pat
  sync -f "$work"
  { echo 1 >/proc/sys/vm/drop_caches; } 2>/dev/null || notes+=("the page cache could not be emptied first")
}

# --- homes: folders of their own, and a file `env` that says so -------------------------------------------------
new_home() { # NAME [KEY=VALUE…]
  local home=$work/$1
  shift
  mkdir -p "$home"/{config,data,state,run}
  chmod 700 "$home" "$home/run"
  printf '%s\n' "HOME=$home" "XDG_CONFIG_HOME=$home/config" "XDG_DATA_HOME=$home/data" "XDG_STATE_HOME=$home/state" \
    "XDG_RUNTIME_DIR=$home/run" "$@" >"$home/env"
}
enter() { while IFS= read -r variable; do export "${variable?}"; done <"$work/$1/env"; }
in_home() ( # NAME COMMAND…
  enter "$1"
  shift
  "$@"
)

registry() { printf 'registry-%04d.example.com' "$1"; }
question() { # NUMBER ROUND: what `docker login` sends, with a secret of its own for each registry and round
  printf '{"ServerURL":"%s","Username":"user-%04d","Secret":"secret-of-the-bench-%04d-%s"}\n' "$(registry "$1")" "$1" "$1" "$2"
}
fill() { # COUNT HELPER: one `store` a token; gives up after a minute
  local number end=$((SECONDS + 60))
  for ((number = 1; number <= $1; number++)); do
    ((SECONDS < end)) || return 1
    question "$number" new | "$2" store || { say "$2 cannot store token $number"; return 1; }
  done
}

fill_at_once() { # COUNT HOME: the same, by one import
  jq -n --argjson count "$1" '
    def padded: tostring | if length < 4 then "0" * (4 - length) + . else . end;
    {auths: [range(1; $count + 1) | padded | {
      key: "registry-\(.).example.com",
      value: {auth: ("user-\(.):secret-of-the-bench-\(.)-new" | @base64)}
    }] | from_entries}' >"$work/$2/logins.json"
  in_home "$2" "$BIN" import --file "$work/$2/logins.json" >"$work/$2/imported" 2>&1
}

# --- the list of commands ---------------------------------------------------------------------------------------
before='' # what is run before a command, and not measured
floor=''  # the command that it is compared with, besides the empty program
add() { # NAME EVERY AT_ONCE STDIN HOME PROGRAM [ARGUMENT]
  local IFS=$'\t'
  printf '%s\n' "$1"$'\t'"$floor"$'\t'"$2"$'\t'"$3"$'\t'"$work/ask/$4"$'\t'"$work/$5/env"$'\t'"$before"$'\t'"${*:6}" >>"$work/spec"
}
ask() { # COUNT: the questions for a vault of this size: about the token in its middle, and a login for the last one
  registry "$((($1 + 1) / 2))" >"$work/ask/get-$1"
  question "$1" @ROUND@ >"$work/ask/store-$1"
  printf unused >"$work/ask/list-$1"
}
add_verbs() { # LABEL EVERY COUNT HOME HELPER; first makes sure that the helper gives the right answers
  local verb middle=$((($3 + 1) / 2)) answer
  answer=$(in_home "$4" "$5" get <"$work/ask/get-$3") || true
  [[ $answer == *"\"secret-of-the-bench-$(printf %04d "$middle")-new\""* ]] || { say "$1: wrong get: $answer"; exit 1; }
  answer=$(in_home "$4" "$5" list <"$work/ask/list-$3" | grep -o '"user-[0-9]*"' | sort -u | wc -l) || true
  ((answer == $3)) || { say "$1: list has $answer of $3"; exit 1; }
  for verb in get list store; do add "$1 $verb, $3" "$2" 1 "$verb-$3" "$4" "$5" "$verb"; done
}

ours() {
  local size
  for size in "${SIZES[@]}"; do
    say "preparing $size"
    new_home "pat-$size"
    if ((size < 1000)); then in_home "pat-$size" fill "$size" "$BIN"; else fill_at_once "$size" "pat-$size"; fi
    # The program that does the least needs the folder of the log.
    mkdir -p "$work/pat-$size/state/docker-credential-pat"
    add "floor get, $size" 1 1 "get-$size" "pat-$size" "$work/floor"
    floor="floor get, $size"
    add_verbs pat 1 "$size" "pat-$size" "$BIN"
    floor=''
  done
  # The same without a line in the log.
  new_home pat-unnoted DOCKER_CREDENTIAL_PAT_USAGE=off
  in_home pat-unnoted fill 1 "$BIN"
  add "pat get, 1, log off" 1 1 get-1 pat-unnoted "$BIN" get
  # A token to pull and one to push: the client's command line decides which one answers.
  say "preparing a choice"
  new_home pat-two
  for right in read write; do
    printf 'secret-of-the-bench-0001-%s' "$right" | in_home pat-two "$BIN" add "$right" --registry "$(registry 1)" \
      --user user-0001 --permission "$right" --secret-stdin 2>/dev/null
  done
  add "pat get, 1 of 2 by the command line" 1 1 get-1 pat-two "$BIN" get
  add "50 × empty at once" 1 50 list-1 plain "$work/empty"
  for size in 1 1000 10000; do add "50 × pat get at once, $size" "$AT_ONCE_EVERY" 50 "get-$size" "pat-$size" "$BIN" get; done
}

# --- Debian's helpers -------------------------------------------------------------------------------------------
missing() { local program; for program; do type -P "$program" >/dev/null || printf '%s ' "$program"; done; }

pass_home() { # NAME; a throw-away key without a passphrase, one for all homes
  new_home "$1" "GNUPGHOME=$work/gnupg" "PASSWORD_STORE_DIR=$work/$1/store"
  if [[ ! -d $work/gnupg ]]; then
    mkdir -m 700 "$work/gnupg"
    # Without it some of 50 gets at once fail ("No secret key"): the agent runs out of locked memory.
    echo auto-expand-secmem >"$work/gnupg/gpg-agent.conf"
    in_home "$1" gpg --batch --quiet --passphrase '' --quick-generate-key bench@example.com default default never
  fi
  in_home "$1" pass init bench@example.com >/dev/null
}

wait_for() { # COMMAND…: ten seconds at most
  local try
  for ((try = 0; try < 100; try++)); do
    ! "$@" >/dev/null 2>&1 || return 0
    sleep 0.1
  done
  say "no answer: $*"
  return 1
}
secretservice_home() { keyring_home "$1" docker-credential-secretservice; }
keyring_home() { # NAME HELPER, whose list answers from then on; a session bus that can start nothing by itself, and an unlocked keyring on it
  local home=$work/$1
  new_home "$1" "DBUS_SESSION_BUS_ADDRESS=unix:path=$home/run/bus"
  cat >"$home/bus.conf" <<BUS
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=$home/run/bus</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
BUS
  dbus-daemon --config-file="$home/bus.conf" --nofork --nopidfile 2>"$home/bus.log" &
  started+=($!)
  wait_for test -S "$home/run/bus"
  # exec: so that the recorded process id is the daemon's
  printf bench >"$home/password"
  (enter "$1" && exec gnome-keyring-daemon --foreground --unlock --components=secrets) \
    <"$home/password" >"$home/keyring.log" 2>&1 &
  started+=($!)
  wait_for in_home "$1" "$2" list </dev/null
  wait_for in_home "$1" dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
    org.freedesktop.DBus.Peer.Ping
}

# One keyring, two vaults: one is closed before each round, the other stays open.
key_holders() {
  local lacks home bus
  lacks=$(missing dbus-daemon dbus-send gnome-keyring-daemon)
  [[ -z $lacks ]] || { notes+=("the OS keyring as key holder: skipped, not installed here: $lacks"); return 0; }
  say "preparing the key holders"
  bus=unix:path=$work/keyring/run/bus
  keyring_home keyring "$BIN"
  for home in pat-cold pat-kept; do
    new_home "$home" "DBUS_SESSION_BUS_ADDRESS=$bus" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=keyring
    in_home "$home" fill 1 "$BIN"
    holds_key "$home" keyring
  done
  echo "passphrase of the bench" >"$work/passphrase"
  new_home pat-passphrase "DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$work/passphrase"
  in_home pat-passphrase fill 1 "$BIN"
  in_home pat-passphrase "$BIN" key add passphrase --passphrase-file "$work/passphrase" 2>/dev/null
  in_home pat-passphrase "$BIN" key remove key-file 2>/dev/null
  holds_key pat-passphrase passphrase
  closed=(pat-cold pat-kept pat-passphrase)
  before="$BIN lock"
  add "pat get, 1, keyring asked" "$HOLDERS_EVERY" 1 get-1 pat-cold "$BIN" get
  add "50 × pat get at once, keyring asked" "$SLOWEST_EVERY" 50 get-1 pat-cold "$BIN" get
  before=''
  if in_home pat-kept "$BIN" unlock 2>/dev/null && in_home pat-passphrase "$BIN" unlock 2>/dev/null; then
    add "pat get, 1, keyring's key kept" 1 1 get-1 pat-kept "$BIN" get
    add "pat get, 1, passphrase's key kept" 1 1 get-1 pat-passphrase "$BIN" get
  else
    notes+=("keys that the kernel keeps: skipped, keyctl is refused here")
  fi
}
holds_key() { # HOME HOLDER: makes sure that this holder, and no other, has the key
  local holders
  holders=$(in_home "$1" "$BIN" key status | sed 1d | cut -d ' ' -f 1)
  [[ $holders == "$2" ]] || { say "$1: the key is with: $holders"; exit 1; }
}

# verify asks a registry on this machine over TLS, with its own certificate authority.
registry_over_tls() {
  local lacks server=$work/server
  lacks=$(missing docker-registry openssl htpasswd jq python3)
  [[ -z $lacks ]] || { notes+=("verify: skipped, not installed here: $lacks"); return 0; }
  say "preparing a registry over TLS"
  mkdir "$server"
  echo '[{"user": "user-0001", "secret": "secret-of-the-bench-0001-new", "actions": ["pull"]}]' >"$server/accounts.json"
  TLS=1 tests/servers/registry.sh htpasswd "$server" || { notes+=("verify: skipped, the registry does not start"); return 0; }
  new_home pat-verify "DOCKER_CREDENTIAL_PAT_CA_FILE=$server/tls/ca.pem"
  printf secret-of-the-bench-0001-new | in_home pat-verify "$BIN" add token --registry "$(<"$server/host")" --user user-0001 --secret-stdin 2>/dev/null
  in_home pat-verify "$BIN" verify token >/dev/null || { say "verify does not accept the token"; exit 1; }
  add "pat verify, TLS on this machine" "$PEERS_EVERY" 1 list-1 pat-verify "$BIN" verify token
}

peer() { # NAME PROGRAM…: what has to be there
  local name=$1 size lacks home
  shift
  lacks=$(missing "docker-credential-$name" "$@")
  [[ -z $lacks ]] || { notes+=("$name: skipped, not installed here: $lacks"); return 0; }
  notes+=("docker-credential-$name $("docker-credential-$name" version)")
  for size in 1 100; do
    say "preparing $name, $size"
    home=$name-$size
    "${name}_home" "$home"
    if in_home "$home" fill "$size" "docker-credential-$name"; then
      add_verbs "$name" "$PEERS_EVERY" "$size" "$home" "$(type -P "docker-credential-$name")"
    else
      notes+=("$name, $size: skipped, not prepared within a minute")
    fi
  done
  add "50 × $name get at once, 1" "$SLOWEST_EVERY" 50 get-1 "$name-1" "$(type -P "docker-credential-$name")" get
}

# --- what is not time -------------------------------------------------------------------------------------------
peak() { # STDIN HOME PROGRAM…: the highest of five, in KiB
  local try stdin=$work/ask/$1 home=$2
  shift 2
  for try in 1 2 3 4 5; do
    sed "s/@ROUND@/peak-$try/" "$stdin" >"$work/stdin"
    in_home "$home" "$(type -P time)" -o "$work/peaks" -a -f %M "$@" <"$work/stdin" >/dev/null
  done
  sort -n "$work/peaks" | tail -1
  rm "$work/peaks"
}
peaks() {
  local verb size kib
  highest=''
  type -P time >/dev/null || { notes+=("peak memory: skipped, GNU time is not installed"); return 0; }
  printf '\n| peak memory, KiB | %s|\n|---|%s\n' "$(printf '%s tokens | ' "${SIZES[@]}")" "$(printf -- '--:|%.0s' "${SIZES[@]}")"
  printf '| empty (the floor) | %s |\n' "$(peak list-1 plain "$work/empty")"
  for verb in get list store; do
    printf '| pat %s ' "$verb"
    for size in "${SIZES[@]}"; do
      kib=$(peak "$verb-$size" "pat-$size" "$BIN" "$verb")
      printf '| %s ' "$kib"
      ((size != 1000 || kib <= ${highest:-0})) || highest=$kib
    done
    echo '|'
  done
}
sizes() {
  bytes=$(stat -c %s "$BIN")
  printf '\n| size | |\n|---|--:|\n| binary, bytes | %s |\n' "$bytes"
  [[ -z ${offline-} ]] || printf '| without online and scan, bytes | %s |\n' "$offline"
  [[ -z ${small-} ]] || printf '| the small one without the OS keyring, bytes | %s |\n' "$small"
  # cargo marks a crate it shows a second time with (*)
  printf '| crates it is built from | %s |\n' \
    $(($(cargo tree --locked --target "$TARGET" -e normal --prefix none | sed 's/ (\*)$//' | sort -u | wc -l) - 1))
}

cell() { awk -F ' *[|] *' -v name="$1" -v column="$2" '$2 == name { print $column }' "$work/table"; }
target() { # WHAT VALUE LIMIT UNIT
  [[ -n $2 ]] || { echo "- not measured: $1"; return 0; }
  awk -v what="$1" -v value="$2" -v limit="$3" -v unit="$4" 'BEGIN {
    printf "- %s: %s: %s %s (at most %s)\n", value + 0 <= limit + 0 ? "reached" : "MISSED", what, value, unit, limit }'
}

notes=()
build
mkdir "$work/ask"
for size in "${SIZES[@]}"; do ask "$size"; done
new_home plain
add "empty" 1 1 list-1 plain "$work/empty"
ours
key_holders
registry_over_tls
if [[ $peers == yes ]]; then
  peer pass pass gpg
  peer secretservice dbus-daemon dbus-send gnome-keyring-daemon
else
  notes+=("pass, secretservice: skipped with --quick")
fi

say "measuring, $ROUNDS rounds"
# To the helpers, their parent looks like a docker that pulls.
(export SPEC=$work/spec ROUNDS WARM_UP && exec -a docker "$work/rounds" pull "$(registry 1)/acme/app:1") >"$work/table"
cat "$work/table"
peaks
sizes
echo
printf -- '- %s\n' "${notes[@]}" "vaults on $(df --output=fstype "$work" | tail -1), $(nproc) processors"
target "get, 1 token" "$(cell 'pat get, 1' 7)" 1.15 "times the floor"
target "get, 1 of 2 tokens by the command line" "$(cell 'pat get, 1 of 2 by the command line' 6)" 1.8 "times the empty program"
target "get, 1000 tokens" "$(cell 'pat get, 1000' 7)" 0.9 "times the floor"
target "get, 10000 tokens" "$(cell 'pat get, 10000' 7)" 0.4 "times the floor"
ratio() { awk -v one="$(cell "$1" 3)" -v other="$(cell "$2" 3)" 'BEGIN { if (one && other) printf "%.2f", one / other }'; }
target "get, keyring asked" "$(ratio 'pat get, 1, keyring asked' 'secretservice get, 1')" 0.6 "times docker-credential-secretservice"
target "get, keyring's key kept" "$(ratio "pat get, 1, keyring's key kept" 'pat get, 1')" 1.2 "times the key file"
target "get, passphrase's key kept" "$(ratio "pat get, 1, passphrase's key kept" 'pat get, 1')" 1.2 "times the key file"
target "list, 1000 tokens" "$(cell 'pat list, 1000' 8)" 3 "ms of its own"
target "peak memory, 1000 tokens" "$highest" 4096 KiB
difference() { awk -v one="$(cell "$1" 6)" -v other="$(cell "$2" 6)" 'BEGIN { if (one && other) printf "%.2f", one - other }'; }
target "the log's part of a get" "$(difference 'pat get, 1' 'pat get, 1, log off')" 0.1 "times the empty program"
[[ -z ${small-} ]] || target "the small binary without the OS keyring" "$small" 2097152 bytes
