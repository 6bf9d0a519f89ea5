//! `hub`, against a stand-in for Docker Hub: the life of tokens, and what may go wrong in it.

#![cfg(feature = "online")]

use std::process::Child;
use std::time::Duration;
use std::{fs, thread};

use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::inventory::unfinished_rotation::find_unfinished;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::vault::file::Vault;
use serde_json::{Value, json};

use crate::common::hub_double::{CANARIES, HUB, HubDouble, quiet};
use crate::common::{Home, not_found, stderr, stdout};

const TOKENS: &str = "/v2/access-tokens";

fn inventory(home: &Home) -> Inventory {
    Vault::find(&home.vault()).expect("a vault").expect("there").inventory().expect("undamaged")
}

/// Returns the secret that clients get for Docker Hub.
fn secret(home: &Home) -> String {
    home.get(HUB).expect("a token").1
}

fn names(home: &Home) -> Vec<String> {
    home.tokens().iter().map(|token| token["name"].as_str().expect("a name").to_owned()).collect()
}

/// Sees that a verb fails, and says this.
fn fails(assert: assert_cmd::assert::Assert, want: &str) {
    let told = stderr(&assert.failure().code(1));
    assert!(told.contains(want), "{want:?} is not in {told}");
}

#[test]
fn a_token_is_made_used_watched_switched_and_deleted() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let args = ["create", "ci", "--label", "my ci", "--permission", "write", "--expires", "90d"];
    let told = stderr(&hub.run(&home, &args).success());
    assert!(told.contains("made \"ci\" at Docker Hub (Read & Write); it is in use, and ends in 90 days"));
    assert_eq!(hub.labels(), ["my ci"]);
    let token = home.token("ci");
    assert_eq!(
        (&token["user"], &token["kind"], &token["permissions"], &token["in_use"], &token["label"]),
        (&json!("alice"), &json!("pat"), &json!(["read", "write"]), &json!(true), &json!("my ci"))
    );
    let first = secret(&home);
    assert!(hub.takes("alice", &first));
    assert_eq!(stdout(&home.run(["show", "ci", "--reveal"])), format!("{first}\n"));

    hub.call("POST", "/v2/auth/token", "", &json!({ "identifier": "alice", "secret": first }));
    let listing = stdout(&hub.run(&home, &["tokens", "--json"]).success());
    let listing: Value = serde_json::from_str(&listing).expect("JSON");
    let listed = &listing["tokens"][0];
    assert_eq!((&listing["version"], &listing["account"]), (&json!(1), &json!("alice")));
    assert_eq!(
        (&listed["label"], &listed["state"], &listed["made"], &listed["name"], &listed["scopes"]),
        (&json!("my ci"), &json!("active"), &json!("manual"), &json!("ci"), &json!(["repo:write"]))
    );
    assert!(listed["last_used"].is_string() && listed["expires"] == token["expires"]);
    let table = stdout(&hub.run(&home, &["tokens"]).success());
    assert!(table.contains("Read & Write") && table.contains("(today)"), "{table}");

    hub.run(&home, &["deactivate", "ci"]).success();
    assert_eq!((hub.labels(), home.get(HUB)), (vec!["-my ci".to_owned()], not_found()));
    hub.run(&home, &["activate", "ci"]).success();
    assert_eq!((hub.labels(), secret(&home)), (vec!["my ci".to_owned()], first));
    hub.run(&home, &["rename", "ci", "laptop"]).success();
    assert_eq!((hub.labels(), &home.token("ci")["label"]), (vec!["laptop".to_owned()], &json!("laptop")));
    fails(hub.run(&home, &["rm", "ci"]), "give it with --yes");
    hub.run(&home, &["rm", "ci", "--yes"]).success();
    assert!(hub.labels().is_empty() && home.tokens().is_empty());
}

#[test]
fn a_sign_in_by_docker_login_needs_no_password_while_it_is_good() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let store = |via, ttl| {
        home.store("https://index.docker.io/v1/access-token", "alice", &hub.jwt("alice", via, ttl));
    };
    store("password", 600);
    quiet(hub.program(&home, &["create", "ci"]).assert()).success();
    assert_eq!((hub.labels(), hub.count("POST /v2/users/login")), (vec!["ci".to_owned()], 0));
    store("pat", 600);
    fails(quiet(hub.program(&home, &["tokens"]).assert()), "run `docker login` without -u");
    store("password", 5);
    let told = quiet(hub.program(&home, &["tokens"]).assert());
    fails(told, "the sign-in of alice by docker login has ended");
}

