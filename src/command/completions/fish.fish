# Offers verbs, options and names of tokens to fish.
complete --command docker-credential-pat --no-files --keep-order --arguments '(DOCKER_CREDENTIAL_PAT_COMPLETE=fish docker-credential-pat -- (commandline --current-process --tokenize --cut-at-cursor) .(commandline --current-token --cut-at-cursor) 2>/dev/null)'
