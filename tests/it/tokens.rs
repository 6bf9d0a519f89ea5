//! What people change of their tokens: edit, rotate, activate, deactivate, rm, and what logins leave alone.

use std::fs;

use docker_credential_pat::model::timestamp::{DAY, Timestamp};
use docker_credential_pat::system::env;
use serde_json::{Value, json};

use crate::common;
use crate::common::{Home, credentials, found, jwt, not_found, stderr, stdout};

const HUB: &str = "https://index.docker.io/v1/";

/// Runs a verb that has to succeed without an answer, and returns what it told.
fn told(home: &Home, args: &[&str]) -> String {
    stderr(&home.program([]).args(args).assert().success().stdout(""))
}

/// Runs a verb that has to be refused, and returns what it told: an error, and a hint.
fn refused(home: &Home, args: &[&str], input: &str) -> String {
    let before = fs::read(home.vault()).ok();
    let told = stderr(&home.program([]).args(args).write_stdin(input).assert().code(1).stdout(""));
    assert!(told.starts_with("docker-credential-pat: error: "), "{args:?}: {told}");
    assert_eq!(fs::read(home.vault()).ok(), before, "{args:?}: nothing has changed");
    told
}

fn rotate(home: &Home, name: &str, secret: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    home.program(["rotate", name, "--secret-stdin"]).args(more).write_stdin(secret).assert()
}

fn vault_holds(home: &Home, text: &str) -> bool {
    let vault = fs::read(home.vault()).expect("the vault");
    vault.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn each_thing_that_is_noted_of_a_token_can_be_changed() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "ghp_canary", &["--label", "old"]).success();
    for (args, field, want) in [
        (vec!["--label", "for CI"], "label", json!("for CI")),
        (vec!["--label", ""], "label", Value::Null),
        (vec!["--permission", "read"], "permissions", json!(["read"])),
        (vec!["--permission", "delete,write"], "permissions", json!(["write", "delete"])),
        (vec!["--permission", "unknown"], "permissions", Value::Null),
        (vec!["--user", "you"], "user", json!("you")),
        (vec!["--expires", "2099-01-31"], "expires", json!("2099-01-31T23:59:59Z")),
        (vec!["--expires", "never"], "expires", Value::Null),
        (
            vec!["-r", "quay.io/acme", "-r", "*.example.com"],
            "scopes",
            json!(["quay.io/acme", "*.example.com"]),
        ),
        (vec!["--registry", "GHCR.io"], "scopes", json!(["ghcr.io"])),
        (vec!["--name", "deploy"], "name", json!("deploy")),
    ] {
        let before = home.token("ci");
        told(&home, &[&["edit", "ci"], &args[..]].concat());
        let after = &home.tokens()[0];
        assert_eq!(after[field], want, "{args:?}");
        for other in ["kind", "user", "label", "permissions", "expires", "created", "stored", "origin"] {
            assert!(other == field || after[other] == before[other], "{args:?} changes {other}");
        }
    }
    assert_eq!(home.get("ghcr.io"), found("you", "ghp_canary"), "the secret stays");
    assert!(stderr(&home.run(["show", "ci"]).code(1)).contains("there is no token named \"ci\""));
}

#[test]
fn a_token_with_other_registries_goes_there_and_nowhere_else() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "canary");
    home.store("https://ghcr.io/v2/", "alice", "canary");
    let told = told(&home, &["edit", "alice@ghcr.io", "-r", "ghcr.io/acme", "-r", "quay.io"]);
    assert_eq!(told, "changed \"alice@ghcr.io\", for ghcr.io/acme, quay.io\n");
    assert_eq!(home.token("alice@ghcr.io")["keys"], json!(["ghcr.io", "https://ghcr.io/v2/"]));
    for (key, is_found) in [("ghcr.io/acme/app", true), ("quay.io", true), ("ghcr.io/other/app", false)] {
        assert_eq!(home.get(key).is_ok(), is_found, "{key}");
    }
    self::told(&home, &["edit", "alice@ghcr.io", "--registry", "quay.io"]);
    assert_eq!(home.token("alice@ghcr.io")["keys"], json!([]), "the keys of other registries go");
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.get("quay.io"), found("alice", "canary"));
    assert_eq!(home.list(), json!({ "quay.io": "alice" }));
}

