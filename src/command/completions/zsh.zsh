#compdef docker-credential-pat
# Offers verbs, options and names of tokens to zsh: as a file in a folder of $fpath, or sourced.
_docker-credential-pat() {
    local -a found folders others
    found=("${(@f)$(DOCKER_CREDENTIAL_PAT_COMPLETE=zsh docker-credential-pat -- "${(@Q)words[1,CURRENT-1]}" ".${(Q)PREFIX}" 2>/dev/null)}")
    others=(${found:#*/})
    folders=(${(M)found:#*/})
    (( ! $#others )) || _describe -V docker-credential-pat others
    (( ! $#folders )) || _describe -V folder folders -S ''
}
if [[ $funcstack[1] == _docker-credential-pat ]]; then
    _docker-credential-pat "$@"
else
    compdef _docker-credential-pat docker-credential-pat
fi
