#!/usr/bin/env python3
"""A stand-in for the Docker engine: only the requests of docker login, pull, push and the classic build.
usage: engine.py DIR      listens on DIR/engine.sock
DIR/accounts.json lists the accounts that may log in, on any registry: [{"user": "alice", "secret": "…", "actions": ["pull", "push"]}, …]. Images
below acme/ need an account; an account with "repos", a list of patterns, has only these. All others are public. Every
request becomes one line of DIR/requests.jsonl: method, path, "auth" (the decoded X-Registry-Auth) and "config" (the
decoded X-Registry-Config)."""
import base64, fnmatch, json, re, socketserver, sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

DIR = Path(sys.argv[1])
VERSION = "1.47"  # a client takes the lower of this and its own highest
IMAGE = "sha256:" + 64 * "1"


def accounts():
    return json.loads((DIR / "accounts.json").read_text("utf-8"))


def account(auth):
    who = (auth.get("username"), auth.get("password"))
    return next((row for row in accounts() if (row["user"], row["secret"]) == who), None)


def is_theirs(row, name):
    # With or without a registry and a tag.
    return any(fnmatch.fnmatchcase(name, form) for repo in row.get("repos", ["*"]) for form in (repo, "*/" + repo))


def may(auth, action, name):
    row = account(auth)
    return row is not None and action in row["actions"] and is_theirs(row, name)


def decoded(header):
    # URL-safe base64, with or without padding.
    return json.loads(base64.urlsafe_b64decode(header + "==")) if header else None


def folded(auth):
    # The engine is written in Go and so takes keys in any case: docker-py sends "Username", docker "username".
    return {key.lower(): value for key, value in auth.items()}


def is_private(name):
    return bool(re.search(r"(^|/)acme/", name)) or any("repos" in row and is_theirs(row, name) for row in accounts())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "client"  # a Unix socket has no address to log

    def body(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def head(self, code, name, value):
        self.send_response(code)
        self.send_header("Api-Version", VERSION)
        self.send_header("Ostype", "linux")
        self.send_header("Content-Type", "application/json")
        self.send_header(name, value)
        self.end_headers()

    def answer(self, code, body):
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.head(code, "Content-Length", str(len(content)))
        if self.command != "HEAD":
            self.wfile.write(content)

    def progress(self, *messages):
        # docker-py treats an answer as a stream of messages only when it is chunked.
        self.head(200, "Transfer-Encoding", "chunked")
        for message in messages:
            line = json.dumps(message).encode() + b"\r\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(line), line))
        self.wfile.write(b"0\r\n\r\n")

    def handle_request(self):
        body = self.body()
        url = urlsplit(self.path)
        path = re.sub(r"^/v[0-9.]+(?=/)", "", unquote(url.path))
        auth = folded(decoded(self.headers.get("X-Registry-Auth")) or {})
        config = {key: folded(value) for key, value in (decoded(self.headers.get("X-Registry-Config")) or {}).items()}
        record = {"method": self.command, "path": path, "auth": auth, "config": config}
        with (DIR / "requests.jsonl").open("a") as records:
            records.write(json.dumps(record) + "\n")
        if path == "/_ping":
            return self.answer(200, "OK")
        if path == "/version":
            return self.answer(200, {"Version": "20.10.0", "ApiVersion": VERSION, "MinAPIVersion": "1.12", "Os": "linux", "Arch": "amd64"})
        if path == "/info":
            return self.answer(200, {"OSType": "linux", "Architecture": "x86_64", "IndexServerAddress": "https://index.docker.io/v1/"})
        if path == "/auth":
            if account(json.loads(body)):
                return self.answer(200, {"Status": "Login Succeeded", "IdentityToken": ""})
            return self.answer(401, {"message": "unauthorized: incorrect username or password"})
        if path == "/build":
            return self.progress({"aux": {"ID": IMAGE}}, {"stream": "Successfully built 111111111111\n"})
        if path == "/images/create":
            name = parse_qs(url.query)["fromImage"][0]
            if is_private(name) and not may(auth, "pull", name):
                return self.answer(404, {"message": f"pull access denied for {name}"})
            return self.progress({"status": f"Status: Image is up to date for {name}"})
        if pushed := re.fullmatch(r"/images/(.+)/push", path):
            if not may(auth, "push", pushed[1]):  # the engine tells this in the stream, after the 200
                message = f"denied: requested access to {pushed[1]} is denied"
                return self.progress({"errorDetail": {"message": message}, "error": message})
            return self.progress({"status": "1: digest: " + IMAGE + " size: 1"})
        return self.answer(404, {"message": "page not found"})

    do_GET = do_HEAD = do_POST = handle_request


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


Server(str(DIR / "engine.sock"), Handler).serve_forever()
