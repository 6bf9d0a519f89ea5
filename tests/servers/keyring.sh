#!/usr/bin/env bash
# A Secret Service (gnome-keyring) without a desktop: on a session bus of its own, with a home of its own.
#   keyring.sh up DIR         starts bus and keyring, unlocked; DIR/env is for sourcing
#   keyring.sh lock DIR       locks the login collection
#   keyring.sh unlock DIR     unlocks it again, by a new daemon: nobody is there to type the password
#   keyring.sh kill DIR       kills the keyring; the bus stays
#   keyring.sh nodaemon DIR   starts a bus alone, on which nothing can be started
#   keyring.sh run DIR CMD…   runs CMD with that bus and home
#   keyring.sh stop DIR
set -uo pipefail
source "$(dirname "$0")/lib.sh"
mode=${1:-} DIR=$(realpath -m "${2:?DIR}")

die() { echo "keyring.sh: $*" >&2; stop_all "$DIR"; exit 1; }

start_bus() {
  mkdir -p "$DIR"/home "$DIR"/run "$DIR"/services
  chmod 700 "$DIR" "$DIR/run"
  # The folder of services is empty: nothing is started behind the test's back.
  cat >"$DIR/bus.conf" <<BUS
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=$DIR/run/bus</listen><servicedir>$DIR/services</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
BUS
  bg "$DIR" bus dbus-daemon --config-file="$DIR/bus.conf" --nofork --nopidfile
  wait_for "the bus" test -S "$DIR/run/bus" || die "$(tail -n 5 "$DIR/bus.log")"
  printf 'export HOME=%q XDG_RUNTIME_DIR=%q DBUS_SESSION_BUS_ADDRESS=%q\nunset XDG_DATA_HOME XDG_CONFIG_HOME XDG_CACHE_HOME DISPLAY WAYLAND_DISPLAY\n' \
    "$DIR/home" "$DIR/run" "unix:path=$DIR/run/bus" >"$DIR/env"
}

in_env() { (source "$DIR/env" && "$@"); }

has_keyring() {
  in_env dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
    string:org.freedesktop.secrets | grep -q true
}

start_daemon() {
  # With --unlock it reads the password to the end of its input, and makes the login collection where there is none.
  printf test >"$DIR/run/password"
  # exec: so that the process recorded is the daemon.
  (source "$DIR/env" && exec gnome-keyring-daemon --foreground --unlock --components=secrets) \
    <"$DIR/run/password" >>"$DIR/keyring.log" 2>&1 &
  echo $! >"$DIR/keyring.pid"
  wait_for "the keyring" has_keyring || die "$(tail -n 5 "$DIR/keyring.log")"
  rm -f "$DIR/run/password"
}

case $mode in
up) start_bus && start_daemon ;;
nodaemon) start_bus ;;
lock)
  in_env dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \
    org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >/dev/null
  ;;
unlock)
  stop_pid "$DIR/keyring.pid"
  start_daemon
  ;;
kill)
  kill -KILL "$(<"$DIR/keyring.pid")"
  rm -f "$DIR/keyring.pid"
  ;;
run)
  shift 2
  # shellcheck disable=SC1091 # made by "up"
  source "$DIR/env"
  exec "$@"
  ;;
stop) stop_all "$DIR" ;;
*)
  sed -n '2,10s/^# //p' "$0"
  exit 2
  ;;
esac
