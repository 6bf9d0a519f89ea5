#!/usr/bin/env bash
# skopeo and a registry with a password file.
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
source "$here/podman-family.sh"
pull() { skopeo copy --src-tls-verify=false "docker://$1" "dir:$HOME/pulled"; }
push() { skopeo copy --dest-tls-verify=false "oci:$server/image:1" "docker://$1"; }
family_life skopeo
