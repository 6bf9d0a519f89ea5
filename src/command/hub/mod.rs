//! `hub`: the tokens of Docker Hub, made, watched, switched, replaced and deleted without a browser.

mod create;
mod link;
mod rename;
mod rm;
mod rotate;
mod sign_in;
mod switch;
mod sync;
mod tokens;

use thiserror::Error;

use crate::command::args;
use crate::command::args::find_all;
use crate::command::context::{CommandContext, print_progress};
use crate::command::error::CommandError;
use crate::hub::api::client::HubClient;
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::label_marker::MAX_LABEL;
use crate::hub::{HubSession, LinkedToken};
use crate::model::hint::Hint;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::Token;

/// How far away the end of a token may be, in days: a year, whatever year it is.
const MAX_DAYS: i64 = 366;

/// Make, list, watch, switch off, rotate and delete tokens at Docker Hub
#[derive(Debug, clap::Args)]
pub struct HubArgs {
    #[command(subcommand)]
    deed: HubVerb,
}

#[derive(Debug, clap::Subcommand)]
enum HubVerb {
    Tokens(tokens::Args),
    Create(create::Args),
    Rename(rename::Args),
    /// Switch tokens on, at Docker Hub and here
    Activate(switch::Args),
    /// Switch tokens off, here and at Docker Hub
    Deactivate(switch::Args),
    Rm(rm::Args),
    Rotate(rotate::Args),
    Sync(sync::Args),
    Link(link::Args),
}

/// Runs the verb.
pub fn run(args: &HubArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let hub = HubApi::find(print_progress)?;
    match &args.deed {
        HubVerb::Tokens(args) => tokens::run(args, &hub, cx),
        HubVerb::Create(args) => create::run(args, &hub, cx),
        HubVerb::Rename(args) => rename::run(args, &hub, cx),
        HubVerb::Activate(args) => switch::activate(args, &hub, cx),
        HubVerb::Deactivate(args) => switch::deactivate(args, &hub, cx),
        HubVerb::Rm(args) => rm::run(args, &hub, cx),
        HubVerb::Rotate(args) => rotate::run(args, &hub, cx),
        HubVerb::Sync(args) => sync::run(args, &hub, cx),
        HubVerb::Link(args) => link::run(args, &hub, cx),
    }
}

fn life<'l>(cx: &'l CommandContext, hub: &'l HubClient<'l>) -> HubSession<'l> {
    HubSession { store: &cx.store, hub, now: *cx.now }
}

/// Returns the tokens of those names, with what they are at Docker Hub.
fn known(names: &[String], hub: &HubApi, cx: &CommandContext) -> Result<Vec<LinkedToken>, CommandError> {
    let tokens = find_all(&cx.store.inventory()?, names)?;
    tokens.iter().map(|token| Ok(LinkedToken::of(token, hub.at().as_deref())?)).collect()
}

/// Returns the tokens of those names or IDs that are in the vault, and the IDs of those that are not.
fn known_or_not(
    names: &[String],
    ids: &[String],
    hub: &HubApi,
    cx: &CommandContext,
) -> Result<(Vec<LinkedToken>, Vec<String>), CommandError> {
    let mut known = known(names, hub, cx)?;
    let inventory = cx.store.inventory()?;
    let here: Vec<_> = inventory
        .tokens()
        .iter()
        .filter_map(|token| LinkedToken::of(token, hub.at().as_deref()).ok())
        .collect();
    let mut others = Vec::new();
    for id in ids {
        match here.iter().find(|here| here.remote.id.eq_ignore_ascii_case(id)) {
            Some(here) if known.iter().any(|known| known.token.id == here.token.id) => {}
            Some(here) => known.push(here.clone()),
            None => others.push(id.clone()),
        }
    }
    Ok((known, others))
}

/// Returns the Docker ID that has to be signed in for all of them.
fn owner_of(known: &[LinkedToken]) -> Option<&str> {
    known.iter().find_map(LinkedToken::owner)
}

/// Returns the account of an organization, or of who is signed in.
fn account(organization: Option<&String>) -> HubAccount {
    organization.map_or(HubAccount::Person, |name| HubAccount::Organization(name.clone()))
}

/// Takes a label that Docker Hub takes too.
fn label(text: &str) -> Result<String, CommandError> {
    if (1..=MAX_LABEL).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(NotForHub(format!("a label at Docker Hub has 1 to {MAX_LABEL} characters")).into())
}

/// Reads when a token is to end, which at Docker Hub is within a year or never: `None` where nothing was given,
/// `Some(None)` for never.
pub fn parse_hub_expiry(
    text: Option<&String>,
    now: Timestamp,
) -> Result<Option<Option<Timestamp>>, CommandError> {
    let end = args::parse_expiry(text, now)?;
    if let Some(Some(end)) = end
        && !(now.0 + 1..=now.0 + MAX_DAYS * DAY).contains(&end.0)
    {
        return Err(NotForHub("at Docker Hub a token ends within a year, or never".to_owned()).into());
    }
    Ok(end)
}

/// Says when a token ends.
fn end_words(token: &Token, now: Timestamp) -> String {
    match token.expires {
        Some(end) => format!("ends {}, on {}", end.relative_to(now), end.date()),
        None => "does not end".to_owned(),
    }
}

/// Something that Docker Hub does not take.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct NotForHub(pub String);

impl Hint for NotForHub {}
