//! Checks that clients find this program under every name by which they call it.

use std::path::Path;

use crate::docker::helper_name::HelperName;
use crate::doctor::{Finding, Severity, quoted_path};
use crate::model::hint::{Hint, program};
use crate::system::{disk, env};

/// Looks for this program under the helper names that clients use: `pat`, or `pat-work` for a profile.
pub fn check(names: &[String], findings: &mut Vec<Finding>) {
    let this = env::this_program();
    let is_this =
        |path: &Path| this.as_ref().is_ok_and(|this| disk::without_links(path) == disk::without_links(this));
    for name in names {
        let called = ["docker-credential-", name].concat();
        let files = env::programs(&called);
        match (files.iter().find(|path| is_executable(path)), files.first()) {
            (Some(path), _) if this.is_err() || is_this(path) => {}
            (Some(path), _) => findings.push(Finding {
                kind: "another-program",
                severity: Severity::Warning,
                what: format!(
                    "clients call {}, which is another program or another copy than this one",
                    env::tilde(path)
                ),
                why: "what you see here and what clients get may differ",
                mend: format!(
                    "type -a {called}, then remove one of them, or put the folder of the other first in PATH"
                ),
                ..Finding::about_path(path)
            }),
            (None, Some(path)) => findings.push(Finding {
                kind: "program-not-executable",
                severity: Severity::Problem,
                what: format!("{} may not be executed", env::tilde(path)),
                why: "clients look for it there, and continue without credentials",
                mend: format!("chmod +x {}", quoted_path(path)),
                ..Finding::about_path(path)
            }),
            (None, None) => {
                let folder = this.as_ref().ok().and_then(|this| this.parent());
                findings.push(Finding {
                    kind: "program-not-found",
                    severity: Severity::Problem,
                    what: format!("{called} is in no folder of PATH"),
                    why: "clients look for it there, and continue without credentials",
                    mend: match (HelperName::profile(name), folder, &this) {
                        (Some(profile), ..) => {
                            format!("{} install --profile {profile} --registry HOST", program())
                        }
                        (None, Some(folder), _) => format!("export PATH={}:\"$PATH\"", quoted_path(folder)),
                        (None, None, this) => this.as_ref().err().and_then(Hint::hint).unwrap_or_default(),
                    },
                    path: folder.map(Path::to_owned),
                    ..Finding::default()
                });
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
