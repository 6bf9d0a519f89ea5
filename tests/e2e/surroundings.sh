#!/usr/bin/env bash
# The program in difficult surroundings: full disks, foreign homes, closed streams, odd files, locks. No client is needed.
# The settings of a part end with it: it runs in a subshell, or in this file started again with the part's name in its own namespace.
# shellcheck disable=SC2030,SC2031
source "$(dirname "$0")/lib.sh"
unset XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_RUNTIME_DIR # so that HOME decides, unless a part says otherwise
nobody=65534

limited() { timeout --foreground 30 "$@"; } # what hangs is cut off, and fails

# with NAME=VALUE... CMD...; without NAME CMD...; with_umask MASK CMD...: runs CMD in another environment.
with() (
  while [[ $1 == *=* ]]; do export "${1?}"; shift; done
  "$@"
)
without() (
  unset "$1"
  "${@:2}"
)
with_umask() (
  umask "$1"
  "${@:2}"
)

# run_as precedes the program: another user, another namespace.
run_as=()
pat() { limited "${run_as[@]}" docker-credential-pat "$@"; }
is_root() { [[ $EUID == 0 ]]; }
as_nobody=(setpriv --reuid "$nobody" --regid "$nobody" --clear-groups)

# open_to_others: lets other users reach the program, and prints a folder that belongs to them.
open_to_others() {
  local folder=$GROUP_DIR/$nobody
  mkdir -p "$folder" && chmod o+x "${GROUP_DIR%/*}" "$GROUP_DIR" && chown "$nobody:$nobody" "$folder" 2>/dev/null &&
    install -m 755 "$(type -P docker-credential-pat)" "$GROUP_DIR/docker-credential-pat" && echo "$folder"
}

sign_out() { printf '%s' "$1" | pat erase; }

data=.local/share/docker-credential-pat
vault=$data/vault
files() { (cd "$1" && find . -mindepth 1 | sort | paste -sd " "); }
# state DIR: prints every file there, with owner, mode, time and content, except the log, to which each request adds a line.
state() {
  find "$1" ! -name usage.jsonl -exec stat -c '%n %u:%g %a %s %y' {} + | sort
  find "$1" -name usage.jsonl -exec stat -c '%n %u:%g %a' {} + | sort
  find "$1" -type f ! -name usage.jsonl -exec sha256sum {} + | sort
}
# unchanged DIR CMD...: runs CMD, which must leave DIR as it is, and returns its exit code.
unchanged() {
  local before after code
  before=$(state "$1")
  "${@:2}"
  code=$?
  after=$(state "$1")
  [[ $before == "$after" ]] || { diff <(echo "$before") <(echo "$after"); return 99; }
  return "$code"
}

# in_namespace PART: runs a part of this file in a namespace in which this user may mount.
in_namespace() {
  local namespace=(unshare --mount)
  need unshare mount
  "${namespace[@]}" true 2>/dev/null || namespace=(unshare --user --map-root-user --mount)
  mkdir -p "$HOME/mounted"
  "${namespace[@]}" mount -t tmpfs none "$HOME/mounted" 2>/dev/null || skip "${1//_/ }: this user may not mount"
  "${namespace[@]}" bash "$0" "$1"
}

full_disk() {
  local disk=$HOME/mounted limit folder fresh
  # Blocks run out, or names do.
  for limit in size=128k nr_inodes=32; do
    mount -t tmpfs -o "$limit" none "$disk" || give_up "full disk: it mounts" "$limit"
    export XDG_DATA_HOME=$disk/data XDG_CONFIG_HOME=$disk/config
    folder=$XDG_DATA_HOME/docker-credential-pat
    check "full disk ($limit): store while there is room" put a.example alice one
    check "full disk ($limit): and another" put b.example bob two
    fill "$disk" "$limit"
    ends "full disk ($limit): store names the vault and the cause" 1 "cannot write $folder/vault: No space left" put c.example carol three
    ends "full disk ($limit): and says what to do" 1 'hint: make room' put c.example carol three
    ends "full disk ($limit): a new secret is refused too" 1 'No space left' put a.example alice new
    equal "full disk ($limit): the first secret is given" one given a.example
    equal "full disk ($limit): the second secret is given" two given b.example
    equal "full disk ($limit): nothing half written is left" "./vault ./vault.lock" files "$folder"
    fresh=$disk/fresh
    ends "full disk ($limit): no vault begins" 1 'No space left' with XDG_DATA_HOME="$fresh" XDG_CONFIG_HOME="$fresh" put a.example alice one
    rm -r "$disk"/filler*
    check "full disk ($limit): store once there is room" put a.example alice new
    equal "full disk ($limit): its secret is given" new given a.example
    check "full disk ($limit): a vault begins once there is room" with XDG_DATA_HOME="$fresh" XDG_CONFIG_HOME="$fresh" put a.example alice one
    equal "full disk ($limit): its secret is given there" one with XDG_DATA_HOME="$fresh" XDG_CONFIG_HOME="$fresh" given a.example
    umount "$disk"
  done
}

