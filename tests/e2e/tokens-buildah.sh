#!/usr/bin/env bash
# buildah and a registry for which there are many tokens.
source "$(dirname "$0")/lib.sh"
source "$here/podman-family.sh"
source "$here/tokens-common.sh"
pull() { buildah pull --policy always --tls-verify=false "$1"; }
push() { buildah push --tls-verify=false "$host/public/app:1" "$1"; }
tokens_family_life buildah