#[test]
fn who_signs_in_with_a_token_is_told_the_way_out() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let (_, secret) = hub.make("alice", "web");
    for args in [&["tokens"][..], &["create", "ci"], &["tokens", "--org", "acme"]] {
        let mut program = hub.program(&home, args);
        let program = program.args(["--user", "alice", "--password-stdin"]).write_stdin(secret.clone());
        fails(quiet(program.assert()), "lets nobody manage tokens who signed in with an access token");
    }
    assert!(home.tokens().is_empty());
}

#[test]
fn a_second_factor_is_asked_for_and_given() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let sign_in = |password: &str| {
        let mut program = hub.program(&home, &["tokens", "--user", "bob", "--password-stdin"]);
        quiet(program.write_stdin(password).assert())
    };
    sign_in("pw-canary-of-bob\n424242\n").success();
    fails(sign_in("pw-canary-of-bob\n"), "a second line behind the password");
    fails(sign_in("pw-canary-of-bob\n111111\n"), "Docker Hub refuses the sign-in");
    fails(sign_in("pw-canary-of-alice\n424242\n"), "Docker Hub refuses the sign-in");
    fails(sign_in("\n"), "the secret is empty");
}

#[test]
fn an_organizations_token_has_its_resources_and_keeps_them() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let args = ["create", "org", "--org", "acme", "--repository", "acme/app", "--scope", "repo-pull"];
    hub.run(&home, &args).success();
    let want = json!([{ "type": "TYPE_REPO", "path": "acme/app", "scopes": ["repo-pull"] }]);
    let token = home.token("org");
    assert_eq!((&token["user"], &token["kind"]), (&json!("acme"), &json!("organization")));
    assert_eq!(hub.seen()["oats"][0]["resources"], want);
    hub.run(&home, &["rotate", "org", "--delete-old"]).success();
    let oats = hub.seen()["oats"].clone();
    assert_eq!((&oats[0]["resources"], &oats[0]["label"], &oats[1]), (&want, &json!("org"), &Value::Null));
    assert!(hub.takes("acme", &secret(&home)));
    fails(hub.run_as("bob", &home, &["tokens", "--org", "acme"]), "(403): forbidden");
    fails(hub.run_as("bob", &home, &["rm", "org", "--yes"]), "forbidden");
    fails(hub.run(&home, &["tokens", "--org", "../x"]), "no name of an organization");
    assert_eq!(names(&home), ["org"]);
    let old = hub.seen()["oats"][0]["id"].as_str().expect("an ID").to_owned();
    let told = stderr(&hub.run(&home, &["rotate", "org"]).success());
    assert!(told.contains(&format!("hub rm --id {old} --org acme deletes it)")), "{told}");
    hub.run(&home, &["rm", "org", "--id", &old, "--org", "acme", "--yes"]).success();
    assert_eq!((hub.seen()["oats"].clone(), names(&home).len()), (json!([]), 0));
}

#[test]
fn what_the_vaults_own_verbs_leave_at_docker_hub_is_told() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci", "--expires", "2d"]).success();
    assert!(stdout(&home.run(["doctor"]).code(1)).contains("mend: docker-credential-pat hub rotate ci\n"));
    hub.run(&home, &["deactivate", "ci"]).success();
    let told = stderr(&home.run(["activate", "ci"]).success());
    assert!(told.contains("at Docker Hub too: docker-credential-pat hub activate ci\n"), "{told}");
    let told = stderr(&home.run(["rm", "ci"]).success());
    let id = hub.seen()["pats"][0]["uuid"].as_str().expect("an ID").to_owned();
    assert!(
        told.contains(&format!("still at Docker Hub (docker-credential-pat hub rm --id {id} ")),
        "{told}"
    );
}

