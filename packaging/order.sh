#!/usr/bin/env bash
# Writes packaging/order.ld: the functions that Docker's verbs run through, so that the linker puts them side by side.
#   packaging/order.sh     needs valgrind; to be run again when much of the program has changed
# Names that a later build has no more do no harm, and hashes in names are left open.
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=x86_64-unknown-linux-musl
CARGO_PROFILE_RELEASE_STRIP=false cargo build --release --locked --target "$target" --target-dir target/order
program=$PWD/target/order/$target/release/docker-credential-pat
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT

# One run of a verb: every function that was in it, a line each.
functions() { # VERB INPUT
  env -i HOME="$home" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file valgrind --tool=callgrind --demangle=no \
    --callgrind-out-file="$home/profile" "$program" "$1" <<<"$2" >/dev/null 2>&1
  sed -nE "s/^c?fn=\([0-9]+\) ([_a-zA-Z][^']*).*/\1/p" "$home/profile"
}
question='{"ServerURL":"ghcr.io","Username":"user","Secret":"secret"}'
functions store "$question" >"$home/store"
functions get ghcr.io >"$home/get"
functions list '' >"$home/list"
functions erase quay.io >"$home/erase"

# The function's section, with what a compiler or another build would name otherwise left open.
sections() {
  sed -E 's/17h[0-9a-f]{16}E.*/17h*/; s/\.(llvm\.)?[0-9]+$/*/; s/Cs[a-zA-Z0-9]+_/Cs*_/g; s/\$/?/g; s/.*/    *(.text.&)/'
}
{
  printf '%s\n' '/* Made by packaging/order.sh: what get, list, erase and store run through, in that order. */' \
    'SECTIONS' '{' '  .text.first :' '  {'
  cat "$home"/{get,list,erase,store} | sections | awk '!seen[$0]++'
  printf '%s\n' '  }' '}' 'INSERT BEFORE .text;'
} >"$home/order.ld"
mv "$home/order.ld" packaging/order.ld
