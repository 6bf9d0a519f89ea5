#!/usr/bin/env bash
# Builds the release without a path of this machine in it, so that the same sources make the same bytes in every folder.
#   packaging/build.sh [CARGO_OPTION...]    runs `cargo build --release --locked` with these options
#   packaging/build.sh --check PROGRAM      fails if a built program names a folder of this machine
# Cargo's own setting for this, trim-paths, is not stable. The flags are passed with --config, since RUSTFLAGS would replace
# those of .cargo/config.toml.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cargo_home=${CARGO_HOME:-${HOME:?build.sh: HOME is not set}/.cargo}
sysroot=$(rustc --print sysroot)
commit=$(rustc -vV | sed -n 's/^commit-hash: //p')

if [[ ${1-} == --check ]]; then
  for folder in "$cargo_home" "$sysroot" "$PWD" "${HOME:-$PWD}/.cargo" "${HOME:-$PWD}/.rustup"; do
    if LC_ALL=C grep -qaF -e "$folder/" "$2"; then
      echo "build.sh: $2 names the folder $folder" >&2
      exit 1
    fi
  done
  exit
fi

# The last prefix that fits is the one that counts.
flags=
for map in "$cargo_home=/cargo" "$PWD=/source" "$sysroot/lib/rustlib/src/rust=/rustc/$commit"; do
  quoted=${map//\\/\\\\}
  flags+="\"--remap-path-prefix=${quoted//\"/\\\"}\","
done
# Each target has its own table in .cargo/config.toml, and these flags are added to those of every table.
exec cargo build --release --locked --config "target.'cfg(all())'.rustflags=[$flags]" "$@"
