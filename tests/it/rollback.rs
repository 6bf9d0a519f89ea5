//! An older copy that is put in the place of the vault, and old copies that a change of holders leaves.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::common::{Home, NOT_FOUND, credentials, found, make_private, stderr, stdout};

const WARNING: &str = "the vault was replaced by an older copy";

fn record(home: &Home) -> PathBuf {
    home.key().with_file_name("vaults")
}

/// Returns what `doctor` finds about an older copy.
fn finding(home: &Home) -> Option<String> {
    let answer: Value = serde_json::from_str(&stdout(&home.run(["doctor", "--json"]))).expect("JSON");
    let mut findings = answer["findings"].as_array().expect("an array").iter();
    let found = findings.find(|finding| finding["finding"] == "vault-replaced")?;
    assert_eq!(found["severity"], "warning");
    Some(found["what"].as_str().expect("a text").to_owned())
}

/// Returns a vault with three changes, and the files after the second and the third.
fn home_with_copies() -> (Home, Vec<u8>, Vec<u8>) {
    let home = Home::new();
    home.add("one", "ghcr.io");
    home.add("two", "quay.io");
    let older = fs::read(home.vault()).expect("the vault");
    // Neither an id nor a turn is given to anything.
    home.run(["edit", "one", "--label", "new"]).success();
    let newer = fs::read(home.vault()).expect("the vault");
    (home, older, newer)
}

#[test]
fn an_older_copy_is_named_by_doctor_and_once_by_the_next_change_and_never_by_get() {
    let (home, older, newer) = home_with_copies();
    assert_eq!(finding(&home), None);
    fs::write(home.vault(), &older).expect("put back");
    let recorded = fs::read(record(&home)).expect("a record");
    let got = home.call("get", "ghcr.io").success();
    assert_eq!((stderr(&got), home.get("quay.io")), (String::new(), found("me", "secret of two")));
    assert_eq!(home.list().as_object().expect("an object").len(), 2);
    assert_eq!(stderr(&home.run(["ls"]).success()), "");
    home.call("erase", "unknown.example").success().stderr("");
    assert_eq!(fs::read(record(&home)).expect("a record"), recorded, "nothing was changed");
    assert_eq!(fs::read(home.vault()).expect("the vault"), older);
    let what = finding(&home).expect("an older copy");
    assert!(what.contains("(of change 2, and the last one was 3)"), "{what}");
    let said = stderr(&home.run(["edit", "one", "--label", "other"]).success());
    assert!(said.contains(WARNING) && said.contains("of change 2"), "{said}");
    assert_eq!(finding(&home), None, "the copy is the vault now");
    assert!(!stderr(&home.run(["edit", "one", "--label", "more"]).success()).contains(WARNING));
    fs::write(home.vault(), newer).expect("put back");
    assert!(finding(&home).is_some(), "what was newer then is older now");
}

#[test]
fn clients_change_an_older_copy_with_a_line_on_stderr_alone() {
    let (home, older, _) = home_with_copies();
    for (verb, input) in
        [("store", credentials("new.example", "me", "secret")), ("erase", "quay.io".to_owned())]
    {
        fs::write(home.vault(), &older).expect("put back");
        let called = home.call(verb, input.clone()).success().stdout("");
        assert_eq!(stderr(&called).matches(WARNING).count(), 1, "{verb}: {}", stderr(&called));
        assert!(!stderr(&home.call(verb, input).success()).contains(WARNING), "{verb}");
    }
}

#[test]
fn a_change_that_changes_nothing_accepts_an_older_copy_too() {
    let (home, older, _) = home_with_copies();
    home.run(["use", "two"]).success();
    let used = fs::read(home.vault()).expect("the vault");
    home.run(["use", "two"]).success();
    assert_eq!(fs::read(home.vault()).expect("the vault"), used, "a vault without a change keeps its bytes");
    fs::write(home.vault(), older).expect("put back");
    let activate = || stderr(&home.run(["activate", "two"]).success());
    assert!(activate().contains(WARNING));
    assert!(!activate().contains(WARNING));
}

#[test]
fn a_new_vault_a_vault_from_elsewhere_and_one_of_version_0_1_are_not_older_copies() {
    let (home, _, _) = home_with_copies();
    fs::rename(home.vault(), home.vault().with_extension("broken")).expect("moved away");
    let said = stderr(&home.add("again", "ghcr.io"));
    assert!(!said.contains(WARNING) && finding(&home).is_none(), "the same key, and a new vault: {said}");
    let (other, _, _) = home_with_copies();
    fs::write(home.vault(), fs::read(other.vault()).expect("a vault")).expect("put there");
    fs::copy(other.key(), home.key()).expect("with its key");
    assert_eq!(finding(&home), None, "of another machine");
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/vault-1");
    for _ in 0..2 {
        fs::copy(fixture.join("vault"), home.vault()).expect("copied");
        fs::copy(fixture.join("key"), home.key()).expect("copied");
        make_private(&home.key());
        assert_eq!(finding(&home), None, "of version 0.1");
        assert!(!stderr(&home.add("added", "added.example")).contains(WARNING));
        assert_eq!(finding(&home), None);
    }
}

#[test]
fn a_copy_from_before_a_renewal_is_an_older_copy_whatever_opens_it() {
    let (home, _, newest) = home_with_copies();
    let key = fs::read(home.key()).expect("the key");
    let said = stderr(&home.run(["key", "renew"]).success());
    assert!(said.contains("a copy of the vault from before") && said.contains("with the old key"), "{said}");
    assert_eq!(finding(&home), None);
    fs::write(home.vault(), newest).expect("put back");
    fs::write(home.key(), key).expect("put back");
    let what = finding(&home).expect("an older copy");
    assert!(what.contains("of change 3, before its key was renewed"), "{what}");
    assert!(stderr(&home.run(["edit", "one", "--label", "x"]).success()).contains(WARNING));
    assert_eq!(finding(&home), None);
}

#[test]
fn a_record_that_cannot_be_read_or_written_is_not_an_error() {
    let (home, older, _) = home_with_copies();
    fs::remove_file(record(&home)).expect("removed");
    fs::create_dir(record(&home)).expect("made");
    fs::write(home.vault(), older).expect("put back");
    assert_eq!(finding(&home), None);
    let said = stderr(&home.run(["edit", "one", "--label", "x"]).success());
    assert!(!said.contains(WARNING) && !said.contains("error"), "{said}");
}

#[test]
fn a_change_of_holders_says_which_copies_still_open_and_how_that_ends() {
    let home = Home::new();
    home.store("ghcr.io", "me", "secret");
    let file = home.path().join("passphrase");
    fs::write(&file, "correct horse battery").expect("written");
    make_private(&file);
    let file = file.to_string_lossy().into_owned();
    let add = || stderr(&home.run(["key", "add", "passphrase", "--passphrase-file", &file]).success());
    assert!(!add().contains("a copy of the vault from before"), "there was none");
    fs::write(home.vault().with_extension("bak"), "").expect("written");
    let replaced = add();
    let removed = stderr(&home.run(["key", "remove", "passphrase"]).success());
    for (said, opens) in [(replaced, "the passphrase that it had"), (removed, "the passphrase")] {
        let want = format!(
            "docker-credential-pat/vault.bak, in a backup of your files, synced) still opens with {opens}:"
        );
        assert!(said.contains(&want) && said.contains("key renew") && said.contains("rotate NAME"), "{said}");
    }
    assert_ne!(home.get("ghcr.io"), Err(NOT_FOUND.to_owned()));
}
