//! Tests of `hub` against a stand-in for Docker Hub, with every failure that a token has to survive.

#![cfg(feature = "online")]

use std::process::Child;
use std::time::Duration;
use std::{fs, thread};

use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::inventory::unfinished_rotation::find_unfinished;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::vault::file::Vault;
use serde_json::{Value, json};

use crate::common::hub_double::{CANARIES, HUB, HubDouble, assert_no_secret};
use crate::common::server::{Server, json_answer};
use crate::common::{Home, not_found, stderr, stdout};

const TOKENS: &str = "/v2/access-tokens";

fn inventory(home: &Home) -> Inventory {
    Vault::find(&home.vault()).expect("a vault").expect("there").all_contents().expect("undamaged").inventory
}

/// Returns the secret that clients get for Docker Hub.
fn secret(home: &Home) -> String {
    home.get(HUB).expect("a token").1
}

fn names(home: &Home) -> Vec<String> {
    home.tokens().iter().map(|token| token["name"].as_str().expect("a name").to_owned()).collect()
}

/// Checks that a verb fails with this message.
fn assert_failure(assert: assert_cmd::assert::Assert, want: &str) {
    let message = stderr(&assert.failure().code(1));
    assert!(message.contains(want), "{want:?} is not in {message}");
}

#[test]
fn a_token_is_created_used_listed_switched_and_deleted() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let args = ["create", "ci", "--label", "my ci", "--permission", "push", "--expires", "90d"];
    let message = stderr(&hub.run(&home, &args).success());
    assert!(
        message.contains("made \"ci\" at Docker Hub (Read & Write); it is in use, and expires in 90 days")
    );
    assert_eq!(hub.labels(), ["my ci"]);
    let token = home.token("ci");
    assert_eq!(
        (&token["user"], &token["kind"], &token["permissions"], &token["in_use"], &token["label"]),
        (&json!("alice"), &json!("pat"), &json!(["pull", "push"]), &json!(true), &json!("my ci"))
    );
    let first = secret(&home);
    assert!(hub.accepts("alice", &first));
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
    assert_failure(hub.run(&home, &["rm", "ci"]), " --yes");
    hub.run(&home, &["rm", "ci", "--yes"]).success();
    assert!(hub.labels().is_empty() && home.tokens().is_empty());
}

#[test]
fn a_valid_sign_in_by_docker_login_needs_no_password() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let store = |via, ttl| {
        home.store("https://index.docker.io/v1/access-token", "alice", &hub.jwt("alice", via, ttl));
    };
    store("password", 600);
    assert_no_secret(hub.program(&home, &["create", "ci"]).assert()).success();
    assert_eq!((hub.labels(), hub.count("POST /v2/users/login")), (vec!["ci".to_owned()], 0));
    for via in ["pat", "oat"] {
        store(via, 600);
        assert_failure(
            assert_no_secret(hub.program(&home, &["tokens"]).assert()),
            "run `docker login` without -u",
        );
    }
    store("password", 5);
    let message = assert_no_secret(hub.program(&home, &["tokens"]).assert());
    assert_failure(message, "the sign-in of alice by docker login has expired");
}

#[test]
fn a_sign_in_with_a_token_fails_with_a_hint() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let (_, secret) = hub.make("alice", "web");
    hub.control(&json!({ "next_secret": "canary without a known beginning" }));
    let (_, other) = hub.make("alice", "other");
    for (secret, logins) in [(secret.as_str(), 0), ("dckr_oat_canary", 0), (&other, 1)] {
        for args in [&["tokens"][..], &["create", "ci"], &["tokens", "--org", "acme"]] {
            let before = hub.count("POST /v2/users/login");
            let mut program = hub.program(&home, args);
            let program =
                program.args(["--user", "alice", "--password-stdin"]).write_stdin(secret.to_owned());
            let assert = assert_no_secret(program.assert());
            let message = stderr(&assert);
            assert_failure(assert, "lets nobody manage tokens who signed in with an access token");
            assert!(message.contains("run `docker login` without -u"), "{message}");
            assert_eq!(hub.count("POST /v2/users/login"), before + logins, "a known token is not even sent");
        }
    }
    assert!(home.tokens().is_empty());
}

#[test]
fn a_second_factor_is_read_from_the_second_line() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let sign_in = |password: &str| {
        let mut program = hub.program(&home, &["tokens", "--user", "bob", "--password-stdin"]);
        assert_no_secret(program.write_stdin(password).assert())
    };
    sign_in("pw-canary-of-bob\n424242\n").success();
    assert_failure(sign_in("pw-canary-of-bob\n"), "a second line behind the password");
    assert_failure(sign_in("pw-canary-of-bob\n111111\n"), "Docker Hub refuses the sign-in");
    assert_failure(sign_in("pw-canary-of-alice\n424242\n"), "Docker Hub refuses the sign-in");
    assert_failure(sign_in("\n"), "the password is empty");
}

#[test]
fn an_organizations_token_keeps_its_resources_when_rotated() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let paths = ["--repository", "acme/app", "--repository", "acme/base"];
    let args = [&["create", "org", "--org", "acme", "--permission", "push"][..], &paths].concat();
    let message = stderr(&hub.run(&home, &args).success());
    assert!(
        message.contains("(acme/app scope-image-push; acme/base scope-image-push); it is in use"),
        "{message}"
    );
    let resource = |path| json!({ "type": "TYPE_REPO", "path": path, "scopes": ["scope-image-push"] });
    let want = json!([resource("acme/app"), resource("acme/base")]);
    let scopes = json!(["docker.io/acme/app", "docker.io/acme/base"]);
    let token = home.token("org");
    assert_eq!((&token["user"], &token["kind"]), (&json!("acme"), &json!("organization")));
    assert_eq!((&token["scopes"], &token["permissions"]), (&scopes, &json!(["pull", "push"])));
    assert_eq!(hub.seen()["oats"][0]["resources"], want);
    hub.run(&home, &["rotate", "org", "--delete-old"]).success();
    let oats = hub.seen()["oats"].clone();
    assert_eq!((&oats[0]["resources"], &oats[0]["label"], &oats[1]), (&want, &json!("org"), &Value::Null));
    assert!(hub.accepts("acme", &secret(&home)));
    hub.run(&home, &["sync"]).success();
    let token = home.token("org");
    assert_eq!((&token["scopes"], &token["permissions"]), (&scopes, &json!(["pull", "push"])));
    assert_failure(hub.run_as("bob", &home, &["tokens", "--org", "acme"]), "(403): forbidden");
    assert_failure(hub.run_as("bob", &home, &["rm", "org", "--yes"]), "forbidden");
    assert_failure(hub.run(&home, &["tokens", "--org", "../x"]), "neither the name of an organization");
    assert_eq!(names(&home), ["org"]);
    let old = hub.seen()["oats"][0]["id"].as_str().expect("an ID").to_owned();
    let message = stderr(&hub.run(&home, &["rotate", "org"]).success());
    assert!(message.contains(&format!("hub rm --id {old} --org acme deletes it)")), "{message}");
    hub.run(&home, &["rm", "org", "--id", &old, "--org", "acme", "--yes"]).success();
    assert_eq!((hub.seen()["oats"].clone(), names(&home).len()), (json!([]), 0));
}

