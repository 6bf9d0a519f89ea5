//! Changes of tokens: edit, rotate, activate, deactivate and rm, and the tokens that logins keep.

use std::fs;

use docker_credential_pat::client::context::PROFILE;
use docker_credential_pat::model::timestamp::{DAY, Timestamp};
use docker_credential_pat::system::env;
use serde_json::{Value, json};

use crate::common;
use crate::common::{Home, credentials, found, jwt, not_found, stderr, stdout};

const HUB: &str = "https://index.docker.io/v1/";

/// Runs a verb that must succeed without an answer, and returns its messages.
fn messages(home: &Home, args: &[&str]) -> String {
    stderr(&home.program([]).args(args).assert().success().stdout(""))
}

/// Runs a verb that must fail, and returns its error and hint.
fn refused(home: &Home, args: &[&str], input: &str) -> String {
    let before = fs::read(home.vault()).ok();
    let output = stderr(&home.program([]).args(args).write_stdin(input).assert().code(1).stdout(""));
    assert!(output.starts_with("docker-credential-pat: error: "), "{args:?}: {output}");
    assert_eq!(fs::read(home.vault()).ok(), before, "{args:?}: nothing has changed");
    output
}

fn rotate(home: &Home, name: &str, secret: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    home.program(["rotate", name, "--secret-stdin"]).args(more).write_stdin(secret).assert()
}

fn vault_holds(home: &Home, text: &str) -> bool {
    let vault = fs::read(home.vault()).expect("the vault");
    vault.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn edit_changes_each_detail_of_a_token() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "ghp_canary", &["--label", "old"]).success();
    for (args, field, want) in [
        (vec!["--label", "for CI"], "label", json!("for CI")),
        (vec!["--label", ""], "label", Value::Null),
        (vec!["--permission", "pull"], "permissions", json!(["pull"])),
        (vec!["--permission", "read,write"], "permissions", json!(["pull", "push"])),
        (vec!["--permission", "delete,write"], "permissions", json!(["push", "delete"])),
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
        messages(&home, &[&["edit", "ci"], &args[..]].concat());
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
fn a_token_with_new_registries_answers_for_those_only() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "canary");
    home.store("https://ghcr.io/v2/", "alice", "canary");
    let output = messages(&home, &["edit", "alice@ghcr.io", "-r", "ghcr.io/acme", "-r", "quay.io"]);
    assert_eq!(output, "changed \"alice@ghcr.io\", for ghcr.io/acme, quay.io\n");
    assert_eq!(home.token("alice@ghcr.io")["keys"], json!(["ghcr.io", "https://ghcr.io/v2/"]));
    for (key, is_found) in [("ghcr.io/acme/app", true), ("quay.io", true), ("ghcr.io/other/app", false)] {
        assert_eq!(home.get(key).is_ok(), is_found, "{key}");
    }
    self::messages(&home, &["edit", "alice@ghcr.io", "--registry", "quay.io"]);
    assert_eq!(home.token("alice@ghcr.io")["keys"], json!([]), "the keys of other registries go");
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.get("quay.io"), found("alice", "canary"));
    assert_eq!(home.list(), json!({ "quay.io": "alice" }));
}

#[test]
fn a_choice_is_removed_with_its_registry() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    messages(&home, &["use", "ci", "ghcr.io/acme", "--push"]);
    messages(&home, &["edit", "ci", "--registry", "quay.io"]);
    assert_eq!(home.token("ci")["choices"], json!([]), "it could never hold");
}

#[test]
fn a_logout_from_one_registry_keeps_the_token_for_the_others() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "s");
    messages(&home, &["edit", "alice@ghcr.io", "-r", "ghcr.io", "-r", "quay.io"]);
    home.call("erase", "ghcr.io").success();
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.get("quay.io"), found("alice", "s"));
}

#[test]
fn a_logout_keeps_a_token_that_a_person_rotated() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "old");
    rotate(&home, "alice@ghcr.io", "typed by hand, and shown nowhere again", &[]).success();
    let output = stderr(&home.call("erase", "ghcr.io").success().stdout(""));
    assert_eq!(home.get("ghcr.io"), not_found());
    assert!(output.contains("kept \"alice@ghcr.io\""), "{output}");
}

#[test]
fn an_empty_label_removes_the_label() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "s", &["--label", ""]).success();
    assert_eq!(home.token("ci")["label"], Value::Null);
}