#[test]
fn every_page_is_read_and_no_other_host_is_asked() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.control(&json!({ "page_cap": 30, "seed": {
        "owner": "alice", "label": "auto", "count": 130, "generated_by": "desktop" } }));
    let listing = stdout(&hub.run(&home, &["tokens", "--json"]).success());
    let listing: Value = serde_json::from_str(&listing).expect("JSON");
    let tokens = listing["tokens"].as_array().expect("a list");
    assert_eq!((tokens.len(), hub.count("GET /v2/access-tokens")), (130, 5));
    assert!(tokens.iter().all(|token| token["made"] == "auto-generated"));
}

#[test]
fn a_busy_server_is_waited_for_and_a_sick_one_asked_again_where_that_is_harmless() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for is in ["seconds", "moment"] {
        hub.control(&json!({ "wait_is": is, "fail": [["POST", TOKENS, 429, 1]] }));
        let told = stderr(&hub.run(&home, &["create", is]).success());
        assert!(told.contains("has had too many requests; waiting"), "{told}");
    }
    hub.control(&json!({ "wait_s": 3600, "fail": [["GET", TOKENS, 429, 1]] }));
    fails(hub.run(&home, &["tokens"]), "asks to wait for 36");
    hub.control(&json!({ "fail": [["GET", TOKENS, 503, 1], ["POST", "/v2/users/login", 502, 1]] }));
    hub.run(&home, &["tokens"]).success();
    let posts = hub.count("POST /v2/access-tokens");
    hub.control(&json!({ "fail": [["POST", TOKENS, 503, 1]] }));
    fails(hub.run(&home, &["create", "sick"]), "did not tell whether it made a token; there is none now");
    assert_eq!(hub.count("POST /v2/access-tokens"), posts + 1);
    assert_eq!(
        (hub.labels(), names(&home)),
        (vec!["moment".into(), "seconds".into()], vec!["seconds".into(), "moment".into()])
    );
}

#[test]
fn a_token_whose_answer_was_lost_does_not_stay() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for when in ["before", "after"] {
        hub.control(&json!({ "cut": [["POST", TOKENS, when]] }));
        fails(hub.run(&home, &["create", "ci"]), "there is none now");
        assert_eq!((hub.labels(), names(&home)), (vec![], vec![]), "{when}");
    }
    // Where it cannot be looked for either, it is named, and found afterwards.
    hub.control(&json!({ "cut": [["POST", TOKENS, "after"]], "fail": [["GET", TOKENS, 403, 1]] }));
    fails(hub.run(&home, &["create", "ci"]), "one may be left there");
    let told = stderr(&hub.run(&home, &["tokens"]).success());
    assert!(told.contains("nobody has its secret (docker-credential-pat hub rm --id"), "{told}");
    let id = hub.pats()[0]["uuid"].as_str().expect("an ID").to_owned();
    hub.run(&home, &["rm", "--id", &id, "--yes"]).success();
    assert!(hub.labels().is_empty());
}

#[test]
fn a_vault_that_cannot_be_written_costs_no_token() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    home.add("other", "ghcr.io");
    let posts = || hub.count("POST /v2/access-tokens");
    fails(hub.run(&home, &["create", "other"]), "named \"other\" already");
    let whole = fs::read(home.vault()).expect("a vault");
    fs::write(home.vault(), b"no vault").expect("written");
    fails(hub.run(&home, &["create", "ci"]), "not a vault");
    assert_eq!(posts(), 0);
    fs::write(home.vault(), &whole).expect("written");
    // It breaks while the token is being made.
    hub.control(&json!({ "delay_ms": 400 }));
    let child = hub.spawn(&home, &["create", "ci"]);
    hub.wait_until(|_| posts() == 1);
    fs::write(home.vault(), b"no vault").expect("written");
    let told = ended(child);
    assert!(told.contains("could not be kept, and was deleted at Docker Hub again"), "{told}");
    assert!(hub.labels().is_empty());
}

/// Waits for a process, and returns what it told.
fn ended(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    for canary in CANARIES {
        assert!(!told.contains(canary), "{canary} shows in {told}");
    }
    told
}

