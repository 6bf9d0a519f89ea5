#!/usr/bin/env python3
"""A stand-in for CODING's API, written from public knowledge of it and not from the program under test.
usage: coding-double.py      listens on a free port of 127.0.0.1 and prints "listening on 127.0.0.1:PORT"
POST /open-api?Action=NAME with "Authorization: token PAT" and JSON; the action may be in the body instead. An answer is
{"Response": {"RequestId": ..., ...}}; an error is {"Response": {"Error": {"Code", "Message"}, "RequestId"}}, with status 200.
Two teams: pat-of-acme has the projects shop (11) and blog (12), pat-of-other has shop (21) of another team; pat-without-rights
belongs to acme and may not see project tokens. Each PAT has scopes, without which a call is refused: pat-for-projects may only
see projects, pat-that-lists may also see tokens, pat-for-tokens may only make tokens.
A call about project tokens is answered inside "Data", with moments in milliseconds. ExpiredAt is read in China's time, and is
YYYY-MM-DD HH:MM:SS or empty. As the service does, CreateProjectToken keeps any word as a scope, also one that allows nothing;
it (and here ModifyProjectToken too) drops a scope whose Target is neither an artifact repository (7) nor a code repository (5); without any scope the token is for everything, without an end.
Undocumented actions (Modify, Enable, Disable, Describe one token) are unknown, unless offered.
POST /_ctl accepts switches, and GET /_ctl returns {"tokens": [...], "calls": [...]}, where a call is its action and its body:
  {"offer": [ACTION...]}   {"wrapped": false}, answers without "Data"; "twice": inside "Data" and "ProjectToken"   {"dates": "text"}, else milliseconds   {"page": N}, at most N tokens per page
  {"fail": {"action": A, "how": "error" | "500" | "cut" | "cut-after" | "html" | "401", "times": N, "message": M}}
  {"terse": true}, answers to a creation without Scopes and ExpireAt
  {"spoil": PATH}, puts a folder in the way at PATH whenever a token is created
  {"seed": N}, creates N tokens in project 11   {"rename": [ID, NAME]}   {"forget": ID}, deletes it as somebody else
  {"next_secret": "x"}, of the next token   {"same_pat": [PAT, "x"]}, another secret for a PAT"""
import hashlib, json, os, re, urllib.parse, uuid
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ALL = {"user:profile:ro", "project:profile:ro", "project:token:rw"}
PATS = {
    "pat-of-acme-0123456789abcdef0123456789ab": {"team": "acme", "user": "tester", "name": "Tess", "rights": True, "scopes": ALL},
    "pat-of-other-0123456789abcdef0123456789a": {"team": "other", "user": "olli", "name": "Olli", "rights": True, "scopes": ALL},
    "pat-without-rights-0123456789abcdef01234": {"team": "acme", "user": "guest", "name": "Guest", "rights": False, "scopes": ALL},
    "pat-for-projects-0123456789abcdef0123456": {"team": "acme", "user": "tester", "name": "Tess", "rights": True, "scopes": {"project:profile:ro"}},
    "pat-that-lists-0123456789abcdef012345678": {"team": "acme", "user": "tester", "name": "Tess", "rights": True,
                                                 "scopes": {"project:profile:ro", "project:token:ro"}},
    "pat-for-tokens-0123456789abcdef012345678": {"team": "acme", "user": "tester", "name": "Tess", "rights": True, "scopes": {"project:token:rw"}},
}
NEEDED = {"DescribeCodingCurrentUser": "user:profile:ro", "DescribeOneProject": "project:profile:ro", "DescribeProjectByName": "project:profile:ro",
          "DescribeProjectTokens": "project:token:ro", "DescribeProjectToken": "project:token:ro"}
