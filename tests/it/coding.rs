//! Tests of `coding` against a stand-in for CODING.

#![cfg(feature = "online")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;
use std::{fs, thread};

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::common;
use crate::common::server::{Server, json_answer};
use crate::common::{Home, found, stderr, stdout};

const PAT: &str = "pat-of-acme-0123456789abcdef0123456789ab";
const OTHER_PAT: &str = "pat-of-other-0123456789abcdef0123456789a";
const WEAK_PAT: &str = "pat-without-rights-0123456789abcdef01234";
const PROJECT_PAT: &str = "pat-for-projects-0123456789abcdef0123456";
const LISTING_PAT: &str = "pat-that-lists-0123456789abcdef012345678";
const TOKEN_PAT: &str = "pat-for-tokens-0123456789abcdef012345678";
const IMAGES: &str = "acme-docker.pkg.coding.net";

/// A running stand-in, and a home whose vault has the personal access token of its team.
struct CodingDouble {
    server: Child,
    address: String,
    home: Home,
}

impl CodingDouble {
    /// Starts the stand-in; `None` without Python.
    fn start() -> Option<Self> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/servers/coding-double.py");
        let started = std::process::Command::new("python3").arg(script).stdout(Stdio::piped()).spawn();
        let Ok(mut server) = started else {
            eprintln!("skipped: python3 is not installed");
            return None;
        };
        let mut line = String::new();
        BufReader::new(server.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let address = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
        let home = Home::new();
        home.bring("pat", IMAGES, "tester", PAT, &["--kind", "pat"]).success();
        Some(Self { server, address, home })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a command to the stand-in itself, and returns its answer.
    fn control(&self, body: Option<&Value>) -> Value {
        let body = body.map(ToString::to_string);
        let method = if body.is_some() { "POST" } else { "GET" };
        let body = body.unwrap_or_default();
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let head = format!("{method} /_ctl HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        stream.write_all(head.as_bytes()).expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        serde_json::from_str(answer.split_once("\r\n\r\n").expect("a body").1).expect("JSON")
    }

    fn switch(&self, body: &Value) {
        self.control(Some(body));
    }

    fn fail(&self, action: &str, how: &str, times: u64) {
        self.switch(&json!({ "fail": { "action": action, "how": how, "times": times } }));
    }

    /// Returns the tokens at the stand-in.
    fn tokens(&self) -> Vec<Value> {
        self.control(None)["tokens"].as_array().expect("a list").clone()
    }

    /// Returns the actions of all requests so far.
    fn actions(&self) -> Vec<String> {
        let calls = self.control(None)["calls"].as_array().expect("a list").clone();
        calls.iter().map(|call| call["action"].as_str().expect("a text").to_owned()).collect()
    }

    /// Returns the program with a verb of `coding`, for the stand-in and with the vault's personal access token.
    fn coding(&self, args: &[&str]) -> Command {
        let mut program = self.unattended(args);
        program.args(["--url", &self.url(), "--token", "pat"]);
        program
    }

    /// Returns the program with a verb of `coding` and no other arguments.
    fn unattended(&self, args: &[&str]) -> Command {
        let mut program = self.home.program(["coding"]);
        program.args(args);
        program
    }

    /// Runs a verb that has to succeed with an empty stdout, and returns its stderr.
    fn done(&self, args: &[&str]) -> String {
        stderr(&self.coding(args).assert().success().stdout(""))
    }

    /// Runs a verb that has to fail with an empty stdout, and returns its stderr.
    fn refused(&self, args: &[&str]) -> String {
        stderr(&self.coding(args).assert().code(1).stdout(""))
    }

    fn create(&self, name: &str, more: &[&str]) -> String {
        self.done(&[&["create", name, "--project", "shop"], more].concat())
    }

    fn listed(&self, project: &str) -> Vec<Value> {
        let output = stdout(&self.coding(&["tokens", "--project", project, "--json"]).assert().success());
        let listing: Value = serde_json::from_str(&output).expect("JSON");
        assert_eq!(listing["version"], 1);
        listing["tokens"].as_array().expect("a list").clone()
    }

    fn has(&self, name: &str) -> bool {
        self.home.tokens().iter().any(|token| token["name"] == name)
    }
}

impl Drop for CodingDouble {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect(name).to_owned()
}

#[test]
fn a_project_token_is_created_used_listed_changed_and_deleted() {
    let Some(coding) = CodingDouble::start() else { return };
    let (yes, no, twice) = (json!(true), json!(false), json!("twice"));
    for (wrapped, dates) in
        [(&yes, "numbers"), (&no, "numbers"), (&twice, "numbers"), (&yes, "text"), (&no, "text")]
    {
        coding.switch(&json!({ "wrapped": wrapped, "dates": dates, "offer": [] }));
        let message = coding.create("shop", &["--expires", "2099-01-31", "--token-name", "ci of shop"]);
        assert!(message.contains("it may pull"), "{message}");
        let listed = &coding.tokens()[0];
        assert_eq!((&listed["TokenName"], &listed["ProjectId"]), (&json!("ci of shop"), &json!(11)));
        assert_eq!(listed["Scopes"], json!([{ "Value": "artifact_r", "Target": 0, "Text": "拉取制品库" }]));
        let (user, secret) = (text(listed, "UserName"), text(listed, "Token"));
        assert!(!message.contains(&secret));

        let token = coding.home.token("shop");
        assert_eq!((&token["kind"], &token["user"]), (&json!("project"), &json!(user)));
        assert_eq!(token["scopes"], json!(["acme-docker.pkg.coding.net/shop"]));
        assert_eq!(token["permissions"], json!(["pull"]));
        // The stand-in reads the expiry as China's time, which is earlier than intended, not later.
        assert_eq!(token["expires"], "2099-01-31T15:59:59Z", "{dates}");
        // What may be a push still gets the personal token, which may do more.
        assert!(
            message.contains("it is in use to pull, and")
                && message.contains("\"pat\" (acme-docker.pkg.coding.net/shop)"),
            "{message}"
        );
        let app = "acme-docker.pkg.coding.net/shop/images/app";
        assert_eq!(coding.home.given(&[app, "--pull"]), "shop");
        assert_eq!(coding.home.get(app), found("tester", PAT));
        coding.home.run(["use", "shop"]).success();
        assert_eq!(coding.home.get(app), found(&user, &secret));

        let listed = &coding.listed("shop")[0];
        assert_eq!(listed["label"], "ci of shop");
        assert_eq!(listed["name"], "shop");
        assert_eq!(listed["expires"], "2099-01-31T15:59:59Z");
        assert_eq!(listed["state"], "active");
        assert_eq!(listed["scopes"], json!([{ "value": "artifact_r", "target": null, "means": "pull" }]));
        let table = stdout(&coding.coding(&["tokens", "--project", "11"]).assert().success());
        assert!(
            table.contains("ci of shop") && table.contains("2099-01-31") && table.contains("pull"),
            "{table}"
        );
        assert!(coding.listed("blog").is_empty());

        coding
            .switch(&json!({ "offer": ["ModifyProjectToken", "EnableProjectToken", "DisableProjectToken"] }));
        let message = coding.done(&["edit", "shop", "--scope", "artifact_rw:7", "--expires", "never"]);
        assert!(message.contains("pull and push (of 7)") && message.contains("never"), "{message}");
        let listed = &coding.tokens()[0];
        assert_eq!((&listed["TokenName"], &listed["Scopes"][0]["Target"]), (&json!("ci of shop"), &json!(7)));
        assert_eq!(coding.home.token("shop")["permissions"], json!(["pull", "push"]));
        assert_eq!(coding.home.token("shop")["expires"], Value::Null);

        coding.done(&["disable", "shop"]);
        assert_eq!(
            (&coding.tokens()[0]["Enabled"], &coding.home.token("shop")["state"]),
            (&json!(false), &json!("inactive"))
        );
        assert_eq!(coding.listed("shop")[0]["state"], "inactive");
        coding.done(&["enable", "shop"]);
        assert_eq!(
            (&coding.tokens()[0]["Enabled"], &coding.home.token("shop")["state"]),
            (&json!(true), &json!("active"))
        );

        let revealed =
            stdout(&coding.unattended(&["show", "shop", "--reveal"]).assert().success().stderr(""));
        assert_eq!(revealed, format!("{secret}\n"));
        // The vault alone does not decide where the personal access token goes.
        for variable in ["", "https://coding.invalid"] {
            let requests = coding.actions().len();
            let mut program = coding.unattended(&["rm", "shop", "--token", "pat", "--yes"]);
            program.env("DOCKER_CREDENTIAL_PAT_CODING_URL", variable);
            let message = stderr(&program.assert().code(1).stdout(""));
            let want = format!("\"shop\" was made at {}, which is not CODING's own address", coding.url());
            assert!(message.contains(&want) && message.contains("--url"), "{message}");
            assert_eq!(coding.actions().len(), requests, "nothing is sent: {variable:?}");
        }
        let mut program = coding.unattended(&["rm", "shop", "--token", "pat", "--yes"]);
        program.env("DOCKER_CREDENTIAL_PAT_CODING_URL", coding.url()).assert().success().stdout("");
        assert!(coding.tokens().is_empty() && !coding.has("shop"));
    }
}

#[test]
fn a_token_that_opens_no_registry_is_never_given() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("shop", &["--scope", "artifact_rw"]);
    let (user, secret) = (text(&coding.tokens()[0], "UserName"), text(&coding.tokens()[0], "Token"));
    let app = "acme-docker.pkg.coding.net/shop/images/app";
    for (number, scope) in
        ["depot_read", "depot_read:5", "wiki_rw", "artifact_version_props_rw", "ci_manager"]
            .into_iter()
            .enumerate()
    {
        let name = format!("other{number}");
        let message = coding.create(&name, &["--scope", scope]);
        assert!(message.contains("it opens no registry, and"), "{scope}: {message}");
        assert_eq!(coding.home.get(app), found(&user, &secret), "{scope}");
        for direction in ["--pull", "--push"] {
            assert_eq!(coding.home.given(&[app, direction]), "shop", "{scope}");
        }
        let token = coding.home.token(&name);
        assert_eq!(
            (&token["scopes"], &token["permissions"], &token["in_use"]),
            (&json!([]), &json!([]), &json!(false)),
            "{scope}"
        );
        let message =
            coding.refused(&["create", "x", "--project", "shop", "--scope", scope, "--path", "shop/images"]);
        assert!(message.contains("opens no registry"), "{message}");
    }
    // Its address is still known.
    coding.done(&["rm", "other0", "--yes"]);
    coding.create("both", &["--scope", "depot_read", "--scope", "artifact_rw"]);
    assert_eq!(coding.home.given(&[app, "--push"]), "both");
    // One that loses its scopes for images is no longer given.
    coding.switch(&json!({ "offer": ["ModifyProjectToken"] }));
    let message = coding.done(&["edit", "both", "--scope", "wiki_rw"]);
    assert!(message.contains("\"both\" opens no registry now, so it is switched off here"), "{message}");
    assert_eq!(coding.home.given(&[app, "--push"]), "shop");
    let message = coding.done(&["edit", "both", "--scope", "artifact_r"]);
    assert!(message.contains("docker-credential-pat activate both"), "{message}");
}

#[test]
fn a_narrower_token_is_not_put_in_use_over_a_wider_one() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("wide", &["--scope", "artifact_rw"]);
    let message = coding.create("narrow", &["--scope", "artifact_r"]);
    let want = "\"wide\" (acme-docker.pkg.coding.net/shop) may do more, and stays in use for the rest \
                (docker-credential-pat use narrow changes that)";
    assert!(message.contains("it is in use to pull, and") && message.contains(want), "{message}");
    let app = "acme-docker.pkg.coding.net/shop/images/app";
    for (args, want) in
        [(&[app, "--pull", "--push"][..], "wide"), (&[app, "--push"], "wide"), (&[app, "--pull"], "narrow")]
    {
        assert_eq!(coding.home.given(args), want, "{args:?}");
    }
    // One that may do the same takes over, and one of another project takes nothing away.
    let message = coding.create("next", &["--scope", "artifact_rw"]);
    assert!(message.contains("it is in use, and") && !message.contains("may do more"), "{message}");
    assert_eq!(coding.home.given(&[app]), "next");
    let message = coding.done(&["create", "blog", "--project", "blog", "--scope", "artifact_rw"]);
    assert!(message.contains("it is in use, and") && !message.contains("may do more"), "{message}");
}

