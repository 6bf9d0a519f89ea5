//! Tests of CNB, where all organizations share one host and one user name.

use serde_json::json;

use crate::common::{Home, credentials, found, not_found, stderr};

const HOST: &str = "docker.cnb.cool";

/// Adds a token without a user name.
fn add(home: &Home, name: &str, registry: &str, secret: &str) -> String {
    let mut program = home.program(["add", name, "--registry", registry, "--secret-stdin"]);
    stderr(&program.write_stdin(secret).assert().success().stdout(""))
}

#[test]
fn the_tokens_of_two_organizations_each_answer_for_their_own_images() {
    let home = Home::new();
    home.store(HOST, "cnb", "canary of the login");
    add(&home, "acme", "docker.cnb.cool/acme", "canary of acme");
    add(&home, "shop", "docker.cnb.cool/other/shop", "canary of shop");
    let check = |cases: &[(&str, &str)]| {
        for (image, want) in cases {
            assert_eq!(
                home.get(&format!("{HOST}{image}")),
                found("cnb", &format!("canary of {want}")),
                "{image}"
            );
        }
    };
    let by_path = [
        ("/acme/app", "acme"),
        ("/acme/app/web", "acme"),
        ("/other/shop", "shop"),
        ("/other/shop/x", "shop"),
    ];
    check(&by_path);
    check(&[("", "the login"), ("/other/blog", "the login"), ("/acme-evil/app", "the login")]);
    for name in ["acme", "shop", "cnb@docker.cnb.cool"] {
        let token = home.token(name);
        assert_eq!((&token["kind"], &token["user"]), (&json!("pat"), &json!("cnb")), "{name}");
    }
    // What Docker was given for an image is stored again at the next login, and changes nothing.
    home.store("docker.cnb.cool/acme/app", "cnb", "canary of acme");
    assert_eq!(home.tokens().len(), 3);
    // A login with a new secret renews the login, and leaves the tokens of the organizations alone.
    home.store(HOST, "cnb", "canary of another login");
    check(&by_path);
    check(&[("", "another login")]);
    assert_eq!(home.tokens().len(), 3);
    home.call("erase", HOST).success().stdout("");
    assert_eq!(home.tokens().len(), 2);
    assert_eq!(home.get(HOST), not_found());
    // The others are signed out until they are put in use again.
    for (name, image, secret) in [("acme", "acme/app", "acme"), ("shop", "other/shop", "shop")] {
        let key = format!("{HOST}/{image}");
        assert_eq!(home.get(&key), not_found(), "{key}");
        home.run(["use", name]).success();
        assert_eq!(home.get(&key), found("cnb", &format!("canary of {secret}")), "{key}");
    }
}

#[test]
fn a_second_login_renews_the_login_even_with_the_secret_of_an_organization() {
    let home = Home::new();
    add(&home, "acme", "docker.cnb.cool/acme", "canary of acme");
    // Without another token, Docker gets the one of acme, and stores it again.
    home.store(HOST, "cnb", "canary of acme");
    let note = "a client logged in to docker.cnb.cool with \"acme\"";
    assert!(stderr(&home.run(["ls"]).success()).contains(note));
    home.store(HOST, "cnb", "canary of C");
    assert!(!stderr(&home.run(["ls"]).success()).contains(note), "a later login replaces it");
    home.store(HOST, "cnb", "canary of acme");
    let names: Vec<_> = home.tokens().iter().map(|token| token["name"].clone()).collect();
    assert_eq!(names, ["acme", "cnb@docker.cnb.cool"]);
    assert_eq!(home.get(HOST), found("cnb", "canary of acme"));
    assert_eq!(home.get("docker.cnb.cool/other/app"), found("cnb", "canary of acme"));
    home.run(["rotate", "cnb@docker.cnb.cool", "--undo"]).success();
    assert_eq!(home.get("docker.cnb.cool/other/app"), found("cnb", "canary of C"));
    assert_eq!(home.get("docker.cnb.cool/acme/app"), found("cnb", "canary of acme"));
}

#[test]
fn a_logout_of_one_path_reports_each_kept_token_once() {
    let home = Home::new();
    for name in ["acme", "shop"] {
        add(&home, name, &format!("docker.cnb.cool/{name}"), &format!("canary of {name}"));
    }
    // `docker logout docker.cnb.cool/shop` erases the path and the host.
    let messages: String = ["docker.cnb.cool/shop", HOST]
        .map(|key| stderr(&home.call("erase", key).success().stdout("")))
        .concat();
    for name in ["acme", "shop"] {
        assert_eq!(messages.matches(&format!("kept \"{name}\", signed out")).count(), 1, "{messages}");
        assert_eq!(home.get(&format!("docker.cnb.cool/{name}/app")), not_found());
    }
}

#[test]
fn a_logout_for_the_images_of_one_organization_keeps_the_token_of_the_other() {
    let home = Home::new();
    home.store("docker.cnb.cool/acme", "cnb", "canary of acme");
    home.store("docker.cnb.cool/other", "cnb", "canary of other");
    assert_eq!(home.get("docker.cnb.cool/acme/app"), found("cnb", "canary of acme"));
    assert_eq!(home.get("docker.cnb.cool/other/app"), found("cnb", "canary of other"));
    home.call("erase", "docker.cnb.cool/acme").success().stdout("");
    assert_eq!(home.get("docker.cnb.cool/acme/app"), not_found());
    assert_eq!(home.get("docker.cnb.cool/other/app"), found("cnb", "canary of other"));
}

#[test]
fn a_user_name_other_than_cnb_is_refused_with_the_fix() {
    let home = Home::new();
    for registry in ["docker.cnb.cool/acme", "docker.cnb.cool", "helm.cnb.cool/acme", "*.cnb.cool"] {
        let refused = stderr(&home.bring("acme", registry, "alice", "canary", &[]).code(1).stdout(""));
        assert!(
            refused.contains("accepts no user name but cnb") && refused.contains("--user cnb"),
            "{refused}"
        );
        assert!(!refused.contains("alice") && !refused.contains("canary"), "{refused}");
    }
    assert!(home.tokens().is_empty());
    home.bring("near", "docker.cnb.cool.evil.example", "alice", "canary", &[]).success();
    for args in [["edit", "near", "--registry", "docker.cnb.cool"], ["edit", "acme", "--user", "alice"]] {
        if args[1] == "acme" {
            home.bring("acme", "docker.cnb.cool/acme", "cnb", "canary", &[]).success();
        }
        let refused = stderr(&home.program(args).assert().code(1).stdout(""));
        assert!(refused.contains("--user cnb"), "{refused}");
    }
    home.run(["edit", "near", "--registry", "docker.cnb.cool", "--user", "cnb"]).success();
    home.run(["edit", "acme", "--label", "of acme"]).success();
    // A login is kept as the client sends it, and its user name is named as wrong.
    let home = Home::new();
    let stored = stderr(&home.call("store", credentials(HOST, "alice", "canary")).success().stdout(""));
    assert!(
        stored.contains("CNB takes this sort of token (access token) with the user name cnb"),
        "{stored}"
    );
}
