#!/usr/bin/env bash
# The whole life of Docker Hub's tokens: real clients use them at a real registry, and a stand-in plays Docker Hub.
# They are created, watched, rotated, switched off and deleted. Prism checks each call against Docker's description if both are available.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
source "$here/hub-common.sh"
need docker-registry openssl
python=$(python_with jwt cryptography) || skip "python3-jwt or python3-cryptography is not installed"
start_hub
export HUB=$hub_url
start_registry token
has_prism=
start_prism && has_prism=1
export DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file
install_for_docker

told_hub() { hub tokens --json | jq -r ".tokens[] | $1"; }
login_with() { pat show "$1" --reveal | docker login -u alice --password-stdin "$host"; }
inspect() { client_use; }
states() { hub tokens --json | jq -r '[.tokens[] | "\(.label) \(.state)"] | sort | join(", ")'; }
# There is nobody to ask, so a client's helper never waits.
refused "the password has to come from somewhere" 'password-stdin or --password-file' setsid --wait docker-credential-pat hub tokens --user alice

# Through docker login, as any token from the web page.
ends "create" 0 'made "ci" at Docker Hub \(Read & Write\); it is in use' hub create ci --permission write --expires 90d
equal "it is listed, and never used yet" "ci manual active null" told_hub '"\(.label) \(.made) \(.state) \(.last_used)"'
check "docker login with its secret" login_with ci
check "docker asks the registry with it" client_use
equal "Docker Hub shows the use" true told_hub '.last_used != null'
first=$(pat show ci --reveal)
secret=([alice]=$first [password]=$password)
check "no secret in any file" no_secret_in_files

# Stored in the vault for the registry itself: a rotation needs no login.
check "create one for the registry" hub create registry --label "the registry" --permission pull --registry "$host"
check "put it in use there" pat use registry "$host"
check "a client comes with it" inspect
before=$(pat show registry --reveal)
ends "rotate" 0 '"registry" has its new secret, which does not expire; the old one is switched off' hub rotate registry
check "the next request comes with the new secret" inspect
equal "the old one is switched off" "ci active, the registry active, the registry inactive" states
check "it is another secret" eval '[[ $(pat show registry --reveal) != "$before" ]]'
ends "rotate once more, and delete the old one" 0 'the old one is deleted' hub rotate registry --delete-old
check "that comes with the new secret too" inspect

# Watched, switched off and on, deleted.
ends "sync" 0 'compared 2 tokens' hub sync
check "deactivate" hub deactivate registry ci
refused "then the registry refuses" "$denied|no such manifest" inspect
check "activate" hub activate registry
check "then it answers again" inspect
ends "rename" 0 'is labelled "kept"' hub rename registry kept
equal "the label is there, and one is off" "ci inactive, kept active, the registry inactive" states
ends "rm asks" 0 'deleted "registry" at Docker Hub and here' \
  eval 'limited "$python" "$here/terminal.py" --answer "for good? [y/N]" $'"'y\n'"' --hidden "Password of alice" "$password"$'"'\n'"' -- docker-credential-pat hub rm registry'
refused "what is deleted is refused" "$denied|no such manifest" eval 'docker logout "$host"; inspect'
ends "no leads to nothing" 1 'nothing was changed' \
  limited "$python" "$here/terminal.py" --answer "for good? [y/N]" $'n\n' -- docker-credential-pat hub rm ci

# A second factor, requested on the terminal, which shows neither of the two.
typed() { pat lock >/dev/null 2>&1; limited "$python" "$here/terminal.py" "$@" -- docker-credential-pat hub tokens --user bob; }
ends "the second factor is asked for" 0 '0 tokens of bob' typed --hidden "Password of bob" $'pw-canary-of-bob\n' --hidden "Code of the second factor" $'424242\n'
code="Code of the second factor"
ends "both questions name the host" 0 'Password of bob at Docker Hub, http://.*Code of the second factor of bob at Docker Hub, http://' \
  eval "typed --hidden 'Password of bob' \$'pw-canary-of-bob\n' --hidden 'Code of' \$'424242\n' | tr -d '\r\n'"
ends "a wrong one is asked for again" 0 'refuses that code' typed --hidden "Password of bob" $'pw-canary-of-bob\n' --hidden "$code" $'111111\n' --hidden "$code" $'424242\n'
ends "three wrong ones are refused" 1 'refuses the sign-in' \
  typed --hidden "Password of bob" $'pw-canary-of-bob\n' --hidden "$code" $'111111\n' --hidden "$code" $'111111\n' --hidden "$code" $'111111\n'
ends "Ctrl-C ends the question" 130 'Password of bob' typed --hidden "Password of bob" $'\x03'
equal "neither shows" 0 eval "typed --hidden 'Password of bob' \$'pw-canary-of-bob\n' --hidden 'Code of' \$'424242\n' | grep -c 'pw-canary\|424242' || true"

# The kernel keeps the sign-in for the next commands, where it keeps keys at all.
if keyctl describe @u >/dev/null 2>&1; then
  ends "a sign-in on the terminal is kept" 0 'signed in as bob for the next few minutes' typed --hidden "Password of bob" $'pw-canary-of-bob\n' --hidden "$code" $'424242\n'
  ends "the next command asks nothing" 0 '0 tokens of bob' setsid --wait docker-credential-pat hub tokens
  refused "not for somebody else" 'no password was given' setsid --wait docker-credential-pat hub tokens --user alice
  check "it is in no file" no_secret_in_files
  ends "lock forgets it" 0 'sign-in at Docker Hub is no longer kept' pat lock
  refused "then it is asked for again" 'no password was given' setsid --wait docker-credential-pat hub tokens --user bob
else
  echo "note $GROUP: the kernel keeps no keys here"
fi

# An organization.
ends "create for an organization" 0 'acme/app scope-image-push; acme/base scope-image-push' \
  hub create team --org acme --permission push --repository acme/app --repository acme/base
equal "the vault has its repositories and permissions" "docker.io/acme/app,docker.io/acme/base pull,push" \
  eval 'pat ls --json | jq -r ".tokens[] | select(.name == \"team\") | \"\(.scopes | join(\",\")) \(.permissions | join(\",\"))\""'
refused "a scope that does not exist is refused" 'is not a scope at Docker Hub' hub create old --org acme --repository acme/app --scope repo-pull
check "rotate it" hub rotate team --delete-old
check "sync it" hub sync
equal "it is listed" "team active" eval 'hub tokens --org acme --json | jq -r ".tokens[] | \"\(.label) \(.state)\""'
check "delete it" hub rm team --yes

# The sign-in that docker login's device flow stores.
session() { put https://index.docker.io/v1/access-token alice "$(control "{\"jwt\":{\"sub\":\"alice\",\"via\":\"$1\"}}" | jq -r .jwt)"; }
check "keep a sign-in" session password
ends "no password is needed then" 0 'of alice at Docker Hub' pat hub tokens
check "keep a sign-in that was made with a token" session pat
refused "that one is refused, and the way out is told" 'docker login. without -u' pat hub tokens
check "keep a sign-in that was made with an organization's token" session oat
refused "that one is refused too" 'docker login. without -u' pat hub tokens

if [[ $has_prism ]]; then
  refused "Prism does look: a call that does not fit is refused" '422|400' curl -fsS "$DOCKER_CREDENTIAL_PAT_HUB_URL/v2/auth/token" -H 'Content-Type: application/json' -d '{"x":1}'
fi
