# shellcheck shell=bash
# Sourced: starts a stand-in for Docker Hub, and runs the program as alice, who signs in by password.
password=pw-canary-of-alice

# start_hub: sets hub_url, the address of the stand-in.
start_hub() {
  bg "$server" hub "$(python_with json)" "$servers/hub-double.py"
  wait_for "the stand-in for Docker Hub" grep -q listening "$server/hub.log" || give_up "the stand-in starts" "$(<"$server/hub.log")"
  hub_url=http://$(sed -n 's/^listening on //p' "$server/hub.log")
  export DOCKER_CREDENTIAL_PAT_HUB_URL=$hub_url
}

# start_prism: sends every later call through Prism, which checks it against the description of Docker Hub in HUB_SPEC; false if
# there is none, or Prism cannot start.
start_prism() {
  local why
  [[ -n $HUB_SPEC ]] || { echo "note $GROUP: HUB_SPEC names no description of Docker Hub; calls are not held against one"; return 1; }
  why=$("$servers/prism.sh" up "$server" "$HUB_SPEC" "$hub_url") || { echo "note $GROUP: $why; calls are not held against Docker's description"; return 1; }
  DOCKER_CREDENTIAL_PAT_HUB_URL=http://$(<"$server/prism-host")
}

# control JSON: sets one of the stand-in's own switches.
control() { "$(python_with urllib)" -c 'import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1] + "/_ctl", sys.argv[2].encode()).read().decode())' "$hub_url" "$1"; }
hub() { printf '%s\n' "$password" | pat hub "$@" --user alice --password-stdin; }