# fill DIR LIMIT: writes until nothing more fits. The folder's own file system refuses at that point, so the loop ends.
fill() {
  local number=0
  if [[ $2 == size=* ]]; then
    head -c 1M /dev/zero >"$1/filler" 2>/dev/null
  else
    while touch "$1/filler$((number++))" 2>/dev/null; do :; done
  fi
}

read_only() {
  export HOME=$HOME/mounted
  mount -t tmpfs none "$HOME" || give_up "read-only home: it mounts" tmpfs
  check "read-only home: store before" put a.example alice one
  mount -o remount,bind,ro "$HOME" || give_up "read-only home: it becomes read-only" remount
  equal "read-only home: get" one given a.example
  ends "read-only home: get of what is not there" 1 '^credentials not found' ask b.example
  equal "read-only home: list" '{"a.example":"alice"}' pat list
  ends "read-only home: ls" 0 'alice@a\.example' pat ls
  ends "read-only home: store tells where and why not" 1 "cannot write $HOME/$data/.*: Read-only file system" put b.example bob two
  ends "read-only home: a new secret is refused too" 1 'Read-only file system' put a.example alice new
  check "read-only home: erase of what is not there" sign_out b.example
  ends "read-only home: erase of what is there is refused" 1 'Read-only file system' sign_out a.example
  ends "read-only home: install is refused" 1 'Read-only file system' pat install
  equal "read-only home: nothing was lost" one given a.example
  mount -o remount,bind,rw "$HOME"
  check "read-only home: store once it is writable" put b.example bob two
  equal "read-only home: its secret is given" two given b.example
}

# A systemd unit has no HOME: https://github.com/moby/moby/issues/11287.
registered_home() {
  local home=$HOME/mounted
  grep -q '^ *0 *0 ' /proc/self/uid_map || skip "registered home: only root outside a user namespace has one here"
  sed "s#^root:.*#root:x:0:0:root:$home:/bin/sh#" /etc/passwd >"$HOME/passwd"
  mount --bind "$HOME/passwd" /etc/passwd || give_up "registered home: it mounts" passwd
  check "registered home: store" with HOME="$home" put a.example alice one
  equal "registered home: get with HOME unset" one without HOME given a.example
  equal "registered home: get with HOME empty" one with HOME= given a.example
  check "registered home: store with HOME unset" without HOME put b.example bob two
  equal "registered home: list" '{"a.example":"alice","b.example":"bob"}' without HOME pat list
  check "registered home: erase with HOME empty" with HOME= sign_out b.example
  ends "registered home: that holds" 1 '^credentials not found' with HOME="$home" ask b.example
}

# As podman unshare and rootless builds run it: root in there, an ordinary user outside.
user_namespace() (
  need unshare
  local outside=() inside mapping owner=$EUID
  if is_root; then
    need setpriv
    outside=("${as_nobody[@]}")
    owner=$nobody
    HOME=$(open_to_others) || skip "user namespace: files cannot be given to another user"
    export PATH=$GROUP_DIR:$PATH
  fi
  export HOME=$HOME/namespace
  for mapping in --map-root-user ""; do
    inside=("${outside[@]}" unshare --user ${mapping:+"$mapping"})
    run_as=("${inside[@]}")
    pat version >/dev/null 2>&1 || skip "user namespace $mapping: not permitted"
    run_as=("${outside[@]}")
    check "user namespace $mapping: store outside" put a.example alice one
    run_as=("${inside[@]}")
    equal "user namespace $mapping: get inside" one given a.example
    check "user namespace $mapping: store inside" put b.example bob two
    equal "user namespace $mapping: list inside" '{"a.example":"alice","b.example":"bob"}' pat list
    ends "user namespace $mapping: HOME unset inside: get finds nothing" 1 '^credentials not found' without HOME ask a.example
    ends "user namespace $mapping: HOME unset inside: store tells" 1 'neither HOME nor the user database' without HOME put a.example alice one
    run_as=("${outside[@]}")
    equal "user namespace $mapping: get outside what was stored inside" two given b.example
    equal "user namespace $mapping: every file is still the outer user's" "$owner" owners
    equal "user namespace $mapping: vault and key are the owner's alone" "600 600" key_modes
    run_as=("${inside[@]}")
    check "user namespace $mapping: erase inside" sign_out b.example
    run_as=("${outside[@]}")
    ends "user namespace $mapping: that holds outside" 1 '^credentials not found' ask b.example
    rm -r "$HOME"
    run_as=("${inside[@]}")
    check "user namespace $mapping: a vault begins inside" put c.example carol three
    run_as=("${outside[@]}")
    equal "user namespace $mapping: get outside from that" three given c.example
    equal "user namespace $mapping: it is the outer user's" "$owner" owners
    rm -r "$HOME"
  done
)

