#!/usr/bin/env bash
# Runs real clients against docker-credential-pat, each in a home of its own and against servers on this machine alone.
#   run.sh BIN_DIR [GROUP...]      BIN_DIR holds docker-credential-pat; without GROUP all of them run except those in by_name
#   run.sh --list                  lists the groups
# Servers listen on ports that the system chooses, so several run.sh may run at the same time.
# KEEP=1 keeps the folder with the homes and the servers' logs. The last line is "N passed, N failed, N skipped".
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# The longest come first, so that groups that run in parallel finish together.
all=(memory memory-verbs first-contact verify engine keys import docker-py surroundings docker docker-token docker-identity docker-engine podman skopeo buildah
  client-options tokens-docker tokens-podman tokens-skopeo tokens-buildah tokens-keys hub coding terminal packaging completions)
by_name=(clients) # run only when they are named

list() {
  local group note
  for group in "${all[@]}" ${by_name[@]+"${by_name[@]}"}; do
    note=
    [[ " ${all[*]} " == *" $group "* ]] || note=" (only by name)"
    printf '%-15s %s%s\n' "$group" "$(sed -n '2s/^# //p' "$here/$group.sh")" "$note"
  done
}
[[ ${1-} != --list ]] || { list; exit; }

wrong_usage() { echo "$1" >&2; sed -n '3s/^# *//p' "$0" >&2; echo "groups: ${all[*]} ${by_name[*]-}" >&2; exit 2; }

[[ -x ${1:-}/docker-credential-pat ]] || wrong_usage "run.sh: no docker-credential-pat in ${1:-BIN_DIR}"
bin=$(cd "$1" && pwd)
shift
(($#)) || set -- "${all[@]}"
for group; do [[ " ${all[*]} ${by_name[*]-} " == *" $group "* ]] || wrong_usage "run.sh: no group $group"; done
for tool in jq setsid; do command -v "$tool" >/dev/null || { echo "run.sh: $tool is not installed" >&2; exit 2; }; done

# A short path, because the name of a Unix socket is limited to 108 bytes.
work=$(mktemp -d /tmp/e2e.XXXXXX)
results=$work/results
: >"$results"
child=

# A group leads its own session, so this also reaches its clients; its EXIT trap then stops its servers.
stop() { [[ -z $child ]] || { kill -- "-$child" 2>/dev/null; wait "$child" 2>/dev/null; child=; }; }
# Image layers contain folders that even their owner may not write to.
clean_up() { stop; [[ -n ${KEEP:-} ]] || { chmod -R u+w "$work"; rm -rf "$work"; }; }
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Nothing of the caller's environment reaches a group: no DOCKER_*, no session bus, no proxy, no terminal to ask on.
run_group() {
  local dir=$work/$1 home=$work/$1/home before
  mkdir -p "$home/tmp" "$dir/server"
  mkdir -m 700 "$home/run"
  before=$(wc -l <"$results")
  setsid env -i PATH="$bin:$PATH" LC_ALL=C.UTF-8 TERM=dumb PYTHON="${PYTHON:-}" PYTHONDONTWRITEBYTECODE=1 \
    HUB_SPEC="${HUB_SPEC:-}" TOOLS_CACHE="$TOOLS_CACHE" BIN="$bin" OTHER_BIN="${OTHER_BIN:-}" \
    HOME="$home" XDG_CONFIG_HOME="$home/.config" XDG_DATA_HOME="$home/.local/share" XDG_STATE_HOME="$home/.local/state" \
    XDG_CACHE_HOME="$home/.cache" XDG_RUNTIME_DIR="$home/run" TMPDIR="$home/tmp" \
    GROUP="$1" GROUP_DIR="$dir" RESULTS="$results" bash "$here/$1.sh" </dev/null 2>&1 &
  child=$!
  if ! wait "$child" || (($(wc -l <"$results") == before)); then
    echo "FAIL $1: the group did not come to its end"
    echo failed >>"$results"
  fi
  kill -- "-$child" 2>/dev/null # what the group forgot to end
  child=
}

# The caller's npm settings are for installing Prism, which checks calls against a published description.
export TOOLS_CACHE=${TOOLS_CACHE:-$HOME/.cache/docker-credential-pat-tests}
for group; do if [[ $group == clients ]]; then "$here/install-clients.sh"; fi; done
for group; do if [[ $group == hub && -n ${HUB_SPEC:-} ]]; then "$here/../servers/prism.sh" install; fi; done
for group; do run_group "$group"; done
[[ -z ${KEEP:-} ]] || echo "kept: $work"
count() { grep -c "^$1$" "$results"; }
echo "$(count passed) passed, $(count failed) failed, $(count skipped) skipped"
[[ $(count failed) == 0 ]]
