//! `doctor`: lists everything that is wrong or could be safer, with the command that fixes it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;
use thiserror::Error;

use crate::client::context;
use crate::command::context::CommandContext;
#[cfg(feature = "online")]
use crate::command::context::print_progress;
#[cfg(feature = "scan")]
use crate::command::error::ArgumentError;
use crate::command::error::CommandError;
use crate::doctor;
#[cfg(feature = "scan")]
use crate::doctor::keys;
use crate::doctor::keys::OpenedContents;
#[cfg(feature = "online")]
use crate::doctor::online;
use crate::doctor::tokens::UsageLookup;
use crate::doctor::{Finding, Severity};
#[cfg(feature = "online")]
use crate::hub::api::HubApi;
use crate::model::hint::{Hint, program};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::sanitize;
#[cfg(any(feature = "online", feature = "scan"))]
use crate::system::slow_notice::SlowNotice;
use crate::system::table::{Cell, Table, Tone};

/// The version of the JSON format. An additional field or finding does not change it.
const JSON_VERSION: u32 = 1;

/// Find problems, and show the command that fixes each
///
/// The exit code is 1 when there is a problem or a warning.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Write JSON: {"version":1,"findings":[…]}
    #[arg(long)]
    json: bool,
    /// Repair file modes, and remove what a killed process left
    #[arg(long)]
    fix: bool,
    /// Ask the tokens' registries too whether they accept them, and Docker Hub if docker login is signed in there
    #[cfg(feature = "online")]
    #[arg(long, conflicts_with = "fix")]
    online: bool,
    /// Only look for secrets of the vault, and for what looks like a token, in the files below a folder
    #[arg(long, value_name = "DIR", conflicts_with = "fix")]
    #[cfg_attr(feature = "online", arg(conflicts_with = "online"))]
    scan: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'f> {
    version: u32,
    findings: &'f [Finding],
}

/// Runs the verb.
pub fn run(args: &DoctorArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut findings = match &args.scan {
        Some(folder) => scan(folder, cx)?,
        None => examine(args, cx)?,
    };
    findings.sort_by_key(|finding| finding.severity);
    let wrong = findings.iter().filter(|finding| finding.is_wrong()).count();
    if args.json {
        cx.write_json(&Report { version: JSON_VERSION, findings: &findings })?;
    } else {
        write_list(&findings, cx)?;
        if wrong == 0 {
            cx.write_answer(b"nothing is wrong\n")?;
        }
    }
    cx.out.flush().map_err(CommandError::output)?;
    let is_fixable = |finding: &&Finding| finding.is_wrong() && finding.repair.is_some();
    let fixable = findings.iter().filter(is_fixable).count();
    if wrong == 0 { Ok(()) } else { Err(DoctorError::Findings { wrong, fixable }.into()) }
}

/// Checks everything. With `--fix`, also fixes problems, under the vault's lock.
fn examine(args: &DoctorArgs, cx: &mut CommandContext) -> Result<Vec<Finding>, CommandError> {
    let _lock = if args.fix { cx.store.lock_existing()? } else { None };
    let now = *cx.now;
    let log = cx.store.log();
    let history = log.history(now);
    let stats = |token: &Token| history.stats(token);
    let usage = history.since().filter(|_| !log.is_off()).map(|since| UsageLookup { since, stats: &stats });
    let online =
        |contents: &OpenedContents, findings: &mut Vec<Finding>| ask_online(args, contents, now, findings);
    let mut findings = doctor::check_all(&cx.store, usage.as_ref(), context::warning_days()?, now, online);
    // In another user's home, every repair has the same error.
    let mut errors = BTreeSet::new();
    for finding in findings.iter_mut().filter(|_| args.fix) {
        if let Err(error) = finding.fix()
            && errors.insert(sanitize::error_chain(&error))
        {
            cx.say(&format!("{}: error: {}", program(), sanitize::error_chain(&error)));
        }
    }
    Ok(findings)
}

/// Asks registries and Docker Hub, if `--online` is given.
#[cfg(feature = "online")]
fn ask_online(args: &DoctorArgs, contents: &OpenedContents, now: Timestamp, findings: &mut Vec<Finding>) {
    if args.online {
        let _notice = SlowNotice::start("asking the registries and Docker Hub");
        online::check(contents, HubApi::find(print_progress), now, &mut print_progress, findings);
    }
}

#[cfg(not(feature = "online"))]
fn ask_online(_: &DoctorArgs, _: &OpenedContents, _: Timestamp, _: &mut Vec<Finding>) {}

/// Searches the files below a folder. About the vault, it only reports obstacles to searching for its secrets.
#[cfg(feature = "scan")]
fn scan(folder: &Path, cx: &mut CommandContext) -> Result<Vec<Finding>, CommandError> {
    if !folder.exists() {
        return Err(ArgumentError::NoDirectory(folder.to_owned()).into());
    }
    let mut findings = Vec::new();
    let contents = keys::check(&cx.store, &mut findings).unwrap_or_default();
    findings.retain(|finding| finding.severity == Severity::Problem || finding.kind == keys::LOCKED);
    let _notice = SlowNotice::start(format!("searching {}", folder.display()));
    doctor::scan::check(folder, &contents, &mut findings);
    Ok(findings)
}

#[cfg(not(feature = "scan"))]
fn scan(_: &Path, _: &mut CommandContext) -> Result<Vec<Finding>, CommandError> {
    Err(DoctorError::NoScan.into())
}

fn write_list(findings: &[Finding], cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut table = Table::headless();
    for finding in findings {
        let (word, tone) = match finding.severity {
            Severity::Problem => ("problem", Tone::Bad),
            Severity::Warning => ("warning", Tone::Warning),
            Severity::Note => ("note", Tone::Plain),
        };
        table.push([Cell::new(word, tone), Cell::new(&finding.what, Tone::Head)]);
        table.push(["".into(), finding.why.into()]);
        let (head, tone) =
            if finding.is_fixed == Some(true) { ("fixed", Tone::Good) } else { ("fix", Tone::Plain) };
        table.push(["".into(), Cell::new(&format!("{head}: {}", finding.mend), tone)]);
    }
    // A command is never cut, however narrow the screen is.
    cx.print_uncut_table(&table)
}

/// A check that found something wrong, or could not run.
#[derive(Debug, Error)]
enum DoctorError {
    #[error("{wrong} {} wrong", if *wrong == 1 { "thing is" } else { "things are" })]
    Findings {
        wrong: usize,
        /// The number of these findings that `--fix` can fix.
        fixable: usize,
    },
    #[cfg(not(feature = "scan"))]
    #[error("this program was built without the search for secrets")]
    NoScan,
}

impl Hint for DoctorError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Findings { fixable: 0, .. } => None,
            Self::Findings { fixable, .. } => {
                Some(format!("{} doctor --fix fixes {fixable} of them", program()))
            }
            #[cfg(not(feature = "scan"))]
            Self::NoScan => Some(format!("use the release of {} that has it", program())),
        }
    }
}
