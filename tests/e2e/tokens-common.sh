# shellcheck shell=bash
# Sourced by the tokens groups: one registry, many tokens, and a server that records which of them each client used.
# A group sets up the helper after start_tokens, and defines pull IMAGE, push IMAGE, client_login USER SECRET and client_logout.
need docker-registry openssl
python_with jwt cryptography >/dev/null || skip "python3-jwt or python3-cryptography is not installed"

# Two tokens of one user that may go anywhere below acme/, a third of another user, and two that are for one project each.
secret=([ro]='ro-A&<b>"ü密🔑' [rw]='rw-B:\ %41+/$x'"'" [ci]='ci-C' [shop]='shop-D' [blog]='blog-E')
declare -A user=([ro]=alice [rw]=alice [ci]=ci [shop]=pt-shop [blog]=pt-blog)
declare -A may=([ro]="pull" [rw]="pull,push" [ci]="pull,push" [shop]="pull,push" [blog]="pull,push")
declare -A only_in=([shop]="shop/*" [blog]="blog/*")
all_users=(ro rw ci shop blog)

accounts() {
  local name
  for name; do
    jq -n --arg name "$name" --arg user "${user[$name]}" --arg secret "${secret[$name]}" --arg may "${may[$name]}" \
      --arg repos "${only_in[$name]:-acme/*}" '{$name, $user, $secret, actions: ($may | split(",")), repos: [$repos]}'
  done | jq -s .
}

start_tokens() {
  start_registry token
  "$(python_with json)" "$servers/mkimage.py" "$server/image" "$server/data" shop/app blog/app
}

# add NAME PLACE [OPTION...]: a person adds the token that the server knows by that name.
add() { printf '%s' "${secret[$1]}" | pat add "$1" --registry "$2" --user "${user[$1]}" --secret-stdin "${@:3}"; }
rotate() { printf '%s' "$2" | pat rotate "$1" --secret-stdin "${@:3}"; }
add_both() { add ro "$host" --permission pull && add rw "$host" --permission pull,push; }
remove_all() { pat ls --json | jq -r '.tokens[].name' | xargs -r -d '\n' docker-credential-pat rm --yes; }

# with NAME=VALUE... CMD...; inside DIR CMD...: runs CMD in another environment or directory.
with() (
  while [[ $1 == *=* ]]; do export "${1?}"; shift; done
  "$@"
)
inside() (
  cd "$1" || exit
  "${@:2}"
)

# came_with CMD...: CMD must succeed; prints the names of the tokens that the server accepted, or "nobody".
came_with() {
  : >"$server/issued.jsonl"
  "$@" >&2 || return
  names_used
}
names_used() { jq -sr 'map(select(.access != []).name // "nobody") | unique | join(" ")' "$server/issued.jsonl"; }

# lines_of PATTERN CMD...: prints how often PATTERN is in CMD's stderr. CMD's stdout must not contain it at all.
lines_of() {
  local pattern=$1
  shift
  "$@" >"$GROUP_DIR/out" 2>"$GROUP_DIR/err"
  if grep -E "$pattern" "$GROUP_DIR/out"; then return 1; fi
  grep -cE "$pattern" "$GROUP_DIR/err" || [[ $? == 1 ]]
}
pull_thrice() { pull "$1" && pull "$1" && pull "$1"; }