owners() { find "$HOME" -exec stat -c %u {} + | sort -u | paste -sd " "; }
key_modes() { stat -c %a "$HOME/$vault" "$HOME/.config/docker-credential-pat/key" | paste -sd " "; }

# sudo that leaves HOME as it was.
foreign_home() (
  is_root || skip "another user's home: only root can be there"
  need setpriv
  local theirs fresh
  theirs=$(open_to_others) || skip "another user's home: files cannot be given to another user"
  export PATH=$GROUP_DIR:$PATH
  export HOME=$theirs/home
  fresh=$theirs/fresh
  install -d -o "$nobody" -g "$nobody" "$HOME" "$fresh"
  run_as=("${as_nobody[@]}")
  pat version >/dev/null 2>&1 || skip "another user's home: nothing runs as another user"
  check "another user's home: they store" put a.example alice one
  run_as=()
  equal "another user's home: root gets" one given a.example
  equal "another user's home: root lists" '{"a.example":"alice"}' pat list
  ends "another user's home: root's store is refused" 1 "belongs to another user \(id $nobody\)" unchanged "$HOME" put b.example bob two
  ends "another user's home: and told what to do" 1 'hint: run it as that user, or set HOME' put b.example bob two
  ends "another user's home: root's erase is refused" 1 'belongs to another user' unchanged "$HOME" sign_out a.example
  check "another user's home: erase of what is not there" unchanged "$HOME" sign_out b.example
  ends "another user's home: root's install is refused" 1 'belongs to another user' unchanged "$HOME" pat install
  ends "another user's home: no vault begins there" 1 'belongs to another user' with HOME="$fresh" unchanged "$fresh" put b.example bob two
  ends "another user's home: nor below it" 1 'belongs to another user' with HOME="$fresh/deep/home" unchanged "$fresh" put b.example bob two
  ends "another user's home: nor is Docker set up" 1 'belongs to another user' with HOME="$fresh" unchanged "$fresh" pat install
  ends "another user's home: get in an empty one" 1 '^credentials not found' with HOME="$fresh" unchanged "$fresh" ask a.example
  run_as=("${as_nobody[@]}")
  equal "another user's home: they get" one given a.example
  check "another user's home: they store again" put b.example bob two
  equal "another user's home: they get that too" two given b.example
)

