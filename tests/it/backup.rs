//! The vault as a file that a passphrase alone opens, and back.

use std::fs;
use std::path::PathBuf;

use crate::common::{Home, found, stderr};

/// Writes a passphrase to a file, and returns the file.
fn passphrase(home: &Home, text: &str) -> PathBuf {
    let path = home.path().join("passphrase");
    fs::write(&path, text).expect("written");
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
fn everything_comes_back_where_nothing_is() {
    let home = Home::new();
    home.add("pull", "ghcr.io");
    home.add("push", "ghcr.io");
    home.store("quay.io", "bob", "bobs secret");
    home.run(["use", "push", "ghcr.io/acme"]).success();
    home.run(["edit", "pull", "--label", "for CI", "--expires", "never"]).success();
    let file = backup(&home);
    let other = Home::new();
    let told = stderr(&restore(&other, &file, "correct horse", &[]).success());
    assert!(told.starts_with("3 tokens came back"), "{told}");
    assert_eq!(other.tokens(), home.tokens());
    assert_eq!(other.get("ghcr.io/acme/app"), found("me", "secret of push"));
    assert_eq!(other.get("quay.io"), found("bob", "bobs secret"));
}

#[test]
fn a_backup_holds_no_secret_in_the_open_and_only_its_passphrase_opens_it() {
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
    let told = stderr(&restore(&other, &file, "correct horses", &[]).code(1));
    assert!(told.contains("not the vault's passphrase"), "{told}");
    assert!(!other.vault().exists());
}

#[test]
fn what_is_here_stays_and_another_secret_is_told() {
    let home = Home::new();
    home.add("same", "ghcr.io");
    home.add("other", "quay.io");
    home.add("new", "docker.io");
    let file = backup(&home);
    home.run(["rm", "new"]);
    home.program(["rotate", "other", "--secret-stdin"]).write_stdin("rotated").assert().success();
    let asked = stderr(&restore(&home, &file, "correct horse", &[]).code(1));
    assert!(asked.contains("--yes"), "{asked}");
    let told = stderr(&restore(&home, &file, "correct horse", &["--yes"]).success());
    assert!(told.contains("\"other\" has another secret here, which stays"), "{told}");
    assert!(told.contains("here already: \"same\""), "{told}");
    assert_eq!(home.get("quay.io"), found("me", "rotated"));
    assert_eq!(home.get("docker.io"), found("me", "secret of new"));
}

#[test]
fn one_token_that_does_not_open_keeps_all_from_coming() {
    let home = Home::new();
    home.add("one", "ghcr.io");
    home.add("two", "quay.io");
    let file = backup(&home);
    let whole = fs::read(&file).expect("the backup");
    let other = Home::new();
    for place in [whole.len() - 1, whole.len() / 2, 40, whole.len() - 20] {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&file, changed).expect("written");
        restore(&other, &file, "correct horse", &[]).code(1);
        assert!(!other.vault().exists(), "byte {place}");
    }
    fs::write(&file, &whole[..whole.len() - 5]).expect("written");
    restore(&other, &file, "correct horse", &[]).code(1);
}

#[test]
fn nothing_else_is_overwritten_and_the_vault_is_no_backup() {
    let home = Home::new();
    home.add("ci", "ghcr.io");
    let vault = fs::read(home.vault()).expect("the vault");
    let passphrase = passphrase(&home, "correct horse");
    let notes = home.path().join("notes");
    fs::write(&notes, "my notes").expect("written");
    for in_the_way in [&notes, &home.vault(), &home.key(), &home.path().to_owned()] {
        let mut program = home.program(["backup"]);
        program.arg(in_the_way).arg("--passphrase-file").arg(&passphrase);
        program.assert().code(1);
    }
    assert_eq!(fs::read(&notes).expect("there"), b"my notes");
    let beside = home.path().join("monday.new");
    fs::write(&beside, "my notes").expect("written");
    let mut program = home.program(["backup"]);
    program.arg(home.path().join("monday")).arg("--passphrase-file").arg(&passphrase).assert().code(1);
    assert_eq!(fs::read(&beside).expect("there"), b"my notes");
    assert_eq!(fs::read(home.vault()).expect("there"), vault);
    let told = stderr(&restore(&home, &home.vault(), "correct horse", &["--yes"]).code(1));
    assert!(told.contains("no passphrase opens it"), "{told}");
    restore(&home, &home.path().join("nowhere"), "correct horse", &[]).code(1);
    // An earlier backup is replaced.
    backup(&home);
    backup(&home);
}

#[test]
fn a_vault_that_a_passphrase_alone_opens_is_no_backup_either() {
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
    let told = stderr(&program.env("DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE", &file).assert().code(1));
    assert!(told.contains("is no backup"), "{told}");
    assert_eq!(fs::read(home.vault()).expect("there"), vault);
}

#[test]
fn without_a_vault_there_is_no_backup_and_none_is_made() {
    let home = Home::new();
    let mut program = home.program(["backup", "b"]);
    program.current_dir(home.path()).arg("--passphrase-file").arg(passphrase(&home, "correct horse"));
    let told = stderr(&program.assert().code(1));
    assert!(told.contains("there is no vault yet"), "{told}");
    assert!(!home.vault().exists() && !home.path().join("b").exists());
}