/// Kills a rotation at its call of that number; false when it has not that many.
fn kill_at(hub: &HubDouble, home: &Home, args: &[&str], number: usize, when: &str) -> bool {
    hub.control(&json!({ "hold": [number, when] }));
    let mut child = hub.spawn(home, args);
    let mut has_ended = false;
    while hub.seen()["held"] == false && !has_ended {
        has_ended = child.try_wait().expect("a process").is_some();
        thread::sleep(Duration::from_millis(2));
    }
    if !has_ended {
        for file in ["cmdline", "environ"] {
            let shown = fs::read(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
            let shown = String::from_utf8_lossy(&shown).into_owned();
            assert!(!CANARIES.iter().any(|canary| shown.contains(canary)), "{file}: {shown}");
        }
        child.kill().expect("killed");
    }
    let told = ended(child);
    assert!(!has_ended || told.contains("has its new secret"), "{told}");
    hub.control(&json!({ "release": true }));
    !has_ended
}

/// What must hold wherever a rotation was stopped.
fn assert_nothing_is_lost(hub: &HubDouble, home: &Home, is_done: bool, at: &str) {
    assert!(hub.takes("alice", &secret(home)), "{at}: what is in use works");
    let inventory = inventory(home);
    let here: Vec<_> = inventory.tokens().iter().filter_map(|token| token.remote.as_ref()).collect();
    let pats = hub.pats();
    let orphans = pats.iter().filter(|pat| here.iter().all(|remote| pat["uuid"] != *remote.id));
    assert!(orphans.count() <= 1, "{at}: at most one orphan");
    let is_clean = is_done || (pats.len() == 1 && hub.labels() == ["ci"]);
    let left =
        inventory.tokens().iter().filter_map(|token| find_unfinished(token, &inventory)).collect::<Vec<_>>();
    assert!(left.len() <= 1 && (is_clean || left.len() == 1), "{at}: what is left is named: {left:?}");
    assert!(left.iter().all(|left| left.command == "hub rotate ci"), "{at}: {left:?}");
}

#[test]
fn a_rotation_that_is_killed_at_any_call_loses_nothing_and_goes_on() {
    let Some(hub) = HubDouble::start() else { return };
    for (args, labels) in
        [(&["rotate", "ci"][..], &["-ci", "ci"][..]), (&["rotate", "ci", "--delete-old"], &["ci"])]
    {
        for when in ["before", "after"] {
            let mut number = 1;
            loop {
                let home = Home::new();
                hub.run(&home, &["create", "ci", "--expires", "90d"]).success();
                let first = secret(&home);
                let was_killed = kill_at(&hub, &home, args, number, when);
                let at = format!("{args:?}, {when} call {number}");
                assert_nothing_is_lost(&hub, &home, !was_killed, &at);
                if was_killed {
                    hub.run(&home, args).success();
                }
                assert_eq!(
                    (hub.labels(), names(&home)),
                    (labels.iter().map(|label| (*label).to_owned()).collect(), vec!["ci".to_owned()]),
                    "{at}"
                );
                assert_nothing_is_lost_and_nothing_is_left(&hub, &home, &first, &at);
                for pat in hub.pats() {
                    hub.control(&json!({ "forget": pat["uuid"] }));
                }
                number += 1;
                if !was_killed {
                    break;
                }
            }
            assert!(number > 8, "a rotation has many calls: {number}");
        }
    }
}

fn assert_nothing_is_lost_and_nothing_is_left(hub: &HubDouble, home: &Home, first: &str, at: &str) {
    let inventory = inventory(home);
    assert!(inventory.tokens().iter().all(|token| find_unfinished(token, &inventory).is_none()), "{at}");
    let now = secret(home);
    assert!(now != first && hub.takes("alice", &now) && !hub.takes("alice", first), "{at}");
    assert_eq!(home.token("ci")["in_use"], true, "{at}");
}

#[test]
fn two_rotations_at_once_do_no_harm() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let first = secret(&home);
    hub.control(&json!({ "delay_ms": 20 }));
    let children = [0, 1, 2].map(|_| hub.spawn(&home, &["rotate", "ci", "--delete-old"]));
    let _ = children.map(ended);
    hub.control(&json!({ "delay_ms": 0 }));
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec!["ci".to_owned()]));
    assert_nothing_is_lost_and_nothing_is_left(&hub, &home, &first, "two at once");
}

