//! The vault on disk: whatever becomes of its bytes, no wrong secret and nothing lost that could be rescued.

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

/// Calls every verb on a vault that is not as it was written: each gives the right answer or an error
/// that names the file, none overwrites it.
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
        assert_ne!(stdout, common::NOT_FOUND, "{case}, {verb}: a client would go on as if logged out");
        assert!(!stdout.contains(SECRET) && !stderr.contains(SECRET), "{case}, {verb}");
        assert_eq!(fs::read(home.vault()).ok(), before, "{case}, {verb}: the file is left as it is");
    }
}

#[test]
fn a_vault_that_was_cut_is_refused_at_every_length() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    // Every verb at some lengths, `get` at every one.
    for length in 0..whole.len() {
        fs::write(home.vault(), &whole[..length]).expect("written");
        if length % 40 == 0 {
            assert_refused(&home, &format!("cut to {length} bytes"));
        } else {
            let told = home.get("ghcr.io").expect_err("no answer");
            assert!(told.contains("docker-credential-pat/vault"), "cut to {length} bytes: {told}");
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
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 1 << (place % 8);
        fs::write(home.vault(), &flipped).expect("written");
        match home.get("ghcr.io") {
            Ok(answer) => {
                assert_eq!(Ok(answer), found("alice", SECRET), "byte {place}");
                answered += 1;
            }
            Err(told) => assert!(told.contains("docker-credential-pat/vault"), "byte {place}: {told}"),
        }
        // A store into it is refused, or leaves what it cannot open as it is, with its own error.
        home.call("store", common::credentials("quay.io", "bob", "b"));
        let is_left = fs::read(home.vault()).expect("the vault") == flipped;
        let answer = home.get("ghcr.io");
        let is_told =
            answer.as_ref().is_err_and(|told| told.contains("the secret of token \"alice@ghcr.io\""));
        assert!(is_left || is_told || answer == found("alice", SECRET), "byte {place}: {answer:?}");
    }
    // The two checksums alone may change: the key has proven the rest.
    assert_eq!(answered, 8);
}

#[test]
fn a_flipped_bit_in_the_open_part_never_lists_something_else() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    for place in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x20;
        fs::write(home.vault(), &flipped).expect("written");
        let output = home.call("list", "").get_output().clone();
        let stdout = String::from_utf8_lossy(&output.stdout);
        match output.status.code() {
            Some(0) => assert_eq!(stdout, "{\"ghcr.io\":\"alice\"}\n", "byte {place}"),
            _ => assert!(stdout.contains("docker-credential-pat/vault"), "byte {place}: {stdout}"),
        }
    }
}

#[test]
fn what_is_no_vault_of_this_program_is_refused() {
    let home = home_with_vault();
    let whole = fs::read(home.vault()).expect("the vault");
    let digit = whole.iter().position(|byte| *byte == b'1').expect("the version");
    let mut newer = whole.clone();
    newer[digit] = b'2';
    fs::write(home.vault(), newer).expect("written");
    assert_refused(&home, "a newer version");
    let told = home.get("ghcr.io").expect_err("no answer");
    assert!(told.contains("has format 2, and this program knows format 1"), "{told}");
    for other in ["", "{}", "docker-credential-pat vault 1\n", "docker-credential-pat vault x\n"] {
        fs::write(home.vault(), other).expect("written");
        assert_refused(&home, other);
    }
    fs::remove_file(home.vault()).expect("removed");
    fs::create_dir(home.vault()).expect("a folder");
    assert_refused(&home, "a folder");
}

#[test]
fn another_key_or_none_is_refused_and_none_is_made() {
    let home = home_with_vault();
    let other = home_with_vault();
    let key = fs::read(home.key()).expect("the key");
    fs::copy(other.key(), home.key()).expect("copied");
    let told = home.get("ghcr.io").expect_err("no answer");
    assert!(told.contains("the key does not belong to the vault"), "{told}");
    fs::remove_file(home.key()).expect("removed");
    let told = home.get("ghcr.io").expect_err("no answer");
    assert!(
        told.contains("key is missing") || told.contains("key file") && told.contains("is missing"),
        "{told}"
    );
    home.call("store", common::credentials("quay.io", "bob", "b")).code(1);
    assert!(!home.key().exists(), "a new key would bury the old vault");
    assert_eq!(home.list(), serde_json::json!({ "ghcr.io": "alice" }), "names need no key");
    fs::write(home.key(), &key[..key.len() - 1]).expect("written");
    make_private(&home.key());
    assert!(home.get("ghcr.io").expect_err("no answer").contains("is not a key file"));
    fs::write(home.key(), key).expect("written");
    assert_eq!(home.get("ghcr.io"), found("alice", SECRET));
}

