#!/usr/bin/env bash
# The words that a shell offers after Tab: verbs, options, and the names of the tokens in the vault. The docker client is not needed.
source "$(dirname "$0")/lib.sh"
program=docker-credential-pat

# offered SHELL WORD...: prints the candidates for a line of these words; the last one is being typed.
offered() { env DOCKER_CREDENTIAL_PAT_COMPLETE="$1" "$program" -- "$program" "${@:2:$#-2}" ".${!#}" 2>&1 | paste -sd "|"; }

equal "without a vault there is no name to offer" "" offered bash show a
put ghcr.example alice s3cret
printf s3cret | pat add "my token" --registry 'quay.example/acme' --user me --secret-stdin 2>/dev/null
printf s3cret | pat add '$(touch oops)' --registry ghcr.example --user me --secret-stdin 2>/dev/null
equal "names, and what they are for" $'alice@ghcr.example\tghcr.example' offered fish show alice
equal "names that a shell would take apart" 'alice@ghcr.example|my\ token|\$\(touch\ oops\)' offered bash show ""
equal "the verbs" "status|show|store" offered elvish s
equal "Docker's verbs have help too" 0 eval '"$program" help get >/dev/null; echo $?'
equal "the options once one is begun" "--registry" offered bash ls --reg
equal "the places that tokens may go to" "quay.example/acme" offered bash ls --registry q
equal "an unknown shell is offered nothing" "" offered tcsh show ""
ends "a call that does not ask is done as ever" 0 '^user +alice$' env DOCKER_CREDENTIAL_PAT_COMPLETE=bash "$program" show alice@ghcr.example
given_while_completing() { printf ghcr.example | DOCKER_CREDENTIAL_PAT_COMPLETE=bash pat get | jq -r .Secret; }
equal "Docker's verbs do not look at it" s3cret given_while_completing

# Bash hands the line over already split, also at @ and =, and takes the answer for the last piece.
in_bash() { # LINE WORD...: LINE as typed, WORD... as Bash splits it
  bash --norc --noprofile -c '
    set -u
    source <(docker-credential-pat completions bash)
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=("${@:2}") COMP_CWORD=$(($# - 2))
    last=${!#}
    [[ $last != [@=] ]] || last=
    _docker_credential_pat docker-credential-pat "$last" ""
    printf "%s\n" "${COMPREPLY[@]-}" | paste -sd "|"' bash "$@"
}
equal "bash: a name" "alice@ghcr.example" in_bash "$program show al" "$program" show al
equal "bash: a name behind its @" "ghcr.example" in_bash "$program show alice@" "$program" show alice @
equal "bash: a name in the middle" "ghcr.example" in_bash "$program show alice@gh" "$program" show alice @ gh
equal "bash: the value of an option behind =" "quay.example/acme" in_bash "$program ls --registry=q" "$program" ls --registry = q
equal "bash: a word behind one in quotes" "--label" in_bash "$program add 'a b'  --la" "$program" add "'a b'" --la
equal "bash: nothing" "" in_bash "$program show nobody" "$program" show nobody

# A person types, then presses Tab and Enter. Each line is typed when the prompt appears.
python=$(python_with fcntl termios) || skip "typing into a shell: python3 is not installed"
type_into() { # SHELL LINE...; SHELL with its options
  local typed=() line shell
  read -ra shell <<<"$1"
  for line in "${@:2}" exit; do typed+=(--answer 'ready> ' "$line"$'\n'); done
  (cd "$GROUP_DIR" && PS1='ready> ' limited "$python" "$here/terminal.py" "${typed[@]}" -- "${shell[@]}")
}
shown() { type_into "$@" | tr -d '\r'; ! [[ -e $GROUP_DIR/oops ]]; }
read_bash="source <($program completions bash)"
bash_there='bash --norc --noprofile -i'
ends "bash: Tab ends the name" 0 '^user +alice$' shown "$bash_there" "$read_bash" "$program show alice@"$'\t'
ends "bash: Tab ends a name with a blank" 0 '^for +quay.example/acme$' shown "$bash_there" "$read_bash" "$program show my"$'\t'
ends "bash: a name is never run" 0 '^name +\$\(touch oops\)$' shown "$bash_there" "$read_bash" "$program show \\\$"$'\t' "$program show '\$(touch oops)'"

if type -P zsh >/dev/null; then
  mkdir "$GROUP_DIR/functions"
  pat completions zsh >"$GROUP_DIR/functions/_$program"
  read_zsh="fpath=($GROUP_DIR/functions \$fpath); autoload -Uz compinit; compinit -u -D"
  ends "zsh: the first Tab ends the name" 0 '^user +alice$' shown "zsh -f -i" "$read_zsh" "$program show alice@"$'\t'
  ends "zsh: Tab ends a name with a blank" 0 '^for +quay.example/acme$' shown "zsh -f -i" "$read_zsh" "$program show my"$'\t'
  ends "zsh: Tab ends the value of an option" 0 '^my token ' shown "zsh -f -i" "$read_zsh" "$program ls --registry=q"$'\t'
  ends "zsh: a name is never run" 0 '^name +\$\(touch oops\)$' shown "zsh -f -i" "$read_zsh" "$program show \\\$"$'\t'
  ends "zsh: the script can be sourced" 0 '^user +alice$' \
    shown "zsh -f -i" "autoload -Uz compinit; compinit -u -D; source <($program completions zsh)" "$program show alice@"$'\t'
else
  echo "skipped $GROUP: zsh is not installed"
  echo skipped >>"$RESULTS"
fi

if type -P fish >/dev/null; then
  pat completions fish >"$GROUP_DIR/pat.fish"
  in_fish() { fish --no-config -c 'source $argv[1]; complete -C $argv[2]' "$GROUP_DIR/pat.fish" "$1" | paste -sd "|"; }
  equal "fish: a name" $'alice@ghcr.example\tghcr.example' in_fish "$program show alice@"
  equal "fish: a name with a blank" $'my token\tquay.example/acme' in_fish "$program show my"
  equal "fish: the value of an option" "--registry=quay.example/acme" in_fish "$program ls --registry=q"
else
  echo "skipped $GROUP: fish is not installed"
  echo skipped >>"$RESULTS"
fi

# A vault that cannot be read.
printf damaged >"$XDG_DATA_HOME/docker-credential-pat/vault"
equal "a damaged vault offers nothing, silently" "" offered bash show a
