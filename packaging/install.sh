#!/usr/bin/env bash
# Builds docker-credential-pat, installs it for this user, and makes it Docker's credential helper.
#   packaging/install.sh            into ~/.local/bin; needs a Rust toolchain (https://rustup.rs)
#   BINDIR=DIR packaging/install.sh into another folder
#   SETUP=no packaging/install.sh   without touching Docker's configuration
#   EXTRAS=no packaging/install.sh  without completions and manual
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf 'install.sh: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }

command -v cargo >/dev/null || die "no Rust toolchain: install one from https://rustup.rs, then run this again"
: "${HOME:?install.sh: HOME is not set}"
bindir=${BINDIR:-$HOME/.local/bin}

# The release build is static if the toolchain has, or can get, the target for it.
target=
if [[ $(uname -s) == Linux ]]; then
  musl=$(uname -m)-unknown-linux-musl
  has_target() { [[ -d $(rustc --print sysroot)/lib/rustlib/$musl/lib ]]; }
  has_target || { command -v rustup >/dev/null && rustup target add "$musl"; } || true
  if has_target; then target=$musl; else say "no target $musl: the build is not static, and starts more slowly"; fi
fi

cargo build --release --locked ${target:+--target "$target"}
built=${CARGO_TARGET_DIR:-target}/${target:+$target/}release/docker-credential-pat

# The new file is written next to the old one, then replaces it: a helper that is running keeps its own file.
mkdir -p "$bindir"
install -m 755 "$built" "$bindir/.docker-credential-pat.new"
mv -f "$bindir/.docker-credential-pat.new" "$bindir/docker-credential-pat"
say "$("$bindir/docker-credential-pat" version) is in $bindir"

# The folders in which shells and man look for a user's own files; only for installed shells.
data=${XDG_DATA_HOME:-$HOME/.local/share} config=${XDG_CONFIG_HOME:-$HOME/.config}
offer_in() { # SHELL FILE
  command -v "$1" >/dev/null || return 0
  mkdir -p "$(dirname "$2")" && "$bindir/docker-credential-pat" completions "$1" >"$2" && say "completions for $1 are in $2"
}
extras() {
  "$bindir/docker-credential-pat" man --dir "$data/man/man1" && say "the manual is in $data/man: man docker-credential-pat"
  offer_in bash "$data/bash-completion/completions/docker-credential-pat"
  offer_in fish "$config/fish/completions/docker-credential-pat.fish"
  offer_in zsh "$data/zsh/site-functions/_docker-credential-pat"
  ! command -v zsh >/dev/null ||
    say "zsh finds them with this in ~/.zshrc, before compinit: fpath=($data/zsh/site-functions \$fpath)"
}
# The program works without them.
[[ ${EXTRAS:-yes} == no ]] || extras || say "completions or manual could not be put there"

[[ ${SETUP:-yes} == no ]] || "$bindir/docker-credential-pat" install