#[test]
fn a_vault_made_anew_uses_the_key_that_is_there() {
    let home = home_with_vault();
    let key = fs::read(home.key()).expect("the key");
    fs::remove_file(home.vault()).expect("removed");
    home.store("ghcr.io", "alice", "new");
    assert_eq!(fs::read(home.key()).expect("the key"), key);
    assert_eq!(home.get("ghcr.io"), found("alice", "new"));
}

#[test]
fn a_secret_does_not_open_for_another_token() {
    // Two vaults of one key, the sealed part of one in the other: lengths fit, the tags do not.
    let home = home_with_vault();
    let first = fs::read(home.vault()).expect("the vault");
    home.store("ghcr.io", "alice", "ghp_CANARY");
    let mut second = fs::read(home.vault()).expect("the vault");
    let start = second.len() - SECRET.len();
    second[start..].copy_from_slice(&first[first.len() - SECRET.len()..]);
    fs::write(home.vault(), second).expect("written");
    let told = home.get("ghcr.io").expect_err("no answer");
    assert!(told.contains("the secret of token \"alice@ghcr.io\""), "{told}");
    home.store("ghcr.io", "alice", "mended");
    assert_eq!(home.get("ghcr.io"), found("alice", "mended"), "a login mends it");
}

#[test]
fn no_secret_stands_in_any_file() {
    let home = home_with_vault();
    for path in [home.vault(), home.key()] {
        let bytes = fs::read(path).expect("the file");
        assert!(!bytes.windows(6).any(|window| window == b"canary"));
    }
}

#[test]
fn the_published_vaults_are_read_as_their_answers_say() {
    for name in ["vault-1", "vault-1-choices", "vault-1-remote"] {
        let home = Home::new();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        for (name, path) in [("vault", home.vault()), ("key", home.key())] {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::copy(fixture.join(name), &path).expect("copied");
            make_private(&path);
        }
        let answers = fs::read(fixture.join("answers.json")).expect("the answers");
        let answers: serde_json::Value = serde_json::from_slice(&answers).expect("JSON");
        home.assert_lists(&answers);
        for (verb, profile) in [("get", None), ("get_under_work", Some("work"))] {
            for (key, answer) in answers[verb].as_object().into_iter().flatten() {
                let mut program = home.program(["get"]);
                let asked = program.envs(profile.map(|name| ("DOCKER_CREDENTIAL_PAT_PROFILE", name)));
                let output = asked.write_stdin(key.as_str()).output().expect("it runs");
                let given: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
                for name in ["Username", "Secret"] {
                    assert_eq!(given[name], answer[name], "{verb} {key}");
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
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = home_with_vault();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    for path in [home.vault(), home.key()] {
        assert_eq!(mode(&path), 0o600, "{}", path.display());
        assert_eq!(mode(path.parent().expect("a folder")), 0o700, "{}", path.display());
    }
    fs::set_permissions(home.vault(), fs::Permissions::from_mode(0o644)).expect("chmod");
    assert_eq!(home.get("ghcr.io"), found("alice", SECRET), "the vault alone tells nothing");
    home.store("quay.io", "bob", "b");
    assert_eq!(mode(&home.vault()), 0o600, "the next change mends it");
    fs::set_permissions(home.key(), fs::Permissions::from_mode(0o644)).expect("chmod");
    let told = home.get("ghcr.io").expect_err("no answer");
    assert!(told.contains("is open to other users (mode 0644)"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_and_stays() {
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

fn make_private(path: &Path) {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("chmod");
    #[cfg(not(unix))]
    let _ = path;
}