#[test]
fn a_new_secret_that_does_not_work_is_dropped() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let first = secret(&home);
    hub.control(&json!({ "reject": true }));
    fails(hub.run(&home, &["rotate", "ci"]), "does not work; the old one stays in use");
    assert_eq!((secret(&home), hub.labels(), names(&home)), (first, vec!["ci".into()], vec!["ci".into()]));
    assert_nothing_is_lost(&hub, &home, true, "not working");
}

#[test]
fn a_successor_that_is_gone_is_made_anew() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let first = secret(&home);
    // Stopped before the proof: login, old, make, proof.
    assert!(kill_at(&hub, &home, &["rotate", "ci"], 4, "before"));
    assert_eq!(names(&home), ["ci", "ci-next"]);
    fails(hub.run(&home, &["rotate", "ci-next"]), "is to take the place of \"ci\"");
    let remote = inventory(&home).tokens()[1].remote.clone().expect("a remote");
    hub.control(&json!({ "forget": remote.id }));
    hub.run(&home, &["rotate", "ci"]).success();
    assert_eq!((hub.labels(), names(&home)), (vec!["-ci".into(), "ci".into()], vec!["ci".to_owned()]));
    assert_nothing_is_lost_and_nothing_is_left(&hub, &home, &first, "gone");
}

#[test]
fn a_token_that_changes_amid_its_rotation_is_left_alone() {
    let Some(hub) = HubDouble::start() else { return };
    let during = |home: &Home, deed: &dyn Fn()| {
        hub.run(home, &["create", "ci"]).success();
        let posts = hub.count("POST /v2/access-tokens");
        hub.control(&json!({ "delay_ms": 300 }));
        let child = hub.spawn(home, &["rotate", "ci", "--delete-old"]);
        hub.wait_until(|_| hub.count("POST /v2/access-tokens") > posts);
        deed();
        hub.control(&json!({ "delay_ms": 0 }));
        ended(child)
    };
    let home = Home::new();
    let told = during(&home, &|| drop(home.run(["edit", "ci", "--name", "new name"]).success()));
    assert!(told.contains("\"new name\" has its new secret"), "{told}");
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec!["new name".to_owned()]));
    hub.run(&home, &["rm", "new name", "--yes"]).success();

    let home = Home::new();
    let told = during(&home, &|| drop(home.run(["rm", "ci"]).success()));
    assert!(told.contains("could not be kept, and was deleted at Docker Hub again"), "{told}");
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec![]));
    hub.control(&json!({ "forget": hub.pats()[0]["uuid"] }));

    let home = Home::new();
    let told = during(&home, &|| {
        drop(home.program(["rotate", "ci", "--secret-stdin"]).write_stdin("another").assert().success());
    });
    assert!(told.contains("changed by something else meanwhile"), "{told}");
    assert_eq!((hub.labels(), secret(&home)), (vec!["ci".to_owned()], "another".to_owned()));
}

fn is_delete(call: &Value) -> bool {
    call.as_str().is_some_and(|call| call.starts_with("DELETE "))
}

#[test]
fn a_secret_that_comes_amid_a_removal_stays() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let calls =
        || hub.seen()["calls"].as_array().expect("a list").iter().filter(|call| is_delete(call)).count();
    let before = calls();
    hub.control(&json!({ "delay_ms": 500 }));
    let child = hub.spawn(&home, &["rm", "ci", "--yes"]);
    hub.wait_until(|_| calls() > before);
    home.program(["rotate", "ci", "--secret-stdin"]).write_stdin("another").assert().success();
    hub.control(&json!({ "delay_ms": 0 }));
    let told = ended(child);
    assert!(told.contains("changed by something else meanwhile"), "{told}");
    assert_eq!((hub.labels(), secret(&home)), (vec![], "another".to_owned()));
}

#[test]
fn a_rotation_that_was_stopped_is_removed_whole() {
    let Some(hub) = HubDouble::start() else { return };
    // After the new one was made, kept, and switched to.
    for (number, when) in [(3, "after"), (4, "after"), (6, "before")] {
        let home = Home::new();
        hub.run(&home, &["create", "ci"]).success();
        assert!(kill_at(&hub, &home, &["rotate", "ci"], number, when));
        assert_eq!(hub.pats().len(), 2, "{number}");
        hub.run(&home, &["rm", "ci", "--yes"]).success();
        assert_eq!((hub.pats().len(), home.tokens().len()), (0, 0), "{number}");
    }
}

