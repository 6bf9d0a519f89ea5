#!/usr/bin/env bash
# podman and a registry for which there are many tokens.
source "$(dirname "$0")/lib.sh"
source "$here/podman-family.sh"
source "$here/tokens-common.sh"
pull() { podman pull --tls-verify=false "$1"; }
push() { podman push --tls-verify=false "$host/public/app:1" "$1"; }
tokens_family_life podman

# The same with podman as a client of its own service, under docker's name, and below compose.
check "add a token that may pull, and one that may push too" add_both
socket=unix://$server/podman.sock
bg "$server" podman-service podman system service --time=0 "$socket"
wait_for "podman's service" test -S "$server/podman.sock"
equal "podman --remote pull" ro came_with podman --remote --url "$socket" pull --tls-verify=false "$host/acme/app:1"
equal "podman --remote push" rw came_with podman --remote --url "$socket" push --tls-verify=false "$host/acme/app:1" "$host/acme/pushed:1"
mkdir -p "$HOME/names"
printf '#!/bin/sh\nexec podman "$@"\n' >"$HOME/names/docker" && chmod +x "$HOME/names/docker" # as in podman-docker
equal "podman by docker's name" ro came_with "$HOME/names/docker" pull --tls-verify=false "$host/acme/app:1"
if type -P podman-compose >/dev/null; then
  printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$host" >>"$CONTAINERS_REGISTRIES_CONF"
  printf 'version: "3"\nservices: {app: {image: "%s/acme/app:1", build: .}}\n' "$host" >"$HOME/names/docker-compose.yml"
  equal "podman-compose pull" ro came_with inside "$HOME/names" podman-compose pull
  equal "podman-compose push" rw came_with inside "$HOME/names" podman-compose push
fi
