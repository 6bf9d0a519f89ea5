//! The vault on disk: for any change to its bytes, no answer is wrong and nothing that can be rescued is lost.

use std::fs;
use std::path::Path;

use crate::common;
use crate::common::{Home, found};

const SECRET: &str = "ghp_canary";

fn home_with_vault() -> Home {
    let home = Home::new();
    home.store("ghcr.io", "alice", SECRET);
    home
}

/// Calls every verb on a vault that has changed: each returns an error that names the file, and none
/// overwrites it.
fn assert_refused(home: &Home, case: &str) {
    let before = fs::read(home.vault()).ok();
    for (verb, input) in [
        ("get", "ghcr.io".to_owned()),
        ("list", String::new()),
        ("erase", "ghcr.io".to_owned()),
        ("store", common::credentials("quay.io", "bob", "b")),
    ] {
        let output = home.call(verb, input).code(1).get_output().clone();
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let names_a_file =
            stdout.contains("docker-credential-pat/vault") || stdout.contains("docker-credential-pat/key");
        assert!(names_a_file, "{case}, {verb}: {stdout}");
        assert!(stderr.contains("hint: "), "{case}, {verb}: {stderr}");
        assert_ne!(stdout, common::NOT_FOUND, "{case}, {verb}: a client would continue without credentials");
        assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "{case}, {verb}");
        assert_eq!(fs::read(home.vault()).ok(), before, "{case}, {verb}: the file is left as it is");
    }
}

#[test]
fn a_truncated_vault_is_refused_at_every_length() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    // Calls every verb at some lengths, and `get` at every length.
    for length in 0..whole.len() {
        fs::write(home.vault(), &whole[..length]).expect("written");
        if length % 40 == 0 {
            assert_refused(&home, &format!("cut to {length} bytes"));
        } else {
            let message = home.get("ghcr.io").expect_err("no answer");
            assert!(message.contains("docker-credential-pat/vault"), "cut to {length} bytes: {message}");
        }
    }
    fs::write(home.vault(), [whole.as_slice(), b"\n"].concat()).expect("written");
    assert_refused(&home, "one byte longer");
    fs::write(home.vault(), &whole).expect("written");
    assert_eq!(home.get("ghcr.io"), found("alice", SECRET));
}

#[test]
fn a_flipped_bit_never_gives_a_wrong_secret_or_user() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    let mut answered = 0;
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(home.vault(), &flipped).expect("written");
        match home.get("ghcr.io") {
            Ok(answer) => {
                assert_eq!(Ok(answer), found("alice", SECRET), "byte {at}");
                answered += 1;
            }
            Err(message) => assert!(message.contains("docker-credential-pat/vault"), "byte {at}: {message}"),
        }
        // A store is refused, or leaves the secret that does not open, with an error for that secret.
        home.call("store", common::credentials("quay.io", "bob", "b"));
        let is_unchanged = fs::read(home.vault()).expect("the vault") == flipped;
        let answer = home.get("ghcr.io");
        let is_reported =
            answer.as_ref().is_err_and(|message| message.contains("the secret of token \"alice@ghcr.io\""));
        assert!(is_unchanged || is_reported || answer == found("alice", SECRET), "byte {at}: {answer:?}");
    }
    // Only the two checksums may change: the tags protect the rest.
    assert_eq!(answered, 8);
}

#[test]
fn a_flipped_bit_never_changes_a_listing() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    for at in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x20;
        fs::write(home.vault(), &flipped).expect("written");
        let output = home.call("list", "").get_output().clone();
        let stdout = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) => assert_eq!(stdout, "{\"ghcr.io\":\"alice\"}\n", "byte {at}"),
            _ => assert!(stdout.contains("docker-credential-pat/vault"), "byte {at}: {stdout}"),
        }
    }
}

#[test]
fn a_file_that_is_not_a_vault_of_this_version_is_refused() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    let digit = whole.iter().position(|byte| *byte == b'1').expect("the version");
    let mut newer = whole.clone();
    newer[digit] = b'4';
    fs::write(home.vault(), newer).expect("written");
    assert_refused(&home, "a newer version");
    let message = home.get("ghcr.io").expect_err("no answer");
    assert!(message.contains("has format 4, and this program knows format 3"), "{message}");
    for other in ["", "{}", "docker-credential-pat vault 1\n", "docker-credential-pat vault x\n"] {
        fs::write(home.vault(), other).expect("written");
        assert_refused(&home, other);
    }
    fs::remove_file(home.vault()).expect("removed");
    fs::create_dir(home.vault()).expect("a folder");
    assert_refused(&home, "a folder");
}

#[test]
fn a_wrong_or_missing_key_is_refused_and_no_key_is_made() {
    let home = home_with_vault();
    let other = home_with_vault();
    let key = fs::read(home.key()).expect("the key");
    fs::copy(other.key(), home.key()).expect("copied");
    let message = home.get("ghcr.io").expect_err("no answer");
    assert!(message.contains("the key does not belong to the vault"), "{message}");
    fs::remove_file(home.key()).expect("removed");
    let message = home.get("ghcr.io").expect_err("no answer");
    assert!(
        message.contains("key is missing") || message.contains("key file") && message.contains("is missing"),
        "{message}"
    );
    home.call("store", common::credentials("quay.io", "bob", "b")).code(1);
    assert!(!home.key().exists(), "a new key would bury the old vault");
    assert_eq!(home.list(), serde_json::json!({ "ghcr.io": "alice" }), "names need no key");
    fs::write(home.key(), &key[..key.len() - 1]).expect("written");
    common::make_private(&home.key());
    assert!(home.get("ghcr.io").expect_err("no answer").contains("is not a key file"));
    fs::write(home.key(), key).expect("written");
    assert_eq!(home.get("ghcr.io"), found("alice", SECRET));
}