#[test]
fn an_invalid_change_is_refused_and_changes_nothing() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    home.add("other", "ghcr.io");
    for (args, want) in [
        (vec!["ci", "--name", "other"], "there is a token named \"other\" already"),
        (vec!["ci", "--label", "x", "--name", "other"], "there is a token named \"other\" already"),
        (vec!["ci", "--name", ""], "a token's name is empty"),
        (vec!["ci", "--name", "a\u{200b}b"], "is not a valid name"),
        (vec!["ci", "--registry", "not a registry"], "is not a registry"),
        (vec!["ci", "--user", ""], "no credentials username"),
        (vec!["ci", "--expires", "soon"], "is not a date"),
        (vec!["nobody", "--label", "x"], "there is no token named \"nobody\""),
    ] {
        let output = refused(&home, &[&["edit"], &args[..]].concat(), "");
        assert!(output.contains(want), "{args:?}: {output}");
    }
    for args in [&["ci"][..], &["ci", "--note-only"], &["ci", "--permission", "all"], &["--label", "x"], &[]]
    {
        home.program(["edit"]).args(args).assert().code(2).stdout("");
    }
    messages(&home, &["edit", "ci", "--name", "ci"]);
}

#[test]
fn an_expiry_that_docker_hub_fixes_changes_with_note_only() {
    let home = Home::new();
    for (name, user, secret) in [("pat", "alice", "dckr_pat_canary"), ("oat", "acme", "dckr_oat_canary")] {
        home.bring(name, "docker.io", user, secret, &["--expires", "2098-01-01"]).success();
        let output = refused(&home, &["edit", name, "--expires", "2099-01-01"], "");
        assert!(output.contains("Docker Hub fixes it when it makes a token"), "{output}");
        assert!(output.contains(&format!(
            "hint: make a new token at Docker Hub and run `docker-credential-pat rotate {name}`"
        )));
        assert!(output.contains("--note-only") && !output.contains("canary"), "{output}");
        self::messages(&home, &["edit", name, "--expires", "2099-01-01", "--note-only"]);
        assert_eq!(home.token(name)["expires"], "2099-01-01T23:59:59Z");
        self::messages(&home, &["edit", name, "--label", "x"]);
    }
    home.bring("git", "ghcr.io", "me", "ghp_canary", &[]).success();
    messages(&home, &["edit", "git", "--expires", "2099-01-01"]);
    assert_eq!(home.token("git")["expires"], "2099-01-01T23:59:59Z");
}

#[test]
fn a_rotated_token_has_a_new_secret_and_is_the_same_token() {
    let home = Home::new();
    let more = ["--label", "for CI", "--permission", "read", "--expires", "2098-01-01"];
    home.bring("ci", "ghcr.io/acme", "me", "ghp_old-canary", &more).success();
    messages(&home, &["use", "ci", "ghcr.io/acme/app", "--push", "--profile", "work"]);
    let before = home.token("ci");
    let output =
        stderr(&rotate(&home, "ci", "ghp_new-canary\r\n", &["--expires", "2099-01-01"]).success().stdout(""));
    assert!(
        output.contains("\"ci\" has its new secret, which expires in") && !output.contains("canary"),
        "{output}"
    );
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
fn a_rotation_with_the_same_or_an_empty_secret_is_refused() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "ghp_canary", &[]).success();
    for (args, input, want) in [
        (vec!["ci"], "ghp_canary\n", "that is the secret that \"ci\" has already"),
        (vec!["ci"], "\n", "the secret is empty"),
        (vec!["ci", "--expires", "soon"], "ghp_new", "is not a date"),
        (vec!["nobody"], "ghp_new", "there is no token named \"nobody\""),
    ] {
        let output = refused(&home, &[&["rotate", "--secret-stdin"], &args[..]].concat(), input);
        assert!(output.contains(want) && !output.contains("ghp_"), "{args:?}: {output}");
    }
    home.run(["rotate", "ci", "ghp_new"]).code(2).stdout("");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_canary"));
}

