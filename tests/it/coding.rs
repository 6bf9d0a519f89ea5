//! CODING: its project tokens, made, listed, changed and deleted, and the line to log in with. A stand-in takes its place.

#![cfg(feature = "online")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;
use std::{fs, thread};

use assert_cmd::Command;
use serde_json::{Value, json};

use crate::common;
use crate::common::{Home, found, stderr, stdout};

const PAT: &str = "pat-of-acme-0123456789abcdef0123456789ab";
const OTHER_PAT: &str = "pat-of-other-0123456789abcdef0123456789a";
const WEAK_PAT: &str = "pat-without-rights-0123456789abcdef01234";
const IMAGES: &str = "acme-docker.pkg.coding.net";

/// The stand-in, with a home whose vault has the personal token of its team.
struct CodingClient {
    server: Child,
    address: String,
    home: Home,
}

impl CodingClient {
    /// Starts it; `None` where there is no Python.
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

    /// Sends to the stand-in itself, and returns what it answers.
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

    /// Returns the tokens that it has.
    fn tokens(&self) -> Vec<Value> {
        self.control(None)["tokens"].as_array().expect("a list").clone()
    }

    /// Returns the actions that it was asked for.
    fn actions(&self) -> Vec<String> {
        let calls = self.control(None)["calls"].as_array().expect("a list").clone();
        calls.iter().map(|call| call["action"].as_str().expect("a text").to_owned()).collect()
    }

    /// Returns the program with a verb of `coding`, at the stand-in and with the vault's personal token.
    fn coding(&self, args: &[&str]) -> Command {
        let mut program = self.unattended(args);
        program.args(["--url", &self.url(), "--token", "pat"]);
        program
    }

    /// Returns the program with a verb of `coding`, of which nothing else is said.
    fn unattended(&self, args: &[&str]) -> Command {
        let mut program = self.home.program(["coding"]);
        program.args(args);
        program
    }

    /// Runs a verb that has to succeed without an answer, and returns what it told.
    fn done(&self, args: &[&str]) -> String {
        stderr(&self.coding(args).assert().success().stdout(""))
    }