#[test]
fn a_new_vault_uses_the_existing_key_file() {
    let home = home_with_vault();
    let key = fs::read(home.key()).expect("the key");
    fs::remove_file(home.vault()).expect("removed");
    home.store("ghcr.io", "alice", "new");
    assert_eq!(fs::read(home.key()).expect("the key"), key);
    assert_eq!(home.get("ghcr.io"), found("alice", "new"));
}

#[test]
fn a_secret_of_an_earlier_vault_does_not_open_in_a_later_one() {
    // The ciphertexts of one vault in another with the same key: the lengths match, the tags do not.
    let home = home_with_vault();
    let first = fs::read(home.vault()).expect("the vault");
    home.store("ghcr.io", "alice", "ghp_CANARY");
    let mut second = fs::read(home.vault()).expect("the vault");
    // The last ciphertext is the previous secret.
    let start = second.len() - 2 * SECRET.len();
    second[start..start + SECRET.len()].copy_from_slice(&first[first.len() - SECRET.len()..]);
    fs::write(home.vault(), second).expect("written");
    let message = home.get("ghcr.io").expect_err("no answer");
    assert!(message.contains("the secret of token \"alice@ghcr.io\""), "{message}");
    home.store("ghcr.io", "alice", "mended");
    assert_eq!(home.get("ghcr.io"), found("alice", "mended"), "a login mends it");
}

#[test]
fn no_file_contains_a_secret_in_plain_text() {
    let home = home_with_vault();
    for path in [home.vault(), home.key()] {
        let bytes = fs::read(path).expect("the file");
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }
}

#[test]
fn the_published_vaults_give_the_recorded_answers() {
    for name in ["vault-1", "vault-1-choices", "vault-1-remote", "vault-3"] {
        let home = Home::new();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        for (name, path) in [("vault", home.vault()), ("key", home.key())] {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::copy(fixture.join(name), &path).expect("copied");
            common::make_private(&path);
        }
        let answers = fs::read(fixture.join("answers.json")).expect("the answers");
        let answers: serde_json::Value = serde_json::from_slice(&answers).expect("JSON");
        home.assert_lists(&answers);
        for (verb, profile) in [("get", None), ("get_under_work", Some("work"))] {
            for (key, answer) in answers[verb].as_object().into_iter().flatten() {
                let mut program = home.program(["get"]);
                let command = program.envs(profile.map(|name| ("DOCKER_CREDENTIAL_PAT_PROFILE", name)));
                let output = command.write_stdin(key.as_str()).output().expect("it runs");
                let answered: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
                for name in ["Username", "Secret"] {
                    // A request of unknown direction now gets the token that may pull and push.
                    let is_changed = key.starts_with("reg.example") && answer[name] == "read secret";
                    let want = if is_changed { &serde_json::json!("write secret") } else { &answer[name] };
                    assert_eq!(answered[name], *want, "{verb} {key}");
                }
            }
        }
        let doctor = home.program(["doctor", "--json"]).output().expect("it runs");
        let report: serde_json::Value = serde_json::from_slice(&doctor.stdout).expect("JSON");
        let findings = report["findings"].as_array().into_iter().flatten();
        let stopped: Vec<_> = findings
            .filter(|found| found["finding"] == "rotation-stopped")
            .map(|found| &found["token"])
            .collect();
        assert_eq!(
            stopped,
            answers["stopped"].as_array().into_iter().flatten().collect::<Vec<_>>(),
            "{name}"
        );
        home.store("new.example", "alice", "still writable");
        assert_eq!(home.get("new.example"), found("alice", "still writable"));
    }
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let home = home_with_vault();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for path in [home.vault(), home.key()] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().expect("a folder")), 0o700, "{}", path.display());
    }
    fs::set_permissions(home.vault(), fs::Permissions::from_mode(0o644)).expect("chmod");
    assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "the vault alone reveals no secret");
    home.store("quay.io", "bob", "b");
    assert_eq!(mode(&home.vault()), 0o600, "the next change mends it");
    fs::set_permissions(home.key(), fs::Permissions::from_mode(0o644)).expect("chmod");
    let message = home.get("ghcr.io").expect_err("no answer");
    assert!(message.contains("is open to other users (mode 0644)"), "{message}");
}

#[cfg(unix)]
#[test]
fn a_vault_that_is_a_link_is_changed_at_its_target() {
    let home = home_with_vault();
    let elsewhere = home.path().join("elsewhere");
    fs::rename(home.vault(), &elsewhere).expect("moved");
    std::os::unix::fs::symlink(&elsewhere, home.vault()).expect("linked");
    home.store("quay.io", "bob", "b");
    assert!(home.vault().is_symlink());
    assert_eq!(home.get("ghcr.io"), found("alice", SECRET));
    assert_eq!(home.get("quay.io"), found("bob", "b"));
    fs::remove_file(&elsewhere).expect("removed");
    assert_refused(&home, "a link to nothing");
}
