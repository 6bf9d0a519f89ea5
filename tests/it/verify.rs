//! `verify` against hostile and broken registries: the secret goes nowhere else, and the error names the registry.
#![cfg(feature = "online")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::common;
use crate::common::server::{ASKS_BASIC, Server, json_answer as json};
use crate::common::{HANG, Home};

const USER: &str = "alice";
const SECRET: &str = "ghp_canaryCANARYcanary";

const LAST: &str = "Connection: close\r\n\r\n";

/// True when a server has received the secret, plain or as Basic credentials.
fn has_secret(server: &Server) -> bool {
    let pair = STANDARD.encode(format!("{USER}:{SECRET}"));
    let requests = server.requests.lock().expect("unpoisoned");
    requests.contains(&pair) || requests.contains(SECRET)
}

fn add(home: &Home, name: &str, registry: &str) {
    let mut program = home.program(["add", name, "--registry", registry, "--user", USER, "--secret-stdin"]);
    program.write_stdin(SECRET).assert().success();
}

/// Runs `verify` for a token of the server, and returns the exit code and the whole output.
fn verify(server: &Server, args: &[&str]) -> (Option<i32>, String) {
    let home = Home::new();
    let host = server.host();
    add(&home, "ci", &host);
    let output = home.program(["verify", "ci"]).args(args).output().expect("it runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert!(!text.contains(SECRET), "no secret shows: {text}");
    (output.status.code(), text)
}

/// Returns a Bearer challenge with this token endpoint.
fn bearer_challenge(realm: &str) -> String {
    format!(
        "HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer realm=\"{realm}\",service=\"s\"\r\nContent-Length: 0\r\n{LAST}"
    )
}

#[test]
fn a_hostile_challenge_or_redirect_sends_the_secret_nowhere_else() {
    let elsewhere = Server::start(vec![("", json("200 OK", r#"{"token":"x"}"#))]);
    let elsewhere_url = format!("http://127.0.0.1:{}/token", elsewhere.port);
    let redirect = |to: &str| format!("HTTP/1.1 307 Go\r\nLocation: {to}\r\nContent-Length: 0\r\n{LAST}");
    for (name, answers, want) in [
        (
            "an http realm",
            vec![("", bearer_challenge("http://auth.example/token"))],
            "a token endpoint that is refused",
        ),
        (
            "another scheme",
            vec![("", bearer_challenge("ftp://auth.example/token"))],
            "a token endpoint that is refused",
        ),
        ("a literal", vec![("", bearer_challenge("https://192.0.2.1/token"))], "an address without a name"),
        ("a number", vec![("", bearer_challenge("https://3221225985/token"))], "an address without a name"),
        (
            "a user in it",
            vec![("", bearer_challenge("https://a:b@auth.example/token"))],
            "a token endpoint that is refused",
        ),
        (
            "not known",
            vec![("", "HTTP/1.1 401 No\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n".into())],
            "that this program does not know",
        ),
        ("the registry redirects", vec![("", redirect(&elsewhere_url))], "to which nothing is sent"),
        (
            "the token endpoint redirects",
            vec![
                ("GET /token", redirect(&elsewhere_url)),
                ("", bearer_challenge("http://127.0.0.1:PORT/token")),
            ],
            "to which nothing is sent",
        ),
        (
            "the second answer redirects",
            vec![
                ("GET /token", json("200 OK", r#"{"token":"t"}"#)),
                ("GET /v2/ … authorization: Bearer", redirect(&elsewhere_url)),
                ("", bearer_challenge("http://127.0.0.1:PORT/token")),
            ],
            "",
        ),
    ] {
        let server = Server::start(answers);
        let (code, text) = verify(&server, &[]);
        assert!(code == Some(1) || want.is_empty(), "{name}: {text}");
        assert!(text.contains(want), "{name}: {text}");
        assert!(!has_secret(&elsewhere), "{name}: the secret goes nowhere else");
    }
}

#[test]
fn a_proxy_variable_that_is_not_understood_is_an_error_without_its_value() {
    let home = Home::new();
    add(&home, "ci", "registry.example");
    for (variable, value, why) in [
        ("HTTPS_PROXY", "socks5://proxyuser:canary@127.0.0.1:9", "a SOCKS proxy"),
        ("all_proxy", "proxyuser:canary", "not an address"),
        ("https_proxy", "gopher://proxyuser:canary@127.0.0.1:9", "not an HTTP proxy"),
    ] {
        let mut program = home.program(["verify", "ci"]);
        let output = program.env(variable, value).output().expect("it runs");
        let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains(&format!("{variable} is {why}")) && text.contains("unset"), "{text}");
        assert!(!text.contains("canary") && !text.contains("proxyuser"), "{text}");
    }
}

#[test]
fn the_password_of_a_proxy_that_does_not_answer_is_not_shown() {
    let home = Home::new();
    add(&home, "ci", "registry.example");
    let mut program = home.program(["verify", "ci"]);
    let output = program.env("HTTPS_PROXY", "http://proxyuser:canary@127.0.0.1:9").output().expect("it runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(!text.contains("canary") && !text.contains("proxyuser"), "{text}");
}

#[test]
fn a_proxy_that_never_finishes_its_answer_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
            // Twice as long as the bound below.
            for _ in 0..600 {
                let _ = stream.write_all(b"a");
                thread::sleep(Duration::from_millis(200));
            }
        }
    });
    let home = Home::new();
    add(&home, "ci", "registry.example");
    let mut program = home.program(["verify", "ci"]);
    program.env("HTTPS_PROXY", &proxy).timeout(HANG);
    let output = program.output().expect("it runs");
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("https://registry.example gave no answer within 10 s"), "{text}");
}

#[test]
fn a_part_of_the_secret_in_the_name_of_a_token_endpoint_is_masked() {
    for realm in [
        "http://canaryCANARY.example/token",
        "https://192.0.2.1:1/token?canaryCANARY",
        "ftp://ghp_canary.example/token",
        "ghp_canaryCANARYcanary",
        "http://canarycanary.localhost:1/token",
    ] {
        let server = Server::start(vec![("", bearer_challenge(realm))]);
        let (code, text) = verify(&server, &[]);
        assert!(code == Some(1) && !text.to_lowercase().contains("canary"), "{realm}: {text}");
    }
}

#[test]
fn a_user_name_with_a_colon_is_not_sent() {
    let home = Home::new();
    let server = Server::start(vec![("", ASKS_BASIC.to_owned())]);
    home.store(&server.host(), "alice:canary", SECRET);
    let output = home.program(["verify", "--all"]).output().expect("it runs");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("it has a colon"), "{text}");
    assert!(!server.requests.lock().expect("unpoisoned").contains("authorization"));
}

#[test]
fn the_secret_is_sent_only_after_a_challenge() {
    for (name, answer, code, want) in [
        ("open", json("200 OK", "{}"), 0, "open"),
        ("no registry", json("404 Not Found", "{}"), 1, "is not a registry: it answers 404"),
        ("forbidden", json("403 No", "{}"), 1, "is not a registry: it answers 403"),
    ] {
        let server = Server::start(vec![("", answer)]);
        let (found, text) = verify(&server, &[]);
        assert!(found == Some(code) && text.contains(want), "{name}: {text}");
        assert!(!has_secret(&server), "{name}");
    }
    let server = Server::start(vec![("", ASKS_BASIC.to_owned())]);
    let (code, text) = verify(&server, &[]);
    assert!(code == Some(1) && text.contains("refused") && has_secret(&server), "{text}");
}

#[test]
fn only_200_to_the_login_is_accepted_and_anything_else_deletes_and_stores_nothing() {
    for (status, word) in [
        (200, "accepted"),
        (204, "unknown"),
        (302, "unknown"),
        (400, "unknown"),
        (401, "refused"),
        (403, "refused"),
        (404, "unknown"),
        (418, "unknown"),
        (500, "unknown"),
        (999, "unknown"),
    ] {
        // A 500 is asked for again, which takes seconds.
        let schemes = if status == 500 { &["Bearer"][..] } else { &["Basic", "Bearer"] };
        for scheme in schemes.iter().copied() {
            let challenge = match scheme {
                "Basic" => ASKS_BASIC.to_owned(),
                _ => bearer_challenge("http://127.0.0.1:PORT/token"),
            };
            let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n{LAST}");
            let server = Server::start(vec![
                ("GET /token", json("200 OK", r#"{"token":"t"}"#)),
                (if scheme == "Basic" { "GET /v2/ … : Basic" } else { "GET /v2/ … : Bearer" }, answer),
                ("", challenge),
            ]);
            let home = Home::new();
            add(&home, "ci", &server.host());
            home.program(["rotate", "ci", "--secret-stdin"]).write_stdin("newer-secret").assert().success();
            let has_previous = || !home.tokens()[0]["previous_secret"].is_null();
            assert!(has_previous(), "{:?}", home.tokens());
            let is_accepted = word == "accepted";
            let output = home.program(["verify", "ci"]).output().expect("it runs");
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            let case = format!("{scheme} {status}: {text}");
            assert!(text.contains(word), "{case}");
            assert_eq!(output.status.code(), Some(i32::from(!is_accepted)), "{case}");
            assert_eq!(has_previous(), !is_accepted, "{case}");
            if !is_accepted && status != 500 {
                let mut rotate = home.program(["rotate", "ci", "--verify", "--secret-stdin"]);
                rotate.write_stdin("newest-secret").assert().code(1);
                assert_eq!(home.get(&server.host()), common::found(USER, "newer-secret"), "{case}");
            }
            if word == "unknown" && status != 500 {
                let doctor = home.program(["doctor", "--online"]).output().expect("it runs");
                let report = String::from_utf8_lossy(&doctor.stdout).into_owned();
                assert!(report.contains(&format!("answers {status} to the login")), "{case}: {report}");
            }
        }
    }
}

#[test]
fn the_error_for_a_broken_token_endpoint_names_the_fault() {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
    for (name, answer, want) in [
        ("100 MB", format!("{head}Content-Length: 104857600\r\n\r\nENDLESS"), "is too large"),
        ("a header without end", "HTTP/1.1 200 OK\r\nX-Y: ENDLESS".to_owned(), "is too large"),
        ("no JSON", json("200 OK", "<html>"), "is not as its interface is described"),
        ("another JSON", json("200 OK", "[1]"), "is not as its interface is described"),
        ("no token in it", json("200 OK", r#"{"token":null}"#), "is not as its interface is described"),
        ("half a character", json("200 OK", r#"{"token":"\ud800"}"#), "is not as its interface is described"),
        ("cut", format!("{head}Content-Length: 100\r\n\r\n{{"), "is broken"),
        ("garbage", "\u{1}\u{2}\u{3}garbage\r\n\r\n".to_owned(), "is broken"),
        ("ill", json("500 Oh", "{}"), "answers 500"),
        (
            "busy",
            format!("HTTP/1.1 429 No\r\nRetry-After: 7200\r\nContent-Length: 0\r\n{LAST}"),
            "asks to wait for 7200 s",
        ),
        ("refused", json("401 No", r#"{"details":"canary"}"#), "refused"),
    ] {
        let server = Server::start(vec![
            ("GET /token", answer),
            ("", bearer_challenge("http://127.0.0.1:PORT/token")),
        ]);
        let (code, text) = verify(&server, &[]);
        assert!(code == Some(1) && text.contains(want), "{name}: {text}");
        assert!(!text.contains("canary"), "{name}: the text of a server is not repeated: {text}");
    }
}

#[test]
fn access_and_pull_limit_are_shown_and_the_expiry_of_a_stranger_is_ignored() {
    let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6ImEvYiIsImFjdGlvbnMiOlsicHVsbCJdfV19.c2ln";
    let server = Server::start(vec![
        ("GET /token", json("200 OK", &format!(r#"{{"token":"{jwt}"}}"#))),
        (
            "HEAD /v2/acme/app/manifests/latest",
            format!(
                "HTTP/1.1 200 OK\r\nratelimit-limit: 100;w=21600\r\nratelimit-remaining: 76;w=21600\r\nContent-Length: 0\r\n{LAST}"
            ),
        ),
        (
            "GET /v2/ … authorization: Bearer",
            format!(
                "HTTP/1.1 200 OK\r\nGitHub-Authentication-Token-Expiration: 2038-01-02 03:04:05 UTC\r\nContent-Length: 0\r\n{LAST}"
            ),
        ),
        ("", bearer_challenge("http://127.0.0.1:PORT/token")),
    ]);
    let home = Home::new();
    add(&home, "ci", &server.host());
    let output =
        home.run(["verify", "ci", "--repository", "acme/app:1", "--json"]).success().get_output().clone();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let requests = server.requests.lock().expect("unpoisoned").clone();
    assert_eq!(json["version"], 1, "{requests}");
    let answer = &json["answers"][0];
    for (name, want) in [
        ("token", serde_json::json!("ci")),
        ("registry", serde_json::json!(server.host())),
        ("repository", serde_json::json!("acme/app")),
        ("answer", serde_json::json!("accepted")),
        ("pull", serde_json::json!(true)),
        ("push", serde_json::json!(false)),
        ("delete", serde_json::json!(false)),
        ("pulls_left", serde_json::json!(76)),
        ("pulls_limit", serde_json::json!(100)),
        ("pulls_seconds", serde_json::json!(21_600)),
        ("expires", serde_json::Value::Null),
        ("error", serde_json::Value::Null),
    ] {
        assert_eq!(answer[name], want, "{name}: {json}\n{requests}");
    }
    assert_eq!(home.tokens()[0]["expires"], serde_json::Value::Null, "the registry is not GitHub's");
}

/// Starts a proxy that stands for every registry on plain HTTP: it opens a tunnel, breaks off TLS, and answers a
/// request with one of these texts, the second if the request has credentials.
fn registry_behind_a_proxy(asks: &'static str, answers: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let read = |stream: &mut TcpStream| {
                let mut bytes = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    bytes.extend_from_slice(&buffer[..count]);
                    // A TLS handshake begins with this byte, and the head of a request ends in an empty line.
                    if bytes.first() == Some(&0x16) || bytes.ends_with(b"\r\n\r\n") {
                        break;
                    }
                }
                String::from_utf8_lossy(&bytes).into_owned()
            };
            let mut request = read(&mut stream);
            if request.starts_with("CONNECT") {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                request = read(&mut stream);
            }
            if request.starts_with("GET") {
                let answer = if request.contains("authorization") { &answers } else { asks };
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    address
}

#[test]
fn an_expiry_is_recorded_from_githubs_registries_and_only_with_an_acceptance() {
    let later = Some("2038-01-02T03:04:05Z");
    for (registry, status, year, want) in [
        ("ghcr.io", 200, 2038, later),
        ("docker.pkg.github.com", 200, 2038, later),
        ("containers.acme.ghe.com", 200, 2038, later),
        ("ghcr.io", 200, 2020, None),
        ("ghcr.io", 401, 2038, None),
        ("ghcr.io", 403, 2038, None),
        ("ghcr.io", 404, 2038, None),
        ("ghcr.io.example.com", 200, 2038, None),
        ("github.example.com", 200, 2038, None),
    ] {
        let proxy = registry_behind_a_proxy(
            ASKS_BASIC,
            format!(
                "HTTP/1.1 {status} X\r\nGitHub-Authentication-Token-Expiration: {year}-01-02 03:04:05 UTC\r\n\
                 Content-Length: 0\r\n{LAST}"
            ),
        );
        let home = Home::new();
        add(&home, "ci", registry);
        let mut program = home.program(["verify", "ci", "--plain-http"]);
        let output = program.env("HTTP_PROXY", &proxy).output().expect("it runs");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(i32::from(status != 200)), "{registry} {status}: {text}");
        assert_eq!(home.tokens()[0]["expires"].as_str(), want, "{registry} {status} {year}: {text}");
    }
}

#[test]
fn unusable_arguments_and_authorities_are_errors() {
    let home = Home::new();
    for (name, registry) in [("wild", "*.pkg.coding.net"), ("part", "ghcr.io/acme")] {
        add(&home, name, registry);
    }
    for (args, want) in [
        (&["wild"][..], "no registry can be asked about \"wild\" like that"),
        (&["part", "--repository", "ghcr.io/other/app"], "no registry can be asked about \"part\" like that"),
        (&["part", "--repository", "No Image"], "is neither an image nor a registry"),
        (&["nobody"], "there is no token named \"nobody\""),
        (&[], "NAMES is missing"),
        (&["part", "--all"], "cannot be used with"),
    ] {
        let output = home.program(["verify"]).args(args).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && stderr.contains(want), "{args:?}: {stderr}");
    }
    // A file that holds no certificates.
    let file = home.path().join("ca.pem");
    for (text, want) in
        [("", "there is no certificate"), ("-----BEGIN CERTIFICATE-----\nx", "something is not PEM")]
    {
        std::fs::write(&file, text).expect("written");
        let mut program = home.program(["verify", "part"]);
        let output = program.env("DOCKER_CREDENTIAL_PAT_CA_FILE", &file).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && stderr.contains(want), "{text}: {stderr}");
    }
}
