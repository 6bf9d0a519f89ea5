#!/usr/bin/env bash
# The memory of the program at exit: no secret is left, nor any eight consecutive bytes of one. No client is needed.
# Nothing is sampled: every offset of the large secrets and of the memory is checked.
source "$(dirname "$0")/lib.sh"
source "$here/memory-common.sh"

# Random letters, so that no part of a secret is in memory by chance; a known beginning, as of ghp_..., is in the program's tables.
"$python" - "$folder" <<'PYTHON'
import json, pathlib, secrets, sys
folder = pathlib.Path(sys.argv[1])

def letters(count):
    return secrets.token_urlsafe(count)[:count].replace("-", "x").replace("_", "y")

def awkward():
    return "".join(letters(2) + mark for mark in '"\\\n\t</&>\r\'"') + letters(1) + "é"

kinds = {"36 bytes": lambda: letters(36), "36 bytes to escape": awkward, "64 KiB": lambda: letters(1 << 16), "1 MiB": lambda: letters(1 << 20)}
for kind, make in kinds.items():
    for turn in ("old", "new"):
        secret = make()
        request = json.dumps({"ServerURL": "ghcr.example", "Username": "alice", "Secret": secret}, ensure_ascii=turn == "old")
        (folder / f"{kind} {turn}").write_bytes(secret.encode())
        (folder / f"{kind} {turn}.json").write_bytes(request.encode())
        (folder / f"{kind} {turn}.cut").write_bytes(request[:-1].encode())
(folder / "request").write_text("ghcr.example\n")
PYTHON
small=$folder/"36 bytes old" large=$folder/"1 MiB old" request=$folder/request

# The search itself: it finds the secrets that are there, also in this program, and nothing else.
holder='import os, sys; held = open(sys.argv[1], "rb").read(); os._exit(0)'
# A separator that no secret contains, so that no third match arises between the two by chance.
{ head -c 8 "$small"; printf '|'; tail -c 9 "$small"; } >"$folder/pieces"
with_it_around() { CANARY=$(<"$small") "$@"; }
ends "the search finds a secret" 1 'a whole copy \(as it is\)' scan --secret "$small" -- "$python" -c "$holder" "$small"
ends "the search finds a large secret" 1 'a whole copy \(as it is\)' scan --secret "$large" -- "$python" -c "$holder" "$large"
ends "the search finds pieces of a secret" 1 '3 of [0-9]+ pieces' scan --secret "$small" -- "$python" -c "$holder" "$folder/pieces"
for before in x xy xyz; do
  { printf %s "$before"; cat "$small"; } | base64 -w 0 | base64 -w 0 >"$folder/twice"
  ends "the search finds a secret that is twice in base64" 1 'of [0-9]+ pieces' scan --secret "$small" -- "$python" -c "$holder" "$folder/twice"
done
maker='import os, sys; held = os.urandom(36); open(sys.argv[1], "wb").write(held); os._exit(0)'
ends "the search finds a secret that the program makes" 1 'a whole copy \(as it is\)' scan --secret "$small" --end 36 "$folder/made" -- \
  "$python" -c "$maker" "$folder/made"
ends "the search finds a secret in this program" 1 'a whole copy \(as it is\)' with_it_around scan --secret "$small" -- "$program" version
check "the search finds nothing where nothing is" scan --secret "$small" --stdin "$small" -- "$python" -c "$holder" "$request"
ends "a program that fails proves nothing" 2 'exit code is 1' scan --secret "$small" -- false

gives() { cmp <(ask ghcr.example | jq -j .Secret) "$1"; }

