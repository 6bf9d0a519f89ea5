//! The verbs for people.

use std::fs;

use serde_json::json;

use crate::common;
use crate::common::{Home, found, not_found, stderr, stdout};

fn config(home: &Home) -> serde_json::Value {
    serde_json::from_slice(&fs::read(home.docker_config()).expect("a file")).expect("JSON")
}

fn write_config(home: &Home, text: &str) {
    fs::create_dir_all(home.docker_config().parent().expect("a folder")).expect("made");
    fs::write(home.docker_config(), text).expect("written");
}

#[test]
fn an_added_token_answers_get_and_appears_in_show_and_ls() {
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
        "pull,push",
        "--expires",
        "2099-01-31",
    ];
    let added = home.program(args).write_stdin("ghp_canary\r\n").assert().success().stdout("");
    let said = stderr(&added);
    assert!(said.starts_with("added \"ci\", which is in use and expires in "), "{said}");
    assert!(said.ends_with(" days, on 2099-01-31\n"), "{said}");
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "ghp_canary"));
    assert_eq!(home.get("ghcr.io/other/app"), not_found());
    let listing = stdout(&home.run(["show", "ci"]).success());
    for part in ["ghcr.io/acme", "pat", "for CI", "pull, push", "2099-01-31", "in use", "add"] {
        assert!(listing.contains(part), "{part}: {listing}");
    }
    assert!(!listing.contains("canary"));
    home.run(["show", "ci", "--reveal"]).success().stdout("ghp_canary\n").stderr("");
    let token = &home.tokens()[0];
    assert_eq!(
        (&token["permissions"], &token["expires"], &token["origin"], &token["label"]),
        (&json!(["pull", "push"]), &json!("2099-01-31T23:59:59Z"), &json!("add"), &json!("for CI"))
    );
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&home.run(["show", "ci", "--json"]))).expect("JSON");
    assert_eq!(json["tokens"][0], *token);
}

#[test]
fn show_leaves_out_what_is_not_known() {
    let home = Home::new();
    home.program(["add", "ci", "--registry", "x.example", "--user", "me", "--secret-stdin"])
        .write_stdin("s")
        .assert()
        .success();
    let text = stdout(&home.run(["show", "ci"]).success());
    let heads: Vec<_> = text.lines().filter_map(|line| line.split("  ").next()).collect();
    let want = ["name", "kind", "for", "user", "secret", "state", "created", "last stored", "came by"];
    assert_eq!(heads, want, "{text}");
    home.run(["edit", "ci", "--label", "-"]).success();
    assert!(stdout(&home.run(["show", "ci"]).success()).contains("label "), "a label that reads so is known");
}

#[test]
fn a_secret_from_a_file_keeps_inner_line_ends() {
    let home = Home::new();
    let file = home.path().join("token");
    fs::write(&file, "from a file\nof two lines\n\n").expect("written");
    let file = file.to_str().expect("UTF-8");
    home.run(["add", "ci", "-r", "ghcr.io", "-u", "me", "--secret-file", file]).success();
    assert_eq!(home.get("ghcr.io"), found("me", "from a file\nof two lines"));
}

#[test]
fn an_invalid_addition_is_an_error_and_changes_nothing() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    for (args, input, want) in [
        (
            vec!["ci", "-r", "quay.io", "-u", "me", "--secret-stdin"],
            "x",
            "there is a token named \"ci\" already",
        ),
        (vec!["", "-r", "quay.io", "-u", "me", "--secret-stdin"], "x", "a token's name is empty"),
        (vec!["a\u{7}", "-r", "quay.io", "-u", "me", "--secret-stdin"], "x", "is not a valid name"),
        (
            vec!["new", "-r", "quay io", "-u", "me", "--secret-stdin"],
            "x",
            "is not a registry, registry/path or *.domain",
        ),
        (vec!["new", "-r", "quay.io", "-u", "", "--secret-stdin"], "x", "no credentials username"),
        (vec!["new", "-r", "quay.io", "-u", "me", "--secret-stdin"], "\n", "the secret is empty"),
        (
            vec!["new", "-r", "quay.io", "-u", "me", "--secret-stdin", "--expires", "soon"],
            "x",
            "is not a date",
        ),
        (
            vec!["new", "-r", "quay.io", "-u", "me", "--secret-file", "/nonexistent"],
            "",
            "there is no file /nonexistent",
        ),
    ] {
        let output =
            stderr(&home.program(["add"]).args(&args).write_stdin(input).assert().code(1).stdout(""));
        assert!(
            output.starts_with("docker-credential-pat: error: ") && output.contains(want),
            "{args:?}: {output}"
        );
        assert!(!output.contains('\u{7}'));
    }
    assert_eq!(home.tokens().len(), 1);
    // A secret is never an argument.
    home.run(["add", "new", "-r", "quay.io", "-u", "me", "--secret", "x"]).code(2);
    home.run(["add", "new", "-r", "quay.io", "-u", "me", "--secret-stdin=x"]).code(2);
}

