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

# If the command line names two images on one registry, it needs a token that may pull and push.
check "add both" add_both
check "put the one that may push in use" pat use rw
equal "a copy within the registry comes with it" rw came_with copy acme/app:1 acme/copy:1
check "put the other in use" pat use ro
equal "a copy still comes with the one that may push" rw came_with copy acme/app:1 acme/copy:2
check "remove both" remove_all
check "add a token for one project" add shop "$host/shop"
check "add a token for another project" add blog "$host/blog"
equal "a copy within one project comes with its token" shop came_with copy shop/app:1 shop/copy:1
check "use the other" pat use blog
equal "which changes nothing for the other project" shop came_with copy shop/app:1 shop/copy:2
refused "a copy between the projects is refused" "$denied" copy shop/app:1 blog/copy:2
ends "and the terminal names the part that is not covered" 1 'does not cover .*/blog/copy' copy shop/app:1 blog/copy:3
