//! Secrets that lie about in a source tree: those of the vault, and whatever begins as a token does.

pub mod matcher;

use std::path::Path;

use ignore::WalkBuilder;

use crate::doctor::keys::OpenedContents;
use crate::doctor::scan::matcher::{SearchReport, SecretMatch, SecretMatcher};
use crate::doctor::{Fact, Findings, Rule, Severity};
use crate::system::disk;
use crate::system::disk::DiskError;
use crate::system::sanitize::error_chain;

/// The most places that are told of in all.
const MAX_PLACES: usize = 1000;

/// What git keeps for itself is compressed, and no source.
const GITS_OWN: &str = ".git";

static SECRET: Rule = Rule {
    word: "secret-in-file",
    severity: Severity::Problem,
    what: "the secret of token \"%1\" stands in %2:%3",
    why: "whoever can read the file has it, and a commit or an image keeps it for good",
    mend: "docker-credential-pat rotate %1; revoke the old one, and take it out of the file",
    repair: None,
};
static TOKEN: Rule = Rule {
    word: "token-in-file",
    what: "what looks like a %1 of %4 stands in %2:%3",
    mend: "take it out of the file, and revoke it: %5",
    ..SECRET
};
static UNSEARCHED: Rule = Rule {
    word: "search-incomplete",
    severity: Severity::Warning,
    what: "%1",
    why: "there may be secrets where nothing was looked for",
    mend: "docker-credential-pat doctor --scan DIR, for the rest",
    repair: None,
};
static CUT: Rule = Rule { what: "%1 has more than is looked at or told of", ..UNSEARCHED };

/// Looks into the files below a folder, or into one file. Left out is what .gitignore, .ignore and git's other
/// lists name, what git keeps for itself and what is no text; hidden files are not, and no link is followed.
pub fn check(folder: &Path, contents: &OpenedContents, findings: &mut Findings) {
    let needles = SecretMatcher::of(contents);
    let start = findings.0.len();
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).require_git(false).filter_entry(|entry| entry.file_name() != GITS_OWN);
    for entry in walk.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                look_into(entry.path(), &needles, contents, findings);
            }
            Ok(_) => {}
            Err(error) => findings.add(&UNSEARCHED, &[Fact::Text(&error_chain(&error))]),
        }
        if findings.0.len() - start >= MAX_PLACES {
            findings.add(&CUT, &[Fact::Path(folder)]);
            return;
        }
    }
}

fn look_into(path: &Path, needles: &SecretMatcher, contents: &OpenedContents, findings: &mut Findings) {
    let searched = match search(path, needles) {
        Ok(searched) => searched,
        Err(error) => {
            return findings.add(&UNSEARCHED, &[Fact::Text(&error_chain(&error)), Fact::Path(path)]);
        }
    };
    let tokens = contents.inventory.tokens();
    for (met, line) in searched.places {
        let (path, line) = (Fact::Path(path), Fact::Line(line));
        match met {
            SecretMatch::Secret(at) => {
                let token = tokens.get(at).map_or(Fact::Text(""), Fact::Token);
                findings.add(&SECRET, &[token, path, line]);
            }
            SecretMatch::Marked(sort) => {
                let [called, provider, made_at] =
                    [sort.called, sort.provider.name, sort.made_at].map(Fact::Text);
                findings.add(&TOKEN, &[called, path, line, provider, made_at]);
            }
        }
    }
    if searched.is_cut {
        findings.add(&CUT, &[Fact::Path(path)]);
    }
}

fn search(path: &Path, needles: &SecretMatcher) -> Result<SearchReport, DiskError> {
    let Some((file, _)) = disk::open(path)? else { return Ok(SearchReport::default()) };
    needles.search(file).map_err(|source| DiskError::Read { path: path.to_owned(), source })
}