#[test]
fn an_expired_token_does_not_answer_and_the_reason_is_printed() {
    let home = Home::new();
    let args = ["add", "old", "-r", "ghcr.io", "-u", "me", "--secret-stdin", "--expires", "2020-01-31"];
    let added = stderr(&home.program(args).write_stdin("canary").assert().success());
    assert!(added.contains("expired") && added.contains("clients do not get it"), "{added}");
    let response = home.call("get", "ghcr.io").code(1).stdout(common::NOT_FOUND);
    let output = stderr(&response);
    assert!(output.contains("token \"old\" for ghcr.io expired") && !output.contains("canary"), "{output}");
    assert_eq!(home.list(), json!({}));
    assert_eq!(home.tokens()[0]["state"], "expired");
}

#[test]
fn use_puts_an_account_in_use_and_rm_removes_tokens() {
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
        let output = stderr(&home.run(args).code(1).stdout(""));
        assert!(
            output.contains("there is no token named \"nobody\"") && output.contains("hint: "),
            "{output}"
        );
    }
    home.run(["rm", "ci", "nobody", "--yes"]).code(1);
    assert_eq!(home.tokens().len(), 3, "all of them go, or none");
    home.run(["rm", "ci", "alice@ghcr.io", "--yes"]).success();
    assert_eq!(home.get("ghcr.io"), found("bob", "b"));
}

#[test]
fn use_of_a_token_for_a_path_names_the_token_of_the_whole_registry() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    home.add("part", "ghcr.io/acme");
    let output = stderr(&home.run(["use", "part"]).success());
    assert!(output.contains("\"part\" is in use for ghcr.io/acme\n"), "{output}");
    assert!(output.contains("clients that name only ghcr.io get \"alice@ghcr.io\"\n"), "{output}");
    assert_eq!(home.get("ghcr.io"), found("alice", "a"));
    assert_eq!(home.get("ghcr.io/acme/app"), found("me", "secret of part"));
}

