//! The verbs for people.

use std::fs;

use serde_json::json;

use crate::common;
use crate::common::{Home, found, not_found};

fn stderr(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).expect("UTF-8")
}

fn stdout(assert: &assert_cmd::assert::Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).expect("UTF-8")
}

fn config(home: &Home) -> serde_json::Value {
    serde_json::from_slice(&fs::read(home.docker_config()).expect("a file")).expect("JSON")
}

fn write_config(home: &Home, text: &str) {
    fs::create_dir_all(home.docker_config().parent().expect("a folder")).expect("made");
    fs::write(home.docker_config(), text).expect("written");
}

#[test]
fn an_added_token_is_given_out_and_shown() {
    let home = Home::new();
    let args = [
        "add",
        "ci",
        "--registry",
        "https://GHCR.io/acme/",
        "--user",
        "me",
        "--secret-stdin",
        "--label",
        "for CI",
        "--permission",
        "read,write",
        "--expires",
        "2099-01-31",
    ];
    let added = home.program(args).write_stdin("ghp_canary\r\n").assert().success().stdout("");
    assert_eq!(stderr(&added), "added \"ci\", which is in use\n");
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "ghp_canary"));
    assert_eq!(home.get("ghcr.io/other/app"), not_found());
    let shown = stdout(&home.run(["show", "ci"]).success());
    for part in ["ghcr.io/acme", "pat", "for CI", "read, write", "2099-01-31", "in use", "add"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("canary"));
    home.run(["show", "ci", "--reveal"]).success().stdout("ghp_canary\n").stderr("");
    let token = &home.tokens()[0];
    assert_eq!(
        (&token["permissions"], &token["expires"], &token["origin"], &token["label"]),
        (&json!(["read", "write"]), &json!("2099-01-31T23:59:59Z"), &json!("add"), &json!("for CI"))
    );
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&home.run(["show", "ci", "--json"]))).expect("JSON");
    assert_eq!(json["tokens"][0], *token);
}

#[test]
fn a_secret_comes_from_a_file_as_well() {
    let home = Home::new();
    let file = home.path().join("token");
    fs::write(&file, "from a file\nof two lines\n\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    home.run(["add", "ci", "-r", "ghcr.io", "-u", "me", "--secret-file", file]).success();
    assert_eq!(home.get("ghcr.io"), found("me", "from a file\nof two lines"));
}

#[test]
fn what_cannot_be_added_is_told_and_nothing_is_lost() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    for (args, input, want) in [
        (
            vec!["ci", "-r", "quay.io", "-u", "me", "--secret-stdin"],
            "x",
            "there is a token named \"ci\" already",
        ),
        (vec!["", "-r", "quay.io", "-u", "me", "--secret-stdin"], "x", "a token's name is empty"),
        (vec!["a\u{7}", "-r", "quay.io", "-u", "me", "--secret-stdin"], "x", "is no name for a token"),
        (
            vec!["new", "-r", "quay io", "-u", "me", "--secret-stdin"],
            "x",
            "is no registry, registry/path or *.domain",
        ),
        (vec!["new", "-r", "quay.io", "-u", "", "--secret-stdin"], "x", "no credentials username"),
        (vec!["new", "-r", "quay.io", "-u", "me", "--secret-stdin"], "\n", "the secret is empty"),
        (vec!["new", "-r", "quay.io", "-u", "me", "--secret-stdin", "--expires", "soon"], "x", "is no date"),
        (
            vec!["new", "-r", "quay.io", "-u", "me", "--secret-file", "/nonexistent"],
            "",
            "cannot read /nonexistent",
        ),
    ] {
        let told = stderr(&home.program(["add"]).args(&args).write_stdin(input).assert().code(1).stdout(""));
        assert!(
            told.starts_with("docker-credential-pat: error: ") && told.contains(want),
            "{args:?}: {told}"
        );
        assert!(!told.contains('\u{7}'));
    }
    assert_eq!(home.tokens().len(), 1);
    // A secret is no argument.
    home.run(["add", "new", "-r", "quay.io", "-u", "me", "--secret", "x"]).code(2);
    home.run(["add", "new", "-r", "quay.io", "-u", "me", "--secret-stdin=x"]).code(2);
}