#[test]
fn the_expiry_in_a_new_secret_is_read() {
    let home = Home::new();
    let expires = env::now().0 + 90 * DAY;
    home.bring("ci", "registry.example", "me", "old", &["--expires", "2098-01-01"]).success();
    rotate(&home, "ci", &jwt(expires), &[]).success();
    assert_eq!(home.token("ci")["expires"], Timestamp(expires).to_string());
    rotate(&home, "ci", &jwt(expires + 1), &["--expires", "2099-01-01"]).success();
    assert_eq!(home.token("ci")["expires"], "2099-01-01T23:59:59Z", "what a person says comes first");
}

#[test]
fn rotate_of_an_inactive_token_says_so() {
    let home = Home::new();
    home.add("off", "ghcr.io");
    messages(&home, &["deactivate", "off"]);
    let output_for_inactive = stderr(&rotate(&home, "off", "new", &[]).success());
    assert!(
        output_for_inactive.contains("is switched off (docker-credential-pat activate off)"),
        "{output_for_inactive}"
    );
    assert_eq!(home.token("off")["state"], "inactive");
    assert_eq!(home.get("ghcr.io"), not_found());
    home.add("out", "quay.io");
    home.call("erase", "quay.io").success();
    let output_for_signed_out = stderr(&rotate(&home, "out", "new", &[]).success());
    assert_eq!(home.get("quay.io"), not_found());
    assert!(
        output_for_signed_out.contains("signed out")
            && output_for_signed_out.contains("docker-credential-pat activate out"),
        "{output_for_signed_out}"
    );
}

#[test]
fn rotate_to_an_expired_secret_says_so() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "old", &[]).success();
    let output = stderr(&rotate(&home, "ci", "new", &["--expires", "2020-01-31"]).success());
    assert_eq!(home.get("ghcr.io"), not_found());
    assert!(output.contains("expired") && output.contains("clients do not get it"), "{output}");
}

#[test]
fn a_new_secret_that_is_also_the_user_name_is_sealed() {
    let home = Home::new();
    home.bring("do", "registry.digitalocean.com", "dop_v1_canary", "old", &[]).success();
    rotate(&home, "do", "dop_v1_canary", &[]).success();
    assert_eq!(home.get("registry.digitalocean.com"), found("dop_v1_canary", "dop_v1_canary"));
    assert!(!vault_holds(&home, "canary"), "as after `add` and `store`");
    assert_eq!(home.token("do")["user"], "(the token itself)");
}

#[test]
fn the_kind_that_a_person_named_is_kept() {
    let home = Home::new();
    home.bring("ci", "docker.io", "me", "old", &["--kind", "project"]).success();
    rotate(&home, "ci", "new", &[]).success();
    assert_eq!(home.token("ci")["kind"], "project");
}

#[test]
fn a_rotation_that_cannot_be_written_keeps_the_old_secret() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "old", &[]).success();
    // A folder stands in the way of the new vault, which root cannot write either.
    let grown = home.vault().with_file_name("vault.new");
    fs::create_dir(&grown).expect("made");
    let output = refused(&home, &["rotate", "ci", "--secret-stdin"], "canary");
    assert!(!output.contains("canary"), "{output}");
    assert_eq!(home.get("ghcr.io"), found("me", "old"));
    fs::remove_dir(&grown).expect("removed");
    rotate(&home, "ci", "canary", &[]).success();
    assert_eq!(home.get("ghcr.io"), found("me", "canary"));
}

