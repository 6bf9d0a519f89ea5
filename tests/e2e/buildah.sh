#!/usr/bin/env bash
# buildah and a registry with a password file.
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
source "$here/podman-family.sh"
pull() { buildah pull --policy always --tls-verify=false "$1"; }
push() { buildah push --tls-verify=false "$host/acme/app:1" "$1"; }
family_life buildah