# tokens_life: the checks that every client must pass.
tokens_life() {
  local app=$host/acme/app:1 pushed=$host/acme/pushed:1
  check "a public image comes while nothing is stored" pull "$host/public/app:1"
  refused "another is refused" "$denied" pull "$app"

  # One token to pull and one to push; no other setting is needed.
  check "add a token that may pull, and one that may push too" add_both
  equal "pull comes with the one that may pull" ro came_with pull "$app"
  equal "push comes with the one that may push" rw came_with push "$pushed"
  equal "pull after it comes with the first again" ro came_with pull "$pushed"
  equal "a public image comes with the one that may pull" ro came_with pull "$host/public/app:1"

  check "switch the one that may push off" pat deactivate rw
  refused "push is refused" "$denied" push "$pushed"
  refused "and the terminal says which token may not push, and what to do" \
    'token "ro" for .* may not push; "rw" may, but is switched off \(docker-credential-pat activate rw\)' push "$pushed"
  equal "pull goes on, and says nothing of it" 0 lines_of 'docker-credential-pat' pull "$app"
  check "switch it on" pat activate rw
  equal "push comes with it again" rw came_with push "$pushed"

  # A person decides.
  check "choose another to push" choose_ci
  equal "push comes with that" ci came_with push "$pushed"
  equal "pull does not" ro came_with pull "$app"
  check "take that back" pat use ci --clear
  equal "push comes with the first that may" rw came_with push "$pushed"
  check "choose one under a profile" pat use ci --profile work
  equal "the profile in the environment gets it" ci came_with with DOCKER_CREDENTIAL_PAT_PROFILE=work pull "$app"
  equal "another profile does not" ro came_with with DOCKER_CREDENTIAL_PAT_PROFILE=home pull "$app"
  equal "nor does none" ro came_with pull "$app"
  mkdir -p "$HOME/src/deep" "$HOME/src-x"
  check "choose one in a directory" pat use rw --dir "$HOME/src"
  equal "a client started there gets it" rw came_with inside "$HOME/src" pull "$app"
  equal "a client started below gets it" rw came_with inside "$HOME/src/deep" pull "$app"
  equal "a client started beside it does not" ro came_with inside "$HOME/src-x" pull "$app"
  check "take both back" pat use --clear
  refused "the environment names the token that may not push" "$denied" with DOCKER_CREDENTIAL_PAT_TOKEN_NAME=ro push "$pushed"
  refused "and the terminal says so" '"ro" for .* may not push; "(rw|ci)" may, but DOCKER_CREDENTIAL_PAT_TOKEN_NAME names another' \
    with DOCKER_CREDENTIAL_PAT_TOKEN_NAME=ro push "$pushed"
  equal "the environment names one to pull" ci came_with with DOCKER_CREDENTIAL_PAT_TOKEN_NAME=ci pull "$app"
  check "put one in use" pat use rw
  equal "pull comes with it now" rw came_with pull "$app"
  check "remove all" remove_all

  # A new secret, at the server and in the vault.
  check "add both again" add_both
  secret[rw]='rw-new'
  let_in "${all_users[@]}"
  refused "a secret that was replaced at the server is refused" "$denied" push "$pushed"
  check "rotate" rotate rw "${secret[rw]}"
  equal "push comes with the new secret" rw came_with push "$pushed"
  equal "pull still comes with the other token" ro came_with pull "$app"
  ends "the same secret again is no rotation" 1 "has already" rotate rw "${secret[rw]}"

  # A logout keeps what a person added.
  ends "logout keeps both, and the terminal says so" 0 'kept "ro", signed out of' client_logout
  refused "after it there are no credentials" "$denied" pull "$app"
  check "a public image comes" pull "$host/public/app:1"
  check "login with the secret of one" client_login alice "${secret[ro]}"
  equal "it makes no third token" "ro rw" kept 'map(.name) | sort | join(" ")'
  equal "pull comes with it" ro came_with pull "$app"
  check "login with the secret of the other" client_login alice "${secret[rw]}"
  equal "push comes with that" rw came_with push "$pushed"
  check "remove both" remove_all

  # Two project tokens on one host.
  check "add a token for one project" add shop "$host/shop"
  check "add a token for another project" add blog "$host/blog"
  local project
  for project in shop blog; do
    equal "pull of $project comes with its token" "$project" came_with pull "$host/$project/app:1"
    equal "push to $project comes with its token" "$project" came_with push "$host/$project/pushed:1"
    equal "explain names it" "$project" eval "pat explain --json '$host/$project/app:1' | jq -r .token"
  done
  equal "a third project comes without credentials" nobody came_with pull "$host/public/app:1"
  refused "one that is not public is refused" "$denied" pull "$app"
  check "use one of them" pat use blog
  equal "pull of the other still comes with its own" shop came_with pull "$host/shop/app:1"
  check "remove them" remove_all

  # What ends.
  check "add a token that has ended" add_as old ro "$host" --expires 2020-01-31
  equal "list does not have it" '{}' pat list
  equal "a public image comes without credentials" nobody came_with pull "$host/public/app:1"
  equal "and stderr says why, and what to do" 1 \
    lines_of 'token "old" for .* expired .*; continuing without credentials \(docker-credential-pat rotate old\)' pull "$host/public/app:1"
  check "rotate it" rotate old "${secret[rw]}" --expires 3d
  equal "pull comes with it; stderr warns once of its end" 1 \
    lines_of 'token "old" for .* expires in 3 days, .*\(docker-credential-pat rotate old\)' pull_thrice "$app"
  equal "and no more that day" 0 lines_of 'docker-credential-pat' pull_thrice "$app"
  equal "it was given" rw came_with pull "$app"
  check "no secret in any file" no_secret_in_files
}

# tokens_family_life TOOL: podman, skopeo and buildah are set up and signed in alike.
tokens_family_life() {
  tool=$1
  need "$tool"
  keep_containers_at_home
  start_tokens
  check "install --podman" pat install --podman --registry "$host"
  tokens_life
}

choose_ci() { add ci "$host" --permission pull,push && pat use ci "$host" --push; }
# add_as NAME SERVERS_NAME PLACE [OPTION...]: under another name than the server's.
add_as() { printf '%s' "${secret[$2]}" | pat add "$1" --registry "$3" --user "${user[$2]}" --secret-stdin "${@:4}"; }
