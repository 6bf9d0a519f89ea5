//! `doctor`: what is wrong or could be better, and the command that mends it.

use std::path::{Path, PathBuf};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::client::context;
#[cfg(feature = "online")]
use crate::command::tell;
use crate::command::{Desk, Failure};
use crate::doctor;
#[cfg(feature = "scan")]
use crate::doctor::keys;
use crate::doctor::keys::Contents;
#[cfg(feature = "online")]
use crate::doctor::online;
use crate::doctor::tokens::Usage;
use crate::doctor::{Finding, Findings, Severity};
#[cfg(feature = "online")]
use crate::hub::api::Hub;
use crate::model::timestamp::Moment;
use crate::model::token::Token;
use crate::system::sanitize;
use crate::system::table::{Cell, Screen, Table, Tone};

/// The version of the JSON that this writes. A new name or a new finding is no new version.
const JSON_VERSION: u32 = 1;

/// Tell what is wrong or could be safer, and the command that mends it
///
/// The exit code is 1 when there is a problem or a warning.
#[derive(Debug, clap::Args)]
pub struct Args {
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
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let findings = match &args.scan {
        Some(folder) => scan(folder, desk)?,
        None => examine(args, desk)?,
    };
    // The worst comes first, and else they stay in their order.
    let mut ordered = Vec::with_capacity(findings.0.len());
    for severity in Severity::ALL {
        ordered.extend(findings.0.iter().filter(|finding| finding.severity == severity));
    }
    let wrong = ordered.iter().filter(|finding| finding.is_wrong()).count();
    if args.json {
        write_json(&ordered, args.fix, desk)?;
    } else {
        write_list(&ordered, desk)?;
        if wrong == 0 {
            desk.out.write_all(b"nothing is wrong\n").map_err(Failure::Output)?;
        }
    }
    desk.out.flush().map_err(Failure::Output)?;
    let is_fixable = |finding: &&&Finding| finding.is_wrong() && finding.rule.repair.is_some();
    let fixable = ordered.iter().filter(is_fixable).count();
    if wrong == 0 { Ok(()) } else { Err(Failure::Unwell { wrong, fixable }) }
}

/// Looks at everything, and mends it if that is asked for: then nobody else changes the vault meanwhile.
fn examine(args: &Args, desk: &mut Desk) -> Result<Findings, Failure> {
    let is_to_fix = args.fix;
    let _lock = if is_to_fix { desk.keeper.hold_still()? } else { None };
    let now = *desk.now;
    let log = desk.keeper.log();
    let history = log.history(now);
    let of = |token: &Token| history.of(token);
    let usage = history.since().filter(|_| !log.is_off()).map(|since| Usage { since, of: &of });
    let besides = |contents: &Contents, findings: &mut Findings| ask(args, contents, now, findings);
    let mut findings = doctor::collect(&desk.keeper, usage.as_ref(), context::warning_days()?, now, besides);
    for finding in findings.0.iter_mut().filter(|_| is_to_fix) {
        if let Err(error) = finding.fix() {
            desk.say(&format!("docker-credential-pat: error: {}", sanitize::line_of(&error)));
        }
    }
    Ok(findings)
}

/// Asks registries and Docker Hub, if a person wants that.
#[cfg(feature = "online")]
fn ask(args: &Args, contents: &Contents, now: Moment, findings: &mut Findings) {
    if args.online {
        online::look(contents, Hub::find(tell), now, &mut |line| tell(line), findings);
    }
}

#[cfg(not(feature = "online"))]
fn ask(_: &Args, _: &Contents, _: Moment, _: &mut Findings) {}

/// Looks into the files below a folder. Of the vault it only says what keeps its secrets from being looked for.
#[cfg(feature = "scan")]
fn scan(folder: &Path, desk: &mut Desk) -> Result<Findings, Failure> {
    if !folder.exists() {
        return Err(Failure::NoDirectory(folder.to_owned()));
    }
    let mut findings = Findings::default();
    let contents = keys::look(&desk.keeper, &mut findings).unwrap_or_default();
    findings.0.retain(|finding| finding.severity == Severity::Problem || finding.rule == &keys::LOCKED);
    doctor::scan::look(folder, &contents, &mut findings);
    Ok(findings)
}

#[cfg(not(feature = "scan"))]
fn scan(_folder: &Path, _desk: &mut Desk) -> Result<Findings, Failure> {
    Err(Failure::NoScan)
}

fn write_list(findings: &[&Finding], desk: &mut Desk) -> Result<(), Failure> {
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
    table.write(&mut *desk.out, Screen { width: None, ..desk.screen }).map_err(Failure::Output)
}

fn write_json(findings: &[&Finding], is_to_fix: bool, desk: &mut Desk) -> Result<(), Failure> {
    let findings = findings.iter().map(|finding| FindingJson { finding, is_to_fix }).collect();
    let report = Report { version: JSON_VERSION, findings };
    desk.write_json(&report)
}
