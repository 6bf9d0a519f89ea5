#!/usr/bin/env bash
# Removes what packaging/install.sh installed: the program, its links for profiles, completions and manual.
#   packaging/uninstall.sh            first puts back the helper that Docker and podman had before
#   packaging/uninstall.sh --purge    also deletes the tokens, the key and the log; asks first (--yes: does not ask)
#   BINDIR=DIR packaging/uninstall.sh from another folder than ~/.local/bin, ~/bin or /usr/local/bin
#   SETUP=no packaging/uninstall.sh   without touching the configuration of Docker and podman
set -euo pipefail
shopt -s nullglob
say() { printf 'uninstall.sh: %s\n' "$*"; }
die() { say "$*" >&2; exit 1; }
: "${HOME:?uninstall.sh: HOME is not set}"
source "$(dirname "${BASH_SOURCE[0]}")/is-own.sh"
purge='' yes=''
for argument; do
  case $argument in
    --purge) purge=1 ;;
    --yes) yes=1 ;;
    *) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p;}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
done

data=${XDG_DATA_HOME:-} config=${XDG_CONFIG_HOME:-} state=${XDG_STATE_HOME:-}
[[ $data == /* ]] || data=$HOME/.local/share
[[ $config == /* ]] || config=$HOME/.config
[[ $state == /* ]] || state=$HOME/.local/state
name=docker-credential-pat
is_there() { [[ -e $1 || -L $1 ]]; }

bindir=${BINDIR:-}
for folder in "$HOME/.local/bin" "$HOME/bin" /usr/local/bin; do
  if [[ ! $bindir && -w $folder ]] && is_there "$folder/$name"; then bindir=$folder; fi
done
bindir=${bindir:-$HOME/.local/bin}
for folder in "$bindir" "$data" "$config" "$state"; do
  is_own "$folder" || die "$folder belongs to another user: run this as that user, or set HOME; nothing was removed"
done
program=$bindir/$name
[[ ! -d $program ]] || die "$program is a folder: nothing was removed"
! is_there "$program" || [[ -w $bindir ]] || die "cannot write to $bindir: nothing was removed"

files=()
for file in "$bindir/$name"-*; do
  [[ -L $file ]] || continue
  if [[ $(readlink "$file") == "$name" || $file -ef $program ]]; then files+=("$file"); fi
done
for file in "$data/bash-completion/completions/$name" "$config/fish/completions/$name.fish" "$data/zsh/site-functions/_$name" \
  "$data/man/man1/$name.1" "$data/man/man1/$name"-*.1 "$program"; do
  if is_there "$file"; then files+=("$file"); fi
done

# own_folders: prints the folders with the tokens, the key and the log.
own_folders() {
  local folder
  for folder in "$data/$name" "$config/$name" "$state/$name"; do
    if is_there "$folder"; then printf '%s\n' "$folder"; fi
  done
}
if [[ $purge && $(own_folders) ]]; then
  say "--purge deletes every token, the key and the log, in:"
  own_folders
  while IFS= read -r folder; do
    [[ ! -L $folder ]] || die "$folder is a link: remove it yourself, and what it leads to; nothing was removed"
  done < <(own_folders)
  if [[ ! $yes ]]; then
    [[ -t 0 ]] || die "there is no terminal to ask on: --purge --yes deletes them without asking; nothing was removed"
    read -rp "Delete them? They cannot be brought back. [y/N] " answer || true
    [[ ${answer:-} == [yY] || ${answer:-} == [yY][eE][sS] ]] || die "nothing was removed"
  fi
fi

# A key in the keyring, or in a file of one's own, is not in these folders.
elsewhere=
if [[ $purge && -x $program ]]; then elsewhere=$("$program" key status 2>/dev/null | grep -E '^(keyring|file) ') || true; fi

# Docker would ask a program that is no longer there, so this comes first.
if [[ -e $program && ${SETUP:-yes} != no ]]; then
  # Where podman's file has no known place, `install --podman` could not write to it either.
  has_podman_file() { [[ ${REGISTRY_AUTH_FILE:-}${XDG_RUNTIME_DIR:-} || $EUID == 0 || $(uname -s) != Linux ]]; }
  { "$program" uninstall && { ! has_podman_file || "$program" uninstall --podman; }; } ||
    die "nothing was removed: Docker or podman may still ask this program (SETUP=no removes it all the same)"
fi
removed=0
if ((${#files[@]})); then
  for file in "${files[@]}"; do
    rm -f "$file" || die "cannot remove $file"
    removed=1
  done
  say "removed ${#files[@]} files: $name from $bindir, with its links, completions and manual"
fi

# What the folders lead to is named, since it stays.
if [[ $purge ]]; then
  while IFS= read -r folder; do
    find "$folder" -type l -exec sh -c 'echo "uninstall.sh: $1 leads to $(readlink "$1"), which stays"' - {} \;
    rm -rf "$folder"
    removed=1
    say "deleted $folder"
  done < <(own_folders)
fi
((removed)) || say "there is nothing to remove"
[[ ! $elsewhere ]] || { say "the key is also kept elsewhere, which stays:"; echo "$elsewhere"; }
[[ ! $(own_folders) ]] || { say "kept, with the tokens, the key and the log (--purge deletes them):"; own_folders; }
hash -r
found=$(type -P "$name") || true
[[ ! $found ]] || say "another $name is still in PATH: $found"
