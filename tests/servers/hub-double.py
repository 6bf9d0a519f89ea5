#!/usr/bin/env python3
"""A stand-in for Docker Hub's token calls on 127.0.0.1, in memory; tests/servers/prism.sh checks it against Docker's description.
usage: hub-double.py [PORT]    prints "listening on 127.0.0.1:PORT"; without PORT the system chooses one
Accounts: alice; bob, who has a second factor (code 424242); the password of each is "pw-canary-of-NAME". alice owns the
organization acme, with a repository of every name but "missing". A token works as the secret in /v2/auth/token while it is active
and has not expired, which is recorded as a use. As at Docker Hub, managing tokens requires a sign-in by password, an expired token
can only be deleted, and an organization has a limited number of tokens, each for at most 50 repositories and with known scopes.
POST /_ctl with any of these, which are not part of Docker Hub, answers {}:
  {"fail": [["GET", "/v2/access-tokens", 503, 2]]}   answers the next 2 such calls so; 429 comes with "wait_s" to wait
  {"wait_s": 1, "wait_is": "seconds" | "moment"}     the header of a 429: Retry-After, or the older X-Retry-After
  {"cut": [["POST", "/v2/access-tokens", "before"]]} closes the connection before or after the next such call is done
  {"hold": [3, "after"]}                             stops at the third call from now on, before or after it is done, until
                                                     {"release": true}; then the connection ends without an answer
  {"oat_limit": 2}                                   the number of tokens that an organization can have; 10 as with Docker Team
  {"page_cap": 2}  {"delay_ms": 5}  {"advance_s": 60}  {"echo": true} repeats what was sent in the words of an error
  {"code": ["bob", "x"]} changes a code  {"next_signatures": ["x"]} ends the next sign-ins' tokens with these
  {"made": {"scopes": ["repo:admin"]}} changes what is made from now on; {"terse": true} leaves scopes and expiry out of that answer
  {"next_secret": "x"}  {"forget": "ID"} deletes a token; {"reject": true} takes no secret at /v2/auth/token that is made from now on
  {"seed": {"owner": "alice", "label": "x", "count": 120, "generated_by": "desktop"}}
and {"jwt": {"sub": "alice", "via": "password" | "pat" | "oat", "ttl": 600}} answers {"jwt": …}, {"try": ["alice", "secret"]} answers
{"works": true | false} without noting a use. GET /_ctl gives what was seen: {"calls": [...], "held": true | false, "pats":
[...], "oats": [...]}, never a secret."""
import base64, datetime, hashlib, hmac, json, secrets, sys, threading, time, urllib.parse, uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECOND_FACTORS = {"alice": None, "bob": "424242"}
OWNERS = {"acme": "alice"}
SCOPES = ("repo:admin", "repo:write", "repo:read", "repo:public_read", "sandbox:use")
# https://docs.docker.com/security/access-tokens/reference/
REPOSITORY_SCOPES = ["scope-" + word for word in (
    "image-pull image-push image-delete repository-read repository-edit repository-admin tag-read tag-admin webhook-read"
    " webhook-edit webhook-admin repo-group-read repo-group-edit repo-group-admin repository-settings-admin").split()]
ORGANIZATION_SCOPES = ["scope-" + word for word in (
    "member-read member-edit invite-read invite-edit group-read group-edit activity-read siem_credentials-read ram-read ram-write"
    " report-read repository-create repository-list registry-usage-read").split()]
MAX_REPOSITORIES = 50
KEY = secrets.token_bytes(32)
LOCK = threading.RLock()


class State:
    tokens = {}  # id -> token; what begins with _ is never shown
    calls, fail, cut, hold, counted = [], [], [], None, 0
    held, release = threading.Event(), threading.Event()
    oat_limit = 10
    wait_s, wait_is, page_cap, delay_ms, shift, echo, reject = 1, "seconds", 100, 0, 0, False, False
    next_secret, made, terse = None, {}, False
    next_signatures, chosen = [], {}  # chosen: what is before a chosen signature -> the signature


class Refused(Exception):
    def __init__(self, code, body):
        self.code, self.body = code, body


def now():
    return time.time() + State.shift


