#!/usr/bin/env bash
# Runs every test: format and lints, the Rust tests, and real clients against real servers.
#
# usage: tests/run.sh [--no-apt] [--jobs N] [--list] [--group NAME]...
#   --group NAME   run only this group; may be repeated
#   --jobs N       run N groups at the same time (default: one more than there are processors)
#   --list         list the groups
#   --no-apt       install nothing
#
# As root on Debian it installs the packages of the clients and servers. A group whose requirements are not installed
# is skipped and says so. Each group prints one line when it finishes, and its whole output if it failed; all output is
# kept in target/test-logs. The last line is "N passed, N failed, N skipped"; the exit code is 1 if anything failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit

target=x86_64-unknown-linux-musl
build=${CARGO_TARGET_DIR:-target}
logs=$build/test-logs
processors=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
usage() { sed -n '2,/^set/{/^set/d;s/^#\( \|$\)//;p}' tests/run.sh; }
wrong_usage() { echo "run.sh: $1" >&2; usage | sed -n '/^usage/,/^$/p' >&2; exit 2; }

# --- The groups. Those in cargo_groups share target/debug, so only one of them runs at a time.

cargo_groups=(unit it lint lint-windows)
list_groups() {
  cat <<'LIST'
unit            The Rust tests within src, and those in its documentation.
it              The Rust tests that run the program.
lint            cargo fmt and cargo clippy, with the default features and with none; the dependencies and their licences.
lint-windows    cargo clippy for Windows.
release         The program as it is released, for the groups below.
LIST
  tests/e2e/run.sh --list
}

run_group() {
  case $1 in
    install) install_packages ;;
    lint) lint ;;
    lint-windows) lint_windows ;;
    unit) cargo_test --lib --bins && cargo_test --doc ;;
    it) cargo_test --test '*' ;;
    release) build_release ;;
    *) tests/e2e/run.sh "$(release_folder)" "$1" ;;
  esac
}

packages=(docker-registry docker.io docker-compose podman podman-compose skopeo buildah apache2-utils openssl jq python3 python3-docker python3-jwt
  python3-cryptography util-linux procps gcc libc6-dev zsh fish
  golang-docker-credential-helpers pass gnupg gnome-keyring dbus-daemon dbus-bin libsecret-tools keyutils)
missing_packages() {
  local package
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || echo "$package"
  done
}
install_packages() {
  local missing package
  mapfile -t missing < <(missing_packages)
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q || true
  # One at a time if the packages cannot be installed together: the groups that lack one say so.
  apt-get install -yq --no-install-recommends "${missing[@]}" ||
    for package in "${missing[@]}"; do
      apt-get install -yq --no-install-recommends "$package" || echo "note install: $package cannot be installed"
    done
}

lint() {
  local status=0
  cargo fmt --check || status=1
  cargo clippy --locked --all-targets -- -D warnings || status=1
  cargo clippy --locked --no-default-features -- -D warnings || status=1
  lint_dependencies || status=1
  return $status
}

# Advisories are checked where cargo deny may fetch the list of them.
lint_dependencies() {
  local status=0
  if cargo deny --version >/dev/null 2>&1; then
    cargo deny --locked check licenses bans sources || status=1
    cargo deny --locked check advisories || echo "note lint: the advisories for dependencies could not be checked, or there is one"
  else
    echo "skipped lint: cargo deny is not installed"
  fi
  if command -v jq >/dev/null; then
    packaging/notices.sh --check || status=1
  else
    echo "skipped lint: jq is not installed, so THIRD-PARTY.md was not checked"
  fi
  return $status
}

has_target() { [[ -d $(rustc --print sysroot)/lib/rustlib/$1/lib ]]; }
add_target() { has_target "$1" || rustup target add "$1" || has_target "$1"; }

lint_windows() {
  local windows=x86_64-pc-windows-gnu
  if ! add_target $windows; then
    echo "skipped lint-windows: rustup cannot add the target $windows"
    echo "0 passed, 0 failed, 1 skipped"
    return
  fi
  # Nothing is linked, so the C code of rustls's cryptography need not be compiled.
  CC_x86_64_pc_windows_gnu=$PWD/tests/no-c-compiler.sh AR_x86_64_pc_windows_gnu=ar \
    cargo clippy --locked --all-targets --target $windows -- -D warnings
}

# Tests that cannot run here say so in their output, which is hidden otherwise. Many wait for a server or a lock, so
# there are more threads than processors.
cargo_test() { RUST_TEST_THREADS=$((2 * processors)) cargo test --locked --no-fail-fast "$@" -- --show-output; }

release_folder() { if has_target $target; then echo "$build/$target/release"; else echo "$build/release"; fi; }
build_release() {
  if [[ $(uname -sm) == "Linux x86_64" ]] && add_target $target; then
    packaging/build.sh --target $target
  else
    echo "note release: the target $target is not installed, so the program is not static"
    packaging/build.sh
  fi
}

# --- The command line.

selected=() jobs=$((processors + 1)) may_install=1
while (($#)); do
  [[ $1 != --group && $1 != --jobs || ${2-} ]] || wrong_usage "$1 needs a value"
  case $1 in
    --run) run_group "$2"; exit ;; # for start, below
    --group) selected+=("$2"); shift ;;
    --jobs) jobs=$2; shift ;;
    --list) list_groups; exit ;;
    --no-apt) may_install= ;;
    --help | -h) usage; exit ;;
    *) wrong_usage "unknown argument $1" ;;
  esac
  shift
