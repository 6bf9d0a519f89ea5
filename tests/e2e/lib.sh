# shellcheck shell=bash
# Sourced by every group: checks that count themselves, the servers' accounts, and what the vault holds.
set -uo pipefail
: "${GROUP:?start the groups with run.sh}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
servers=$here/../servers
source "$servers/lib.sh"
server=$GROUP_DIR/server # outside the home: what a server writes is no leak
stop_servers() { stop_all "$server"; stop_all "$server/open"; }
trap stop_servers EXIT
trap 'exit 143' TERM INT HUP

# What JSON, HTML, a shell and Latin-1 would each spoil, up to a character outside the first plane; a colon, as in user:secret.
declare -A secret=([alice]='pat-A&<b>"ü密🔑' [bob]='pat-B:\ %41+/$x'"'")
all_users=(alice bob)
denied='401|unauthorized|denied|no basic auth credentials|invalid username/password'

limited() { timeout --foreground 60 "$@"; }
pat() { limited docker-credential-pat "$@"; }

passed() { echo "ok $GROUP: $1"; echo passed >>"$RESULTS"; }
failed() { echo "FAIL $GROUP: $1"; sed 's/^/    /; 20q' <<<"$2"; echo failed >>"$RESULTS"; }
skip() { echo "skipped $GROUP: $1"; echo skipped >>"$RESULTS"; exit 0; }
give_up() { failed "$1" "$2"; exit 0; }

skipped_part() { echo "skipped $GROUP: $1: $2"; echo skipped >>"$RESULTS"; }

# part NAME TOOL...: whether all that a part of the group needs is installed.
part() {
  local name=$1 tool
  shift
  for tool; do
    type -P "$tool" >/dev/null && continue
    skipped_part "$name" "$tool is not installed"
    return 1
  done
}

# need TOOL...: the group is skipped where one is not installed.
need() {
  local tool
  for tool; do type -P "$tool" >/dev/null || skip "$tool is not installed"; done
}

# check WHAT CMD...: CMD must succeed.
check() {
  local what=$1 out
  shift
  if out=$("$@" 2>&1); then passed "$what"; else failed "$what" "$*: exit $?"$'\n'"$out"; fi
}

# refused WHAT PATTERN CMD...: CMD must fail, and for the reason in PATTERN.
refused() {
  local what=$1 pattern=$2 out
  shift 2
  if out=$("$@" 2>&1); then
    failed "$what" "$* succeeded"$'\n'"$out"
  elif ! grep -qiE "$pattern" <<<"$out"; then
    failed "$what" "$* failed for another reason than ($pattern)"$'\n'"$out"
  else
    passed "$what"
  fi
}

# ends WHAT CODE PATTERN CMD...: CMD must exit with CODE and print PATTERN.
ends() {
  local what=$1 want=$2 pattern=$3 out code
  shift 3
  out=$("$@" 2>&1)
  code=$?
  if ((code != want)); then
    failed "$what" "$*: exit $code, not $want"$'\n'"$out"
  elif ! grep -qE -e "$pattern" <<<"$out"; then
    failed "$what" "$*: nothing like ($pattern) in"$'\n'"$out"
  else
    passed "$what"
  fi
}

# equal WHAT WANT CMD...: CMD must succeed and print WANT.
equal() {
  local what=$1 want=$2 out
  shift 2
  if out=$("$@" 2>"$GROUP_DIR/stderr") && [[ $out == "$want" ]]; then
    passed "$what"
  else
    failed "$what" "$*"$'\n'"wanted: $want"$'\n'"got:    $out"$'\n'"$(<"$GROUP_DIR/stderr")"
  fi
}

# accounts USER...: the rows of accounts.json.
accounts() {
  local user
  for user; do
    jq -n --arg user "$user" --arg secret "${secret[$user]}" '{$user, $secret, actions: ["pull", "push"]}'
  done | jq -s .
}

# let_in USER...: from now on the server knows only these accounts, so anything that still works uses one of them.
let_in() {
  accounts "$@" >"$server/accounts.new" && mv "$server/accounts.new" "$server/accounts.json"
  "$servers/registry.sh" accounts "$server"
}

