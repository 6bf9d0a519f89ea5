#!/usr/bin/env python3
"""The token server of a registry (distribution token auth): the account decides whether a token allows pull or pull and push.
usage: token-server.py DIR      needs DIR/signer.pem, DIR/signer-key.pem (EC P-256) and DIR/accounts.json, which are read at every request
GET /token (Basic), as docker, skopeo and podman ask; POST /token (OAuth2), as docker asks with a refresh token.
An account may be limited to "repos", a list of patterns (["acme/*"] by default), and have a "name" (by default the user name).
Repositories below public/ may be pulled by anyone. Each access token is one line of DIR/issued.jsonl: the account's name, or null
without an account, and the access: {"name": "ro", "access": ["acme/app:pull"]}; a login, which names no repository, has none.
With REFRESH=1 in the environment it issues refresh tokens when offline access is requested; they are random, and listed in
DIR/refresh-tokens, so that a test can search for them. With HUB=URL it also accepts what that stand-in for Docker Hub
(hub-double.py) accepts at /v2/auth/token, for pull and push. With DIR/tls/srv.pem it is encrypted. Needs PyJWT and cryptography."""
import base64, fnmatch, json, os, ssl, sys, time, urllib.error, urllib.parse, urllib.request, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

DIR = Path(sys.argv[1])
KEY = load_pem_private_key((DIR / "signer-key.pem").read_bytes(), None)
CERTIFICATE = x509.load_pem_x509_certificate((DIR / "signer.pem").read_bytes())
X5C = [base64.b64encode(CERTIFICATE.public_bytes(Encoding.DER)).decode()]
ANYONE = {"user": "", "actions": [], "name": None}
refresh_tokens = {}  # refresh token -> (user, secret)


def account(user, secret):
    rows = json.loads((DIR / "accounts.json").read_text("utf-8"))
    row = next((row for row in rows if (row["user"], row["secret"]) == (user, secret)), None)
    return row or (account_at_hub(os.environ["HUB"], user, secret) if os.environ.get("HUB") else None)


def account_at_hub(hub, user, secret):
    body = json.dumps({"identifier": user, "secret": secret}).encode()
    request = urllib.request.Request(f"{hub}/v2/auth/token", body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=5).close()
    except urllib.error.HTTPError:
        return None
    return {"user": user, "secret": secret, "actions": ["pull", "push"]}


def granted(who, scopes):
    access = []
    for scope in " ".join(scopes).split():
        kind, rest = scope.split(":", 1)
        name, actions = rest.rsplit(":", 1)
        is_theirs = any(fnmatch.fnmatchcase(name, pattern) for pattern in who.get("repos", ["acme/*"]))
        allowed = who["actions"] if is_theirs else ["pull"] if name.startswith("public/") else []
        actions = [action for action in actions.split(",") if action in allowed]
        if kind == "repository" and actions:
            access.append({"type": kind, "name": name, "actions": actions})
    return access


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, body):
        content = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def issue(self, who, service, scopes, offline):
        if who is None:
            return self.answer(401, {"details": "incorrect username or password"})
        access = granted(who, scopes)
        record = {"name": who.get("name", who["user"]), "access": [f"{row['name']}:{','.join(row['actions'])}" for row in access]}
        with (DIR / "issued.jsonl").open("a") as issued:
            issued.write(json.dumps(record) + "\n")
        now = int(time.time())
        claims = {"iss": "test-issuer", "sub": who["user"], "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now,
                  "jti": str(uuid.uuid4()), "access": access}
        token = jwt.encode(claims, KEY, "ES256", headers={"x5c": X5C})
        body = {"token": token, "access_token": token, "expires_in": 300}
        if offline and who is not ANYONE and os.environ.get("REFRESH") == "1":
            body["refresh_token"] = f"refresh-{uuid.uuid4()}"
            refresh_tokens[body["refresh_token"]] = (who["user"], who["secret"])
            with (DIR / "refresh-tokens").open("a") as listed:
                listed.write(body["refresh_token"] + "\n")
        self.answer(200, body)

    def do_GET(self):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        header = self.headers.get("Authorization", "")
        who = ANYONE
        if header.startswith("Basic "):
            who = account(*base64.b64decode(header[6:]).decode().split(":", 1))
        self.issue(who, query.get("service", [""])[0], query.get("scope", []), "offline_token" in query)

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode())
        field = {name: values[0] for name, values in form.items()}
        if field.get("grant_type") == "refresh_token":
            who = account(*refresh_tokens.get(field.get("refresh_token"), ("", "")))
        else:
            who = account(field.get("username"), field.get("password"))
        self.issue(who, field.get("service", ""), form.get("scope", []), field.get("access_type") == "offline")


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if (DIR / "tls/srv.pem").exists():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(DIR / "tls/srv.pem", DIR / "tls/srv-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