for kind in "36 bytes" "36 bytes to escape" "64 KiB" "1 MiB"; do
  old=$folder/"$kind old" new=$folder/"$kind new"
  no_trace "$kind: store" --secret "$old" --stdin "$old.json" -- "$program" store
  no_trace "$kind: get" --secret "$old" --stdin "$request" -- "$program" get
  check "$kind: get gives it" gives "$old"
  no_trace "$kind: get that nobody takes" --secret "$old" --stdin "$request" --stdout /dev/full --code 1 -- "$program" get
  no_trace "$kind: list" --secret "$old" -- "$program" list
  no_trace "$kind: show --reveal" --secret "$old" -- "$program" show alice@ghcr.example --reveal
  no_trace "$kind: store of a request that is cut off" --secret "$new" --stdin "$new.cut" --code 1 -- "$program" store
  no_trace "$kind: store of another one" --secret "$old" --secret "$new" --stdin "$new.json" -- "$program" store
  check "$kind: get gives the other one" gives "$new"
  no_trace "$kind: store of the same one" --secret "$new" --stdin "$new.json" -- "$program" store
  no_trace "$kind: erase" --secret "$new" --stdin "$request" -- "$program" erase
  no_trace "$kind: add --secret-stdin" --secret "$old" --stdin "$old" -- "$program" add added --registry ghcr.example --user bob --secret-stdin
  check "$kind: get gives the added one" gives "$old"
  no_trace "$kind: add --secret-file" --secret "$new" -- "$program" add filed --registry filed.example --user bob --secret-file "$new"
  no_trace "$kind: rotate" --secret "$old" --secret "$new" --stdin "$new" -- "$program" rotate added --secret-stdin
  check "$kind: get gives the new one" gives "$new"
  no_trace "$kind: edit of the user name" --secret "$old" --secret "$new" -- "$program" edit added --user carol
  no_trace "$kind: a choice of two" --secret "$old" --secret "$new" -- "$program" use filed filed.example --push
  no_trace "$kind: explain" --secret "$old" --secret "$new" -- "$program" explain ghcr.example/acme/app
  no_trace "$kind: use" --secret "$old" --secret "$new" -- "$program" use filed
  no_trace "$kind: export as a manifest" --secret "$new" -- "$program" export filed --format kubernetes-secret
  no_trace "$kind: export as Docker's file" --secret "$new" -- "$program" export filed --format docker-config
  jq -Rs '{credsStore: "pat", auths: {"moved.example": {auth: ("alice:" + . | @base64)}}}' <"$old" >"$folder/config.json"
  no_trace "$kind: import" --secret "$old" -- "$program" import --file "$folder/config.json"
  no_trace "$kind: import --remove" --secret "$old" -- "$program" import --file "$folder/config.json" --remove
  check "$kind: it is taken out of the file" jq -e '.auths == {"moved.example": {}}' "$folder/config.json"
  check "$kind: rm of what was imported" "$program" rm alice@moved.example --yes
  no_trace "$kind: rm" --secret "$old" --secret "$new" -- "$program" rm added filed --yes
done

# A secret that is also the user name is kept out of the readable part of the vault, and so out of memory.
jq -R '{ServerURL: "ghcr.example", Username: ., Secret: .}' <"$small" >"$folder/both.json"
no_trace "user name and secret in one: store" --secret "$small" --stdin "$folder/both.json" -- "$program" store
no_trace "user name and secret in one: get" --secret "$small" --stdin "$request" -- "$program" get
no_trace "user name and secret in one: erase" --secret "$small" --stdin "$request" -- "$program" erase

no_trace_typed() {
  check "a typed secret: nothing is left" limited "$python" "$here/terminal.py" --hidden "Secret for" "$(<"$small")"$'\n' -- \
    "${memscan[@]}" --secret "$small" -- "$program" add typed --registry ghcr.example --user bob
}
no_trace_typed
check "a typed secret: get gives it" gives "$small"

# The vault's key, which opens all of them.
tail -c 32 "$XDG_CONFIG_HOME/docker-credential-pat/key" >"$folder/key"
no_trace "the vault's key: get" --secret "$folder/key" --stdin "$request" -- "$program" get
no_trace "the vault's key: store" --secret "$folder/key" --stdin "$small.json" -- "$program" store
no_trace "the vault's key: list" --secret "$folder/key" -- "$program" list
no_trace "the vault's key: show --reveal" --secret "$folder/key" -- "$program" show typed --reveal
no_trace "the vault's key: erase" --secret "$folder/key" --stdin "$request" -- "$program" erase