/// Asserts what Docker Hub has, and what the vault has, of a new token of acme.
#[track_caller]
fn assert_created(hub: &HubDouble, options: &[&str], resources: &str, scopes: &[&str], permissions: &[&str]) {
    let home = Home::new();
    let args = [&["create", "org", "--org", "acme"][..], options].concat();
    hub.run(&home, &args).success();
    let oat = hub.seen()["oats"][0].clone();
    let describe = |resource: &Value| {
        let words: Vec<_> =
            resource["scopes"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        format!("{} {}", resource["path"].as_str().expect("a path"), words.join(","))
    };
    let described: Vec<_> = oat["resources"].as_array().expect("a list").iter().map(describe).collect();
    let token = home.token("org");
    assert_eq!(described.join("; "), resources);
    assert_eq!(
        (&token["scopes"], &token["permissions"]),
        (&json!(scopes), &json!(permissions)),
        "{options:?}"
    );
    hub.control(&json!({ "forget": oat["id"] }));
}

#[test]
fn an_organizations_token_is_kept_with_what_it_was_made_for() {
    let Some(hub) = HubDouble::start() else { return };
    let app = ["--repository", "acme/app"];
    for (options, resources, scopes, permissions) in [
        (&[][..], "acme/app scope-image-pull", &["docker.io/acme/app"][..], &["pull"][..]),
        (
            &["--permission", "delete", "--scope", "scope-tag-admin"],
            "acme/app scope-image-delete,scope-tag-admin",
            &["docker.io/acme/app"],
            &["pull", "push", "delete"],
        ),
        (
            &["--scope", "scope-image-push"],
            "acme/app scope-image-push",
            &["docker.io/acme/app"],
            &["pull", "push"],
        ),
        (&["--scope", "scope-tag-read"], "acme/app scope-tag-read", &[], &[]),
        (
            &["--permission", "push", "--repository", "*/*/public"],
            "acme/app scope-image-push; */*/public scope-image-pull",
            &["docker.io/acme/app"],
            &["pull", "push"],
        ),
        (
            &["--permission", "push", "--registry", "mirror.example"],
            "acme/app scope-image-push",
            &["mirror.example"],
            &["pull", "push"],
        ),
    ] {
        assert_created(&hub, &[&app, options].concat(), resources, scopes, permissions);
    }
    for (path, scope, permission) in
        [("acme/*", "docker.io/acme", "pull"), ("*/*/public", "docker.io", "public-pull")]
    {
        assert_created(
            &hub,
            &["--repository", path],
            &format!("{path} scope-image-pull"),
            &[scope],
            &[permission],
        );
    }
}

#[test]
fn what_an_organization_cannot_have_is_refused_with_a_hint() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let create =
        |options: &[&str]| hub.run(&home, &[&["create", "org", "--org", "acme"][..], options].concat());
    let many: Vec<_> = (0..=50).map(|number| format!("--repository=acme/r{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (options, want) in [
        (&["--repository", "app"][..], "give --repository acme/NAME"),
        (&["--repository", "acme/app", "--scope", "repo-pull"], "\"repo-pull\" is not a scope"),
        (&["--repository", "acme/app", "--permission", "public-pull"], "'*/*/public'"),
        (&["--repository", "acme"], "not said what the token may do at acme"),
        (
            &["--repository", "acme", "--scope", "scope-member-read", "--registry", "docker.io"],
            "opens no registry",
        ),
        (&["--repository", "acme/app", "--scope", "scope-image-pul"], "the nearest is scope-image-pull"),
        (
            &["--repository", "acme/app", "--scope", "scope-member-read"],
            "that scope goes with --repository acme",
        ),
        (&many, "at most 50 repositories"),
    ] {
        assert_failure(create(options), want);
    }
    assert_eq!(hub.seen()["calls"], json!([]), "nothing is asked for that");
    // What only Docker Hub knows.
    assert_failure(create(&["--repository", "acme/missing"]), "(400): unknown path acme/missing");
    assert_failure(
        create(&["--repository", "acme/missing"]),
        "hint: the organization has no such repository",
    );
    assert_failure(create(&["--repository", "acme/app", "--scope", "scope-new"]), "(400): unknown scope");
    hub.control(&json!({ "oat_limit": 1 }));
    create(&["--repository", "acme/app"]).success();
    let message =
        stderr(&hub.run(&home, &["create", "two", "--org", "acme", "--repository", "acme/app"]).code(1));
    for want in
        ["makes no more tokens for acme (403)", "10 with Docker Team", "hub tokens --org acme lists them"]
    {
        assert!(message.contains(want), "{want} is not in {message}");
    }
    assert_failure(hub.run(&home, &["rotate", "org"]), "makes no more tokens for acme");
    assert_eq!(
        (names(&home), hub.seen()["oats"].as_array().map(Vec::len)),
        (vec!["org".to_owned()], Some(1))
    );
}

#[test]
fn a_new_token_that_may_less_leaves_a_wider_one_in_use() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "wide", "--permission", "push"]).success();
    let message = stderr(&hub.run(&home, &["create", "narrow"]).success());
    assert!(message.contains("(Read-only); it is in use to pull, and does not expire"), "{message}");
    let want = "\"wide\" (docker.io) may do more, and stays in use for the rest (docker-credential-pat use narrow changes that)";
    assert!(message.contains(want), "{message}");
    let message =
        stderr(&hub.run(&home, &["create", "org", "--org", "acme", "--repository", "acme/app"]).success());
    // Each is named with the requests that it would lose.
    assert!(message.contains("\n\"wide\" (docker.io/acme/app) may do more, and stays in use"), "{message}");
    for (args, want) in [
        (&["docker.io"][..], "wide"),
        (&["docker.io", "--push"], "wide"),
        (&["docker.io", "--pull"], "narrow"),
        (&["acme/app", "--push"], "wide"),
        (&["acme/app", "--pull"], "org"),
        (&["acme/app", "--pull", "--push"], "wide"),
        (&["acme/other", "--push"], "wide"),
    ] {
        assert_eq!(home.given(args), want, "{args:?}");
    }
    // One that may do the same takes over, as before.
    let message = stderr(&hub.run(&home, &["create", "next", "--permission", "push"]).success());
    assert!(message.contains("it is in use, and"), "{message}");
    assert_eq!(home.given(&["docker.io"]), "next");
    let args = ["create", "members", "--org", "acme", "--repository", "acme", "--scope", "scope-member-read"];
    let message = stderr(&hub.run(&home, &args).success());
    assert!(message.contains("it opens no registry, and") && !message.contains("may do more"), "{message}");
    home.run(["deactivate", "wide"]).success();
    assert_eq!(
        (home.given(&["docker.io"]), &home.token("members")["in_use"]),
        ("next".to_owned(), &json!(false))
    );
}

