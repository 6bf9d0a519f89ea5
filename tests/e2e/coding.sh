#!/usr/bin/env bash
# The life of a CODING project token: created at a stand-in for CODING's API, and used by docker at a real registry.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
need docker-registry openssl
python_with jwt cryptography >/dev/null || skip "python3-jwt or python3-cryptography is not installed"
pat_of_acme=pat-of-acme-0123456789abcdef0123456789ab
images=acme-docker.pkg.coding.net
start_registry token
install_for_docker
bg "$server" coding "$(python_with json)" "$servers/coding-double.py"
wait_for "the stand-in" grep -q listening "$server/coding.log" || give_up "the stand-in starts" "$(<"$server/coding.log")"
DOCKER_CREDENTIAL_PAT_CODING_URL=http://$(sed 's/.* on //' "$server/coding.log")
export DOCKER_CREDENTIAL_PAT_CODING_URL

add_personal() { printf '%s' "$pat_of_acme" | pat add me --registry "$images" --user tester --kind pat --secret-stdin; }
coding() { pat coding "$@" --token me; }
listed() { coding tokens --project shop --json | jq -r '[.tokens[] | .label, .name] | join(" ")'; }
# The registry knows the project's token as CODING created it, for this project only.
let_project_in() {
  user[0]=$(pat show shop --json | jq -r '.tokens[0].user')
  secret=([shop]="$(pat show shop --reveal)")
  jq -n --arg user "${user[0]}" --arg secret "${secret[shop]}" \
    '[{$user, $secret, actions: ["pull", "push"], repos: ["acme/*"]}]' >"$server/accounts.json"
}
# The line as shown, with the real registry in place of CODING's.
log_in_by_line() {
  local line
  line=$(pat coding login-command shop 2>/dev/null) || return
  bash -c "${line/"$images"/"$host"}"
}

check "bring the personal token" add_personal
equal "it is the tester's" "tester (Tess) at $DOCKER_CREDENTIAL_PAT_CODING_URL" coding whoami
check "make a project token" coding create shop --project shop --scope artifact_rw --expires 90d
equal "it is listed, and in the vault" "shop shop" listed
check "the registry knows it" let_project_in
refused "without a login the registry refuses" "$denied" client_use
check "the login line works as it is shown" log_in_by_line
check "docker pulls with it" client_use
check "docker pushes with it" client_push
check "no secret in any file" no_secret_in_files
refused "switching it off is not offered, and CODING's words are shown" "UnknownAction: The action DisableProjectToken" coding disable shop
check "delete it" coding rm shop --yes
equal "it is gone there" "" listed
refused "and here" "no token named" pat show shop