# Docker Hub's tokens: the password, the sign-in's token, and the secret that Docker Hub creates.
source "$here/hub-common.sh"
start_hub
letters_of() { "$python" -c 'import secrets, sys; print(secrets.token_hex(18), end="")' >"$folder/$1"; }
make_next() { letters_of "$1" && control "{\"next_secret\":\"$(<"$folder/$1")\"}" >/dev/null; }
printf '%s' "$password" >"$folder/password"
make_next made
no_trace "hub create by password" --secret "$folder/password" --secret "$folder/made" --stdin "$folder/password" -- \
  "$program" hub create hubbed --user alice --password-stdin
check "hub create by password: the vault has it" eval '[[ $(pat show hubbed --reveal) == "$(<"$folder/made")" ]]'
session=$(control '{"jwt":{"sub":"alice","via":"password"}}' | jq -r .jwt)
put https://index.docker.io/v1/access-token alice "$session"
printf '%s' "${session#*.}" >"$folder/session" # what is before the first dot is the same in every such token
make_next rotated
no_trace "hub rotate by a sign-in" --secret "$folder/session" --secret "$folder/made" --secret "$folder/rotated" -- "$program" hub rotate hubbed
no_trace "hub tokens" --secret "$folder/session" --secret "$folder/rotated" -- "$program" hub tokens
no_trace "hub rm" --secret "$folder/session" --secret "$folder/rotated" -- "$program" hub rm hubbed --yes

# --- Every holder of the vault's key: nothing is left of the secrets, of that key, or of the holder's own secret.
end_all() {
  local home
  for home in "$HOME"/by-*; do in_home "$home" pat lock >/dev/null 2>&1; done
  stop_all "$keyring"
  stop_servers
}
trap end_all EXIT

letters 24 >"$folder/passphrase"
letters 24 >"$folder/next passphrase"
pat key make >"$folder/spare"
tr -d '\n' <"$folder/spare" | tail -c 64 >"$folder/spare digits" # what is before them is no secret
"$python" -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(open(sys.argv[1]).read()))' "$folder/spare digits" >"$folder/spare bytes"
printf '#!/bin/sh\ncat "%s"\n' "$folder/spare" >"$folder/give-key"
chmod 700 "$folder/give-key"

# login_file SECRET: a config.json with it; its base64 is beside it, without the piece that hangs on the user name.
login_file() {
  jq -Rsc '{auths: {"moved.example": {auth: ("carol:" + .) | @base64}}}' <"$1" >"$folder/config.json"
  jq -j '.auths[].auth' "$folder/config.json" | tail -c +9 | head -c -4 >"$folder/auth"
}

# every_verb WHAT ARG...: each verb with the vault in HOME closed before it; ARG... are needles and the like for the scan.
every_verb() {
  local what=$1 kind old new
  shift
  one() { # VERB ARG... -- COMMAND
    pat lock >/dev/null 2>&1
    no_trace "$what: $kind: $1" "${needles[@]}" --secret "$old" --secret "$new" "${@:2}"
  }
  local needles=("$@")
  for kind in "36 bytes" "64 KiB"; do
    old=$folder/"$kind old" new=$folder/"$kind new"
    one "store" --stdin "$old.json" -- "$program" store
    one "get" --stdin "$request" -- "$program" get
    no_trace "$what: $kind: get while it is open" "${needles[@]}" --secret "$old" --stdin "$request" -- "$program" get
    check "$what: $kind: get gives it" gives "$old"
    one "get that nobody takes" --stdin "$request" --stdout /dev/full --code 1 -- "$program" get
    one "list" -- "$program" list
    one "show --reveal" -- "$program" show alice@ghcr.example --reveal
    login_file "$old"
    one "import" --secret "$folder/auth" -- "$program" import --file "$folder/config.json"
    rm -f "$folder/exported"
    one "export" --secret "$folder/auth" -- "$program" export --format docker-config --output "$folder/exported" carol@moved.example
    check "$what: $kind: export gives it" eval 'jq -e --slurpfile was "$folder/config.json" ".auths[].auth == \$was[0].auths[].auth" "$folder/exported"'
    one "add" --stdin "$new" -- "$program" add added --registry added.example --user bob --secret-stdin
    one "rotate" --stdin "$old" -- "$program" rotate added --secret-stdin
    one "key status" -- "$program" key status
    one "key renew" -- "$program" key renew
    check "$what: $kind: get gives it still" gives "$old"
    one "unlock" -- "$program" unlock
    one "lock" -- "$program" lock
    one "rm" -- "$program" rm added carol@moved.example --yes
    one "erase" --stdin "$request" -- "$program" erase
  done
}