#[test]
fn a_token_for_what_is_public_takes_no_pulls_until_it_is_put_in_use() {
    let Some(hub) = HubDouble::start() else { return };
    for args in [
        &["create", "pubonly", "--permission", "public-pull"][..],
        &["create", "pubonly", "--org", "acme", "--repository", "*/*/public"],
    ] {
        let home = Home::new();
        hub.run(&home, &["create", "wide", "--permission", "push"]).success();
        let message = stderr(&hub.run(&home, args).success());
        assert!(
            message.contains("it is not in use, and") && message.contains("\"wide\" (docker.io)"),
            "{message}"
        );
        let private = "docker.io/alice/private";
        for request in [&[private][..], &[private, "--pull"], &["docker.io", "--pull"], &["docker.io"]] {
            assert_eq!(home.given(request), "wide", "{args:?} {request:?}");
        }
        assert_eq!(home.token("pubonly")["permissions"], json!(["public-pull"]));
        assert!(stdout(&home.run(["show", "pubonly"]).success()).contains("public-pull"));
        assert!(stdout(&home.run(["ls"]).success()).contains("public-pull"));
        // One that comes later does not lose its pulls either.
        home.bring("later", "docker.io/alice", "alice", "canary", &["--permission", "pull,push"]).success();
        assert_eq!(home.given(&[private, "--pull"]), "later");
        home.run(["use", "pubonly"]).success();
        assert_eq!(home.given(&["docker.io/library/alpine", "--pull"]), "pubonly");
        assert_eq!(home.given(&["docker.io", "--push"]), "wide");
        home.run(["rm", "wide", "later", "--yes"]).success();
        assert_eq!(home.given(&[private, "--pull"]), "pubonly", "it is the only one");
        // Its successor is not wider, even if the old token is gone.
        if args.len() == 4 {
            hub.control(&json!({ "forget": home.token("pubonly")["remote"]["id"] }));
            hub.run(&home, &["rotate", "pubonly"]).success();
            assert!(hub.pats().iter().any(|pat| pat["scopes"] == json!(["repo:public_read"])));
        }
    }
}

#[test]
fn words_that_are_no_verbs_of_hub_lead_on() {
    let home = Home::new();
    for (word, want) in [
        ("login", "docker login, without -u"),
        ("edit", "docker-credential-pat hub rename NAME LABEL"),
        ("use", "docker-credential-pat use NAME"),
    ] {
        let message = stderr(&home.run(["hub", word]).code(2).stdout(""));
        assert!(
            message.contains(&format!("hub has no verb \"{word}\"")) && message.contains(want),
            "{message}"
        );
    }
    assert!(stderr(&home.run(["hub", "nonsense"]).code(2)).contains(" has no verb \""));
    assert!(stderr(&home.run(["coding", "login"]).code(2)).contains(" has no verb \""));
}

#[test]
fn what_is_known_here_of_an_organizations_token_is_listed() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for (name, more) in [
        ("app", &["--repository", "acme/app"][..]),
        ("members", &["--repository", "acme", "--scope", "scope-member-read"]),
    ] {
        hub.run(&home, &[&["create", name, "--org", "acme"][..], more].concat()).success();
    }
    let table = stdout(&hub.run(&home, &["tokens", "--org", "acme"]).success());
    let scope = |name: &str| table.lines().find(|line| line.starts_with(name)).expect("a row").to_owned();
    assert!(scope("app").contains("docker.io/acme/app pull"), "{table}");
    assert!(scope("members").contains("no registry"), "{table}");
    let shown = stdout(&home.run(["show", "app"]).success());
    let expires = shown.lines().find(|line| line.starts_with("expires")).expect("a line");
    assert!(expires.ends_with("never"), "{shown}");
}

#[test]
fn a_label_of_two_tokens_here_names_both() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for name in ["one", "two"] {
        hub.run(&home, &["create", name, "--label", "same"]).success();
    }
    let message = stderr(&hub.run(&home, &["deactivate", "same"]).code(1));
    for want in [", here \"one\")", ", here \"two\")", "the name here"] {
        assert!(message.contains(want), "{message}");
    }
}

#[test]
fn a_sync_names_what_changed() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    hub.run(&home, &["create", "same"]).success();
    let path = format!("{TOKENS}/{}", home.token("ci")["remote"]["id"].as_str().expect("an ID"));
    hub.call("PATCH", &path, &hub.jwt("alice", "password", 600), &json!({ "token_label": "elsewhere" }));
    let message = stderr(&hub.run(&home, &["sync"]).success());
    assert!(message.contains("1 changed here\n\"ci\": new label\n"), "{message}");
    assert!(!message.contains("\"same\""), "{message}");
}

