//! Whose the files of this program are, who else may read them, and what is left over among them.

use crate::checkup::Finding;
use crate::checkup::Repair;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::checkup::keys::Contents;
use crate::disk;
use crate::env;
use crate::keeper::Keeper;
use crate::moment::Moment;
use crate::name::quoted;
use crate::token::TokenId;
use std::fs;
use std::path::Path;

/// What a write leaves that was killed halfway.
const HALF_WRITTEN: [&str; 4] = ["vault.new", "key.new", "key.renewed.new", "setup.json.new"];

/// A file that is being written is not left over yet, in seconds.
const WRITING_SECONDS: i64 = 60;

const OPEN: Rule = Rule {
    word: "open-to-others",
    severity: Severity::Warning,
    what: "% is open to other users (mode %)",
    why: "they can see which tokens you have, and copy the vault or put another in its place",
    mend: "chmod % %",
};
const KEY_OPEN: Rule = Rule {
    word: "key-open-to-others",
    severity: Severity::Problem,
    why: "whoever has read it can open the vault, so it is not accepted; if others use this machine, renew the \
          tokens too",
    ..OPEN
};
const OTHERS: Rule = Rule {
    word: "of-another-user",
    severity: Severity::Warning,
    what: "% belongs to another user (id %)",
    why: "it may become unreadable for you, and that user can change it; sudo makes such files",
    mend: "sudo chown -R \"$(id -un)\" %",
};
const HALF: Rule = Rule {
    word: "half-written-file",
    severity: Severity::Note,
    what: "% is left of a write that was broken off",
    why: "nothing needs it",
    mend: "docker-credential-pat doctor --fix",
};
const OLD_WARNING: Rule = Rule {
    word: "old-warning",
    severity: Severity::Note,
    what: "% remembers a warning about a token that is gone",
    why: "nothing needs it",
    mend: "docker-credential-pat doctor --fix",
};

/// Looks at the folders of vault and key and at all that is in them.
pub fn look(keeper: &Keeper, contents: Option<&Contents>, now: Moment, findings: &mut Vec<Finding>) {
    for folder in [keeper.path(), keeper.key_file().path()].into_iter().filter_map(Path::parent) {
        look_at(folder, &OPEN, Some(()), findings);
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            let is_key = name.to_string_lossy().starts_with("key");
            look_at(&path, if is_key { &KEY_OPEN } else { &OPEN }, Some(()), findings);
            let is_half = HALF_WRITTEN.iter().any(|half| name == *half);
            if is_half && entry.metadata().is_ok_and(|metadata| is_old(&metadata, now)) {
                let found = HALF.found(&[&env::tilde(&path)], &[]).at(&path);
                findings.push(found.mended_by(Repair::Remove));
            }
        }
    }
    if let Some(contents) = contents {
        let is_here = |id: TokenId| contents.inventory.tokens().iter().any(|token| token.id == id);
        for path in keeper.warned().strays(is_here) {
            let found = OLD_WARNING.found(&[&env::tilde(&path)], &[]).at(&path);
            findings.push(found.mended_by(Repair::Remove));
        }
    }
}

/// Looks at whose a file or folder is, and who else may use it; closing it is a repair if that is `ours`.
pub(super) fn look_at(path: &Path, rule: &Rule, ours: Option<()>, findings: &mut Vec<Finding>) {
    let Ok(metadata) = fs::metadata(path) else { return };
    let place = env::tilde(path);
    let typed = path.to_string_lossy();
    let typed = quoted(&typed);
    if let Some(owner) = disk::other_owner(&metadata) {
        findings.push(OTHERS.found(&[&place, &owner.to_string()], &[&typed]).at(path));
    }
    let mode = disk::mode(&metadata);
    if cfg!(unix) && mode & 0o077 != 0 {
        let (closed, digits) =
            if metadata.is_dir() { (disk::PRIVATE_FOLDER, "700") } else { (disk::PRIVATE, "600") };
        let found = rule.found(&[&place, &format!("{mode:04o}")], &[digits, &typed]).at(path);
        findings.push(Finding { repair: ours.map(|()| Repair::Close(closed)), ..found });
    }
}

fn is_old(metadata: &fs::Metadata, now: Moment) -> bool {
    let changed = metadata.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let changed = changed.and_then(|since| i64::try_from(since.as_secs()).ok());
    metadata.is_file() && changed.is_some_and(|at| now.0.saturating_sub(at) >= WRITING_SECONDS)
}