home_and_folders() (
  local home=$HOME/folders
  mkdir -p "$home/cwd"
  cd "$home/cwd" || exit
  ends "HOME unset: version needs none" 0 '^docker-credential-pat' without HOME pat version
  ends "HOME names no home: get finds nothing" 1 '^credentials not found' with HOME=/nonexistent ask a.example
  ends "HOME names no home: store tells" 1 'hint: set HOME' with HOME=/nonexistent put a.example alice one
  ends "HOME relative: get tells" 1 'HOME is not an absolute path: home' with HOME=home ask a.example
  ends "HOME relative: store tells" 1 'HOME is not an absolute path: home' with HOME=home put a.example alice one
  ends "HOME is a device: store tells" 1 'cannot write /dev/null/.*: Not a directory' with HOME=/dev/null put a.example alice one

  ends "HOME not there yet: get finds nothing" 1 '^credentials not found' with HOME="$home/new/home" ask a.example
  equal "HOME not there yet: get makes nothing" "./cwd" files "$home"
  check "HOME not there yet: store" with HOME="$home/new/home" put a.example alice one
  equal "HOME not there yet: get" one with HOME="$home/new/home" given a.example
  equal "HOME not there yet: it is the owner's alone" "700 700" eval 'stat -c %a "$home/new" "$home/new/home" | paste -sd " "'
  check "HOME with blanks and more: store" with HOME="$home/a b/ü字'\"" put a.example alice one
  equal "HOME with blanks and more: get" one with HOME="$home/a b/ü字'\"" given a.example

  # https://specifications.freedesktop.org/basedir-spec/latest/: relative paths are to be ignored, and empty means unset.
  check "XDG variables relative: store" with HOME="$home/xdg" XDG_DATA_HOME=data XDG_CONFIG_HOME=./config put a.example alice one
  check "XDG variables relative: the vault is where it is without them" test -s "$home/xdg/$vault"
  equal "XDG variables relative: get" one with HOME="$home/xdg" given a.example
  check "XDG variables empty: store" with HOME="$home/xdg" XDG_DATA_HOME= XDG_CONFIG_HOME= put b.example bob two
  equal "XDG variables empty: the same vault" two with HOME="$home/xdg" given b.example
  check "XDG variables elsewhere: store" with HOME="$home/xdg" XDG_DATA_HOME="$home/data" XDG_CONFIG_HOME="$home/config" put c.example carol three
  equal "XDG variables elsewhere: the vault is there" "./config/docker-credential-pat/key ./data/docker-credential-pat/vault" \
    eval "cd '$home' && find ./data ./config -name key -o -name vault | sort | paste -sd ' '"
  ends "XDG variables elsewhere: and not at home" 1 '^credentials not found' with HOME="$home/xdg" ask c.example
  equal "none of this wrote into the working folder" "" files .
)

docker_folder() (
  export HOME=$HOME/docker-folder
  mkdir -p "$HOME/cwd"
  cd "$HOME/cwd" || exit
  local folder
  for folder in "$HOME/absolute" relative ./dotted "$HOME/a b/ü字'\"" "relative b/ü字" "$HOME/slash/"; do
    check "DOCKER_CONFIG=${folder/#$HOME/\~}: install" with DOCKER_CONFIG="$folder" pat install
    equal "DOCKER_CONFIG=${folder/#$HOME/\~}: it is set there" pat jq -r .credsStore "$folder/config.json"
    check "DOCKER_CONFIG=${folder/#$HOME/\~}: uninstall" with DOCKER_CONFIG="$folder" pat uninstall
    equal "DOCKER_CONFIG=${folder/#$HOME/\~}: it is no longer set there" '{}' jq -c . "$folder/config.json"
  done
  check "none of this touched the usual place" test ! -e "$HOME/.docker"
  check "DOCKER_CONFIG empty: install" with DOCKER_CONFIG= pat install
  equal "DOCKER_CONFIG empty: it is set in the usual place" pat jq -r .credsStore "$HOME/.docker/config.json"
  mkdir other
  ln -s other linked
  for folder in other other/ ./other ../cwd/other linked "$PWD/other"; do
    echo '{"credsStore": "desktop"}' >other/config.json
    check "DOCKER_CONFIG=${folder/#$HOME/\~}: install instead of another helper" with DOCKER_CONFIG="$folder" pat install
    check "DOCKER_CONFIG=${folder/#$HOME/\~}: uninstall under another spelling" with DOCKER_CONFIG="$HOME/cwd/other" pat uninstall
    equal "DOCKER_CONFIG=${folder/#$HOME/\~}: the other helper is back" desktop jq -r .credsStore other/config.json
  done
)

# What a closed or full stream makes of the exit code.
no_stdout() { "$@" >&-; }
full_stdout() { "$@" >/dev/full; }
no_output() { "$@" >&- 2>&-; }
no_stream() { "$@" <&- >&- 2>&-; }
# The null device as Python's DEVNULL, Node's "ignore" and daemon(3) open it, for reading and writing.
null_stdout() { "$@" 1<>/dev/null; }
# unread KEY VERB: the pipe for the answer has lost its reader before the program starts.
unread() (
  local both answer
  mkfifo "$HOME/answer"
  exec {both}<>"$HOME/answer" {answer}>"$HOME/answer" {both}>&-
  rm "$HOME/answer"
  printf '%s' "$1" | pat "$2" >&"$answer"
)

