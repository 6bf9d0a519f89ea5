#!/usr/bin/env python3
"""Handles credentials as a program built on docker-py does, one verb per run.
usage: docker-py-client.py login KEY USER (secret on stdin) | logout KEY | get KEY | list | resolve REGISTRY | pull IMAGE | build"""
import io, json, sys

import docker
from docker import auth, credentials

verb, arguments = sys.argv[1], sys.argv[2:]
store = credentials.Store("pat")


def engine():
    return docker.from_env(version="1.41").api


def follow(stream):
    for message in stream:
        if "error" in message:
            sys.exit(message["error"])


def show(value):
    print(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def main():
    if verb == "login":  # as docker login: the engine tries the password, then the helper keeps it
        key, user, secret = *arguments, sys.stdin.read()
        engine().login(user, secret, registry=key, reauth=True)
        store.store(key, user, secret)
    elif verb == "logout":
        store.erase(arguments[0])
    elif verb == "get":
        answer = store.get(arguments[0])
        show([answer["Username"], answer["Secret"]])
    elif verb == "list":
        show(store.list())
    elif verb == "resolve":
        answer = auth.resolve_authconfig(auth.load_config(), arguments[0])
        show(answer and [answer["Username"], answer["Password"]])
    elif verb == "pull":
        follow(engine().pull(arguments[0], tag="latest", stream=True, decode=True))
    elif verb == "build":
        follow(engine().build(fileobj=io.BytesIO(b"FROM scratch\n"), decode=True))
    else:
        sys.exit(__doc__)


try:
    main()
except (docker.errors.DockerException, credentials.StoreError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