def iso(moment):
    return datetime.datetime.fromtimestamp(moment, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment_of(text):
    moment = datetime.datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    if "T" not in text.upper() or moment.tzinfo is None:
        raise ValueError(text)
    return moment.timestamp()


def encoded(content):
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def signature(message):
    return encoded(hmac.new(KEY, message.encode(), hashlib.sha256).digest())


def jwt(sub, via, ttl=600):
    claims = {"sub": sub, "via": via, "exp": int(now() + ttl), "jti": str(uuid.uuid4())}
    message = encoded(b'{"alg":"HS256","typ":"JWT"}') + "." + encoded(json.dumps(claims).encode())
    if State.next_signatures:
        State.chosen[message] = State.next_signatures.pop(0)
    return message + "." + State.chosen.get(message, signature(message))


def claims_of(token):
    try:
        message, sign = token.rsplit(".", 1)
        claims = json.loads(base64.urlsafe_b64decode(message.split(".")[1] + "=="))
        return claims if hmac.compare_digest(sign, State.chosen.get(message, signature(message))) and claims["exp"] > now() else None
    except Exception:
        return None


def bad(field, text):
    return Refused(400, {"fields": {field: [text]}, "text": text})


def refused(text="Incorrect authentication credentials", code=401):
    return Refused(code, {"detail": text, "message": text})


def has_expired(token):
    return token.get("expires_at") is not None and moment_of(token["expires_at"]) <= now()


def shown(token, secret="", resources=True):
    """An organization's token is listed without its resources, and its secret is not even empty but when it is made."""
    told = {name: value for name, value in token.items() if not name.startswith("_") and (resources or name != "resources")}
    if "uuid" in token or secret:
        told["token"] = secret
    return told


def who(identifier, secret, is_use=True):
    """Returns by what an account is signed in; None when it is not."""
    if identifier in SECOND_FACTORS and secret == f"pw-canary-of-{identifier}":
        return "password"
    for token in State.tokens.values():
        if (token["_account"], token["_secret"]) == (identifier, secret) and token["is_active"] and not has_expired(token):
            if token["_rejected"]:
                return None
            if is_use:
                token["last_used" if "uuid" in token else "last_used_at"] = iso(now())
            return "pat" if "uuid" in token else "oat"
    return None


def text_of(body, field, longest=100):
    if not isinstance(body[field], str) or not 1 <= len(body[field]) <= longest:
        raise bad(field, "must be a string of 1 to 100 characters")
    return body[field]


def end_of(body):
    try:
        moment_of(body["expires_at"])
    except (ValueError, TypeError, AttributeError):
        raise bad("expires_at", "must be an RFC 3339 date-time") from None
    return body["expires_at"]


def make_secret(prefix):
    chosen, State.next_secret = State.next_secret, None
    return chosen or prefix + secrets.token_urlsafe(20)


def make_pat(owner, label, scopes, agent="", generated_by="manual"):
    return {
        "uuid": str(uuid.uuid4()), "client_id": "HUB", "creator_ip": "127.0.0.1", "creator_ua": agent,
        "created_at": iso(now()), "last_used": None, "generated_by": generated_by, "is_active": True, "token_label": label,
        "scopes": scopes, "_account": owner, "_secret": make_secret("dckr_pat_"), "_rejected": State.reject,
    }


def make_oat(organization, owner, label):
    return {
        "id": str(uuid.uuid4()), "label": label, "created_by": owner, "is_active": True, "created_at": iso(now()),
        "expires_at": None, "last_used_at": None, "resources": [], "_account": organization,
        "_secret": make_secret("dckr_oat_"), "_rejected": State.reject,
    }


def resources_of(body, organization):
    """Refuses what Docker Hub refuses; types that it has for other products are not here."""
    resources = body.get("resources", [])
    if not isinstance(resources, list):
        raise bad("resources", "must be a list")
    for resource in resources:
        kind, path, scopes = (resource.get(name) for name in ("type", "path", "scopes"))
        if kind not in ("TYPE_REPO", "TYPE_ORG"):
            raise bad("resources", f"unknown type {kind}")
        known = REPOSITORY_SCOPES if kind == "TYPE_REPO" else ORGANIZATION_SCOPES
        if not isinstance(scopes, list) or not scopes or any(scope not in known for scope in scopes):
            raise bad("resources", f"unknown scope for {kind} in {scopes}")
        owner, _, name = str(path).partition("/")
        is_repository = path == "*/*/public" or (owner == organization and name not in ("", "missing") and "/" not in name)
        if not is_repository if kind == "TYPE_REPO" else path != organization:
            raise bad("resources", f"unknown path {path}")
    if sum(resource["type"] == "TYPE_REPO" for resource in resources) > MAX_REPOSITORIES:
        raise bad("resources", "more than 50 repositories")
    return resources


def control(body):
    for name in ("wait_s", "wait_is", "page_cap", "delay_ms", "echo", "reject", "next_secret", "oat_limit", "made", "terse"):
        setattr(State, name, body.get(name, getattr(State, name)))
    State.shift += body.get("advance_s", 0)
    State.fail += [list(row) for row in body.get("fail", [])]
    State.cut += [list(row) for row in body.get("cut", [])]
    State.next_signatures += body.get("next_signatures", [])
    SECOND_FACTORS.update([body["code"]] if "code" in body else [])
    State.tokens.pop(body.get("forget"), None)
    if "hold" in body:
        State.hold, State.counted = body["hold"], 0
        State.held.clear()
        State.release.clear()
    if body.get("release"):
        State.hold = None
        State.release.set()
    for number in range(body.get("seed", {}).get("count", 0)):
        seed = body["seed"]
        token = make_pat(seed["owner"], f"{seed['label']} {number}", ["repo:read"], generated_by=seed.get("generated_by", "manual"))
        State.tokens[token["uuid"]] = token
    if "jwt" in body:
        return {"jwt": jwt(**body["jwt"])}
    if "try" in body:
        return {"works": who(*body["try"], is_use=False) is not None}
    return {}


def seen():
    tokens = list(State.tokens.values())
    return {
        "calls": State.calls, "held": State.held.is_set(),
        "pats": [shown(token) for token in tokens if "uuid" in token],
        "oats": [shown(token) for token in tokens if "id" in token],
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536
    disable_nagle_algorithm = True

    def log_message(self, *_):
        pass

    def answer(self, code, body=None, headers=()):
        if self.is_mute:
            self.close_connection = True
            return
        content = b"" if body is None else json.dumps(body).encode()
        self.send_response(code)
        if body is not None:
            self.send_header("Content-Type", "application/json")
        if code != 204:
            self.send_header("Content-Length", str(len(content)))
        for header in headers:
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()

    def body(self, *needed):
        try:
            body = json.loads(self.raw or b"null")
        except ValueError:
            raise bad("body", "not JSON") from None
        if self.headers.get_content_type() != "application/json" or not isinstance(body, dict):
            raise bad("body", "must be a JSON object")
        for name in needed:
            if name not in body:
                raise bad(name, "This field is required.")
        return body

    def manager(self):
        header = self.headers.get("Authorization", "")
        claims = claims_of(header[7:]) if header.startswith("Bearer ") else None
        if not claims:
            raise refused()
        if claims["via"] != "password":
            kind = "organization" if claims["via"] == "oat" else "personal"
            raise refused(f"token issued from {kind} access token is not allowed", 403)
        return claims["sub"]

    def listing(self, path, query, items, count):
        try:
            page, size = (int(query.get(name, [usual])[0]) for name, usual in (("page", 1), ("page_size", 10)))
        except ValueError:
            raise bad("page", "must be a number") from None
        if page < 1 or size < 1:
            raise bad("page", "must be a whole number from 1")
        size = min(size, State.page_cap)
        # Following this address would fail: only its presence matters.
        link = lambda number: f"https://elsewhere.invalid{path}?page={number}&page_size={size}"
        more = {"next": link(page + 1) if page * size < len(items) else None, "previous": link(page - 1) if page > 1 else None}
        return self.answer(200, count | more | {"results": items[(page - 1) * size : page * size]})

    def sign_in(self, path):
        if path == "/v2/auth/token":
            body = self.body("identifier", "secret")
            via = who(body["identifier"], body["secret"])
            if not via:
                raise refused()
            return self.answer(200, {"access_token": jwt(body["identifier"], via)})
        if path == "/v2/users/login":
            body = self.body("username", "password")
            user, via = body["username"], who(body["username"], body["password"])
            if not via:
                raise refused()
            if via == "password" and SECOND_FACTORS[user]:
                text = "Require secondary authentication on MFA enabled account"
                raise Refused(401, {"detail": text, "login_2fa_token": jwt(user, "2fa", 300)})
            return self.answer(200, {"token": jwt(user, via)})
        body = self.body("login_2fa_token", "code")
        claims = claims_of(body["login_2fa_token"])
        if not claims or claims["via"] != "2fa" or body["code"] != SECOND_FACTORS[claims["sub"]]:
            raise refused()
        return self.answer(200, {"token": jwt(claims["sub"], "password")})

    def personal(self, path, query, me):
        if self.command == "GET":
            mine = [token for token in State.tokens.values() if "uuid" in token and token["_account"] == me]
            count = {"count": len(mine), "active_count": sum(token["is_active"] for token in mine)}
            return self.listing(path, query, [shown(token) for token in mine], count)
        body = self.body("token_label", "scopes")
        scopes = body["scopes"]
        if not isinstance(scopes, list) or not scopes or any(scope not in SCOPES for scope in scopes):
            raise bad("scopes", f"must be a list of {', '.join(SCOPES)}")
        token = make_pat(me, text_of(body, "token_label"), scopes, self.headers.get("User-Agent", ""))
        if "expires_at" in body:
            token["expires_at"] = end_of(body)
        return self.made(token)

    def organizations(self, path, query, organization, me):
        if self.command == "GET":
            theirs = [token for token in State.tokens.values() if "id" in token and token["_account"] == organization]
            return self.listing(path, query, [shown(token, resources=False) for token in theirs], {"total": len(theirs)})
        body = self.body("label")
        resources = resources_of(body, organization)
        # Those that have expired or are switched off count too.
        if sum("id" in token and token["_account"] == organization for token in State.tokens.values()) >= State.oat_limit:
            raise refused("organization access token limit reached", 403)
        token = make_oat(organization, me, text_of(body, "label"))
        token["resources"] = resources
        if body.get("expires_at") is not None:
            token["expires_at"] = end_of(body)
        return self.made(token)

    def made(self, token):
        token.update(State.made)
        State.tokens[token.get("uuid") or token["id"]] = token
        told = shown(token, token["_secret"])
        if State.terse:
            told = {name: value for name, value in told.items() if name not in ("scopes", "resources", "expires_at")}
        return self.answer(201, told)

    def one(self, token, label):
        if self.command == "PATCH":
            body = self.body()
            if has_expired(token):
                raise bad("is_active", "the token has expired")
            if label in body:
                token[label] = text_of(body, label)
            if not isinstance(body.get("is_active", True), bool):
                raise bad("is_active", "must be true or false")
            if "id" in token and "resources" in body:
                token["resources"] = resources_of(body, token["_account"])
            token["is_active"] = body.get("is_active", token["is_active"])
        if self.command == "DELETE":
            State.tokens.pop(token.get("uuid") or token["id"])
            return self.answer(204)
        return self.answer(200, shown(token))

    def route(self, path, query):
        parts = path.strip("/").split("/")
        method = self.command
        if path in ("/v2/auth/token", "/v2/users/login", "/v2/users/2fa-login") and method == "POST":
            return self.sign_in(path)
        me = self.manager()
        if path == "/v2/access-tokens" and method in ("GET", "POST"):
            return self.personal(path, query, me)
        token = State.tokens.get(parts[-1], {})
        if parts[:2] == ["v2", "access-tokens"] and len(parts) == 3 and method in ("GET", "PATCH", "DELETE"):
            if "uuid" not in token or token["_account"] != me:
                raise refused("not found", 404)
            return self.one(token, "token_label")
        if parts[:2] == ["v2", "orgs"] and parts[3:4] == ["access-tokens"]:
            if OWNERS.get(parts[2]) != me:
                raise refused("forbidden" if parts[2] in OWNERS else "not found", 403 if parts[2] in OWNERS else 404)
            if len(parts) == 4 and method in ("GET", "POST"):
                return self.organizations(path, query, parts[2], me)
            if len(parts) == 5 and method in ("GET", "PATCH", "DELETE"):
                if "id" not in token or token["_account"] != parts[2]:
                    raise refused("not found", 404)
                return self.one(token, "label")
        raise refused("not found", 404)

    def refuse(self, code, body):
        if State.echo:
            sent = " ".join(str(value) for value in json.loads(self.raw or b"{}").values())
            body = body | {"detail": f"{self.headers.get('Authorization', '')} {sent} {body.get('detail')}"}
        waits = {"seconds": ("Retry-After", str(State.wait_s)), "moment": ("X-Retry-After", str(int(now()) + State.wait_s))}
        self.answer(code, body, [waits[State.wait_is]] if code == 429 else [])

    def faulty(self, path):
        for row in State.fail:
            if row[:2] == [self.command, path] and row[3] > 0:
                row[3] -= 1
                self.refuse(row[2], {"detail": "Rate limit exceeded" if row[2] == 429 else "injected"})
                return True
        return False

    def wait(self):
        State.held.set()
        State.release.wait(15)

    def handle_call(self):
        url = urllib.parse.urlsplit(self.path)
        path = url.path.rstrip("/")
        with LOCK:
            if path == "/_ctl":
                return self.answer(200, control(json.loads(self.raw)) if self.command == "POST" else seen())
            State.calls.append(f"{self.command} {path}")
            State.counted += 1
            held = State.hold[1] if State.hold and State.hold[0] == State.counted else None
            cuts = [row for row in State.cut if row[:2] == [self.command, path]]
            if cuts:
                State.cut.remove(cuts[0])
            cut = cuts[0][2] if cuts else None
            self.is_mute = bool(held or cut)
        time.sleep(State.delay_ms / 1000)
        if held == "before":
            self.wait()
        if held != "before" and cut != "before":
            with LOCK:
                try:
                    if not self.faulty(path):
                        self.route(path, urllib.parse.parse_qs(url.query))
                except Refused as refusal:
                    self.refuse(refusal.code, refusal.body)
        if held == "after":
            self.wait()
        if self.is_mute:
            self.close_connection = True

    def do_any(self):
        self.is_mute = False
        self.raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.handle_call()

    do_GET = do_POST = do_PATCH = do_DELETE = do_any


server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if sys.argv[1:] else 0), Handler)
server.daemon_threads = True
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