#[test]
fn a_choice_goes_with_the_registry_that_it_was_for() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    told(&home, &["use", "ci", "ghcr.io/acme", "--push"]);
    told(&home, &["edit", "ci", "--registry", "quay.io"]);
    assert_eq!(home.token("ci")["choices"], json!([]), "it could never hold");
}

#[test]
fn a_logout_of_one_registry_leaves_a_token_to_the_others() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "s");
    told(&home, &["edit", "alice@ghcr.io", "-r", "ghcr.io", "-r", "quay.io"]);
    home.call("erase", "ghcr.io").success();
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.get("quay.io"), found("alice", "s"));
}

#[test]
fn a_logout_keeps_a_token_that_a_person_rotated() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "old");
    rotate(&home, "alice@ghcr.io", "typed by hand, and shown nowhere again", &[]).success();
    let told = stderr(&home.call("erase", "ghcr.io").success().stdout(""));
    assert_eq!(home.get("ghcr.io"), not_found());
    assert!(told.contains("kept \"alice@ghcr.io\""), "{told}");
}

#[test]
fn an_empty_label_is_none() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "s", &["--label", ""]).success();
    assert_eq!(home.token("ci")["label"], Value::Null);
}

#[test]
fn an_unfit_change_is_refused_and_changes_nothing() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    home.add("other", "ghcr.io");
    for (args, want) in [
        (vec!["ci", "--name", "other"], "there is a token named \"other\" already"),
        (vec!["ci", "--label", "x", "--name", "other"], "there is a token named \"other\" already"),
        (vec!["ci", "--name", ""], "a token's name is empty"),
        (vec!["ci", "--name", "a\u{200b}b"], "is no name for a token"),
        (vec!["ci", "--registry", "not a registry"], "is no registry"),
        (vec!["ci", "--user", ""], "no credentials username"),
        (vec!["ci", "--expires", "soon"], "is no date"),
        (vec!["nobody", "--label", "x"], "there is no token named \"nobody\""),
    ] {
        let told = refused(&home, &[&["edit"], &args[..]].concat(), "");
        assert!(told.contains(want), "{args:?}: {told}");
    }
    for args in [&["ci"][..], &["ci", "--note-only"], &["ci", "--permission", "all"], &["--label", "x"], &[]]
    {
        home.program(["edit"]).args(args).assert().code(2).stdout("");
    }
    told(&home, &["edit", "ci", "--name", "ci"]);
}

#[test]
fn the_end_that_docker_hub_fixes_is_only_noted() {
    let home = Home::new();
    for (name, user, secret) in [("pat", "alice", "dckr_pat_canary"), ("oat", "acme", "dckr_oat_canary")] {
        home.bring(name, "docker.io", user, secret, &["--expires", "2098-01-01"]).success();
        let told = refused(&home, &["edit", name, "--expires", "2099-01-01"], "");
        assert!(told.contains("Docker Hub fixes it when it makes a token"), "{told}");
        assert!(told.contains(&format!(
            "hint: make a new token at Docker Hub and run `docker-credential-pat rotate {name}`"
        )));
        assert!(told.contains("--note-only") && !told.contains("canary"), "{told}");
        self::told(&home, &["edit", name, "--expires", "2099-01-01", "--note-only"]);
        assert_eq!(home.token(name)["expires"], "2099-01-01T23:59:59Z");
        self::told(&home, &["edit", name, "--label", "x"]);
    }
    home.bring("git", "ghcr.io", "me", "ghp_canary", &[]).success();
    told(&home, &["edit", "git", "--expires", "2099-01-01"]);
    assert_eq!(home.token("git")["expires"], "2099-01-01T23:59:59Z");
}