#[test]
fn an_expiry_in_the_past_is_refused_as_such() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    for args in [&["create", "old"][..], &["rotate", "ci"]] {
        let args = [args, &["--expires", "2020-01-01"]].concat();
        assert_failure(hub.run(&home, &args), "\"2020-01-01\" is in the past");
    }
    assert_failure(hub.run(&home, &["create", "new", "--expires", "2y"]), "expires within a year, or never");
    assert_eq!(hub.labels(), ["ci"]);
}

#[test]
fn an_id_its_beginning_or_a_label_stands_for_a_name() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci", "--label", "the ci"]).success();
    let id = hub.pats()[0]["uuid"].as_str().expect("an ID").to_owned();
    hub.run(&home, &["deactivate", "the ci"]).success();
    assert_eq!((hub.labels(), &home.token("ci")["state"]), (vec!["-the ci".to_owned()], &json!("inactive")));
    hub.run(&home, &["activate", &id[..8]]).success();
    hub.run(&home, &["rename", &id, "new label"]).success();
    assert_eq!((hub.labels(), &home.token("ci")["state"]), (vec!["new label".to_owned()], &json!("active")));
    hub.run(&home, &["rotate", "new label", "--delete-old"]).success();
    assert_failure(hub.run(&home, &["rotate", &id]), "there is no token named");
    // The vault does not know a label that was changed on the page.
    let path = format!("{TOKENS}/{}", home.token("ci")["remote"]["id"].as_str().expect("an ID"));
    hub.call("PATCH", &path, &hub.jwt("alice", "password", 600), &json!({ "token_label": "elsewhere" }));
    hub.run(&home, &["rm", "elsewhere", "--yes"]).success();
    assert_eq!((hub.labels().len(), names(&home).len()), (0, 0));
}

#[test]
fn a_token_outside_the_vault_is_found_by_id_or_label() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "team"]).success();
    let (web, _) = hub.make("alice", "web");
    let (one, _) = hub.make("alice", "twice");
    let (two, _) = hub.make("alice", "twice");
    hub.run(&home, &["deactivate", "web"]).success();
    let before = hub.labels();
    assert_eq!(before, ["-web", "team", "twice", "twice"]);
    let assert = hub.run(&home, &["rm", "twice", "--yes"]);
    let message = stderr(&assert);
    assert_failure(assert, "\"twice\" is more than one token: ");
    for id in [&one, &two] {
        assert!(message.contains(&format!("\"twice\" ({id})")), "{message}");
    }
    assert_failure(hub.run(&home, &["rm", "team", "nothing", "--yes"]), "has the ID or label \"nothing\"");
    assert_failure(hub.run(&home, &["rm", "web"]), " --yes");
    assert_eq!(hub.labels(), before, "nothing is deleted");
    let message = stderr(&hub.run(&home, &["rm", &web[..13], &one, "--yes"]).success());
    assert!(message.contains(&format!("\"web\" ({web}) is deleted at Docker Hub")), "{message}");
    assert_eq!(hub.labels(), ["team", "twice"]);

    // An organization's, with the name that a person's has here.
    let args = ["create", "org", "--label", "team", "--org", "acme", "--repository", "acme/app"];
    hub.run(&home, &args).success();
    home.run(["rm", "org", "--yes"]).success();
    hub.run(&home, &["rm", "team", "--org", "acme", "--yes"]).success();
    assert_eq!((&hub.seen()["oats"], names(&home)), (&json!([]), vec!["team".to_owned()]));
}

#[test]
fn local_verbs_report_that_docker_hub_is_unchanged() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci", "--expires", "2d"]).success();
    assert!(stdout(&home.run(["doctor"]).code(1)).contains("fix: docker-credential-pat hub rotate ci\n"));
    hub.run(&home, &["deactivate", "ci"]).success();
    let message = stderr(&home.run(["activate", "ci"]).success());
    assert!(message.contains("at Docker Hub too: docker-credential-pat hub activate ci\n"), "{message}");
    let message = stderr(&home.run(["rm", "ci", "--yes"]).success());
    let id = hub.seen()["pats"][0]["uuid"].as_str().expect("an ID").to_owned();
    assert!(
        message.contains(&format!("still at Docker Hub (docker-credential-pat hub rm --id {id} ")),
        "{message}"
    );
}

