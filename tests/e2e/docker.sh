#!/usr/bin/env bash
# The docker client and a registry with a password file.
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
source "$here/docker-common.sh"
need docker-registry htpasswd
start_registry htpasswd
start_open_registry
install_for_docker
account_life
check "a public registry works while nothing is stored" docker manifest inspect --insecure "$open_host/public/app:1"

# Spellings of one registry.
check "login to http://HOST/v2/" login_to "http://$host/v2/" alice "${secret[alice]}"
check "its credentials are used for HOST" used_by alice client_use
check "logout of http://HOST/v2/" docker logout "http://$host/v2/"
refused "after it HOST refuses" "$denied" client_use
check "login to LOCALHOST" login_to "LOCALHOST:${host#*:}" alice "${secret[alice]}"
check "its credentials are used for localhost" docker manifest inspect --insecure "localhost:${host#*:}/acme/app:1"
refused "and not for another name of the same machine" "$denied" client_use
check "logout of localhost" docker logout "localhost:${host#*:}"
refused "after it LOCALHOST refuses" "$denied" docker manifest inspect --insecure "localhost:${host#*:}/acme/app:1"

# A new password.
check "login with the old password" client_login alice "${secret[alice]}"
secret[alice]='new-A&<b>"ü密🔑'
let_in "${all_users[@]}"
refused "the old password is refused" "no such manifest" client_use # so docker manifest calls a 401 to credentials
check "login with the new password" client_login alice "${secret[alice]}"
check "the new password is used" used_by alice client_use
equal "it took the old one's place" "alice" users_kept

# A token that a person added cannot be shown again by its registry: logging out must not destroy it.
add_ci() { printf '%s' "${secret[bob]}" | pat add ci --registry "$host" --user bob --secret-stdin; }
check "add a token" add_ci
check "the login stays the one used" used_by alice client_use
check "use the added token" pat use ci
check "the added token is used" used_by bob client_use
equal "show --reveal gives its secret back" "${secret[bob]}" eval 'pat show ci --reveal | grep -oF -- "${secret[bob]}"'
check "no secret in any file" no_secret_in_files
check "logout" client_logout
equal "the added token is kept, and so is the login that was not in use" "alice bob" users_kept
refused "but it is not used" "$denied" client_use
check "use it again" pat use ci
check "it is used" used_by bob client_use
check "rm" pat rm --registry "$host" --yes
equal "nothing is left there" "" users_kept
refused "after rm the registry refuses" "$denied" client_use

# Jobs with a Docker configuration folder each, beside the person's own.
job() { local -x DOCKER_CONFIG=$HOME/job-$1; shift; "$@"; }
for name in one two; do mkdir -p "$HOME/job-$name" && cp "$config" "$HOME/job-$name/config.json"; done
check "login of the person" client_login alice "${secret[alice]}"
check "login of job one" job one client_login bob "${secret[bob]}"
check "login of job two" job two client_login alice "${secret[alice]}"
check "job one has its own account" used_by bob job one client_use
check "job two has its own account" used_by alice job two client_use
check "the person has theirs" used_by alice client_use
check "logout of the person" client_logout
refused "which signs the person out" "$denied" client_use
check "job two stays signed in" used_by alice job two client_use
check "logout of job two" job two client_logout
refused "which signs it out" "$denied" job two client_use
check "job one stays signed in" used_by bob job one client_use
check "login of the person again" client_login alice "${secret[alice]}"
ends "a logout in job two names what still answers" 0 'which is not a login of DOCKER_CONFIG=.*, still answers' job two client_logout
check "and the person stays signed in" used_by alice client_use
rm -r "$HOME/job-one"
check "a change after the folder of job one is gone" pat edit "alice@$host" --label mine
equal "its login is gone too" "alice" users_kept
check "logout at the end" client_logout

check "uninstall" pat uninstall
equal "uninstall puts the settings back" '["table",false]' jq -c '[.psFormat, .credsStore == "pat"]' "$config" # auths is docker's own note of its logins