#[test]
fn a_rotated_token_has_a_new_secret_and_is_the_same_token() {
    let home = Home::new();
    let more = ["--label", "for CI", "--permission", "read", "--expires", "2098-01-01"];
    home.bring("ci", "ghcr.io/acme", "me", "ghp_old-canary", &more).success();
    told(&home, &["use", "ci", "ghcr.io/acme/app", "--push", "--profile", "work"]);
    let before = home.token("ci");
    let told =
        stderr(&rotate(&home, "ci", "ghp_new-canary\r\n", &["--expires", "2099-01-01"]).success().stdout(""));
    assert!(told.contains("\"ci\" has its new secret, which ends in") && !told.contains("canary"), "{told}");
    let after = home.token("ci");
    for field in
        ["name", "kind", "scopes", "keys", "user", "label", "permissions", "choices", "created", "origin"]
    {
        assert_eq!(after[field], before[field], "{field}");
    }
    assert_eq!(after["expires"], "2099-01-01T23:59:59Z");
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "ghp_new-canary"));
    home.run(["show", "ci", "--reveal"]).success().stdout("ghp_new-canary\n");
    assert!(!vault_holds(&home, "canary"));
    assert_eq!(home.files(), ["key", "vault"], "no other file keeps the old secret");
    rotate(&home, "ci", "ghp_third", &[]).success();
    assert_eq!(home.token("ci")["expires"], Value::Null, "of the new secret no end is known");
}

#[test]
fn a_rotation_that_is_none_is_refused() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "ghp_canary", &[]).success();
    for (args, input, want) in [
        (vec!["ci"], "ghp_canary\n", "that is the secret that \"ci\" has already"),
        (vec!["ci"], "\n", "the secret is empty"),
        (vec!["ci", "--expires", "soon"], "ghp_new", "is no date"),
        (vec!["nobody"], "ghp_new", "there is no token named \"nobody\""),
    ] {
        let told = refused(&home, &[&["rotate", "--secret-stdin"], &args[..]].concat(), input);
        assert!(told.contains(want) && !told.contains("ghp_"), "{args:?}: {told}");
    }
    home.run(["rotate", "ci", "ghp_new"]).code(2).stdout("");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_canary"));
}

#[test]
fn the_end_in_a_new_secret_is_read() {
    let home = Home::new();
    let end = env::now().0 + 90 * DAY;
    home.bring("ci", "registry.example", "me", "old", &["--expires", "2098-01-01"]).success();
    rotate(&home, "ci", &jwt(end), &[]).success();
    assert_eq!(home.token("ci")["expires"], Timestamp(end).to_string());
    rotate(&home, "ci", &jwt(end + 1), &["--expires", "2099-01-01"]).success();
    assert_eq!(home.token("ci")["expires"], "2099-01-01T23:59:59Z", "what a person says comes first");
}

#[test]
fn a_rotated_token_that_is_not_given_out_says_so() {
    let home = Home::new();
    home.add("off", "ghcr.io");
    told(&home, &["deactivate", "off"]);
    let told_of_off = stderr(&rotate(&home, "off", "new", &[]).success());
    assert!(told_of_off.contains("is switched off (docker-credential-pat activate off)"), "{told_of_off}");
    assert_eq!(home.token("off")["state"], "inactive");
    assert_eq!(home.get("ghcr.io"), not_found());
    home.add("out", "quay.io");
    home.call("erase", "quay.io").success();
    let told_of_out = stderr(&rotate(&home, "out", "new", &[]).success());
    assert_eq!(home.get("quay.io"), not_found());
    assert!(
        told_of_out.contains("signed out") && told_of_out.contains("docker-credential-pat activate out"),
        "{told_of_out}"
    );
}

