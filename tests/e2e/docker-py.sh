#!/usr/bin/env bash
# docker-py: its credential store, its resolution of the configuration, and what it sends to an engine (a stand-in).
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
python=$(python_with docker) || skip "python3-docker is not installed"
start_engine
export DOCKER_HOST=unix://$server/engine.sock
hub=https://index.docker.io/v1/

client() { limited "$python" "$here/docker-py-client.py" "$@"; }
client_login() { printf '%s' "$2" | client login "$hub" "$1"; }
client_use() { client pull acme/app; }
client_logout() { client logout "$hub"; }

check "install" pat install
account_life
refused "docker-py knows the answer for a missing credential" CredentialsNotFound client get "$hub"
check "a public image can be pulled while nothing is stored" client pull alpine

store() { printf '%s' "${secret[$2]}" | client login "$1" "$2"; }
of() { jq -nc --arg user "$1" --arg secret "${secret[$1]}" '[$user, $secret]'; }
check "store for Docker Hub" store "$hub" alice
check "store for another registry" store ghcr.example bob
equal "get gives it back" "$(of alice)" client get "$hub"
equal "list tells every registry" "$(jq -nSc --arg hub "$hub" '{($hub): "alice", "ghcr.example": "bob"}')" eval 'client list | jq -Sc .'
for name in docker.io index.docker.io "$hub"; do
  equal "the configuration gives $name the right credentials" "$(of alice)" client resolve "$name"
done
equal "the configuration gives another registry its own" "$(of bob)" client resolve ghcr.example
equal "and an unknown one none" 'null' client resolve unknown.example
check "pull" client pull ghcr.example/acme/app
equal "pull sends that registry's account" "$(of bob)" sent '/images/create$' '.auth | [.username, .password]'
check "build" client build
# It sends each key a second time as a bare host.
equal "build sends all accounts in use" \
  "$(jq -nSc --arg hub "$hub" "{(\$hub): $(of alice), \"index.docker.io\": $(of alice), \"ghcr.example\": $(of bob)}")" \
  eval 'sent "/build$" ".config | map_values([.username, .password])" | jq -Sc .'
check "no secret in any file" no_secret_in_files
