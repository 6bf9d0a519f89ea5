//! Whether clients find this program under each name by which they call it.

use std::path::Path;

use crate::docker::setup::HelperName;
use crate::doctor::{Fact, Findings, Rule, Severity};
use crate::system::{disk, env};

static NOT_FOUND: Rule = Rule {
    word: "program-not-found",
    severity: Severity::Problem,
    what: "%1 is in no folder of PATH",
    why: "clients look for it there, and go on without credentials",
    mend: "export PATH=%3:\"$PATH\"",
    repair: None,
};
static NOT_EXECUTABLE: Rule =
    Rule { word: "program-not-executable", what: "%1 may not be executed", mend: "chmod +x %1", ..NOT_FOUND };
static LINK_NOT_FOUND: Rule =
    Rule { mend: "docker-credential-pat install --profile %2 --registry HOST", ..NOT_FOUND };
static ANOTHER: Rule = Rule {
    word: "another-program",
    severity: Severity::Warning,
    what: "clients call %1, which is another program or another copy than this one",
    why: "what you see here and what clients get may differ",
    mend: "type -a %2, then remove one of them, or put the folder of the other first in PATH",
    repair: None,
};

/// Looks for this program under the names that clients have for it: `pat`, or `pat-work` for a profile.
pub fn check(names: &[String], findings: &mut Findings) {
    let here = env::this_program().unwrap_or_default();
    for name in names {
        let program = ["docker-credential-", name].concat();
        let files = env::programs(&program);
        match (files.iter().find(|path| is_executable(path)), files.first()) {
            (Some(path), _) if disk::without_links(path) == disk::without_links(&here) => {}
            (Some(path), _) => findings.add(&ANOTHER, &[Fact::Path(path), Fact::Text(&program)]),
            (None, Some(path)) => findings.add(&NOT_EXECUTABLE, &[Fact::Path(path)]),
            (None, None) => {
                let profile = HelperName::profile(name);
                let rule = if profile.is_some() { &LINK_NOT_FOUND } else { &NOT_FOUND };
                let (folder, profile) = (here.parent().unwrap_or(&here), profile.unwrap_or_default());
                findings.add(rule, &[Fact::Text(&program), Fact::Text(profile), Fact::Path(folder)]);
            }
        }
    }
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return path.metadata().is_ok_and(|metadata| disk::mode(&metadata) & 0o111 != 0);
    #[cfg(not(unix))]
    return path.is_file();
}