#[test]
fn an_expired_token_is_not_given_out_and_the_reason_is_told() {
    let home = Home::new();
    let args = ["add", "old", "-r", "ghcr.io", "-u", "me", "--secret-stdin", "--expires", "2020-01-31"];
    let added = stderr(&home.program(args).write_stdin("canary").assert().success());
    assert!(added.contains("expired") && added.contains("not given out"), "{added}");
    let asked = home.call("get", "ghcr.io").code(1).stdout(common::NOT_FOUND);
    let told = stderr(&asked);
    assert!(told.contains("token \"old\" for ghcr.io expired") && !told.contains("canary"), "{told}");
    assert_eq!(home.list(), json!({}));
    assert_eq!(home.tokens()[0]["state"], "expired");
}

#[test]
fn use_decides_between_accounts_and_rm_removes() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    home.store("ghcr.io", "bob", "b");
    home.add("ci", "ghcr.io");
    assert_eq!(home.get("ghcr.io"), found("bob", "b"), "adding changes nothing that is in use");
    home.run(["use", "ci"]).success().stderr("\"ci\" is in use for ghcr.io\n");
    assert_eq!(home.get("ghcr.io"), found("me", "secret of ci"));
    home.run(["use", "alice@ghcr.io"]).success();
    assert_eq!(home.get("ghcr.io"), found("alice", "a"));
    for args in [["use", "nobody"], ["rm", "nobody"], ["show", "nobody"]] {
        let told = stderr(&home.run(args).code(1).stdout(""));
        assert!(told.contains("there is no token named \"nobody\"") && told.contains("hint: "), "{told}");
    }
    home.run(["rm", "ci", "nobody"]).code(1);
    assert_eq!(home.tokens().len(), 3, "all of them go, or none");
    home.run(["rm", "ci", "alice@ghcr.io"]).success();
    assert_eq!(home.get("ghcr.io"), found("bob", "b"));
}

#[test]
fn using_a_token_for_a_part_says_who_gets_another() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    home.add("part", "ghcr.io/acme");
    let told = stderr(&home.run(["use", "part"]).success());
    assert!(told.contains("\"part\" is in use for ghcr.io/acme\n"), "{told}");
    assert!(told.contains("clients that name only ghcr.io go on getting \"alice@ghcr.io\"\n"), "{told}");
    assert_eq!(home.get("ghcr.io"), found("alice", "a"));
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "secret of part"));
}

#[test]
fn a_listing_says_what_there_is() {
    let home = Home::new();
    home.run(["ls"])
        .success()
        .stdout("")
        .stderr("no tokens yet: docker login, or docker-credential-pat add\n");
    home.run(["ls", "--json"]).success().stdout("{\"version\":1,\"tokens\":[]}\n").stderr("");
    home.store("ghcr.io", "alice\u{1b}[31m\nroot", "a");
    home.add("ci", "ghcr.io");
    let listing = stdout(&home.run(["ls"]).success().stderr(""));
    let lines: Vec<_> = listing.lines().collect();
    assert_eq!(lines.len(), 3, "{listing}");
    assert!(
        lines[0].starts_with("NAME") && lines[1].contains("in use") && lines[2].contains("active"),
        "{listing}"
    );
    assert!(!listing.contains('\u{1b}'), "nothing steers the terminal");
}

