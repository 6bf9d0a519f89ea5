#!/usr/bin/env bash
# Gives every target random input, one target after another, and prints the number of runs of each.
#   fuzz/run.sh SECONDS              each target for that long
#   fuzz/run.sh SECONDS TARGET…      only these
#   SANITIZER=none fuzz/run.sh …     without AddressSanitizer: faster, and Rust's own checks stay
# The exit code is 1 when something was found: the input is in fuzz/artifacts/TARGET, and `cargo fuzz run TARGET FILE`
# repeats the run. Inputs that reach new code are kept in the build folder, for the next time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
usage() { echo "usage: fuzz/run.sh SECONDS [TARGET…]" >&2; exit 2; }
[[ ${1-} =~ ^[0-9]+$ ]] || usage
seconds=$1
shift

cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz
# The instrumentation needs a flag of nightly compilers, which this variable enables in a stable one.
export RUSTC_BOOTSTRAP=1
sanitizer=${SANITIZER:-address}
mapfile -t all < <(cargo fuzz list)
targets=("${@:-${all[@]}}")
for target in "${targets[@]}"; do
  [[ " ${all[*]} " == *" $target "* ]] || { echo "no target $target: ${all[*]}" >&2; exit 2; }
done

kept=${CARGO_TARGET_DIR:-fuzz/target}/fuzz-kept
# Keeps the files in memory, if there is a folder for that.
if [[ -w /dev/shm ]]; then export TMPDIR=/dev/shm; fi
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT

found=()
for target in "${targets[@]}"; do
  log=$kept/$target.log
  dictionary=fuzz/dictionaries/$target.dict
  options=(-max_total_time="$seconds" -timeout=10 -malloc_limit_mb=16 -print_final_stats=1)
  if [[ -f $dictionary ]]; then options+=(-dict="$dictionary"); fi
  mkdir -p "$kept/$target"
  cargo fuzz build --sanitizer "$sanitizer" "$target" >"$log" 2>&1 || { cat "$log" >&2; exit 2; }
  cargo fuzz run --sanitizer "$sanitizer" "$target" "$kept/$target" "fuzz/corpus/$target" -- \
    "${options[@]}" >"$log" 2>&1 || found+=("$target")
  runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  printf '%-16s %12s runs\n' "$target" "${runs:-?}"
  if [[ " ${found[*]} " == *" $target "* ]]; then
    grep -A 3 -e 'panicked at' -e 'ERROR: ' -e '^Failing input' "$log" >&2 || tail -n 20 "$log" >&2
  fi
done
if ((${#found[@]})); then
  echo "found something: ${found[*]}"
  exit 1
fi
