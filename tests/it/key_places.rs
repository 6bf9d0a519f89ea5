//! Keys and passphrases in files elsewhere, the place of a key command, and the messages that name the key's place.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use assert_cmd::assert::Assert;
use serde_json::Value;

use crate::common;
use crate::common::{Home, found, make_private, stderr, stdout};

const PASSPHRASE_FILE: &str = "DOCKER_CREDENTIAL_PAT_PASSPHRASE_FILE";

fn home() -> Home {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    home
}

fn write(home: &Home, name: &str, text: &str, mode: u32) -> PathBuf {
    let path = home.path().join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("chmod");
    path
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// Returns the kinds of findings about a path.
fn findings_about(path: &Path, doctor: &Assert) -> Vec<String> {
    let answer: Value = serde_json::from_str(&stdout(doctor)).expect("JSON");
    let findings = answer["findings"].as_array().expect("an array").iter();
    findings
        .filter(|finding| finding["path"] == text(path))
        .map(|finding| finding["finding"].as_str().expect("a word").to_owned())
        .collect()
}

#[test]
fn a_spare_key_within_reach_of_others_is_named_and_still_opens_the_vault() {
    let home = home();
    let spare = write(&home, "elsewhere/spare", &stdout(&home.run(["key", "make"]).success()), 0o644);
    let added = stderr(&home.run(["key", "add", "file", text(&spare)]).success());
    assert!(added.contains("spare is open to other users (mode 0644) (chmod 600 "), "{added}");
    home.run(["key", "remove", "key-file"]).success();
    assert_eq!(home.get("ghcr.io"), found("me", "secret"));
    assert_eq!(findings_about(&spare, &home.run(["doctor", "--json"])), ["key-open-to-others"]);
    make_private(&spare);
    assert!(findings_about(&spare, &home.run(["doctor", "--json"])).is_empty());
    assert!(!stderr(&home.run(["key", "add", "file", text(&spare)]).success()).contains("other users"));
    if std::os::unix::fs::chown(&spare, Some(12_345), None).is_ok() {
        assert_eq!(findings_about(&spare, &home.run(["doctor", "--json"])), ["of-another-user"]);
        let added = stderr(&home.run(["key", "add", "file", text(&spare)]).success());
        assert!(added.contains("spare belongs to another user (id 12345)"), "{added}");
    }
}

#[test]
fn a_passphrase_file_within_reach_of_others_is_named() {
    let home = home();
    let file = write(&home, "elsewhere/passphrase", "correct horse battery\n", 0o640);
    let backup = home.path().join("copy");
    for args in [
        ["key", "add", "passphrase", "--passphrase-file", text(&file)].as_slice(),
        &["backup", text(&backup), "--passphrase-file", text(&file)],
        &["restore", text(&backup), "--passphrase-file", text(&file), "--yes"],
    ] {
        let said = stderr(&home.program([]).args(args).assert().success());
        assert!(
            said.contains("passphrase is open to other users (mode 0640) (chmod 600 "),
            "{args:?}: {said}"
        );
    }
    let doctor = || home.program(["doctor", "--json"]).env(PASSPHRASE_FILE, &file).assert();
    assert_eq!(findings_about(&file, &doctor()), ["key-open-to-others"]);
    make_private(&file);
    assert!(findings_about(&file, &doctor()).is_empty());
}

#[test]
fn a_key_command_with_a_bare_name_is_never_found_in_the_working_directory() {
    let home = home();
    let spare = write(&home, "spare", &stdout(&home.run(["key", "make"]).success()), 0o600);
    let script = |name: &str, mark: &str| {
        let (path, mark) = (home.path().join(name), home.path().join(mark));
        let text = format!("#!/bin/sh\n: > '{}'\nexec cat '{}'\n", mark.display(), spare.display());
        common::write_program(&path, text);
        path
    };
    script("work/give-key", "wrong");
    script("work/sub/give-key", "wrong");
    let good = script("bin/give-key", "right");
    let bin = text(good.parent().expect("a folder")).to_owned();
    let add = |path: &str| {
        let mut add = home.program(["key", "add", "command", "give-key"]);
        add.env("PATH", path).current_dir(home.path().join("work")).assert()
    };
    for path in
        ["", ".", ":/usr/bin:/bin", "/usr/bin:/bin:", ".:/usr/bin:/bin", "sub:/usr/bin:/bin", "./sub:/bin"]
    {
        let said = stderr(&add(path).code(1));
        assert!(said.contains("cannot find the program give-key"), "{path}: {said}");
    }
    add(&format!(":.:sub:{bin}:/usr/bin:/bin")).success();
    assert!(home.path().join("right").exists() && !home.path().join("wrong").exists());
}

#[test]
fn restore_and_unlock_name_the_place_of_the_key() {
    let home = home();
    let file = write(&home, "elsewhere/passphrase", "correct horse battery\n", 0o600);
    let backup = home.path().join("copy");
    home.run(["backup", text(&backup), "--passphrase-file", text(&file)]).success();
    let said = stderr(&home.run(["unlock"]).success());
    assert!(said.contains("its key is in the key file ~/.config/docker-credential-pat/key ("), "{said}");
    let other = Home::new();
    let said = stderr(&other.run(["restore", text(&backup), "--passphrase-file", text(&file)]).success());
    let want =
        "the vault opens with the key file ~/.config/docker-credential-pat/key, not with the passphrase";
    assert!(said.contains(want), "{said}");
}
