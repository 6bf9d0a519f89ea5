//! `doctor`: what is wrong or could be better, and the command that mends it.

use crate::checkup;
use crate::checkup::Finding;
use crate::checkup::Findings;
use crate::checkup::Severity;
#[cfg(feature = "scan")]
use crate::checkup::keys;
use crate::command::Desk;
use crate::command::Failure;
use crate::context;
use crate::table::Cell;
use crate::table::Screen;
use crate::table::Table;
use crate::table::Tone;
use crate::text;
use serde::Serialize;
use std::path::Path;
use std::path::PathBuf;

/// The version of the JSON that this writes. A new name or a new finding is no new version.
const JSON_VERSION: u32 = 1;

/// Tell what is wrong or could be safer, and the command that mends it
///
/// Looks at the clients' files, the program in PATH, the vault, its key and the tokens. Asks nobody anything.
/// The exit code is 1 when there is a problem or a warning.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write JSON: {"version":1,"findings":[…]}
    #[arg(long)]
    json: bool,
    /// Mend what can be mended without losing anything: file modes, and what was left over
    #[arg(long)]
    fix: bool,
    /// Only look for secrets of the vault, and for what looks like a token, in the files below a folder
    #[arg(long, value_name = "DIR", conflicts_with = "fix")]
    scan: Option<PathBuf>,
}

/// A finding as JSON shows it.
#[derive(Serialize)]
struct FindingJson<'f> {
    finding: &'static str,
    severity: &'static str,
    what: &'f str,
    why: &'f str,
    mend: &'f str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'f str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<bool>,
}

#[derive(Serialize)]
struct Report<'f> {
    version: u32,
    findings: Vec<FindingJson<'f>>,
}

/// Runs the verb.
///
/// # Errors
/// When something is wrong, or the answer cannot be written.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let findings = match &args.scan {
        Some(folder) => scan(folder, desk)?,
        None => examine(args.fix, desk)?,
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
fn examine(is_to_fix: bool, desk: &mut Desk) -> Result<Findings, Failure> {
    let _lock = if is_to_fix { desk.keeper.hold_still()? } else { None };
    let mut findings = checkup::collect(&desk.keeper, None, context::warning_days()?, *desk.now);
    for finding in findings.0.iter_mut().filter(|_| is_to_fix) {
        if let Err(error) = finding.fix() {
            desk.say(&format!("docker-credential-pat: error: {}", text::line_of(&error)));
        }
    }
    Ok(findings)
}

/// Looks into the files below a folder. Of the vault it only says what keeps its secrets from being looked for.
#[cfg(feature = "scan")]
fn scan(folder: &Path, desk: &mut Desk) -> Result<Findings, Failure> {
    if !folder.exists() {
        return Err(Failure::NoDirectory(folder.to_owned()));
    }
    let mut findings = Findings::default();
    let contents = keys::look(&desk.keeper, &mut findings).unwrap_or_default();
    findings.0.retain(|finding| finding.severity == Severity::Problem || finding.rule == &keys::LOCKED);
    checkup::scan::look(folder, &contents, &mut findings);
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
    let shown = |finding: &Finding| finding.path.as_ref().map(|path| path.display().to_string());
    let findings = findings.iter().map(|finding| FindingJson {
        finding: finding.rule.word,
        severity: finding.severity.word(),
        what: &finding.what,
        why: &finding.why,
        mend: &finding.mend,
        token: finding.token.as_deref(),
        path: shown(finding),
        line: finding.line,
        fixed: is_to_fix.then_some(finding.is_fixed),
    });
    let report = Report { version: JSON_VERSION, findings: findings.collect() };
    text::write_json(&mut *desk.out, &report)
        .and_then(|()| desk.out.write_all(b"\n"))
        .map_err(Failure::Output)
}
