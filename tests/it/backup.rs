//! `backup` and `restore`.

use std::fs;
use std::path::PathBuf;

use crate::common;
use crate::common::{Home, found, stderr};

/// Writes a passphrase to a file, and returns the file.
fn passphrase(home: &Home, text: &str) -> PathBuf {
    let path = home.path().join("passphrase");
    fs::write(&path, text).expect("written");
    common::make_private(&path);
    path
}

/// Makes a backup of the vault in this home, and returns the file.
fn backup(home: &Home) -> PathBuf {
    let file = home.path().join("backup");
    let mut program = home.program(["backup"]);
    program.arg(&file).arg("--passphrase-file").arg(passphrase(home, "correct horse\n"));
    program.assert().success();
    file
}

fn restore(home: &Home, file: &PathBuf, text: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut program = home.program(["restore"]);
    program.arg(file).arg("--passphrase-file").arg(passphrase(home, text)).args(more);
    program.assert()
}

#[test]
fn a_restore_into_an_empty_home_restores_everything() {
    let home = Home::new();
    home.add("pull", "ghcr.io");
    home.add("push", "ghcr.io");
    home.store("quay.io", "bob", "bobs secret");
    home.run(["use", "push", "ghcr.io/acme"]).success();
    home.run(["edit", "pull", "--label", "for CI", "--expires", "never"]).success();
    let file = backup(&home);
    let other = Home::new();
    let message = stderr(&restore(&other, &file, "correct horse", &[]).success());
    assert!(message.starts_with("3 tokens restored"), "{message}");
    assert_eq!(other.tokens(), home.tokens());
    assert_eq!(other.get("ghcr.io/acme/app"), found("me", "secret of push"));
    assert_eq!(other.get("quay.io"), found("bob", "bobs secret"));
}

#[test]
fn a_backup_is_encrypted_and_only_its_passphrase_opens_it() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let file = backup(&home);
    let bytes = fs::read(&file).expect("the backup");
    assert!(!String::from_utf8_lossy(&bytes).contains("secret of"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
    let other = Home::new();
    let message = stderr(&restore(&other, &file, "correct horses", &[]).code(1));
    assert!(message.contains("not the backup's passphrase"), "{message}");
    assert!(!other.vault().exists());
}

#[test]
fn a_restore_brings_back_the_previous_secret_too() {
    let home = Home::new();
    home.bring("ci", "ghcr.io", "me", "first", &[]).success();
    home.program(["rotate", "ci", "--secret-stdin"]).write_stdin("second").assert().success();
    let file = backup(&home);
    let other = Home::new();
    restore(&other, &file, "correct horse", &[]).success();
    assert_eq!(other.get("ghcr.io"), found("me", "second"));
    other.run(["rotate", "ci", "--undo"]).success();
    assert_eq!(other.get("ghcr.io"), found("me", "first"));
}

#[test]
fn a_restore_keeps_existing_tokens_and_reports_other_secrets() {
    let home = Home::new();
    home.add("same", "ghcr.io");
    home.add("other", "quay.io");
    home.add("new", "docker.io");
    let file = backup(&home);
    home.run(["rm", "new", "--yes"]);
    home.program(["rotate", "other", "--secret-stdin"]).write_stdin("rotated").assert().success();
    let refusal = stderr(&restore(&home, &file, "correct horse", &[]).code(1));
    assert!(refusal.contains("--yes"), "{refusal}");
    let message = stderr(&restore(&home, &file, "correct horse", &["--yes"]).success());
    assert!(message.contains("\"other\" has another secret here, which stays"), "{message}");
    assert!(message.contains("here already: \"same\""), "{message}");
    assert_eq!(home.get("quay.io"), found("me", "rotated"));
    assert_eq!(home.get("docker.io"), found("me", "secret of new"));
}

#[test]
fn a_damaged_backup_restores_nothing() {
    let home = Home::new();
    home.add("one", "ghcr.io");
    home.add("two", "quay.io");
    let file = backup(&home);
    let whole = fs::read(&file).expect("the backup");
    let other = Home::new();
    for at in [whole.len() - 1, whole.len() / 2, 40, whole.len() - 20] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(&file, changed).expect("written");
        let message = stderr(&restore(&other, &file, "correct horse", &[]).code(1));
        assert!(!other.vault().exists(), "byte {at}");
        assert!(
            message.contains(&format!("the backup {} is damaged", file.display())),
            "byte {at}: {message}"
        );
        assert!(message.contains("nothing was changed") && !message.contains("mv "), "byte {at}: {message}");
    }
    fs::write(&file, &whole[..whole.len() - 5]).expect("written");
    let message = stderr(&restore(&other, &file, "correct horse", &[]).code(1));
    assert!(message.contains(&format!("the backup {} is damaged", file.display())), "{message}");
}