/// Starts a stand-in that accepts each sign-in, with a list of these tokens.
fn listing_server(tokens: &[Value]) -> Server {
    Server::start(vec![
        ("POST /v2/users/login", json_answer("200 OK", r#"{"token":"signed-in-bearer"}"#)),
        (
            "GET /v2/access-tokens",
            json_answer(
                "200 OK",
                &json!({ "next": (tokens.len() > 1).then_some("x"), "results": tokens }).to_string(),
            ),
        ),
        ("", json_answer("404 No", "{}")),
    ])
}

/// Runs `hub` against such a stand-in, with a sign-in by password.
fn run_at(server: &Server, home: &Home, args: &[&str]) -> assert_cmd::assert::Assert {
    let mut program = home.program(["hub"]);
    program.args(args).args(["--user", "alice", "--password-stdin"]).write_stdin("pw-canary-of-alice\n");
    program.env("DOCKER_CREDENTIAL_PAT_HUB_URL", format!("http://{}", server.host())).assert()
}

#[test]
fn a_list_without_end_is_given_up() {
    let token = |number: usize| json!({ "uuid": format!("t{number}"), "is_active": true });
    for (count, requests) in [(10_001, 1), (3_000, 4)] {
        let server = listing_server(&(0..count).map(token).collect::<Vec<_>>());
        let message = stderr(&run_at(&server, &Home::new(), &["tokens"]).code(1));
        assert!(message.contains("does not end within 10,000 entries"), "{message}");
        let seen = server.requests.lock().expect("unpoisoned");
        assert_eq!(seen.matches("GET /v2/access-tokens").count(), requests, "{count}");
    }
}

#[test]
fn no_part_of_a_secret_of_the_session_that_the_server_repeats_is_printed() {
    let sign_in = || ("POST /v2/users/login", json_answer("200 OK", r#"{"token":"signed-in-bearer"}"#));
    let redirect = |to: &str| format!("HTTP/1.1 302 Go\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    let refuse = |text: &str| json_answer("403 No", &json!({ "detail": text }).to_string());
    for (answer, want) in [
        (redirect("https://signed-in-bearer.evil.example/"), "redirects to https://***.evil.example"),
        (redirect("https://in-BEARER.evil.example/"), "redirects to https://***.evil.example"),
        (refuse("no pw-canary-of, of-alice, canary%2Dof%2Dalice"), "(403): no ***, ***, ***"),
        (refuse("no Bearer signed-in, ned-in-bea"), "(403): no Bearer ***, ***"),
    ] {
        let server = Server::start(vec![sign_in(), ("", answer)]);
        let message = stderr(&run_at(&server, &Home::new(), &["tokens"]).code(1));
        assert!(message.contains(want), "{want} is not in {message}");
    }
    let label = "signed-in-bearer pw-canary-of-alice";
    let server = listing_server(&[json!({ "uuid": "t1", "is_active": true, "token_label": label })]);
    let table = stdout(&run_at(&server, &Home::new(), &["tokens"]).success());
    assert!(table.contains("*** ***"), "{table}");
    // The password again, and the secret of the new token.
    let created =
        json!({ "uuid": "t1", "is_active": true, "scopes": ["repo:admin"], "token": "dckr_pat_new" });
    for text in ["pw-canary-of-alice", "dckr_pat_new"] {
        let server = Server::start(vec![
            sign_in(),
            ("POST /v2/access-tokens", json_answer("201 Made", &created.to_string())),
            ("", refuse(&format!("no {text}"))),
        ]);
        let message = stderr(&run_at(&server, &Home::new(), &["create", "ci"]).code(1));
        assert!(!message.contains(text), "{message}");
    }
}

#[test]
fn a_text_without_measure_is_refused_and_an_unfit_secret_is_deleted_again() {
    let long = "x".repeat(1025);
    for (name, value) in [
        ("token_label", json!(long)),
        ("generated_by", json!(long)),
        ("scopes", json!(["repo:read", long])),
        ("resources", json!([{ "type": "TYPE_REPO", "path": long, "scopes": [] }])),
    ] {
        let mut token = json!({ "uuid": "t1", "is_active": true });
        token[name] = value;
        let message = stderr(&run_at(&listing_server(&[token]), &Home::new(), &["tokens"]).code(1));
        assert!(message.contains("is not as its interface is described"), "{name}: {message}");
    }
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for (secret, want) in [
        ("x".repeat(16 * 1024 + 1), "with a secret of more than 16 KiB"),
        ("a\nb".to_owned(), "with a secret that is not printable ASCII"),
    ] {
        hub.control(&json!({ "next_secret": secret }));
        let message = stderr(&hub.run(&home, &["create", "ci"]).code(1));
        assert!(message.contains(want) && message.contains("was deleted at Docker Hub again"), "{message}");
        assert!(hub.pats().is_empty() && names(&home).is_empty());
    }
}

#[test]
fn every_page_is_read_from_the_same_host() {
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
fn a_busy_server_is_waited_for_and_harmless_requests_are_repeated() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for is in ["seconds", "moment"] {
        hub.control(&json!({ "wait_is": is, "fail": [["POST", TOKENS, 429, 1]] }));
        let message = stderr(&hub.run(&home, &["create", is]).success());
        assert!(message.contains("has had too many requests; waiting"), "{message}");
    }
    hub.control(&json!({ "wait_s": 3600, "fail": [["GET", TOKENS, 429, 1]] }));
    assert_failure(hub.run(&home, &["tokens"]), "asks to wait for 36");
    hub.control(&json!({ "fail": [["GET", TOKENS, 503, 1], ["POST", "/v2/users/login", 502, 1]] }));
    hub.run(&home, &["tokens"]).success();
    let posts = hub.count("POST /v2/access-tokens");
    hub.control(&json!({ "fail": [["POST", TOKENS, 503, 1]] }));
    assert_failure(
        hub.run(&home, &["create", "sick"]),
        "did not say whether it created a token; there is none now",
    );
    assert_eq!(hub.count("POST /v2/access-tokens"), posts + 1);
    assert_eq!(
        (hub.labels(), names(&home)),
        (vec!["moment".into(), "seconds".into()], vec!["seconds".into(), "moment".into()])
    );
}

#[test]
fn a_token_that_may_do_more_or_lasts_longer_than_requested_is_deleted_again() {
    let Some(hub) = HubDouble::start() else { return };
    let org_resource =
        |path: &str, scope: &str| json!([{ "type": "TYPE_REPO", "path": path, "scopes": [scope] }]);
    let org = ["--org", "acme", "--repository", "acme/app"];
    for terse in [false, true] {
        for (args, made, want) in [
            (
                &["--expires", "30d"][..],
                json!({ "scopes": ["repo:admin"], "expires_at": null, "is_active": false }),
                "with more permissions than requested: Read, Write, Delete",
            ),
            (&["--expires", "30d"], json!({ "expires_at": "soon" }), "without an expiry"),
            (
                &["--expires", "30d"],
                json!({ "expires_at": "2099-01-31T00:00:00Z" }),
                "with a later expiry than requested: 2099-01-31",
            ),
            (
                &["--expires", "30d"],
                json!({ "expires_at": "2020-01-31T00:00:00Z" }),
                "with an expiry in the past: 2020-01-31",
            ),
            (
                &[],
                json!({ "scopes": ["repo:read", "repo:new"] }),
                "more permissions than requested: repo:new",
            ),
            (
                &org,
                json!({ "resources": org_resource("acme/app", "scope-image-push") }),
                "more permissions than requested: acme/app scope-image-push",
            ),
            (
                &org,
                json!({ "resources": org_resource("acme/*", "scope-image-pull") }),
                "more permissions than requested: acme/* scope-image-pull",
            ),
        ] {
            hub.control(&json!({ "made": made, "terse": terse }));
            let home = Home::new();
            let message = stderr(&hub.run(&home, &[&["create", "ci"][..], args].concat()).code(1));
            assert!(
                message.contains(want) && message.contains("was deleted at Docker Hub again"),
                "{message}"
            );
            let seen = hub.seen();
            assert_eq!((&seen["pats"], &seen["oats"]), (&json!([]), &json!([])), "{args:?} {made}");
            assert!(names(&home).is_empty(), "{args:?} {made}");
        }
    }
    // A successor too, and the old token stays as it is.
    hub.control(&json!({ "made": {}, "terse": false }));
    let home = Home::new();
    hub.run(&home, &["create", "ci", "--expires", "30d"]).success();
    hub.control(&json!({ "made": { "scopes": ["repo:admin"] } }));
    let message = stderr(&hub.run(&home, &["rotate", "ci"]).code(1));
    assert!(message.contains("more permissions than requested: Read, Write, Delete"), "{message}");
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec!["ci".to_owned()]));
    hub.control(&json!({ "made": {} }));
    let message = stderr(&hub.run(&home, &["rotate", "ci"]).success());
    assert!(!message.contains("continued"), "nothing of the first rotation is left: {message}");
}

#[test]
fn the_vault_has_what_docker_hub_has_made_and_not_what_was_requested() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.control(&json!({ "made": { "scopes": ["repo:read"], "expires_at": "2038-01-02T03:04:05Z",
        "is_active": false } }));
    let message = stderr(&hub.run(&home, &["create", "ci", "--permission", "push"]).success());
    for want in
        ["(Read-only)", "on 2038-01-02", "made it switched off (docker-credential-pat hub activate ci)"]
    {
        assert!(message.contains(want), "{want} is not in {message}");
    }
    let token = home.token("ci");
    assert_eq!(
        (&token["permissions"], &token["expires"], &token["state"]),
        (&json!(["pull"]), &json!("2038-01-02T03:04:05Z"), &json!("inactive"))
    );
    let narrow = json!([{ "type": "TYPE_REPO", "path": "acme/b", "scopes": ["scope-image-pull"] }]);
    hub.control(&json!({ "made": { "resources": narrow } }));
    let args = ["create", "org", "--org", "acme", "--repository", "acme/*", "--permission", "push"];
    hub.run(&home, &args).success();
    let token = home.token("org");
    assert_eq!((&token["permissions"], &token["scopes"]), (&json!(["pull"]), &json!(["docker.io/acme/b"])));
    // What the answer leaves out is looked up.
    hub.control(&json!({ "made": {}, "terse": true }));
    hub.run(&home, &["create", "terse", "--permission", "push", "--expires", "2h"]).success();
    let token = home.token("terse");
    assert_eq!(token["permissions"], json!(["pull", "push"]));
    assert!(!token["expires"].is_null());
}

#[test]
fn a_token_whose_answer_was_lost_is_deleted_or_named() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    for when in ["before", "after"] {
        hub.control(&json!({ "cut": [["POST", TOKENS, when]] }));
        assert_failure(hub.run(&home, &["create", "ci"]), "there is none now");
        assert_eq!((hub.labels(), names(&home)), (vec![], vec![]), "{when}");
    }
    // If the token cannot be looked for either, it is named, and found later.
    hub.control(&json!({ "cut": [["POST", TOKENS, "after"]], "fail": [["GET", TOKENS, 403, 1]] }));
    assert_failure(hub.run(&home, &["create", "ci"]), "one may be left there");
    let message = stderr(&hub.run(&home, &["tokens"]).success());
    assert!(message.contains("nobody has its secret (docker-credential-pat hub rm --id"), "{message}");
    let id = hub.pats()[0]["uuid"].as_str().expect("an ID").to_owned();
    hub.run(&home, &["rm", "--id", &id, "--yes"]).success();
    assert!(hub.labels().is_empty());
}

#[test]
fn an_unwritable_vault_leaves_no_token_behind() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    home.add("other", "ghcr.io");
    let posts = || hub.count("POST /v2/access-tokens");
    assert_failure(hub.run(&home, &["create", "other"]), "named \"other\" already");
    let whole = fs::read(home.vault()).expect("a vault");
    fs::write(home.vault(), b"no vault").expect("written");
    assert_failure(hub.run(&home, &["create", "ci"]), "not a vault");
    assert_eq!(posts(), 0);
    fs::write(home.vault(), &whole).expect("written");
    // The vault breaks while the token is being created.
    hub.control(&json!({ "delay_ms": 400 }));
    let child = hub.spawn(&home, &["create", "ci"]);
    hub.wait_until(|_| posts() == 1);
    fs::write(home.vault(), b"no vault").expect("written");
    let message = wait_for_output(child);
    assert!(message.contains("could not be kept, and was deleted at Docker Hub again"), "{message}");
    assert!(hub.labels().is_empty());
}

