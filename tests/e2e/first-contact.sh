#!/usr/bin/env bash
# Machines as people have them: install, life with it and uninstall, and the same account before, between and after.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
source "$here/podman-family.sh"
need docker-registry htpasswd
program=docker-credential-pat
keyring=$server/keyring
export GNUPGHOME=$server/gnupg
killed=

end_all() {
  [[ ! $killed ]] || kill -KILL "$killed" 2>/dev/null
  stop_pause_process
  [[ ! -d $GNUPGHOME ]] || gpgconf --kill gpg-agent
  stop_all "$keyring"
  stop_servers
}
trap end_all EXIT

# machine NAME: a new home, in which nothing is set up.
machine() {
  export HOME=$GROUP_DIR/home/$1
  export XDG_CONFIG_HOME=$HOME/.config XDG_DATA_HOME=$HOME/.local/share XDG_STATE_HOME=$HOME/.local/state
  export XDG_CACHE_HOME=$HOME/.cache XDG_RUNTIME_DIR=$HOME/run TMPDIR=$HOME/tmp
  config=$HOME/.docker/config.json
  vault=$XDG_DATA_HOME/$program/vault record=$XDG_CONFIG_HOME/$program/setup.json
  mkdir -p "$HOME/.docker" "$TMPDIR" && mkdir -m 700 "$XDG_RUNTIME_DIR"
}

# docker_uses WHAT USER HOST: Docker reaches the image while the registry knows no other account.
docker_uses() { check "$1" used_by "$2" use_here "$3"; }
store() { jq -r '.credsStore // "none"' "$config"; }
# in_plain FILE USER, not_in_plain FILE USER: whether a file contains the login of a user, as clients write it. Both fail without a file.
in_plain() { [[ $(plain_places "$@") == [1-9]* ]]; }
not_in_plain() { [[ $(plain_places "$@") == 0 ]]; }
plain_places() { jq --arg auth "$(printf %s "$2:${secret[$2]}" | base64 -w 0)" '[.auths[]?.auth | select(. == $auth)] | length' "$1"; }
no_setup() { # nothing of install is there
  local file
  for file in "$vault" "$record" "$config.bak"; do [[ ! -e $file ]] || { echo "there is $file"; return 1; }; done
}
# same_file FILE CMD...: CMD's exit code and output, or 99 if it changes FILE.
same_file() {
  local before code
  before=$(cat "$1"; stat -L -c '%i %a %y' "$1")
  "${@:2}"
  code=$?
  [[ $before == "$(cat "$1"; stat -L -c '%i %a %y' "$1")" ]] || { echo "$1 was changed"; return 99; }
  return $code
}
# findings [CMD...]: what doctor finds that is more than a note, as JSON. CMD precedes the program.
findings() {
  "$@" "$program" doctor --json >"$GROUP_DIR/findings" # fails when there are any
  jq -ce '[.findings[] | select(.severity != "note").finding]' "$GROUP_DIR/findings"
}