    /// Runs a verb that has to fail without an answer, and returns what it told.
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

impl Drop for CodingClient {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().expect(name).to_owned()
}

#[test]
fn a_project_token_is_made_used_watched_changed_and_deleted() {
    let Some(coding) = CodingClient::start() else { return };
    for (wrapped, dates) in [(false, "numbers"), (true, "numbers"), (false, "text"), (true, "text")] {
        coding.switch(&json!({ "wrapped": wrapped, "dates": dates, "offer": [] }));
        let told = coding.create("shop", &["--expires", "2099-01-31", "--token-name", "ci of shop"]);
        assert!(told.contains("it may pull"), "{told}");
        let there = &coding.tokens()[0];
        assert_eq!((&there["TokenName"], &there["ProjectId"]), (&json!("ci of shop"), &json!(11)));
        assert_eq!(there["Scopes"], json!([{ "Value": "artifact_r", "Target": 0, "Text": "拉取制品库" }]));
        let (user, secret) = (text(there, "UserName"), text(there, "Token"));
        assert!(!told.contains(&secret));

        let token = coding.home.token("shop");
        assert_eq!((&token["kind"], &token["user"]), (&json!("project"), &json!(user)));
        assert_eq!(token["scopes"], json!(["acme-docker.pkg.coding.net/shop"]));
        assert_eq!(token["permissions"], json!(["read"]));
        // What was sent is taken for China's time by the stand-in, which is sooner and not later than meant.
        assert_eq!(token["expires"], "2099-01-31T15:59:59Z", "{dates}");
        assert_eq!(coding.home.get("acme-docker.pkg.coding.net/shop/images/app"), found(&user, &secret));

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
        let told = coding.done(&["edit", "shop", "--scope", "artifact_rw:7", "--expires", "never"]);
        assert!(told.contains("pull and push (of 7)") && told.contains("never"), "{told}");
        let there = &coding.tokens()[0];
        assert_eq!((&there["TokenName"], &there["Scopes"][0]["Target"]), (&json!("ci of shop"), &json!(7)));
        assert_eq!(coding.home.token("shop")["permissions"], json!(["read", "write"]));
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

        let shown = stdout(&coding.unattended(&["show", "shop", "--reveal"]).assert().success().stderr(""));
        assert_eq!(shown, format!("{secret}\n"));
        // It is looked for where it was made, whatever a variable says by now.
        let mut program = coding.unattended(&["rm", "shop", "--token", "pat", "--yes"]);
        program
            .env("DOCKER_CREDENTIAL_PAT_CODING_URL", "https://coding.invalid")
            .assert()
            .success()
            .stdout("");
        assert!(coding.tokens().is_empty() && !coding.has("shop"));
    }
}

#[test]
fn three_ways_to_log_in_stand_side_by_side_on_one_host() {
    let Some(coding) = CodingClient::start() else { return };
    let home = &coding.home;
    home.store(IMAGES, "13800000000", "the password");
    coding.create("shop", &["--scope", "artifact_rw"]);
    let told = coding.done(&[
        "create",
        "images",
        "--project",
        "shop",
        "--path",
        "shop/images",
        "--scope",
        "artifact_r",
    ]);
    assert!(told.contains("clients that name only acme-docker.pkg.coding.net go on getting"), "{told}");
    coding.done(&["create", "blog", "--project", "blog"]);
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
    let (pat, told) = line(&[]);
    assert_eq!(
        pat,
        "docker-credential-pat show pat --reveal | docker login -u tester --password-stdin acme-docker.pkg.coding.net"
    );
    assert!(told.contains("a personal access token"), "{told}");
    let (project, told) = line(&["--team", "acme", "--project", "shop"]);
    assert!(project.contains("show shop --reveal") && project.contains(&users[0].0), "{project}");
    assert!(told.contains("a project token"), "{told}");
    let (password, told) = line(&["13800000000@acme-docker.pkg.coding.net"]);
    assert!(
        password.contains("-u 13800000000 ") && told.contains("account and password"),
        "{password} {told}"
    );
    let (typed, told) = line(&["--team", "new", "--user", "bob o"]);
    assert_eq!(typed, "docker login -u 'bob o' new-docker.pkg.coding.net");
    assert!(told.contains("for which Docker asks"), "{told}");
    // The line works as it stands, up to Docker.
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
fn what_coding_says_is_shown_and_nothing_changes() {
    let Some(coding) = CodingClient::start() else { return };
    coding.create("shop", &[]);
    for verb in [&["disable", "shop"][..], &["enable", "shop"], &["edit", "shop", "--expires", "90d"]] {
        let before = fs::read(coding.home.vault()).expect("the vault");
        let told = coding.refused(verb);
        assert!(told.contains("UnknownAction") && told.contains("is unknown"), "{verb:?}: {told}");
        assert_eq!(fs::read(coding.home.vault()).expect("the vault"), before, "{verb:?}");
    }
    let there = &coding.tokens()[0];
    coding.home.run(["rm", "shop"]).success();
    let told = coding.refused(&["show", "shop", "--project", "shop", "--reveal"]);
    assert!(told.contains("DescribeProjectToken") && told.contains("UnknownAction"), "{told}");
    coding.switch(&json!({ "offer": ["DescribeProjectToken"] }));
    let shown = coding.coding(&["show", &text(there, "UserName"), "--project", "shop", "--reveal"]).assert();
    assert_eq!(stdout(&shown.success().stderr("")), format!("{}\n", text(there, "Token")));

    let long = format!("{{secret}} \u{1b}[31m{}", "x".repeat(500));
    coding.switch(&json!({ "fail": { "action": "CreateProjectToken", "how": "error", "message": long } }));
    let told = coding.refused(&["create", "new", "--project", "shop"]);
    assert!(told.contains("InvalidParameter: *** \\u{1b}[31mxxx") && told.contains("x…"), "{told}");
    assert!(!told.contains(PAT) && !told.contains(&"x".repeat(200)), "{told}");
    assert!(!coding.has("new"));
    let told = coding.refused(&["create", "new", "--project", "no-such"]);
    assert!(told.contains("DescribeProjectByName") && told.contains("project not exist"), "{told}");
    coding.home.bring("weak", IMAGES, "guest", WEAK_PAT, &["--kind", "pat"]).success();
    let args = ["tokens", "--project", "shop", "--url", &coding.url(), "--token", "weak"];
    let told = stderr(&coding.unattended(&args).assert().code(1).stdout(""));
    assert!(told.contains("permission denied") && told.contains("hint: "), "{told}");
}

#[test]
fn whose_the_personal_token_is_or_that_it_is_refused_is_said() {
    let Some(coding) = CodingClient::start() else { return };
    let whoami = |pat: &str| {
        let args = ["whoami", "--url", &coding.url(), "--secret-stdin"];
        coding.unattended(&args).write_stdin(pat.to_owned()).assert()
    };
    assert_eq!(stdout(&whoami(OTHER_PAT).success()), format!("olli (Olli) at {}\n", coding.url()));
    let told = stderr(&whoami("wrong-canary").code(1).stdout(""));
    assert!(
        told.contains("does not take that personal access token") && told.contains("authorization invalid"),
        "{told}"
    );
    assert!(!told.contains("wrong-canary"));
    coding.fail("DescribeCodingCurrentUser", "401", 1);
    let told = stderr(&whoami(PAT).code(1).stdout(""));
    assert!(told.contains("does not take that personal access token (status 401)"), "{told}");
    for url in ["http://coding.example.com", "ftp://localhost", "https://me:pw@coding.example.com"] {
        let args = ["whoami", "--url", url, "--secret-stdin"];
        coding.unattended(&args).write_stdin(PAT).assert().code(1).stdout("");
    }
}

#[test]
fn a_secret_goes_only_where_it_was_stored_for() {
    let Some(coding) = CodingClient::start() else { return };
    let url = coding.url();
    // Neither by itself, nor where the variable says so: nobody is there to be asked for another.
    for args in [&["whoami", "--url", &url][..], &["whoami", "--url", &url, "--team", "acme"]] {
        let told = stderr(&coding.unattended(args).assert().code(1).stdout(""));
        assert!(told.contains("no personal access token was given"), "{told}");
    }
    let mut program = coding.unattended(&["whoami"]);
    program.env("DOCKER_CREDENTIAL_PAT_CODING_URL", &url).assert().code(1).stdout("");
    // Not even by name, where it is not this machine.
    for (url, team) in [("https://coding.invalid", "acme"), ("https://other.coding.net", "other")] {
        let told = stderr(
            &coding.unattended(&["whoami", "--url", url, "--token", "pat"]).assert().code(1).stdout(""),
        );
        assert!(told.contains("was not stored for") && told.contains(url), "{told}");
        let args = ["whoami", "--team", team, "--url", url];
        let told = stderr(&coding.unattended(&args).assert().code(1).stdout(""));
        assert!(told.contains("no personal access token was given"), "{told}");
    }
    let told = stderr(&coding.unattended(&["whoami", "--team", "other"]).assert().code(1).stdout(""));
    assert!(told.contains("no personal access token was given"), "{told}");
    assert!(coding.actions().is_empty());
    // One that is stored for that very place goes there by itself; one for another port does not.
    coding.home.bring("far", "127.0.0.1:9", "x", "canary-of-far", &["--kind", "pat"]).success();
    coding.home.bring("near", &coding.address, "tester", PAT, &["--kind", "pat"]).success();
    let told = coding.unattended(&["whoami", "--url", &url]).assert().success();
    assert_eq!(stdout(&told), format!("tester (Tess) at {url}\n"));
}

#[test]
fn several_teams_in_the_vault_are_not_guessed_among() {
    let Some(coding) = CodingClient::start() else { return };
    coding
        .home
        .bring("theirs", "other-docker.pkg.coding.net", "olli", OTHER_PAT, &["--kind", "pat"])
        .success();
    let told = stderr(&coding.unattended(&["whoami"]).assert().code(1).stdout(""));
    assert!(told.contains("acme, other") && told.contains("--team"), "{told}");
    let told = coding.refused(&["create", "shop", "--project", "shop"]);
    assert!(told.contains("which team"), "{told}");
    assert!(coding.actions().is_empty());
    coding.create("shop", &["--team", "acme"]);
    assert_eq!(coding.home.token("shop")["scopes"], json!(["acme-docker.pkg.coding.net/shop"]));
    // A project of the same name of another team is another project.
    let args = ["tokens", "--project", "shop", "--json", "--url", &coding.url(), "--token", "theirs"];
    assert!(stdout(&coding.unattended(&args).assert().success()).contains("\"tokens\":[]"));
    let args = ["rm", "shop", "--url", &coding.url(), "--token", "theirs", "--yes"];
    let told = stderr(&coding.unattended(&args).assert().code(1).stdout(""));
    assert!(told.contains("project not exist"), "{told}");
    assert!(coding.has("shop") && coding.tokens().len() == 1);
}

#[test]
fn every_page_is_read_and_no_more_than_there_are() {
    let Some(coding) = CodingClient::start() else { return };
    coding.switch(&json!({ "seed": 250 }));
    for (page, pages) in [(1000, 3), (20, 13), (250, 3)] {
        coding.switch(&json!({ "page": page }));
        let before = coding.actions().len();
        assert_eq!(coding.listed("shop").len(), 250, "{page}");
        assert_eq!(coding.actions().len() - before, pages + 1, "{page}");
    }
    coding.switch(&json!({ "page": 1 }));
    let told = coding.refused(&["tokens", "--project", "shop"]);
    assert!(told.contains("more than"), "{told}");
}

#[test]
fn a_request_is_sent_again_only_where_that_is_harmless() {
    let Some(coding) = CodingClient::start() else { return };
    for how in ["500", "cut"] {
        coding.fail("DescribeProjectTokens", how, 1);
        assert!(coding.listed("shop").is_empty(), "{how}");
    }
    for how in ["500", "cut", "cut-after", "html"] {
        let before = coding.actions().iter().filter(|action| *action == "CreateProjectToken").count();
        coding.fail("CreateProjectToken", how, 1);
        let told = coding.refused(&["create", "shop", "--project", "shop"]);
        assert!(told.contains("it is not known whether CODING has made the token \"shop\""), "{how}: {told}");
        assert!(told.contains("coding tokens"), "{how}: {told}");
        let after = coding.actions().iter().filter(|action| *action == "CreateProjectToken").count();
        assert_eq!(after - before, 1, "{how}: sent once");
        assert!(!coding.has("shop"));
    }
    // The one that was made and told of by nobody is found, and is in no vault.
    let listed = coding.listed("shop");
    assert_eq!((listed.len(), &listed[0]["name"]), (1, &Value::Null));
}

#[test]
fn nothing_is_made_that_could_not_be_kept() {
    let Some(coding) = CodingClient::start() else { return };
    let is_asked = || coding.actions().iter().any(|action| action == "CreateProjectToken");
    assert!(coding.refused(&["create", "pat", "--project", "shop"]).contains("already"));
    assert!(coding.refused(&["create", "x", "--project", "shop", "--expires", "soon"]).contains("soon"));
    assert!(
        coding
            .refused(&["create", "x", "--project", "shop", "--path", "Not a path"])
            .contains("is no registry")
    );
    let new = coding.home.vault().with_file_name("vault.new");
    fs::create_dir(&new).expect("a folder in its way");
    fs::write(new.join("x"), "").expect("a file in it");
    let told = coding.refused(&["create", "shop", "--project", "shop"]);
    assert!(told.contains("vault"), "{told}");
    assert!(!is_asked() && coding.tokens().is_empty());
    fs::remove_dir_all(&new).expect("out of its way");
    fs::rename(coding.home.key(), coding.home.path().join("key")).expect("the key is gone");
    coding.refused(&["create", "shop", "--project", "shop"]);
    let args =
        ["create", "shop", "--project", "shop", "--team", "acme", "--url", &coding.url(), "--secret-stdin"];
    coding.unattended(&args).write_stdin(PAT).assert().code(1).stdout("");
    assert!(!is_asked() && coding.tokens().is_empty());
}

#[test]
fn what_cannot_be_kept_after_all_is_deleted_again_or_named() {
    let Some(coding) = CodingClient::start() else { return };
    let new = coding.home.vault().with_file_name("vault.new");
    // In its way as soon as the token is made.
    coding.switch(&json!({ "spoil": new }));
    let told = coding.refused(&["create", "shop", "--project", "shop"]);
    assert!(told.contains("is deleted again at CODING") && told.contains("error: "), "{told}");
    assert!(coding.tokens().is_empty());
    fs::remove_dir_all(&new).expect("out of its way");
    coding.fail("DeleteProjectToken", "error", 1);
    let told = coding.refused(&["create", "shop", "--project", "shop"]);
    let there = &coding.tokens()[0];
    assert!(
        told.contains("is left at CODING as \"shop\"") && told.contains(&text(there, "UserName")),
        "{told}"
    );
    assert!(!told.contains(&text(there, "Token")));
    fs::remove_dir_all(&new).expect("out of its way");
    assert!(!coding.has("shop"));
}

#[test]
fn a_token_that_is_gone_or_stays_at_coding_is_told_apart() {
    let Some(coding) = CodingClient::start() else { return };
    coding.create("gone", &[]);
    coding.create("stays", &[]);
    let ids: Vec<_> = coding.tokens().iter().map(|token| token["Id"].clone()).collect();
    coding.switch(&json!({ "forget": ids[0] }));
    coding.fail("DeleteProjectToken", "error", 2);
    let told = coding.refused(&["rm", "gone", "stays", "--yes"]);
    assert!(
        told.contains("not at CODING any more: \"gone\"") && told.contains("it cannot be done"),
        "{told}"
    );
    assert!(!coding.has("gone") && coding.has("stays") && coding.tokens().len() == 1);
    coding.done(&["rm", "stays", "--yes"]);
    assert!(!coding.has("stays") && coding.tokens().is_empty());
}

#[test]
fn a_secret_that_comes_amid_a_removal_stays() {
    let Some(coding) = CodingClient::start() else { return };
    coding.create("ci", &[]);
    // It is asked again after a second.
    coding.fail("DeleteProjectToken", "500", 1);
    let told = thread::scope(|scope| {
        let removal = scope.spawn(|| coding.done(&["rm", "ci", "--yes"]));
        while !coding.actions().contains(&"DeleteProjectToken".to_owned()) {
            thread::sleep(Duration::from_millis(3));
        }
        let mut rotate = coding.home.program(["rotate", "ci", "--secret-stdin"]);
        rotate.write_stdin("another").assert().success();
        removal.join().expect("it ends")
    });
    assert!(told.contains("deleted at CODING: \"ci\", whose new secret is kept here"), "{told}");
    assert!(coding.has("ci") && coding.tokens().is_empty());
}

#[test]
fn a_project_token_that_a_person_brought_is_found_by_its_user_name() {
    let Some(coding) = CodingClient::start() else { return };
    coding.create("made", &[]);
    let there = &coding.tokens()[0];
    coding.home.run(["rm", "made"]).success();
    let scope = "acme-docker.pkg.coding.net/shop";
    coding.home.bring("brought", scope, &text(there, "UserName"), &text(there, "Token"), &[]).success();
    assert_eq!(coding.listed("shop")[0]["name"], "brought");
    let told = coding.refused(&["rm", "brought", "--yes"]);
    assert!(told.contains("it is not known which") && told.contains("--project"), "{told}");
    assert!(
        coding.refused(&["rm", "brought", "--project", "blog", "--yes"]).contains("it is not known which")
    );
    coding.done(&["rm", "brought", "--project", "shop", "--yes"]);
    assert!(!coding.has("brought") && coding.tokens().is_empty());
    assert!(coding.refused(&["show", "pat", "--reveal"]).contains("is no project token"));
}

#[test]
fn no_secret_shows_anywhere() {
    let Some(coding) = CodingClient::start() else { return };
    coding.switch(&json!({ "offer": ["ModifyProjectToken", "EnableProjectToken", "DisableProjectToken"] }));
    let mut told = coding.create("shop", &["--scope", "artifact_rw"]);
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
        told += &(stdout(&done) + &stderr(&done));
    }
    let line = coding.unattended(&["login-command", "shop"]).assert().success();
    told += &(stdout(&line) + &stderr(&line));
    coding.switch(
        &json!({ "fail": { "action": "DeleteProjectToken", "how": "error", "message": "{secret}" } }),
    );
    told += &coding.refused(&["rm", "shop", "--yes"]);
    told += &coding.done(&["rm", "shop", "--yes"]);
    let vault = fs::read(coding.home.vault()).expect("the vault");
    let holds =
        |hay: &[u8], needle: &str| hay.windows(needle.len()).any(|window| window == needle.as_bytes());
    for canary in [PAT, &secret] {
        assert!(!told.contains(canary), "{told}");
        assert!(!holds(&vault, canary));
    }
    // Nor does it go anywhere but into the header: no body that was sent has it.
    let calls = coding.control(None)["calls"].to_string();
    assert!(!calls.contains(PAT) && !calls.contains(&secret));
}
