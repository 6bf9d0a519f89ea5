//! Secrets that lie about in a source tree: those of the vault, and whatever begins as a token does.

pub mod needles;

use crate::checkup::Finding;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::checkup::keys::Contents;
use crate::checkup::scan::needles::Met;
use crate::checkup::scan::needles::Needles;
use crate::checkup::scan::needles::Searched;
use crate::checkup::tokens::argument;
use crate::checkup::tokens::shown;
use crate::disk;
use crate::disk::DiskError;
use crate::env;
use crate::text::line_of;
use ignore::WalkBuilder;
use std::path::Path;

/// The most places that are told of in all.
const MAX_PLACES: usize = 1000;

/// What git keeps for itself is compressed, and no source.
const GITS_OWN: &str = ".git";

const SECRET: Rule = Rule {
    word: "secret-in-file",
    severity: Severity::Problem,
    what: "the secret of \"%\" stands in %:%",
    why: "whoever can read the file has it, and a commit or an image keeps it for good",
    mend: "docker-credential-pat rotate %; revoke the old one, and take it out of the file",
};
const TOKEN: Rule = Rule {
    word: "token-in-file",
    what: "what looks like a % of % stands in %:%",
    mend: "take it out of the file, and revoke it: %",
    ..SECRET
};
const INCOMPLETE: Rule = Rule {
    word: "search-incomplete",
    severity: Severity::Warning,
    what: "%",
    why: "there may be secrets where nothing was looked for",
    mend: "docker-credential-pat doctor --scan DIR, for the rest",
};

/// Looks into the files below a folder, or into one file. Left out is what .gitignore, .ignore and git's other
/// lists name, what git keeps for itself and what is no text; hidden files are not, and no link is followed.
pub fn look(folder: &Path, contents: &Contents, findings: &mut Vec<Finding>) {
    let needles = Needles::of(contents);
    let start = findings.len();
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).require_git(false).filter_entry(|entry| entry.file_name() != GITS_OWN);
    for entry in walk.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                look_into(entry.path(), &needles, contents, findings);
            }
            Ok(_) => {}
            Err(error) => findings.push(INCOMPLETE.found(&[&line_of(&error)], &[])),
        }
        if findings.len() - start >= MAX_PLACES {
            findings.push(INCOMPLETE.found(&["the search ended after 1000 places"], &[]));
            return;
        }
    }
}

fn look_into(path: &Path, needles: &Needles, contents: &Contents, findings: &mut Vec<Finding>) {
    let place = env::tilde(path);
    let searched = match search(path, needles) {
        Ok(searched) => searched,
        Err(error) => {
            findings.push(INCOMPLETE.found(&[&line_of(&error)], &[]).at(path));
            return;
        }
    };
    for (met, line) in searched.places {
        let number = line.to_string();
        let found = match met {
            Met::Secret(at) => contents.inventory.tokens().get(at).map(|token| {
                let name = shown(token);
                let found = SECRET.found(&[&name, &place, &number], &[&argument(token)]);
                Finding { token: Some(name), ..found }
            }),
            Met::Marked(sort) => {
                Some(TOKEN.found(&[sort.called, sort.provider.name, &place, &number], &[sort.made_at]))
            }
        };
        findings.extend(found.map(|found| Finding { line: Some(line), ..found.at(path) }));
    }
    if searched.is_cut {
        let told = [&*place, " has more than is looked at or told of"].concat();
        findings.push(INCOMPLETE.found(&[&told], &[]).at(path));
    }
}

fn search(path: &Path, needles: &Needles) -> Result<Searched, DiskError> {
    let Some((file, _)) = disk::open(path)? else { return Ok(Searched::default()) };
    needles.search(file).map_err(|source| DiskError::Read { path: path.to_owned(), source })
}