#[test]
fn the_login_command_for_a_project_takes_the_likely_token_or_asks() {
    let Some(coding) = CodingDouble::start() else { return };
    let command = ["login-command", "--team", "acme", "--project", "shop"];
    let line = || stdout(&coding.unattended(&command).assert().success());
    coding.create("rw", &["--scope", "artifact_rw"]);
    coding.create("ro", &["--scope", "artifact_r"]);
    assert!(line().contains("show rw --reveal"), "it may push");
    coding.create("rw2", &["--scope", "artifact_rw"]);
    let message = stderr(&coding.unattended(&command).assert().code(1).stdout(""));
    assert!(
        message.contains("\"rw\", \"ro\", \"rw2\"") && message.contains("login-command NAME"),
        "{message}"
    );
    coding.home.run(["use", "ro", "acme-docker.pkg.coding.net/shop"]).success();
    assert!(line().contains("show ro --reveal"), "it is chosen");
    coding.home.run(["use", "--clear", "ro"]).success();
    coding.create("shop", &[]);
    assert!(line().contains("show shop --reveal"), "it has the name of the project");
}

#[test]
fn a_token_that_may_do_more_or_lasts_longer_than_requested_is_deleted_again() {
    let Some(coding) = CodingDouble::start() else { return };
    for terse in [false, true] {
        coding.switch(&json!({ "terse": terse }));
        let args = ["create", "n9", "--project", "shop", "--scope", "artifact_r:99", "--expires", "10d"];
        let message = coding.refused(&args);
        for want in [
            "is deleted again at CODING",
            "with more permissions than requested: pull, pull and push, Wiki, and without an expiry",
            "check the number of the repository",
        ] {
            assert!(message.contains(want), "{want} is not in {message}");
        }
        assert!(coding.tokens().is_empty() && !coding.has("n9"), "{terse}");
        // CODING reads the time in China's zone.
        let message = coding.refused(&["create", "n9", "--project", "shop", "--expires", "2h"]);
        assert!(message.contains("with an expiry in the past"), "{message}");
        assert!(coding.tokens().is_empty() && !coding.has("n9"), "{terse}");
    }
    coding.create("terse", &["--scope", "artifact_rw:7", "--expires", "2099-01-31"]);
    let token = coding.home.token("terse");
    assert_eq!(
        (&token["permissions"], &token["expires"]),
        (&json!(["pull", "push"]), &json!("2099-01-31T15:59:59Z"))
    );
    // The vault has what an edit has really made of it.
    coding.switch(&json!({ "offer": ["ModifyProjectToken"] }));
    let message = coding.refused(&["edit", "terse", "--scope", "artifact_r:99"]);
    assert!(
        message.contains("more permissions than requested") && message.contains("without an expiry"),
        "{message}"
    );
    assert_eq!(coding.home.token("terse")["expires"], Value::Null);
}

