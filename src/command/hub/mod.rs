//! `hub`: manages access tokens at Docker Hub without a browser.

mod create;
mod link;
mod output;
mod rename;
mod rm;
mod rotate;
mod sign_in;
mod switch;
mod sync;
mod target;
mod tokens;

use thiserror::Error;

use crate::command::args;
use crate::command::args::PlainField;
use crate::command::context::{CommandContext, print_progress};
use crate::command::error::CommandError;
use crate::hub::HubSession;
use crate::hub::api::client::HubClient;
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::label_marker::MAX_LABEL;
use crate::model::hint::Hint;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::TokenState;

/// The longest lifetime of a token, in days: a year, which may be a leap year.
const MAX_DAYS: i64 = 366;

/// Manage access tokens at Docker Hub
#[derive(Debug, clap::Args)]
pub struct HubArgs {
    #[command(subcommand)]
    verb: HubVerb,
}

#[derive(Debug, clap::Subcommand)]
enum HubVerb {
    #[command(aliases = ["ls", "list"])]
    Tokens(tokens::HubTokensArgs),
    Create(create::HubCreateArgs),
    Rename(rename::HubRenameArgs),
    /// Switch tokens on, at Docker Hub and here
    #[command(visible_alias = "enable")]
    Activate(switch::HubSwitchArgs),
    /// Switch tokens off, here and at Docker Hub
    #[command(visible_alias = "disable")]
    Deactivate(switch::HubSwitchArgs),
    #[command(aliases = ["remove", "delete"])]
    Rm(rm::HubRmArgs),
    Rotate(rotate::HubRotateArgs),
    Sync(sync::HubSyncArgs),
    Link(link::HubLinkArgs),
}

/// Runs the verb.
pub fn run(args: &HubArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let hub = HubApi::find(print_progress)?;
    cx.store.require_proof()?;
    match &args.verb {
        HubVerb::Tokens(args) => tokens::run(args, &hub, cx),
        HubVerb::Create(args) => create::run(args, &hub, cx),
        HubVerb::Rename(args) => rename::run(args, &hub, cx),
        HubVerb::Activate(args) => switch::run(args, TokenState::Active, &hub, cx),
        HubVerb::Deactivate(args) => switch::run(args, TokenState::Inactive, &hub, cx),
        HubVerb::Rm(args) => rm::run(args, &hub, cx),
        HubVerb::Rotate(args) => rotate::run(args, &hub, cx),
        HubVerb::Sync(args) => sync::run(args, &hub, cx),
        HubVerb::Link(args) => link::run(args, &hub, cx),
    }
}

fn session<'s>(cx: &'s CommandContext, client: &'s HubClient<'s>) -> HubSession<'s> {
    HubSession { store: &cx.store, client, now: *cx.now }
}

/// Returns the account of an organization, or of the person who is signed in.
fn account(organization: Option<&String>) -> HubAccount {
    organization.map_or(HubAccount::Person, |name| HubAccount::Organization(name.clone()))
}

/// Checks that Docker Hub accepts a label.
fn parse_label(text: &str) -> Result<String, CommandError> {
    PlainField::Label.refuse_token(text)?;
    if (1..=MAX_LABEL).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(NotForHub(format!("a label at Docker Hub has 1 to {MAX_LABEL} characters")).into())
}

/// Parses an expiry, which at Docker Hub is within a year or never (`None`).
fn parse_hub_expiry(text: &str, now: Timestamp) -> Result<Option<Timestamp>, CommandError> {
    let expires = args::parse_coming_expiry(Some(text), now)?.flatten();
    if expires.is_some_and(|expires| expires.0 > now.0 + MAX_DAYS * DAY) {
        return Err(NotForHub("at Docker Hub a token expires within a year, or never".to_owned()).into());
    }
    Ok(expires)
}

/// An argument that Docker Hub does not accept.
#[derive(Debug, Error)]
#[error("{0}")]
struct NotForHub(String);

impl Hint for NotForHub {}