# honest_store STREAM KEY: stores under STREAM; the exit code tells the truth.
honest_store() {
  local code is_stored=no
  "$1" put "$2" alice "secret for $1"
  code=$?
  [[ $(given "$2") == "secret for $1" ]] && is_stored=yes
  [[ $code$is_stored == 0yes || $code$is_stored == 1no ]] || { echo "exit $code, stored: $is_stored"; return 1; }
}

honest_erase() {
  local code is_there=no
  put gone.example alice s3cret
  "$1" sign_out gone.example
  code=$?
  ask gone.example >/dev/null && is_there=yes
  [[ $code$is_there == 0no || $code$is_there == 1yes ]] || { echo "exit $code, still there: $is_there"; return 1; }
}

# undelivered WHAT STREAM PATTERN: no answer is a success when STREAM does not take it.
undelivered() {
  ends "$1: get does not succeed" 1 "$3" "$2" ask a.example
  ends "$1: get of what is not there does not succeed" 1 "$3" "$2" ask none.example
  ends "$1: list does not succeed" 1 "$3" "$2" pat list
  ends "$1: version does not succeed" 1 "$3" "$2" pat version
  ends "$1: ls does not succeed" 1 "$3" "$2" pat ls
  ends "$1: show --reveal does not succeed" 1 "$3" "$2" pat show alice@a.example --reveal
  honest "$1" "$2"
}

# honest WHAT STREAM: the exit codes of changes are right under STREAM.
honest() {
  check "$1: store reports the truth" honest_store "$2" new.example
  check "$1: a new secret, the same" honest_store "$2" a.example
  check "$1: erase reports the truth" honest_erase "$2"
}

# thrown_away WHAT STREAM: under STREAM nobody wants an answer, so that a request without one succeeds. A closed stdout
# looks like the null device: the start of a Rust program opens that in its place.
thrown_away() {
  check "$1: get" "$2" ask a.example
  ends "$1: get of what is not there" 1 '' "$2" ask none.example
  check "$1: list" "$2" pat list
  honest "$1" "$2"
}

streams() (
  export HOME=$HOME/streams
  check "streams: store" put a.example alice one
  undelivered "stdout full" full_stdout 'cannot write the answer: No space left'
  thrown_away "stdout closed" no_stdout
  thrown_away "stdout and stderr closed" no_output
  thrown_away "stdout thrown away" null_stdout
  ends "nobody reads: get does not succeed" 1 'cannot write the answer' unread a.example get
  ends "nobody reads: list does not succeed" 1 'cannot write the answer' unread '' list

  ends "stdin closed: get" 1 '^no credentials server URL' eval 'pat get <&-'
  ends "stdin closed: erase" 1 '^no credentials server URL' eval 'pat erase <&-'
  ends "stdin closed: store" 1 '^the request is not' eval 'pat store <&-'
  ends "stdin closed: list needs none" 0 '"a\.example":"alice"' eval 'pat list <&-'
  ends "stdin a folder: get" 1 'cannot read the request' eval 'pat get </'
  ends "stdin a folder: store" 1 'cannot read the request' eval 'pat store </'

  check "stderr closed: store" eval 'put b.example bob two 2>&-'
  equal "stderr closed: get" two eval 'given b.example 2>&-'
  ends "stderr closed: get of what is not there" 1 '^credentials not found' eval 'ask none.example 2>&-'
  ends "stderr closed: list" 0 '"b\.example":"bob"' eval 'pat list 2>&-'
  # A file that is opened then takes the place of a stream: nothing may be written into it by mistake.
  ends "all closed: get does not succeed" 1 '^$' no_stream pat get
  ends "all closed: store does not succeed" 1 '^$' no_stream pat store
  equal "all closed: the vault is as it was" two given b.example
)

