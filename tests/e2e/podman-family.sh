# shellcheck shell=bash
# Sourced by podman.sh, skopeo.sh and buildah.sh: they share one library for logins, so they must pass the same checks.

# family_life TOOL: needs pull IMAGE and push IMAGE, both against $host.
family_life() {
  tool=$1
  need "$tool" docker-registry htpasswd
  keep_containers_at_home
  start_registry htpasswd
  start_open_registry
  install_for_podman
  account_life
  check "a public registry works while nothing is stored" pull "$open_host/public/app:1"
  check "login" client_login alice "${secret[alice]}"
  check "login of a second account" client_login bob "${secret[bob]}"
  equal "login --get-login tells the account in use" "bob" "$tool" login --get-login "$host"
  check "use the first account" use_account alice
  equal "login --get-login follows it" "alice" "$tool" login --get-login "$host"
  uninstall_for_podman

  # It asks every helper in the file, stops at one that is not installed, and removes all credHelpers, so it comes last, with a file of its own.
  echo '{}' >"$REGISTRY_AUTH_FILE"
  check "install --podman again" pat install --podman --registry "$host"
  check "the login is still there" used_by alice client_use
  check "logout --all" "$tool" logout --all
  equal "the other account is kept, signed out" "bob" users_kept
  refused "and is not used" "$denied" client_use
}

# Without root podman leaves a process behind that keeps its user namespace.
stop_pause_process() {
  local file
  while IFS= read -r file; do stop_pid "$file"; done < <(find "$HOME" -name pause.pid)
}
trap 'stop_pause_process; stop_servers' EXIT

# As root, these tools would write below /var and /run, and read the machine's own policy.
keep_containers_at_home() {
  export REGISTRY_AUTH_FILE=$XDG_RUNTIME_DIR/containers/auth.json
  export CONTAINERS_STORAGE_CONF=$XDG_CONFIG_HOME/containers/storage.conf CONTAINERS_CONF=$XDG_CONFIG_HOME/containers/containers.conf
  export CONTAINERS_REGISTRIES_CONF=$XDG_CONFIG_HOME/containers/registries.conf
  mkdir -p "$XDG_CONFIG_HOME/containers" "${REGISTRY_AUTH_FILE%/*}"
  : >"$CONTAINERS_REGISTRIES_CONF"
  echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$XDG_CONFIG_HOME/containers/policy.json"
  printf '[storage]\ndriver = "vfs"\nrunroot = "%s"\ngraphroot = "%s"\n' "$HOME/storage/run" "$HOME/storage/graph" >"$CONTAINERS_STORAGE_CONF"
  cat >"$CONTAINERS_CONF" <<CONF
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
static_dir = "$HOME/storage/static"
tmp_dir = "$HOME/storage/tmp"
volume_path = "$HOME/storage/volumes"
[network]
network_config_dir = "$HOME/storage/networks"
CONF
}

# The file already names a helper for another registry, which has to stay.
install_for_podman() {
  echo '{"credHelpers": {"other.example": "other"}}' >"$REGISTRY_AUTH_FILE"
  check "install --podman" pat install --podman --registry "$host"
  check "install --podman for a second registry" pat install --podman --registry "$open_host"
  equal "install names the helper and keeps the other settings" '["other","pat","pat"]' \
    jq -c --arg host "$host" --arg open "$open_host" '[.credHelpers["other.example", $host, $open]]' "$REGISTRY_AUTH_FILE"
}

uninstall_for_podman() {
  check "uninstall --podman" pat uninstall --podman --registry "$host"
  check "uninstall --podman for the second registry" pat uninstall --podman --registry "$open_host"
  equal "uninstall puts the settings back" '{"credHelpers":{"other.example":"other"}}' jq -c 'del(.auths)' "$REGISTRY_AUTH_FILE"
}

podman() { limited podman "$@"; }
skopeo() { limited skopeo "$@"; }
buildah() { limited buildah "$@"; }

client_login() { printf '%s\n' "$2" | "$tool" login --tls-verify=false -u "$1" --password-stdin "$host"; }
client_use() { pull "$host/acme/app:1" && push "$host/acme/app:pushed"; }
client_logout() { "$tool" logout "$host"; }