# kept_by HOLDER ARG...: the home of a vault whose key only `key add ARG...` has; $folder/HOLDER key is the key.
kept_by() {
  local holder=$1 home=$HOME/by-$1
  shift
  mkdir -m 700 "$home"
  in_home "$home" put first.example alice s3cret-s3cret || return
  tail -c 32 "$home/.config/docker-credential-pat/key" >"$folder/$holder key"
  no_trace "$holder: key add" --secret "$folder/$holder key" "${needles[@]}" -- env HOME="$home" XDG_CONFIG_HOME="$home/.config" XDG_DATA_HOME="$home/.local/share" "$program" key add "$@"
  no_trace "$holder: key remove" --secret "$folder/$holder key" "${needles[@]}" -- env HOME="$home" XDG_CONFIG_HOME="$home/.config" XDG_DATA_HOME="$home/.local/share" "$program" key remove key-file
}

export DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file
needles=(--secret "$folder/spare digits" --secret "$folder/spare bytes")
kept_by command command "$folder/give-key"
in_home "$HOME/by-command" every_verb "key command" --secret "$folder/command key" "${needles[@]}"
kept_by file file "$folder/spare"
in_home "$HOME/by-file" every_verb "key file elsewhere" --secret "$folder/file key" "${needles[@]}"
no_trace "key make" "${needles[@]}" -- "$program" key make

needles=(--secret "$folder/passphrase")
export DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE=$folder/passphrase
kept_by passphrase passphrase --passphrase-file "$folder/passphrase"
in_home "$HOME/by-passphrase" every_verb "passphrase" --secret "$folder/passphrase key" "${needles[@]}"
unset DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE
typed_passphrase() {
  in_home "$HOME/by-passphrase" pat lock 2>/dev/null
  in_home "$HOME/by-passphrase" limited "$python" "$here/terminal.py" --hidden "Passphrase" "$(<"$folder/passphrase")"$'\n' -- \
    "${memscan[@]}" "${needles[@]}" -- "$program" unlock
}
check "passphrase: unlock by a typed one: nothing is left" typed_passphrase

keyring_part() {
  start_keyring || return
  needles=()
  kept_by keyring keyring
  in_home "$HOME/by-keyring" every_verb "OS keyring" --secret "$folder/keyring key"
}
keyring_part

# --- Over the network: nothing is left of a secret that went out, as it is or beside its user name in base64.
network_part() {
  local mode auth=$folder/basic
  { type -P docker-registry && type -P openssl && type -P htpasswd && python_with jwt cryptography; } >/dev/null ||
    { echo "skipped $GROUP: verify: docker-registry, openssl, htpasswd or Python's jwt is not installed"; echo skipped >>"$RESULTS"; return; }
  secret[alice]=$(<"$small")
  all_users=(alice)
  printf 'alice:%s' "${secret[alice]}" | base64 -w 0 | tail -c +9 | head -c -4 >"$auth" # without what hangs on the user name
  for mode in htpasswd token tls; do
    server=$GROUP_DIR/server/$mode
    mkdir -p "$server"
    unset TLS DOCKER_CREDENTIAL_PAT_CA_FILE
    if [[ $mode == tls ]]; then export TLS=1 DOCKER_CREDENTIAL_PAT_CA_FILE=$server/tls/ca.pem; fi
    start_registry "${mode/tls/token}"
    no_trace "$mode: add --verify" --secret "$small" --secret "$auth" --stdin "$small" -- "$program" add "$mode" --registry "$host" --user alice --secret-stdin --verify
    no_trace "$mode: verify" --secret "$small" --secret "$auth" -- "$program" verify "$mode" --repository acme/app
    stop_all "$server"
    no_trace "$mode: verify of one that is gone" --secret "$small" --secret "$auth" --code 1 -- "$program" verify "$mode"
  done
}
stop_servers() { local mode; for mode in htpasswd token tls .; do stop_all "$GROUP_DIR/server/$mode"; done; }
network_part
