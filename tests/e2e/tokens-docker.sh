#!/usr/bin/env bash
# The docker client and many tokens on one registry: manifest asks the registry itself, pull and push the engine (a stand-in).
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
source "$here/tokens-common.sh"
start_tokens
start_engine
registry=$host
install_for_docker

pull() { docker pull "$1"; }
push() { docker push "$1"; }
inspect() { docker manifest inspect --insecure "$1"; }

# The engine passes credentials on, so its requests show them; for manifest, the registry's own log does.
names_used() {
  jq -sr --slurpfile accounts "$server/accounts.json" \
    '[.[] | select(.path | test("/images/create$|/push$")).auth | if .password then . as $sent |
      ($accounts[0] | map(select(.user == $sent.username and .secret == $sent.password).name) | first // "unknown") else "nobody" end]
      | unique | join(" ")' "$server/requests.jsonl"
}
came_with() {
  : >"$server/requests.jsonl"
  "$@" >&2 || return
  names_used
}
registry_came_with() {
  : >"$server/issued.jsonl"
  "$@" >&2 || return
  jq -sr 'map(select(.access != []).name // "nobody") | unique | join(" ")' "$server/issued.jsonl"
}

tokens_life
check "remove all" remove_all

check "add both" add_both
equal "manifest inspect comes with the one that may pull" ro registry_came_with inspect "$host/acme/app:1"
equal "manifest create and push come with each its own" "ro rw" registry_came_with client_push
check "remove both" remove_all
check "add a token for one project" add shop "$host/shop"
check "add a token for another project" add blog "$host/blog"
for project in shop blog; do
  equal "manifest inspect of $project comes with its token" "$project" registry_came_with inspect "$host/$project/app:1"
done
equal "manifest inspect of a third project comes without" nobody registry_came_with inspect "$host/public/app:1"

# A helper with a name of its own is a profile.
ln -s "$(type -P docker-credential-pat)" "$HOME/docker-credential-pat-work"
check "choose one for a profile" pat use blog "$host" --profile work
jq --arg host "$host" '.credHelpers[$host] = "pat-work"' "$config" >"$config.new" && mv "$config.new" "$config"
equal "the helper by the profile's name gives it" blog came_with with PATH="$HOME:$PATH" docker pull "$host/blog/app:1"
