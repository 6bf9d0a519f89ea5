#!/usr/bin/env bash
# The docker client with an engine (a stand-in): Docker Hub, its spellings, and the credentials that reach the engine.
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
source "$here/docker-common.sh"
python_with json >/dev/null || skip "python3 is not installed"
start_engine
install_for_docker
hub=https://index.docker.io/v1/

client_login() { login_to "" "$@"; }
client_use() { docker pull acme/app; }
client_logout() { docker logout; }
account_life
check "a public image can be pulled after the logout" docker pull alpine

# The exact requests that the engine receives.
auth_of() { jq -nc --arg user "$1" --arg secret "${secret[$1]}" '[$user, $secret]'; }
build() { DOCKER_BUILDKIT=0 docker build "$HOME/context"; }
mkdir "$HOME/context"
echo 'FROM scratch' >"$HOME/context/Dockerfile"
sent_auth() { sent "$1" '.auth | [.username, .password]'; }
sent_config() { sent '/build$' '.config | map_values([.username, .password])'; }

check "build while nothing is stored" build
equal "build sends no credentials" '{}' sent_config
check "login to Docker Hub" client_login alice "${secret[alice]}"
check "login to Docker Hub as a second account" client_login bob "${secret[bob]}"
check "login to another registry" login_to ghcr.example bob "${secret[bob]}"
check "login to a third registry" login_to quay.example alice "${secret[alice]}"
check "use the first account on Docker Hub" use_account alice
check "pull from Docker Hub" docker pull acme/app
equal "pull sends the account in use" "$(auth_of alice)" sent_auth '/images/create$'
check "push to Docker Hub" docker push acme/app
equal "push sends the account in use" "$(auth_of alice)" sent_auth '/push$'
check "push to the other registry" docker push ghcr.example/acme/app
equal "push sends that registry's account" "$(auth_of bob)" sent_auth '/push$'
check "pull from a registry without credentials" docker pull mirror.example/public/app
equal "it is sent none" '{}' sent '/images/create$' .auth
check "classic build" build
equal "build sends each registry's account in use" \
  "$(jq -nSc --arg hub "$hub" "{(\$hub): $(auth_of alice), \"ghcr.example\": $(auth_of bob), \"quay.example\": $(auth_of alice)}")" \
  eval 'sent_config | jq -Sc .'
add_parked() { printf '%s' "${secret[bob]}" | pat add parked --registry quay.example --user bob --secret-stdin; }
check "add a token for the third registry" add_parked
check "logout there, which keeps the added token" docker logout quay.example
check "classic build after it" build
equal "a token that is not in use does not spoil the others" \
  "$(jq -nSc --arg hub "$hub" "{(\$hub): $(auth_of alice), \"ghcr.example\": $(auth_of bob)}")" eval 'sent_config | jq -Sc .'
check "login without a user name takes the account in use" docker login
equal "and makes no further token" "alice bob" users_kept
refused "which the engine refuses when it does not know it" "invalid or expired" used_by bob docker login
check "the other registry's account does not stand in" used_by alice docker pull acme/app
check "logout of the other registry" docker logout ghcr.example
refused "after it that registry refuses" "$denied" docker pull ghcr.example/acme/app
check "Docker Hub stays signed in" docker pull acme/app
check "logout" client_logout

# Every name of Docker Hub means the same registry.
check "remove what the logouts kept" pat rm --registry docker.io --yes
for name in docker.io index.docker.io registry-1.docker.io "$hub"; do
  check "login to $name" login_to "$name" alice "${secret[alice]}"
  equal "login to $name: the vault has it for docker.io" "alice" users_kept
  for image in acme/app docker.io/acme/app index.docker.io/acme/app registry-1.docker.io/acme/app; do
    check "login to $name: pull $image" used_by alice docker pull "$image"
  done
  # The client does not request Docker Hub's key here, which is an open bug: https://github.com/docker/cli/issues/7326
  check "login to $name: docker logout docker.io" docker logout docker.io
  refused "login to $name: that signs out" "$denied" docker pull acme/app
done
for name in index.docker.io registry-1.docker.io "$hub"; do
  check "login before logout of $name" client_login alice "${secret[alice]}"
  check "logout of $name" docker logout "$name"
  refused "logout of $name signs out" "$denied" docker pull acme/app
  equal "logout of $name leaves no login in the vault" "" users_kept
done

# CNB: all organizations on one host, and one user name for all.
cnb=docker.cnb.cool
jq -n '[{acme: "cnb-A"}, {shop: "cnb-B"}, {third: "cnb-C"}] | map(to_entries[0] | {user: "cnb", secret: .value, actions: ["pull", "push"], repos: ["\(.key)/*"]})' \
  >"$server/accounts.json"
add_cnb() { printf '%s' "$2" | pat add "$1" --registry "$cnb/$1" --user "${3:-cnb}" --secret-stdin; }
pull_sends() { docker pull "$cnb/$1/app" >&2 && sent '/images/create$' '.auth.password' | tr -d '"'; }
check "CNB: the token of an organization" add_cnb acme cnb-A
refused "CNB: another user name" "accepts no user name but cnb" add_cnb shop cnb-B alice
check "CNB: the token of another organization" add_cnb shop cnb-B
check "CNB: docker login with the token of a third one" login_to "$cnb" cnb cnb-C
equal "CNB: pull from the first organization comes with its token" cnb-A pull_sends acme
equal "CNB: pull from the second organization comes with its token" cnb-B pull_sends shop
equal "CNB: pull from elsewhere comes with the login" cnb-C pull_sends third
check "CNB: logout" docker logout "$cnb"
for organization in acme shop third; do
  refused "CNB: after it nothing answers for $organization" "$denied" docker pull "$cnb/$organization/app"
done
check "CNB: use the first organization's token again" pat activate acme
equal "CNB: and it answers" cnb-A pull_sends acme
refused "CNB: the other one stays signed out" "$denied" docker pull "$cnb/shop/app"
