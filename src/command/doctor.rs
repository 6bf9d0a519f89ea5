//! `doctor`: what is wrong or could be better, and the command that mends it.

use std::path::{Path, PathBuf};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
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
use crate::doctor::tokens::KnownUsage;
use crate::doctor::{Finding, Findings, Severity};
#[cfg(feature = "online")]
use crate::hub::api::HubApi;
use crate::model::hint::{Hint, program};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::sanitize;
use crate::system::table::{Cell, Screen, Table, Tone};

/// The version of the JSON that this writes. A new name or a new finding is no new version.
const JSON_VERSION: u32 = 1;

/// Tell what is wrong or could be safer, and the command that mends it
///
/// The exit code is 1 when there is a problem or a warning.
#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    /// Write JSON: {"version":1,"findings":[…]}
    #[arg(long)]
    json: bool,
    /// Mend what can be mended without losing anything: file modes, and what was left over
    #[arg(long)]
    fix: bool,
    /// Ask the tokens' registries too whether they take them, and Docker Hub if docker login is signed in there
    #[cfg(feature = "online")]
    #[arg(long, conflicts_with = "fix")]
    online: bool,
    /// Only look for secrets of the vault, and for what looks like a token, in the files below a folder
    #[arg(long, value_name = "DIR", conflicts_with = "fix")]
    #[cfg_attr(feature = "online", arg(conflicts_with = "online"))]
    scan: Option<PathBuf>,
}

/// A finding as JSON shows it: what there is nothing of is left out.
struct FindingJson<'f> {
    finding: &'f Finding,
    is_to_fix: bool,
}

impl Serialize for FindingJson<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let finding = self.finding;
        let path = finding.path.as_ref().map(|path| path.to_string_lossy());
        let texts = [
            ("finding", Some(finding.rule.word)),
            ("severity", Some(finding.severity.word())),
            ("what", Some(&finding.what)),
            ("why", Some(&finding.why)),
            ("mend", Some(&finding.mend)),
            ("token", finding.token.as_deref()),
            ("path", path.as_deref()),
        ];
        let mut object = out.serialize_map(None)?;
        for (name, text) in texts {
            if let Some(text) = text {
                object.serialize_entry(name, text)?;
            }
        }
        if let Some(line) = finding.line {
            object.serialize_entry("line", &line)?;
        }
        if self.is_to_fix {
            object.serialize_entry("fixed", &finding.is_fixed)?;
        }
        object.end()
    }
}

#[derive(Serialize)]
struct Report<'f> {
    version: u32,
    findings: Vec<FindingJson<'f>>,
}

/// Runs the verb.
pub fn run(args: &DoctorArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let findings = match &args.scan {
        Some(folder) => scan(folder, cx)?,
        None => examine(args, cx)?,
    };
    // The worst comes first, and else they stay in their order.
    let mut ordered = Vec::with_capacity(findings.0.len());
    for severity in Severity::ALL {
        ordered.extend(findings.0.iter().filter(|finding| finding.severity == severity));
    }
    let wrong = ordered.iter().filter(|finding| finding.is_wrong()).count();
    if args.json {
        write_json(&ordered, args.fix, cx)?;
    } else {
        write_list(&ordered, cx)?;
        if wrong == 0 {
            cx.out.write_all(b"nothing is wrong\n").map_err(CommandError::output)?;
        }
    }
    cx.out.flush().map_err(CommandError::output)?;
    let is_fixable = |finding: &&&Finding| finding.is_wrong() && finding.rule.repair.is_some();
    let fixable = ordered.iter().filter(is_fixable).count();
    if wrong == 0 { Ok(()) } else { Err(DoctorError::Findings { wrong, fixable }.into()) }
}