#[test]
fn a_login_is_linked_by_a_use_of_it_and_then_kept_in_step() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let (_, login) = hub.make("alice", "web");
    let (other, _) = hub.make("alice", "other");
    home.store(HUB, "alice", &login);
    let name = "alice@docker.io";
    fails(hub.run(&home, &["rotate", name]), "hub link alice@docker.io finds out");
    fails(hub.run(&home, &["link", name, &other]), "a use of \"alice@docker.io\" showed at \"web\"");
    fails(hub.run(&home, &["link", name, "nothing"]), "no token has the ID or label");
    home.add("elsewhere", "ghcr.io");
    fails(hub.run(&home, &["link", "elsewhere"]), "is not for Docker Hub");
    let told = stderr(&hub.run(&home, &["link", name]).success());
    assert!(told.contains("is \"web\"") && told.contains("a use of it showed there"), "{told}");
    assert_eq!(home.token(name)["permissions"], json!(["read", "write"]));
    home.bring("copy", "mirror.example", "alice", &login, &[]).success();
    let told = stderr(&hub.run(&home, &["rotate", name, "--delete-old"]).success());
    assert!(told.contains("\"copy\" has the old secret, which no longer works"), "{told}");
    assert_eq!(hub.labels(), ["other", "web"]);
    assert!(hub.takes("alice", &secret(&home)) && !hub.takes("alice", &login));
    // What proves nothing needs a person's word.
    home.store("https://index.docker.io/v2/", "alice", "pw-canary-of-alice");
    let password = "alice@docker.io-2";
    fails(hub.run(&home, &["link", password, "other"]), "shows a use of no token");
    hub.run(&home, &["link", password, "other", "--unproven"]).success();
}

#[test]
fn what_docker_hub_tells_of_known_tokens_is_written_down() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for name in ["stays", "off", "gone", "mine"] {
        hub.run(&home, &["create", name]).success();
    }
    home.run(["deactivate", "mine"]).success();
    let jwt = hub.jwt("alice", "password", 600);
    for pat in hub.pats() {
        let path = format!("{TOKENS}/{}", pat["uuid"].as_str().expect("an ID"));
        match pat["token_label"].as_str() {
            Some("stays") => hub.call("PATCH", &path, &jwt, &json!({ "token_label": "new label" })),
            Some("off") => hub.call("PATCH", &path, &jwt, &json!({ "is_active": false })),
            Some("gone") => hub.call("DELETE", &path, &jwt, &json!({})),
            _ => Value::Null,
        };
    }
    let stays = stdout(&home.run(["show", "stays", "--reveal"]));
    let proof = json!({ "identifier": "alice", "secret": stays.trim() });
    hub.call("POST", "/v2/auth/token", "", &proof);
    let told = stderr(&hub.run(&home, &["sync"]).success());
    for want in [
        "compared 4 tokens with Docker Hub; 2 changed here",
        "\"off\" is inactive there, so it is switched off here",
        "\"gone\" is gone there (docker-credential-pat rm gone",
    ] {
        assert!(told.contains(want), "{want} in {told}");
    }
    let state = |name| home.token(name)["state"].clone();
    assert_eq!(
        (state("stays"), state("off"), state("mine")),
        (json!("active"), json!("inactive"), json!("inactive"))
    );
    assert_eq!(home.token("stays")["label"], "new label");
    let last_used = inventory(&home).tokens()[0].remote.as_ref().and_then(|remote| remote.last_used);
    assert!(last_used > Some(Timestamp(1_700_000_000)));
    let remote = home.token("stays")["remote"].clone();
    assert_eq!((&remote["service"], &remote["owner"]), (&json!("docker-hub"), &json!("alice")));
    assert_eq!(remote["last_used"].as_str().map(str::to_owned), last_used.map(|at| at.to_string()));
    let shown = stdout(&home.run(["show", "stays"]).success());
    assert!(shown.contains("Docker Hub, of alice, ") && shown.contains("last used there"), "{shown}");
    let told = stderr(&hub.run_as("bob", &home, &["sync"]).success());
    assert!(told.contains("compared 0 tokens") && told.contains("is a token of alice"), "{told}");
}

