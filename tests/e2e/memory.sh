#!/usr/bin/env bash
# What the program leaves in its memory at exit: no secret, and no eight bytes in a row of one. No client is needed.
# Nothing is sampled: every offset of the large secrets and of the memory is looked at.
source "$(dirname "$0")/lib.sh"
python=$(python_with ctypes fcntl termios) || skip "python3 is not installed"
program=docker-credential-pat
folder=$GROUP_DIR/secrets # outside the home: a file for each, as it is and as the request to store it
mkdir "$folder"

# The program keeps its memory from its own user, but not from root.
as_tracer=()
((EUID == 0)) || as_tracer=(unshare --user --map-root-user)
"${as_tracer[@]}" true 2>/dev/null || skip "a user namespace to trace in is not permitted"
memscan=("${as_tracer[@]}" "$python" "$here/../memory/memscan.py")
scan() { limited "${memscan[@]}" "$@"; }

# Random letters, so that no piece of a secret is in memory by chance; a known beginning, as of ghp_..., is in the program's tables.
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

probe=$(scan --secret "$small" -- "$program" version 2>&1)
(($? != 3)) || skip "tracing is not permitted: $probe"

# The search itself: it finds what is there, in this program too, and nothing else.
holder='import os, sys; held = open(sys.argv[1], "rb").read(); os._exit(0)'
# A mark between them that no secret has, lest by chance a third piece arise there.
{ head -c 8 "$small"; printf '|'; tail -c 9 "$small"; } >"$folder/pieces"
with_it_around() { CANARY=$(<"$small") "$@"; }
ends "the search finds a secret" 1 'a whole copy \(as it is\)' scan --secret "$small" -- "$python" -c "$holder" "$small"
ends "the search finds a large secret" 1 'a whole copy \(as it is\)' scan --secret "$large" -- "$python" -c "$holder" "$large"
ends "the search finds pieces of a secret" 1 '3 of 29 pieces' scan --secret "$small" -- "$python" -c "$holder" "$folder/pieces"
ends "the search finds a secret in this program" 1 'a whole copy \(as it is\)' with_it_around scan --secret "$small" -- "$program" version
check "the search finds nothing where nothing is" scan --secret "$small" --stdin "$small" -- "$python" -c "$holder" "$request"
ends "a program that fails proves nothing" 2 'exit code is 1' scan --secret "$small" -- false

# no_trace WHAT ARG...: the program with the arguments after -- leaves nothing of the secrets.
no_trace() { check "$1: nothing is left" scan "${@:2}"; }
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
  check "$kind: rm of what was imported" "$program" rm alice@moved.example
  no_trace "$kind: rm" --secret "$old" --secret "$new" -- "$program" rm added filed
done

# A secret that is the user name too is kept out of the open part of the vault, and so out of memory.
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