#[cfg(unix)]
#[test]
fn a_rotation_in_a_read_only_folder_keeps_the_old_secret() {
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
fn activate_and_deactivate_change_all_tokens_or_none() {
    let home = Home::new();
    for name in ["a", "b", "c"] {
        home.add(name, "ghcr.io");
    }
    for verb in ["deactivate", "activate"] {
        let output = refused(&home, &[verb, "a", "nobody", "b"], "");
        assert!(
            output.contains("\"nobody\"") && output.contains("hint: docker-credential-pat ls"),
            "{output}"
        );
        home.run([verb]).code(2);
    }
    messages(&home, &["deactivate", "a", "b", "c", "a"]);
    assert_eq!(home.list(), json!({}));
    assert!(home.tokens().iter().all(|token| token["state"] == "inactive" && token["in_use"] == false));
    let output = stderr(&home.call("get", "ghcr.io").code(1).stdout(common::NOT_FOUND));
    let want = "token \"a\" for ghcr.io is switched off; continuing without credentials \
         (docker-credential-pat activate a)";
    assert_eq!(
        output,
        format!("docker-credential-pat: {want}\n"),
        "the one that this request would have got"
    );
    assert!(!output.contains("secret of"), "{output}");
    self::messages(&home, &["activate", "c", "b"]);
    assert_eq!(home.get("ghcr.io"), found("me", "secret of b"));
    assert_eq!(home.token("a")["state"], "inactive");
}

#[cfg(target_os = "linux")]
#[test]
fn rm_without_a_terminal_needs_yes() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    for args in [&["rm", "ci"][..], &["rm", "--registry", "ghcr.io"]] {
        let mut program = std::process::Command::new("setsid");
        program.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        let output = program.arg("--wait").arg(common::program()).args(args).output().expect("setsid");
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        assert!(
            message.contains("cannot ask without a terminal")
                && message.contains(&format!("hint: docker-credential-pat {} --yes\n", args.join(" "))),
            "{args:?} {message}"
        );
    }
    assert_eq!(home.tokens().len(), 1);
    for args in [&["rm"][..], &["rm", "--yes"], &["rm", "ci", "--registry", "ghcr.io", "--yes"]] {
        home.program([]).args(args).assert().code(2);
    }
    messages(&home, &["rm", "ci", "-y"]);
    assert!(home.tokens().is_empty());
}

#[test]
fn rm_of_a_registry_leaves_nothing_there() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    home.store("https://ghcr.io", "bob", "b");
    home.call_with((PROFILE, "work"), "store", &credentials("ghcr.io", "carl", "c")).success();
    home.add("part", "ghcr.io/acme");
    home.bring("two", "ghcr.io", "me", "two-secret", &["--registry", "quay.io"]).success();
    home.add("wild", "*.pkg.coding.net");
    let output = messages(&home, &["rm", "--registry", "https://GHCR.io", "--yes"]);
    for name in ["alice@ghcr.io", "bob@ghcr.io", "carl@ghcr.io", "part"] {
        assert!(output.contains(&format!("removed \"{name}\" from the vault")), "{output}");
    }
    assert!(output.contains("took ghcr.io from \"two\", which is still for quay.io"), "{output}");
    for (profile, key) in
        [("", "ghcr.io"), ("work", "ghcr.io"), ("work", "https://ghcr.io"), ("", "ghcr.io/acme/app")]
    {
        home.call_with((PROFILE, profile), "get", key).code(1).stdout(common::NOT_FOUND);
    }
    assert_eq!(home.get("quay.io"), found("me", "two-secret"));
    let output = messages(&home, &["rm", "-r", "team.pkg.coding.net", "-y"]);
    assert!(
        output.contains("\"wild\" for *.pkg.coding.net is signed out of team.pkg.coding.net"),
        "{output}"
    );
    assert_eq!(home.get("team.pkg.coding.net/shop/app"), not_found());
    assert_eq!(home.get("other.pkg.coding.net"), found("me", "secret of wild"));
    let output = messages(&home, &["rm", "-r", "quay.io/part", "-y"]);
    assert!(
        output.contains("nothing was removed") && output.contains("kept \"two\" for quay.io"),
        "{output}"
    );
    for text in ["*.pkg.coding.net", "acme/app", ""] {
        home.run(["rm", "--yes", "--registry", text]).code(1);
    }
    assert_eq!(home.tokens().len(), 2);
}

#[test]
fn activate_of_an_expired_token_says_so() {
    let home = Home::new();
    home.bring("old", "ghcr.io", "me", "s", &["--expires", "2020-01-31"]).success();
    messages(&home, &["deactivate", "old"]);
    let output = messages(&home, &["activate", "old"]);
    assert!(output.contains("it expired") && output.contains("docker-credential-pat rotate old"), "{output}");
}

