//! Vaults that version 0.1 wrote, format 2, and secrets that are kept after they were replaced.

use std::fs;
use std::path::Path;

use docker_credential_pat::model::timestamp::{DAY, Timestamp};
use docker_credential_pat::system::env;
use serde_json::{Value, json};

use crate::common;
use crate::common::{Home, found, not_found, stderr, stdout};

/// The keys for which the new rule gives another answer than version 0.1: a request of unknown direction gets the token
/// that may pull and push, scopes are lower case, and a key with a tag is its repository.
const CHANGED: [&str; 4] = ["two.example", "two.example/a/b", "caps.example/acme/app", "tag.example"];

fn home_with_old_vault(name: &str) -> (Home, Value) {
    let home = Home::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    for (name, path) in [("vault", home.vault()), ("key", home.key())] {
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::copy(fixture.join(name), &path).expect("copied");
        common::make_private(&path);
    }
    let answers = fs::read(fixture.join("answers.json")).expect("the answers");
    (home, serde_json::from_slice(&answers).expect("JSON"))
}

/// Checks the answers of version 0.1 to each key, except the changed ones, and that every secret opens.
fn assert_answers(home: &Home, answers: &Value, changed: &[&str], when: &str) {
    let variables = [
        ("get", None),
        ("get_to_pull", Some(("DOCKER_CREDENTIAL_PAT_DIRECTION", "pull"))),
        ("get_to_push", Some(("DOCKER_CREDENTIAL_PAT_DIRECTION", "push"))),
        ("get_under_work", Some(("DOCKER_CREDENTIAL_PAT_PROFILE", "work"))),
    ];
    for (name, variable) in variables {
        for (key, want) in answers[name].as_object().expect("an object") {
            let output =
                home.program(["get"]).envs(variable).write_stdin(key.as_str()).output().expect("it runs");
            let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let is_same = ["Username", "Secret"].iter().all(|field| answer[field] == want[field]);
            assert!(is_same || changed.contains(&key.as_str()), "{when} {name} {key}: {answer} {want}");
        }
    }
    assert_eq!(home.list(), answers["list"], "{when}");
    for (name, secret) in answers["secrets"].as_object().expect("an object") {
        let shown = stdout(&home.run(["show", name, "--reveal"]).success());
        assert_eq!(shown.trim_end(), secret.as_str().expect("a text"), "{when} {name}");
    }
}

fn first_line(home: &Home) -> String {
    let vault = fs::read(home.vault()).expect("the vault");
    String::from_utf8_lossy(vault.split(|byte| *byte == b'\n').next().expect("a line")).into_owned()
}

#[test]
fn a_vault_of_the_first_version_gives_its_answers_before_and_after_a_change() {
    let (home, answers) = home_with_old_vault("vault-0.1");
    assert_answers(&home, &answers, &CHANGED, "read");
    assert_eq!(home.get("two.example"), found("me", "write secret"), "the direction is not known");
    assert_eq!(home.get("caps.example/acme/app"), found("me", "caps secret"));
    home.run(["edit", "one", "--label", "changed"]).success();
    assert_answers(&home, &answers, &CHANGED, "written");
    assert_eq!(home.token("porter@port.example")["scopes"], json!(["port.example:80"]));
    assert_eq!(home.token("both@both.example")["scopes"], json!(["both.example", "both.example:80"]));
    assert_eq!(first_line(&home), "docker-credential-pat vault 2", "0.1 does not know host:80");
    home.run(["rm", "porter@port.example", "both@both.example", "--yes"]).success();
    assert_eq!(first_line(&home), "docker-credential-pat vault 1");
    assert_eq!(home.token("caps")["scopes"], json!(["caps.example/acme/app"]));
    let findings = stdout(&home.run(["doctor", "--json"]).code(1));
    assert!(findings.contains("\"unknown-direction\"") && findings.contains("use pull"), "{findings}");
}