#[test]
fn what_cannot_be_meant_is_refused_before_a_token_is_made() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("ci", &[]);
    let create = ["create", "x", "--project", "shop"];
    for (args, want) in [
        (&["--expires", "2020-01-01"][..], "\"2020-01-01\" is in the past"),
        (&["--expires", "0d"], "0d"),
        (&["--path", "blog/x"], "give --path shop/REPOSITORY"),
        (&["--path", "shopping"], "\"shopping\" is not in the project \"shop\""),
    ] {
        let message = coding.refused(&[&create, args].concat());
        assert!(message.contains(want), "{args:?}: {message}");
    }
    let message = coding.refused(&["edit", "ci", "--expires", "2020-01-01"]);
    assert!(message.contains("is in the past"), "{message}");
    assert_eq!(coding.tokens().len(), 1);
}

#[test]
fn a_wrong_personal_token_is_named_as_such_by_every_verb() {
    let Some(coding) = CodingDouble::start() else { return };
    for args in [
        &["whoami"][..],
        &["tokens", "--project", "shop"],
        &["tokens", "--project", "11"],
        &["create", "x", "--project", "shop"],
    ] {
        let mut program = coding.unattended(args);
        program.args(["--url", &coding.url(), "--secret-stdin"]).write_stdin("wrong-canary");
        let message = stderr(&program.assert().code(1).stdout(""));
        assert!(message.contains("does not accept that personal access token"), "{args:?}: {message}");
        assert!(message.contains("make a new one at CODING"), "{args:?}: {message}");
        assert!(!message.contains("wrong-canary"), "{args:?}: {message}");
    }
}