#[test]
fn a_file_that_is_not_a_backup_is_named_as_one() {
    let home = Home::new();
    let file = home.path().join("notes");
    for text in ["", "my notes", "docker-credential-pat\n"] {
        fs::write(&file, text).expect("written");
        let message = stderr(&restore(&home, &file, "correct horse", &[]).code(1));
        assert!(message.contains("notes is not a backup of this program"), "{text:?}: {message}");
        assert!(
            message.contains("name a file that `docker-credential-pat backup` wrote"),
            "{text:?}: {message}"
        );
    }
    let message = stderr(&restore(&home, &home.path().to_owned(), "correct horse", &[]).code(1));
    assert!(message.contains("is not a backup of this program"), "a folder: {message}");
    assert_eq!(fs::read(&file).expect("there"), b"docker-credential-pat\n");
}

#[test]
fn a_backup_overwrites_only_backups_and_a_vault_cannot_be_restored() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let vault = fs::read(home.vault()).expect("the vault");
    let passphrase = passphrase(&home, "correct horse");
    let notes = home.path().join("notes");
    fs::write(&notes, "my notes").expect("written");
    for path in [&notes, &home.vault(), &home.key(), &home.path().to_owned()] {
        let mut program = home.program(["backup"]);
        program.arg(path).arg("--passphrase-file").arg(&passphrase);
        program.assert().code(1);
    }
    assert_eq!(fs::read(&notes).expect("there"), b"my notes");
    let temporary = home.path().join("monday.new");
    fs::write(&temporary, "my notes").expect("written");
    let mut program = home.program(["backup"]);
    program.arg(home.path().join("monday")).arg("--passphrase-file").arg(&passphrase).assert().code(1);
    assert_eq!(fs::read(&temporary).expect("there"), b"my notes");
    assert_eq!(fs::read(home.vault()).expect("there"), vault);
    let message = stderr(&restore(&home, &home.vault(), "correct horse", &["--yes"]).code(1));
    assert!(message.contains("no passphrase opens it"), "{message}");
    restore(&home, &home.path().join("nowhere"), "correct horse", &[]).code(1);
    // An earlier backup is replaced.
    backup(&home);
    backup(&home);
}

#[test]
fn a_vault_that_only_a_passphrase_opens_is_not_overwritten() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let file = passphrase(&home, "its own");
    let mut program = home.program(["key", "add", "passphrase"]);
    program.arg("--passphrase-file").arg(&file).assert().success();
    let mut program = home.program(["key", "remove", "key-file"]);
    program.env("DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE", &file).assert().success();
    let vault = fs::read(home.vault()).expect("the vault");
    let mut program = home.program(["backup"]);
    program.arg(home.vault()).arg("--passphrase-file").arg(&file);
    let message = stderr(&program.env("DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE", &file).assert().code(1));
    assert!(message.contains("is not a backup"), "{message}");
    assert_eq!(fs::read(home.vault()).expect("there"), vault);
}

#[test]
fn without_a_vault_a_backup_fails_and_makes_no_vault() {
    let home = Home::new();
    let mut program = home.program(["backup", "b"]);
    program.current_dir(home.path()).arg("--passphrase-file").arg(passphrase(&home, "correct horse"));
    let message = stderr(&program.assert().code(1));
    assert!(message.contains("there is no vault yet"), "{message}");
    assert!(!home.vault().exists() && !home.path().join("b").exists());
    // No passphrase is asked for first.
    let message = stderr(&home.run(["backup", "b"]).code(1));
    assert!(message.contains("there is no vault yet"), "{message}");
    home.add("ci", "ghcr.io");
    let message = stderr(&home.run(["backup", "nowhere/b"]).code(1));
    assert!(message.contains("there is no folder ") && message.contains("hint: mkdir -p "), "{message}");
}
