# shellcheck shell=bash
# Sourced: runs the program, and searches its memory at its exit.
python=$(python_with ctypes fcntl termios) || skip "python3 is not installed"
program=docker-credential-pat
folder=$GROUP_DIR/secrets # outside the home: a file for each, as it is and as the request to store it
mkdir "$folder"

# The program hides its memory from its own user, but not from root.
as_tracer=()
((EUID == 0)) || as_tracer=(unshare --user --map-root-user)
"${as_tracer[@]}" true 2>/dev/null || skip "a user namespace to trace in is not permitted"
memscan=("${as_tracer[@]}" "$python" "$here/../memory/memscan.py")
scan() { limited "${memscan[@]}" "$@"; }

# letters COUNT: random letters, so that no part of a secret is in memory by chance.
letters() { "$python" -c 'import secrets, sys; print(secrets.token_hex(int(sys.argv[1]) // 2), end="")' "$1"; }

letters 36 >"$folder/probe"
probe=$(scan --secret "$folder/probe" -- "$program" version 2>&1)
(($? != 3)) || skip "tracing is not permitted: $probe"

# no_trace WHAT ARG...: checks that the program, with the arguments after --, leaves nothing of the secrets in memory.
no_trace() { check "$1: nothing is left" scan "${@:2}"; }
in_home() {
  HOME=$1 XDG_CONFIG_HOME=$1/.config XDG_DATA_HOME=$1/.local/share XDG_STATE_HOME=$1/.local/state "${@:2}"
}

# start_keyring: from now on commands are on the bus of an OS keyring; false if there is none to start.
keyring=$server/keyring
start_keyring() {
  part "the OS keyring" dbus-daemon dbus-send gnome-keyring-daemon secret-tool || return
  ((EUID == 0)) || { skipped_part "the OS keyring" "its bus knows no user of another namespace"; return 1; }
  "$servers/keyring.sh" up "$keyring" || give_up "the keyring starts" "$(tail -n 20 "$keyring"/*.log)"
  export XDG_RUNTIME_DIR=$keyring/run DBUS_SESSION_BUS_ADDRESS=unix:path=$keyring/run/bus
}
