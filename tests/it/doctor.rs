//! `doctor`: each finding with a case that has it and one that does not.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::common;
#[cfg(unix)]
use crate::common::program;
use crate::common::{Home, stderr, stdout};

/// A part of every secret, which must not appear in any output.
const CANARY: &str = "canary";

/// Returns a home with nothing wrong: the program is installed there.
fn healthy() -> Home {
    let home = Home::new();
    home.run(["install"]).success();
    home
}

/// Returns the findings of `doctor --json` with additional variables and arguments. Checks that no secret appears and
/// that the exit code is right.
fn diagnose(home: &Home, variables: &[(&str, &str)], args: &[&str]) -> Vec<Value> {
    let mut command = home.program(["doctor", "--json"]);
    command.args(args).envs(variables.iter().copied());
    let done = command.write_stdin("").assert();
    let (out, err) = (stdout(&done), stderr(&done));
    assert!(!out.contains(CANARY) && !err.contains(CANARY), "{out}{err}");
    let report: Value = serde_json::from_str(&out).expect(&err);
    assert_eq!(report["version"], 1);
    let findings = report["findings"].as_array().expect("an array").clone();
    let is_wrong =
        |finding: &&Value| finding["severity"] != "note" && finding.get("fixed") != Some(&json!(true));
    assert_eq!(
        done.get_output().status.code(),
        Some(i32::from(findings.iter().any(|found| is_wrong(&found)))),
        "{out}"
    );
    for finding in &findings {
        for name in ["finding", "severity", "what", "why", "mend"] {
            let text = finding[name].as_str().expect(name);
            assert!(!text.is_empty() && !text.contains('%'), "{name}: {finding}");
        }
    }
    findings
}

/// Returns the findings of this kind.
fn of_kind<'f>(findings: &'f [Value], word: &str) -> Vec<&'f Value> {
    findings.iter().filter(|finding| finding["finding"] == word).collect()
}

/// Returns the severity of the only finding of this kind.
fn severity(home: &Home, variables: &[(&str, &str)], word: &str) -> Option<String> {
    let findings = diagnose(home, variables, &[]);
    let found = of_kind(&findings, word);
    assert!(found.len() < 2, "{found:?}");
    found.first().map(|finding| finding["severity"].as_str().expect("a word").to_owned())
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

fn config_with(home: &Home, text: &str) {
    write(&home.docker_config(), text);
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
}

#[cfg(unix)]
fn mode_of(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).expect("there").permissions().mode() & 0o777
}

fn data_folder(home: &Home) -> PathBuf {
    home.vault().parent().expect("a folder").to_owned()
}

#[test]
fn a_healthy_setup_has_only_a_note_about_the_key_holder() {
    let home = healthy();
    home.bring("ci", "registry.example", "bob", "canary-secret", &[]).success();
    let findings = diagnose(&home, &[], &[]);
    let words: Vec<_> = findings.iter().map(|finding| finding["finding"].as_str().expect("a word")).collect();
    assert_eq!(words, ["key-holder"]);
    assert!(findings[0]["why"].as_str().expect("a text").contains("whole home"));
    let list = stdout(&home.run(["doctor"]).success().stderr(""));
    assert!(list.starts_with("note  the key file has the key of the vault\n"), "{list}");
    assert!(list.ends_with("\nnothing is wrong\n") && list.contains("  fix: "), "{list}");
}

#[test]
fn findings_are_sorted_by_severity_and_a_problem_exits_with_1() {
    let home = Home::new();
    config_with(&home, "{");
    home.bring("old", "ghcr.io", "bob", "canary-secret", &["--expires", "2020-01-01"]).success();
    let done = home.run(["doctor"]).code(1);
    let heads: Vec<_> = stdout(&done)
        .lines()
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(heads, ["problem", "warning", "note"]);
    assert_eq!(stderr(&done), "docker-credential-pat: error: 2 things are wrong\n");
}

#[test]
fn an_empty_home_has_two_findings_and_a_missing_folder_fails() {
    let home = Home::new();
    let findings = diagnose(&home, &[], &[]);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(of_kind(&findings, "no-vault").len() == 1 && of_kind(&findings, "not-installed").len() == 1);
    let homeless = home.program(["doctor"]).env("HOME", "/nonexistent").assert().code(1);
    assert!(stdout(&homeless).contains("there is no vault: neither HOME nor the user database names a home"));
    let nowhere = home.path().join("nowhere");
    let args = ["doctor", "--scan", nowhere.to_str().expect("UTF-8")];
    home.run(args).code(1).stdout("");
}

