# shellcheck shell=bash
# Offers verbs, options and names of tokens to Bash. The names hold `@` and `:`, at which Bash takes a word apart.
_docker_credential_pat() {
    local line=${COMP_LINE:0:COMP_POINT} words=() last=-1 blanks word i prefix
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        blanks=${line%%[![:space:]]*}
        line=${line#"$blanks"}
        ((i < COMP_CWORD)) || word=$line
        if [[ $last == -1 || -n $blanks ]]; then words[++last]=$word; else words[last]+=$word; fi
        line=${line#"$word"}
    done
    prefix=${words[last]%"$2"}
    COMPREPLY=()
    while IFS= read -r word; do
        [[ -z $word ]] || COMPREPLY+=("${word#"$prefix"}")
    done <<<"$(DOCKER_CREDENTIAL_PAT_COMPLETE=bash docker-credential-pat -- "${words[@]:0:last}" ".${words[last]}" 2>/dev/null)"
    [[ ${COMPREPLY[0]-} != */ ]] || compopt -o nospace 2>/dev/null
}
complete -F _docker_credential_pat docker-credential-pat
