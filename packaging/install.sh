#!/usr/bin/env bash
# Builds docker-credential-pat, installs it for this user, and makes Docker ask it.
#   packaging/install.sh            into ~/.local/bin; needs a Rust toolchain (https://rustup.rs)
#   BINDIR=DIR packaging/install.sh into another folder
#   SETUP=no packaging/install.sh   without touching Docker's configuration
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf 'install.sh: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

command -v cargo >/dev/null || die "no Rust toolchain: install one from https://rustup.rs, then run this again"
: "${HOME:?install.sh: HOME is not set}"
bindir=${BINDIR:-$HOME/.local/bin}

# The release build is static where the toolchain has, or can get, the target for it.
target=
if [[ $(uname -s) == Linux ]]; then
  musl=$(uname -m)-unknown-linux-musl
  has_target() { [[ -d $(rustc --print sysroot)/lib/rustlib/$musl/lib ]]; }
  has_target || { command -v rustup >/dev/null && rustup target add "$musl"; } || true
  if has_target; then target=$musl; else say "no target $musl: the build is not static, and starts more slowly"; fi
fi

cargo build --release --locked ${target:+--target "$target"}
built=${CARGO_TARGET_DIR:-target}/${target:+$target/}release/docker-credential-pat

# Beside the old one first, then in its place: a helper that is running keeps its own file.
mkdir -p "$bindir"
install -m 755 "$built" "$bindir/.docker-credential-pat.new"
mv -f "$bindir/.docker-credential-pat.new" "$bindir/docker-credential-pat"
say "$("$bindir/docker-credential-pat" version) is in $bindir"

[[ ${SETUP:-yes} == no ]] || "$bindir/docker-credential-pat" install
