#!/usr/bin/env bash
# Compares a `get` that reads the client's command line with one that is told repository and direction by variables.
#   command-line.sh PROGRAM [PAIRS]      prints the median of the ratios of PAIRS (40) pairs, each of 200 gets in a row
set -euo pipefail
program=$(realpath "${1:?PROGRAM is missing}") pairs=${2:-40}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file PROGRAM=$program
unset "${!XDG_@}" "${!DOCKER_CREDENTIAL_PAT_R@}" "${!DOCKER_CREDENTIAL_PAT_D@}"
for allowed in pull pull,push; do
  printf 'secret-%s' "$allowed" | "$program" add "${allowed/,/-}" --registry ghcr.io --user me --permission "$allowed" --secret-stdin 2>/dev/null
done
# bash runs this file under docker's name, as `docker buildx build …`.
cat >"$work/buildx" <<'END'
start=$EPOCHREALTIME
for ((i = 0; i < 200; i++)); do "$PROGRAM" get <<<ghcr.io >/dev/null || exit; done
end=$EPOCHREALTIME
echo $((${end/./} - ${start/./}))
END
cd "$work"
line=(buildx build --push --platform linux/amd64,linux/arm64 -t ghcr.io/acme/app:1 -t ghcr.io/acme/app:latest
  --cache-from type=registry,ref=ghcr.io/acme/cache --cache-to "type=registry,ref=ghcr.io/acme/cache,mode=max" --build-arg A=b .)
by_line() (exec -a docker bash "${line[@]}")
by_variables() (
  export DOCKER_CREDENTIAL_PAT_REPOSITORY=ghcr.io/acme/app DOCKER_CREDENTIAL_PAT_DIRECTION=both
  exec -a docker bash "${line[@]}"
)
by_line >/dev/null
for ((pair = 0; pair < pairs; pair++)); do
  if ((pair % 2)); then one=$(by_line) other=$(by_variables); else other=$(by_variables) one=$(by_line); fi
  echo "$one $other"
done >"$work/times"
awk '{ print $1 / $2 }' "$work/times" | sort -n | awk '{ ratio[NR] = $1 } END { printf "get by the command line: %.3f times one by variables (median of %d pairs)\n", ratio[int((NR + 1) / 2)], NR }'
awk '{ one += $1; other += $2 } END { printf "mean of one get: %.3f ms and %.3f ms\n", one / NR / 200000, other / NR / 200000 }' "$work/times"
