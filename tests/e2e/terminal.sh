#!/usr/bin/env bash
# A person at a terminal: messages, questions and tables. The docker client is not needed.
source "$(dirname "$0")/lib.sh"
python=$(python_with fcntl termios unicodedata) || skip "python3 is not installed"
program=docker-credential-pat
end_of_input=$'\n\x04'
interrupt=$'\x03'

at_terminal() { limited "$python" "$here/terminal.py" "$@"; }
at_once() { timeout --foreground 30 "$@"; } # what waits for an answer is cut off

# The program's name alone.
ends "no arguments: a status" 0 'Docker does not use this program yet' at_terminal -- "$program"
ends "and the next step" 0 '^next: docker-credential-pat install' at_terminal -- "$program"
ends "also while stdin comes from elsewhere" 0 '^next:' at_terminal -- sh -c "$program </dev/null"
check "the next step, done" at_terminal -- "$program" install
ends "the next step after that" 0 '^next: docker login' at_terminal -- "$program"
ends "no arguments and no terminal: the usage on stdout" 1 '^usage: ' eval 'pat 2>/dev/null'
ends "stdin alone is no terminal to show a status on" 1 '^usage: ' at_terminal -- sh -c "$program >\"\$HOME/out\" && exit; cat \"\$HOME/out\"; exit 1"

# Docker's verbs, called by hand.
ends "get tells what it waits for" 1 'waiting for a registry' at_terminal --answer waiting "ghcr.example$end_of_input" -- "$program" get
ends "erase tells what it waits for" 0 'waiting for the registry' at_terminal --answer waiting "ghcr.example$end_of_input" -- "$program" erase
ends "store tells what it waits for" 1 'waiting for JSON' at_terminal --answer waiting "x$end_of_input" -- "$program" store
ends "list waits for nothing" 0 '\{\}' at_terminal -- "$program" list
ends "list names the verb for people" 0 'this is JSON for programs; `docker-credential-pat ls`' at_terminal -- "$program" list
equal "list without a terminal says nothing besides" "{}" eval 'pat list 2>&1'
ends "login leads to docker login and add" 1 'hint: docker login HOST signs in; docker-credential-pat add' at_terminal -- "$program" login
equal "an unknown verb is told once" 1 eval 'at_terminal -- "$program" login | grep -c error || true'
ends "status is the status" 0 '^next: ' at_terminal -- "$program" status
equal "get without a terminal tells nothing besides" "credentials not found in native keychain" eval 'ask ghcr.example 2>&1 || true'

# add_typing SECRET ARG...: types SECRET, which must not appear; its first five characters are enough to detect it.
add_typing() {
  local typed=$1 out
  shift
  out=$(at_terminal "${answers[@]}" --hidden "Secret for" "$typed"$'\n' -- "$program" add "$@") || { echo "$out"; return 1; }
  echo "$out"
  [[ $out == *"Secret for"* && $out != *"${typed:0:5}"* ]]
}
answers=()
check "add asks for the secret, which does not show" add_typing "${secret[alice]}" ci --registry ghcr.example --user alice
equal "the token works" "${secret[alice]}" given ghcr.example
answers=(--answer "User name for quay.example" $'bob\n')
check "add without --user asks for it first" add_typing "${secret[bob]}" ci-2 --registry quay.example
equal "that token works" "bob ${secret[bob]}" eval "ask quay.example | jq -r '\"\(.Username) \(.Secret)\"'"
ends "get answers on the terminal, where what is typed shows" 0 'Ctrl-Dquay\.example\{.*Username' \
  eval 'at_terminal --answer waiting "quay.example$end_of_input" -- "$program" get | tr -d "\r\n"'
ends "with stdin from elsewhere the terminal is still asked" 0 'added "ci-3"' \
  at_terminal --hidden "Secret for" $'s3cret\n' -- sh -c "$program add ci-3 --registry other.example --user me </dev/null"
ends "the question names the registry" 0 'Secret for "named" at named.example, other.example' \
  at_terminal --hidden "Secret for" $'s3cret\n' -- "$program" add named --registry named.example --registry other.example --user me
ends "so does the question for a new secret" 0 'New secret for "named" at named.example' \
  at_terminal --hidden "New secret for" $'s3cret2\n' -- "$program" rotate named
