#!/usr/bin/env bash
# A real docker-registry on a free port of 127.0.0.1, with acme/app:1 and public/app:1 in it.
#   registry.sh open DIR        asks for no credentials
#   registry.sh htpasswd DIR    the accounts of DIR/accounts.json; all or nothing
#   registry.sh token DIR       the same accounts through token-server.py: each is held to its "actions" (pull, push),
#                               and to its "repos" if it has them; DIR/issued.jsonl tells which was used; with REFRESH=1 it
#                               also gives refresh tokens, and docker login then stores the user name "<token>"
#   TLS=1 registry.sh …         it and its token server are encrypted; DIR/tls/ca.pem vouches for them
#   registry.sh accounts DIR    takes over a changed DIR/accounts.json; no restart
#   registry.sh stop DIR
# DIR/host tells where it listens. accounts.json: [{"user": "alice", "secret": "…", "actions": ["pull", "push"]}, …]
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"
mode=${1:-} DIR=$(realpath -m "${2:?DIR}")

die() { echo "registry.sh: $*" >&2; stop_all "$DIR"; exit 1; }

# Port 0 lets the system choose, so no two runs can collide; each server logs what it got.
logged_port() { sed -nE "s/.*listening on 127\.0\.0\.1:([0-9]+).*/\1/p" "$DIR/$1.log" | head -n 1; }
listens() { [[ -n $(logged_port "$1") ]]; }

wait_for_port() { wait_for "$1" listens "$1" || die "$(tail -n 5 "$DIR/$1.log")"; }

# The registry reads the file again when it has changed; the rename keeps it whole.
write_htpasswd() {
  local row
  while read -r row; do
    jq -r .secret <<<"$row" | htpasswd -B -C 5 -i -n "$(jq -r .user <<<"$row")" | grep . || die "htpasswd failed"
  done < <(jq -c '.[]' "$DIR/accounts.json") >"$DIR/htpasswd.new"
  mv "$DIR/htpasswd.new" "$DIR/htpasswd"
}

auth_htpasswd() {
  write_htpasswd
  printf 'auth:\n  htpasswd: {realm: test, path: "%s"}\n' "$DIR/htpasswd"
}

auth_token() {
  local python
  python=$(python_with jwt cryptography) || die "no Python with jwt and cryptography"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=test token signer" \
    -keyout "$DIR/signer-key.pem" -out "$DIR/signer.pem" 2>/dev/null || die "openssl failed"
  bg "$DIR" tokens "$python" "$here/token-server.py" "$DIR"
  wait_for_port tokens
  printf 'auth:\n  token: {realm: "%s://127.0.0.1:%s/token", service: test-registry, issuer: test-issuer, rootcertbundle: "%s"}\n' \
    "$scheme" "$(logged_port tokens)" "$DIR/signer.pem"
}

case $mode in
open | htpasswd | token)
  mkdir -p "$DIR"
  scheme=http tls=
  if [[ -n ${TLS:-} ]]; then
    make_ca "$DIR/tls" || die "openssl failed"
    scheme=https tls=", tls: {certificate: \"$DIR/tls/srv.pem\", key: \"$DIR/tls/srv-key.pem\"}"
  fi
  "$(python_with json)" "$here/mkimage.py" "$DIR/image" "$DIR/data" acme/app public/app || die "no image"
  {
    printf 'version: 0.1\nlog: {level: info, accesslog: {disabled: true}}\n'
    printf 'storage: {filesystem: {rootdirectory: "%s"}}\nhttp: {addr: "127.0.0.1:0"%s}\n' "$DIR/data" "$tls"
    [[ $mode == open ]] || "auth_$mode"
  } >"$DIR/config.yml"
  # It takes every REGISTRY_… variable for a setting, podman's REGISTRY_AUTH_FILE too.
  bg "$DIR" registry env -i PATH="$PATH" OTEL_TRACES_EXPORTER=none docker-registry serve "$DIR/config.yml"
  wait_for_port registry
  echo "127.0.0.1:$(logged_port registry)" >"$DIR/host"
  ;;
accounts) if [[ -e $DIR/htpasswd ]]; then write_htpasswd; fi ;; # token-server.py reads the file at every request
stop) stop_all "$DIR" ;;
*) sed -n '2,11s/^# //p' "$0"; exit 2 ;;
esac