/// Looks at everything, and mends it if that is asked for: then nobody else changes the vault meanwhile.
fn examine(args: &DoctorArgs, cx: &mut CommandContext) -> Result<Findings, CommandError> {
    let is_to_fix = args.fix;
    let _lock = if is_to_fix { cx.store.lock_existing()? } else { None };
    let now = *cx.now;
    let log = cx.store.log();
    let history = log.history(now);
    let of = |token: &Token| history.of(token);
    let usage = history.since().filter(|_| !log.is_off()).map(|since| KnownUsage { since, of: &of });
    let besides = |contents: &OpenedContents, findings: &mut Findings| ask(args, contents, now, findings);
    let mut findings = doctor::collect(&cx.store, usage.as_ref(), context::warning_days()?, now, besides);
    for finding in findings.0.iter_mut().filter(|_| is_to_fix) {
        if let Err(error) = finding.fix() {
            cx.say(&format!("docker-credential-pat: error: {}", sanitize::error_chain(&error)));
        }
    }
    Ok(findings)
}

/// Asks registries and Docker Hub, if a person wants that.
#[cfg(feature = "online")]
fn ask(args: &DoctorArgs, contents: &OpenedContents, now: Timestamp, findings: &mut Findings) {
    if args.online {
        online::check(
            contents,
            HubApi::find(print_progress),
            now,
            &mut |line| print_progress(line),
            findings,
        );
    }
}

#[cfg(not(feature = "online"))]
fn ask(_: &DoctorArgs, _: &OpenedContents, _: Timestamp, _: &mut Findings) {}

/// Looks into the files below a folder. Of the vault it only says what keeps its secrets from being looked for.
#[cfg(feature = "scan")]
fn scan(folder: &Path, cx: &mut CommandContext) -> Result<Findings, CommandError> {
    if !folder.exists() {
        return Err(ArgumentError::NoDirectory(folder.to_owned()).into());
    }
    let mut findings = Findings::default();
    let contents = keys::check(&cx.store, &mut findings).unwrap_or_default();
    findings.0.retain(|finding| finding.severity == Severity::Problem || finding.rule == &keys::LOCKED);
    doctor::scan::check(folder, &contents, &mut findings);
    Ok(findings)
}

#[cfg(not(feature = "scan"))]
fn scan(_folder: &Path, _desk: &mut CommandContext) -> Result<Findings, CommandError> {
    Err(DoctorError::NoScan.into())
}

fn write_list(findings: &[&Finding], cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut table = Table::headless();
    for finding in findings {
        let tone = match finding.severity {
            Severity::Problem => Tone::Bad,
            Severity::Warning => Tone::Warning,
            Severity::Note => Tone::Plain,
        };
        table.push([Cell::new(finding.severity.word(), tone), Cell::new(&finding.what, Tone::Head)]);
        table.push(["".into(), finding.why.as_str().into()]);
        let (head, tone) = if finding.is_fixed { ("mended", Tone::Good) } else { ("mend", Tone::Plain) };
        table.push(["".into(), Cell::new(&format!("{head}: {}", finding.mend), tone)]);
    }
    // A command is shown whole, however narrow the screen.
    table.write(&mut *cx.out, Screen { width: None, ..cx.screen }).map_err(CommandError::output)
}

fn write_json(findings: &[&Finding], is_to_fix: bool, cx: &mut CommandContext) -> Result<(), CommandError> {
    let findings = findings.iter().map(|finding| FindingJson { finding, is_to_fix }).collect();
    let report = Report { version: JSON_VERSION, findings };
    cx.write_json(&report)
}

/// A check-up that did not find everything well, or was not made.
#[derive(Debug, Error)]
enum DoctorError {
    /// Problems or warnings.
    #[error("{wrong} {} wrong", if *wrong == 1 { "thing is" } else { "things are" })]
    Findings {
        wrong: usize,
        /// Those that can be mended without losing anything.
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
                Some(format!("{} doctor --fix mends {fixable} of them", program()))
            }
            #[cfg(not(feature = "scan"))]
            Self::NoScan => Some(format!("use the release of {} that has it", program())),
        }
    }
}
