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

use crate::command::{Desk, Failure, args, find_all, tell};
use crate::hub::api::client::SignedIn;
use crate::hub::api::{Account, Hub};
use crate::hub::label_marker::MAX_LABEL;
use crate::hub::{Known, Life};
use crate::model::timestamp::{DAY, Moment};
use crate::model::token::Token;

/// How far away the end of a token may be, in days: a year, whatever year it is.
const MAX_DAYS: i64 = 366;

/// Make, list, watch, switch off, rotate and delete tokens at Docker Hub
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
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
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let hub = Hub::find(tell)?;
    match &args.deed {
        Deed::Tokens(args) => tokens::run(args, &hub, desk),
        Deed::Create(args) => create::run(args, &hub, desk),
        Deed::Rename(args) => rename::run(args, &hub, desk),
        Deed::Activate(args) => switch::activate(args, &hub, desk),
        Deed::Deactivate(args) => switch::deactivate(args, &hub, desk),
        Deed::Rm(args) => rm::run(args, &hub, desk),
        Deed::Rotate(args) => rotate::run(args, &hub, desk),
        Deed::Sync(args) => sync::run(args, &hub, desk),
        Deed::Link(args) => link::run(args, &hub, desk),
    }
}

fn life<'l>(desk: &'l Desk, hub: &'l SignedIn<'l>) -> Life<'l> {
    Life { keeper: &desk.keeper, hub, now: *desk.now }
}

/// Returns the tokens of those names, with what they are at Docker Hub.
fn known(names: &[String], hub: &Hub, desk: &Desk) -> Result<Vec<Known>, Failure> {
    let tokens = find_all(&desk.keeper.inventory()?, names)?;
    tokens.iter().map(|token| Ok(Known::of(token, hub.at().as_deref())?)).collect()
}

/// Returns the tokens of those names or IDs that are in the vault, and the IDs of those that are not.
fn known_or_not(
    names: &[String],
    ids: &[String],
    hub: &Hub,
    desk: &Desk,
) -> Result<(Vec<Known>, Vec<String>), Failure> {
    let mut known = known(names, hub, desk)?;
    let inventory = desk.keeper.inventory()?;
    let here: Vec<_> =
        inventory.tokens().iter().filter_map(|token| Known::of(token, hub.at().as_deref()).ok()).collect();
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
fn owner_of(known: &[Known]) -> Option<&str> {
    known.iter().find_map(Known::owner)
}

/// Returns the account of an organization, or of who is signed in.
fn account(organization: Option<&String>) -> Account {
    organization.map_or(Account::Person, |name| Account::Organization(name.clone()))
}

/// Takes a label that Docker Hub takes too.
fn label(text: &str) -> Result<String, Failure> {
    if (1..=MAX_LABEL).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(Failure::NotForHub(format!("a label at Docker Hub has 1 to {MAX_LABEL} characters")))
}

/// Reads when a token is to end, which at Docker Hub is within a year or never: `None` where nothing was given,
/// `Some(None)` for never.
pub fn end(text: Option<&String>, now: Moment) -> Result<Option<Option<Moment>>, Failure> {
    let end = args::end(text, now)?;
    if let Some(Some(end)) = end
        && !(now.0 + 1..=now.0 + MAX_DAYS * DAY).contains(&end.0)
    {
        return Err(Failure::NotForHub("at Docker Hub a token ends within a year, or never".to_owned()));
    }
    Ok(end)
}

/// Says when a token ends.
fn end_words(token: &Token, now: Moment) -> String {
    match token.expires {
        Some(end) => format!("ends {}, on {}", end.relative_to(now), end.date()),
        None => "does not end".to_owned(),
    }
}
