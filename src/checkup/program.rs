//! Whether clients find this program under each name by which they call it.

use crate::checkup::Fact;
use crate::checkup::Findings;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::disk;
use crate::env;
use crate::name::quoted;
use std::fs;
use std::path::Path;

/// The most that is read of a program, in bytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

static NOT_FOUND: Rule = Rule {
    word: "program-not-found",
    severity: Severity::Problem,
    what: "%1 is in no folder of PATH",
    why: "clients look for it there, and go on without credentials, or write them down in plain text",
    mend: "%2",
    repair: None,
};
static NOT_EXECUTABLE: Rule =
    Rule { word: "program-not-executable", what: "%1 may not be executed", mend: "chmod +x %1", ..NOT_FOUND };
static ANOTHER: Rule = Rule {
    word: "another-program",
    severity: Severity::Warning,
    what: "clients call %1, which is another program or another version than this one",
    why: "what you see here and what clients get may differ",
    mend: "type -a %2, then remove one of them, or put the folder of the other first in PATH",
    repair: None,
};

/// Looks for this program under the names that clients have for it: `pat`, or `pat-work` for a profile.
pub fn look(names: &[String], findings: &mut Findings) {
    for name in names {
        let program = ["docker-credential-", name].concat();
        let files = env::programs(&program);
        match (files.iter().find(|path| is_executable(path)), files.first()) {
            (Some(path), _) if is_this(path) => {}
            (Some(path), _) => findings.add(&ANOTHER, &[Fact::Path(path), Fact::Text(&program)]),
            (None, Some(path)) => findings.add(&NOT_EXECUTABLE, &[Fact::Path(path)]),
            (None, None) => {
                findings.add(&NOT_FOUND, &[Fact::Text(&program), Fact::Text(&way_in(&program))]);
            }
        }
    }
}

/// Returns the command by which a name of this program gets into PATH.
fn way_in(program: &str) -> String {
    let here = env::this_program().unwrap_or_default();
    if program == env::PROGRAM {
        let folder = here.parent().unwrap_or(&here).to_string_lossy();
        return ["export PATH=", &quoted(&folder), ":\"$PATH\""].concat();
    }
    let link = env::find_program(env::PROGRAM).unwrap_or(here).with_file_name(program);
    ["ln -s ", env::PROGRAM, " ", &quoted(&link.to_string_lossy())].concat()
}

/// A copy of this program is as good as a link to it.
fn is_this(path: &Path) -> bool {
    let Ok(here) = env::this_program() else { return true };
    let bytes = |path: &Path| disk::read(path, MAX_BYTES).ok().flatten().map(|(bytes, _)| bytes);
    disk::without_links(path) == disk::without_links(&here)
        || bytes(path).is_some_and(|one| Some(one) == bytes(&here))
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return fs::metadata(path).is_ok_and(|metadata| disk::mode(&metadata) & 0o111 != 0);
    #[cfg(not(unix))]
    return path.is_file();
}
