#!/usr/bin/env bash
# Many tokens on one registry and clients that are not installed here: bash plays them under their names.
source "$(dirname "$0")/lib.sh"
registry=reg.example:5000
secret=([ro]=ro-secret [rw]=rw-secret [shop]=shop-secret [blog]=blog-secret)

add() { printf '%s' "${secret[$1]}" | pat add "$1" --registry "$2" --user "$1" --secret-stdin "${@:3}"; }

# as CLIENT KEY VERB [WORD...]: prints the helper's answer to a process with that command line. bash runs the verb as its script.
as() (
  mkdir -p "$HOME/verbs" && cd "$HOME/verbs" || exit
  echo 'printf "%s" "$KEY" | docker-credential-pat get' >"$3"
  export KEY=$2
  exec -a "$1" bash "${@:3}"
)
user_as() { as "$@" | jq -r .Username; }
# crane asks for the repository, then for the registry.
user_as_crane() { user_as crane "$@" 2>/dev/null || user_as crane "$registry" "${@:2}"; }
sign_out() { printf '%s' "$registry" | pat erase; }
explained() { pat explain --json "$@" | jq -r '.token // "none"'; }

# One token to pull and one to push.
check "add a token that may pull" add ro "$registry" --permission pull
check "add a token that may push too" add rw "$registry" --permission pull,push
equal "docker pull" ro user_as docker "$registry" pull "$registry/acme/app"
equal "docker push" rw user_as docker "$registry" push "$registry/acme/app"
equal "crane digest" ro user_as crane "$registry/acme/app" digest "$registry/acme/app"
equal "crane push" rw user_as crane "$registry/acme/app" push image.tar "$registry/acme/app"
equal "crane copy reads the first image" ro user_as crane "$registry/acme/app" copy "$registry/acme/app" "$registry/acme/copy"
equal "crane copy writes the last" rw user_as crane "$registry/acme/copy" copy "$registry/acme/app" "$registry/acme/copy"
for client in docker-compose /usr/libexec/docker/cli-plugins/docker-compose; do
  equal "$client push" rw user_as "$client" "$registry" compose push
  equal "$client pull" ro user_as "$client" "$registry" compose pull
  equal "$client build may push, so the token that may is given" rw user_as "$client" "$registry" compose build
  equal "the environment tells" ro eval "DOCKER_CREDENTIAL_PAT_DIRECTION=pull user_as $client '$registry' compose build"
  equal "explain says the same" rw explained --client compose --push "$registry/acme/app"
done
check "put the other in use" pat use ro
equal "docker-compose gets it where it may push" ro user_as docker-compose "$registry" compose build
equal "but not to push" rw user_as docker-compose "$registry" compose push
equal "explain says the same of compose" ro explained --client compose "$registry/acme/app"
check "remove both" pat rm ro rw --yes

# Two project tokens on one host.
check "add a token for one project" add shop "$registry/shop"
check "add a token for another project" add blog "$registry/blog"
for project in shop blog; do
  equal "$project: a key with a repository" "$project" eval "ask '$registry/$project/app' | jq -r .Username"
  equal "$project: crane digest" "$project" user_as_crane "$registry/$project/app" digest "$registry/$project/app"
  equal "$project: docker pull" "$project" user_as docker "$registry" pull "$registry/$project/app"
  equal "$project: explain" "$project" explained "$registry/$project/app"
  equal "$project: explain --client crane" "$project" explained --client crane "$registry/$project/app"
  equal "$project: the environment tells" "$project" \
    eval "DOCKER_CREDENTIAL_PAT_REPOSITORY=$registry/$project/app user_as docker-compose '$registry' compose pull"
done
ends "a key of a third project is not found" 1 '^credentials not found in native keychain$' ask "$registry/third/app"
ends "nor is its project's name with more behind it" 1 '^credentials not found in native keychain$' ask "$registry/shop-x/app"
ends "crane's second key is not found either, as its line names the third project" 1 '^credentials not found in native keychain$' \
  as crane "$registry" digest "$registry/third/app"
equal "explain: a third project gets none" none explained "$registry/third/app"
ends "explain says why" 0 'no token is given' pat explain "$registry/third/app"
equal "docker-compose gets the first added" shop user_as docker-compose "$registry" compose pull
equal "explain says the same of compose" shop explained --client compose "$registry/third/app"
ends "and that the repository is not known" 0 '^repository  not known' pat explain --client compose "$registry/third/app"
check "put the other in use" pat use blog
equal "docker-compose gets it" blog user_as docker-compose "$registry" compose pull
equal "docker pull gets its own" shop user_as docker "$registry" pull "$registry/shop/app"
equal "two images on one line get the token for the first" shop user_as podman "$registry" pull "$registry/shop/app" "$registry/blog/app"
ends "a logout keeps both and says so" 0 'kept "blog", signed out of' sign_out
ends "after it there is none" 1 '^credentials not found in native keychain$' ask "$registry/shop/app"
check "activate brings one back" pat activate shop
equal "it is given" shop eval "ask '$registry/shop/app' | jq -r .Username"
