#!/usr/bin/env bash
# Writes THIRD-PARTY.md: the crates in the release build, their licences, and where the texts of these are. Needs jq.
#   packaging/notices.sh            writes the file
#   packaging/notices.sh --check    fails if the file is not current
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=x86_64-unknown-linux-musl

# The crates that are linked into the program: no build scripts, no macros.
crates() {
  cargo tree --locked --target $target -e normal,no-proc-macro --prefix none --format '{p}' |
    sed -nE 's/^([^ ]+) v([^ ]+)( \(\*\))?$/\1 \2/p' | LC_ALL=C sort -u
}
# table METADATA: one row for each crate, with a link to each file of its source that has a licence in it.
table() {
  local name version licence manifest file texts
  while read -r name version; do
    IFS=$'\t' read -r licence manifest < <(jq -r --arg name "$name" --arg version "$version" \
      '.packages[] | select(.name == $name and .version == $version) | [.license, .manifest_path] | @tsv' "$1")
    texts=
    for file in "${manifest%/*}"/*; do
      case ${file##*/} in
        LICEN[SC]E* | COPYING* | COPYRIGHT* | NOTICE* | UNLICENSE*)
          texts+=" [${file##*/}](https://docs.rs/crate/$name/$version/source/${file##*/})" ;;
      esac
    done
    echo "| $name $version | ${licence//\//' OR '} |${texts:- [source](https://docs.rs/crate/$name/$version/source/)} |"
  done < <(crates)
}
notices() {
  local metadata
  metadata=$(mktemp)
  cargo metadata --locked --format-version 1 --filter-platform $target >"$metadata"
  cat <<'TEXT'
# Third-party notices

The release build of docker-credential-pat has code of these crates in it, under these licences. The links lead to the texts, with the
copyright notices. It also has code of [Rust's standard library](https://github.com/rust-lang/rust/blob/master/COPYRIGHT) (MIT OR Apache-2.0)
and of [musl](https://git.musl-libc.org/cgit/musl/tree/COPYRIGHT) (MIT). packaging/notices.sh writes this file.

| Crate | Licence | Texts |
| --- | --- | --- |
TEXT
  table "$metadata"
  rm "$metadata"
}

if [[ ${1-} == --check ]]; then
  diff -u THIRD-PARTY.md <(notices) || { echo "THIRD-PARTY.md is not current: packaging/notices.sh writes it" >&2; exit 1; }
else
  text=$(notices)
  printf '%s\n' "$text" >THIRD-PARTY.md
fi