#[test]
fn ls_lists_each_token_without_control_characters() {
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
fn ls_with_a_filter_lists_matching_tokens_only() {
    let home = Home::new();
    let output = stderr(&home.run(["ls", "--expired"]).success().stdout(""));
    assert!(output.starts_with("no tokens yet: "), "{output}");
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
    let output = stderr(&home.run(["ls", "--registry", "quay io"]).code(1).stdout(""));
    assert!(output.contains("is not a registry") && output.contains("hint: for example"), "{output}");
}

#[test]
fn ls_json_keeps_its_names_and_types() {
    let home = Home::new();
    let args = ["add", "ci", "-r", "ghcr.io/acme", "-u", "me", "--secret-stdin", "--expires", "2099-01-31"];
    home.program(args).args(["--label", "x", "--permission", "pull"]).write_stdin("s").assert().success();
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
    // Version 1 is published: names may be added, but none may change or disappear.
    let want = |types: [&'static str; 3]| {
        let [label, permissions, expires] = types;
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
    for (token, types) in home.tokens().iter().zip([["text", "list", "text"], ["null"; 3]]) {
        let shape = shape(token);
        for (name, kind) in want(types) {
            assert!(shape.contains(&(name.to_owned(), kind)), "{name} {kind}: {shape:?}");
        }
    }
    let listing = stdout(&home.run(["show", "ci", "--json"]).success());
    let listing: serde_json::Value = serde_json::from_str(&listing).expect("JSON");
    assert_eq!(listing, json!({ "version": 1, "tokens": [home.tokens()[0]] }));
}

#[test]
fn a_token_named_twice_is_removed_once() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    home.run(["rm", "ci", "ci", "--yes"]).success().stderr("removed \"ci\" from the vault\n");
}

#[test]
fn ls_into_a_closed_pipe_succeeds() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "a");
    let mut command = std::process::Command::new(common::program());
    command.env_clear().env("HOME", home.path()).arg("ls").stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("it starts");
    drop(child.stdout.take());
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn install_sets_the_helper_and_uninstall_restores_the_file() {
    let home = Home::new();
    home.run(["install"]).success();
    assert_eq!(config(&home), json!({ "credsStore": "pat" }));
    home.run(["install"]).success();
    home.run(["uninstall"]).success();
    assert_eq!(config(&home), json!({}));

    let before = "{\n\t\"auths\": {\n\t\t\"h\": {}\n\t},\n\t\"credsStore\": \"desktop\",\n\t\"psFormat\": \"{{.ID}}\"\n}\n";
    write_config(&home, before);
    let output = stderr(&home.run(["install"]).success());
    assert!(output.contains("instead of \"desktop\""), "{output}");
    let after = fs::read_to_string(home.docker_config()).expect("a file");
    assert_eq!(after, before.replace("desktop", "pat"));
    let backup = home.path().join(".docker/config.json.bak");
    assert_eq!(fs::read_to_string(backup).expect("a backup"), before);
    home.run(["uninstall"]).success();
    assert_eq!(fs::read_to_string(home.docker_config()).expect("a file"), before);
}

