#!/usr/bin/env bash
# Prism (npm) between a client and a server, on a free port of 127.0.0.1: what does not fit an OpenAPI description, request or
# answer, becomes an error.
#   prism.sh install                 once, into TOOLS_CACHE; a failure is told, and is no error
#   prism.sh up DIR SPEC UPSTREAM    DIR/prism-host tells where it listens; exit 3 where it is not installed
#   prism.sh stop DIR
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source "$here/lib.sh"
mode=${1:-}
cache=${TOOLS_CACHE:-$HOME/.cache/docker-credential-pat-tests}
prism=$cache/node_modules/@stoplight/prism-cli/dist/index.js

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

case $mode in
install)
  [[ -e $prism ]] && exit
  type -P node npm >/dev/null || { echo "no Prism: node or npm is not installed"; exit; }
  mkdir -p "$cache"
  timeout 240 npm install --prefix "$cache" --ignore-scripts --no-audit --no-fund --loglevel error @stoplight/prism-cli@5.16 \
    </dev/null >"$cache/npm.log" 2>&1 || echo "no Prism: npm does not bring it: $(tail -n 1 "$cache/npm.log")"
  ;;
up)
  DIR=$(realpath -m "${2:?DIR}")
  type -P node >/dev/null && [[ -e $prism ]] || { echo "Prism is not installed"; exit 3; }
  port=$("$(python_with socket)" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  bg "$DIR" prism env SCARF_ANALYTICS=false node "$prism" proxy --errors -h 127.0.0.1 -p "$port" "$(realpath "$3")" "$4"
  wait_for prism port_open "$port" || { tail -n 5 "$DIR/prism.log"; exit 1; }
  echo "127.0.0.1:$port" >"$DIR/prism-host"
  ;;
stop) stop_pid "$(realpath -m "${2:?DIR}")/prism.pid" ;;
*) sed -n '2,6s/^# //p' "$0"; exit 2 ;;
esac
