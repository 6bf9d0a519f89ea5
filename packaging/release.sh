#!/usr/bin/env bash
# Builds the program as it is released: static, with the functions that Docker's verbs call next to each other in the
# file. packaging/verbs.ld says why, and does the same by module for every other build.
#   packaging/release.sh [FOLDER]    writes docker-credential-pat and its licences to FOLDER (target/dist); needs valgrind and binutils
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=$(uname -m)-unknown-linux-musl
folder=${1:-target/dist}
for tool in valgrind strip; do
  command -v "$tool" >/dev/null || { echo "release.sh: $tool is not installed" >&2; exit 1; }
done
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

build() { # LINKER_SCRIPT
  LINK_ORDER=$1 CARGO_PROFILE_RELEASE_STRIP=false \
    packaging/build.sh --target "$target" --target-dir target/dist/build
}
program=$PWD/target/dist/build/$target/release/docker-credential-pat

# Runs a verb, and prints the name of every function that it called. To the verb, its parent is a docker that pulls.
functions() { # VERB INPUT
  (cd "$work" && env -i HOME="$work" PATH="$PATH" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file \
    program="$program" verb="$1" input="$2" bash -c 'exec -a docker bash pull ghcr.io/acme/app:1')
  sed -nE "s/^c?fn=\([0-9]+\) ([_a-zA-Z][^']*).*/\1/p" "$work/profile"
}
cat >"$work/pull" <<'SCRIPT'
valgrind --tool=callgrind --demangle=no --callgrind-out-file=profile "$program" "$verb" <<<"$input" >/dev/null 2>&1
SCRIPT
# Turns each name into the name of its section. Hashes in names become wildcards: another build has others.
sections() {
  sed -E 's/17h[0-9a-f]{16}E.*/17h*/; s/\.(llvm\.)?[0-9]+$/*/; s/Cs[a-zA-Z0-9]+_/Cs*_/g; s/\$/?/g; s/.*/    *(.text.&)/'
}

build "$PWD/packaging/verbs.ld"
question='{"ServerURL":"ghcr.io","Username":"user","Secret":"secret"}'
functions store "$question" >"$work/store"
functions get ghcr.io >"$work/get"
functions list '' >"$work/list"
# A token that only pulls, and one that pushes: the command line of the client decides.
for right in pull push; do
  echo "$right" | env -i HOME="$work" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file "$program" add "$right"     --registry ghcr.io --user user --permission "$right" --secret-stdin 2>/dev/null
done
functions get ghcr.io >"$work/get-of-two"
functions erase quay.io >"$work/erase"
# With so many tokens, the directory of the vault has pages.
{
  printf '{"auths":{"r0.example.com":{}'
  printf ',"r%s.example.com":{"auth":"dXNlcjpzZWNyZXQ="}' {1..300}
  printf '}}'
} >"$work/config.json"
env -i HOME="$work" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file "$program" import --file "$work/config.json" >/dev/null
functions get r7.example.com >"$work/get-of-many"
{
  printf '%s\n' SECTIONS '{' '  .text.first :' '  {'
  cat "$work"/{get,get-of-two,get-of-many,list,erase,store} | sections | awk '!seen[$0]++'
  printf '%s\n' '  }' '}' 'INSERT BEFORE .text;'
} >"$folder/order.ld"
build "$(realpath "$folder/order.ld")"
strip -o "$folder/docker-credential-pat" "$program"
packaging/build.sh --check "$folder/docker-credential-pat"
cp LICENSE-APACHE LICENSE-MIT THIRD-PARTY.md "$folder/"
echo "release.sh: $folder/docker-credential-pat, $(stat -c %s "$folder/docker-credential-pat") bytes"