#[test]
fn a_new_secret_that_has_ended_is_not_given_out_and_says_so() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "old", &[]).success();
    let told = stderr(&rotate(&home, "ci", "new", &["--expires", "2020-01-31"]).success());
    assert_eq!(home.get("ghcr.io"), not_found());
    assert!(told.contains("expired") && told.contains("is not given out"), "{told}");
}

#[test]
fn a_new_secret_that_is_the_user_name_too_stands_nowhere_in_the_open() {
    let home = Home::new();
    home.bring("do", "registry.digitalocean.com", "dop_v1_canary", "old", &[]).success();
    rotate(&home, "do", "dop_v1_canary", &[]).success();
    assert_eq!(home.get("registry.digitalocean.com"), found("dop_v1_canary", "dop_v1_canary"));
    assert!(!vault_holds(&home, "canary"), "as after `add` and `store`");
    assert_eq!(home.token("do")["user"], "(the token itself)");
}

#[test]
fn the_kind_that_a_person_told_stays() {
    let home = Home::new();
    home.bring("ci", "docker.io", "me", "old", &["--kind", "project"]).success();
    rotate(&home, "ci", "new", &[]).success();
    assert_eq!(home.token("ci")["kind"], "project");
}

#[test]
fn a_rotation_that_cannot_be_written_leaves_the_old_secret() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "old", &[]).success();
    // A folder stands where the new vault would grow: refused for root as well.
    let grown = home.vault().with_file_name("vault.new");
    fs::create_dir(&grown).expect("made");
    let told = refused(&home, &["rotate", "ci", "--secret-stdin"], "canary");
    assert!(!told.contains("canary"), "{told}");
    assert_eq!(home.get("ghcr.io"), found("me", "old"));
    fs::remove_dir(&grown).expect("removed");
    rotate(&home, "ci", "canary", &[]).success();
    assert_eq!(home.get("ghcr.io"), found("me", "canary"));
}

#[cfg(unix)]
#[test]
fn a_rotation_in_a_folder_for_reading_leaves_the_old_secret() {
    use std::os::unix::fs::PermissionsExt;
    if rustix::process::getuid().is_root() {
        return; // Whom no mode stops.
    }
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "old", &[]).success();
    let vault = home.vault();
    let folder = vault.parent().expect("a folder");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o500)).expect("chmod");
    refused(&home, &["rotate", "ci", "--secret-stdin"], "canary");
    assert_eq!(home.get("ghcr.io"), found("me", "old"));
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("chmod");
}

#[test]
fn tokens_are_switched_off_and_on_together_or_not_at_all() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.add(name, "ghcr.io");
    }
    for verb in ["deactivate", "activate"] {
        let told = refused(&home, &[verb, "a", "nobody", "b"], "");
        assert!(told.contains("\"nobody\"") && told.contains("hint: docker-credential-pat ls"), "{told}");
        home.run([verb]).code(2);
    }
    told(&home, &["deactivate", "a", "b", "c", "a"]);
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.list(), json!({}));
    assert!(home.tokens().iter().all(|token| token["state"] == "inactive" && token["in_use"] == false));
    let told = stderr(&home.call("get", "ghcr.io").code(1).stdout(common::NOT_FOUND));
    for name in ["a", "b", "c"] {
        assert!(told.contains(&format!("token \"{name}\" for ghcr.io is switched off")), "{told}");
        assert!(told.contains(&format!("(docker-credential-pat activate {name})")), "{told}");
    }
    assert!(!told.contains("secret of"), "{told}");
    self::told(&home, &["activate", "c", "b"]);
    assert_eq!(home.get("ghcr.io"), found("me", "secret of b"));
    assert_eq!(home.token("a")["state"], "inactive");
}

