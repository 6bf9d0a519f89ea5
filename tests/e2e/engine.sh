#!/usr/bin/env bash
# A real engine with docker's clients and compose 1: two permissions, four projects and a swarm on a registry that logs each token.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
source "$here/tokens-common.sh"
need dockerd docker-compose
secret[web]=web-F
user[web]=pt-web may[web]=pull,push only_in[web]="web/*"
all_users+=(web)
start_tokens
"$(python_with json)" "$servers/mkimage.py" "$server/image" "$server/data" web/app shop/other

start_real_engine
install_for_docker

pull_again() { docker image rm -f "$1" >/dev/null 2>&1; docker pull "$1"; }
push_as() { docker tag "$1" "$2" && docker push "$2"; }
compose() { limited docker-compose --ansi never "$@"; }

# A token to pull and one to push.
app=$host/acme/app:1
check "add a token that may pull, and one that may push too" add_both
mkdir "$HOME/context" "$HOME/shop"
printf 'FROM %s\nLABEL a=b\n' "$app" >"$HOME/context/Dockerfile"
for client in $(type -aP docker | xargs -n 1 realpath | sort -u); do
  docker() { limited "$client" "$@"; }
  version="docker $(docker version --format '{{.Client.Version}}')"
  equal "$version: pull" ro came_with pull_again "$app"
  equal "$version: push" rw came_with push_as "$app" "$host/acme/pushed:1"
  docker image rm -f "$app" >/dev/null
  equal "$version: create pulls" ro came_with docker create "$app" none
  docker rm -f "$(docker ps -aq)" >/dev/null
  docker image rm -f "$app" >/dev/null
  equal "$version: classic build pulls" ro came_with env DOCKER_BUILDKIT=0 "$client" build --no-cache --pull "$HOME/context"
done

cat >"$HOME/shop/docker-compose.yml" <<END
version: "3.8"
services:
  app: {image: "$host/acme/app:1"}
  built: {image: "$host/acme/built:1", build: "$HOME/context"}
END
cd "$HOME/shop" || exit
equal "compose 1: pull" ro came_with compose pull app
equal "compose 1: build runs docker, which pulls" ro came_with compose build --pull built
equal "compose 1: push" rw came_with compose push built
check "remove both" remove_all

# The tokens of projects: compose does not say for which project it asks.
check "add a token for one project" add shop "$host/shop"
ends "add one for another project, which says what compose gets" 0 \
  'clients that do not name the image, such as compose, get "shop" for .*: docker-credential-pat use NAME .* --dir DIR' add web "$host/web"
check "add one for a third project" add blog "$host/blog"
for project in shop web; do
  equal "pull from $project" "$project" came_with pull_again "$host/$project/app:1"
  equal "push to $project" "$project" came_with push_as "$host/$project/app:1" "$host/$project/pushed:1"
done
mkdir "$HOME/web"
printf 'version: "3.8"\nservices: {app: {image: "%s"}, again: {image: "%s"}}\n' "$host/web/app:1" "$host/web/app:1" >"$HOME/web/docker-compose.yml"
cd "$HOME/web" || exit
docker image rm -f "$host/web/app:1" >/dev/null
refused "compose in the other project is refused" "$denied" compose pull
rm -rf "$XDG_DATA_HOME"/docker-credential-pat/warned
equal "and one line says that it was a guess" 1 lines_of 'token "shop" for .* is a guess: .* \(docker-credential-pat use NAME .* --dir \.\)' compose pull
equal "once a day" 0 lines_of 'is a guess' compose pull
ends "doctor says so too" 0 'a client that does not name its image gets token "shop"' pat doctor
check "choose for the directory, as it says" pat use web "$host" --dir .
equal "compose gets the right token" web came_with compose pull
equal "and is quiet" 0 lines_of 'docker-credential-pat' compose pull

# A swarm hands the token on. A service names its image; a stack does not, and succeeds with the wrong token.
if docker swarm init --advertise-addr 127.0.0.1 >/dev/null 2>&1; then
  cd "$HOME/shop" || exit
  equal "a service in a swarm" web came_with docker service create -d --quiet --with-registry-auth --name one "$host/web/app:1"
  equal "an update of it" shop came_with docker service update -d --quiet --with-registry-auth --image "$host/shop/app:1" one
  rm -rf "$XDG_DATA_HOME"/docker-credential-pat/warned
  ends "a stack succeeds with a guess, and says so" 0 'token "shop" for .* is a guess' docker stack deploy --with-registry-auth -c "$HOME/web/docker-compose.yml" web
  cd "$HOME/web" || exit
  equal "in the project's directory it gets the right token" web came_with docker stack deploy --with-registry-auth -c docker-compose.yml again
  docker stack rm web again >/dev/null 2>&1
  docker swarm leave --force >/dev/null 2>&1
fi
check "no secret in any file" no_secret_in_files
