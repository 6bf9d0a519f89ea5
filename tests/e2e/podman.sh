#!/usr/bin/env bash
# podman and a registry with a password file.
source "$(dirname "$0")/lib.sh"
source "$here/life.sh"
source "$here/podman-family.sh"
pull() { podman pull --tls-verify=false "$1"; }
push() { podman push --tls-verify=false "$host/acme/app:1" "$1"; }
family_life podman
