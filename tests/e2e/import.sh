#!/usr/bin/env bash
# Logins that real clients and Debian's own helpers keep move into the vault, and out again as files and commands.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
source "$here/podman-family.sh"
need docker-registry htpasswd
keyring=$server/keyring
export GNUPGHOME=$server/gnupg PASSWORD_STORE_DIR=$HOME/.password-store

end_all() {
  stop_pause_process
  [[ ! -d $GNUPGHOME ]] || gpgconf --kill gpg-agent
  stop_all "$keyring"
  stop_servers
}
trap end_all EXIT

# in_plain FILE USER: checks that a file contains the login of a user, as clients write it.
in_plain() { jq -e --arg auth "$(printf %s "$2:${secret[$2]}" | base64 -w 0)" '[.auths[].auth] | index($auth) != null' "$1"; }
not_in_plain() { ! in_plain "$@"; }
with_config() { DOCKER_CONFIG=$1 limited docker manifest inspect --insecure "$host/acme/app:1"; }

start_registry htpasswd
named=localhost:${host#*:} # the same registry by another name

# --- Docker's own file. It must have an entry, or Docker picks a helper by itself.
mkdir -p "$HOME/.docker"
echo '{"psFormat": "table", "auths": {"other.example": {}}}' >"$config"
check "docker login without a helper" login_to "$host" alice "${secret[alice]}"
check "it is written in plain text" in_plain "$config" alice
ends "import --dry-run shows what there is" 0 "alice@$host +new" pat import --dry-run
equal "and does nothing" "[]" eval "pat ls --json | jq -c .tokens"
refused "import --remove is refused while Docker does not ask this program" "hint: docker-credential-pat install," pat import --remove
ends "import" 0 "1 copied into the vault; 1 read back" pat import
check "the file is as it was" in_plain "$config" alice
ends "install names the logins in plain text" 0 "docker-credential-pat import --remove" pat install
check "no plain text in the backup" not_in_plain "$config.bak" alice
check "Docker uses the vault" used_by alice use_here "$host"
ends "import --remove" 0 "1 taken out of" pat import --remove
equal "Docker's file keeps its other settings" "{\"auths\":{\"$host\":{},\"other.example\":{}},\"credsStore\":\"pat\",\"psFormat\":\"table\"}" \
  jq -cS . "$config"
check "no secret in any file" no_secret_in_files
check "Docker still logs in" used_by alice use_here "$host"

# --- podman's file, with an account for one project in addition to the one for the host.
family_part() { # TOOL: reads the file that it wrote
  tool=$1
  part "$tool" "$tool" || return
  use_project() { skopeo inspect --tls-verify=false "docker://$host/acme/app:1"; }
  project_login() { printf '%s\n' "${secret[bob]}" | "$tool" login --tls-verify=false -u bob --password-stdin "$host/acme"; }
  echo '{"credHelpers": {"other.example": "pat-none"}}' >"$REGISTRY_AUTH_FILE"
  check "$tool login without a helper" client_login alice "${secret[alice]}"
  check "$tool login for one project" project_login
  check "both are in plain text" in_plain "$REGISTRY_AUTH_FILE" bob
  check "it uses the project's account" used_by bob use_project
  refused "import --podman --remove is refused" "install --podman --registry $host," pat import --podman --remove
  check "install --podman" pat install --podman --registry "$host"
  ends "import --podman --remove" 0 "2 read back" pat import --podman --remove
  equal "$tool's file keeps nothing of them" '{}' jq -c .auths "$REGISTRY_AUTH_FILE"
  check "no secret in any file" no_secret_in_files
  equal "the project's account is for the project" "$host/acme" eval "pat ls --json | jq -r '.tokens[] | select(.user == \"bob\").scopes[0]'"
  check "$tool still uses it there" used_by bob use_project
  equal "$tool knows the login" alice "$tool" login --get-login "$host"
  check "uninstall --podman" pat uninstall --podman --registry "$host"
  check "remove the project's account" pat rm --yes "$(pat ls --json | jq -r '.tokens[] | select(.user == "bob").name')"
}
keep_containers_at_home
if part "the podman family" skopeo; then
  family_part podman
  family_part skopeo
fi

# helper_part NAME: Docker's login is with another helper, which this program replaces.
helper_part() {
  local name=$1 store=docker-credential-$1
  echo "{\"credsStore\": \"$name\"}" >"$config"
  check "docker login with $name" login_to "$named" bob "${secret[bob]}"
  check "$name is used" used_by bob use_here "$named"
  refused "import --remove is refused while Docker asks $name" "it would be logged out there" pat import --remove
  check "install in the place of $name" pat install
  ends "import finds it with the earlier helper, and here" 0 "$store +$named +bob +bob@$named +already here" pat import --dry-run
  ends "import --remove" 0 "1 erased from $store" pat import --remove
  equal "$name has nothing any more" "{}" "$store" list
  check "Docker logs in from the vault" used_by bob use_here "$named"
  check "no secret in any file" no_secret_in_files
  ends "import again finds nothing" 0 "nothing to copy" pat import
  check "logout" docker logout "$named"
  check "rm" pat rm --yes "$(pat ls --json | jq -r '.tokens[] | select(.user == "bob").name')"
}

if part pass docker-credential-pass pass gpg gpgconf; then
  mkdir -m 700 "$GNUPGHOME"
  gpg --batch --quiet --passphrase '' --quick-generate-key test@example.com default default never
  check "pass init" pass init test@example.com
  helper_part pass
fi

if part secretservice docker-credential-secretservice dbus-daemon dbus-send gnome-keyring-daemon; then
  mkdir -p "$keyring"
  "$servers/keyring.sh" up "$keyring" || give_up "the keyring starts" "$(tail -n 20 "$keyring"/*.log)"
  export DBUS_SESSION_BUS_ADDRESS=unix:path=$keyring/run/bus
  helper_part secretservice
  echo '{"credsStore": "secretservice"}' >"$config"
  check "docker login" login_to "$named" bob "${secret[bob]}"
  check "lock the keyring" "$servers/keyring.sh" lock "$keyring"
  ends "a locked keyring is told" 1 "cannot: docker-credential-secretservice get failed" pat import
  check "unlock the keyring" "$servers/keyring.sh" unlock "$keyring"
  ends "then import works" 0 "1 copied into the vault" pat import
  check "kill the keyring" "$servers/keyring.sh" kill "$keyring"
  ends "a keyring that is gone is told" 1 "error: docker-credential-secretservice list says" pat import
  unset DBUS_SESSION_BUS_ADDRESS
fi

# --- Export. The secrets are in plain text, so all files are outside the home.
exported=$server/exported
mkdir -p "$exported/pasted" "$exported/file"
echo '{"auths": {"other.example": {}}}' >"$exported/pasted/config.json"
alice=$(name_of alice)
paste() { pat export "$alice" --format docker-login | DOCKER_CONFIG=$exported/pasted limited sh; }
check "export as docker login, and run it" paste
check "Docker is logged in there" used_by alice with_config "$exported/pasted"
check "export as Docker's file" pat export "$alice" --format docker-config --output "$exported/file/config.json"
equal "it is for its owner alone" 600 stat -c %a "$exported/file/config.json"
check "Docker reads it" used_by alice with_config "$exported/file"
refused "a file that is there is not overwritten" "exists already" pat export "$alice" --format docker-config -o "$exported/file/config.json"
if part "skopeo reads an export" skopeo; then
  from_file() { skopeo inspect --authfile "$exported/file/config.json" --tls-verify=false "docker://$host/acme/app:1"; }
  check "skopeo reads it" used_by alice from_file
fi
in_manifest() { pat export "$alice" --format kubernetes-secret | sed -n 's/^  \.dockerconfigjson: //p' | base64 -d | jq -cS .; }
equal "the manifest holds the same" "$(jq -cS . "$exported/file/config.json")" in_manifest
in_variable() { sh -c "$(pat export "$alice" --format env)"'; printf %s "$DOCKER_AUTH_CONFIG"' | jq -cS .; }
equal "so does the variable" "$(jq -cS . "$exported/file/config.json")" in_variable
check "the vault's own files hold no secret" no_secret_in_files