# used_by USER CMD...: CMD succeeds while no other account exists.
used_by() {
  local user=$1 status
  shift
  let_in "$user" || return
  "$@"
  status=$?
  let_in "${all_users[@]}"
  return $status
}

# start_registry MODE: sets host; the vault knows the registry by that name, $registry.
start_registry() {
  accounts "${all_users[@]}" >"$server/accounts.json"
  "$servers/registry.sh" "$1" "$server" || give_up "the registry starts" "$(tail -n 20 "$server"/*.log)"
  host=$(<"$server/host")
  registry=$host
}

# start_open_registry: sets open_host, a registry that asks for no credentials.
start_open_registry() {
  "$servers/registry.sh" open "$server/open" || give_up "the open registry starts" "$(tail -n 20 "$server"/open/*.log)"
  open_host=$(<"$server/open/host")
}

start_engine() {
  accounts "${all_users[@]}" >"$server/accounts.json"
  bg "$server" engine "$(python_with json)" "$servers/engine.py" "$server"
  wait_for "the engine" test -S "$server/engine.sock" || give_up "the engine starts" "$(<"$server/engine.log")"
  registry=docker.io
}

# sent PATH FILTER: FILTER (jq) on the last request to the engine whose path matches PATH.
sent() { jq -s -c --arg path "$1" "[.[] | select(.path | test(\$path))] | last | $2" "$server/requests.jsonl"; }

# put KEY USER SECRET stores as a client does; ask KEY gets; given KEY is the secret in the answer.
put() { jq -nc --arg key "$1" --arg user "$2" --arg secret "$3" '{ServerURL: $key, Username: $user, Secret: $secret}' | pat store; }
ask() { printf '%s' "$1" | pat get; }
given() { ask "$1" | jq -r .Secret; }

# kept FILTER: FILTER (jq) on the tokens the vault has for $registry.
kept() { pat ls --json | jq -r --arg registry "$registry" "[.tokens[] | select(.scopes | index(\$registry))] | $1"; }
users_kept() { kept 'map(.user) | sort | join(" ")'; }
users_in_use() { kept 'map(select(.in_use).user) | join(" ")'; }
name_of() { kept "map(select(.user == \"$1\").name) | first // empty"; }
use_account() { pat use "$(name_of "$1")"; }

# secret_forms: every secret plain and as JSON, a URL and base64 show it; base64 of user:secret is what Docker itself writes.
secret_forms() {
  local user text
  {
    for user in "${!secret[@]}"; do
      for text in "${secret[$user]}" "$user:${secret[$user]}"; do
        printf '%s\n' "$text"
        jq -rn --arg text "$text" '$text | tojson[1:-1], (tojson[1:-1] | gsub("&"; "\\u0026") | gsub("<"; "\\u003c") | gsub(">"; "\\u003e")), @uri'
        jq -rn --arg text "$text" '$text | @base64 | sub("=+$"; "") | ., gsub("\\+"; "-") | gsub("/"; "_")'
      done
    done
    cat "$server/refresh-tokens" 2>/dev/null
  } | sort -u
}

files_with_secrets() { grep -rlaF -f "$GROUP_DIR/forms" "$HOME"; }

# no_secret_in_files: looks through the whole home, the vault included. Planted files first show that the search finds each form.
no_secret_in_files() {
  local form count=0
  [[ -s $XDG_DATA_HOME/docker-credential-pat/vault ]] || { echo "there is no vault to look into"; return 1; }
  secret_forms >"$GROUP_DIR/forms"
  mkdir "$HOME/planted"
  while IFS= read -r form; do
    ((count += 1))
    printf '{"x":"%s"}' "$form" >"$HOME/planted/$count"
  done <"$GROUP_DIR/forms"
  ((count > 0 && $(files_with_secrets | grep -c "^$HOME/planted/") == count)) || { echo "the search does not find what was planted"; return 1; }
  rm -r "$HOME/planted"
  files_with_secrets
  (($? == 1)) # 1 is grep's "nothing found", 2 would be "could not look"
}

modes() { stat -c %a "$XDG_DATA_HOME/docker-credential-pat/vault" "$XDG_CONFIG_HOME/docker-credential-pat/key" | paste -sd " "; }