done
[[ $jobs =~ ^[1-9][0-9]*$ ]] || wrong_usage "not a number of jobs: $jobs"

mapfile -t known < <(list_groups | cut -d ' ' -f 1)
for group in ${selected[@]+"${selected[@]}"}; do
  [[ " ${known[*]} " == *" $group "* ]] || wrong_usage "no group $group; the groups are ${known[*]}"
done
((${#selected[@]})) || mapfile -t selected < <(list_groups | grep -v '(only by name)' | cut -d ' ' -f 1)

is_selected() { [[ " ${selected[*]} " == *" $1 "* ]]; }
is_cargo_group() { [[ " ${cargo_groups[*]} " == *" $1 "* ]]; }
needs_release() { ! is_cargo_group "$1" && [[ $1 != release ]]; }

# In the order of the list: the Rust tests, which often wait, run alongside the release build and the clients; the
# lints, which can use every processor, come last.
queue=()
for group in "${known[@]}"; do
  ! is_selected "$group" || queue+=("$group")
done
for group in "${queue[@]}"; do
  if needs_release "$group" && ! is_selected release; then queue=(release "${queue[@]}"); break; fi
done

# --- Running them.

declare -A group_of=() began=() state=() # state: running, ok or failed
passed=0 failed=0 skipped=0
failed_groups=() dropped=()
now() { echo "${EPOCHREALTIME/[.,]/}"; }
own_session=()
type -P setsid >/dev/null && own_session=(setsid) # so that no test finds the caller's terminal

stop() {
  local pid
  for pid in "${!group_of[@]}"; do kill -- "-$pid" 2>/dev/null || kill "$pid" 2>/dev/null; done
  wait
}
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM HUP

start() {
  began[$1]=$(now) state[$1]=running
  ${own_session[@]+"${own_session[@]}"} bash tests/run.sh --run "$1" </dev/null >"$logs/$1.log" 2>&1 &
  group_of[$!]=$1
}

# counts LOG: how many checks passed, failed and were skipped, by the words of cargo and of tests/e2e/run.sh.
counts() {
  awk '/^test result: / { passed += $4; failed += $6; skipped += $8 }
    /^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ { passed += $1; failed += $3; skipped += $5 }
    END { print passed + 0, failed + 0, skipped + 0 }' "$1"
}

# finish GROUP CODE: prints the group's line, and any output that must not be hidden.
finish() {
  local log=$logs/$1.log of_passed of_failed of_skipped words=() text
  read -r of_passed of_failed of_skipped < <(counts "$log")
  (($2 == 0 || of_failed > 0)) || of_failed=1
  ((passed += of_passed, failed += of_failed, skipped += of_skipped))
  ((of_passed == 0)) || words+=("$of_passed passed")
  ((of_failed == 0)) || words+=("$of_failed FAILED")
  ((of_skipped == 0)) || words+=("$of_skipped skipped")
  ((${#words[@]})) || words=(ok)
  text=$(printf ', %s' "${words[@]}")
  printf '%-16s%-36s%4d s\n' "$1" "${text:2}" $((($(now) - began[$1]) / 1000000))
  state[$1]=ok
  if ((of_failed)); then
    state[$1]=failed
    failed_groups+=("$1")
    sed 's/^/    /' "$log"
  else
    grep -E '^(skipped|note)( [a-z-]+)?: ' "$log" | sort -u | sed 's/^/    /'
  fi
}

is_cargo_running() {
  local group
  for group in "${cargo_groups[@]}"; do [[ ${state[$group]-} != running ]] || return 0; done
  return 1
}
is_ready() {
  if is_cargo_group "$1"; then ! is_cargo_running; elif needs_release "$1"; then [[ ${state[release]-} == ok ]]; fi
}

# start_ready: starts the first group in the queue that may run now; false if there is none.
start_ready() {
  local at
  for at in "${!queue[@]}"; do
    is_ready "${queue[at]}" || continue
    start "${queue[at]}"
    unset 'queue[at]'
    return
  done
  return 1
}

# wait_for_one: waits until a group finishes, and reports it.
wait_for_one() {
  local pid code group
  wait -n -p pid "${!group_of[@]}"
  code=$?
  group=${group_of[$pid]}
  unset "group_of[$pid]"
  finish "$group" "$code"
}

mkdir -p "$logs"
all_began=$(now)
if [[ $may_install && $(id -u) == 0 ]] && command -v apt-get >/dev/null && [[ $(missing_packages) ]]; then
  start install
  wait_for_one
fi
while true; do
  while ((${#group_of[@]} < jobs)) && start_ready; do :; done
  ((${#group_of[@]})) || break
  wait_for_one
done

dropped=("${queue[@]}")
((${#dropped[@]} == 0)) || echo "not run, because there is no program to test: ${dropped[*]}"
((${#failed_groups[@]} == 0)) || echo "failed: ${failed_groups[*]}"
seconds=$((($(now) - all_began) / 1000000))
printf 'in %d min %d s; all output is in %s\n' $((seconds / 60)) $((seconds % 60)) "$logs"
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0))