TARGETS = {5, 7}
PROJECTS = {11: ("acme", "shop"), 12: ("acme", "blog"), 21: ("other", "shop")}
NEVER = datetime(9999, 12, 31, tzinfo=timezone(timedelta(hours=8)))
CHINA = timezone(timedelta(hours=8))
WORDS = {"artifact_r": "拉取制品库", "artifact_rw": "拉取、推送制品库", "wiki_rw": "Wiki"}
UNCONFIRMED = {"ModifyProjectToken", "EnableProjectToken", "DisableProjectToken", "DescribeProjectToken"}
state = {"offer": set(), "wrapped": True, "dates": "numbers", "page": 1000, "fail": [], "spoil": None, "terse": False}
tokens, calls = {}, []


class Refusal(Exception):
    def __init__(self, code, message):
        super().__init__(message)
        self.code, self.message = code, message


def moment(at):
    return at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if state["dates"] == "text" else int(at.timestamp() * 1000)


def end_of(text):
    if text and not re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text):
        raise Refusal("InvalidParameter", "ExpiredAt must be yyyy-MM-dd HH:mm:ss")
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA) if text else NEVER


def shown(token, secret=False):
    row = {key: token[key] for key in ("Id", "ProjectId", "CreatorId", "TokenName", "UserName", "Enabled")}
    row |= {key: moment(token[key]) for key in ("ExpireAt", "CreatedAt", "UpdatedAt", "LastActivityAt")}
    row["Scopes"] = [{"Value": s["Value"], "Target": s.get("Target", 0), "Text": WORDS.get(s["Value"], "")} for s in token["Scopes"]]
    return row | ({"Token": token["Token"]} if secret else {})


def kept(name, scopes, end):
    scopes = [scope for scope in scopes or [] if not scope.get("Target") or scope["Target"] in TARGETS]
    if not scopes:  # everything, without an end, whatever was wished
        name, scopes, end = "云 API 令牌", [{"Value": word} for word in WORDS], ""
    return name, scopes, end


def make(project, name, scopes, end):
    now = datetime.now(timezone.utc)
    name, scopes, end = kept(name, scopes, end)
    number = 1000 + len(tokens) + 1
    token = {"Id": number, "ProjectId": project, "CreatorId": 7, "TokenName": name, "UserName": "pt" + uuid.uuid4().hex[:10],
             "Token": state.pop("next_secret", None) or hashlib.sha1(str(uuid.uuid4()).encode()).hexdigest(), "Enabled": True, "ExpireAt": end_of(end),
             "CreatedAt": now, "UpdatedAt": now, "LastActivityAt": now, "Scopes": scopes}
    tokens[number] = token
    return token


def project_of(body, who):
    team, _ = PROJECTS.get(body.get("ProjectId"), (None, None))
    if team != who["team"]:
        raise Refusal("ResourceNotFound", "project not exist")
    if not who["rights"]:
        raise Refusal("ResourceNotFound", "permission denied")
    return body["ProjectId"]


def token_of(body, who):
    token = tokens.get(body.get("Id"))
    if token is None or token["ProjectId"] != project_of(body, who):
        raise Refusal("ResourceNotFound", "deploy token not exist")
    return token


def check_scope(action, who):
    needed = NEEDED.get(action, "project:token:rw")
    if not {needed, needed.removesuffix(":ro") + ":rw"} & who["scopes"]:
        raise Refusal("ResourceNotFound", "The current scope does not support access to this API")


