//! `usage`: which tokens were given out, when and to whom.

pub mod output;
pub mod rows;

use clap::ValueEnum;

use crate::command::completions::token_names;
use crate::command::usage::rows::Rows;
use crate::command::{Desk, Failure, find};
use crate::model::timestamp::Moment;
use crate::system::env;
use crate::usage::record::Skipped;

/// How far back the days are told, when nothing else is said.
const DAYS: i64 = 30;

/// Show how tokens were used: how often, when last, and by which client
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this token
    #[arg(add = token_names())]
    name: Option<String>,
    /// Only what was since then: a number of days (30d) or a date (2027-01-31)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// What a row stands for
    #[arg(long, value_enum, default_value = "token")]
    by: By,
    /// Write JSON: {"version":1,"rows":[…],…}
    #[arg(long)]
    json: bool,
    /// Note nothing any more; what was noted stays
    #[arg(long, conflicts_with_all = ["name", "since", "by", "json"])]
    off: bool,
    /// Note again
    #[arg(long, conflicts_with_all = ["name", "since", "by", "json", "off"])]
    on: bool,
}

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// A token
    Token,
    /// A client's program
    Client,
    /// A day, in UTC
    Day,
    /// A registry
    Registry,
}

impl By {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Client => "client",
            Self::Day => "day",
            Self::Registry => "registry",
        }
    }
}

/// Runs the verb.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    if args.off || args.on {
        return switch(args.on, desk);
    }
    let inventory = desk.keeper.inventory()?;
    let token = args.name.as_deref().map(|name| find(&inventory, name)).transpose()?;
    let start =
        |text: &String| Moment::parse_start(text, *desk.now).ok_or_else(|| Failure::NoStart(text.clone()));
    let since = args.since.as_ref().map(start).transpose()?;
    let mut rows = Rows::new(args.by, token, since, DAYS, &inventory, *desk.now);
    let skipped = desk.keeper.log().visit(&mut |record| rows.add(&record));
    rows.sort();
    if args.json {
        return output::write_json(&rows, skipped, desk);
    }
    if rows.is_empty() {
        desk.say(&why_nothing(desk, since.is_some() || token.is_some()));
    } else {
        output::table(&rows).write(&mut *desk.out, desk.screen).map_err(Failure::Output)?;
    }
    say_besides(&rows, skipped, desk);
    Ok(())
}

/// Tells what the rows do not.
fn say_besides(rows: &Rows<'_>, skipped: Skipped, desk: &mut Desk) {
    let Skipped { other_version, damaged } = skipped;
    for (count, what) in [
        (rows.not_found, "requests found no token here"),
        (other_version, "lines of the log are of another version of this program, and do not count"),
        (damaged, "lines of the log are damaged, and do not count"),
    ] {
        if count > 0 {
            desk.say(&format!("{what}: {count}"));
        }
    }
}

fn switch(is_on: bool, desk: &mut Desk) -> Result<(), Failure> {
    let log = desk.keeper.log();
    if is_on {
        log.turn_on()?;
        desk.say("the use of tokens is noted");
    } else {
        log.turn_off(*desk.now)?;
        desk.say(
            "the use of tokens is no longer noted; what was noted stays (docker-credential-pat usage --on)",
        );
    }
    Ok(())
}

/// Tells why there is nothing to show.
fn why_nothing(desk: &Desk, is_part: bool) -> String {
    let log = desk.keeper.log();
    let path = env::tilde(&log.path());
    if log.is_off() {
        return "no use is noted: it is switched off (docker-credential-pat usage --on)".to_owned();
    }
    if env::is_usage_off() {
        return format!("no use is noted here: {} says off", env::USAGE);
    }
    match log.path().exists() {
        true if is_part => format!("no such use is noted in {path}"),
        true => format!("no use is noted in {path} yet"),
        false => format!("nothing was used yet: there is no {path}"),
    }
}