odd_files() (
  export HOME=$HOME/odd-files
  local at=$HOME/$vault kind name
  check "odd files: store" put a.example alice one
  mv "$at" "$HOME/real"
  for kind in pipe folder dangling; do
    case $kind in
      pipe) mkfifo "$at" ;;
      folder) mkdir "$at" ;;
      dangling) ln -s "$HOME/nowhere/vault" "$at" ;;
    esac
    ends "$kind for a vault: get tells" 1 "$at" ask a.example
    ends "$kind for a vault: store tells" 1 "$at" put b.example bob two
    ends "$kind for a vault: list tells" 1 "$at" pat list
    ends "$kind for a vault: erase tells" 1 "$at" sign_out a.example
    ends "$kind for a vault: ls tells" 1 "$at" pat ls
    equal "$kind for a vault: nothing came of it" "./vault ./vault.lock" files "$HOME/$data"
    rm -r "$at"
  done
  check "dangling for a vault: nothing was made at its end" test ! -e "$HOME/nowhere"

  mv "$HOME/real" "$at"
  for name in lock new; do
    rm -f "$at.$name"
    mkfifo "$at.$name"
    check "pipe for vault.$name: store does not wait for it" eval 'put d.example dave four; (($? <= 1))'
    rm -f "$at.$name"
  done

  mkdir "$HOME/elsewhere"
  mv "$at" "$HOME/elsewhere/real"
  ln -s ../../../elsewhere/real "$at"
  equal "link for a vault: get" one given a.example
  check "link for a vault: store" put b.example bob two
  equal "link for a vault: it is still one" ../../../elsewhere/real readlink "$at"
  equal "link for a vault: both secrets are given" "one two" eval 'echo "$(given a.example) $(given b.example)"'
  equal "link for a vault: its end is the owner's alone" 600 stat -c %a "$HOME/elsewhere/real"
  equal "link for a vault: nothing half written is left there" "./real ./real.lock" files "$HOME/elsewhere"

  local config=$HOME/.config/docker-credential-pat
  mv "$config/key" "$HOME/key"
  mkfifo -m 600 "$config/key"
  ends "pipe for a key: get tells" 1 "$config/key" ask a.example
  ends "pipe for a key: store tells" 1 "$config/key" put c.example carol three
  rm "$config/key"
  ends "no key: get tells" 1 "key file $config/key is missing" ask a.example
  ends "no key: store makes no other" 1 "key file $config/key is missing" put c.example carol three
  ends "no key: list needs none" 0 '"a\.example":"alice","b\.example":"bob"' pat list
  mv "$HOME/key" "$config/key"
  check "odd files gone: store" put c.example carol three
  equal "odd files gone: get" three given c.example
)

# Root may pass any mode, so root is another user here.
masks() (
  local mask home=$HOME
  if is_root; then
    need setpriv
    home=$(open_to_others) || skip "umask: files cannot be given to another user"
    export PATH=$GROUP_DIR:$PATH
    run_as=("${as_nobody[@]}")
    pat version >/dev/null 2>&1 || skip "umask: nothing runs as another user"
  fi
  for mask in 000 077 777; do
    export HOME=$home/umask-$mask
    check "umask $mask: store" with_umask "$mask" put a.example alice one
    check "umask $mask: store again" with_umask "$mask" put b.example bob two
    equal "umask $mask: get" one with_umask "$mask" given a.example
    check "umask $mask: install" with_umask "$mask" pat install
    equal "umask $mask: folders are for their owner alone" 700 modes_of d
    equal "umask $mask: and so are files" 600 modes_of f
    chmod -R u+rwx "$HOME" # else nobody could remove them
  done
)

modes_of() { find "$HOME" -type "$1" -exec stat -c %a {} + | sort -u | paste -sd " "; }

locks() (
  need flock
  export HOME=$HOME/locks
  check "lock: store" put a.example alice one
  # It is held until $HOME/hold.end is there, or for 30 s.
  bg "$server" holder flock "$HOME/$vault.lock" \
    sh -c 'touch "$0.held"; for _ in $(seq 1500); do test -e "$0.end" && break; sleep 0.02; done; touch "$0.free"' "$HOME/hold"
  end_hold_later() { sleep 0.5; touch "$HOME/hold.end"; }
  wait_for "the lock" test -e "$HOME/hold.held" || give_up "lock: another process takes it" "$(<"$server/holder.log")"
  equal "lock: get does not wait" one given a.example
  equal "lock: list does not wait" '{"a.example":"alice"}' pat list
  check "lock: nor does erase of what is not there" sign_out b.example
  check "lock: it was held all the while" test ! -e "$HOME/hold.free"
  end_hold_later &
  check "lock: store succeeds" put b.example bob two
  check "lock: it waited" test -e "$HOME/hold.free"
  equal "lock: its secret is given" two given b.example
  stop_pid "$server/holder.pid"
)

if (($#)); then
  "$1"
  exit
fi
(in_namespace full_disk)
(in_namespace read_only)
(in_namespace registered_home)
user_namespace
foreign_home
home_and_folders
docker_folder
streams
odd_files
masks
locks