#[test]
fn a_listing_is_narrowed_to_what_is_asked_for() {
    let home = Home::new();
    let told = stderr(&home.run(["ls", "--expired"]).success().stdout(""));
    assert!(told.starts_with("no tokens yet: "), "{told}");
    home.add("all", "ghcr.io");
    home.add("part", "ghcr.io/acme");
    home.add("cloud", "*.pkg.coding.net");
    home.store("odd key", "me", "s");
    let args = ["add", "old", "-r", "ghcr.io", "-u", "me", "--secret-stdin", "--expires", "2020-01-31"];
    home.program(args).write_stdin("s").assert().success();
    for (args, want) in [
        (vec!["--registry", "ghcr.io"], "all part old"),
        (vec!["--registry", "https://GHCR.io/v2/"], "all part old"),
        (vec!["--registry", "ghcr.io/acme/app"], "all part old"),
        (vec!["--registry", "ghcr.io/acme-x"], "all old"),
        (vec!["--registry", "team.pkg.coding.net/shop"], "cloud"),
        (vec!["--registry", "*.pkg.coding.net"], "cloud"),
        (vec!["--registry", "odd key"], "me@odd-key"),
        (vec!["--registry", "quay.io"], ""),
        (vec!["--expired"], "old"),
        (vec!["--expired", "-r", "quay.io"], ""),
    ] {
        let json = stdout(&home.program(["ls", "--json"]).args(&args).assert().success().stderr(""));
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let names: Vec<_> = json["tokens"].as_array().expect("an array").clone();
        let names: Vec<_> = names.iter().filter_map(|token| token["name"].as_str()).collect();
        assert_eq!(names.join(" "), want, "{args:?}");
        let listing = home.program(["ls"]).args(&args).assert().success();
        assert_eq!(stdout(&listing).lines().count(), if want.is_empty() { 0 } else { names.len() + 1 });
        assert_eq!(stderr(&listing).is_empty(), !want.is_empty(), "{args:?}");
    }
    let told = stderr(&home.run(["ls", "--registry", "quay io"]).code(1).stdout(""));
    assert!(told.contains("is no registry") && told.contains("hint: for example"), "{told}");
}

#[test]
fn a_listing_for_programs_keeps_its_shape() {
    let home = Home::new();
    let args = ["add", "ci", "-r", "ghcr.io/acme", "-u", "me", "--secret-stdin", "--expires", "2099-01-31"];
    home.program(args).args(["--label", "x", "--permission", "read"]).write_stdin("s").assert().success();
    home.store("ghcr.io", "alice", "a");
    let shape = |token: &serde_json::Value| -> Vec<(String, &str)> {
        let kind = |value: &serde_json::Value| match value {
            serde_json::Value::Null => "null",
            serde_json::Value::Bool(_) => "boolean",
            serde_json::Value::Number(_) => "number",
            serde_json::Value::String(_) => "text",
            serde_json::Value::Array(_) => "list",
            serde_json::Value::Object(_) => "object",
        };
        token
            .as_object()
            .expect("an object")
            .iter()
            .map(|(name, value)| (name.clone(), kind(value)))
            .collect()
    };
    // Version 1 is published: a name may be added here, and none may change or go.
    let want = |known: [&'static str; 3]| {
        let [label, permissions, expires] = known;
        [
            ("name", "text"),
            ("kind", "text"),
            ("scopes", "list"),
            ("keys", "list"),
            ("user", "text"),
            ("label", label),
            ("permissions", permissions),
            ("state", "text"),
            ("in_use", "boolean"),
            ("created", "text"),
            ("stored", "text"),
            ("expires", expires),
            ("origin", "text"),
        ]
    };
    for (token, known) in home.tokens().iter().zip([["text", "list", "text"], ["null"; 3]]) {
        let shape = shape(token);
        for (name, kind) in want(known) {
            assert!(shape.contains(&(name.to_owned(), kind)), "{name} {kind}: {shape:?}");
        }
    }
    let shown = stdout(&home.run(["show", "ci", "--json"]).success());
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
    assert_eq!(shown, json!({ "version": 1, "tokens": [home.tokens()[0]] }));
}

#[test]
fn a_token_named_twice_is_removed_once() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    home.run(["rm", "ci", "ci"]).success().stderr("removed \"ci\" from the vault\n");
}

