#!/usr/bin/env bash
# The options that the clients print are those to which the tables are compared (tests/fixtures/client-options.txt).
source "$(dirname "$0")/lib.sh"
fixture=$here/../fixtures/client-options.txt

# printed COMMAND...: the options in a client's help, as in the fixture: NAME= has a value.
printed() {
  limited "$@" --help 2>/dev/null | awk '
    match($0, /^ */) && RLENGTH > 8 { next }
    match($0, /^ +(-[A-Za-z0-9], +|-[A-Za-z0-9]\/)?--[A-Za-z0-9][A-Za-z0-9._-]*/) {
      names = substr($0, RSTART, RLENGTH)
      rest = substr($0, RSTART + RLENGTH)
      value = rest ~ /^ [^ ]*\[=/ ? "" : rest ~ /^( [^ ]|=)/ ? "=" : ""
      count = split(names, name, /[ ,\/]+/)
      for (i = 1; i <= count; i++) if (name[i] ~ /^-/) { sub(/^--?/, "", name[i]); print name[i] value }
      next
    }
    match($0, /^ +-[A-Za-z0-9] /) { letter = substr($0, RSTART, RLENGTH); gsub(/[ -]/, "", letter); print letter (substr($0, RSTART + RLENGTH) ~ /^[^ ]/ ? "=" : "") }' |
    grep -vxE 'h|help' | sort -u
}
# expected LINE: the options of a line of the fixture.
expected() { tr ' ' '\n' <<<"${1#*: }" | tr -d '!@' | grep . | sort -u; }

need_versions="docker 28.2.2|docker 20.10.24|docker-compose 1.29.2|podman 4.3.1|skopeo 1.9.3|buildah 1.28.2"
found=0
for program in docker docker-compose podman skopeo buildah; do
  type -P "$program" >/dev/null || continue
  version=$("$program" --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -n 1)
  [[ "|$need_versions|" == *"|$program $version|"* ]] || continue
  found=1
  while IFS= read -r line; do
    command=${line%%:*}
    read -ra words <<<"${command%% --*}"
    unknown=$(comm -23 <(printed "${words[@]}") <(expected "$line"))
    equal "${words[*]}: every option that it prints is in the fixture" "" echo "$unknown"
  done < <(sed '/^# From the documentation/,$d' "$fixture" | grep "^$program ")
done
((found)) || skip "no client of a version in the fixture is installed"