#[test]
fn unusual_spellings_in_a_vault_of_the_first_version_lose_no_secret() {
    let (home, answers) = home_with_old_vault("vault-0.1-spellings");
    // A token for `host:80` is not for `host`, and a key with a tag is its repository.
    let changed = ["docker.io", "tag.example"];
    assert_answers(&home, &answers, &changed, "read");
    assert_eq!(home.get("docker.io"), not_found());
    home.run(["edit", "shop", "--label", "changed"]).success();
    assert_answers(&home, &answers, &changed, "written");
    assert_eq!(home.get("docker.io"), not_found());
    for (name, scopes) in [
        ("root@root.example", json!(["root.example"])),
        ("hub80@docker.io", json!(["index.docker.io:80"])),
        ("tool@tag.example/Acme/Tool:V1.0", json!(["tag.example/acme/tool"])),
        ("six@::1", json!(["[::1]:80"])),
        ("twice", json!(["twice.example/acme"])),
    ] {
        assert_eq!(home.token(name)["scopes"], scopes, "{name}");
    }
}

#[test]
fn only_what_the_first_version_cannot_read_makes_format_2() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    for (args, version) in [
        (&["use", "ci", "ghcr.io", "--push"][..], 1),
        (&["use", "ci", "ghcr.io", "--delete"], 2),
        (&["use", "ci", "ghcr.io", "--delete", "--clear"], 1),
        (&["edit", "ci", "--registry", "*.dkr.ecr.*.amazonaws.com"], 2),
        (&["edit", "ci", "--registry", "*.azurecr.io"], 1),
        (&["edit", "ci", "--registry", "ghcr.io:80"], 2),
        (&["edit", "ci", "--registry", "ghcr.io"], 1),
    ] {
        let before = fs::read(home.vault()).expect("the vault");
        home.program([]).args(args).assert().success();
        assert_eq!(first_line(&home), format!("docker-credential-pat vault {version}"), "{args:?}");
        if version == 2 {
            let backup = home.vault().with_extension("bak");
            assert_eq!(fs::read(backup).expect("a copy"), before, "{args:?}");
        }
    }
    home.run(["edit", "ci", "--registry", "*.dkr.ecr.*.amazonaws.com"]).success();
    assert_eq!(home.get("1.dkr.ecr.eu-west-1.amazonaws.com"), found("me", "secret of ci"));
    assert_eq!(home.get("1.dkr.ecr.eu-west-1.amazonaws.com.evil.example"), not_found());
    let refused =
        home.program(["add", "x", "-r", "*.co.uk", "-u", "me", "--secret-stdin"]).write_stdin("s").assert();
    assert!(stderr(&refused.code(1)).contains("co.uk, where anybody can register"), "a public suffix");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_copy_of_version_1_is_replaced() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let home = Home::new();
    home.add("ci", "ghcr.io");
    let before = fs::read(home.vault()).expect("the vault");
    let (backup, elsewhere) = (home.vault().with_extension("bak"), home.path().join("elsewhere"));
    fs::write(&elsewhere, "mine").expect("written");
    symlink(&elsewhere, &backup).expect("linked");
    home.run(["use", "ci", "ghcr.io", "--delete"]).success();
    assert!(!backup.is_symlink());
    assert_eq!(fs::read(&backup).expect("a copy"), before);
    assert_eq!(fs::metadata(&backup).expect("a copy").permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(&elsewhere).expect("there"), "mine");
}

fn rotate(home: &Home, name: &str, secret: &str) {
    home.program(["rotate", name, "--secret-stdin"]).write_stdin(secret).assert().success();
}

#[test]
fn a_rotation_can_be_undone_and_repeated() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "old", &["--expires", "2099-01-31", "--permission", "pull"]).success();
    let refused = home.run(["rotate", "ci", "--undo"]).code(1);
    assert!(stderr(&refused).contains("keeps no previous secret of \"ci\""), "{}", stderr(&refused));
    rotate(&home, "ci", "new");
    assert_eq!(home.get("ghcr.io"), found("me", "new"));
    assert_eq!(home.token("ci")["previous_secret"]["expires"], "2099-01-31T23:59:59Z");
    assert!(stdout(&home.run(["show", "ci"]).success()).contains("rotate --undo"));
    // New scopes and a new key seal both secrets again.
    home.run(["edit", "ci", "--registry", "ghcr.io", "--registry", "quay.io"]).success();
    home.run(["key", "renew"]).success();
    for (secret, expires) in
        [("old", json!("2099-01-31T23:59:59Z")), ("new", Value::Null), ("old", Value::Null)]
    {
        home.run(["rotate", "ci", "--undo"]).success();
        assert_eq!(home.get("quay.io"), found("me", secret));
        assert!(expires.is_null() || home.token("ci")["expires"] == expires, "{secret}");
    }
    home.run(["rotate", "ci", "--undo", "--secret-stdin"]).code(2);
    rotate(&home, "ci", "third");
    home.run(["rotate", "ci", "--undo"]).success();
    assert_eq!(home.get("quay.io"), found("me", "old"), "one secret is kept");
}

