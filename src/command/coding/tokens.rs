//! `coding tokens`: the tokens of a project as CODING knows them, and which of them are in the vault.

use serde::Serialize;

use crate::coding::api::client::Project;
use crate::coding::api::project_token::ProjectToken;
use crate::command::coding::access::CodingAccess;
use crate::command::coding::target::is_same;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::dated;
use crate::inventory::Inventory;
use crate::model::timestamp::Timestamp;
use crate::system::table::{Cell, Table, Tone};

/// The version of the JSON that it writes. A new name is no new version.
const JSON_VERSION: u32 = 1;

const HEADS: [&str; 8] = ["LABEL", "USER", "MAY", "STATE", "IN-VAULT", "EXPIRES", "LAST-USED", "CREATED"];

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["CREATED", "LAST-USED", "USER", "MAY"];

/// List a project's tokens: what they may do, when they end, when they were used, and which are in the vault
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The project, by name or number
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// Write JSON: {"version":1,"tokens":[…]}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: CodingAccess,
}

/// Runs the verb.
pub(super) fn run(args: &Args, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let place = args.access.place(&inventory)?;
    let coding = args.access.open(place, cx)?;
    let project = coding.project(&args.project, &mut |line| cx.say(line))?;
    let tokens = coding.tokens(project.id, &mut |line| cx.say(line))?;
    if tokens.is_empty() && !args.json {
        cx.say("the project has no tokens");
        return Ok(());
    }
    if args.json {
        write_json(&project, &tokens, &inventory, cx)
    } else {
        write_table(&tokens, &inventory, cx)
    }
}

/// Writes a row for each token.
pub(super) fn write_table(
    tokens: &[ProjectToken],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let now = *cx.now;
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for token in tokens {
        let may: Vec<_> = token.grants.iter().map(ToString::to_string).collect();
        let dated = |moment: Timestamp| dated(moment, now);
        let day = |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), dated);
        table.push([
            token.name.as_str().into(),
            token.user.as_str().into(),
            if may.is_empty() { "-".into() } else { may.join(", ").into() },
            state(token, now),
            kept_as(token, inventory).unwrap_or("-").into(),
            token.expires.map_or_else(|| "never".to_owned(), dated).into(),
            day(token.last_used).into(),
            day(token.created).into(),
        ]);
    }
    table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)
}

fn state(token: &ProjectToken, now: Timestamp) -> Cell {
    match state_word(token, now) {
        Some("expired") => Cell::new("expired", Tone::Bad),
        Some("active") => Cell::new("active", Tone::Good),
        Some(word) => Cell::new(word, Tone::Warning),
        None => "-".into(),
    }
}

/// Returns the word for a token's state, as `ls` and `hub tokens` have it; `None` where CODING does not tell.
fn state_word(token: &ProjectToken, now: Timestamp) -> Option<&'static str> {
    match token.enabled {
        _ if token.expires.is_some_and(|end| end <= now) => Some("expired"),
        Some(true) => Some("active"),
        Some(false) => Some("inactive"),
        None => None,
    }
}

/// Returns the name under which the vault has a token.
fn kept_as<'i>(there: &ProjectToken, inventory: &'i Inventory) -> Option<&'i str> {
    inventory.tokens().iter().find(|token| is_same(token, there)).map(|token| token.name.as_str())
}

/// A token as JSON shows it; `null` means none or not known.
#[derive(Serialize)]
struct ProjectTokenJson<'a> {
    id: u64,
    label: &'a str,
    user: &'a str,
    scopes: Vec<ScopeJson<'a>>,
    state: Option<&'static str>,
    created: Option<String>,
    expires: Option<String>,
    last_used: Option<String>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct ScopeJson<'a> {
    value: &'a str,
    target: Option<u64>,
    means: String,
}

fn write_json(
    project: &Project,
    tokens: &[ProjectToken],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    #[derive(Serialize)]
    struct ProjectTokensJson<'a> {
        version: u32,
        project: &'a str,
        project_id: u64,
        tokens: Vec<ProjectTokenJson<'a>>,
    }
    let now = *cx.now;
    let tokens =
        tokens.iter().map(|token| ProjectTokenJson::of(token, kept_as(token, inventory), now)).collect();
    let listing =
        ProjectTokensJson { version: JSON_VERSION, project: &project.name, project_id: project.id, tokens };
    cx.write_json(&listing)
}

impl<'a> ProjectTokenJson<'a> {
    fn of(token: &'a ProjectToken, name: Option<&'a str>, now: Timestamp) -> Self {
        let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
        let scopes = token.grants.iter();
        Self {
            id: token.id,
            label: &token.name,
            user: &token.user,
            scopes: scopes
                .map(|grant| ScopeJson {
                    value: &grant.value,
                    target: grant.target,
                    means: grant.to_string(),
                })
                .collect(),
            state: state_word(token, now),
            created: moment(token.created),
            expires: moment(token.expires),
            last_used: moment(token.last_used),
            name,
        }
    }
}