#[test]
fn each_state_of_a_clients_file_has_its_finding() {
    let plain = r#"{"auths":{"https://bob:canary@ghcr.io":{"auth":"Ym9iOmNhbmFyeQ=="}},"credsStore":"pat"}"#;
    for (text, word, want) in [
        (r#"{"credsStore":"pat"}"#, "client-file-unreadable", None),
        (r#"{"credsStore":"pat""#, "client-file-unreadable", Some("problem")),
        (r#"{"credsStore":1}"#, "client-file-unreadable", Some("problem")),
        (r#"{"credsStore":"pat"}"#, "not-installed", None),
        (r#"{"credHelpers":{"ghcr.io":"pat"}}"#, "not-installed", None),
        (r#"{"credsStore":"desktop"}"#, "not-installed", Some("warning")),
        ("{}", "not-installed", Some("warning")),
        (r#"{"credsStore":"pat","auths":{"ghcr.io":{}}}"#, "plain-text-login", None),
        (plain, "plain-text-login", Some("warning")),
        (r#"{"credsStore":"pat","credHelpers":{"ghcr.io":"gh"}}"#, "other-helper", Some("warning")),
        (r#"{"credsStore":"pat","credHelpers":{"quay.io":"gh"}}"#, "other-helper", Some("note")),
        (r#"{"credsStore":"pat","credHelpers":{"ghcr.io":"ecr-login"}}"#, "other-helper", Some("note")),
        (
            r#"{"credsStore":"pat","credHelpers":{"1.dkr.ecr.eu-west-1.amazonaws.com":"ecr-login"}}"#,
            "other-helper",
            None,
        ),
        (r#"{"credsStore":"pat","credHelpers":{"us-docker.pkg.dev":"gcloud"}}"#, "other-helper", None),
        (r#"{"credsStore":"pat","credHelpers":{"ghcr.io":""}}"#, "other-helper", None),
        (r#"{"credsStore":"desktop","credHelpers":{"ghcr.io":"pat"}}"#, "other-helper", Some("note")),
        (r#"{"credsStore":"pat"}"#, "other-helper", None),
    ] {
        let home = Home::new();
        home.bring("ci", "ghcr.io", "bob", "canary-secret", &[]).success();
        config_with(&home, text);
        assert_eq!(severity(&home, &[], word).as_deref(), want, "{word}: {text}");
    }
}

#[test]
fn a_lost_setup_is_reported_with_the_install_command() {
    let home = Home::new();
    let auth = home.path().join("auth.json");
    let auth_text = auth.to_str().expect("UTF-8");
    let variables = [("REGISTRY_AUTH_FILE", auth_text)];
    let args = ["install", "--podman", "--registry", "ghcr.io"];
    home.program(args).envs(variables).assert().success();
    assert_eq!(severity(&home, &variables, "set-up-lost"), None);
    // podman logout --all leaves this.
    write(&auth, r#"{"auths":{}}"#);
    let findings = diagnose(&home, &variables, &[]);
    let lost = of_kind(&findings, "set-up-lost");
    assert_eq!(lost.len(), 1);
    assert_eq!(lost[0]["mend"], "docker-credential-pat install --podman --registry ghcr.io");
    assert!(of_kind(&findings, "not-installed").is_empty());
    fs::remove_file(&auth).expect("removed");
    assert_eq!(severity(&home, &variables, "set-up-lost").as_deref(), Some("warning"));
    home.program(args).envs(variables).assert().success();
    assert_eq!(severity(&home, &variables, "set-up-lost"), None);
    home.program(["uninstall", "--podman"]).envs(variables).assert().success();
    assert_eq!(severity(&home, &variables, "set-up-lost"), None);

    let home = healthy();
    config_with(&home, r#"{"credsStore":"desktop"}"#);
    let findings = diagnose(&home, &[], &[]);
    assert_eq!(of_kind(&findings, "set-up-lost")[0]["mend"], "docker-credential-pat install");
}

#[test]
fn plain_text_in_podmans_file_and_in_backups_is_reported() {
    let home = healthy();
    let auth = home.path().join("auth.json");
    let variables = [("REGISTRY_AUTH_FILE", auth.to_str().expect("UTF-8"))];
    let login = r#"{"auths":{"ghcr.io":{"auth":"Ym9iOmNhbmFyeQ=="}}}"#;
    write(&auth, login);
    let findings = diagnose(&home, &variables, &[]);
    let plain = of_kind(&findings, "plain-text-login");
    assert_eq!(plain[0]["mend"], "docker-credential-pat import --podman --remove");
    write(&auth, "{}");
    assert_eq!(severity(&home, &variables, "plain-text-login"), None);
    assert_eq!(severity(&home, &[], "plain-text-backup"), None);
    write(&home.path().join(".docker/config.json.bak"), login);
    assert_eq!(severity(&home, &[], "plain-text-backup").as_deref(), Some("warning"));
    write(&home.path().join(".docker/config.json.bak"), "[not json");
    assert_eq!(severity(&home, &[], "plain-text-backup"), None);
}

#[test]
fn logins_in_docker_auth_config_are_reported() {
    let home = healthy();
    let json = r#"{"auths":{"ghcr.io":{"auth":"canary"}}}"#;
    for (text, want) in [(json, Some("warning")), ("", None)] {
        let variables = [("DOCKER_AUTH_CONFIG", text)];
        assert_eq!(severity(&home, &variables, "auth-config-variable").as_deref(), want);
    }
}

#[cfg(unix)]
#[test]
fn each_helper_name_is_searched_for_in_path() {
    let home = healthy();
    config_with(&home, r#"{"credsStore":"pat","credHelpers":{"ghcr.io":"pat-work"}}"#);
    let (first, second) = (home.path().join("first"), home.path().join("second"));
    fs::create_dir_all(&first).expect("made");
    fs::create_dir_all(&second).expect("made");
    let path = std::env::join_paths([&first, &second]).expect("a list").into_string().expect("UTF-8");
    let words = || {
        let words = ["program-not-found", "program-not-executable", "another-program"];
        let findings = diagnose(&home, &[("PATH", &path)], &[]);
        words.map(|word| of_kind(&findings, word).len())
    };
    assert_eq!(words(), [2, 0, 0], "neither name is there");
    let link = second.join("docker-credential-pat");
    std::os::unix::fs::symlink(program(), &link).expect("linked");
    assert_eq!(words(), [1, 0, 0], "the profile's is not");
    std::os::unix::fs::symlink("docker-credential-pat", second.join("docker-credential-pat-work"))
        .expect("linked");
    assert_eq!(words(), [0, 0, 0]);
    let other = first.join("docker-credential-pat");
    write(&other, "#!/bin/sh\n");
    set_mode(&other, 0o644);
    assert_eq!(words(), [0, 0, 0], "a file that is not executable is skipped");
    set_mode(&other, 0o755);
    assert_eq!(words(), [0, 0, 1]);
    fs::remove_file(&link).expect("removed");
    fs::remove_file(second.join("docker-credential-pat-work")).expect("removed");
    set_mode(&other, 0o644);
    assert_eq!(words(), [1, 1, 0]);
}

#[cfg(unix)]
#[test]
fn files_open_to_others_are_reported_and_fix_closes_them() {
    let home = healthy();
    home.store("ghcr.io", "bob", "canary-secret");
    let (vault, key) = (home.vault(), home.key());
    let login = r#"{"credsStore":"pat","auths":{"ghcr.io":{"auth":"Ym9iOmNhbmFyeQ=="}}}"#;
    config_with(&home, login);
    set_mode(&home.docker_config(), 0o600);
    assert!(of_kind(&diagnose(&home, &[], &[]), "plain-text-open-to-others").is_empty());
    for (path, mode) in
        [(&vault, 0o644), (&key, 0o640), (&data_folder(&home), 0o755), (&home.docker_config(), 0o644)]
    {
        set_mode(path, mode);
    }
    let findings = diagnose(&home, &[], &[]);
    assert_eq!(of_kind(&findings, "open-to-others").len(), 2, "vault and folder");
    assert_eq!(of_kind(&findings, "key-open-to-others").len(), 1);
    assert_eq!(of_kind(&findings, "plain-text-open-to-others")[0]["severity"], "problem");
    assert_eq!(of_kind(&findings, "vault-not-opened").len(), 1, "the key is not accepted");
    let done = home.run(["doctor"]).code(1);
    assert!(stderr(&done).contains("hint: docker-credential-pat doctor --fix fixes 3 of them"));
    let findings = diagnose(&home, &[], &["--fix"]);
    for (word, want) in [("open-to-others", true), ("key-open-to-others", true), ("plain-text-login", false)]
    {
        assert!(of_kind(&findings, word).iter().all(|finding| finding["fixed"] == want), "{word}");
    }
    assert_eq!([mode_of(&vault), mode_of(&key), mode_of(&data_folder(&home))], [0o600, 0o600, 0o700]);
    assert_eq!(mode_of(&home.docker_config()), 0o644, "a client's file stays as it is");
    assert_eq!(fs::read_to_string(home.docker_config()).expect("there"), login);
    let findings = diagnose(&home, &[], &[]);
    assert!(
        of_kind(&findings, "open-to-others").is_empty() && of_kind(&findings, "vault-not-opened").is_empty()
    );
}

/// A command that prints the key may be in the folder of the key file.
#[cfg(unix)]
#[test]
fn fix_keeps_the_executable_bit() {
    let home = healthy();
    home.store("ghcr.io", "bob", "canary-secret");
    let command = home.key().with_file_name("key-command");
    fs::write(&command, "#!/bin/sh\n").expect("written");
    set_mode(&command, 0o755);
    let findings = diagnose(&home, &[], &["--fix"]);
    assert_eq!(of_kind(&findings, "key-open-to-others")[0]["fixed"], true);
    assert!(
        of_kind(&findings, "key-open-to-others")[0]["mend"].as_str().expect("text").starts_with("chmod 700 ")
    );
    assert_eq!(mode_of(&command), 0o700);
}

#[cfg(unix)]
#[test]
fn files_of_another_user_are_reported() {
    let home = healthy();
    assert_eq!(severity(&home, &[], "of-another-user"), None);
    // Only root may change the owner.
    if std::os::unix::fs::chown(home.vault(), Some(12345), None).is_ok() {
        assert_eq!(severity(&home, &[], "of-another-user").as_deref(), Some("warning"));
    }
}

#[test]
fn leftover_files_are_reported_and_fix_removes_them() {
    let home = healthy();
    home.store("ghcr.io", "bob", "canary-secret");
    let half = data_folder(&home).join("vault.new");
    let daily_warnings = data_folder(&home).join("warned");
    let renewed = home.key().with_file_name("key.renewed");
    write(&half, "x");
    assert_eq!(severity(&home, &[], "half-written-file"), None, "another process may be writing it");
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    fs::File::options().write(true).open(&half).expect("open").set_modified(long_ago).expect("set");
    write(&daily_warnings.join("1.2026-01-01"), "");
    write(&daily_warnings.join("99.2026-01-01"), "");
    let other = healthy();
    fs::copy(other.key(), &renewed).expect("copied");
    close(&[&half, &daily_warnings]);
    let words = ["half-written-file", "old-warning", "left-renewal"];
    let findings = diagnose(&home, &[], &[]);
    for word in words {
        assert_eq!(of_kind(&findings, word)[0]["severity"], "note", "{word}");
    }
    assert!(half.exists() && renewed.exists(), "nothing is removed without --fix");
    let findings = diagnose(&home, &[], &["--fix"]);
    for word in words {
        assert_eq!(of_kind(&findings, word)[0]["fixed"], true, "{word}");
    }
    assert!(!half.exists() && !renewed.exists() && !daily_warnings.join("99.2026-01-01").exists());
    assert!(daily_warnings.join("1.2026-01-01").exists());
    let findings = diagnose(&home, &[], &[]);
    assert!(words.iter().all(|word| of_kind(&findings, word).is_empty()));
    assert_eq!(home.get("ghcr.io"), common::found("bob", "canary-secret"));
}

/// Makes files that a test wrote private to their owner.
fn close(paths: &[&Path]) {
    #[cfg(unix)]
    for path in paths {
        set_mode(path, if path.is_dir() { 0o700 } else { 0o600 });
    }
    #[cfg(not(unix))]
    let _ = paths;
}

#[test]
fn fix_keeps_the_key_of_an_unfinished_renewal() {
    let home = healthy();
    let renewed = home.key().with_file_name("key.renewed");
    fs::rename(home.key(), &renewed).expect("renamed");
    let findings = diagnose(&home, &[], &["--fix"]);
    assert!(of_kind(&findings, "left-renewal").is_empty() && renewed.exists());
}

#[test]
fn an_unusable_vault_is_reported_and_the_clients_are_still_checked() {
    type Spoil = fn(&mut Vec<u8>);
    let spoils: [(&str, Spoil); 4] = [
        ("vault-damaged", |bytes| bytes.clear()),
        ("vault-damaged", |bytes| {
            bytes.pop();
        }),
        ("vault-damaged", |bytes| bytes[0] ^= 1),
        ("vault-of-another-version", |bytes| {
            let at = bytes.windows(2).position(|pair| pair == b" 1").expect("the version") + 1;
            bytes[at] = b'9';
        }),
    ];
    for (word, spoil) in spoils {
        let home = healthy();
        home.store("ghcr.io", "bob", "canary-secret");
        assert_eq!(severity(&home, &[], word), None);
        let mut bytes = fs::read(home.vault()).expect("there");
        spoil(&mut bytes);
        fs::write(home.vault(), bytes).expect("written");
        config_with(&home, "{");
        let findings = diagnose(&home, &[], &[]);
        assert_eq!(of_kind(&findings, word).len(), 1, "{word}: {findings:?}");
        assert_eq!(of_kind(&findings, "client-file-unreadable").len(), 1);
    }
    let home = healthy();
    fs::remove_file(home.vault()).expect("removed");
    fs::create_dir(home.vault()).expect("made");
    assert_eq!(severity(&home, &[], "vault-unreadable").as_deref(), Some("problem"));
}

#[test]
fn each_state_of_the_key_holders_has_its_finding() {
    let home = healthy();
    home.store("ghcr.io", "bob", "canary-secret");
    let passphrase = home.path().join("passphrase");
    write(&passphrase, "canary of the vault\n");
    close(&[&passphrase]);
    let variables = [("DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE", passphrase.to_str().expect("UTF-8"))];
    assert_eq!(severity(&home, &[], "stray-key"), None);
    let path = passphrase.to_str().expect("UTF-8");
    home.run(["key", "add", "passphrase", "--passphrase-file", path]).success();
    assert_eq!(of_kind(&diagnose(&home, &[], &[]), "key-holder").len(), 2);
    let key = fs::read(home.key()).expect("there");
    // The key file is gone, though the vault names it: only the passphrase opens it, and doctor never asks for one.
    fs::remove_file(home.key()).expect("removed");
    let findings = diagnose(&home, &[], &[]);
    assert_eq!(of_kind(&findings, "key-holder-fails")[0]["severity"], "warning");
    assert_eq!(of_kind(&findings, "vault-locked")[0]["severity"], "note");
    assert!(
        of_kind(&diagnose(&home, &variables, &[]), "vault-locked").is_empty(),
        "the file has the passphrase"
    );
    fs::write(home.key(), &key).expect("written");
    close(&[&home.key()]);
    home.program(["key", "remove", "key-file"]).envs(variables).assert().success();
    // A copy of the key appears again.
    fs::write(home.key(), &key).expect("written");
    close(&[&home.key()]);
    assert_eq!(severity(&home, &[], "stray-key").as_deref(), Some("warning"));
}

#[test]
fn a_vault_without_its_key_is_a_problem() {
    let home = healthy();
    home.store("ghcr.io", "bob", "canary-secret");
    assert_eq!(severity(&home, &[], "vault-not-opened"), None);
    fs::remove_file(home.key()).expect("removed");
    assert_eq!(severity(&home, &[], "vault-not-opened").as_deref(), Some("problem"));
    // The key of another vault does not open it either.
    let other = healthy();
    fs::copy(other.key(), home.key()).expect("copied");
    assert_eq!(severity(&home, &[], "vault-not-opened").as_deref(), Some("problem"));
}

#[test]
fn each_state_of_a_token_has_its_finding() {
    type Case<'c> = (&'c str, &'c str, &'c str, &'c str, &'c [&'c str], Option<&'c str>);
    let cases: &[Case<'_>] = &[
        ("token-expired", "ghcr.io", "bob", "canary-1", &["--expires", "2020-01-01"], Some("warning")),
        ("token-expired", "ghcr.io", "bob", "canary-1", &["--expires", "30d"], None),
        ("token-ends-soon", "ghcr.io", "bob", "canary-1", &["--expires", "3d"], Some("warning")),
        ("token-ends-soon", "ghcr.io", "bob", "canary-1", &["--expires", "30d"], None),
        ("token-never-ends", "ghcr.io", "bob", "ghp_canary", &[], Some("note")),
        ("token-never-ends", "ghcr.io", "bob", "ghp_canary", &["--expires", "30d"], None),
        ("token-never-ends", "registry.example", "bob", "canary", &[], None),
        ("password", "docker.io", "bob", "canary", &[], Some("warning")),
        ("password", "docker.io", "bob", "dckr_pat_canary", &[], None),
        ("password", "registry.example", "bob", "canary", &[], None),
        ("password", "acme-docker.pkg.coding.net", "bob", "canary", &[], Some("warning")),
        ("password", "registry.cn-hangzhou.aliyuncs.com", "bob", "canary", &[], None),
        ("token-opens-nothing", "registry.gitlab.com", "bob", "glrt-canary", &[], Some("problem")),
        ("token-opens-nothing", "registry.gitlab.com", "bob", "glpat-canary", &[], None),
        (
            "user-name-is-token",
            "registry.digitalocean.com",
            "dop_v1_canary_for_both",
            "dop_v1_canary_for_both",
            &[],
            None,
        ),
        ("user-name-is-token", "ghcr.io", "bob", "canary", &[], None),
        ("token-unused", "ghcr.io", "bob", "canary", &[], None),
    ];
    for (word, registry, user, secret, more, want) in cases {
        let home = healthy();
        home.bring("ci", registry, user, secret, more).success();
        let findings = diagnose(&home, &[], &[]);
        let found = of_kind(&findings, word);
        assert_eq!(found.first().map(|found| found["severity"].as_str().expect("a word")), *want, "{word}");
        assert!(found.iter().all(|found| found["token"] == "ci"), "{found:?}");
    }
}

#[test]
fn names_made_of_secrets_are_not_shown() {
    let home = healthy();
    home.store("ghcr.io", "ghp_canary_for_a_user_name", "canary");
    for kind in ["user-name-is-token", "name-is-token"] {
        assert_eq!(severity(&home, &[], kind).as_deref(), Some("problem"), "{kind}");
    }
    let home = healthy();
    assert_eq!(severity(&home, &[], "registry-is-token"), None);
    home.store("ghcr.io/ghp_canary_for_a_registry", "bob", "secret");
    assert_eq!(severity(&home, &[], "registry-is-token").as_deref(), Some("problem"));
    let home = healthy();
    assert_eq!(severity(&home, &[], "key-with-password"), None);
    home.store("https://bob:canary@registry.example/v1/", "bob", "secret");
    assert_eq!(severity(&home, &[], "key-with-password").as_deref(), Some("problem"));
}

#[test]
fn the_warning_days_of_get_apply_to_doctor() {
    let home = healthy();
    home.bring("ci", "registry.example", "bob", "canary", &["--expires", "20d"]).success();
    for (days, want) in [("7", None), ("30", Some("warning")), ("0", None)] {
        let variables = [("DOCKER_CREDENTIAL_PAT_WARN_DAYS", days)];
        assert_eq!(severity(&home, &variables, "token-ends-soon").as_deref(), want, "{days}");
    }
}

#[test]
fn one_secret_in_two_tokens_is_reported_once() {
    let home = healthy();
    home.bring("one", "registry.example", "bob", "canary", &[]).success();
    home.bring("two", "other.example", "bob", "canary-2", &[]).success();
    assert_eq!(severity(&home, &[], "same-secret"), None);
    home.bring("three", "third.example", "bob", "canary", &[]).success();
    let findings = diagnose(&home, &[], &[]);
    let found = of_kind(&findings, "same-secret");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["what"], "tokens \"one\" and \"three\" have the same secret");
}

#[test]
fn too_many_tokens_of_one_account_are_reported() {
    let home = healthy();
    for (prefix, limit) in [("dckr_pat_", 20), ("dckr_oat_", 10)] {
        for number in 0..limit {
            let (name, secret) = (format!("{prefix}{number}"), format!("{prefix}canary{number}"));
            home.bring(&name, "docker.io", "acme", &secret, &[]).success();
        }
        let before = of_kind(&diagnose(&home, &[], &[]), "many-tokens").len();
        home.bring(&format!("{prefix}more"), "docker.io", "Acme", &format!("{prefix}canary"), &[]).success();
        assert_eq!(of_kind(&diagnose(&home, &[], &[]), "many-tokens").len(), before + 1, "{prefix}");
    }
}

#[test]
fn a_damaged_secret_is_reported_with_its_token() {
    let home = healthy();
    home.bring("ci", "registry.example", "bob", "canary", &[]).success();
    assert_eq!(severity(&home, &[], "secret-damaged"), None);
    let mut bytes = fs::read(home.vault()).expect("there");
    // The encrypted secrets are the last bytes of the file.
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(home.vault(), bytes).expect("written");
    let findings = diagnose(&home, &[], &[]);
    assert_eq!(of_kind(&findings, "secret-damaged")[0]["token"], "ci", "{findings:?}");
}

#[cfg(feature = "scan")]
mod scan {
    use super::*;

    const PREFIXED: &str = "ghp_canaryAbCdEfGhIjKl0123";

    /// Returns path, line and kind of each finding below a folder, except notes.
    fn scan(home: &Home, folder: &Path) -> Vec<(String, u64, String)> {
        let findings = diagnose(home, &[], &["--scan", folder.to_str().expect("UTF-8")]);
        let mut found: Vec<_> = findings
            .iter()
            .filter(|finding| finding["severity"] != "note")
            .map(|finding| {
                let path = Path::new(finding["path"].as_str().unwrap_or_default());
                let path = path.strip_prefix(folder).unwrap_or(path).display().to_string();
                let word = finding["finding"].as_str().expect("a word").to_owned();
                (path, finding["line"].as_u64().unwrap_or_default(), word)
            })
            .collect();
        found.sort();
        found
    }

    #[test]
    fn secrets_and_tokens_are_found_with_their_lines() {
        let home = Home::new();
        home.bring("ci", "registry.example", "bob", "canary-of-the-vault", &[]).success();
        let tree = tempfile::tempdir().expect("a folder");
        let tree = tree.path();
        assert_eq!(scan(&home, tree), []);
        write(&tree.join("src/a.txt"), "harmless\nx = canary-of-the-vault\n");
        write(&tree.join(".env"), &format!("\n\nTOKEN={PREFIXED}\n"));
        // bob:canary-of-the-vault
        write(&tree.join("config.json"), "{\"auth\":\"Ym9iOmNhbmFyeS1vZi10aGUtdmF1bHQ=\"}");
        write(&tree.join("binary"), &format!("\0{PREFIXED}"));
        write(&tree.join(".gitignore"), "ignored\n");
        write(&tree.join("ignored/a"), PREFIXED);
        write(&tree.join(".git/config"), PREFIXED);
        write(&tree.join("short"), "ghp_canary");
        let is = |path: &str, line: u64, word: &str| (path.to_owned(), line, word.to_owned());
        let want = [
            is(".env", 3, "token-in-file"),
            is("config.json", 1, "secret-in-file"),
            is("src/a.txt", 2, "secret-in-file"),
        ];
        assert_eq!(scan(&home, tree), want);
        // A single file is searched even when it is ignored.
        assert_eq!(scan(&home, &tree.join("ignored/a")).len(), 1);
    }

    #[test]
    fn a_secret_across_two_windows_is_found() {
        let home = Home::new();
        home.bring("ci", "registry.example", "bob", "canary-of-the-vault", &[]).success();
        let tree = tempfile::tempdir().expect("a folder");
        for start in [64 * 1024 - 10, 65 * 1024 - 10, 65 * 1024, 130 * 1024 - 5] {
            let text = "\n".repeat(start) + "canary-of-the-vault" + &"\n".repeat(200_000);
            write(&tree.path().join("a"), &text);
            let want = [("a".to_owned(), start as u64 + 1, "secret-in-file".to_owned())];
            assert_eq!(scan(&home, tree.path()), want, "{start}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_an_unreadable_file_is_reported() {
        let home = Home::new();
        let (tree, elsewhere) =
            (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        write(&elsewhere.path().join("a"), PREFIXED);
        std::os::unix::fs::symlink(elsewhere.path(), tree.path().join("link")).expect("linked");
        std::os::unix::fs::symlink(elsewhere.path().join("a"), tree.path().join("file")).expect("linked");
        assert_eq!(scan(&home, tree.path()), []);
        write(&tree.path().join("closed"), "x");
        set_mode(&tree.path().join("closed"), 0o000);
        // Root reads everything.
        if fs::read(tree.path().join("closed")).is_err() {
            assert_eq!(scan(&home, tree.path())[0].2, "search-incomplete");
        }
    }

    #[test]
    fn a_scan_with_a_locked_vault_finds_tokens_and_reports_the_vault() {
        let home = healthy();
        home.bring("ci", "registry.example", "bob", "canary-of-the-vault", &[]).success();
        fs::remove_file(home.key()).expect("removed");
        let tree = tempfile::tempdir().expect("a folder");
        write(&tree.path().join("a"), &format!("canary-of-the-vault\n{PREFIXED}"));
        let words: Vec<_> = scan(&home, tree.path()).into_iter().map(|(_, _, word)| word).collect();
        assert_eq!(words, ["vault-not-opened", "token-in-file"].map(str::to_owned));
    }
}

#[cfg(not(feature = "scan"))]
#[test]
fn without_the_feature_the_flag_is_refused() {
    let home = Home::new();
    let done = home.run(["doctor", "--scan", "."]).code(1).stdout("");
    assert!(stderr(&done).contains("was built without the search for secrets"));
}

#[cfg(unix)]
#[test]
fn each_installed_client_that_does_not_ask_is_reported() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "bob", "canary-secret", &[]).success();
    let bin = home.path().join("bin");
    let program = |name: &str| {
        common::write_program(&bin.join(name), "#!/bin/sh\n");
    };
    let path = format!("{}:{}", bin.display(), common::program_folder().display());
    let variables = [("PATH", path.as_str())];
    program("podman");
    let findings = diagnose(&home, &variables, &[]);
    let missing = of_kind(&findings, "not-installed");
    assert_eq!(missing[0]["mend"], "docker-credential-pat install --podman");
    write(&home.path().join(".config/containers/registries.conf"), "credential-helpers = [\"pat\"]\n");
    let findings = diagnose(&home, &variables, &[]);
    assert!(
        of_kind(&findings, "not-installed").is_empty() && of_kind(&findings, "client-not-set-up").is_empty()
    );
    program("docker");
    config_with(&home, r#"{"credsStore":"desktop"}"#);
    assert_eq!(severity(&home, &variables, "client-not-set-up").as_deref(), Some("note"));
    let explained = home.program(["explain", "ghcr.io"]).envs(variables).assert().success();
    let line = "Docker does not use this program for ghcr.io: ~/.docker/config.json names \"desktop\"";
    assert!(stderr(&explained).contains(line), "{}", stderr(&explained));
    let podman =
        home.program(["explain", "ghcr.io", "--client", "podman"]).envs(variables).assert().success();
    assert_eq!(stderr(&podman), "");
}

#[cfg(unix)]
#[test]
fn the_snap_of_docker_is_reported() {
    let home = Home::new();
    let bin = home.path().join("snap-bin");
    write(&bin.join("snap"), "#!/bin/sh\n");
    std::os::unix::fs::symlink("snap", bin.join("docker")).expect("linked");
    let path = format!("{}:{}", bin.display(), common::program_folder().display());
    let variables = [("PATH", path.as_str())];
    let login = r#"{"auths":{"ghcr.io":{"auth":"Ym9iOmNhbmFyeQ=="}}}"#;
    write(&home.path().join("snap/docker/current/.docker/config.json"), login);
    let findings = diagnose(&home, &variables, &[]);
    assert_eq!(of_kind(&findings, "docker-from-snap").len(), 1);
    assert!(of_kind(&findings, "plain-text-login")[0]["what"].as_str().expect("a text").contains("ghcr.io"));
    let installed = home.program(["install"]).envs(variables).assert().success();
    assert!(stderr(&installed).contains("a snap"), "{}", stderr(&installed));
}

#[test]
fn plain_text_of_buildx_regctl_and_oras_py_is_reported() {
    let auth = r#"{"auths":{"ghcr.io":{"auth":"Ym9iOmNhbmFyeQ=="}}}"#;
    let regctl = r#"{"hosts":{"ghcr.io":{"user":"bob","pass":"canary"},"quay.io":{"tls":"disabled"}}}"#;
    for (file, text, variable, want) in [
        (".docker/buildx/config/ghcr.io/org@push/config.json", auth, "", "import --remove"),
        (".regctl/config.json", regctl, "", "docker login ghcr.io && regctl registry logout ghcr.io"),
        // oras-py writes there, whatever DOCKER_CONFIG is.
        (".docker/config.json", auth, "elsewhere", "import --file "),
    ] {
        let home = healthy();
        let folder = home.path().join(variable).display().to_string();
        write(&home.path().join(file), text);
        let variables = [("DOCKER_CONFIG", folder.as_str())];
        let variables = if variable.is_empty() { &[][..] } else { &variables[..] };
        let findings = diagnose(&home, variables, &[]);
        let plain = of_kind(&findings, "plain-text-login");
        assert_eq!(plain.len(), 1, "{file}: {findings:?}");
        assert!(plain[0]["mend"].as_str().expect("a text").contains(want), "{plain:?}");
        assert!(
            !plain[0].to_string().contains("canary") && !plain[0].to_string().contains("quay.io"),
            "{plain:?}"
        );
    }
}

#[test]
fn a_file_that_docker_desktop_has_taken_back_is_reported() {
    let home = healthy();
    config_with(&home, r#"{"credsStore":"pat","auths":{},"credSstore":"desktop"}"#);
    let findings = diagnose(&home, &[], &[]);
    let lost = of_kind(&findings, "set-up-lost");
    assert!(lost[0]["why"].as_str().expect("a text").contains("Docker Desktop"), "{lost:?}");
    home.run(["install", "--no-import"]).success();
    assert_eq!(severity(&home, &[], "set-up-lost"), None);
}