#[test]
fn a_listing_that_nobody_reads_to_the_end_is_no_failure() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    let mut command = std::process::Command::new(common::program());
    command.env_clear().env("HOME", home.path()).arg("ls").stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn install_sets_docker_up_and_uninstall_puts_it_back() {
    let home = Home::new();
    home.run(["install"]).success();
    assert_eq!(config(&home), json!({ "credsStore": "pat" }));
    home.run(["install"]).success();
    home.run(["uninstall"]).success();
    assert_eq!(config(&home), json!({}));

    let before = "{\n\t\"auths\": {\n\t\t\"h\": {}\n\t},\n\t\"credsStore\": \"desktop\",\n\t\"psFormat\": \"{{.ID}}\"\n}\n";
    write_config(&home, before);
    let told = stderr(&home.run(["install"]).success());
    assert!(told.contains("instead of \"desktop\""), "{told}");
    let after = fs::read_to_string(home.docker_config()).expect("a file");
    assert_eq!(after, before.replace("desktop", "pat"));
    let backup = home.path().join(".docker/config.json.bak");
    assert_eq!(fs::read_to_string(backup).expect("a backup"), before);
    home.run(["uninstall"]).success();
    assert_eq!(fs::read_to_string(home.docker_config()).expect("a file"), before);
}

