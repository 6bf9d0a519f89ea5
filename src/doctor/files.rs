//! Whose the files of this program are, who else may read them, and what is left over among them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::doctor::keys::OpenedContents;
use crate::doctor::{Fact, Findings, Repair, Rule, Severity};
use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;
use crate::system::disk;
use crate::vault::store::VaultStore;

/// What a write leaves that was killed halfway.
const HALF_WRITTEN: [&str; 4] = ["vault.new", "key.new", "key.renewed.new", "setup.json.new"];

/// A file that is being written is not left over yet, in seconds.
const WRITING_SECONDS: i64 = 60;

static OPEN: Rule = Rule {
    word: "open-to-others",
    severity: Severity::Warning,
    what: "%1 is open to other users (mode %2)",
    why: "they can see which tokens you have, and copy the vault or put another in its place",
    mend: "chmod %3 %1",
    repair: Some(Repair::Close),
};
static KEY_OPEN: Rule = Rule {
    word: "key-open-to-others",
    severity: Severity::Problem,
    why: "whoever has read it can open the vault, so it is not accepted; if others use this machine, renew the \
          tokens too",
    ..OPEN
};
static OTHERS: Rule = Rule {
    word: "of-another-user",
    what: "%1 belongs to another user (id %2)",
    why: "that user can change it, and you may come to be shut out; sudo makes such files",
    mend: "sudo chown -R \"$(id -un)\" %1",
    repair: None,
    ..OPEN
};
static HALF: Rule = Rule {
    word: "half-written-file",
    severity: Severity::Note,
    what: "%1 is left of a write that was broken off",
    why: "nothing needs it",
    mend: "docker-credential-pat doctor --fix",
    repair: Some(Repair::Remove),
};
static OLD_WARNING: Rule =
    Rule { word: "old-warning", what: "%1 remembers a warning about a token that is gone", ..HALF };

/// Looks at the folders of vault and key and at all that is in them.
pub fn check(store: &VaultStore, contents: Option<&OpenedContents>, now: Timestamp, findings: &mut Findings) {
    for folder in [store.path(), store.key_file().path()].into_iter().filter_map(Path::parent) {
        look_at(folder, &OPEN, findings);
        for path in disk::entries(folder) {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            look_at(&path, if name.starts_with("key") { &KEY_OPEN } else { &OPEN }, findings);
            if HALF_WRITTEN.contains(&name) && is_old(&path, now) {
                findings.add(&HALF, &[Fact::Path(&path)]);
            }
        }
    }
    if let Some(contents) = contents {
        let is_here = |id: TokenId| contents.inventory.tokens().iter().any(|token| token.id == id);
        for path in store.daily_warnings().strays(is_here) {
            findings.add(&OLD_WARNING, &[Fact::Path(&path)]);
        }
    }
}

/// Looks at whose a file or folder is, and by this rule at who else may use it.
pub(super) fn look_at(path: &Path, rule: &'static Rule, findings: &mut Findings) {
    let Ok(metadata) = fs::metadata(path) else { return };
    if let Some(owner) = disk::other_owner(&metadata) {
        findings.add(&OTHERS, &[Fact::Path(path), Fact::Text(&owner.to_string())]);
    }
    let mode = disk::mode(&metadata);
    if cfg!(unix) && mode & 0o077 != 0 {
        let [mode, closed] = [format!("{mode:04o}"), format!("{:o}", disk::private_mode(&metadata))];
        findings.add(rule, &[Fact::Path(path), Fact::Text(&mode), Fact::Text(&closed)]);
    }
}

fn is_old(path: &Path, now: Timestamp) -> bool {
    let changed = fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let changed = changed.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    changed.is_some_and(|since| now.0.saturating_sub_unsigned(since.as_secs()) >= WRITING_SECONDS)
}
