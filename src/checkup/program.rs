//! Whether clients find this program under each name by which they call it.

use crate::checkup::Finding;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::env;
use crate::name::quoted;
use std::fs;
use std::path::Path;

const NOT_FOUND: Rule = Rule {
    word: "program-not-found",
    severity: Severity::Problem,
    what: "% is in no folder of PATH",
    why: "clients look for it there, and go on without credentials, or write them down in plain text",
    mend: "%",
};
const NOT_EXECUTABLE: Rule = Rule {
    word: "program-not-executable",
    severity: Severity::Problem,
    what: "% may not be executed",
    why: NOT_FOUND.why,
    mend: "chmod +x %",
};
const ANOTHER: Rule = Rule {
    word: "another-program",
    severity: Severity::Warning,
    what: "clients call %, which is another program or another version than this one",
    why: "what you see here and what clients get may differ",
    mend: "type -a %, then remove the one or put the folder of the other first in PATH",
};

/// Looks for this program under the names that clients have for it: `pat`, or `pat-work` for a profile.
pub fn look(names: &[String], findings: &mut Vec<Finding>) {
    for name in names {
        let program = format!("docker-credential-{name}");
        let mut last = None;
        let found = env::programs(&program).find(|path| {
            let is_fit = is_executable(path);
            if !is_fit {
                last.get_or_insert_with(|| path.clone());
            }
            is_fit
        });
        match (found, last) {
            (Some(path), _) if is_this(&path) => {}
            (Some(path), _) => findings.push(ANOTHER.found(&[&env::tilde(&path)], &[&program]).at(&path)),
            (None, Some(path)) => {
                let typed = path.to_string_lossy();
                findings.push(NOT_EXECUTABLE.found(&[&env::tilde(&path)], &[&quoted(&typed)]).at(&path));
            }
            (None, None) => findings.push(NOT_FOUND.found(&[&program], &[&way_in(&program)])),
        }
    }
}

/// Returns the command by which a name of this program gets into PATH.
fn way_in(program: &str) -> String {
    let here = env::this_program().unwrap_or_default();
    let folder = here.parent().unwrap_or(&here);
    if program == env::PROGRAM {
        return format!("export PATH={}:\"$PATH\"", quoted(&folder.to_string_lossy()));
    }
    let beside = env::find_program(env::PROGRAM).unwrap_or(here.clone());
    let link = beside.with_file_name(program);
    format!("ln -s {} {}", env::PROGRAM, quoted(&link.to_string_lossy()))
}

/// A copy of this program is as good as a link to it.
fn is_this(path: &Path) -> bool {
    let Ok(here) = env::this_program() else { return true };
    let is_same = |one: &Path, other: &Path| fs::canonicalize(one).ok() == fs::canonicalize(other).ok();
    is_same(path, &here) || matches!((fs::read(path), fs::read(&here)), (Ok(one), Ok(other)) if one == other)
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    return fs::metadata(path).is_ok_and(|metadata| crate::disk::mode(&metadata) & 0o111 != 0);
    #[cfg(not(unix))]
    return path.is_file();
}