#[test]
fn all_three_login_methods_work_on_one_host() {
    let Some(coding) = CodingDouble::start() else { return };
    let home = &coding.home;
    home.store(IMAGES, "13800000000", "the password");
    coding.create("shop", &["--scope", "artifact_rw"]);
    let message = coding.done(&[
        "create",
        "images",
        "--project",
        "shop",
        "--path",
        "shop/images",
        "--scope",
        "artifact_rw",
    ]);
    assert!(message.contains("clients that name only acme-docker.pkg.coding.net get"), "{message}");
    coding.done(&["create", "blog", "--project", "blog", "--scope", "artifact_rw"]);
    let users: Vec<_> =
        coding.tokens().iter().map(|token| (text(token, "UserName"), text(token, "Token"))).collect();
    for (key, (user, secret)) in [
        ("acme-docker.pkg.coding.net/shop/other/app", users[0].clone()),
        ("acme-docker.pkg.coding.net/shop/images/app", users[1].clone()),
        ("acme-docker.pkg.coding.net/blog/images/app", users[2].clone()),
        ("acme-docker.pkg.coding.net/third/app", ("13800000000".to_owned(), "the password".to_owned())),
        ("acme-docker.pkg.coding.net", ("13800000000".to_owned(), "the password".to_owned())),
    ] {
        assert_eq!(home.get(key), found(&user, &secret), "{key}");
    }
    home.run(["use", "pat"]).success();
    assert_eq!(home.get(IMAGES), found("tester", PAT));
    let kinds: Vec<_> = home.tokens().iter().map(|token| text(token, "kind")).collect();
    assert_eq!(kinds, ["pat", "password", "project", "project", "project"]);

    let line = |args: &[&str]| {
        let done = coding.unattended(&[&["login-command"], args].concat()).assert().success();
        (stdout(&done).trim_end().to_owned(), stderr(&done))
    };
    let (pat, message) = line(&[]);
    assert_eq!(
        pat,
        "docker-credential-pat show pat --reveal | docker login -u tester --password-stdin acme-docker.pkg.coding.net"
    );
    assert!(message.contains("a personal access token"), "{message}");
    let (project, message) = line(&["--team", "acme", "--project", "shop"]);
    assert!(project.contains("show shop --reveal") && project.contains(&users[0].0), "{project}");
    assert!(message.contains("a project token"), "{message}");
    let (password, message) = line(&["13800000000@acme-docker.pkg.coding.net"]);
    assert!(
        password.contains("-u 13800000000 ") && message.contains("account and password"),
        "{password} {message}"
    );
    let (typed, message) = line(&["--team", "new", "--user", "bob o"]);
    assert_eq!(typed, "docker login -u 'bob o' new-docker.pkg.coding.net");
    assert!(message.contains("for which Docker asks"), "{message}");
    // The line works unchanged, with a stand-in for docker.
    let fed = std::process::Command::new("/bin/sh")
        .args(["-c", project.split(" | ").next().expect("its first half")])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", common::program_folder())
        .output();
    assert_eq!(String::from_utf8_lossy(&fed.expect("a shell").stdout), format!("{}\n", users[0].1));
    coding.unattended(&["login-command", "shop", "--team", "other"]).assert().code(1).stdout("");
}