#[test]
fn an_activated_token_that_has_ended_says_so() {
    let home = Home::new();
    home.bring("old", "ghcr.io", "me", "s", &["--expires", "2020-01-31"]).success();
    told(&home, &["deactivate", "old"]);
    let told = told(&home, &["activate", "old"]);
    assert!(told.contains("it expired") && told.contains("docker-credential-pat rotate old"), "{told}");
}

#[test]
fn a_login_with_another_secret_leaves_the_added_one_alone() {
    let home = Home::new();
    home.bring("mine", "ghcr.io", "me", "ghp_mine", &["--label", "the one that cannot be shown again"])
        .success();
    home.store("ghcr.io", "me", "ghp_login");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_login"));
    assert_eq!(home.tokens().len(), 2);
    home.run(["show", "mine", "--reveal"]).success().stdout("ghp_mine\n");
    // The same after a `use`, which gives the added one a turn, and for the next login of that kind.
    told(&home, &["use", "mine"]);
    home.store("ghcr.io", "me", "ghp_next");
    home.run(["show", "mine", "--reveal"]).success().stdout("ghp_mine\n");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_next"));
    let told = stderr(&home.call("erase", "ghcr.io").success().stdout(""));
    assert!(told.contains("kept \"mine\", which you added") && told.contains("activate mine"), "{told}");
    assert!(!told.contains("ghp_"), "{told}");
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.token("mine")["state"], "signed-out");
    home.store("ghcr.io", "me", "ghp_mine");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_mine"));
    assert_eq!(home.tokens().len(), 1);
    assert_eq!(home.token("mine")["state"], "active");
}

#[test]
fn the_end_in_a_stored_secret_is_read_unless_it_is_past() {
    let home = Home::new();
    let now = env::now().0;
    for (key, end, want) in [
        ("ahead.example", now + 90 * DAY, json!(Timestamp(now + 90 * DAY).to_string())),
        ("past.example", now - DAY, Value::Null),
    ] {
        home.store(key, "me", &jwt(end));
        assert_eq!(home.token(&format!("me@{key}"))["expires"], want, "{key}");
        assert_eq!(home.get(key), found("me", &jwt(end)), "{key}: whoever just logged in is let in");
    }
}

#[test]
fn what_is_amiss_with_a_secret_is_told_and_refuses_nothing() {
    const BAD: &str = "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18";
    const GOOD: &str = "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";
    for (registry, user, secret, want) in [
        ("ghcr.io", "me", BAD, Some("checksum")),
        ("ghcr.io", "me", GOOD, None),
        ("docker.io", "me", "canary-password", Some("a personal access token is safer")),
        ("docker.io", "me", "dckr_pat_canary", None),
        ("docker.io", "ALICE", "dckr_oat_canary", Some("the user name is the organization's")),
        ("docker.io", "acme", "dckr_oat_canary", None),
        ("quay.io", "me", "dckr_pat_canary", Some("quay.io belongs to Quay")),
        ("registry.example:5000", "me", "canary", None),
    ] {
        let home = Home::new();
        home.store(HUB, "alice", "dckr_pat_other");
        let added = home.bring("ci", registry, user, secret, &[]).success();
        let stored =
            home.call("store", credentials(registry, user, &format!("{secret} "))).success().stdout("");
        let told = stderr(&added);
        assert!(!told.contains(secret), "{told}");
        assert!(!stderr(&stored).contains(secret));
        match want {
            Some(want) => {
                assert!(told.contains("note: ") && told.contains(want), "{registry} {user}: {told}");
            }
            None => assert_eq!(told.lines().count(), 1, "{registry} {user}: {told}"),
        }
    }
}