pat rm named --yes 2>/dev/null
ends "a taken name is told before anything is asked" 1 'named "ci" already' at_terminal -- "$program" add ci --registry ghcr.example
ends "the next step once there are tokens" 0 '^next: docker-credential-pat ls' at_terminal -- "$program"

# A person who enters nothing.
add_new() { at_terminal "$@" -- "$program" add new --registry new.example --user me; }
ends "an empty secret is refused" 1 'empty' add_new --hidden "Secret for" $'\n'
ends "the end of input is no secret" 1 'no secret' add_new --hidden "Secret for" $'\x04'
ends "Ctrl-C ends the question, and the terminal echoes again" 130 'Secret for' add_new --hidden "Secret for" "s3cret$interrupt"
# After every signal the terminal shows again what is typed, or the exit code is 125. SIGKILL cannot be handled.
for signal in INT:2 TERM:15 HUP:1 QUIT:3 ALRM:14 USR1:10 USR2:12 PIPE SEGV:11 BUS:7 ABRT:6 XCPU:24 TSTP; do
  case $signal in
    # Rust ignores a closed pipe, and a program that was stopped continues: the question is still there.
    PIPE | TSTP) ends "SIG$signal at the hidden question: it still waits" 0 'added "after-'"$signal" \
      at_terminal --signal "Secret for" $signal --hidden "Secret for" $'s3cret\n' -- "$program" add after-$signal --registry $signal.example --user me
      pat rm after-$signal --yes 2>/dev/null ;;
    *) ends "SIG${signal%:*} at the hidden question: the terminal echoes again" $((128 + ${signal#*:})) 'Secret for' \
      add_new --signal "Secret for" "${signal%:*}" ;;
  esac
done
ends "Ctrl-C ends the question for the user name" 130 'User name' \
  at_terminal --answer "User name" "$interrupt" -- "$program" add new --registry new.example
ends "no terminal: add names the option for the secret, at once" 1 '--secret-stdin or --secret-file' \
  at_once setsid --wait "$program" add new --registry new.example --user me
ends "no terminal and no stdin: the same" 1 '--secret-stdin or --secret-file' \
  eval 'at_once setsid --wait "$program" add new --registry new.example --user me <&-'
ends "no terminal: add names the option for the user name, at once" 1 '--user' \
  at_once setsid --wait "$program" add new --registry new.example
equal "none of these was added" "ci ci-2 ci-3" eval 'pat ls --json | jq -r "[.tokens[].name] | join(\" \")"'

# A removal asks.
printf s3cret | pat add gone --registry gone.example --user me --secret-stdin 2>/dev/null
question='from the vault? [y/N]'
ends "rm asks, and n changes nothing" 1 'Remove "gone" and its secret from the vault\? \[y/N\].*nothing was changed' \
  eval 'at_terminal --answer "$question" $'"'n\n'"' -- "$program" rm gone | tr -d "\r\n"; ((PIPESTATUS[0] == 0))'
ends "no terminal: rm names --yes, at once" 1 'docker-credential-pat rm gone --yes' at_once setsid --wait "$program" rm gone
ends "rm --registry names what goes" 0 'removed "gone" from the vault' \
  at_terminal --answer "$question" $'y\n' -- "$program" rm --registry gone.example
equal "it is gone" "ci ci-2 ci-3" eval 'pat ls --json | jq -r "[.tokens[].name] | join(\" \")"'

# A listing fits the terminal; without a terminal nothing is cut.
printf s3cret | pat add old --registry a-registry-with-a-long-name.example/and/a/long/path --user me --expires 2020-01-31 --secret-stdin 2>/dev/null
listing() { at_terminal --columns "$1" -- "$program" ls | tr -d '\r'; }
widest() { listing "$1" | wc -L; }
for columns in 20 40 80 120 200; do
  check "a listing fits $columns columns" eval '(($(widest $columns) <= columns))'
done
heads() { listing "$1" | head -1 | tr -s ' '; }
equal "a wide terminal shows every column" "NAME KIND FOR USER ALLOWS STATE CREATED STORED EXPIRES LAST-USED CAME-BY" heads 200
equal "80 columns show what counts most" "NAME KIND FOR USER ALLOWS STATE EXPIRES" heads 80
ends "40 columns shorten the longest cells in the middle" 0 '^old .*…[a-z/]*path' listing 40
equal "without a terminal nothing is cut" "a-registry-with-a-long-name.example/and/a/long/path" eval 'pat ls | grep -o "a-registry[^ ]*"'

# Colours, only on a terminal that shows them.
coloured() { at_terminal -- env "$@" "$program" ls | grep -c $'\e\[3[12]m'; }
equal "a terminal shows what is in use and what has expired in colour" 4 coloured TERM=xterm
for variable in NO_COLOR=1 CLICOLOR=0 TERM=dumb; do
  equal "$variable: no colour" 0 eval 'coloured TERM=xterm $variable || true'
done
equal "without a terminal: no colour" 0 eval 'TERM=xterm pat ls | grep -c $'"'\e'"' || true'
ends "without colour it is told as well" 0 'expired .* 2020-01-31 \([0-9]+ days ago\)' pat ls
ends "ls of a registry without a token says so" 0 'no token is for nowhere.example' at_terminal -- "$program" ls --registry nowhere.example

# Characters that would control the terminal, or make a line read as another: C0, C1, DEL and marks of direction.
nasty=$'\e[31m\e]0;title\a\u009b7m\x7f\u202e\u2066'
odd_key=$'h\u202e\u2066.example/@'
# plain PATTERN CMD...: checks that CMD's output on a terminal has none of them, and PATTERN instead.
plain() {
  local pattern=$1
  shift
  at_terminal --columns 250 -- "$@" >"$GROUP_DIR/screen" || { cat -v "$GROUP_DIR/screen"; return 1; }
  cat -v "$GROUP_DIR/screen"
  grep -qE -e "$pattern" "$GROUP_DIR/screen" || { echo "nothing like ($pattern)"; return 1; }
  "$python" - "$GROUP_DIR/screen" <<'PYTHON'
import sys, unicodedata
text = open(sys.argv[1], encoding="utf-8", newline="").read()
raw = sorted({repr(letter) for letter in text if letter not in "\r\n" and unicodedata.category(letter) in ("Cc", "Cf")})
sys.exit(f"raw: {' '.join(raw)}" if raw else 0)
PYTHON
}
check "store a user name that would steer the terminal" put nasty.example "user$nasty" s3cret
name=$(pat ls --json | jq -r '.tokens[] | select(.scopes | index("nasty.example")).name')
check "store a key that reads as another" put "$odd_key" odd s3cret
add_labelled() { printf s3cret | pat add labelled --registry label.example --user me --label "$1" --secret-stdin; }
check "add a label that would steer the terminal" add_labelled "label$nasty"
add_user() { printf s3cret | pat add steering-user --registry steering.example --user "$1" --secret-stdin; }
check "ls shows the user name without them" plain 'user\\u\{1b\}' "$program" ls
check "ls shows the key without them" plain 'h\\u\{202e\}' "$program" ls
check "show shows the user name without them" plain 'user\\u\{1b\}' "$program" show "$name"
check "show shows the label without them" plain 'label\\u\{1b\}' "$program" show labelled
check "an argument that is wrong is told without them" plain 'x\\u\{1b\}' sh -c "\"$program\" ls \"\$1\"; true" sh "--x$nasty"
check "a verb that is wrong is told without them" plain 'x\\u\{1b\}' sh -c "\"$program\" \"\$1\"; true" sh "x$nasty"
check "ls --json shows none of them either" plain 'user\\u001b' "$program" ls --json
refused "a key with control characters is refused, without them" 'control character$' put "h$nasty" user s3cret
equal "the user name comes back byte for byte" "user$nasty" eval "ask nasty.example | jq -r .Username"

# Secrets are exact or not shown at all: escaped, they would be other secrets.
check "a secret that would steer the terminal" eval 'printf "s3cret%s" "$nasty" | pat add steering --registry steering.example --user me --secret-stdin'
ends "show --reveal keeps it off the terminal" 1 'hint: `docker-credential-pat show steering --reveal > FILE` writes it as it is' \
  at_terminal -- "$program" show steering --reveal
check "the refusal does not show it" plain 'control characters' sh -c "\"$program\" show steering --reveal; true"
equal "nor any part of it" 0 eval 'at_terminal -- "$program" show steering --reveal | grep -c s3cret || true'
equal "a pipe gets every byte" "s3cret$nasty" pat show steering --reveal
ends "export keeps it off the terminal" 1 'export steering --format docker-login > FILE' \
  at_terminal -- "$program" export steering --format docker-login
ends "what is encoded may be shown" 0 '"auth"' at_terminal -- "$program" export steering --format docker-config
equal "export to a pipe has every byte" 1 eval 'pat export steering --format docker-login 2>/dev/null | grep -cF "s3cret$nasty"'
check "a user name that would steer the terminal" add_user "user$nasty"
ends "export keeps that off the terminal too" 1 'control characters' at_terminal -- "$program" export steering-user --format docker-login
ends "a secret of several lines is shown" 0 'two' eval 'printf "one\n\ttwo" | pat add lines --registry lines.example --user me --secret-stdin && at_terminal -- "$program" show lines --reveal'
for token in steering steering-user lines; do pat rm $token --yes 2>/dev/null; done

# The manual.
manual() { at_terminal -- env PAGER=cat "$@" "$program" man rotate; }
if type -P man nroff >/dev/null; then
  ends "man shows a page" 0 '^NAME' eval 'manual MANPAGER=cat | sed "s/.\x08//g; s/\x1b\[[0-9;]*m//g"'
fi
mkdir "$GROUP_DIR/no-man" && ln -s "$(type -P docker-credential-pat)" "$GROUP_DIR/no-man/"
ends "without man it shows the help" 0 'Usage: docker-credential-pat rotate' manual PATH="$GROUP_DIR/no-man"
ends "without a terminal man writes roff" 0 '^\.TH ' pat man rotate

# The vault's passphrase.
question="Passphrase of the vault"
check "a passphrase" at_terminal --hidden "New passphrase" $'correct horse battery\n' --hidden again $'correct horse battery\n' -- "$program" key add passphrase
check "it is asked for once before another holder goes" \
  at_terminal --hidden "$question" $'correct horse battery\n' -- "$program" key remove key-file
check "closed" pat lock
renewed() { at_terminal --hidden "$question" $'correct horse battery\n' -- "$program" key renew; }
ends "key renew asks once" 0 'the passphrase opens it as before' renewed
check "closed again" pat lock
equal "and it does not claim that the vault is open" 0 eval 'renewed | grep -c "open for" || true'
check "closed once more" pat lock
equal "by hand, get tells its error once" 1 \
  eval 'at_terminal --hidden "$question" "$interrupt" -- sh -c "printf ghcr.example | $program get" | grep -c "cannot open the vault" || true'
equal "without a terminal: one cause, once, in words" 1 \
  eval 'at_once setsid --wait "$program" show ci --reveal 2>&1 | grep -c "vault: its passphrase is needed: there is no terminal to ask on$" || true'

# What takes long says so, on a terminal only.
mkdir -p "$HOME/slow"
printf '#!/bin/sh\n[ "$1" = list ] && sleep 3 && echo "{}"\n' >"$HOME/slow/docker-credential-slow"
chmod +x "$HOME/slow/docker-credential-slow"
ends "a helper that takes its time is named" 0 'reading the logins of docker-credential-slow' \
  at_terminal -- env PATH="$HOME/slow:$PATH" "$program" import --helper slow
equal "without a terminal it is not" "there is nothing to copy" eval 'env PATH="$HOME/slow:$PATH" docker-credential-pat import --helper slow 2>&1'
if type -P flock >/dev/null; then
  vault=$XDG_DATA_HOME/docker-credential-pat/vault
  locked() { flock "$vault.lock" sleep 4 & sleep 0.5; "$@"; local code=$?; wait; return $code; }
  ends "a lock that is not free says so" 0 'waiting for another process that changes the vault' \
    locked at_terminal --hidden "$question" $'correct horse battery\n' -- "$program" edit ci --label waited
  equal "without a terminal it does not" 'changed "ci", for ghcr.example' locked eval 'pat edit ci --label again 2>&1 | head -1'
fi
