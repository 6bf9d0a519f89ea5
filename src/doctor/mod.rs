//! What is wrong or could be better: with the clients, with the vault and its key, with the tokens.

pub mod clients;
pub mod files;
pub mod keys;
#[cfg(feature = "online")]
pub mod online;
pub mod path;
#[cfg(feature = "scan")]
pub mod scan;
pub mod tokens;

use std::path::{Path, PathBuf};

use crate::docker::setup::HelperSlot;
use crate::doctor::keys::OpenedContents;
use crate::doctor::tokens::KnownUsage;
use crate::model::name::quoted;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::disk::DiskError;
use crate::system::{disk, env};
use crate::vault::store::VaultStore;

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
    pub fn word(self) -> &'static str {
        match self {
            Self::Problem => "problem",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// What can be found, in words. `%1` in them stands for the first fact of a finding.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Tells it from other findings; it never changes.
    pub word: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is found.
    pub what: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// The command that mends it.
    pub mend: &'static str,
    /// What mends it and can do no harm.
    pub repair: Option<Repair>,
}

/// What a text says of one finding. It stands otherwise in a sentence than in a command.
#[derive(Clone, Copy)]
pub enum Fact<'f> {
    /// As it is.
    Text(&'f str),
    /// A number; where it is that of a line, the finding is about that line.
    Line(u64),
    /// How long ago or ahead the first moment is at the second.
    When(Timestamp, Timestamp),
    /// A file or folder, which the finding is about.
    Path(&'f Path),
    /// A token, which the finding is about.
    Token(&'f Token),
    /// For which registry a client is set up.
    Reach(&'f HelperSlot),
}

/// Where a fact stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Sentence,
    Command,
}

/// Something that was found. None of its texts holds any part of a secret.
#[derive(Debug)]
pub struct Finding {
    /// What can be found.
    pub rule: &'static Rule,
    /// How bad it is here.
    pub severity: Severity,
    /// What was found.
    pub what: String,
    /// Why it matters.
    pub why: String,
    /// The command that mends it.
    pub mend: String,
    /// The name of the token that it is about.
    pub token: Option<String>,
    /// The file or folder that it is about.
    pub path: Option<PathBuf>,
    /// The line in that file, from 1.
    pub line: Option<u64>,
    /// True when it was mended.
    pub is_fixed: bool,
}

impl Finding {
    /// True when it is a problem or a warning that was not mended.
    pub fn is_wrong(&self) -> bool {
        self.severity != Severity::Note && !self.is_fixed
    }

    /// Mends it, if that can do no harm.
    pub fn fix(&mut self) -> Result<(), DiskError> {
        let (Some(repair), Some(path)) = (self.rule.repair, &self.path) else { return Ok(()) };
        match repair {
            Repair::Close => disk::make_private(path)?,
            Repair::Remove => disk::remove(path)?,
        }
        self.is_fixed = true;
        Ok(())
    }
}

/// What was found so far.
#[derive(Default)]
pub struct Findings(pub Vec<Finding>);

impl Findings {
    /// Adds what was found by a rule, with the facts of it.
    pub fn add(&mut self, rule: &'static Rule, facts: &[Fact<'_>]) {
        self.add_as(rule.severity, rule, facts);
    }

    /// Adds what was found by a rule and is as bad as this.
    #[inline(never)]
    pub fn add_as(&mut self, severity: Severity, rule: &'static Rule, facts: &[Fact<'_>]) {
        let mut finding = Finding {
            rule,
            severity,
            what: filled(rule.what, facts, Form::Sentence),
            why: filled(rule.why, facts, Form::Sentence),
            mend: filled(rule.mend, facts, Form::Command),
            token: None,
            path: None,
            line: None,
            is_fixed: false,
        };
        // Of several the first counts.
        for fact in facts.iter().rev() {
            match fact {
                Fact::Path(path) => finding.path = Some(path.to_path_buf()),
                Fact::Token(token) => finding.token = Some(crate::doctor::tokens::display_name(token)),
                Fact::Line(line) => finding.line = Some(*line),
                Fact::Text(_) | Fact::When(..) | Fact::Reach(_) => {}
            }
        }
        self.0.push(finding);
    }
}

impl Fact<'_> {
    fn text(&self, form: Form) -> String {
        match (self, form) {
            (Self::Text(text), _) => (*text).to_owned(),
            (Self::Line(number), _) => number.to_string(),
            (Self::When(moment, now), _) => moment.relative_to(*now),
            (Self::Path(path), Form::Sentence) => env::tilde(path),
            (Self::Path(path), Form::Command) => quoted(&path.to_string_lossy()).into_owned(),
            (Self::Token(token), Form::Sentence) => crate::doctor::tokens::display_name(token),
            (Self::Token(token), Form::Command) => crate::doctor::tokens::argument(token),
            (Self::Reach(reach), Form::Sentence) => shown_key(reach.words()).to_owned(),
            (Self::Reach(HelperSlot::Every), Form::Command) => String::new(),
            (Self::Reach(HelperSlot::One(key)), Form::Command) => [" --registry ", &quoted(key)].concat(),
        }
    }
}

/// What can be done to a file or folder without losing anything, and without changing what a client gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Close it to other users.
    Close,
    /// Remove it.
    Remove,
}

/// Looks at everything but the files of a source tree. Asks nobody anything, unless `besides` does; whatever
/// cannot be looked at is a finding, and all else is looked at nevertheless.
pub fn collect(
    store: &VaultStore,
    usage: Option<&KnownUsage<'_>>,
    warning_days: i64,
    now: Timestamp,
    besides: impl FnOnce(&OpenedContents, &mut Findings),
) -> Findings {
    let mut findings = Findings::default();
    let contents = crate::doctor::keys::check(store, &mut findings);
    crate::doctor::files::check(store, contents.as_ref(), now, &mut findings);
    let names = crate::doctor::clients::check(contents.as_ref(), &mut findings);
    crate::doctor::path::check(&names, &mut findings);
    if let Some(contents) = contents {
        crate::doctor::tokens::check(&contents, usage, warning_days, now, &mut findings);
        besides(&contents, &mut findings);
    }
    findings
}

/// Puts facts in the places that are left for them.
fn filled(text: &str, facts: &[Fact<'_>], form: Form) -> String {
    let mut pieces = text.split('%');
    let mut filled = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_at_checked(1).unwrap_or_default();
        let at = number.parse::<usize>().unwrap_or_default().wrapping_sub(1);
        filled.push_str(&facts.get(at).map(|fact| fact.text(form)).unwrap_or_default());
        filled.push_str(rest);
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
        let facts = [Fact::Text("a"), Fact::Path(Path::new("/two words")), Fact::Line(3)];
        for (text, sentence, command) in [
            ("plain", "plain", "plain"),
            ("%1 and %2", "a and /two words", "a and '/two words'"),
            ("%3%1", "3a", "3a"),
            ("%4.", ".", "."),
            ("%", "", ""),
        ] {
            assert_eq!(filled(text, &facts, Form::Sentence), sentence);
            assert_eq!(filled(text, &facts, Form::Command), command);
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
