//! What is wrong or could be better: with the clients, with the vault and its key, with the tokens.

pub mod clients;
pub mod files;
pub mod keys;
pub mod program;
#[cfg(feature = "scan")]
pub mod scan;
pub mod tokens;

use crate::disk;
use crate::disk::DiskError;
use crate::keeper::Keeper;
use crate::moment::Moment;
use std::path::Path;
use std::path::PathBuf;
use tokens::Usage;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Something does not work, or a secret lies open.
    Problem,
    /// Something will not work soon, or is less safe than it could be.
    Warning,
    /// Something to know; nothing is wrong.
    Note,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 3] = [Self::Problem, Self::Warning, Self::Note];

    /// Returns the word for it, in listings and JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What can be found, in words. A `%` in them stands for a fact, and the facts come in their order.
#[derive(Debug)]
pub struct Rule {
    /// Tells it from other findings; it never changes.
    pub word: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is found.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// The command that mends it, of which the facts are its own.
    pub mend: &'static str,
}

impl Rule {
    /// Returns a finding with the facts of what was found, and those of the command that mends it.
    #[must_use]
    pub fn found(&self, what: &[&str], mend: &[&str]) -> Finding {
        Finding {
            word: self.word,
            severity: self.severity,
            what: filled(self.what, what),
            why: self.why,
            mend: filled(self.mend, mend),
            token: None,
            path: None,
            line: None,
            repair: None,
            is_fixed: false,
        }
    }
}

/// Something that was found. None of its texts holds any part of a secret.
#[derive(Debug)]
pub struct Finding {
    /// See [`Rule::word`].
    pub word: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// Why it matters.
    pub why: &'static str,
    /// The command that mends it.
    pub mend: String,
    /// The name of the token that it is about.
    pub token: Option<String>,
    /// The file or folder that it is about.
    pub path: Option<PathBuf>,
    /// The line in that file, from 1.
    pub line: Option<u64>,
    /// What mends it and can do no harm.
    pub repair: Option<Repair>,
    /// True when it was mended.
    pub is_fixed: bool,
}

impl Finding {
    /// Says which file or folder it is about.
    #[must_use]
    pub fn at(self, path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }

    /// Says what mends it and can do no harm.
    #[must_use]
    pub fn mended_by(self, repair: Repair) -> Self {
        Self { repair: Some(repair), ..self }
    }

    /// True when it is a problem or a warning that was not mended.
    #[must_use]
    pub fn is_wrong(&self) -> bool {
        self.severity != Severity::Note && !self.is_fixed
    }

    /// Mends it, if that can do no harm.
    ///
    /// # Errors
    /// When the file or folder cannot be changed.
    pub fn fix(&mut self) -> Result<(), DiskError> {
        let (Some(repair), Some(path)) = (self.repair, &self.path) else { return Ok(()) };
        match repair {
            Repair::Close(mode) => disk::close(path, mode)?,
            Repair::Remove => disk::remove(path)?,
        }
        self.is_fixed = true;
        Ok(())
    }
}

/// What can be done to a file or folder without losing anything, and without changing what a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Give it these permission bits.
    Close(u32),
    /// Remove it.
    Remove,
}

/// Looks at everything but the files of a source tree. Asks nobody anything; whatever cannot be looked at is a
/// finding, and all else is looked at nevertheless.
#[must_use]
pub fn collect(keeper: &Keeper, usage: Option<&Usage<'_>>, warning_days: i64, now: Moment) -> Vec<Finding> {
    let mut findings = Vec::new();
    let contents = keys::look(keeper, &mut findings);
    files::look(keeper, contents.as_ref(), now, &mut findings);
    let names = clients::look(contents.as_ref(), &mut findings);
    program::look(&names, &mut findings);
    if let Some(contents) = contents {
        tokens::look(&contents, usage, warning_days, now, &mut findings);
    }
    findings
}

/// Puts facts in the places that are left for them.
fn filled(text: &str, facts: &[&str]) -> String {
    let mut filled = String::new();
    let mut facts = facts.iter();
    for (at, piece) in text.split('%').enumerate() {
        if at > 0 {
            filled.push_str(facts.next().copied().unwrap_or_default());
        }
        filled.push_str(piece);
    }
    filled
}

/// Returns a client's key for a registry as it may be shown: what stands in front of an `@` can be a password.
fn shown_key(key: &str) -> &str {
    key.rsplit_once('@').map_or(key, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_where_a_place_is_left_for_them() {
        for (text, facts, want) in [
            ("plain", [].as_slice(), "plain"),
            ("% and %", &["a", "b"], "a and b"),
            ("% and %", &["a"], "a and "),
            ("%", &["100%"], "100%"),
        ] {
            assert_eq!(filled(text, facts), want);
        }
    }

    #[test]
    fn a_password_in_a_key_does_not_show() {
        for (key, want) in [
            ("ghcr.io", "ghcr.io"),
            ("https://bob:canary@ghcr.io/v1/", "ghcr.io/v1/"),
            ("bob:can@ary@ghcr.io", "ghcr.io"),
        ] {
            assert_eq!(shown_key(key), want);
        }
    }
}
