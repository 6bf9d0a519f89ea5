# shellcheck shell=bash
# Sourced by the groups of the docker client.
need docker
[[ $(docker --version) == Docker* ]] || skip "docker is $(docker --version)"
config=$HOME/.docker/config.json
export DOCKER_HOST=unix://$server/engine.sock # no group finds the machine's own engine; without one, login asks the registry itself

docker() { limited docker "$@"; }

# A real engine, as root; its mounts end with it.
start_real_engine() {
  [[ $(id -u) == 0 ]] || skip "an engine needs root"
  bg "$server" dockerd unshare --mount --propagation private dockerd --storage-driver vfs --iptables=false --ip6tables=false \
    --bridge=none -H "$DOCKER_HOST" --data-root "$server/engine" --exec-root "$server/engine-run" --pidfile "$server/engine.pid"
  wait_for "the engine" docker version || skip "dockerd does not start: $(tail -n 1 "$server/dockerd.log")"
}

install_for_docker() {
  mkdir -p "$HOME/.docker"
  echo '{"psFormat": "table"}' >"$config"
  check "install" pat install
  equal "install names the helper and keeps the other settings" '["pat","table"]' jq -c '[.credsStore, .psFormat]' "$config"
}

# login_to HOST USER SECRET; an empty HOST is Docker Hub.
login_to() { printf '%s\n' "$3" | docker login -u "$2" --password-stdin ${1:+"$1"}; }

# For a registry without an engine: docker manifest is the one command that asks the registry itself.
client_login() { login_to "$host" "$@"; }
use_here() { docker manifest inspect --insecure "$1/acme/app:1"; }
client_use() { use_here "$host"; }
client_logout() { docker logout "$host"; }
client_push() { docker manifest create --amend --insecure "$host/acme/list:1" "$host/acme/app:1" && docker manifest push --insecure "$host/acme/list:1"; }