#[test]
fn a_login_with_another_secret_keeps_the_added_token() {
    let home = Home::new();
    home.bring("mine", "ghcr.io", "me", "ghp_mine", &["--label", "the one that cannot be shown again"])
        .success();
    home.store("ghcr.io", "me", "ghp_login");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_login"));
    assert_eq!(home.tokens().len(), 2);
    home.run(["show", "mine", "--reveal"]).success().stdout("ghp_mine\n");
    // The same holds after a `use`, which puts the added token in use, and for the next such login.
    messages(&home, &["use", "mine"]);
    home.store("ghcr.io", "me", "ghp_next");
    home.run(["show", "mine", "--reveal"]).success().stdout("ghp_mine\n");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_next"));
    let output = stderr(&home.call("erase", "ghcr.io").success().stdout(""));
    assert!(
        output.contains("kept \"mine\", signed out of ghcr.io") && output.contains("rm mine"),
        "{output}"
    );
    assert!(!output.contains("ghp_"), "{output}");
    assert_eq!(home.get("ghcr.io"), not_found());
    assert_eq!(home.token("mine")["state"], "signed-out");
    home.store("ghcr.io", "me", "ghp_mine");
    assert_eq!(home.get("ghcr.io"), found("me", "ghp_mine"));
    assert_eq!(home.tokens().len(), 1);
    assert_eq!(home.token("mine")["state"], "active");
}

#[test]
fn a_future_expiry_in_a_stored_secret_is_read() {
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
fn advice_on_a_secret_is_printed_and_the_token_is_added() {
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
        let output = stderr(&added);
        assert!(!output.contains(secret), "{output}");
        assert!(!stderr(&stored).contains(secret));
        match want {
            Some(want) => {
                assert!(output.contains("note: ") && output.contains(want), "{registry} {user}: {output}");
            }
            None => assert_eq!(output.lines().count(), 1, "{registry} {user}: {output}"),
        }
    }
}

#[test]
fn a_password_for_docker_hub_brings_advice_once() {
    let home = Home::new();
    let store =
        |secret: &str| stderr(&home.call("store", credentials(HUB, "alice", secret)).success().stdout(""));
    let output = store("canary-password");
    assert!(output.starts_with("docker-credential-pat: a personal access token is safer"), "{output}");
    assert_eq!(output.lines().count(), 1, "{output}");
    assert!(!output.contains("canary"), "{output}");
    assert_eq!(store("canary-password"), "", "the same login again");
    assert_eq!(store("dckr_pat_canary"), "");
}

#[test]
fn names_in_other_unicode_forms_are_the_same_name() {
    let (composed, apart) = ("caf\u{e9}", "cafe\u{301}");
    for (first, second) in [(composed, apart), (apart, composed)] {
        let home = Home::new();
        home.bring(first, "ghcr.io", "me", "s", &[]).success();
        let output = refused(&home, &["add", second, "-r", "ghcr.io", "-u", "me", "--secret-stdin"], "x");
        assert!(output.contains("there is a token named") && output.contains("hint: "), "{output}");
        for name in [first, second] {
            home.run(["show", name]).success();
            home.run(["use", name]).success();
            home.run(["deactivate", name]).success();
            home.run(["activate", name]).success();
            let response = home.call_with(("DOCKER_CREDENTIAL_PAT_TOKEN_NAME", name), "get", "ghcr.io");
            assert_eq!(common::secret_in(&response), "s", "{name:?}");
        }
        home.run(["rm", second, "--yes"]).success();
    }
}

#[test]
fn a_name_with_invisible_characters_is_refused() {
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
            let output = refused(&home, args, "canary");
            assert!(!output.contains(['\u{7}', '\u{1b}', '\u{200b}', '\u{202e}', '\u{feff}']), "{output:?}");
            assert!(!output.contains("canary"), "{output}");
        }
    }
    assert_eq!(home.tokens().len(), 1);
}

#[test]
fn hints_quote_a_name_for_the_shell() {
    for (name, argument) in [("a b", "'a b'"), ("it's", r"'it'\''s'"), ("$(x)", "'$(x)'"), ("дом", "'дом'")]
    {
        let home = Home::new();
        home.bring(name, "ghcr.io", "me", "s", &["--expires", "2020-01-31"]).success();
        let output = stderr(&home.call("get", "ghcr.io").code(1));
        assert!(output.contains(&format!("(docker-credential-pat rotate {argument})")), "{output}");
        self::messages(&home, &["deactivate", name]);
        let output = stderr(&home.call("get", "ghcr.io").code(1));
        assert!(output.contains(&format!("(docker-credential-pat activate {argument})")), "{output}");
        rotate(&home, name, "new", &[]).success();
        self::messages(&home, &["activate", name]);
        let output = stderr(&home.call("erase", "ghcr.io").success());
        assert!(output.contains(&format!("docker-credential-pat use {argument}, or")), "{output}");
    }
}

