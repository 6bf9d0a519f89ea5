//! `usage`: shows the number of uses, the last use and the last client of each token.

pub mod output;
pub mod rows;

use clap::ValueEnum;
use serde::Serialize;

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::usage::rows::UsageRows;
use crate::model::hint::program;
use crate::model::timestamp::Timestamp;
use crate::system::env;
use crate::usage::record::UnreadLines;

/// The days that are shown without `--since`.
const DEFAULT_DAYS: i64 = 30;

/// Show how often, when and by which client tokens were used
#[derive(Debug, clap::Args)]
pub struct UsageArgs {
    /// Only this token
    #[arg(add = token_names())]
    name: Option<String>,
    /// Only use since then: a date (2027-01-31) or an age (12h, 30d, 2w, 6mo, 1y)
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// The meaning of a row
    #[arg(long, value_enum, default_value = "token")]
    by: GroupBy,
    /// Write JSON: {"version":1,"rows":[…],…}
    #[arg(long)]
    json: bool,
    /// Stop recording; what was recorded stays
    #[arg(long, conflicts_with_all = ["name", "since", "by", "json"])]
    off: bool,
    /// Record again
    #[arg(long, conflicts_with_all = ["name", "since", "by", "json", "off"])]
    on: bool,
}

/// The subject of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// A token
    Token,
    /// A client's program
    Client,
    /// A day, in UTC
    Day,
    /// A registry
    Registry,
}

/// Runs the verb.
pub fn run(args: &UsageArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    if args.off || args.on {
        return switch(args.on, cx);
    }
    let inventory = cx.store.inventory()?;
    let token = args.name.as_deref().map(|name| find(&inventory, name)).transpose()?;
    let since = args.since.as_ref().map(|text| Timestamp::parse_since(text, *cx.now)).transpose()?;
    let mut rows = UsageRows::new(args.by, token, since, DEFAULT_DAYS, &inventory, *cx.now);
    let unread = cx.store.log().visit(&mut |record| rows.add(&record));
    rows.sort();
    if args.json {
        return output::write_json(&rows, unread, cx);
    }
    if rows.is_empty() {
        cx.say(&empty_message(cx, since.is_some() || token.is_some()));
    } else {
        cx.print_table(&output::table(&rows))?;
    }
    print_uncounted(&rows, unread, cx);
    Ok(())
}

/// Prints the number of requests and lines that no row includes.
fn print_uncounted(rows: &UsageRows<'_>, unread: UnreadLines, cx: &mut CommandContext) {
    let UnreadLines { other_version, damaged } = unread;
    for (count, [one, many]) in [
        (rows.not_found, ["1 request found no token", "requests found no token"]),
        (
            other_version,
            [
                "1 line of the log is of another version of this program, and is not counted",
                "lines of the log are of another version of this program, and are not counted",
            ],
        ),
        (
            damaged,
            [
                "1 line of the log is damaged, and is not counted",
                "lines of the log are damaged, and are not counted",
            ],
        ),
    ] {
        match count {
            0 => {}
            1 => cx.say(one),
            count => cx.say(&format!("{count} {many}")),
        }
    }
}

fn switch(is_on: bool, cx: &mut CommandContext) -> Result<(), CommandError> {
    cx.store.refuse_no_home()?;
    let log = cx.store.log();
    if is_on {
        log.turn_on()?;
        cx.say("the use of tokens is noted");
    } else {
        log.turn_off(*cx.now)?;
        cx.say(&format!("the use of tokens is no longer recorded; the log stays ({} usage --on)", program()));
    }
    Ok(())
}

/// Returns the message for an answer without rows. `is_filtered` says that `--since` or a name left rows out.
fn empty_message(cx: &CommandContext, is_filtered: bool) -> String {
    let log = cx.store.log();
    let path = env::tilde(&log.path());
    if log.is_off() {
        return format!("no use is noted: it is switched off ({} usage --on)", program());
    }
    if env::is_usage_off() {
        return format!("no use is noted here: {} says off", env::USAGE);
    }
    match log.path().exists() {
        true if is_filtered => format!("no such use is noted in {path}"),
        true => format!("no use is noted in {path} yet"),
        false => format!("nothing was used yet: there is no {path}"),
    }
}
