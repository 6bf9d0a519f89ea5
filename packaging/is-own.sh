# shellcheck shell=bash
# Sourced by install.sh and uninstall.sh.

# True unless this is root and another user owns a part of the path: root in another user's home (sudo -E), where that
# user's links could lead to what is root's.
is_own() { # PATH
  local path=$1
  [[ $EUID == 0 ]] || return 0
  [[ $path == /* ]] || path=$PWD/$path
  while [[ $path == /?* ]]; do
    [[ (! -e $path && ! -L $path) || -O $path ]] || return 1
    path=$(dirname "$path")
  done
}