#[test]
fn install_for_one_registry_leaves_the_others() {
    let home = Home::new();
    write_config(&home, r#"{"credsStore":"desktop","credHelpers":{"gcr.io":"gcloud"}}"#);
    home.run(["install", "--registry", "GHCR.io", "--registry", "docker.io"]).success();
    let helpers = json!({ "gcr.io": "gcloud", "GHCR.io": "pat", "https://index.docker.io/v1/": "pat" });
    assert_eq!(config(&home), json!({ "credsStore": "desktop", "credHelpers": helpers }));
    home.run(["uninstall", "--registry", "GHCR.io"]).success();
    assert_eq!(
        config(&home)["credHelpers"],
        json!({ "gcr.io": "gcloud", "https://index.docker.io/v1/": "pat" })
    );
    let told = stderr(&home.run(["uninstall"]).success());
    assert_eq!(config(&home)["credHelpers"], json!({ "gcr.io": "gcloud" }));
    assert!(told.contains("\"desktop\" keeps the credentials of every registry, and stays"), "{told}");
}

#[test]
fn install_for_one_registry_sets_the_key_that_its_client_looks_up() {
    for (named, for_docker, for_podman) in [
        ("ghcr.io", Some("ghcr.io"), Some("ghcr.io")),
        ("https://Reg.example:443/v2/", Some("Reg.example:443"), Some("Reg.example:443")),
        ("docker.io", Some("https://index.docker.io/v1/"), Some("docker.io")),
        ("https://index.docker.io/v1/", Some("https://index.docker.io/v1/"), Some("docker.io")),
        ("registry-1.docker.io", Some("registry-1.docker.io"), Some("registry-1.docker.io")),
        ("[::1]:5000", Some("[::1]:5000"), Some("[::1]:5000")),
        ("ghcr.io/acme", None, None),
        ("*.example", None, None),
        ("user@ghcr.io", None, None),
    ] {
        for (args, want) in [
            (vec!["install", "-r", named], for_docker),
            (vec!["install", "--podman", "-r", named], for_podman),
        ] {
            let home = Home::new();
            let file = home.path().join("auth.json");
            let run = home.program([]).args(&args).env("REGISTRY_AUTH_FILE", &file).assert();
            let file = if args.len() == 3 { home.docker_config() } else { file };
            if let Some(key) = want {
                run.success();
                let json: serde_json::Value =
                    serde_json::from_slice(&fs::read(&file).expect("a file")).expect("JSON");
                assert_eq!(json, json!({ "credHelpers": { key: "pat" } }), "{args:?}");
            } else {
                let told = stderr(&run.code(1));
                assert!(told.contains("is not one whole registry"), "{args:?}: {told}");
                assert!(!file.exists(), "{args:?}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn podman_without_a_session_is_not_set_up_where_it_does_not_look() {
    // As root the file would be the machine's own, which a test leaves alone.
    let home = Home::new();
    if !rustix::process::getuid().is_root() {
        let mut install = home.program(["install", "--podman", "-r", "ghcr.io"]);
        let told = stderr(&install.env_remove("XDG_RUNTIME_DIR").assert().code(1));
        assert!(told.contains("hint: set REGISTRY_AUTH_FILE"), "{told}");
    }
}

#[test]
fn twenty_installs_at_once_are_all_there() {
    let home = Home::new();
    std::thread::scope(|scope| {
        for number in 0..20 {
            let home = &home;
            scope.spawn(move || home.run(["install", "-r", &format!("r{number}.example")]).success());
        }
    });
    assert_eq!(config(&home)["credHelpers"].as_object().expect("an object").len(), 20);
    home.run(["uninstall"]).success();
    assert_eq!(config(&home), json!({}));
}

#[test]
fn uninstall_where_nothing_is_makes_nothing() {
    let home = Home::new();
    home.run(["uninstall"]).success();
    assert!(!home.docker_config().exists());
}

#[test]
fn a_token_for_two_registries_is_listed_for_both() {
    let home = Home::new();
    let args = ["add", "two", "-r", "ghcr.io", "-r", "quay.io", "-u", "me", "--secret-stdin"];
    home.program(args).write_stdin("s").assert().success();
    assert_eq!(home.list(), json!({ "ghcr.io": "me", "quay.io": "me" }));
    home.store("ghcr.io", "me", "s");
    assert_eq!(home.list(), json!({ "ghcr.io": "me", "quay.io": "me" }));
    let told = stderr(&home.call("erase", "ghcr.io").success());
    assert!(told.contains("no longer give it out for ghcr.io"), "{told}");
    assert_eq!(home.list(), json!({ "quay.io": "me" }));
    assert_eq!(home.get("quay.io"), found("me", "s"));
    assert_eq!(home.get("ghcr.io"), not_found());
    home.store("ghcr.io", "me", "s");
    assert_eq!(home.get("ghcr.io"), found("me", "s"));
}

#[test]
fn a_login_with_a_token_noted_as_ended_brings_it_back() {
    let home = Home::new();
    let args = ["add", "ci", "-r", "ghcr.io", "-u", "me", "--secret-stdin", "--expires", "2020-01-01"];
    home.program(args).write_stdin("s").assert().success();
    home.store("ghcr.io", "me", "s");
    assert_eq!(home.get("ghcr.io"), found("me", "s"));
    assert_eq!(home.tokens()[0]["expires"], serde_json::Value::Null);
}

#[test]
fn install_for_podman_names_each_registry() {
    let home = Home::new();
    home.store("reg.example:5000", "alice", "a");
    let file = home.path().join("auth.json");
    let run = |args: &[&str]| {
        home.program([]).args(args).env("REGISTRY_AUTH_FILE", &file).assert().success();
        serde_json::from_slice::<serde_json::Value>(&fs::read(&file).expect("a file")).expect("JSON")
    };
    assert_eq!(
        run(&["install", "--podman", "-r", "docker.io"]),
        json!({ "credHelpers": { "docker.io": "pat" } })
    );
    let all = run(&["install", "--podman"]);
    for host in ["docker.io", "ghcr.io", "reg.example:5000"] {
        assert_eq!(all["credHelpers"][host], "pat", "{host}");
    }
    assert_eq!(run(&["uninstall", "--podman"]), json!({}));
    assert!(!home.docker_config().exists());
}

#[cfg(unix)]
#[test]
fn a_linked_configuration_stays_linked_and_keeps_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let dotfile = home.path().join("dotfiles.json");
    fs::write(&dotfile, "{}").expect("written");
    fs::set_permissions(&dotfile, fs::Permissions::from_mode(0o640)).expect("chmod");
    fs::create_dir(home.path().join(".docker")).expect("made");
    std::os::unix::fs::symlink("../dotfiles.json", home.docker_config()).expect("linked");
    home.run(["install"]).success();
    assert!(home.docker_config().is_symlink());
    assert_eq!(fs::read_to_string(&dotfile).expect("a file"), "{\n\t\"credsStore\": \"pat\"\n}\n");
    assert_eq!(fs::metadata(&dotfile).expect("a file").permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_configuration_that_is_not_json_is_refused_and_left() {
    let home = Home::new();
    for text in ["{\"auths\": {\"h\": {\"auth\": \"Y2FuYXJ5\"}}", "[]", "{\"credHelpers\": 1}"] {
        write_config(&home, text);
        let told = stderr(&home.run(["install", "-r", "ghcr.io"]).code(1).stdout(""));
        assert!(told.contains("config.json") && told.contains("hint: mend"), "{told}");
        assert!(!told.contains("Y2FuYXJ5"));
        assert_eq!(fs::read_to_string(home.docker_config()).expect("a file"), text);
    }
}

#[test]
fn logins_in_plain_text_are_pointed_out() {
    let home = Home::new();
    write_config(&home, r#"{"auths":{"quay.io":{"auth":"Y2FuYXJ5"}}}"#);
    let told = stderr(&home.run(["install"]).success());
    assert!(told.contains("plain text") && told.contains("quay.io") && !told.contains("Y2FuYXJ5"), "{told}");
}

#[test]
fn the_environment_says_where_files_belong() {
    let home = Home::new();
    let elsewhere = home.path().join("a folder é");
    home.program(["install"]).env("DOCKER_CONFIG", &elsewhere).assert().success();
    assert!(elsewhere.join("config.json").exists() && !home.docker_config().exists());
    let store = |variable: &str, value: &str| {
        let mut command = home.program(["store"]);
        command.env(variable, value).write_stdin(common::credentials("ghcr.io", "alice", "a"));
        command.assert()
    };
    let told = stderr(&store("HOME", "relative/home").code(1));
    assert!(
        told.contains("HOME is not an absolute path: relative/home") && told.contains("hint: set HOME"),
        "{told}"
    );
    let told = stderr(&store("HOME", "").code(1));
    assert!(told.contains("HOME is not set") && told.contains("hint: set HOME"), "{told}");
    store("XDG_DATA_HOME", "relative").success();
    assert!(home.vault().exists(), "a relative folder does not count");
    store("XDG_DATA_HOME", elsewhere.to_str().expect("UTF-8")).success();
    assert!(elsewhere.join("docker-credential-pat/vault").exists());
}

const VERBS: [&str; 14] = [
    "add",
    "ls",
    "show",
    "edit",
    "activate",
    "deactivate",
    "rotate",
    "rm",
    "use",
    "explain",
    "install",
    "uninstall",
    "completions",
    "man",
];

#[test]
fn the_readme_and_the_help_name_every_verb() {
    let help = stdout(&Home::new().run(["--help"]).success());
    let readme = fs::read_to_string("README.md").expect("the README");
    for verb in VERBS {
        assert!(help.contains(&format!("  {verb} ")), "{verb}: {help}");
        assert!(readme.contains(&format!("docker-credential-pat {verb}")), "{verb}");
    }
}

#[test]
fn every_shell_has_its_script_of_completions() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = stdout(&home.run(["completions", shell]).success().stderr(""));
        assert!(script.contains("DOCKER_CREDENTIAL_PAT_COMPLETE"), "{shell}");
        let asks = home
            .program(["--", "docker-credential-pat", "show", ".c"])
            .env("DOCKER_CREDENTIAL_PAT_COMPLETE", shell)
            .assert();
        asks.success().stdout("").stderr("");
    }
    home.run(["completions", "tcsh"]).code(2).stdout("");
    assert!(!home.vault().exists(), "asking makes nothing");
}

#[test]
fn the_name_of_a_token_is_offered_by_each_verb_that_takes_one() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let offered = |words: &[&str]| {
        let mut program = home.program(["--", "docker-credential-pat"]);
        program.env("DOCKER_CREDENTIAL_PAT_COMPLETE", "bash").args(words);
        stdout(&program.assert().success().stderr(""))
    };
    for verb in ["show", "use", "rm"] {
        assert_eq!(offered(&[verb, "."]), "ci\n", "{verb}");
    }
    fs::write(home.vault(), "damaged").expect("written");
    assert_eq!(offered(&["show", ".c"]), "");
}

#[test]
fn every_verb_has_help_and_a_page_in_the_manual() {
    let home = Home::new();
    let folder = home.path().join("share/man1");
    let dir = folder.to_str().expect("UTF-8");
    home.run(["man", "--dir", dir]).success().stdout("").stderr("");
    let main = stdout(&home.run(["man"]).success());
    assert_eq!(fs::read_to_string(folder.join("docker-credential-pat.1")).expect("a page"), main);
    for verb in ["add", "ls", "man", "get", "store", "erase", "list", "version"] {
        let page = stdout(&home.run(["man", verb]).success());
        let file = folder.join(format!("docker-credential-pat-{verb}.1"));
        assert_eq!(fs::read_to_string(file).expect("a page"), page, "{verb}");
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        let help = stdout(&home.run(["help", verb]).success().stderr(""));
        assert!(help.contains(&format!("Usage: docker-credential-pat {verb}")), "{help}");
        home.run([verb, "--help"]).success().stdout(help);
    }
    let page = stdout(&home.run(["man", "key", "add"]).success());
    let file = folder.join("docker-credential-pat-key-add.1");
    assert_eq!(fs::read_to_string(file).expect("the page of a verb below another"), page);
    home.run(["key", "ad"]).code(2).stdout("");
    let told = stderr(&home.run(["man", "frobnicate"]).code(1).stdout(""));
    assert!(told.contains("there is no verb \"frobnicate\"") && told.contains("hint: "), "{told}");
}

#[test]
fn wrong_arguments_are_told_without_what_would_steer_the_terminal() {
    let home = Home::new();
    for args in [["ls", "--x\u{1b}[31m\u{9b}\u{202e}"], ["x\u{1b}[31m", "y"], ["add", "--kind=\u{1b}"]] {
        let assert = home.run(args).failure();
        let told = stdout(&assert) + &stderr(&assert);
        assert!(told.contains("\\u{1b}") && told.lines().count() > 2, "{told}");
        assert!(!told.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{told:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_profile_has_a_link_and_logins_of_its_own() {
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).expect("made");
    fs::copy(common::program(), bin.join("docker-credential-pat")).expect("copied");
    let program = |args: &[&str]| {
        let mut command = assert_cmd::Command::new(bin.join("docker-credential-pat"));
        command.env_clear().env("HOME", home.path()).env("PATH", &bin).args(args);
        command
    };
    home.store("ghcr.io", "me", "personal");
    let install = ["install", "--profile", "work", "--registry", "ghcr.io", "--registry", "quay.io"];
    let told = stderr(&program(&install).assert().success());
    assert!(told.contains("docker-credential-pat-work calls this program for the profile"), "{told}");
    assert_eq!(config(&home)["credHelpers"], json!({ "ghcr.io": "pat-work", "quay.io": "pat-work" }));
    let work = |verb: &str, stdin: String| {
        let mut command = assert_cmd::Command::new(bin.join("docker-credential-pat-work"));
        command.env_clear().env("HOME", home.path()).arg(verb).write_stdin(stdin).assert()
    };
    work("store", common::credentials("ghcr.io", "team", "shared")).success().stdout("").stderr("");
    assert!(stdout(&work("get", "ghcr.io".to_owned()).success()).contains("shared"));
    assert_eq!(home.get("ghcr.io"), found("me", "personal"), "the login of no profile stays in use");
    work("erase", "ghcr.io".to_owned()).success();
    assert_eq!(home.get("ghcr.io"), found("me", "personal"));
    // The link goes with the last registry that needs it.
    for (registry, is_left) in [("ghcr.io", true), ("quay.io", false)] {
        program(&["uninstall", "--profile", "work", "--registry", registry]).assert().success();
        assert_eq!(bin.join("docker-credential-pat-work").exists(), is_left, "{registry}");
    }
    program(&["install", "--profile", "../x", "--registry", "ghcr.io"]).assert().code(2);
    program(&["install", "--profile", "work"]).assert().code(2);
}