#[test]
fn an_error_of_coding_is_printed_and_changes_nothing() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("shop", &[]);
    for verb in [&["disable", "shop"][..], &["enable", "shop"], &["edit", "shop", "--expires", "90d"]] {
        let before = fs::read(coding.home.vault()).expect("the vault");
        let message = coding.refused(verb);
        assert!(message.contains("UnknownAction") && message.contains("is unknown"), "{verb:?}: {message}");
        assert_eq!(fs::read(coding.home.vault()).expect("the vault"), before, "{verb:?}");
    }
    let listed = &coding.tokens()[0];
    coding.home.run(["rm", "shop", "--yes"]).success();
    let message = coding.refused(&["show", "shop", "--project", "shop", "--reveal"]);
    assert!(message.contains("DescribeProjectToken") && message.contains("UnknownAction"), "{message}");
    coding.switch(&json!({ "offer": ["DescribeProjectToken"] }));
    let revealed =
        coding.coding(&["show", &text(listed, "UserName"), "--project", "shop", "--reveal"]).assert();
    assert_eq!(stdout(&revealed.success().stderr("")), format!("{}\n", text(listed, "Token")));

    let long = format!("{{secret}} \u{1b}[31m{}", "x".repeat(500));
    coding.switch(&json!({ "fail": { "action": "CreateProjectToken", "how": "error", "message": long } }));
    let message = coding.refused(&["create", "new", "--project", "shop"]);
    assert!(message.contains("InvalidParameter: *** \\u{1b}[31mxxx") && message.contains("x…"), "{message}");
    assert!(!message.contains(PAT) && !message.contains(&"x".repeat(200)), "{message}");
    assert!(!coding.has("new"));
    let message = coding.refused(&["create", "new", "--project", "no-such"]);
    assert!(message.contains("DescribeProjectByName") && message.contains("project not exist"), "{message}");
    coding.home.bring("weak", IMAGES, "guest", WEAK_PAT, &["--kind", "pat"]).success();
    let args = ["tokens", "--project", "shop", "--url", &coding.url(), "--token", "weak"];
    let message = stderr(&coding.unattended(&args).assert().code(1).stdout(""));
    assert!(message.contains("permission denied") && message.contains("hint: "), "{message}");
}

#[test]
fn a_missing_permission_of_the_personal_token_is_named() {
    let Some(coding) = CodingDouble::start() else { return };
    for (pat, args, action, permission) in [
        (TOKEN_PAT, &["whoami"][..], "DescribeCodingCurrentUser", "user:profile:ro"),
        (TOKEN_PAT, &["tokens", "--project", "shop"], "DescribeProjectByName", "project:profile:ro"),
        (TOKEN_PAT, &["tokens", "--project", "11"], "DescribeOneProject", "project:profile:ro"),
        (PROJECT_PAT, &["tokens", "--project", "shop"], "DescribeProjectTokens", "project:token:ro"),
        (LISTING_PAT, &["create", "x", "--project", "shop"], "CreateProjectToken", "project:token:rw"),
    ] {
        let mut program = coding.unattended(args);
        let program = program.args(["--url", &coding.url(), "--secret-stdin"]).write_stdin(pat);
        let message = stderr(&program.assert().code(1).stdout(""));
        let lacks = format!("lacks {permission}, which CODING needs for {action} (");
        assert!(message.contains(&lacks), "{args:?}: {message}");
        assert!(message.contains("does not support access to this API"), "{args:?}: {message}");
        let place = "Personal account settings > Access tokens";
        assert!(message.contains("hint: ") && message.contains(place), "{args:?}: {message}");
        assert!(!message.contains(pat), "{args:?}: {message}");
    }
    assert!(coding.tokens().is_empty() && !coding.has("x"));
}

#[test]
fn an_unknown_scope_is_refused_before_anything_is_asked() {
    let Some(coding) = CodingDouble::start() else { return };
    for (scope, want) in [
        ("ARTIFACT_RW", "the nearest is artifact_rw"),
        ("artefact_r", "the nearest is artifact_r"),
        ("wiki_rw:7", "wiki_rw is for the whole project"),
        ("artifact_rw:x", "expected a scope such as"),
    ] {
        for verb in [&["create", "x", "--project", "shop"][..], &["edit", "pat"]] {
            let args = [verb, &["--scope", scope]].concat();
            let message = stderr(&coding.coding(&args).assert().failure().stdout(""));
            assert!(message.contains(want), "{args:?}: {message}");
        }
    }
    assert!(coding.actions().is_empty() && coding.tokens().is_empty());
    coding.create("both", &["--scope", "artifact_rw:7", "--scope", "depot_read:5"]);
    let sent: Vec<_> = coding.tokens()[0]["Scopes"].as_array().expect("a list").clone();
    let sent: Vec<_> = sent.iter().map(|scope| (text(scope, "Value"), scope["Target"].clone())).collect();
    assert_eq!(sent, [("artifact_rw".to_owned(), json!(7)), ("depot_read".to_owned(), json!(5))]);
}

#[test]
fn help_says_that_coding_ends() {
    let help = stdout(&Home::new().run(["coding", "--help"]).success());
    for words in ["2025-09-01", "2028-09-30", "docker.cnb.cool"] {
        assert!(help.contains(words), "{words}: {help}");
    }
}

#[test]
fn whoami_prints_the_account_or_the_refusal() {
    let Some(coding) = CodingDouble::start() else { return };
    let whoami = |pat: &str| {
        let args = ["whoami", "--url", &coding.url(), "--secret-stdin"];
        coding.unattended(&args).write_stdin(pat.to_owned()).assert()
    };
    assert_eq!(stdout(&whoami(OTHER_PAT).success()), format!("olli (Olli) at {}\n", coding.url()));
    let message = stderr(&whoami("wrong-canary").code(1).stdout(""));
    assert!(
        message.contains("does not accept that personal access token")
            && message.contains("authorization invalid"),
        "{message}"
    );
    assert!(!message.contains("wrong-canary"));
    coding.fail("DescribeCodingCurrentUser", "401", 1);
    let message = stderr(&whoami(PAT).code(1).stdout(""));
    assert!(message.contains("does not accept that personal access token (status 401)"), "{message}");
    for url in ["http://coding.example.com", "ftp://localhost", "https://me:pw@coding.example.com"] {
        let args = ["whoami", "--url", url, "--secret-stdin"];
        coding.unattended(&args).write_stdin(PAT).assert().code(1).stdout("");
    }
}