#[test]
fn a_login_with_a_new_secret_can_be_undone() {
    let home = Home::new();
    home.store("ghcr.io", "alice", "old");
    home.store("ghcr.io", "alice", "new");
    assert_eq!(home.get("ghcr.io"), found("alice", "new"));
    home.run(["rotate", "alice@ghcr.io", "--undo"]).success();
    assert_eq!(home.get("ghcr.io"), found("alice", "old"));
    // The token is a person's now, so another login does not renew it.
    home.store("ghcr.io", "alice", "third");
    assert_eq!(home.tokens().len(), 2);
    home.run(["show", "alice@ghcr.io", "--reveal"]).success().stdout("old\n");
}

#[test]
fn a_temporary_secret_is_not_kept() {
    let home = Home::new();
    let soon = Timestamp(env::now().0 + DAY / 2);
    let jwt = common::jwt(soon.0);
    home.store("ghcr.io", "alice", &jwt);
    home.store("ghcr.io", "alice", "first");
    assert_eq!(home.token("alice@ghcr.io")["previous_secret"], Value::Null);
    // Nor does it displace an earlier one that is.
    home.store("ghcr.io", "alice", &jwt);
    home.store("ghcr.io", "alice", "second");
    for secret in ["first", "second"] {
        home.run(["rotate", "alice@ghcr.io", "--undo"]).success();
        assert_eq!(home.get("ghcr.io"), found("alice", secret));
    }
}

#[test]
fn a_previous_secret_is_not_readable_and_goes_with_its_token() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "first-canary", &[]).success();
    rotate(&home, "ci", "second");
    let holds = || fs::read(home.vault()).expect("the vault").windows(6).any(|window| window == b"canary");
    assert!(!holds());
    let size = || fs::metadata(home.vault()).expect("the vault").len();
    let with_both = size();
    home.run(["rm", "ci", "--yes"]).success();
    assert!(size() + 100 < with_both);
}

#[test]
fn the_logins_of_a_folder_go_with_it_at_the_next_change() {
    let home = Home::new();
    let folder = home.path().join("job");
    fs::create_dir(&folder).expect("made");
    let variable = ("DOCKER_CONFIG", folder.to_str().expect("UTF-8"));
    home.store("ghcr.io", "alice", "a");
    home.call_with(variable, "store", &common::credentials("ghcr.io", "job", "j")).success();
    let answer = |variable| common::secret_in(&home.call_with(variable, "get", "ghcr.io"));
    assert_eq!((answer(variable).as_str(), home.get("ghcr.io")), ("j", found("alice", "a")));
    // The folder is made again, with a newer file and no entry.
    fs::write(folder.join("config.json"), "{}").expect("written");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    fs::File::options()
        .append(true)
        .open(folder.join("config.json"))
        .and_then(|file| file.set_modified(later))
        .expect("set");
    assert_eq!(answer(variable), "a");
    fs::write(folder.join("config.json"), r#"{"auths":{"https://ghcr.io":{}}}"#).expect("written");
    assert_eq!(answer(variable), "j");
    let erased = home.call_with(variable, "erase", "ghcr.io").success();
    assert!(
        stderr(&erased).contains("\"alice@ghcr.io\", which is not a login of DOCKER_CONFIG="),
        "{}",
        stderr(&erased)
    );
    assert_eq!((answer(variable).as_str(), home.get("ghcr.io")), ("a", found("alice", "a")));
    home.call_with(variable, "store", &common::credentials("ghcr.io", "job", "j")).success();
    assert_eq!(home.tokens().len(), 2);
    fs::remove_dir_all(&folder).expect("removed");
    home.run(["edit", "alice@ghcr.io", "--label", "x"]).success();
    assert_eq!(home.tokens().len(), 1);
}
