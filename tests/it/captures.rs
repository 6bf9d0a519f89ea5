//! Every call that real clients were recorded to make, replayed byte for byte.
//!
//! `fixtures/captures.txt` has them. A helper that kept one login a host, and knew no aliases, answered
//! then; where it found nothing, the client may need nothing, or may have needed what we now give.

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
fn every_recorded_call_gets_what_its_client_needs() {
    let calls = recorded();
    assert!(calls.len() > 90, "{} calls read", calls.len());
    for Call { verb, stdin, code } in calls {
        let home = Home::new();
        home.store(HOST, "alice", SECRET);
        home.store(HUB, "hubuser", SECRET);
        let told = format!("{verb} {stdin:?}");
        match verb.as_str() {
            "get" => {
                let asked = home.call("get", stdin.as_str()).stderr("");
                if let Some(user) = needed(&stdin) {
                    let answer: serde_json::Value =
                        serde_json::from_slice(&asked.success().get_output().stdout).expect("JSON");
                    let wanted =
                        serde_json::json!({ "ServerURL": stdin, "Username": user, "Secret": SECRET });
                    assert_eq!(answer, wanted, "{told}");
                } else {
                    assert_eq!(code, 1, "{told} was answered when it was recorded");
                    asked.code(1).stdout(NOT_FOUND);
                }
            }
            "store" => {
                home.store_as_sent(&stdin);
                let stored: serde_json::Value = serde_json::from_str(&stdin).expect("JSON");
                let text = |name: &str| stored[name].as_str().expect("a string").to_owned();
                assert_eq!(home.get(&text("ServerURL")), Ok((text("Username"), text("Secret"))), "{told}");
            }
            "erase" => {
                home.call("erase", stdin.as_str()).success().stdout("").stderr("");
                assert_eq!(home.get(&stdin), common::not_found(), "{told}");
            }
            "list" => {
                let wanted = format!("{{\"{HOST}\":\"alice\",\"{HUB}\":\"hubuser\"}}\n");
                home.call("list", stdin.as_str()).success().stderr("").stdout(wanted);
            }
            other => panic!("a verb that no client calls: {other}"),
        }
    }
}

/// Returns whose credentials a key must get.
fn needed(key: &str) -> Option<&'static str> {
    let is_hub = key == HUB || key.split('/').next().is_some_and(|host| host.ends_with("docker.io"));
    match key {
        // Found then under other hosts only, or rightly not at all.
        "nosuch.example" | "127.0.0.1:15501" | "https://index.docker.io/v1/refresh-token" => None,
        key if key == HOST || key.starts_with("127.0.0.1:15500/") => Some("alice"),
        _ if is_hub => Some("hubuser"),
        other => panic!("a key that this test does not know: {other}"),
    }
}

fn recorded() -> Vec<Call> {
    let text = include_str!("../fixtures/captures.txt");
    let calls = text.lines().filter_map(|line| {
        let (verb, rest) = line.strip_prefix("    ")?.split_once(' ')?;
        let (stdin, rest) = rest.trim_start().strip_prefix("stdin='")?.split_once("' exit=")?;
        let code = rest.split_whitespace().next()?.parse().ok()?;
        // Recorded as a Python literal: the only escapes in it are these.
        let stdin = stdin.replace("\\n", "\n").replace("\\\\", "\\");
        Some(Call { verb: verb.to_owned(), stdin, code })
    });
    calls.collect()
}