# docker manifest also says so when a login is refused.
denied+='|no such manifest'
start_registry htpasswd
named=localhost:${host#*:} # another registry, as far as clients know

# plain_laptop: two registries, with an account each, in plain text.
plain_laptop() {
  echo '{"psFormat": "table", "auths": {"other.example": {}}}' >"$config"
  check "docker login at the first registry" login_to "$host" alice "${secret[alice]}"
  check "docker login at the second registry" login_to "$named" bob "${secret[bob]}"
  check "both are in plain text" eval 'in_plain "$config" alice && in_plain "$config" bob'
}

laptop() {
  machine laptop
  plain_laptop
  docker_uses "before: Docker is alice" alice "$host"
  docker_uses "before: Docker is bob at the second" bob "$named"
  refused "before: bob cannot be alice" "$denied" used_by bob use_here "$host"
  ends "install names the logins" 0 "2 logins are in the vault" pat install
  equal "Docker asks this program" pat store
  check "there are a vault, a record and a backup" test -s "$vault" -a -s "$record" -a -s "$config.bak"
  check "no plain text in the backup" not_in_plain "$config.bak" alice
  docker_uses "Docker is still alice" alice "$host"
  docker_uses "Docker is still bob at the second" bob "$named"
  refused "install does not mix them up" "$denied" used_by bob use_here "$host"
  ends "install again changes nothing" 0 "already" same_file "$config" pat install

  check "docker login with another account" login_to "$host" bob "${secret[bob]}"
  docker_uses "then Docker is the other account" bob "$host"
  check "docker logout" docker logout "$host"
  refused "then Docker is not let in" "$denied" use_here "$host"
  check "docker login as before" login_to "$host" alice "${secret[alice]}"
  docker_uses "Docker is alice again" alice "$host"

  ends "import --remove" 0 "taken out of" pat import --remove
  check "no plain text is left" eval 'not_in_plain "$config" alice && not_in_plain "$config" bob'
  check "no secret in any file" no_secret_in_files
  docker_uses "Docker is alice without plain text" alice "$host"
  docker_uses "Docker is bob at the second without plain text" bob "$named"

  ends "uninstall names a login that stays" 0 "at $host .\"alice@" pat uninstall
  equal "uninstall leaves no helper" none store
  check "uninstall writes no plain text" eval 'not_in_plain "$config" alice && not_in_plain "$config" bob'
  check "no secret in any file after uninstall" no_secret_in_files
  refused "Docker has no login then" "$denied" use_here "$host"
  check "install again" pat install
  docker_uses "Docker is alice after install again" alice "$host"
  docker_uses "Docker is bob at the second after install again" bob "$named"
  ends "uninstall --plain-text says where it writes" 0 "at $host,.* are back in ~/.docker/config.json, in plain text" pat uninstall --plain-text
  equal "no helper is left" '["none","table"]' jq -c '[.credsStore // "none", .psFormat]' "$config"
  check "the plain text is back" eval 'in_plain "$config" alice && in_plain "$config" bob'
  docker_uses "Docker is alice, from plain text" alice "$host"
  docker_uses "Docker is bob at the second, from plain text" bob "$named"
}

# with_helper NAME: Docker's login is with another helper, named in its file.
with_helper() {
  local name=$1 helper=docker-credential-$1
  echo "{\"credsStore\": \"$name\"}" >"$config"
  check "$name: docker login" login_to "$host" alice "${secret[alice]}"
  docker_uses "$name: Docker is alice before" alice "$host"
  ends "$name: install" 0 "1 login is in the vault" pat install
  equal "$name: Docker asks this program" pat store
  docker_uses "$name: Docker is still alice" alice "$host"
  ends "$name: import --remove" 0 "1 erased from $helper" pat import --remove
  equal "$name: it has nothing any more" "{}" "$helper" list
  docker_uses "$name: Docker is alice, from the vault alone" alice "$host"
  check "$name: no secret in any file" no_secret_in_files
  ends "$name: uninstall hands the login back" 0 "the login at $host is back in $helper" pat uninstall
  equal "$name: it is Docker's helper again" "$name" store
  equal "$name: it has the login" "{\"$host\":\"alice\"}" eval "$helper list | jq -c ."
  docker_uses "$name: Docker is alice after uninstall" alice "$host"
  check "$name: no secret in any file after uninstall" no_secret_in_files
}

# found_by_docker NAME: there is no config.json, and Docker finds the helper by itself.
found_by_docker() {
  local name=$1 helper=docker-credential-$1
  rm -r "$HOME/.docker"
  check "no config.json, $name: docker login" login_to "$host" alice "${secret[alice]}"
  # Docker names the helper once it writes its file; without the file it has to find it.
  rm -f "$config"
  docker_uses "no config.json, $name: Docker is alice" alice "$host"
  check "no config.json, $name: there is none" test ! -e "$config"
  ends "no config.json, $name: install takes the login over" 0 "instead of \"$name\"" pat install
  docker_uses "no config.json, $name: Docker is still alice" alice "$host"
  ends "no config.json, $name: import --remove" 0 "1 erased from $helper" pat import --remove
  docker_uses "no config.json, $name: Docker is alice, from the vault alone" alice "$host"
  ends "no config.json, $name: uninstall hands the login back" 0 "the login at $host is back in $helper" pat uninstall
  equal "no config.json, $name: it has the login" "{\"$host\":\"alice\"}" eval "$helper list | jq -c ."
  docker_uses "no config.json, $name: Docker is alice after uninstall" alice "$host"
}

# without_pass CMD...: where pass is in PATH, Docker takes it before the keyring; a folder of links to all tools has none.
without_pass() {
  local folder=$GROUP_DIR/no-pass
  mkdir -p "$folder"
  ln -sf /usr/bin/* /bin/* "$folder/" 2>/dev/null
  ln -sf "$(type -P docker)" "$(type -P $program)" "$folder/"
  rm -f "$folder/pass" "$folder/docker-credential-pass"
  PATH=$folder "$@"
}

desktop() {
  machine desktop
  mkdir -p "$keyring"
  "$servers/keyring.sh" up "$keyring" || give_up "the keyring starts" "$(tail -n 20 "$keyring"/*.log)"
  export DBUS_SESSION_BUS_ADDRESS=unix:path=$keyring/run/bus
  with_helper secretservice
  machine desktop-found
  docker-credential-secretservice erase <<<"$host"
  without_pass found_by_docker secretservice
  docker-credential-secretservice erase <<<"$host"
  unset DBUS_SESSION_BUS_ADDRESS
}

with_pass() {
  machine pass
  export PASSWORD_STORE_DIR=$HOME/.password-store
  mkdir -m 700 "$GNUPGHOME"
  gpg --batch --quiet --passphrase '' --quick-generate-key test@example.com default default never
  check "pass init" pass init test@example.com
  with_helper pass
  machine pass-found
  export PASSWORD_STORE_DIR=$HOME/.password-store
  check "pass init in another home" pass init test@example.com
  found_by_docker pass

  # The key is away, as on a machine to which only the store was copied.
  machine pass-without-key
  export PASSWORD_STORE_DIR=$HOME/.password-store
  check "pass init in a third home" pass init test@example.com
  echo '{"credsStore": "pass"}' >"$config"
  check "no key: docker login, while it is there" login_to "$host" alice "${secret[alice]}"
  mv "$GNUPGHOME/private-keys-v1.d" "$server/keys-away"
  gpgconf --kill gpg-agent
  refused "no key: pass does not answer Docker" "$denied|error getting credentials" use_here "$host"
  ends "no key: install refuses, and names the way out" 1 "$program install --no-import" same_file "$config" pat install
  refused "no key: install names the helper" "docker-credential-pass" pat install
  check "no key: nothing is set up" no_setup
  equal "no key: pass is still Docker's helper" pass store
  gpgconf --kill gpg-agent
  rm -rf "$GNUPGHOME/private-keys-v1.d" && mv "$server/keys-away" "$GNUPGHOME/private-keys-v1.d"
  docker_uses "the key is back: Docker is alice" alice "$host"
  check "the key is back: install" pat install
  docker_uses "the key is back: Docker is alice after install" alice "$host"
  unset PASSWORD_STORE_DIR
}

# frozen CMD...: runs CMD while the folder of the file that config.json leads to is read-only, also for root.
frozen() {
  if [[ $EUID == 0 ]]; then
    # shellcheck disable=SC2016
    limited unshare --mount --propagation private sh -c \
      'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$generation" "$@"
  else
    chmod 555 "$generation"
    limited "$@"
    local code=$?
    chmod 755 "$generation"
    return $code
  fi
}

nixos() {
  machine nixos
  generation=$GROUP_DIR/generation-1
  mkdir -p "$generation"
  if ! frozen true || frozen sh -c ': >"$0/probe"' "$generation" 2>/dev/null; then
    skipped_part nixos "no folder can be made read-only"
    return
  fi
  echo '{"auths": {"other.example": {}}}' >"$config"
  check "read-only: docker login, before the file is" login_to "$host" alice "${secret[alice]}"
  mv "$config" "$generation/config.json" && ln -s "$generation/config.json" "$config"
  docker_uses "read-only: Docker is alice" alice "$host"
  ends "read-only: install fails with the line to write" 1 'let it write "credsStore": "pat"; nothing was changed' \
    same_file "$config" frozen "$program" install
  check "read-only: nothing is set up" no_setup
  equal "read-only: no other file is there either" "config.json" eval 'ls -A "$generation" "$HOME/.docker" | grep -v : | sort -u | grep .'
  docker_uses "read-only: Docker is still alice" alice "$host"

  if [[ $EUID == 0 ]]; then
    machine mounted-file
    cp "$generation/config.json" "$config"
    ends "a file mounted by itself: install fails with the line to write" 1 'let it write "credsStore": "pat"; nothing was changed' \
      same_file "$config" limited unshare --mount --propagation private \
      sh -c 'mount --bind "$0" "$1" && exec "$2" install' "$generation/config.json" "$config" "$program"
    check "a file mounted by itself: nothing is set up" no_setup
    machine nixos-2
    ln -s "$generation/config.json" "$config"
  fi

  # The source of the configuration now says it.
  jq '.credsStore = "pat" | .auths = {}' "$generation/config.json" >"$generation/new" && mv "$generation/new" "$generation/config.json"
  ends "the source says it: install is a success" 0 "already" same_file "$config" frozen "$program" install
  check "the source says it: no backup" test ! -e "$config.bak"
  check "the source says it: config.json is still a link" test -L "$config"
  check "the source says it: add a token" eval 'printf %s "${secret[alice]}" | pat add ci --registry "$host" --user alice --secret-stdin'
  check "the source says it: Docker is alice" used_by alice frozen docker manifest inspect --insecure "$host/acme/app:1"
  equal "the source says it: doctor finds nothing" "[]" findings frozen
}

podman_part() {
  local auth lasting tool=podman
  machine podman
  keep_containers_at_home
  unset REGISTRY_AUTH_FILE
  auth=$XDG_RUNTIME_DIR/containers/auth.json lasting=$XDG_CONFIG_HOME/containers/auth.json
  inspect() { skopeo inspect --tls-verify=false "docker://$1/acme/app:1"; }
  pull() { podman pull --quiet --tls-verify=false "$1/acme/app:1"; }
  sign_in() { printf '%s\n' "${secret[$2]}" | podman login --tls-verify=false -u "$2" --password-stdin "${@:3}" "$1"; }
  with_lasting() { REGISTRY_AUTH_FILE=$lasting "$@"; }
  both() { # WHAT
    check "$1: podman is alice" used_by alice pull "$host"
    check "$1: skopeo is alice" used_by alice inspect "$host"
    check "$1: podman is bob at the second" used_by bob pull "$named"
    check "$1: skopeo is bob at the second" used_by bob inspect "$named"
    refused "$1: bob is not alice" "$denied" used_by bob inspect "$host"
  }
  check "podman login" sign_in "$host" alice
  check "podman login in the file that lasts" sign_in "$named" bob --authfile "$lasting"
  check "podman: both are in plain text" eval 'in_plain "$auth" alice && in_plain "$lasting" bob'
  both "podman before"
  ends "install --podman" 0 "2 logins are in the vault" pat install --podman
  both "podman after install"
  # The file that lasts has no helper of its own, so its login would be gone with the session.
  ends "import --podman --remove keeps the login of the other file" 1 "hint: REGISTRY_AUTH_FILE=$lasting $program install --podman --registry $named," \
    pat import --podman --remove
  check "podman: it takes out the first" eval 'not_in_plain "$auth" alice && in_plain "$lasting" bob'
  both "podman after the first import"
  check "podman: what the hint says" with_lasting pat install --podman --registry "$named"
  ends "import --podman --remove again" 0 "taken out of" pat import --podman --remove
  check "podman: no plain text is left" eval 'not_in_plain "$auth" alice && not_in_plain "$lasting" bob'
  check "podman: no secret in any file" no_secret_in_files
  both "podman without plain text"
  equal "podman knows the account" alice podman login --get-login "$host"
  mv "$auth" "$auth.away"
  check "podman is bob at the second when the session's file is gone" used_by bob pull "$named"
  mv "$auth.away" "$auth"
  ends "uninstall --podman --plain-text" 0 "at .*$host.* are back in .*, in plain text" pat uninstall --podman --plain-text
  equal "podman asks no helper any more" null jq -c .credHelpers "$auth"
  ends "uninstall --podman --plain-text for the other file" 0 "the login at $named is back in .*, in plain text" \
    with_lasting pat uninstall --podman --plain-text
  equal "podman asks no helper there any more" null jq -c .credHelpers "$lasting"
  both "podman after uninstall"
}

podman_for_all() {
  local auth tool=podman
  machine podman-for-all
  keep_containers_at_home
  unset REGISTRY_AUTH_FILE CONTAINERS_REGISTRIES_CONF # the program and podman look for it in the home
  auth=$XDG_RUNTIME_DIR/containers/auth.json
  check "registries.conf: podman login in plain text first" sign_in "$named" bob
  echo 'credential-helpers = ["pat"]' >"$XDG_CONFIG_HOME/containers/registries.conf"
  check "registries.conf: podman login" sign_in "$host" alice
  equal "registries.conf: the vault has it" alice users_kept
  check "registries.conf: podman is alice" used_by alice pull "$host"
  check "registries.conf: skopeo is alice" used_by alice inspect "$host"
  equal "registries.conf: doctor knows that it is installed, and finds the plain text alone" '["plain-text-login"]' findings limited
  ends "registries.conf: import --podman --remove is allowed" 0 "taken out of" pat import --podman --remove
  check "registries.conf: no plain text is left" not_in_plain "$auth" bob
  equal "registries.conf: then doctor finds nothing" "[]" findings limited
  check "registries.conf: podman is bob at the second" used_by bob pull "$named"
  check "registries.conf: podman logout" podman logout "$host"
  refused "registries.conf: then podman is not let in" "$denied" pull "$host"
  check "registries.conf: podman is still bob at the second" used_by bob pull "$named"
}

outside_path() {
  local folder=$GROUP_DIR/"it's a \$folder" path out code hint
  machine outside-path
  plain_laptop
  mkdir "$folder"
  cp "$(type -P $program)" "$folder/"
  path=$(tr : '\n' <<<"$PATH" | while IFS= read -r entry; do [[ -x $entry/$program ]] || printf '%s:' "$entry"; done)
  out=$(PATH=${path%:} same_file "$config" "$folder/$program" install 2>&1)
  code=$?
  equal "outside PATH: install refuses" 1 echo "$code"
  ends "outside PATH: it says why" 0 "its folder is not in PATH" echo "$out"
  check "outside PATH: nothing is set up" no_setup
  hint=$(sed -n "s/^$program: hint: //p" <<<"$out" | sed -n '$p')
  ends "outside PATH: what it says to type works" 0 "2 logins are in the vault" env PATH="${path%:}" sh -c "${hint#*: }"
  docker_uses "outside PATH: then Docker is alice" alice "$host"
}

at_a_terminal() {
  machine terminal
  plain_laptop
  at_terminal() { limited "$python" "$here/terminal.py" "$@"; }
  ends "terminal: install shows the logins before it asks" 1 "alice.*bob.*Copy them\?" \
    eval 'at_terminal --answer "Copy them?" n$'"'\n'"' -- $program install | tr -d "\r\n"; exit "${PIPESTATUS[0]}"'
  ends "terminal: n changes nothing" 1 "nothing was changed" same_file "$config" at_terminal --answer "Copy them?" $'n\n' -- $program install
  check "terminal: nothing is set up after n" no_setup
  ends "terminal: Ctrl-C changes nothing" 130 "Copy them" same_file "$config" at_terminal --answer "Copy them?" $'\x03' -- $program install
  check "terminal: nothing is set up after Ctrl-C" no_setup
  docker_uses "terminal: Docker is alice still" alice "$host"
  equal "terminal: Enter is yes, and it asks once" 1 \
    eval 'at_terminal --answer "Copy them?" $'"'\n'"' -- $program install | tee "$GROUP_DIR/screen" | grep -c "\[[Yy]/[Nn]\]"'
  ends "terminal: it says what it did" 0 "2 logins are in the vault" cat "$GROUP_DIR/screen"
  docker_uses "terminal: Docker is alice after install" alice "$host"
  check "terminal: import --remove" pat import --remove
  ends "terminal: uninstall asks before it writes plain text, and n leaves it" 0 "stay in the vault" \
    at_terminal --answer "in plain text? [y/N]" $'n\n' -- $program uninstall
  check "terminal: n writes none" eval 'not_in_plain "$config" alice && not_in_plain "$config" bob'
  check "terminal: install again" at_terminal -- $program install
  ends "terminal: Ctrl-C leaves uninstall undone" 130 "in plain text" same_file "$config" \
    at_terminal --answer "in plain text? [y/N]" $'\x03' -- $program uninstall
  docker_uses "terminal: Docker is alice, from the vault" alice "$host"
  ends "terminal: y brings the plain text back" 0 "are back in" at_terminal --answer "in plain text? [y/N]" $'y\n' -- $program uninstall
  docker_uses "terminal: Docker is alice after uninstall" alice "$host"
  docker_uses "terminal: Docker is bob at the second after uninstall" bob "$named"
}

# kill_at PERCENT TIME CMD...: starts CMD and kills it after that part of TIME, in µs. True if it was still running.
exec {never}<> <(:) # there is nothing to read here, so that a read waits without a process
kill_at() {
  local moment=$(($1 * $2 / 100))
  "${@:3}" >/dev/null 2>&1 &
  killed=$!
  ((moment == 0)) || read -rt "$((moment / 1000000)).$(printf %06d $((moment % 1000000)))" -u "$never"
  kill -KILL "$killed" 2>/dev/null
  wait "$killed" 2>/dev/null
  local code=$?
  killed=
  ((code == 137))
}
micros() { echo "${EPOCHREALTIME/[.,]/}"; }

killed_part() {
  local -A time=() cut=()
  local verb start percent text
  local verbs=("install" "import --remove" "uninstall --plain-text")
  machine killed-never
  echo '{"auths": {"other.example": {}}}' >"$config"
  check "killed: docker login" login_to "$host" alice "${secret[alice]}"
  text=$(<"$config")
  for verb in "${verbs[@]}"; do
    start=$(micros)
    # shellcheck disable=SC2086
    check "killed: $verb, not killed" pat $verb
    time[$verb]=$(($(micros) - start))
  done
  for percent in 0 10 30 50 70 90; do
    machine "killed-$percent"
    echo "$text" >"$config"
    for verb in "${verbs[@]}"; do
      # shellcheck disable=SC2086
      ! kill_at $percent "${time[$verb]}" $program $verb || ((percent == 0)) || cut[$verb]=$((${cut[$verb]:-0} + 1))
      docker_uses "$verb killed at $percent %: Docker is alice" alice "$host"
      # shellcheck disable=SC2086
      check "$verb killed at $percent %: it can be repeated" pat $verb
      docker_uses "$verb repeated after $percent %: Docker is alice" alice "$host"
    done
    check "after $percent %: the plain text is back" in_plain "$config" alice
  done
  for verb in "${verbs[@]}"; do check "$verb was cut short after it had begun" test "${cut[$verb]:-0}" -gt 0; done
}

laptop
! part "the desktop" docker-credential-secretservice dbus-daemon dbus-send gnome-keyring-daemon || desktop
! part "the server with pass" docker-credential-pass pass gpg gpgconf || with_pass
! part "the read-only file" unshare || nixos
! part "podman" podman skopeo || { podman_part; podman_for_all; }
unset CONTAINERS_STORAGE_CONF CONTAINERS_CONF CONTAINERS_REGISTRIES_CONF
outside_path
if python=$(python_with fcntl termios); then at_a_terminal; else skipped_part "the terminal" "python3 is not installed"; fi
killed_part
