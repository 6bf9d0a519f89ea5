#!/usr/bin/env bash
# Clients from PyPI and npm with a real engine: docker-py 7, python-on-whales, syft, testcontainers and the dev container CLI.
source "$(dirname "$0")/lib.sh"
source "$here/docker-common.sh"
source "$here/tokens-common.sh"
need dockerd npm python3
only_in[rw]="acme/*"
start_tokens
start_real_engine
install_for_docker

python=$TOOLS_CACHE/clients-python node=$TOOLS_CACHE/clients-node
[[ -x $python/bin/syft && -d $node/node_modules/testcontainers ]] || skip "PyPI or npm cannot be reached"

app=$host/acme/app:1
python() { limited "$python/bin/python" "$@"; }
again() { docker image rm -f "$app" >/dev/null 2>&1; "$@"; }
check "add a token that may pull, and one that may push too" add_both

# A library in Python or Node says nothing, so it gets the token that may do both.
equal "docker-py 7 pulls" rw came_with again python -c 'import docker, sys; docker.from_env().images.pull(sys.argv[1])' "$app"
push_with_py='import docker, sys
for line in docker.from_env().images.push(sys.argv[1], stream=True, decode=True): assert "error" not in line, line'
docker tag "$app" "$host/acme/pushed:1"
equal "docker-py 7 pushes" rw came_with python -c "$push_with_py" "$host/acme/pushed:1"
equal "the environment names the direction" ro \
  came_with again with DOCKER_CREDENTIAL_PAT_DIRECTION=pull python -c 'import docker, sys; docker.from_env().images.pull(sys.argv[1])' "$app"
# The image is not made to run; that it is pulled is enough.
testcontainers_py='import sys; from testcontainers.core.container import DockerContainer
try: DockerContainer(sys.argv[1]).start()
except Exception as error: print(error, file=sys.stderr)'
equal "testcontainers for Python pulls" rw came_with again with TESTCONTAINERS_RYUK_DISABLED=true python -c "$testcontainers_py" "$app"
# Without a network bridge, testcontainers for Node starts nothing; its own code asks the helper all the same.
testcontainers_js='require("testcontainers/build/container-runtime/auth/get-auth-config").getAuthConfig(process.argv[1])
  .then((auth) => console.log(auth.password))'
equal "testcontainers for Node gets it too" "${secret[rw]}" \
  with NODE_PATH="$node/node_modules" limited node -e "$testcontainers_js" "$host"

# These run docker, or say what they do themselves.
whales='import sys; from python_on_whales import docker; getattr(docker, sys.argv[1])(sys.argv[2])'
equal "python-on-whales pulls" ro came_with again python -c "$whales" pull "$app"
equal "python-on-whales pushes" rw came_with python -c "$whales" push "$host/acme/pushed:1"
syft() { with SYFT_REGISTRY_INSECURE_USE_HTTP=true SYFT_CHECK_FOR_APP_UPDATE=false limited "$python/bin/syft" "$@"; }
equal "syft pulls" ro came_with syft scan "registry:$app"
check "remove both" remove_all

# The dev container CLI uses http for localhost only.
local=localhost:${host##*:}
secret[rw]=rw-plain secret[shop]=shop-plain secret[blog]=blog-plain
let_in "${all_users[@]}"
check "add a token for one project" add blog "$local/blog"
check "add a token for another project" add shop "$local/shop"
mkdir -p "$HOME/features/src/hello"
echo '{"id": "hello", "version": "1.0.0", "name": "hello"}' >"$HOME/features/src/hello/devcontainer-feature.json"
echo 'echo hello' >"$HOME/features/src/hello/install.sh"
devcontainer() { limited "$node/node_modules/.bin/devcontainer" "$@"; }
equal "the dev container CLI publishes with the project's token" shop \
  came_with devcontainer features publish -r "$local" -n shop/features "$HOME/features/src"
equal "and reads a feature with it" shop came_with devcontainer features info manifest "$local/shop/features/hello:1"
check "no secret in any file" no_secret_in_files
