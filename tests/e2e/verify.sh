#!/usr/bin/env bash
# verify against real registries: with passwords, with tokens, encrypted with their own certificate authority, and faulty ones.
source "$(dirname "$0")/lib.sh"
need docker-registry openssl htpasswd
python_with jwt cryptography >/dev/null || skip "python3-jwt or python3-cryptography is not installed"
stop_servers() { local of; for of in htpasswd token tls .; do stop_all "$GROUP_DIR/server/$of"; done; }
secret[reader]='read-only&<'
accounts() { # reader may only pull
  jq -n --arg alice "${secret[alice]}" --arg reader "${secret[reader]}" \
    '[{user: "alice", secret: $alice, actions: ["pull", "push"]}, {user: "reader", secret: $reader, actions: ["pull"]}]'
}
add() { printf '%s' "$2" | pat add "$1" --registry "$host" --user "$3" --secret-stdin "${@:4}"; }
answers() { pat verify "$@" --json | jq -c '[.answers[] | [.token, .answer, .pull, .push, .delete]]'; }

# told WANT ARGUMENT…: checks the registry's answer, as JSON; the exit code does not count.
told() { local want=$1 got; shift; got=$(answers "$@" 2>/dev/null); [[ $got == "$want" ]] || { echo "got $got"; return 1; }; }

for mode in htpasswd token tls; do
  server=$GROUP_DIR/server/$mode
  mkdir -p "$server"
  unset TLS
  [[ $mode != tls ]] || export TLS=1
  accounts >"$server/accounts.json"
  "$servers/registry.sh" "${mode/tls/token}" "$server" || give_up "the $mode registry starts" "$(tail -n 20 "$server"/*.log)"
  host=$(<"$server/host")
  check "$mode: add a good token" add "good-$mode" "${secret[alice]}" alice
  check "$mode: add one that nobody knows" add "bad-$mode" "not it" alice
  check "$mode: add one that may only pull" add "reader-$mode" "${secret[reader]}" reader
  if [[ $mode == tls ]]; then
    ends "$mode: an authority that nobody trusts is named" 1 "cannot trust https://$host" pat verify good-tls
    ends "$mode: and the way out" 1 DOCKER_CREDENTIAL_PAT_CA_FILE pat verify good-tls
    export DOCKER_CREDENTIAL_PAT_CA_FILE=$server/tls/ca.pem
  fi
  check "$mode: a good token is accepted" told "[[\"good-$mode\",\"accepted\",null,null,null]]" "good-$mode"
  check "$mode: a bad one is refused" told "[[\"bad-$mode\",\"refused\",null,null,null]]" "bad-$mode"
  ends "$mode: and the exit code says so" 1 refused pat verify "bad-$mode"
  if [[ $mode == htpasswd ]]; then
    check "$mode: whether it may push is not to be known" told "[[\"good-$mode\",\"accepted\",true,null,null]]" "good-$mode" --repository acme/app
  else
    check "$mode: what it may do" told "[[\"good-$mode\",\"accepted\",true,true,false]]" "good-$mode" --repository acme/app
    check "$mode: what one may that only pulls" told "[[\"reader-$mode\",\"accepted\",true,false,false]]" "reader-$mode" --repository "$host/acme/app:1"
    check "$mode: what it may not touch" told "[[\"good-$mode\",\"accepted\",false,false,false]]" "good-$mode" --repository other/app
  fi
  refused "$mode: add --verify keeps nothing that is refused" "does not accept" add "new-$mode" "not it" alice --verify
  refused "$mode: nothing of it is there" "no token named" pat show "new-$mode"
  check "$mode: add --verify keeps what is accepted" add "new-$mode" "${secret[alice]}" alice --verify
  refused "$mode: rotate --verify takes no bad one" "does not accept" bash -c "printf bad | docker-credential-pat rotate new-$mode --secret-stdin --verify"
  equal "$mode: and the old one is still there" "${secret[alice]}" pat show "new-$mode" --reveal
done
# The same encrypted registry behind a faulty proxy; its certificate is valid for any port of this machine.
ill() { # MODE [N]: sets host to a proxy that does so
  stop_pid "$GROUP_DIR/server/proxy.pid"
  rm -f "$GROUP_DIR/server/proxy.log"
  bg "$GROUP_DIR/server" proxy "$(python_with asyncio)" "$servers/fault-proxy.py" "${real##*:}" "$@"
  wait_for "the proxy" grep -q listening "$GROUP_DIR/server/proxy.log"
  host=$(sed 's/.* on //' "$GROUP_DIR/server/proxy.log")
}
real=$host
while read -r pattern fault; do
  # shellcheck disable=SC2086
  ill $fault
  name=behind-${fault// /-}
  check "$fault: add a token" add "$name" "${secret[alice]}" alice
  SECONDS=0
  ends "$fault: verify says so" "$([[ $pattern == accepted ]] && echo 0 || echo 1)" "${pattern//_/ }" pat verify "$name"
  check "$fault: within the limits" test "$SECONDS" -lt 45
  check "$fault: rm" pat rm "$name" --yes
done <<'FAULTS'
accepted pass
accepted delay 150
cannot_reach|is_broken refuse
is_broken cut 700
is_broken garbage
no_answer_within blackhole
no_answer_within|is_broken trickle 100
FAULTS

ends "all of them, with progress" 1 '^9 of 12:|^12 of 12: ' pat verify --all
check "no secret in any file" no_secret_in_files
stop_servers
ends "a registry that is gone is named" 1 "cannot reach|is broken" pat verify good-token
