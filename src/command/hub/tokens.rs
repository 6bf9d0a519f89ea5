//! `hub tokens`: every token of an account at Docker Hub, and which of them are in the vault.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::account;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::token_view;
use crate::command::token_view::count_words;
use crate::hub::api::token::{ApiToken, Resource, TokenAccess};
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::label_marker::unmarked;
use crate::inventory::Inventory;
use crate::model::remote::Rotation;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::table::{Cell, Table, Tone};

const HEADS: [&str; 9] =
    ["LABEL", "SCOPE", "STATE", "LAST-USED", "EXPIRES", "CREATED", "MADE", "IN-VAULT", "ID"];

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["ID", "CREATED", "MADE", "SCOPE", "LAST-USED"];

/// The version of the JSON. A new name is no new version.
const JSON_VERSION: u32 = 1;

/// An end within so many days is pointed out.
const SOON_DAYS: i64 = 7;

/// List the tokens at Docker Hub, and which of them are in the vault
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Those of an organization
    #[arg(long, value_name = "ORGANIZATION")]
    org: Option<String>,
    /// Write JSON: {"version":1,"account":…,"tokens":[…]}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// A token as JSON shows it. Moments are in RFC 3339, and `null` means none or not known.
#[derive(Serialize)]
struct HubTokenJson<'t> {
    id: &'t str,
    label: &'t str,
    scopes: Option<&'t [String]>,
    resources: Option<&'t [Resource]>,
    state: &'static str,
    made: &'static str,
    created: Option<String>,
    last_used: Option<String>,
    expires: Option<String>,
    name: Option<&'t str>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let account = account(args.org.as_ref());
    let signed_in = args.sign_in.run(hub, None, cx)?;
    let all = signed_in.all(&account)?;
    let inventory = cx.store.inventory()?;
    let (at, now) = (hub.at(), *cx.now);
    let here = |listed: &ApiToken| named_here(listed, &account, at.as_deref(), &inventory);
    let whose = match &account {
        HubAccount::Person => signed_in.user(),
        HubAccount::Organization(name) => name,
    };
    if args.json {
        return write_json(whose, &all, here, now, cx);
    }
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for listed in &all {
        table.push(row(listed, here(listed), now));
    }
    if !all.is_empty() {
        table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)?;
    }
    let count = all.iter().filter(|listed| here(listed).is_some()).count();
    cx.say(&format!("{} of {whose} at Docker Hub, {count} of them here", count_words(all.len())));
    for listed in all.iter().filter(|listed| is_lost(listed, here(listed), &inventory)) {
        cx.say(&format!(
            "note: \"{}\" was being made when that was stopped, and nobody has its secret \
             (docker-credential-pat hub rm --id {})",
            listed.label, listed.id
        ));
    }
    Ok(())
}

/// Returns the token of the vault that it is.
fn named_here<'i>(
    listed: &ApiToken,
    account: &HubAccount,
    at: Option<&str>,
    inventory: &'i Inventory,
) -> Option<&'i Token> {
    inventory.tokens().iter().find(|token| {
        token.remote.as_ref().is_some_and(|remote| {
            remote.service == account.service() && remote.base_url.as_deref() == at && remote.id == listed.id
        })
    })
}

/// True for one that was being made when that was stopped, and that no rotation goes on with.
fn is_lost(listed: &ApiToken, here: Option<&Token>, inventory: &Inventory) -> bool {
    let goes_on = |token: &Token| {
        let rotation = token.remote.as_ref().and_then(|remote| remote.rotation.as_ref());
        matches!(rotation, Some(Rotation::Making { label }) if *label == listed.label)
    };
    here.is_none() && unmarked(&listed.label).is_some() && !inventory.tokens().iter().any(goes_on)
}

fn state(listed: &ApiToken, now: Timestamp) -> (&'static str, Tone) {
    match listed.is_active {
        _ if listed.has_expired(now) => ("expired", Tone::Bad),
        true => ("active", Tone::Good),
        false => ("inactive", Tone::Plain),
    }
}

fn made(listed: &ApiToken) -> &'static str {
    if listed.is_generated() { "auto-generated" } else { "manual" }
}

fn row(listed: &ApiToken, here: Option<&Token>, now: Timestamp) -> [Cell; HEADS.len()] {
    let dated =
        |moment: Option<Timestamp>| moment.map_or_else(|| "-".to_owned(), |at| token_view::dated(at, now));
    let (state, tone) = state(listed, now);
    let end_tone = match listed.expires {
        Some(_) if listed.has_expired(now) => Tone::Bad,
        Some(end) if end.is_within(SOON_DAYS, now) => Tone::Warning,
        Some(_) | None => Tone::Plain,
    };
    let scope = Some(listed.grants.words()).filter(|words| !words.is_empty());
    [
        listed.label.as_str().into(),
        scope.unwrap_or_else(|| "-".to_owned()).into(),
        Cell::new(state, tone),
        dated(listed.last_used()).into(),
        Cell::new(&dated(listed.expires), end_tone),
        dated(listed.created).into(),
        made(listed).into(),
        here.map_or("-", |token| token.name.as_str()).into(),
        listed.id.as_str().into(),
    ]
}

fn write_json<'i>(
    whose: &str,
    all: &[ApiToken],
    here: impl Fn(&ApiToken) -> Option<&'i Token>,
    now: Timestamp,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    #[derive(Serialize)]
    struct HubTokensJson<'t> {
        version: u32,
        account: &'t str,
        tokens: Vec<HubTokenJson<'t>>,
    }
    let json = |listed| json(listed, here(listed), now);
    let listing =
        HubTokensJson { version: JSON_VERSION, account: whose, tokens: all.iter().map(json).collect() };
    cx.write_json(&listing)
}

fn json<'t>(listed: &'t ApiToken, here: Option<&'t Token>, now: Timestamp) -> HubTokenJson<'t> {
    let (scopes, resources) = match &listed.grants {
        TokenAccess::Scopes(scopes) => (Some(&**scopes), None),
        TokenAccess::Resources(resources) => (None, Some(&**resources)),
    };
    let text = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
    HubTokenJson {
        id: &listed.id,
        label: &listed.label,
        scopes,
        resources,
        state: state(listed, now).0,
        made: made(listed),
        created: text(listed.created),
        last_used: text(listed.last_used()),
        expires: text(listed.expires),
        name: here.map(|token| token.name.as_str()),
    }
}