#[test]
fn a_secret_is_sent_only_to_the_endpoint_it_was_stored_for() {
    let Some(coding) = CodingDouble::start() else { return };
    let url = coding.url();
    // The token is sent neither by default nor because of the variable, and without a terminal no other secret can be
    // requested.
    for args in [&["whoami", "--url", &url][..], &["whoami", "--url", &url, "--team", "acme"]] {
        let message = stderr(&coding.unattended(args).assert().code(1).stdout(""));
        assert!(message.contains("no personal access token was given"), "{message}");
    }
    let mut program = coding.unattended(&["whoami"]);
    program.env("DOCKER_CREDENTIAL_PAT_CODING_URL", &url).assert().code(1).stdout("");
    // A named token is not sent either, unless the endpoint is on this machine.
    for (url, team) in [("https://coding.invalid", "acme"), ("https://other.coding.net", "other")] {
        let message = stderr(
            &coding.unattended(&["whoami", "--url", url, "--token", "pat"]).assert().code(1).stdout(""),
        );
        assert!(message.contains("was not stored for") && message.contains(url), "{message}");
        let args = ["whoami", "--team", team, "--url", url];
        let message = stderr(&coding.unattended(&args).assert().code(1).stdout(""));
        assert!(message.contains("no personal access token was given"), "{message}");
    }
    let message = stderr(&coding.unattended(&["whoami", "--team", "other"]).assert().code(1).stdout(""));
    assert!(message.contains("no personal access token was given"), "{message}");
    assert!(coding.actions().is_empty());
    // A token for exactly that host and port is sent by default; one for another port is not.
    coding.home.bring("far", "127.0.0.1:9", "x", "canary-of-far", &["--kind", "pat"]).success();
    coding.home.bring("near", &coding.address, "tester", PAT, &["--kind", "pat"]).success();
    let message = coding.unattended(&["whoami", "--url", &url]).assert().success();
    assert_eq!(stdout(&message), format!("tester (Tess) at {url}\n"));
}

#[test]
fn several_teams_in_the_vault_require_a_choice() {
    let Some(coding) = CodingDouble::start() else { return };
    coding
        .home
        .bring("theirs", "other-docker.pkg.coding.net", "olli", OTHER_PAT, &["--kind", "pat"])
        .success();
    let message = stderr(&coding.unattended(&["whoami"]).assert().code(1).stdout(""));
    assert!(message.contains("acme, other") && message.contains("--team"), "{message}");
    let message = coding.refused(&["create", "shop", "--project", "shop"]);
    assert!(message.contains("which team"), "{message}");
    assert!(coding.actions().is_empty());
    coding.create("shop", &["--team", "acme"]);
    assert_eq!(coding.home.token("shop")["scopes"], json!(["acme-docker.pkg.coding.net/shop"]));
    // A project with the same name of another team is another project.
    let args = ["tokens", "--project", "shop", "--json", "--url", &coding.url(), "--token", "theirs"];
    assert!(stdout(&coding.unattended(&args).assert().success()).contains("\"tokens\":[]"));
    let args = ["rm", "shop", "--url", &coding.url(), "--token", "theirs", "--yes"];
    let message = stderr(&coding.unattended(&args).assert().code(1).stdout(""));
    assert!(message.contains("project not exist"), "{message}");
    assert!(coding.has("shop") && coding.tokens().len() == 1);
}

#[test]
fn every_page_is_read_until_the_list_is_complete() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.switch(&json!({ "seed": 250 }));
    for (page, pages) in [(1000, 3), (20, 13), (250, 3), (1, 250)] {
        coding.switch(&json!({ "page": page }));
        let before = coding.actions().len();
        assert_eq!(coding.listed("shop").len(), 250, "{page}");
        assert_eq!(coding.actions().len() - before, pages + 1, "{page}");
    }
}

