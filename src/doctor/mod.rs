//! Checks of the whole setup: the clients, the vault and its key, the tokens.
//!
//! A new check only has to push a [`Finding`] when it finds something. Add the word of a new finding to the list in
//! `docs/json-output.md`.

mod answers;
pub mod clients;
pub mod files;
pub mod keys;
#[cfg(feature = "online")]
pub mod online;
mod other_clients;
pub mod path;
#[cfg(feature = "scan")]
pub mod scan;
mod token_name;
pub mod tokens;

use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use crate::doctor::keys::OpenedContents;
use crate::doctor::tokens::UsageLookup;
use crate::model::hint::program;
use crate::model::name::quoted;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::disk;
use crate::system::disk::DiskError;
use crate::vault::store::VaultStore;

/// The importance of a finding, the worst first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something does not work, or a secret is exposed.
    Problem,
    /// Something will stop working soon, or is less safe than it could be.
    Warning,
    /// Nothing is wrong.
    #[default]
    Note,
}

/// A result of a check, as `doctor --json` shows it. No text in it contains any part of a secret.
#[derive(Debug, Default, Serialize)]
pub struct Finding {
    /// The kind of finding, in words that never change, such as `token-expired`.
    #[serde(rename = "finding")]
    pub kind: &'static str,
    pub severity: Severity,
    pub what: String,
    pub why: &'static str,
    /// The command that fixes the problem, and any other steps.
    pub mend: String,
    /// The name of the token concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The file or folder concerned.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "serialize_lossily")]
    pub path: Option<PathBuf>,
    /// The line in that file, from 1; for findings that count tokens, their number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Present only with `--fix`: true when the problem was fixed.
    #[serde(rename = "fixed", skip_serializing_if = "Option::is_none")]
    pub is_fixed: Option<bool>,
    /// The harmless way to fix the problem, if there is one.
    #[serde(skip)]
    pub repair: Option<Repair>,
}

impl Finding {
    /// Starts a finding about a token.
    pub fn about_token(token: &Token) -> Self {
        Self { token: Some(token_name::display_name(token)), ..Self::default() }
    }

    /// Starts a finding about a file or folder.
    pub fn about_path(path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..Self::default() }
    }

    /// Starts a finding about a file that `--fix` removes.
    pub fn about_unneeded(path: &Path) -> Self {
        Self {
            why: "nothing needs it",
            mend: format!("{} doctor --fix", program()),
            repair: Some(Repair::Remove),
            ..Self::about_path(path)
        }
    }

    /// True for a problem or a warning that was not fixed.
    pub fn is_wrong(&self) -> bool {
        self.severity != Severity::Note && self.is_fixed != Some(true)
    }

    /// Fixes the problem if that can do no harm, and records whether it did.
    pub fn fix(&mut self) -> Result<(), DiskError> {
        self.is_fixed = Some(false);
        let (Some(repair), Some(path)) = (self.repair, &self.path) else { return Ok(()) };
        match repair {
            Repair::Close => disk::make_private(path)?,
            Repair::Remove => disk::remove(path)?,
        }
        self.is_fixed = Some(true);
        Ok(())
    }
}

/// A change to a file or folder that loses nothing and does not change the answer that a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Removes the access of other users.
    Close,
    Remove,
}

/// Checks everything except the files of a source tree. Only `ask_online` uses the network. A part that cannot be
/// checked becomes a finding, and the other parts are still checked.
pub fn check_all(
    store: &VaultStore,
    usage: Option<&UsageLookup<'_>>,
    warning_days: i64,
    now: Timestamp,
    ask_online: impl FnOnce(&OpenedContents, &mut Vec<Finding>),
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let contents = keys::check(store, &mut findings);
    files::check(store, contents.as_ref(), now, &mut findings);
    let names = clients::check(contents.as_ref(), &mut findings);
    other_clients::check(&mut findings);
    path::check(&names, &mut findings);
    if let Some(contents) = contents {
        tokens::check(&contents, usage, warning_days, now, &mut findings);
        answers::check(&contents.inventory, now, &mut findings);
        ask_online(&contents, &mut findings);
    }
    findings
}

/// Returns a path as one word of a shell command.
fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy()).into_owned()
}

/// Writes a path that is not UTF-8 with replacement characters.
#[expect(clippy::ref_option, reason = "serde passes the field like this")]
fn serialize_lossily<S: Serializer>(path: &Option<PathBuf>, out: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(out)
}
