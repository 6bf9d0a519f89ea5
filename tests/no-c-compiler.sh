#!/bin/sh
# Stands in for a C compiler where Rust code for another system is checked but not linked: each object file is empty.
# The cc crate first asks which compiler this is (-E, then -? to find Microsoft's).
[ "$1" = -E ] && echo '"gcc"' && exit
while [ $# -gt 0 ]; do
  if [ "$1" = -o ]; then : >"$2" && exit; fi
  shift
done
exit 1