/// Starts a stand-in for CODING with one project and these answers.
fn coding_server(answers: Vec<(&'static str, Value)>) -> Server {
    let wrap = |(call, content): (&'static str, Value)| {
        (call, json_answer("200 OK", &json!({ "Response": content }).to_string()))
    };
    let project = json!({ "Project": { "Id": 11, "Name": "shop" } });
    let project = ("POST /open-api?Action=DescribeProjectByName", project);
    Server::start([project].into_iter().chain(answers).map(wrap).collect())
}

/// Runs `coding` against such a stand-in, with a personal access token from standard input.
fn run_at(server: &Server, home: &Home, args: &[&str]) -> assert_cmd::assert::Assert {
    let url = format!("http://{}", server.host());
    let more = ["--project", "shop", "--team", "acme", "--url", &url, "--secret-stdin"];
    home.program(["coding"]).args(args).args(more).write_stdin(PAT).assert()
}

#[test]
fn a_text_without_measure_is_refused_and_an_unfit_secret_is_deleted_again() {
    let long = "x".repeat(1025);
    for (name, value) in [
        ("TokenName", json!(long)),
        ("UserName", json!(long)),
        ("Scopes", json!([{ "Value": "artifact_r", "Text": long }])),
    ] {
        let mut token = json!({ "Id": 7, "UserName": "pt7" });
        token[name] = value;
        let server = coding_server(vec![("", json!({ "ProjectToken": [token] }))]);
        let message = stderr(&run_at(&server, &Home::new(), &["tokens"]).code(1));
        assert!(message.contains("is not as its interface is described"), "{name}: {message}");
    }
    let secret = "x".repeat(16 * 1024 + 1);
    let created = json!({ "Id": 7, "UserName": "pt7", "Token": secret, "ExpireAt": 0,
        "Scopes": [{ "Value": "artifact_r" }] });
    let server = coding_server(vec![("POST /open-api?Action=CreateProjectToken", created), ("", json!({}))]);
    let home = Home::new();
    let message = stderr(&run_at(&server, &home, &["create", "ci"]).code(1));
    for want in ["with a secret of more than 16 KiB", "is deleted again at CODING"] {
        assert!(message.contains(want), "{want} is not in {message}");
    }
    assert!(home.tokens().is_empty());
    assert!(server.requests.lock().expect("unpoisoned").contains("Action=DeleteProjectToken"));
}

#[test]
fn a_user_name_that_is_the_secret_is_not_printed() {
    let listed = json!({ "Id": 7, "UserName": PAT, "TokenName": format!("of {PAT}") });
    let server = coding_server(vec![("", json!({ "ProjectToken": [listed] }))]);
    let table = stdout(&run_at(&server, &Home::new(), &["tokens"]).success());
    assert!(table.contains("of ***") && !table.contains(PAT), "{table}");
    let secret = "secret-of-the-new-token";
    for (scope, code) in [("artifact_r", 0), ("artifact_rw", 1)] {
        let created = json!({ "Id": 7, "UserName": secret, "TokenName": secret, "Token": secret, "ExpireAt": 0,
            "Scopes": [{ "Value": scope }] });
        let error = json!({ "Error": { "Code": "X", "Message": format!("no {secret}") } });
        let server = coding_server(vec![("POST /open-api?Action=CreateProjectToken", created), ("", error)]);
        let message = stderr(&run_at(&server, &Home::new(), &["create", "ci"]).code(code));
        assert!(message.contains(if code == 0 {
            "user name (the token itself)"
        } else {
            "is left at CODING"
        }));
        assert!(!message.contains(secret), "{message}");
    }
}

#[test]
fn a_list_without_end_is_given_up() {
    let token = |number: usize| json!({ "Id": number, "UserName": "u" });
    let tokens: Vec<Value> = (1..=10_001).map(token).collect();
    let server = coding_server(vec![("", json!({ "ProjectToken": tokens }))]);
    let message = stderr(&run_at(&server, &Home::new(), &["tokens"]).code(1));
    assert!(message.contains("does not end within 10,000 entries"), "{message}");
}

#[test]
fn only_harmless_requests_are_repeated() {
    let Some(coding) = CodingDouble::start() else { return };
    for how in ["500", "cut"] {
        coding.fail("DescribeProjectTokens", how, 1);
        assert!(coding.listed("shop").is_empty(), "{how}");
    }
    for how in ["500", "cut", "cut-after", "html"] {
        let before = coding.actions().iter().filter(|action| *action == "CreateProjectToken").count();
        coding.fail("CreateProjectToken", how, 1);
        let message = coding.refused(&["create", "shop", "--project", "shop"]);
        assert!(
            message.contains("it is not known whether CODING has made the token \"shop\""),
            "{how}: {message}"
        );
        assert!(message.contains("coding tokens"), "{how}: {message}");
        let after = coding.actions().iter().filter(|action| *action == "CreateProjectToken").count();
        assert_eq!(after - before, 1, "{how}: sent once");
        assert!(!coding.has("shop"));
    }
    // The token whose creation was not answered is listed, and is not in the vault.
    let listed = coding.listed("shop");
    assert_eq!((listed.len(), &listed[0]["name"]), (1, &Value::Null));
}

#[test]
fn an_unwritable_vault_prevents_the_creation() {
    let Some(coding) = CodingDouble::start() else { return };
    let is_requested = || coding.actions().iter().any(|action| action == "CreateProjectToken");
    assert!(coding.refused(&["create", "pat", "--project", "shop"]).contains("already"));
    assert!(coding.refused(&["create", "x", "--project", "shop", "--expires", "soon"]).contains("soon"));
    assert!(
        coding
            .refused(&["create", "x", "--project", "shop", "--path", "Not a path"])
            .contains("is not a registry")
    );
    let new = coding.home.vault().with_file_name("vault.new");
    fs::create_dir(&new).expect("a folder in its way");
    fs::write(new.join("x"), "").expect("a file in it");
    let message = coding.refused(&["create", "shop", "--project", "shop"]);
    assert!(message.contains("vault"), "{message}");
    assert!(!is_requested() && coding.tokens().is_empty());
    fs::remove_dir_all(&new).expect("out of its way");
    fs::rename(coding.home.key(), coding.home.path().join("key")).expect("the key is gone");
    coding.refused(&["create", "shop", "--project", "shop"]);
    let args =
        ["create", "shop", "--project", "shop", "--team", "acme", "--url", &coding.url(), "--secret-stdin"];
    coding.unattended(&args).write_stdin(PAT).assert().code(1).stdout("");
    assert!(!is_requested() && coding.tokens().is_empty());
}

#[test]
fn a_token_that_cannot_be_kept_is_deleted_again_or_named() {
    let Some(coding) = CodingDouble::start() else { return };
    let new = coding.home.vault().with_file_name("vault.new");
    // A token of this name is stored as soon as the new one is created.
    coding.switch(&json!({ "spoil": new }));
    let message = coding.refused(&["create", "shop", "--project", "shop"]);
    assert!(message.contains("is deleted again at CODING") && message.contains("error: "), "{message}");
    assert!(coding.tokens().is_empty());
    fs::remove_dir_all(&new).expect("out of its way");
    coding.fail("DeleteProjectToken", "error", 1);
    let message = coding.refused(&["create", "shop", "--project", "shop"]);
    let listed = &coding.tokens()[0];
    assert!(
        message.contains("is left at CODING as \"shop\"") && message.contains(&text(listed, "UserName")),
        "{message}"
    );
    assert!(!message.contains(&text(listed, "Token")));
    fs::remove_dir_all(&new).expect("out of its way");
    assert!(!coding.has("shop"));
}

#[test]
fn rm_distinguishes_a_gone_token_from_one_that_cannot_be_deleted() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("gone", &[]);
    coding.create("stays", &[]);
    let ids: Vec<_> = coding.tokens().iter().map(|token| token["Id"].clone()).collect();
    coding.switch(&json!({ "forget": ids[0] }));
    coding.fail("DeleteProjectToken", "error", 2);
    let message = coding.refused(&["rm", "gone", "stays", "--yes"]);
    assert!(
        message.contains("\"gone\" was not at CODING any more") && message.contains("it cannot be done"),
        "{message}"
    );
    assert!(!coding.has("gone") && coding.has("stays") && coding.tokens().len() == 1);
    coding.done(&["rm", "stays", "--yes"]);
    assert!(!coding.has("stays") && coding.tokens().is_empty());
}