/// Waits for a process, and returns its output.
fn wait_for_output(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    let message = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    for canary in CANARIES {
        assert!(!message.contains(canary), "{canary} shows in {message}");
    }
    message
}

/// Kills a rotation at the call with that number; false when it has fewer calls.
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
            let text = fs::read(format!("/proc/{}/{file}", child.id())).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            assert!(!CANARIES.iter().any(|canary| text.contains(canary)), "{file}: {text}");
        }
        child.kill().expect("killed");
    }
    let message = wait_for_output(child);
    assert!(!has_ended || message.contains("has its new secret"), "{message}");
    hub.control(&json!({ "release": true }));
    !has_ended
}

/// Checks the state that must hold after any stop of a rotation.
fn assert_nothing_is_lost(hub: &HubDouble, home: &Home, is_done: bool, at: &str) {
    assert!(hub.accepts("alice", &secret(home)), "{at}: what is in use works");
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
fn a_rotation_killed_at_any_call_loses_nothing_and_can_be_continued() {
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
                assert_rotation_is_complete(&hub, &home, &first, &at);
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

fn assert_rotation_is_complete(hub: &HubDouble, home: &Home, first: &str, at: &str) {
    let inventory = inventory(home);
    assert!(inventory.tokens().iter().all(|token| find_unfinished(token, &inventory).is_none()), "{at}");
    let now = secret(home);
    assert!(now != first && hub.accepts("alice", &now) && !hub.accepts("alice", first), "{at}");
    assert_eq!(home.token("ci")["in_use"], true, "{at}");
}

#[test]
fn concurrent_rotations_leave_one_working_token() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let first = secret(&home);
    hub.control(&json!({ "delay_ms": 20 }));
    let children = [0, 1, 2].map(|_| hub.spawn(&home, &["rotate", "ci", "--delete-old"]));
    let _ = children.map(wait_for_output);
    hub.control(&json!({ "delay_ms": 0 }));
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec!["ci".to_owned()]));
    assert_rotation_is_complete(&hub, &home, &first, "two at once");
}