#[test]
fn another_persons_sign_in_takes_no_token_for_gone() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    for args in [&["rm", "ci", "--yes"][..], &["rotate", "ci"], &["deactivate", "ci"], &["rename", "ci", "x"]]
    {
        fails(hub.run_as("bob", &home, args), "\"ci\" is a token of alice, and bob is signed in");
    }
    assert_eq!((hub.labels(), &home.token("ci")["state"]), (vec!["ci".to_owned()], &json!("active")));
}

#[test]
fn one_that_has_expired_can_only_be_deleted_or_replaced() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let now =
        Timestamp(i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs()).expect("sane"));
    hub.run(&home, &["create", "ci", "--expires", &Timestamp(now.0 + 2).to_string()]).success();
    for (end, want) in [("400d", "within a year"), ("2020-01-31", "within a year"), ("soon", "no date")] {
        fails(hub.run(&home, &["create", "x", "--expires", end]), want);
    }
    thread::sleep(Duration::from_secs(3));
    fails(hub.run(&home, &["deactivate", "ci"]), "an expired token can only be deleted");
    let told = stderr(&hub.run(&home, &["rotate", "ci", "--expires", "never"]).success());
    assert!(told.contains("which does not end; the old one had expired"), "{told}");
    home.run(["activate", "ci"]).success();
    assert!(hub.takes("alice", &secret(&home)));
    assert_eq!(hub.labels(), ["ci", "ci"]);
}

#[test]
fn a_server_that_repeats_what_it_was_sent_shows_nothing_of_it() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    hub.control(&json!({ "echo": true }));
    // `run` looks for every secret in what is said.
    for (method, path, args) in [
        ("POST", "/v2/users/login", &["tokens"][..]),
        ("GET", TOKENS, &["tokens"]),
        ("POST", TOKENS, &["create", "new"]),
    ] {
        hub.control(&json!({ "fail": [[method, path, 418, 1]] }));
        fails(hub.run(&home, args), "***");
    }
    hub.control(&json!({ "fail": [["POST", "/v2/auth/token", 418, 1]] }));
    fails(hub.run(&home, &["rotate", "ci"]), "***");
    let mut program = hub.program(&home, &["tokens", "--user", "bob", "--password-stdin"]);
    hub.control(&json!({ "fail": [["POST", "/v2/users/2fa-login", 400, 1]] }));
    fails(quiet(program.write_stdin("pw-canary-of-bob\n424242\n").assert()), "***");
}

#[test]
fn no_password_goes_over_the_network_in_the_open() {
    let home = Home::new();
    for (url, want) in [
        ("http://hub.example", "http://hub.example is not encrypted"),
        ("//hub.example", "is no address"),
        ("https://a:b@hub.example", "has a user name in it"),
    ] {
        let mut program = home.program(["hub", "tokens", "--user", "alice", "--password-stdin"]);
        let program = program.env("DOCKER_CREDENTIAL_PAT_HUB_URL", url).write_stdin("pw-canary-of-alice");
        fails(quiet(program.assert()), want);
    }
}

#[test]
fn what_the_vault_has_for_docker_hub_goes_to_no_other_place() {
    let home = Home::new();
    home.store(HUB, "alice", "dckr_pat_canary");
    home.store("https://index.docker.io/v1/access-token", "alice", "eyJhbGciOiJub25lIn0.e30.c2ln");
    let name = names(&home).swap_remove(0);
    // So that doctor asks no registry.
    home.run(["deactivate", &name]).success();
    for args in [&["hub", "tokens"][..], &["hub", "link", &name], &["doctor", "--online", "--json"]] {
        let mut program = home.program([]);
        program
            .args(args)
            .env("DOCKER_CREDENTIAL_PAT_HUB_URL", "https://hub.invalid")
            .timeout(Duration::from_secs(60));
        let assert = quiet(program.assert());
        let told = [stdout(&assert), stderr(&assert)].concat();
        assert!(
            told.contains("https://hub.invalid, and what the vault has for Docker Hub is not sent there"),
            "{told}"
        );
    }
}