#[test]
fn a_password_for_docker_hub_is_spoken_of_once() {
    let home = Home::new();
    let store =
        |secret: &str| stderr(&home.call("store", credentials(HUB, "alice", secret)).success().stdout(""));
    let told = store("canary-password");
    assert!(told.starts_with("docker-credential-pat: a personal access token is safer"), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(!told.contains("canary"), "{told}");
    assert_eq!(store("canary-password"), "", "the same login again");
    assert_eq!(store("dckr_pat_canary"), "");
}

#[test]
fn a_name_is_one_however_it_is_typed() {
    let (composed, apart) = ("caf\u{e9}", "cafe\u{301}");
    for (first, second) in [(composed, apart), (apart, composed)] {
        let home = Home::new();
        home.bring(first, "ghcr.io", "me", "s", &[]).success();
        let told = refused(&home, &["add", second, "-r", "ghcr.io", "-u", "me", "--secret-stdin"], "x");
        assert!(told.contains("there is a token named") && told.contains("hint: "), "{told}");
        for name in [first, second] {
            home.run(["show", name]).success();
            home.run(["use", name]).success();
            home.run(["deactivate", name]).success();
            home.run(["activate", name]).success();
            let asked = home.call_with(("DOCKER_CREDENTIAL_PAT_TOKEN", name), "get", "ghcr.io");
            assert_eq!(common::secret_in(&asked), "s", "{name:?}");
        }
        home.run(["rm", second]).success();
    }
}

#[test]
fn a_name_that_would_not_show_is_refused() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    for name in [
        "",
        " ",
        "a\u{7}",
        "a\nb",
        "\u{1b}[31m",
        "a\u{200b}",
        "\u{202e}ab",
        "\u{feff}a",
        " a",
        "a ",
        "a\u{3164}",
        "a\u{34f}b",
        "a\u{fe0f}",
        "a\u{2800}",
        "\u{115f}x",
        "\u{e0100}a",
        "a\u{fff9}b",
        "a\u{180e}",
    ] {
        for args in [
            &["add", name, "-r", "ghcr.io", "-u", "me", "--secret-stdin"][..],
            &["edit", "ci", "--name", name],
        ] {
            let told = refused(&home, args, "canary");
            assert!(!told.contains(['\u{7}', '\u{1b}', '\u{200b}', '\u{202e}', '\u{feff}']), "{told:?}");
            assert!(!told.contains("canary"), "{told}");
        }
    }
    assert_eq!(home.tokens().len(), 1);
}

#[test]
fn a_name_is_told_as_a_shell_takes_it() {
    for (name, argument) in [("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$(x)", "'$(x)'"), ("дом", "'дом'")]
    {
        let home = Home::new();
        home.bring(name, "ghcr.io", "me", "s", &["--expires", "2020-01-31"]).success();
        let told = stderr(&home.call("get", "ghcr.io").code(1));
        assert!(told.contains(&format!("(docker-credential-pat rotate {argument})")), "{told}");
        self::told(&home, &["deactivate", name]);
        let told = stderr(&home.call("get", "ghcr.io").code(1));
        assert!(told.contains(&format!("(docker-credential-pat activate {argument})")), "{told}");
        rotate(&home, name, "new", &[]).success();
        self::told(&home, &["activate", name]);
        let told = stderr(&home.call("erase", "ghcr.io").success());
        assert!(told.contains(&format!("(docker-credential-pat activate {argument})")), "{told}");
    }
}

#[test]
fn the_secret_of_a_damaged_token_can_be_mended_by_the_hint_that_names_it() {
    let home = Home::new();
    home.bring("a b", "ghcr.io", "me", "canary", &[]).success();
    let mut vault = fs::read(home.vault()).expect("the vault");
    let other = Home::new();
    fs::create_dir_all(other.key().parent().expect("a folder")).expect("made");
    fs::copy(home.key(), other.key()).expect("copied");
    other.bring("a b", "ghcr.io", "me", "CANARY", &[]).success();
    let sealed = fs::read(other.vault()).expect("the vault");
    let start = vault.len() - "canary".len();
    vault[start..].copy_from_slice(&sealed[start..]);
    fs::write(home.vault(), vault).expect("written");
    let asked = home.call("get", "ghcr.io").code(1);
    assert!(stderr(&asked).contains("docker-credential-pat rotate 'a b'"), "{}", stderr(&asked));
    told(&home, &["edit", "a b", "--label", "x"]);
    told(&home, &["deactivate", "a b"]);
    rotate(&home, "a b", "mended", &[]).success();
    told(&home, &["activate", "a b"]);
    assert_eq!(home.get("ghcr.io"), found("me", "mended"));
}