#[test]
fn a_new_secret_that_does_not_work_is_deleted() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let first = secret(&home);
    hub.control(&json!({ "reject": true }));
    assert_failure(hub.run(&home, &["rotate", "ci"]), "does not work; the old one stays in use");
    assert_eq!((secret(&home), hub.labels(), names(&home)), (first, vec!["ci".into()], vec!["ci".into()]));
    assert_nothing_is_lost(&hub, &home, true, "not working");
}

#[test]
fn a_successor_that_is_gone_is_created_again() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    let first = secret(&home);
    // Stopped before the proof; the calls are login, old token, creation, proof.
    assert!(kill_at(&hub, &home, &["rotate", "ci"], 4, "before"));
    assert_eq!(names(&home), ["ci", "ci-next"]);
    assert_failure(hub.run(&home, &["rotate", "ci-next"]), "is to take the place of \"ci\"");
    let remote = inventory(&home).tokens()[1].remote.clone().expect("a remote");
    hub.control(&json!({ "forget": remote.id }));
    hub.run(&home, &["rotate", "ci"]).success();
    assert_eq!((hub.labels(), names(&home)), (vec!["-ci".into(), "ci".into()], vec!["ci".to_owned()]));
    assert_rotation_is_complete(&hub, &home, &first, "gone");
}

#[test]
fn a_change_during_a_rotation_is_respected() {
    let Some(hub) = HubDouble::start() else { return };
    let during = |home: &Home, deed: &dyn Fn()| {
        hub.run(home, &["create", "ci"]).success();
        let posts = hub.count("POST /v2/access-tokens");
        hub.control(&json!({ "delay_ms": 300 }));
        let child = hub.spawn(home, &["rotate", "ci", "--delete-old"]);
        hub.wait_until(|_| hub.count("POST /v2/access-tokens") > posts);
        deed();
        hub.control(&json!({ "delay_ms": 0 }));
        wait_for_output(child)
    };
    let home = Home::new();
    let message = during(&home, &|| drop(home.run(["edit", "ci", "--name", "new name"]).success()));
    assert!(message.contains("\"new name\" has its new secret"), "{message}");
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec!["new name".to_owned()]));
    hub.run(&home, &["rm", "new name", "--yes"]).success();

    let home = Home::new();
    let message = during(&home, &|| drop(home.run(["rm", "ci", "--yes"]).success()));
    assert!(message.contains("could not be kept, and was deleted at Docker Hub again"), "{message}");
    assert_eq!((hub.labels(), names(&home)), (vec!["ci".to_owned()], vec![]));
    hub.control(&json!({ "forget": hub.pats()[0]["uuid"] }));

    let home = Home::new();
    let message = during(&home, &|| {
        drop(home.program(["rotate", "ci", "--secret-stdin"]).write_stdin("another").assert().success());
    });
    assert!(message.contains("changed meanwhile"), "{message}");
    assert_eq!((hub.labels(), secret(&home)), (vec!["ci".to_owned()], "another".to_owned()));
}

fn is_delete(call: &Value) -> bool {
    call.as_str().is_some_and(|call| call.starts_with("DELETE "))
}

#[test]
fn a_secret_stored_during_a_removal_is_kept() {
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
    let message = wait_for_output(child);
    assert!(message.contains("changed meanwhile"), "{message}");
    assert_eq!((hub.labels(), secret(&home)), (vec![], "another".to_owned()));
}

#[test]
fn removing_a_token_removes_what_a_stopped_rotation_left() {
    let Some(hub) = HubDouble::start() else { return };
    // Stopped after the new one was created, kept, and switched to.
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
fn a_login_is_linked_by_a_use_and_then_synced() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let (_, login) = hub.make("alice", "web");
    let (other, other_secret) = hub.make("alice", "other");
    home.store(HUB, "alice", &login);
    let name = "alice@docker.io";
    assert_failure(hub.run(&home, &["rotate", name]), "hub link alice@docker.io finds out");
    assert_failure(hub.run(&home, &["link", name, &other]), "a use of \"alice@docker.io\" showed at \"web\"");
    assert_failure(hub.run(&home, &["link", name, "nothing"]), "no token has the ID or label");
    home.add("elsewhere", "ghcr.io");
    assert_failure(hub.run(&home, &["link", "elsewhere"]), "is not for Docker Hub");
    let message = stderr(&hub.run(&home, &["link", name]).success());
    assert!(message.contains("is \"web\"") && message.contains("a use of it showed there"), "{message}");
    assert_eq!(home.token(name)["permissions"], json!(["pull", "push"]));
    // Docker Hardened Images takes the same tokens.
    home.bring("dhi", "dhi.io", "alice", &other_secret, &[]).success();
    let message = stderr(&hub.run(&home, &["link", "dhi"]).success());
    assert!(message.contains("is \"other\""), "{message}");
    home.run(["rm", "dhi", "--yes"]).success();
    home.bring("copy", "mirror.example", "alice", &login, &[]).success();
    let message = stderr(&hub.run(&home, &["rotate", name, "--delete-old"]).success());
    assert!(message.contains("\"copy\" has the old secret, which no longer works"), "{message}");
    assert_eq!(hub.labels(), ["other", "web"]);
    assert!(hub.accepts("alice", &secret(&home)) && !hub.accepts("alice", &login));
    // A link without proof needs the person's word.
    home.store("https://index.docker.io/v2/", "alice", "pw-canary-of-alice");
    let password = "alice@docker.io-2";
    assert_failure(hub.run(&home, &["link", password, "other"]), "shows a use of no token");
    hub.run(&home, &["link", password, "other", "--unproven"]).success();
}

