# shellcheck shell=bash
# Sourced: starts and ends the servers of the tests. What is started is recorded as DIR/NAME.pid and ended by that pid alone.

# bg DIR NAME CMD...: starts CMD with no terminal and no input; its output goes to DIR/NAME.log.
bg() {
  local dir=$1 name=$2
  shift 2
  "$@" </dev/null >>"$dir/$name.log" 2>&1 &
  echo $! >"$dir/$name.pid"
}

# alive PID: true while it runs. An ended process that nobody waits for (a container without an init) does not count.
alive() { kill -0 "$1" 2>/dev/null && ! grep -qs '^State:.Z' "/proc/$1/status"; }

# wait_for WHAT CMD...: runs CMD every 0.02 s until it succeeds; after a minute it gives up.
wait_for() {
  local what=$1 start=$EPOCHSECONDS
  shift
  while ! "$@" >/dev/null 2>&1; do
    ((EPOCHSECONDS - start < 60)) || { echo "gave up waiting for $what" >&2; return 1; }
    sleep 0.02
  done
}

# stop_pid FILE: asks the process recorded in FILE to end; after about 5 s it is killed.
stop_pid() {
  local pid
  [[ -s $1 ]] || return 0
  pid=$(<"$1")
  if alive "$pid"; then
    kill "$pid" 2>/dev/null
    for _ in {1..250}; do alive "$pid" || break; sleep 0.02; done
    if alive "$pid"; then kill -KILL "$pid" 2>/dev/null; fi
  fi
  rm -f "$1"
}

stop_all() {
  local file
  for file in "$1"/*.pid; do stop_pid "$file"; done
}

# python_with MODULE...: prints a Python that has them. The distribution's comes before PATH's, where its packages would be missing.
python_with() {
  local python
  for python in ${PYTHON:-} /usr/bin/python3 python3; do
    "$python" -c "import $(IFS=,; echo "$*")" 2>/dev/null && { echo "$python"; return; }
  done
  return 1
}

# make_ca DIR: an authority of our own (ca.pem), and a certificate of localhost and 127.0.0.1 that it vouches for (srv.pem, srv-key.pem).
make_ca() {
  local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  mkdir -p "$1"
  openssl req -x509 "${key[@]}" -days 2 -subj "/CN=test CA" -addext keyUsage=critical,keyCertSign \
    -keyout "$1/ca-key.pem" -out "$1/ca.pem" 2>/dev/null &&
    openssl req "${key[@]}" -subj /CN=localhost -keyout "$1/srv-key.pem" -out "$1/srv.csr" 2>/dev/null &&
    openssl x509 -req -in "$1/srv.csr" -CA "$1/ca.pem" -CAkey "$1/ca-key.pem" -CAcreateserial -days 2 \
      -extfile <(echo "subjectAltName=DNS:localhost,IP:127.0.0.1") -out "$1/srv.pem" 2>/dev/null
}