#[test]
fn the_hint_for_a_damaged_token_repairs_it() {
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
    let response = home.call("get", "ghcr.io").code(1);
    assert!(stderr(&response).contains("docker-credential-pat rotate 'a b'"), "{}", stderr(&response));
    messages(&home, &["edit", "a b", "--label", "x"]);
    messages(&home, &["deactivate", "a b"]);
    rotate(&home, "a b", "mended", &[]).success();
    messages(&home, &["activate", "a b"]);
    assert_eq!(home.get("ghcr.io"), found("me", "mended"));
}

#[test]
fn add_accepts_a_past_expiry_and_a_path_on_an_ipv6_host() {
    let home = Home::new();
    let added =
        home.bring("six", "[::1]:5000/acme", "me", "six-secret", &["--expires", "2020-01-31"]).success();
    assert!(stderr(&added).contains("which expired") && stderr(&added).contains("clients do not get it"));
    let key = "[0:0::1]:5000/acme/app";
    let output = stderr(&home.call("get", key).code(1).stdout(common::NOT_FOUND));
    assert!(output.contains("token \"six\" for [::1]:5000/acme expired"), "{output}");
    assert_eq!(home.list(), json!({}));
    home.run(["ls", "--expired", "-r", "[::1]:5000/acme/app"]).success().stderr("");
    rotate(&home, "six", "six-new", &[]).success();
    assert_eq!(home.get(key), found("me", "six-new"));
    assert_eq!(home.get("[::1]:5000/acme-x/app"), not_found());
    assert_eq!(home.get("[::1]:5001/acme/app"), not_found());
    assert_eq!(home.list(), json!({ "[::1]:5000": "me" }));
    self::messages(&home, &["use", "six", "[::1]:5000/acme/app", "--pull"]);
    assert_eq!(home.token("six")["choices"][0]["scope"], "[::1]:5000/acme/app");
    let explained = stdout(&home.run(["explain", "[::1]:5000/acme/app:1.0"]).success());
    assert!(explained.contains("\"six\" is given"), "{explained}");
    home.call("erase", "http://[::1]:5000").success();
    assert_eq!(home.get(key), not_found());
}

#[test]
fn no_verb_for_people_prints_a_secret() {
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
        (0, &["rm", "a", "b2", "--yes"]),
        (1, &[]),
    ] {
        let run = home.program([]).args(args).write_stdin(next).assert().code(code);
        for text in [stdout(&run), stderr(&run)] {
            assert!(!text.contains("canary"), "{args:?}: {text}");
        }
    }
    assert!(!vault_holds(&home, "canary"));
}

#[test]
fn enable_and_disable_are_other_spellings_of_activate_and_deactivate() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    for (verb, state) in
        [("disable", "inactive"), ("activate", "active"), ("deactivate", "inactive"), ("enable", "active")]
    {
        home.run([verb, "ci"]).success();
        assert_eq!(home.token("ci")["state"], state, "{verb}");
    }
    for group in ["hub", "coding"] {
        let help = stdout(&home.run([group, "--help"]).success());
        for word in ["activate", "deactivate", "enable", "disable"] {
            assert!(help.contains(word), "{group} {word}: {help}");
        }
    }
}

#[test]
fn show_says_what_is_known_of_an_expiry_without_a_date() {
    let home = Home::new();
    for (name, registry, user, secret, want) in [
        ("hub", "docker.io", "me", "dckr_pat_x", "not known here; it shows where it is made"),
        ("app", "ghcr.io", "me", "ghs_x", "when its job ends; without a job, about 1 hour after it was made"),
        ("job", "registry.gitlab.com", "gitlab-ci-token", "glcbt-x", "when its job ends"),
        ("ecr", "public.ecr.aws", "AWS", "x", "about 12 hours after it was made"),
    ] {
        home.bring(name, registry, user, secret, &[]).success();
        let shown = stdout(&home.run(["show", name]).success());
        let line = shown.lines().find_map(|line| line.strip_prefix("expires")).map(str::trim);
        assert_eq!(line, Some(want), "{shown}");
    }
    // The date in a newer token of an app is not its expiry as GITHUB_TOKEN.
    home.bring("newer", "ghcr.io", "me", &format!("ghs_123_{}", jwt(1)), &[]).success();
    assert_eq!(home.token("newer")["expires"], Value::Null);
}
