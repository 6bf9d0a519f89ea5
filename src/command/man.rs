//! `man`: the manual pages, made from the same definitions as `--help`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap_mangen::Man;
use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::hint::{Hint, program};
use crate::system::sanitize::clean_lines;
use crate::system::{disk, process, stdio};

/// The mode of a page: readable by everybody.
const PAGE_MODE: u32 = 0o644;

/// Show the manual page of this program or of a verb
///
/// Without a terminal, the page is written in the format of `man`.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// A verb, such as `add` or `hub rotate`; by default, the page of the whole program
    verb: Vec<String>,
    /// Write all pages into this folder
    #[arg(long, conflicts_with = "verb")]
    dir: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: &ManArgs, command: clap::Command, cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut command = command.disable_help_subcommand(true);
    command.build();
    if let Some(folder) = &args.dir {
        return write_all(&command, folder);
    }
    let mut chosen = &command;
    for verb in &args.verb {
        chosen = chosen.find_subcommand(verb).ok_or_else(|| NoSuchVerb(args.verb.join(" ")))?;
    }
    let page = page(chosen)?;
    if !stdio::stdout_is_terminal() {
        return cx.write_answer(&page);
    }
    // `-l -`: the page on standard input. Where `man` is missing or cannot do that, the help says the same.
    if process::show(OsStr::new("man"), &["-l", "-"], &page) {
        return Ok(());
    }
    let help = chosen.clone().render_long_help().to_string();
    cx.write_answer(clean_lines(&help).as_bytes())
}

fn write_all(command: &clap::Command, folder: &Path) -> Result<(), CommandError> {
    disk::make_public_folder(folder)?;
    write_each(command, folder)
}

/// Writes the page of a verb and the pages of its subcommands, to which it refers.
fn write_each(command: &clap::Command, folder: &Path) -> Result<(), CommandError> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    disk::replace(&folder.join(format!("{name}.1")), &page(command)?, PAGE_MODE)?;
    command.get_subcommands().try_for_each(|below| write_each(below, folder))
}

fn page(command: &clap::Command) -> Result<Vec<u8>, CommandError> {
    // Short texts, because the name of the page appears on both sides of them.
    let man = Man::new(command.clone()).manual("Manual").source(env!("CARGO_PKG_VERSION"));
    let mut page = Vec::new();
    man.render(&mut page).map_err(CommandError::output)?;
    // The text below the options keeps its own line breaks.
    Ok(String::from_utf8_lossy(&page).replace(".SH EXTRA\n", ".SH NOTES\n.nf\n").into_bytes())
}

#[derive(Debug, Error)]
#[error("there is no verb {0:?}")]
struct NoSuchVerb(String);

impl Hint for NoSuchVerb {
    fn hint(&self) -> Option<String> {
        Some(format!("{} --help shows every verb", program()))
    }
}