def act(action, body, who):
    check_scope(action, who)
    if action in UNCONFIRMED and action not in state["offer"]:
        raise Refusal("UnknownAction", f"The action {action} is unknown")
    if action == "DescribeCodingCurrentUser":
        return {"User": {"Id": 7, "Name": who["name"], "GlobalKey": who["user"]}}
    if action in ("DescribeProjectByName", "DescribeOneProject"):
        for number, (team, name) in PROJECTS.items():
            if team == who["team"] and (name == body.get("ProjectName") or number == body.get("ProjectId")):
                return {"Project": {"Id": number, "Name": name}}
        raise Refusal("ResourceNotFound", "project not exist")
    if action == "CreateProjectToken":
        if state["spoil"]:
            os.makedirs(os.path.join(state["spoil"], "x"))
        made = shown(make(project_of(body, who), body["TokenName"], body.get("Scopes"), body.get("ExpiredAt")), secret=True)
        return {key: value for key, value in made.items() if key not in ("Scopes", "ExpireAt")} if state["terse"] else made
    if action == "DescribeProjectTokens":
        rows = [token for token in tokens.values() if token["ProjectId"] == project_of(body, who)]
        size = min(body["PageSize"], state["page"])
        first = (body["PageNumber"] - 1) * size
        return {"PageNumber": body["PageNumber"], "PageSize": size, "TotalCount": len(rows),
                "ProjectToken": [shown(token) for token in rows[first:first + size]]}
    token = token_of(body, who)
    if action == "DeleteProjectToken":
        del tokens[token["Id"]]
        return {"Deleted": True}
    if action == "DescribeProjectToken":
        return shown(token, secret=True)
    if action == "ModifyProjectToken":
        name, scopes, end = kept(body["TokenName"], body["Scopes"], body["ExpiredAt"])
        token |= {"TokenName": name, "Scopes": scopes, "ExpireAt": end_of(end)}
        return {}
    if action in ("EnableProjectToken", "DisableProjectToken"):
        token["Enabled"] = action.startswith("Enable")
        return {}
    raise Refusal("UnknownAction", f"The action {action} is unknown")


def control(body):
    for name, value in body.items():
        if name == "offer":
            state["offer"] = set(value)
        elif name == "fail":
            state["fail"] += [value] * value.get("times", 1)
        elif name == "seed":
            for number in range(value):
                make(11, f"seed-{number}", [{"Value": "artifact_r"}], "")
        elif name == "rename":
            tokens[value[0]]["TokenName"] = value[1]
        elif name == "forget":
            del tokens[value]
        elif name == "same_pat":
            PATS[value[1]] = PATS[value[0]]
        else:
            state[name] = value


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, content, kind="application/json"):
        content = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self):
        rows = [shown(token, secret=True) for token in tokens.values()]
        self.answer(200, {"tokens": rows, "calls": calls})

    def respond(self, inner):
        self.answer(200, {"Response": {"RequestId": str(uuid.uuid4())} | inner})

    def do_POST(self):
        path = urllib.parse.urlsplit(self.path)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        if path.path == "/_ctl":
            control(body)
            return self.answer(200, {})
        named = urllib.parse.parse_qs(path.query).get("Action", [body.get("Action")])[0]
        if path.path != "/open-api" or named != body.get("Action", named):
            return self.answer(404, "no such page", "text/html")
        scheme, _, secret = self.headers.get("Authorization", "").partition(" ")
        calls.append({"action": named, "body": body, "sent": scheme + " " + hashlib.sha1(secret.encode()).hexdigest()})
        fault = next((fault for fault in state["fail"] if fault["action"] == named), None)
        if fault:
            state["fail"].remove(fault)
            if self.fault(fault["how"], fault, secret):
                return None
        who = PATS.get(secret) if scheme == "token" else None
        try:
            if who is None:
                raise Refusal("ResourceNotFound", "User not found, authorization invalid")
            inner = act(named, body, who)
        except Refusal as refusal:
            return self.respond({"Error": {"Code": refusal.code, "Message": refusal.message}})
        if fault:
            return self.cut()
        is_token = named.endswith(("ProjectToken", "ProjectTokens")) and state["wrapped"]
        if is_token == "twice" and "Token" in inner:
            inner = {"ProjectToken": inner}
        return self.respond({"Data": inner} if is_token else inner)

    def cut(self):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")

    def fault(self, how, fault, secret):
        """Does what was asked to go wrong; false when the deed is to be done all the same."""
        if how == "cut-after":
            return False
        if how == "cut":
            self.cut()
        elif how == "html":
            self.answer(200, "<html>welcome</html>", "text/html")
        elif how in ("500", "401"):
            self.answer(int(how), "no", "text/html")
        else:
            message = fault.get("message", "it cannot be done").replace("{secret}", secret)
            self.respond({"Error": {"Code": fault.get("code", "InvalidParameter"), "Message": message}})
        return True

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