#[test]
fn install_for_one_registry_keeps_other_helpers() {
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
    let output = stderr(&home.run(["uninstall"]).success());
    assert_eq!(config(&home)["credHelpers"], json!({ "gcr.io": "gcloud" }));
    assert!(output.contains("\"desktop\" keeps the credentials of every registry, and stays"), "{output}");
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
                let output = stderr(&run.code(1));
                assert!(output.contains("is not one whole registry"), "{args:?}: {output}");
                assert!(!file.exists(), "{args:?}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn install_for_podman_without_a_session_is_refused() {
    // For root, the file would be that of the whole machine, which a test must not change.
    let home = Home::new();
    if !rustix::process::getuid().is_root() {
        let mut install = home.program(["install", "--podman", "-r", "ghcr.io"]);
        let output = stderr(&install.env_remove("XDG_RUNTIME_DIR").assert().code(1));
        assert!(output.contains("hint: set REGISTRY_AUTH_FILE"), "{output}");
    }
}

#[test]
fn twenty_concurrent_installs_all_take_effect() {
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
fn uninstall_without_a_file_creates_no_file() {
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
    let output = stderr(&home.call("erase", "ghcr.io").success());
    assert!(output.contains("kept \"two\", signed out of ghcr.io"), "{output}");
    assert_eq!(home.list(), json!({ "quay.io": "me" }));
    assert_eq!(home.get("quay.io"), found("me", "s"));
    assert_eq!(home.get("ghcr.io"), not_found());
    home.store("ghcr.io", "me", "s");
    assert_eq!(home.get("ghcr.io"), found("me", "s"));
}

#[test]
fn a_login_with_an_expired_token_clears_its_expiry() {
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

#[cfg(unix)]
#[test]
fn a_link_to_a_configuration_that_does_not_exist_yet_is_written_through() {
    let home = Home::new();
    fs::create_dir_all(home.path().join(".docker")).expect("made");
    std::os::unix::fs::symlink("../dotfiles.json", home.docker_config()).expect("linked");
    home.run(["install"]).success();
    assert!(home.docker_config().is_symlink());
    let target = home.path().join("dotfiles.json");
    assert_eq!(fs::read_to_string(target).expect("a file"), "{\n\t\"credsStore\": \"pat\"\n}\n");
}

#[test]
fn a_configuration_that_is_not_json_is_refused_and_unchanged() {
    let home = Home::new();
    for text in ["{\"auths\": {\"h\": {\"auth\": \"Y2FuYXJ5\"}}", "[]", "{\"credHelpers\": 1}"] {
        write_config(&home, text);
        let output = stderr(&home.run(["install", "-r", "ghcr.io"]).code(1).stdout(""));
        assert!(output.contains("config.json") && output.contains("hint: mend"), "{output}");
        assert!(!output.contains("Y2FuYXJ5"));
        assert_eq!(fs::read_to_string(home.docker_config()).expect("a file"), text);
    }
}

#[test]
fn install_copies_logins_unless_told_not_to_and_names_those_that_cannot_be_copied() {
    let home = Home::new();
    let before = r#"{"auths":{"quay.io":{"auth":"bWU6Y2FuYXJ5"},"bad.example":{"auth":"Y2FuYXJ5"}}}"#;
    write_config(&home, before);
    home.run(["install", "--no-import"]).success();
    assert_eq!(home.get("quay.io"), not_found());
    home.run(["uninstall"]).success();
    let installed = home.run(["install"]).success();
    let output = stdout(&installed) + &stderr(&installed);
    for part in [
        "quay.io",
        "1 login is in the vault",
        "bad.example stays with its plain text: its auth is not user:secret",
        "next: docker-credential-pat import --remove",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
    assert!(!output.contains("Y2FuYXJ5") && !output.contains("canary"), "{output}");
    assert_eq!(home.get("quay.io"), found("me", "canary"));
    assert_eq!(config(&home)["credHelpers"], json!({ "bad.example": "" }));
    home.run(["uninstall"]).success();
    assert_eq!(config(&home), serde_json::from_str::<serde_json::Value>(before).expect("JSON"));
}

#[test]
fn install_is_refused_where_clients_would_not_find_the_program() {
    let home = Home::new();
    let refused = home.program(["install"]).env("PATH", "/nonexistent").assert().code(1);
    let output = stderr(&refused);
    let folder = common::program_folder().display().to_string();
    let line = format!("export PATH={folder}:\"$PATH\" && docker-credential-pat install");
    assert!(output.contains("not in PATH") && output.trim_end().ends_with(&line), "{output}");
    assert!(!home.docker_config().exists() && !home.vault().exists());
}

#[cfg(unix)]
#[test]
fn a_helper_that_does_not_answer_stops_install_before_anything_changes() {
    let home = Home::new();
    let before = r#"{"auths":{"ghcr.io":{}},"credsStore":"locked"}"#;
    write_config(&home, before);
    let bin = home.path().join("bin");
    fs::create_dir(&bin).expect("made");
    let helper = bin.join("docker-credential-locked");
    common::write_program(&helper, "#!/bin/sh\necho 'the keyring is locked'\nexit 1\n");
    let path = format!("{}:{}:/bin", bin.display(), common::program_folder().display());
    let output = stderr(&home.program(["install"]).env("PATH", &path).assert().code(1));
    assert!(
        output.contains("docker-credential-locked") && output.contains("the keyring is locked"),
        "{output}"
    );
    assert!(output.contains("install --no-import"), "{output}");
    assert_eq!(fs::read_to_string(home.docker_config()).expect("a file"), before);
    assert!(!home.vault().exists() && !home.path().join(".docker/config.json.bak").exists());
    home.program(["install", "--no-import"]).env("PATH", &path).assert().success();
}

#[test]
fn xdg_variables_move_the_files() {
    let home = Home::new();
    let elsewhere = home.path().join("a folder é");
    home.program(["install"]).env("DOCKER_CONFIG", &elsewhere).assert().success();
    assert!(elsewhere.join("config.json").exists() && !home.docker_config().exists());
    let store = |variable: &str, value: &str| {
        let mut command = home.program(["store"]);
        command.env(variable, value).write_stdin(common::credentials("ghcr.io", "alice", "a"));
        command.assert()
    };
    let output = stderr(&store("HOME", "relative/home").code(1));
    assert!(
        output.contains("HOME is not an absolute path: relative/home") && output.contains("hint: set HOME"),
        "{output}"
    );
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
fn every_shell_has_a_completion_script() {
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
fn verbs_that_take_a_token_complete_its_name() {
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
    assert_eq!(offered(&["rm", "--registry", "."]), "ghcr.io\n");
    fs::write(home.vault(), "damaged").expect("written");
    assert_eq!(offered(&["show", ".c"]), "");
}

#[test]
fn every_verb_has_help_and_a_manual_page() {
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
    let output = stderr(&home.run(["man", "frobnicate"]).code(1).stdout(""));
    assert!(output.contains("there is no verb \"frobnicate\"") && output.contains("hint: "), "{output}");
}

#[test]
fn errors_in_arguments_contain_no_control_characters() {
    let home = Home::new();
    for args in [["ls", "--x\u{1b}[31m\u{9b}\u{202e}"], ["x\u{1b}[31m", "y"], ["add", "--kind=\u{1b}"]] {
        let assert = home.run(args).failure();
        let output = stdout(&assert) + &stderr(&assert);
        assert!(output.contains("\\u{1b}") && output.lines().count() <= 3, "{output}");
        assert!(!output.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{output:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_profile_has_its_own_link_and_logins() {
    let home = Home::new();
    let bin = home.path().join("bin");
    fs::create_dir(&bin).expect("made");
    common::write_program(
        &bin.join("docker-credential-pat"),
        fs::read(common::program()).expect("the program"),
    );
    let program = |args: &[&str]| {
        let mut command = assert_cmd::Command::new(bin.join("docker-credential-pat"));
        command.env_clear().env("HOME", home.path()).env("PATH", &bin).args(args);
        command
    };
    home.store("ghcr.io", "me", "personal");
    let install = ["install", "--profile", "work", "--registry", "ghcr.io", "--registry", "quay.io"];
    let output = stderr(&program(&install).assert().success());
    assert!(output.contains("docker-credential-pat-work calls this program for the profile"), "{output}");
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
    // The link is removed with the last registry that needs it.
    for (registry, is_left) in [("ghcr.io", true), ("quay.io", false)] {
        program(&["uninstall", "--profile", "work", "--registry", registry]).assert().success();
        assert_eq!(bin.join("docker-credential-pat-work").exists(), is_left, "{registry}");
    }
    program(&["install", "--profile", "../x", "--registry", "ghcr.io"]).assert().code(2);
    program(&["install", "--profile", "work"]).assert().code(2);
}

#[test]
fn a_secret_in_the_wrong_place_is_never_echoed() {
    let home = Home::new();
    home.add("pull", "ghcr.io");
    let token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let hint = "--secret-stdin";
    for (line, code, want) in [
        ("add n --registry ghcr.io SECRET", 2, hint),
        ("add n --registry ghcr.io --secret-stdin=SECRET", 2, hint),
        ("add n --registry ghcr.io --secret SECRET", 2, hint),
        ("add n --registry ghcr.io --token SECRET", 2, hint),
        ("add n --registry ghcr.io --password=SECRET", 2, hint),
        ("add n --registry ghcr.io -p SECRET", 2, hint),
        ("rotate pull SECRET", 2, "docker-credential-pat rotate NAME --secret-stdin"),
        ("SECRET", 1, ""),
        ("help SECRET", 1, ""),
        ("hub SECRET", 2, ""),
        ("add n --registry ghcr.io --user me --expires SECRET", 1, ""),
        ("add n --registry ghcr.io --user me --secret-file SECRET", 1, ""),
        ("show SECRET", 1, ""),
        ("ls --registry SECRET", 0, ""),
        ("usage --since SECRET", 1, ""),
        ("use pull SECRET/x", 1, ""),
        ("restore SECRET", 1, ""),
    ] {
        // Without a prefix, an argument is a secret only where one is expected.
        let secrets = if want.is_empty() { &[token][..] } else { &[token, "plain-secret"] };
        for secret in secrets {
            let run = home.program([]).args(line.replace("SECRET", secret).split(' ')).assert().code(code);
            let (out, err) = (stdout(&run), stderr(&run));
            assert!(!(out + &err).to_lowercase().contains(secret), "{line}: {err}");
            assert!(err.lines().count() <= 2 && err.contains(want), "{line}: {err}");
            let is_shown = code == 0 || err.contains("hint: printf %s \"$TOKEN\" | docker-credential-pat ");
            assert!(is_shown, "{line}: {err}");
        }
    }
}

#[test]
fn a_password_in_an_address_is_never_echoed() {
    let home = Home::new();
    for line in [
        "add n --registry ADDRESS --user me --secret-stdin",
        "use n ADDRESS",
        "explain ADDRESS/acme/app",
        "install --registry ADDRESS",
        "ls --registry ADDRESS",
        "rm --registry ADDRESS --yes",
        "verify ADDRESS",
        "import --file ADDRESS",
        "ADDRESS",
    ] {
        for address in ["https://me:canary@ghcr.io", "me:canary@ghcr.io"] {
            let line = line.replace("ADDRESS", address);
            let mut command = home.program([]);
            let output = command.args(line.split(' ')).write_stdin("secret").output().expect("it runs");
            let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
            assert!(!text.contains("canary") && text.contains("***@ghcr.io"), "{line}: {text}");
        }
    }
}

#[test]
fn a_token_is_refused_in_each_field_that_is_not_encrypted() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let token = "ghp_abcdefghijklmnopqrstuvwxyz0123456789";
    let before = fs::read(home.vault()).expect("the vault");
    for (line, field) in [
        ("add TOKEN --registry ghcr.io --user me --secret-stdin", "that name begins like a token, and names"),
        ("add n --registry ghcr.io --user TOKEN --secret-stdin", "that user name begins like a token"),
        ("add n --registry ghcr.io --user me --label TOKEN --secret-stdin", "that label begins like a token"),
        ("add n --registry TOKEN --user me --secret-stdin", "that registry begins like a token"),
        ("add n --registry ghcr.io/TOKEN --user me --secret-stdin", "that registry begins like a token"),
        ("edit ci --name TOKEN", "that name begins like a token"),
        ("edit ci --user TOKEN", "that user name begins like a token"),
        ("edit ci --label TOKEN", "that label begins like a token"),
        ("edit ci --registry TOKEN", "that registry begins like a token"),
        #[cfg(feature = "online")]
        ("hub create TOKEN", "that name begins like a token"),
        #[cfg(feature = "online")]
        ("hub create n --label TOKEN", "that label begins like a token"),
        #[cfg(feature = "online")]
        ("coding create TOKEN --project shop --team acme", "that name begins like a token"),
    ] {
        let args = line.replace("TOKEN", token);
        let run = home.program([]).args(args.split(' ')).write_stdin("secret").assert().code(1);
        let message = stderr(&run);
        assert!(message.contains(field) && message.contains("are not encrypted"), "{line}: {message}");
        assert!(!message.to_lowercase().contains(token), "{line}: {message}");
        assert_eq!(fs::read(home.vault()).expect("the vault"), before, "{line}");
    }
    // A few registries take the token as the user name too; it is kept as the secret.
    home.bring("do", "registry.digitalocean.com", token, token, &[]).success();
    assert!(!String::from_utf8_lossy(&fs::read(home.vault()).expect("the vault")).contains(token));
}

#[test]
fn the_status_names_what_is_to_be_done_first() {
    let home = Home::new();
    let status = |path: Option<&str>| {
        let mut program = home.program(["status"]);
        program.envs(path.map(|path| ("PATH", path)));
        stdout(&program.assert().success())
    };
    let next =
        |status: &str| status.split_once("next: ").expect("a step").1.lines().next().map(str::to_owned);
    let first = status(None);
    assert!(first.starts_with("Docker does not use this program yet"), "{first}");
    assert_eq!(next(&first).as_deref(), Some("docker-credential-pat install"));
    home.run(["install"]).success();
    home.add("ci", "ghcr.io");
    let set_up = status(None);
    assert!(set_up.starts_with("Docker uses this program (~/.docker/config.json)\n1 token in "), "{set_up}");
    assert_eq!(next(&set_up).as_deref(), Some("docker-credential-pat ls"));
    for name in ["a", "b"] {
        home.bring(name, "quay.io", "me", "secret", &["--expires", "2020-01-01"]).success();
    }
    let expired = status(None);
    assert!(expired.contains("\n2 tokens have expired\n"), "{expired}");
    assert_eq!(next(&expired).as_deref(), Some("docker-credential-pat ls --expired"));
    let outside = status(Some("/nowhere"));
    let want = "Docker cannot use this program: docker-credential-pat is in no folder of PATH";
    assert!(outside.starts_with(want), "{outside}");
    assert_eq!(next(&outside).as_deref(), Some("docker-credential-pat doctor"));
}

#[test]
fn ls_names_the_choices_for_directories_of_the_listed_tokens() {
    let home = Home::new();
    for (name, registry) in
        [("all", "ghcr.io"), ("home", "ghcr.io"), ("inner", "ghcr.io"), ("quay", "quay.io")]
    {
        home.add(name, registry);
    }
    let root = home.path().canonicalize().expect("there");
    for folder in ["a/b", "elsewhere"] {
        fs::create_dir_all(root.join(folder)).expect("made");
    }
    home.run(["use", "all", "ghcr.io"]).success();
    for (name, folder) in [("home", "a"), ("inner", "a/b")] {
        let dir = root.join(folder);
        home.run(["use", name, "ghcr.io", "--dir", dir.to_str().expect("UTF-8")]).success();
    }
    let (outer, inner) =
        ("\"home\" is chosen for ghcr.io, in ~/a\n", "\"inner\" is chosen for ghcr.io, in ~/a/b\n");
    for (folder, args, want) in [
        ("elsewhere", &[][..], format!("{outer}{inner}")),
        ("a", &[], format!("here, {outer}{inner}")),
        ("a/b", &[], format!("here, {inner}")),
        ("a", &["--registry", "quay.io"], String::new()),
        ("a", &["--registry", "ghcr.io"], format!("here, {outer}{inner}")),
    ] {
        let mut program = home.program(["ls"]);
        let run = program.env("HOME", &root).args(args).current_dir(root.join(folder)).assert().success();
        assert_eq!(stderr(&run), want, "{folder} {args:?}");
    }
    let mut narrow = home.program(["ls", "--expired"]);
    let run = narrow.current_dir(root.join("a")).assert().success();
    assert!(!stderr(&run).contains("is chosen"), "{}", stderr(&run));
}

#[test]
fn a_missing_file_or_folder_is_the_cause_that_an_error_names() {
    let home = Home::new();
    home.add("pull", "ghcr.io");
    let passphrase = home.path().join("passphrase");
    fs::write(&passphrase, "correct horse battery").expect("written");
    common::make_private(&passphrase);
    for (line, want, hint) in [
        ("use pull ghcr.io --dir nodir", "there is no folder nodir", "mkdir -p nodir"),
        (
            "backup nodir/x --passphrase-file passphrase",
            "there is no folder HOME/nodir",
            "mkdir -p HOME/nodir",
        ),
        ("export pull --format docker-config --output nodir/x", "nodir", "mkdir -p "),
        ("add n --registry ghcr.io --user me --secret-file missing", "there is no file missing", "ls ."),
        ("rotate pull --secret-file nodir/x", "there is no folder nodir", "mkdir -p nodir"),
    ] {
        let mut program = home.program([]);
        let run = program.args(line.split(' ')).current_dir(home.path()).assert().code(1);
        let message = stderr(&run).replace(home.path().to_str().expect("UTF-8"), "HOME");
        assert!(message.contains(want) && message.contains(hint), "{message}");
        assert!(!message.contains("for you"), "{message}");
    }
}

#[test]
fn add_confirms_the_expiry_and_names_one_fact_once() {
    let home = Home::new();
    let dated = stderr(&home.bring("a", "ghcr.io/a", "me", "x", &["--expires", "90d"]).success());
    assert!(dated.starts_with("added \"a\", which is in use and expires in 90 days, on 20"), "{dated}");
    let second = stderr(&home.bring("b", "ghcr.io/b", "me", "y", &[]).success());
    assert!(second.contains("clients that do not name the image, such as compose, get \"a\""), "{second}");
    assert!(!second.contains("clients that name only"), "{second}");
    for args in [&["add", "c", "-r", "ghcr.io", "-u", "me:pass"][..], &["edit", "a", "--user", "me:pass"]] {
        let refused = stderr(&home.program([]).args(args).write_stdin("x").assert().code(1));
        assert!(
            refused.contains("a user name cannot contain \":\"") && !refused.contains("pass"),
            "{refused}"
        );
    }
}
