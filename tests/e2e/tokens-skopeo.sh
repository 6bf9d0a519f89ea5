#!/usr/bin/env bash
# skopeo and a registry for which there are many tokens; skopeo alone copies from one image to another on the same registry.
source "$(dirname "$0")/lib.sh"
source "$here/podman-family.sh"
source "$here/tokens-common.sh"
pull() { skopeo copy --src-tls-verify=false "docker://$1" "dir:$HOME/pulled"; }
push() { skopeo copy --dest-tls-verify=false "dir:$HOME/pulled" "docker://$1"; }
copy() { skopeo copy --src-tls-verify=false --dest-tls-verify=false "docker://$host/$1" "docker://$host/$2"; }
tokens_family_life skopeo
check "remove all" remove_all

# If the command line names two images on one registry, both get the token in use.
check "add both" add_both
check "put the one that may push in use" pat use rw
equal "a copy within the registry comes with it" rw came_with copy acme/app:1 acme/copy:1
check "put the other in use" pat use ro
refused "then the copy is refused" "$denied" copy acme/app:1 acme/copy:2
check "remove both" remove_all
check "add a token for one project" add shop "$host/shop"
check "add a token for another project" add blog "$host/blog"
equal "a copy within the project that is in use comes with its token" shop came_with copy shop/app:1 shop/copy:1
check "use the other" pat use blog
refused "the copy is refused" "$denied" copy shop/app:1 shop/copy:2
