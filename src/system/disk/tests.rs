//! Tests that a replaced file remains what it is, and of the check before that.

#![cfg(unix)]

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use tempfile::tempdir;

use crate::model::hint::Hint;
use crate::system::disk::{DiskError, LastLink, check_replaceable, replace, without_links};
use crate::system::sanitize::error_chain;

/// The variable with the file that a copy of the test checks in a mount namespace.
const MOUNTED_FILE: &str = "DISK_TEST_MOUNTED_FILE";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_file_is_created_at_the_end_of_links() {
    let root = tempdir().expect("a folder");
    let root = root.path().canonicalize().expect("it exists");
    let [links, targets] = ["links", "targets"].map(|name| root.join(name));
    fs::create_dir_all(&links).and_then(|()| fs::create_dir(&targets)).expect("folders");
    symlink("../targets/file", links.join("relative")).expect("a link");
    symlink(links.join("relative"), links.join("chain")).expect("a link");
    symlink(&links, root.join("linked-folder")).expect("a link");
    let file = targets.join("file");
    for name in ["links/relative", "links/chain", "linked-folder/chain"] {
        let path = root.join(name);
        check_replaceable(&path, LastLink::Followed).expect(name);
        assert!(!file.exists(), "{name}: the check creates nothing");
        for content in ["new", "newer"] {
            replace(&path, content.as_bytes(), 0o600).expect(name);
            assert_eq!(fs::read_to_string(&file).expect(name), content);
            assert!(path.is_symlink(), "{name} is still a link");
            assert_eq!(without_links(&path), file);
        }
        assert_eq!(names(&targets), ["file"]);
        fs::remove_file(&file).expect(name);
    }
}

#[test]
fn a_link_that_leads_nowhere_is_an_error_and_stays() {
    let root = tempdir().expect("a folder");
    let path = |name: &str| root.path().join(name);
    symlink("loop", path("loop")).expect("a link");
    symlink("missing/file", path("no-folder")).expect("a link");
    for name in ["loop", "no-folder"] {
        let error = replace(&path(name), b"x", 0o600).expect_err(name);
        let is_missing_folder = matches!(error, DiskError::NoFolder { .. });
        assert!(is_missing_folder || matches!(error, DiskError::Write { .. }), "{name}: {error}");
        assert!(path(name).is_symlink(), "{name}");
    }
    assert!(check_replaceable(&path("loop"), LastLink::Followed).is_err());
    assert_eq!(names(root.path()), ["loop", "no-folder"]);
}

#[test]
fn a_file_keeps_its_group_and_its_mode() {
    if !is_root() {
        eprintln!("skipped: only root may choose any group");
        return;
    }
    let root = tempdir().expect("a folder");
    let path = root.path().join("file");
    fs::write(&path, "old").expect("a file");
    for mode in [0o660, 0o640, 0o600, 0o400] {
        chown(&path, None, Some(12345)).expect("root may");
        replace(&path, b"new", mode).expect("it is replaced");
        let metadata = fs::metadata(&path).expect("it exists");
        assert_eq!((metadata.gid(), metadata.permissions().mode() & 0o7777), (12345, mode));
    }
}

#[test]
fn a_group_that_is_not_permitted_gets_no_access() {
    let root = tempdir().expect("a folder");
    let path = root.path().join("file");
    // No process may give a file to this id.
    super::write_new(&path, b"x", 0o664, Some(u32::MAX - 1)).expect("it is written");
    let metadata = fs::metadata(&path).expect("it exists");
    let want = if metadata.gid() == u32::MAX - 1 { 0o664 } else { 0o604 };
    assert_eq!(metadata.permissions().mode() & 0o7777, want);
}

#[test]
fn the_check_changes_nothing() {
    let root = tempdir().expect("a folder");
    let path = root.path().join("file");
    check_replaceable(&path, LastLink::Followed).expect("it can be created");
    check_replaceable(&root.path().join("no/such/folder/file"), LastLink::Followed)
        .expect("its folders can be created");
    assert_eq!(names(root.path()), [""; 0]);
    fs::write(&path, "content").expect("a file");
    fs::hard_link(&path, root.path().join("other")).expect("a link");
    let before = fs::metadata(&path).expect("it exists");
    check_replaceable(&path, LastLink::Followed).expect("it can be replaced");
    let after = fs::metadata(&path).expect("it exists");
    assert_eq!((before.ino(), before.nlink(), before.mtime_nsec()), (after.ino(), 2, after.mtime_nsec()));
    assert_eq!(names(root.path()), ["file", "other"]);
    assert!(matches!(check_replaceable(root.path(), LastLink::Followed), Err(DiskError::NotAFile { .. })));
    assert!(check_replaceable(&path.join("below"), LastLink::Followed).is_err(), "below a file");
}

#[test]
fn a_folder_that_is_not_writable_fails_the_check() {
    if is_root() {
        eprintln!("skipped: root may write anywhere");
        return;
    }
    let root = tempdir().expect("a folder");
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o500)).expect("chmod");
    for name in ["file", "folder/file"] {
        let error = check_replaceable(&root.path().join(name), LastLink::Followed).expect_err(name);
        assert!(error.hint().is_some_and(|hint| hint.contains("make its folder writable")), "{name}");
    }
}

#[test]
fn a_file_that_is_mounted_fails_the_check() {
    if let Some(path) = env::var_os(MOUNTED_FILE) {
        let error = check_replaceable(Path::new(&path), LastLink::Followed).expect_err("it is mounted");
        println!("{}; hint: {}", error_chain(&error), error.hint().unwrap_or_default());
        return;
    }
    let root = tempdir().expect("a folder");
    for name in ["file", "below/file", "linked"] {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        if name == "linked" {
            symlink("file", &path).expect("a link");
        } else {
            fs::write(&path, "x").expect(name);
        }
    }
    fs::write(root.path().join("other"), "").expect("a file");
    for (name, mount, cause, hint) in [
        ("file", "mount --bind other file", "it is mounted by itself", "mount its folder"),
        ("linked", "mount --bind other file", "it is mounted by itself", "mount its folder"),
        (
            "file",
            "mount --bind file file && mount -o remount,bind,ro file",
            "it is mounted by itself",
            "mount its folder",
        ),
        (
            "below/file",
            "mount --bind below below && mount -o remount,bind,ro below",
            "Read-only file system",
            "mount its file system for writing",
        ),
        (
            "below/new",
            "mount -t tmpfs -o ro none below",
            "Read-only file system",
            "mount its file system for writing",
        ),
        (
            "below/no/new",
            "mount -t tmpfs -o ro none below",
            "Read-only file system",
            "mount its file system for writing",
        ),
    ] {
        let script = format!(
            "cd \"$1\" && {mount} || exit 77; exec \"$2\" --exact --nocapture \
             system::disk::tests::a_file_that_is_mounted_fails_the_check"
        );
        let done = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script, "sh"])
            .args([root.path(), &env::current_exe().expect("this program")])
            .env(MOUNTED_FILE, root.path().join(name))
            .output();
        let Some(done) = done.ok().filter(|done| !matches!(done.status.code(), Some(1 | 77))) else {
            eprintln!("skipped: this user may not mount");
            return;
        };
        let output = String::from_utf8_lossy(&done.stdout);
        assert!(
            done.status.success() && output.contains(cause) && output.contains(hint),
            "{mount}: {output}"
        );
        assert!(!output.contains("make its folder writable"), "{output}");
        assert_eq!(names(&root.path().join("below")), ["file"]);
    }
}
