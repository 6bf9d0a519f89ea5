#!/usr/bin/env bash
# Runs every test: format, lints, unit tests, the program's own tests, and real clients against real servers.
#   tests/run.sh            all of it
#   tests/run.sh --no-apt   installs nothing, whoever calls
# As root on Debian it installs the packages that the clients and servers are in; elsewhere the groups that
# need what is not there are skipped, and say so. The program is built twice: plainly, and as it is released.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
say() { printf '\n== %s\n' "$*"; }

packages=(docker-registry podman skopeo buildah apache2-utils openssl jq python3 python3-docker python3-jwt
  python3-cryptography util-linux procps gcc libc6-dev zsh fish
  golang-docker-credential-helpers pass gnupg gnome-keyring dbus-daemon dbus-bin libsecret-tools keyutils)
install_packages() {
  command -v docker >/dev/null || packages+=("$(apt-cache show docker-cli >/dev/null 2>&1 && echo docker-cli || echo docker.io)")
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q || true
  # One at a time where they do not come together: the groups that lack one say so.
  apt-get install -yq --no-install-recommends "${missing[@]}" ||
    for package in "${missing[@]}"; do
      apt-get install -yq --no-install-recommends "$package" || echo "not to be had: $package"
    done
}
if [[ ${1-} != --no-apt && $(id -u) == 0 ]] && command -v apt-get >/dev/null; then install_packages; fi

say "format and lints"
cargo fmt --check
cargo clippy --locked --all-targets -- -D warnings
cargo clippy --locked --no-default-features -- -D warnings

say "unit tests, and the program by itself"
cargo test --locked

say "real clients and servers"
target=x86_64-unknown-linux-musl
sysroot=$(rustc --print sysroot)
if [[ $(uname -sm) == "Linux x86_64" ]]; then
  [[ -d $sysroot/lib/rustlib/$target/lib ]] || rustup target add "$target" || true
fi
if [[ -d $sysroot/lib/rustlib/$target/lib ]]; then
  cargo build --release --locked --target "$target"
  bin=${CARGO_TARGET_DIR:-target}/$target/release
else
  echo "skipped the static release: no target $target; the plain release takes its place"
  cargo build --release --locked
  bin=${CARGO_TARGET_DIR:-target}/release
fi
tests/e2e/run.sh "$bin"
