#!/usr/bin/env bash
# The docker client and a registry with a token server, where one token may only pull.
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
source "$here/docker-common.sh"
need docker-registry openssl
python_with jwt cryptography >/dev/null || skip "python3-jwt or python3-cryptography is not installed"
start_registry token
install_for_docker
account_life
check "a public repository works after the logout" docker manifest inspect --insecure "$host/public/app:1"

# Two tokens of one user on one registry.
secret[reader]='read-only&<'
accounts() { # alice has a second token, and it may only pull
  jq -n --arg alice "${secret[alice]}" --arg reader "${secret[reader]}" \
    '[{user: "alice", secret: $alice, actions: ["pull", "push"]}, {user: "alice", secret: $reader, actions: ["pull"]}]'
}
let_in
add() { printf '%s' "$2" | pat add "$1" --registry "$host" --user alice --secret-stdin; }
check "add a token that may push" add writer "${secret[alice]}"
check "add a token of the same user that may only pull" add reader "${secret[reader]}"
equal "both are kept" "reader writer" kept 'map(.name) | sort | join(" ")'
check "use the first" pat use writer
check "push with it" client_push
check "use the second" pat use reader
check "pull with it" client_use
refused "push with it is refused" "$denied" client_push
check "no secret in any file" no_secret_in_files
