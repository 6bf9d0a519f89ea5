//! Searches a source tree for secrets: those of the vault, and texts that look like a token.

mod base64_run;
pub mod matcher;

use std::path::Path;

use ignore::WalkBuilder;

use crate::doctor::keys::OpenedContents;
use crate::doctor::scan::matcher::{LocatedMatch, SearchReport, SecretMatch, SecretMatcher};
use crate::doctor::{Finding, Severity, token_name};
use crate::model::hint::program;
use crate::system::disk::DiskError;
use crate::system::sanitize::error_chain;
use crate::system::{disk, env};

/// The maximum number of findings in total.
const MAX_FINDINGS: usize = 1000;

/// Git's own folder, whose files are compressed and not source code.
const GIT_FOLDER: &str = ".git";

/// Searches the files below a folder, or one file. Binary files, git's own folder, and files listed in .gitignore,
/// .ignore and git's other exclude lists are skipped. Hidden files are searched; links are not followed.
pub fn check(folder: &Path, contents: &OpenedContents, findings: &mut Vec<Finding>) {
    let matcher = SecretMatcher::new(contents);
    let first = findings.len();
    let mut walk = WalkBuilder::new(folder);
    walk.hidden(false).require_git(false).filter_entry(|entry| entry.file_name() != GIT_FOLDER);
    for entry in walk.build() {
        match entry {
            Ok(entry) if entry.file_type().is_some_and(|kind| kind.is_file()) => {
                check_file(entry.path(), &matcher, contents, findings);
            }
            Ok(_) => {}
            Err(error) => findings.push(incomplete(error_chain(&error), None)),
        }
        if findings.len() - first >= MAX_FINDINGS {
            findings.push(cut(folder));
            return;
        }
    }
}

fn check_file(path: &Path, matcher: &SecretMatcher, contents: &OpenedContents, findings: &mut Vec<Finding>) {
    let report = match search(path, matcher) {
        Ok(report) => report,
        Err(error) => return findings.push(incomplete(error_chain(&error), Some(path))),
    };
    for found in report.matches {
        findings.push(exposed(&found, path, contents));
    }
    if report.is_cut {
        findings.push(cut(path));
    }
}

fn search(path: &Path, matcher: &SecretMatcher) -> Result<SearchReport, DiskError> {
    let Some((file, _)) = disk::open(path)? else { return Ok(SearchReport::default()) };
    matcher.search(file).map_err(|source| DiskError::Read { path: path.to_owned(), source })
}

fn exposed(found: &LocatedMatch, path: &Path, contents: &OpenedContents) -> Finding {
    let encoding = if found.is_encoded { ", encoded in base64" } else { "" };
    let position = format!("{}:{}{encoding}", env::tilde(path), found.line);
    let (kind, what, mend, token) = match found.secret {
        SecretMatch::Secret(index) => {
            let token = contents.inventory.tokens().get(index);
            let name = token.map(token_name::display_name);
            (
                "secret-in-file",
                format!(
                    "the secret of token \"{}\" stands in {position}",
                    name.as_deref().unwrap_or_default()
                ),
                format!(
                    "{} rotate {}; revoke the old one, and remove it from the file",
                    program(),
                    token.map(token_name::argument).unwrap_or_default()
                ),
                name,
            )
        }
        SecretMatch::Marked(credential_type) => (
            "token-in-file",
            format!(
                "what looks like a {} of {} stands in {position}",
                credential_type.name, credential_type.provider.name
            ),
            format!("remove it from the file, and revoke it: {}", credential_type.made_at),
            None,
        ),
    };
    Finding {
        kind,
        severity: Severity::Problem,
        what,
        why: "everybody who can read the file has it, and a commit or an image keeps it for good",
        mend,
        token,
        path: Some(path.to_owned()),
        line: Some(found.line),
        ..Finding::default()
    }
}

fn incomplete(what: String, path: Option<&Path>) -> Finding {
    Finding {
        kind: "search-incomplete",
        severity: Severity::Warning,
        what,
        why: "there may be secrets where nothing was looked for",
        mend: format!("{} doctor --scan DIR, for the rest", program()),
        path: path.map(Path::to_owned),
        ..Finding::default()
    }
}

fn cut(path: &Path) -> Finding {
    incomplete(format!("{} has more than this scan reads or reports", env::tilde(path)), Some(path))
}
