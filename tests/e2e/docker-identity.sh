#!/usr/bin/env bash
# The docker client and a registry that issues refresh tokens: docker stores one with the user name "<token>", not the password.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
need docker-registry openssl
python_with jwt cryptography >/dev/null || skip "python3-jwt or python3-cryptography is not installed"
export REFRESH=1
start_registry token
install_for_docker

stored_for_docker() { printf '%s' "$host" | pat get | jq -r .Username; }

refused "without a login the registry refuses" "$denied" client_use
check "login" client_login alice "${secret[alice]}"
equal "the client stored an identity token" "<token>" stored_for_docker
equal "ls tells its kind" "identity <token>" kept 'map(.kind + " " + .user) | join(" ")'
check "the identity token is used" used_by alice client_use
refused "a login with a wrong password fails" "$denied" client_login alice wrong
check "the stored one still works after that" used_by alice client_use

# An identity token does not show its owner, so a second login may replace the first one; a named token is never replaced.
check "login of a second account" client_login bob "${secret[bob]}"
check "the last login is used" used_by bob client_use
identity=$(kept 'map(select(.in_use).name) | first // empty')
add_alice() { printf '%s' "${secret[alice]}" | pat add named --registry "$host" --user alice --secret-stdin; }
check "add a token with a name beside it" add_alice
check "use the named token" pat use named
check "the named token is used" used_by alice client_use
check "use the identity token again" pat use "$identity"
check "the identity token is used again" used_by bob client_use
check "push with it" client_push
check "no secret in any file" no_secret_in_files
check "logout" client_logout
refused "after the logout the registry refuses" "$denied" client_use
equal "only the named token is left" "named" kept 'map(.name) | join(" ")'
check "a second logout" client_logout