#[test]
fn an_end_in_the_past_and_a_path_on_an_ipv6_host_go_through_the_whole_program() {
    let home = Home::new();
    let added =
        home.bring("six", "[::1]:5000/acme", "me", "six-secret", &["--expires", "2020-01-31"]).success();
    assert!(stderr(&added).contains("which expired") && stderr(&added).contains("is not given out"));
    let key = "[0:0::1]:5000/acme/app";
    let told = stderr(&home.call("get", key).code(1).stdout(common::NOT_FOUND));
    assert!(told.contains("token \"six\" for [::1]:5000/acme expired"), "{told}");
    assert_eq!(home.list(), json!({}));
    home.run(["ls", "--expired", "-r", "[::1]:5000/acme/app"]).success().stderr("");
    rotate(&home, "six", "six-new", &[]).success();
    assert_eq!(home.get(key), found("me", "six-new"));
    assert_eq!(home.get("[::1]:5000/acme-x/app"), not_found());
    assert_eq!(home.get("[::1]:5001/acme/app"), not_found());
    assert_eq!(home.list(), json!({ "[::1]:5000": "me" }));
    self::told(&home, &["use", "six", "[::1]:5000/acme/app", "--pull"]);
    assert_eq!(home.token("six")["choices"][0]["scope"], "[::1]:5000/acme/app");
    let explained = stdout(&home.run(["explain", "[::1]:5000/acme/app:1.0"]).success());
    assert!(explained.contains("\"six\" is given"), "{explained}");
    home.call("erase", "http://[::1]:5000").success();
    assert_eq!(home.get(key), not_found());
}

#[test]
fn no_verb_for_people_shows_a_secret() {
    let home = Home::new();
    let canary = "dckr_pat_canary-canary";
    for (name, more) in
        [("a", &["--permission", "read"][..]), ("b", &[]), ("old", &["--expires", "2020-01-01"])]
    {
        home.bring(name, "docker.io", canary, canary, more).success();
        home.bring(&format!("{name}2"), "ghcr.io/acme", "me", canary, more).success();
    }
    let next = "dckr_pat_canary-next";
    for (code, args) in [
        (0, &["ls"][..]),
        (0, &["ls", "--json"]),
        (0, &["show", "a"]),
        (0, &["show", "a", "--json"]),
        (0, &["edit", "a", "--label", "x", "--permission", "read,write"]),
        (0, &["edit", "a", "--user", canary]),
        (0, &["edit", "a2", "--registry", "ghcr.io"]),
        (1, &["edit", "a", "--expires", "2099-01-01"]),
        (0, &["rotate", "a", "--secret-stdin"]),
        (1, &["rotate", "a", "--secret-stdin"]),
        (0, &["deactivate", "a", "b"]),
        (0, &["activate", "a", "b"]),
        (0, &["use", "a"]),
        (0, &["use", "b", "docker.io/acme", "--push"]),
        (0, &["use", "b", "--clear"]),
        (0, &["explain", "alpine"]),
        (0, &["explain", "alpine", "--json"]),
        (0, &["explain", "ghcr.io/acme/app", "--push", "--client", "crane"]),
        (0, &["rm", "a", "b2"]),
        (1, &[]),
    ] {
        let run = home.program([]).args(args).write_stdin(next).assert().code(code);
        for text in [stdout(&run), stderr(&run)] {
            assert!(!text.contains("canary"), "{args:?}: {text}");
        }
    }
    assert!(!vault_holds(&home, "canary"));
}
