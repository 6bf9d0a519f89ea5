# Offers verbs, options and names of tokens to Elvish.
set edit:completion:arg-completer[docker-credential-pat] = {|@words|
    tmp E:DOCKER_CREDENTIAL_PAT_COMPLETE = elvish
    docker-credential-pat -- (all $words[..-1]) .$words[-1] 2>/dev/null
}