#[test]
fn a_token_for_cloud_sandboxes_is_never_given_to_a_registry() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let jwt = hub.jwt("alice", "password", 600);
    let request = json!({ "token_label": "sandbox", "scopes": ["sandbox:use"] });
    let made = hub.call("POST", TOKENS, &jwt, &request);
    let text = |name: &str| made[name].as_str().expect("a text").to_owned();
    home.bring("boxes", "docker.io", "alice", &text("token"), &[]).success();
    assert_eq!(home.get(HUB).map(|(_, secret)| secret), Ok(text("token")));
    let message = stderr(&hub.run(&home, &["link", "boxes"]).success());
    assert!(message.contains("opens no registry (Cloud Sandboxes), so it is switched off here"), "{message}");
    let is_off = || {
        let token = home.token("boxes");
        (token["permissions"].clone(), token["state"].clone(), home.get(HUB))
    };
    let off = (json!([]), json!("inactive"), not_found());
    assert_eq!(is_off(), off);
    home.run(["activate", "boxes"]).success();
    let message = stderr(&hub.run(&home, &["sync"]).success());
    assert!(message.contains("\"boxes\" opens no registry, so it is switched off here"), "{message}");
    assert_eq!(is_off(), off);
    assert!(stdout(&hub.run(&home, &["tokens"]).success()).contains("Cloud Sandboxes"));
}

#[test]
fn sync_updates_linked_tokens_from_docker_hub() {
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
    let message = stderr(&hub.run(&home, &["sync"]).success());
    for want in [
        "compared 4 tokens with Docker Hub; 2 changed here",
        "\"off\" is inactive there, so it is switched off here",
        "\"gone\" no longer exists there (docker-credential-pat rm gone",
    ] {
        assert!(message.contains(want), "{want} in {message}");
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
    let text = stdout(&home.run(["show", "stays"]).success());
    assert!(text.contains("Docker Hub, of alice, ") && text.contains("last used there"), "{text}");
    let message = stderr(&hub.run_as("bob", &home, &["sync"]).success());
    assert!(message.contains("compared 0 tokens") && message.contains("is a token of alice"), "{message}");
}

#[test]
fn another_persons_sign_in_does_not_report_tokens_as_gone() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    for args in [&["rm", "ci", "--yes"][..], &["rotate", "ci"], &["deactivate", "ci"], &["rename", "ci", "x"]]
    {
        assert_failure(hub.run_as("bob", &home, args), "\"ci\" is a token of alice, and bob is signed in");
    }
    assert_eq!((hub.labels(), &home.token("ci")["state"]), (vec!["ci".to_owned()], &json!("active")));
}

#[test]
fn an_expired_token_can_only_be_deleted_or_rotated() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    let now =
        Timestamp(i64::try_from(std::time::UNIX_EPOCH.elapsed().expect("a clock").as_secs()).expect("sane"));
    hub.run(&home, &["create", "ci", "--expires", &Timestamp(now.0 + 2).to_string()]).success();
    for (end, want) in
        [("400d", "within a year"), ("2020-01-31", "is in the past"), ("soon", "is not a date")]
    {
        assert_failure(hub.run(&home, &["create", "x", "--expires", end]), want);
    }
    thread::sleep(Duration::from_secs(3));
    assert_failure(hub.run(&home, &["deactivate", "ci"]), "an expired token can only be deleted");
    let message = stderr(&hub.run(&home, &["rotate", "ci", "--expires", "never"]).success());
    assert!(message.contains("which does not expire; the old one had expired"), "{message}");
    home.run(["activate", "ci"]).success();
    assert!(hub.accepts("alice", &secret(&home)));
    assert_eq!(hub.labels(), ["ci", "ci"]);
}

#[test]
fn no_secret_that_the_server_repeats_is_printed() {
    let Some(hub) = HubDouble::start() else { return };
    let home = Home::new();
    hub.run(&home, &["create", "ci"]).success();
    hub.control(&json!({ "echo": true }));
    // `run` checks that the output contains no secret.
    for (method, path, args) in [
        ("POST", "/v2/users/login", &["tokens"][..]),
        ("GET", TOKENS, &["tokens"]),
        ("POST", TOKENS, &["create", "new"]),
    ] {
        hub.control(&json!({ "fail": [[method, path, 418, 1]] }));
        assert_failure(hub.run(&home, args), "***");
    }
    hub.control(&json!({ "fail": [["POST", "/v2/auth/token", 418, 1]] }));
    assert_failure(hub.run(&home, &["rotate", "ci"]), "***");
    let mut program = hub.program(&home, &["tokens", "--user", "bob", "--password-stdin"]);
    hub.control(&json!({ "fail": [["POST", "/v2/users/2fa-login", 400, 1]] }));
    assert_failure(assert_no_secret(program.write_stdin("pw-canary-of-bob\n424242\n").assert()), "***");
}

#[test]
fn an_address_that_could_leak_a_password_is_refused() {
    let home = Home::new();
    for (url, want) in [
        ("http://hub.example", "http://hub.example is not encrypted"),
        ("//hub.example", "is not an address"),
        ("https://a:b@hub.example", "has a user name in it"),
    ] {
        let mut program = home.program(["hub", "tokens", "--user", "alice", "--password-stdin"]);
        let program = program.env("DOCKER_CREDENTIAL_PAT_HUB_URL", url).write_stdin("pw-canary-of-alice");
        assert_failure(assert_no_secret(program.assert()), want);
    }
}

#[test]
fn secrets_for_docker_hub_are_not_sent_to_another_host() {
    let home = Home::new();
    home.store(HUB, "alice", "dckr_pat_canary");
    home.store("https://index.docker.io/v1/access-token", "alice", "eyJhbGciOiJub25lIn0.e30.c2ln");
    let name = names(&home).swap_remove(0);
    // Without this, doctor would ask a registry.
    home.run(["deactivate", &name]).success();
    for args in [&["hub", "tokens"][..], &["hub", "link", &name], &["doctor", "--online", "--json"]] {
        let mut program = home.program([]);
        program
            .args(args)
            .env("DOCKER_CREDENTIAL_PAT_HUB_URL", "https://hub.invalid")
            .timeout(Duration::from_secs(60));
        let assert = assert_no_secret(program.assert());
        let message = [stdout(&assert), stderr(&assert)].concat();
        assert!(
            message.contains("https://hub.invalid, and what the vault has for Docker Hub is not sent there"),
            "{message}"
        );
    }
}
