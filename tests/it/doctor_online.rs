//! Tests of `doctor --online`: each finding with a case that provokes it and one that does not.

#![cfg(feature = "online")]

use serde_json::{Value, json};

use crate::common::Home;
use crate::common::hub_double::{CANARIES, HUB, HubDouble};
use crate::common::server::{ASKS_BASIC, Server};

/// The secret of a token that registries are asked about.
const SECRET: &str = "pw-canary-of-the-registry";

/// Returns the findings with this word. Docker Hub's registry cannot be reached, so nothing leaves this machine.
fn findings(home: &Home, hub: Option<&HubDouble>, args: &[&str], word: &str) -> Vec<Value> {
    let mut doctor = home.program(["doctor", "--json"]);
    doctor.args(args).env("HTTPS_PROXY", "http://127.0.0.1:1");
    if let Some(hub) = hub {
        doctor.env("DOCKER_CREDENTIAL_PAT_HUB_URL", hub.url());
    }
    let output = doctor.output().expect("it runs");
    let message = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(!CANARIES.iter().any(|canary| message.contains(canary)), "no secret shows: {message}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let findings = report["findings"].as_array().expect("an array");
    findings.iter().filter(|finding| finding["finding"] == word).cloned().collect()
}

#[test]
fn registries_are_asked_only_with_online() {
    let fine = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned();
    let accepts = vec![("GET /v2/ … authorization", fine), ("", ASKS_BASIC.to_owned())];
    let gone = vec![("", "HTTP/1.1 404 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_owned())];
    for (answers, refused, unasked) in
        [(accepts, 0, 0), (vec![("", ASKS_BASIC.to_owned())], 1, 0), (gone, 0, 1)]
    {
        let server = Server::start(answers);
        let home = Home::new();
        let host = server.host();
        let mut add = home.program(["add", "ci", "--registry", &host, "--user", "alice", "--secret-stdin"]);
        add.write_stdin(SECRET).assert().success();
        assert!(findings(&home, None, &[], "token-refused").is_empty());
        assert!(server.requests.lock().expect("unpoisoned").is_empty(), "no request without --online");
        for (word, count) in [("token-refused", refused), ("registry-unasked", unasked)] {
            let found = findings(&home, None, &["--online"], word);
            assert_eq!(found.len(), count, "{word}: {found:?}");
            assert!(found.iter().all(|finding| finding["token"] == "ci"), "{found:?}");
        }
        home.run(["deactivate", "ci"]).success();
        for word in ["token-refused", "registry-unasked"] {
            assert!(findings(&home, None, &["--online"], word).is_empty(), "{word}: it is switched off");
        }
    }
}

#[test]
fn docker_hub_is_asked_only_with_a_sign_in() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let count = |word: &str| findings(&home, Some(&hub), &["--online"], word).len();
    assert_eq!(count("hub-unasked"), 1, "nobody is signed in by a browser");
    home.store("https://index.docker.io/v1/access-token", "alice", &hub.jwt("alice", "password", 600));
    assert_eq!((count("hub-unasked"), count("hub-tokens-generated"), count("hub-token-lost")), (0, 0, 0));
    hub.control(
        &json!({ "seed": { "owner": "alice", "label": "x", "count": 2, "generated_by": "desktop" } }),
    );
    let found = findings(&home, Some(&hub), &["--online"], "hub-tokens-generated");
    assert!(found.len() == 1 && found[0]["severity"] == "note", "{found:?}");
    assert!(found[0]["what"].as_str().expect("a text").starts_with("2 of your tokens"), "{found:?}");
    // The answer does not arrive, and the request to clean up fails.
    hub.control(
        &json!({ "cut": [["POST", "/v2/access-tokens", "after"], ["GET", "/v2/access-tokens", "before"],
        ["GET", "/v2/access-tokens", "before"], ["GET", "/v2/access-tokens", "before"]] }),
    );
    hub.run(&home, &["create", "lost"]).failure();
    let found = findings(&home, Some(&hub), &["--online"], "hub-token-lost");
    assert_eq!(found.len(), 1, "{found:?} {:?}", hub.labels());
    let mend = found[0]["mend"].as_str().expect("a command");
    let id = mend.split(' ').next_back().expect("an ID").to_owned();
    hub.run(&home, &["rm", "--id", &id, "--yes"]).success();
    assert_eq!(count("hub-token-lost"), 0, "the command mends it");
}

#[test]
fn a_stopped_rotation_is_reported_without_network() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let stopped = || findings(&home, None, &[], "rotation-stopped");
    assert!(stopped().is_empty());
    hub.control(&json!({ "hold": [4, "after"] }));
    let mut child = hub.spawn(&home, &["rotate", "ci"]);
    hub.wait_until(|seen| seen["held"] == true);
    child.kill().expect("killed");
    child.wait().expect("ended");
    hub.control(&json!({ "release": true }));
    let found = stopped();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["severity"], &found[0]["token"], &found[0]["mend"]),
        (&json!("warning"), &json!("ci"), &json!("docker-credential-pat hub rotate ci"))
    );
    hub.run(&home, &["rotate", "ci"]).success();
    assert!(stopped().is_empty(), "the command mends it");
    assert!(home.get(HUB).is_ok());
}
