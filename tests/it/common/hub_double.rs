//! A stand-in for Docker Hub, and the program that connects to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::Assert;
use serde_json::{Value, json};

use crate::common::{HANG, Home, stderr, stdout};

/// Texts that no output may contain: passwords, a second factor, and the beginnings of tokens and signatures.
pub(crate) const CANARIES: [&str; 5] = ["pw-canary", "424242", "dckr_pat_", "dckr_oat_", "eyJ"];

/// The key of logins at Docker Hub.
pub(crate) const HUB: &str = "https://index.docker.io/v1/";

/// A running stand-in, which stops when the value is dropped.
pub(crate) struct HubDouble {
    server: Child,
    address: String,
}

impl Drop for HubDouble {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

impl HubDouble {
    /// Starts the stand-in; without python3 it prints that the test is skipped and returns `None`.
    pub(crate) fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/hub-double.py");
        // The published package does not contain the stand-in.
        let is_here = Path::new(script).exists();
        let start = || Command::new("python3").arg(script).stdout(Stdio::piped()).spawn().ok();
        let Some(mut server) = is_here.then(start).flatten() else {
            eprintln!("skipped: there is no python3 for the stand-in of Docker Hub, or no stand-in");
            return None;
        };
        let mut line = String::new();
        let output = server.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut line).expect("it tells where it listens");
        let address = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
        Some(Self { server, address })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a request directly to the stand-in.
    pub(crate) fn call(&self, method: &str, path: &str, bearer: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let body = body.to_string();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {bearer}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("JSON") }
    }

    pub(crate) fn control(&self, what: &Value) -> Value {
        self.call("POST", "/_ctl", "", what)
    }

    pub(crate) fn seen(&self) -> Value {
        self.call("GET", "/_ctl", "", &Value::Null)
    }

    /// Returns every token of persons.
    pub(crate) fn pats(&self) -> Vec<Value> {
        self.seen()["pats"].as_array().expect("a list").clone()
    }

    /// Returns the labels of all tokens of persons, with a `-` before inactive ones.
    pub(crate) fn labels(&self) -> Vec<String> {
        let word = |token: &Value| {
            let mark = if token["is_active"] == true { "" } else { "-" };
            format!("{mark}{}", token["token_label"].as_str().expect("a label"))
        };
        let mut labels: Vec<_> = self.pats().iter().map(word).collect();
        labels.sort();
        labels
    }

    pub(crate) fn count(&self, call: &str) -> usize {
        self.seen()["calls"].as_array().expect("a list").iter().filter(|seen| *seen == call).count()
    }

    /// True when the stand-in accepts a secret for an account; this does not count as a use of the token.
    pub(crate) fn accepts(&self, user: &str, secret: &str) -> bool {
        self.control(&json!({ "try": [user, secret] }))["works"] == true
    }

    /// Waits until a condition holds for the state of the stand-in.
    pub(crate) fn wait_until(&self, is_met: impl Fn(&Value) -> bool) {
        let start = Instant::now();
        while !is_met(&self.seen()) {
            assert!(start.elapsed() < HANG, "the condition was not met in time");
            thread::sleep(Duration::from_millis(3));
        }
    }

    /// Creates a token as the web page does, and returns its ID and its secret.
    pub(crate) fn make(&self, user: &str, label: &str) -> (String, String) {
        let jwt = self.jwt(user, "password", 600);
        let request = json!({ "token_label": label, "scopes": ["repo:write"] });
        let created = self.call("POST", "/v2/access-tokens", &jwt, &request);
        let text = |name: &str| created[name].as_str().expect("a text").to_owned();
        (text("uuid"), text("token"))
    }

    pub(crate) fn jwt(&self, user: &str, via: &str, ttl: i64) -> String {
        let made = self.control(&json!({ "jwt": { "sub": user, "via": via, "ttl": ttl } }));
        made["jwt"].as_str().expect("a text").to_owned()
    }

    /// Returns the program with arguments of `hub`, in a home.
    pub(crate) fn program(&self, home: &Home, args: &[&str]) -> assert_cmd::Command {
        let mut program = home.program(["hub"]);
        program.args(args).env("DOCKER_CREDENTIAL_PAT_HUB_URL", self.url());
        program
    }

    /// Runs `hub` with a sign-in by password, and checks that no secret is printed.
    pub(crate) fn run_as(&self, user: &str, home: &Home, args: &[&str]) -> Assert {
        let mut program = self.program(home, args);
        let password = format!("pw-canary-of-{user}\n424242\n");
        assert_no_secret(program.args(["--user", user, "--password-stdin"]).write_stdin(password).assert())
    }

    /// Runs `hub` as alice.
    pub(crate) fn run(&self, home: &Home, args: &[&str]) -> Assert {
        self.run_as("alice", home, args)
    }

    /// Starts `hub` as alice, without waiting for it.
    pub(crate) fn spawn(&self, home: &Home, args: &[&str]) -> Child {
        let mut command = Command::new(crate::common::program());
        command.env_clear().env("HOME", home.path()).env("DOCKER_CREDENTIAL_PAT_HUB_URL", self.url());
        command.arg("hub").args(args).args(["--user", "alice", "--password-stdin"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(b"pw-canary-of-alice\n").expect("it reads");
        child
    }
}

/// Checks that no secret is in the output.
pub(crate) fn assert_no_secret(assert: Assert) -> Assert {
    let all = stdout(&assert) + &stderr(&assert);
    for canary in CANARIES {
        assert!(!all.contains(canary), "{canary} shows in {all}");
    }
    assert
}
