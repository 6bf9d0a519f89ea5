#!/usr/bin/env bash
# Builds the program as it is released: static, with the functions and the constants that Docker's verbs use next to each
# other in the file. packaging/verbs.ld says why, and does the same by module for every other build.
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
  LINK_ORDER=$1 LINK_MAP=$work/map CARGO_PROFILE_RELEASE_STRIP=false \
    packaging/build.sh --target "$target" --target-dir target/dist/build
}
program=$PWD/target/dist/build/$target/release/docker-credential-pat

# Runs a verb, and adds each function that it called to `functions`, and each constant that it read to `constants`.
# To the verb, its parent is a docker that pulls.
trace() { # VERB INPUT
  (cd "$work" && env -i HOME="$work" PATH="$PATH" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file \
    program="$program" verb="$1" input="$2" bash -c 'exec -a docker bash pull ghcr.io/acme/app:1')
  sed -nE "s/^c?fn=\([0-9]+\) ([_a-zA-Z][^']*).*/\1/p" "$work/profile" >>"$work/functions"
  # The starts of the sections and the addresses that were read, sorted: each address follows the start of its section.
  {
    awk '/^ \.[a-z]/ { name = $1; sub(/^ [^ ]+/, "") } name != "" && $1 ~ /^0x/ { print substr($1, 3), name; name = "" }' "$work/map"
    sed -nE 's/^ [LM] +([0-9a-f]+),.*/0000000000000000\1/p' "$work/reads" | sed -E 's/.*(.{16})$/\1 ~/' | sort -u
  } | LC_ALL=C sort | awk '$2 != "~" { name = $2; next } name ~ /^\.rodata\.[._a-z]*[._L]/ { print name }' >>"$work/constants"
}
cat >"$work/pull" <<'SCRIPT'
run() { valgrind "$@" "$program" "$verb" <<<"$input" >/dev/null 2>&1; }
run --tool=lackey --trace-mem=yes --log-file=reads
run --tool=callgrind --demangle=no --callgrind-out-file=profile
SCRIPT
# Turns names into a list of patterns without duplicates: what the last verb used is first, as `get` is the most frequent.
patterns() { # EXPRESSION FILE
  tac "$2" | sed -E "s/\\$/?/g; $1; s/.*/    *(&)/" | awk '!seen[$0]++'
}

build "$PWD/packaging/verbs.ld"
question='{"ServerURL":"ghcr.io","Username":"user","Secret":"secret"}'
trace store "$question"
trace get ghcr.io
trace list ''
# A token that only pulls, and one that pushes: the command line of the client decides.
for right in pull push; do
  echo "$right" | env -i HOME="$work" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file "$program" add "$right" \
    --registry ghcr.io --user user --permission "$right" --secret-stdin 2>/dev/null
done
trace get ghcr.io
trace erase quay.io
# With so many tokens, the directory of the vault has pages.
{
  printf '{"auths":{"r0.example.com":{}'
  printf ',"r%s.example.com":{"auth":"dXNlcjpzZWNyZXQ="}' {1..300}
  printf '}}'
} >"$work/config.json"
env -i HOME="$work" DOCKER_CREDENTIAL_PAT_KEY_HOLDER=key-file "$program" import --file "$work/config.json" >/dev/null
trace get r7.example.com
{
  printf '%s\n' SECTIONS '{' '  .text.first :' '  {'
  # Code that is seldom called is in sections of another name.
  patterns 's/.*/.text.& .text.unlikely.&/' "$work/functions"
  printf '%s\n' '    *libc.a:*(.text .text.*)' '    *crt1.o(.text .text.*) *crtbegin.o(.text .text.*)' '  }' '}' 'INSERT BEFORE .text;'
  printf '%s\n' SECTIONS '{' '  .rodata.first :' '  {' '    *(.rodata.cst*)'
  patterns '' "$work/constants"
  printf '%s\n' '  }' '}' 'INSERT BEFORE .rodata;'
} >"$folder/order.ld"
build "$(realpath "$folder/order.ld")"
strip -o "$folder/docker-credential-pat" "$program"
packaging/build.sh --check "$folder/docker-credential-pat"
cp LICENSE-APACHE LICENSE-MIT THIRD-PARTY.md "$folder/"
echo "release.sh: $folder/docker-credential-pat, $(stat -c %s "$folder/docker-credential-pat") bytes"
