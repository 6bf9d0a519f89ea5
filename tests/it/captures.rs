//! Replays the recorded calls of real clients byte for byte.
//!
//! `fixtures/captures.txt` has the calls. The helper that answered during the recording stored one login per host and
//! had no aliases. Where it found nothing, the client may need nothing, or may need an answer that this program gives.

use crate::common;
use crate::common::{Home, NOT_FOUND};

const HOST: &str = "127.0.0.1:15500";
const HUB: &str = "https://index.docker.io/v1/";
const SECRET: &str = "s3cret-Alice&<x>";

/// One recorded call: the verb, stdin, and the exit code at the time.
struct Call {
    verb: String,
    stdin: String,
    code: i32,
}

#[test]
fn every_recorded_call_gets_the_answer_that_its_client_needs() {
    let calls = recorded_calls();
    assert!(calls.len() > 90, "{} calls read", calls.len());
    for Call { verb, stdin, code } in calls {
        let home = Home::new();
        home.store(HOST, "alice", SECRET);
        home.store(HUB, "hubuser", SECRET);
        let call = format!("{verb} {stdin:?}");
        match verb.as_str() {
            "get" => {
                let output = home.call("get", stdin.as_str()).stderr("");
                if let Some(user) = needed_user(&stdin) {
                    let answer: serde_json::Value =
                        serde_json::from_slice(&output.success().get_output().stdout).expect("JSON");
                    let wanted =
                        serde_json::json!({ "ServerURL": stdin, "Username": user, "Secret": SECRET });
                    assert_eq!(answer, wanted, "{call}");
                } else {
                    assert_eq!(code, 1, "{call} was answered when it was recorded");
                    output.code(1).stdout(NOT_FOUND);
                }
            }
            "store" => {
                home.store_as_sent(&stdin);
                let stored: serde_json::Value = serde_json::from_str(&stdin).expect("JSON");
                let text = |name: &str| stored[name].as_str().expect("a string").to_owned();
                assert_eq!(home.get(&text("ServerURL")), Ok((text("Username"), text("Secret"))), "{call}");
            }
            "erase" => {
                home.call("erase", stdin.as_str()).success().stdout("").stderr("");
                assert_eq!(home.get(&stdin), common::not_found(), "{call}");
            }
            "list" => {
                let wanted = format!("{{\"{HOST}\":\"alice\",\"{HUB}\":\"hubuser\"}}\n");
                home.call("list", stdin.as_str()).success().stderr("").stdout(wanted);
            }
            other => panic!("a verb that no client calls: {other}"),
        }
    }
}

/// Returns the user whose credentials a key must get.
fn needed_user(key: &str) -> Option<&'static str> {
    let is_hub = key == HUB || key.split('/').next().is_some_and(|host| host.ends_with("docker.io"));
    match key {
        // Stored only for other hosts during the recording, or rightly not found.
        "nosuch.example" | "127.0.0.1:15501" | "https://index.docker.io/v1/refresh-token" => None,
        key if key == HOST || key.starts_with("127.0.0.1:15500/") => Some("alice"),
        _ if is_hub => Some("hubuser"),
        other => panic!("a key that this test does not know: {other}"),
    }
}

fn recorded_calls() -> Vec<Call> {
    let text = include_str!("../fixtures/captures.txt");
    let calls = text.lines().filter_map(|line| {
        let (verb, rest) = line.strip_prefix("    ")?.split_once(' ')?;
        let (stdin, rest) = rest.trim_start().strip_prefix("stdin='")?.split_once("' exit=")?;
        let code = rest.split_whitespace().next()?.parse().ok()?;
        // A Python literal, with these escapes only.
        let stdin = stdin.replace("\\n", "\n").replace("\\\\", "\\");
        Some(Call { verb: verb.to_owned(), stdin, code })
    });
    calls.collect()
}