#[test]
fn a_secret_stored_during_a_removal_is_kept() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("ci", &[]);
    // The request is repeated after a second.
    coding.fail("DeleteProjectToken", "500", 1);
    let message = thread::scope(|scope| {
        let removal = scope.spawn(|| coding.done(&["rm", "ci", "--yes"]));
        while !coding.actions().contains(&"DeleteProjectToken".to_owned()) {
            thread::sleep(Duration::from_millis(3));
        }
        let mut rotate = coding.home.program(["rotate", "ci", "--secret-stdin"]);
        rotate.write_stdin("another").assert().success();
        removal.join().expect("it ends")
    });
    assert!(message.contains("deleted \"ci\" at CODING; its new secret is kept here"), "{message}");
    assert!(coding.has("ci") && coding.tokens().is_empty());
}

#[test]
fn an_added_project_token_is_found_by_its_user_name() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.create("made", &[]);
    let listed = &coding.tokens()[0];
    coding.home.run(["rm", "made", "--yes"]).success();
    let scope = "acme-docker.pkg.coding.net/shop";
    coding.home.bring("brought", scope, &text(listed, "UserName"), &text(listed, "Token"), &[]).success();
    assert_eq!(coding.listed("shop")[0]["name"], "brought");
    let message = coding.refused(&["rm", "brought", "--yes"]);
    assert!(message.contains("it is not known which") && message.contains("--project"), "{message}");
    assert!(
        coding.refused(&["rm", "brought", "--project", "blog", "--yes"]).contains("it is not known which")
    );
    coding.done(&["rm", "brought", "--project", "shop", "--yes"]);
    assert!(!coding.has("brought") && coding.tokens().is_empty());
    assert!(coding.refused(&["show", "pat", "--reveal"]).contains("is not a project token"));
}

#[test]
fn no_secret_is_printed_or_sent_in_a_body() {
    let Some(coding) = CodingDouble::start() else { return };
    coding.switch(&json!({ "offer": ["ModifyProjectToken", "EnableProjectToken", "DisableProjectToken"] }));
    let mut message = coding.create("shop", &["--scope", "artifact_rw"]);
    let secret = text(&coding.tokens()[0], "Token");
    for args in [
        &["tokens", "--project", "shop"][..],
        &["tokens", "--project", "shop", "--json"],
        &["whoami"],
        &["show", "shop"],
        &["edit", "shop", "--expires", "90d", "--token-name", "x"],
        &["disable", "shop"],
        &["enable", "shop"],
    ] {
        let done = coding.coding(args).assert().success();
        message += &(stdout(&done) + &stderr(&done));
    }
    let line = coding.unattended(&["login-command", "shop"]).assert().success();
    message += &(stdout(&line) + &stderr(&line));
    coding.switch(
        &json!({ "fail": { "action": "DeleteProjectToken", "how": "error", "message": "{secret}" } }),
    );
    message += &coding.refused(&["rm", "shop", "--yes"]);
    message += &coding.done(&["rm", "shop", "--yes"]);
    let vault = fs::read(coding.home.vault()).expect("the vault");
    let holds =
        |hay: &[u8], needle: &str| hay.windows(needle.len()).any(|window| window == needle.as_bytes());
    for canary in [PAT, &secret] {
        assert!(!message.contains(canary), "{message}");
        assert!(!holds(&vault, canary));
    }
    // The personal access token is sent in the header only, never in a body.
    let calls = coding.control(None)["calls"].to_string();
    assert!(!calls.contains(PAT) && !calls.contains(&secret));
}
