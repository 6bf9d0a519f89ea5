//! Checks the owners and permissions of this program's files, and finds those that nothing needs.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::doctor::keys::OpenedContents;
use crate::doctor::{Finding, Repair, Severity, quoted_path};
use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;
use crate::system::{disk, env};
use crate::vault::store::VaultStore;

/// The files that an interrupted write leaves.
const HALF_WRITTEN: [&str; 5] = ["vault.new", "vaults.new", "key.new", "key.renewed.new", "setup.json.new"];

/// The age, in seconds, from which such a file counts as left over: the write of a younger one may still finish.
const WRITING_SECONDS: i64 = 60;

/// Checks the folders of vault and key, and the files in them.
pub fn check(
    store: &VaultStore,
    contents: Option<&OpenedContents>,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    for folder in [store.path(), store.key_file().path()].into_iter().filter_map(Path::parent) {
        check_access(folder, open_to_others, findings);
        for path in disk::entries(folder) {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let finding = if name.starts_with("key") { key_open_to_others } else { open_to_others };
            check_access(&path, finding, findings);
            if HALF_WRITTEN.contains(&name) && is_old(&path, now) {
                let what = format!("{} is left of a write that was broken off", env::tilde(&path));
                findings.push(Finding { kind: "half-written-file", what, ..Finding::about_unneeded(&path) });
            }
        }
    }
    if let Some(contents) = contents {
        let is_here = |id: TokenId| contents.inventory.tokens().iter().any(|token| token.id == id);
        for path in store.warning_record().strays(is_here) {
            let what = format!("{} remembers a warning about a token that is gone", env::tilde(&path));
            findings.push(Finding { kind: "old-warning", what, ..Finding::about_unneeded(&path) });
        }
    }
}

/// Reports a file or folder that belongs to another user or that other users may access. `open_finding` makes the
/// finding for the latter from the path and the mode as texts; it leaves `mend` and `path` empty.
pub(super) fn check_access(
    path: &Path,
    open_finding: impl Fn(&str, &str) -> Finding,
    findings: &mut Vec<Finding>,
) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let (display, argument) = (env::tilde(path), quoted_path(path));
    if let Some(owner) = disk::other_owner(&metadata) {
        findings.push(Finding {
            kind: "of-another-user",
            severity: Severity::Warning,
            what: format!("{display} belongs to another user (id {owner})"),
            why: "that user can change it, and you may come to be shut out; sudo makes such files",
            mend: format!("sudo chown -R \"$(id -un)\" {argument}"),
            ..Finding::about_path(path)
        });
    }
    let mode = disk::mode(&metadata);
    if cfg!(unix) && mode & 0o077 != 0 {
        findings.push(Finding {
            mend: format!("chmod {:o} {argument}", disk::private_mode(&metadata)),
            path: Some(path.to_owned()),
            ..open_finding(&display, &format!("{mode:04o}"))
        });
    }
}

fn open_to_others(path: &str, mode: &str) -> Finding {
    Finding {
        kind: "open-to-others",
        severity: Severity::Warning,
        what: format!("{path} is open to other users (mode {mode})"),
        why: "they can see which tokens you have, and copy the vault or put another in its place",
        repair: Some(Repair::Close),
        ..Finding::default()
    }
}

fn key_open_to_others(path: &str, mode: &str) -> Finding {
    Finding {
        kind: "key-open-to-others",
        severity: Severity::Problem,
        why: "everybody who has read it can open the vault, so it is not accepted; if others use this machine, renew \
              the tokens too",
        ..open_to_others(path, mode)
    }
}

fn is_old(path: &Path, now: Timestamp) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let changed = changed.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    changed.is_some_and(|since| now.0.saturating_sub_unsigned(since.as_secs()) >= WRITING_SECONDS)
}
