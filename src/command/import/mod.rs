//! `import`: takes over the logins of Docker, podman or another helper, and with `--remove` removes them there.

pub(super) mod copy;
mod removal;
mod sources;

use std::path::PathBuf;

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::copy::LoginCopy;
use crate::model::hint::{Hint, program};
use crate::model::name::quoted;
use crate::system::limited_read::MAX_INPUT_BYTES;
use crate::system::sanitize::error_chain;

/// Copy logins from Docker, podman or another helper
///
/// Nothing in the vault is overwritten, and the originals stay where they are. --remove removes them.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// Copy from podman's file instead of Docker's, and from the helpers it names
    #[arg(long)]
    podman: bool,
    /// Copy from this file: a config.json, an auth.json, a .dockercfg or a Kubernetes manifest with pull secrets; `-`
    /// is standard input
    #[arg(long, conflicts_with_all = ["podman", "helper"])]
    file: Option<PathBuf>,
    /// Copy only from this helper, such as secretservice
    #[arg(long, value_name = "NAME", conflicts_with = "podman")]
    helper: Option<String>,
    /// Show what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Then remove the originals from the file and from the helpers
    #[arg(long)]
    remove: bool,
}

/// Runs the verb.
pub fn run(args: &ImportArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let logins = args.read_sources(cx)?;
    let mut failed = logins.failures.len();
    for (_, error) in &logins.failures {
        cx.say(&format!("{}: error: {}", program(), error_chain(error)));
    }
    let copy = LoginCopy::of_all(&logins);
    if logins.found.is_empty() {
        cx.say("there is nothing to copy");
    } else {
        copy.print(cx)?;
    }
    let unserved = if args.remove { removal::unserved_registries(&logins) } else { None };
    if unserved.is_some() && !removal::can_remove_any(&logins) {
        return unserved.map_or(Ok(()), |unserved| Err(removal::refusal(unserved)));
    }
    if !args.dry_run {
        if !copy.is_empty() {
            let new = copy.copy(cx)?;
            cx.say(&format!("{new} copied into the vault; {} read back from it and compared", copy.count()));
        }
        if args.remove {
            failed += removal::remove(&logins, cx)?;
        } else if !copy.is_empty() {
            cx.say("the originals stay in place; --remove removes them");
        }
        if let Some(unserved) = unserved {
            return Err(removal::refusal(unserved));
        }
    }
    let skipped = logins.found.len() - logins.credentials().count();
    if skipped + failed == 0 { Ok(()) } else { Err(ImportError::Incomplete { skipped, failed }.into()) }
}

/// Logins that were not taken over.
#[derive(Debug, Error)]
enum ImportError {
    #[error("{} does not exist", .0.display())]
    NoFile(PathBuf),
    #[error("the input is larger than {} MiB", MAX_INPUT_BYTES / 1024 / 1024)]
    TooLarge,
    /// A pipe, a Kubernetes manifest, or a file that clients no longer write.
    #[error("logins cannot be removed from {}", .0.display())]
    CannotRemove(PathBuf),
    #[error("cannot find the program docker-credential-{0}")]
    NoHelper(String),
    #[error("\"{0}\" is this program itself")]
    OwnHelper(String),
    #[error("the copy of {0} could not be read back from the vault; nothing was removed elsewhere")]
    NotReadBack(String),
    /// All other logins were taken over.
    #[error("{}", incomplete(*skipped, *failed))]
    Incomplete {
        /// The number of logins that stay in their sources.
        skipped: usize,
        /// The number of helpers that failed.
        failed: usize,
    },
}

impl Hint for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NotReadBack(_) => Some(format!("{} ls shows what is here", program())),
            Self::NoFile(_) => Some(format!(
                "{0} import reads Docker's file, and {0} import --podman reads podman's",
                program()
            )),
            Self::NoHelper(_) => Some(format!("{} import --dry-run shows the helpers in use", program())),
            Self::CannotRemove(file) => {
                let file = quoted(&file.to_string_lossy()).into_owned();
                Some(format!("{} import --file {file}, without --remove", program()))
            }
            Self::TooLarge | Self::OwnHelper(_) | Self::Incomplete { .. } => None,
        }
    }
}

fn incomplete(skipped: usize, failed: usize) -> String {
    let failures = match failed {
        0 => return format!("{skipped} could not be copied, and stay where they are"),
        1 => "1 helper did not do all that it was asked".to_owned(),
        _ => format!("{failed} helpers did not do all that they were asked"),
    };
    if skipped == 0 { failures } else { format!("{skipped} could not be copied, and {failures}") }
}
