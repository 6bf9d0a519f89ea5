//! `ls`: every token, and which are in use.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_places;
use crate::command::places;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::resolve::in_use;
use crate::scope::Scope;
use crate::scope::ScopeError;
use crate::table::Cell;
use crate::table::Table;
use crate::table::Tone;
use crate::text;
use crate::token::Standing;
use crate::token::Token;
use serde::Serialize;

/// The version of the JSON that `ls --json` and `show --json` write. A new name is no new version.
const JSON_VERSION: u32 = 1;

/// A token that ends within so many days is pointed out.
const SOON_DAYS: i64 = 7;

const HEADS: [&str; 10] =
    ["NAME", "KIND", "FOR", "USER", "ALLOWS", "STATE", "CREATED", "STORED", "EXPIRES", "CAME-BY"];

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["CAME-BY", "STORED", "CREATED", "ALLOWS", "KIND", "USER"];

/// List the tokens, and which of them are in use
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only tokens that may go there
    #[arg(long, short, value_name = "REGISTRY[/PATH]", add = token_places())]
    registry: Option<String>,
    /// Only tokens that have expired
    #[arg(long)]
    expired: bool,
    /// Write JSON: {"version":1,"tokens":[…]}
    #[arg(long)]
    json: bool,
}

/// A token as JSON shows it. Moments are in RFC 3339, and `null` means none or not known.
#[derive(Serialize)]
pub struct TokenJson<'t> {
    name: &'t str,
    kind: &'static str,
    scopes: Vec<String>,
    keys: Vec<&'t str>,
    user: &'t str,
    label: Option<&'t str>,
    permissions: Option<Vec<&'static str>>,
    state: &'static str,
    in_use: bool,
    created: String,
    stored: String,
    expires: Option<String>,
    origin: &'static str,
}

/// Runs the verb.
///
/// # Errors
/// When the vault cannot be read, or the answer not be written.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let inventory = desk.keeper.inventory()?;
    let tokens = args.select(&inventory, *desk.now)?;
    let used = in_use(&inventory, *desk.now);
    let is_used = |token: &Token| used.contains(&token.id);
    if args.json {
        let tokens = tokens.iter().map(|token| TokenJson::of(token, is_used(token), *desk.now)).collect();
        return write_json(desk, tokens);
    }
    if tokens.is_empty() {
        desk.say(match inventory.tokens().len() {
            0 => "no tokens yet: docker login, or docker-credential-pat add",
            _ => "no token is like that; docker-credential-pat ls shows all of them",
        });
        return Ok(());
    }
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for token in tokens {
        table.push(row(token, is_used(token), *desk.now));
    }
    table.write(&mut *desk.out, desk.screen).map_err(Failure::Output)
}

impl Args {
    /// Returns the tokens that are asked for.
    fn select<'i>(&self, inventory: &'i Inventory, now: Moment) -> Result<Vec<&'i Token>, ScopeError> {
        let mut tokens: Vec<_> = inventory.tokens().iter().collect();
        if let Some(text) = &self.registry {
            let holds = |token: &Token| token.keys.iter().any(|key| key.as_str() == text);
            // A key that is no registry address is still one that a client asks for.
            let place = match Scope::parse_typed(text) {
                Err(_) if tokens.iter().any(|token| holds(token)) => None,
                place => Some(place?),
            };
            tokens.retain(|token| holds(token) || place.as_ref().is_some_and(|place| token.may_go_to(place)));
        }
        tokens.retain(|token| !self.expired || token.has_expired(now));
        Ok(tokens)
    }
}

/// Writes tokens as JSON.
///
/// # Errors
/// When it cannot be written.
pub fn write_json(desk: &mut Desk, tokens: Vec<TokenJson<'_>>) -> Result<(), Failure> {
    #[derive(Serialize)]
    struct Listing<'t> {
        version: u32,
        tokens: Vec<TokenJson<'t>>,
    }
    let listing = Listing { version: JSON_VERSION, tokens };
    text::write_json(&mut *desk.out, &listing)
        .and_then(|()| desk.out.write_all(b"\n"))
        .map_err(Failure::Output)
}

impl<'t> TokenJson<'t> {
    /// Returns a token as JSON shows it.
    #[must_use]
    pub fn of(token: &'t Token, is_used: bool, now: Moment) -> Self {
        Self {
            name: token.name.as_str(),
            kind: token.kind.word(),
            scopes: token.scopes.iter().map(ToString::to_string).collect(),
            keys: token.keys.iter().map(crate::registry::Key::as_str).collect(),
            user: token.user.shown(),
            label: token.label.as_deref(),
            permissions: token.permissions.map(|permissions| permissions.words().collect()),
            state: state(token, now),
            in_use: is_used,
            created: token.created.to_string(),
            stored: token.stored.to_string(),
            expires: token.expires.map(|end| end.to_string()),
            origin: token.origin.word(),
        }
    }
}

/// Returns the word for the state of a token: `active`, `inactive`, `signed-out` or `expired`.
#[must_use]
pub fn state(token: &Token, now: Moment) -> &'static str {
    match token.standing {
        Standing::Active if token.has_expired(now) => "expired",
        Standing::Active if token.is_signed_out() => "signed-out",
        Standing::Active | Standing::Inactive => token.standing.word(),
    }
}

/// Returns the state of a token for people, who ask first which one is in use.
#[must_use]
pub fn state_cell(token: &Token, is_used: bool, now: Moment) -> Cell {
    match (is_used, state(token, now)) {
        (true, _) => Cell::new("in use", Tone::Good),
        (false, "expired") => Cell::new("expired", Tone::Bad),
        (false, state) => Cell::from(state),
    }
}

/// Returns when a token ends, for people.
#[must_use]
pub fn end_cell(token: &Token, now: Moment) -> Cell {
    let Some(end) = token.expires else { return Cell::from("-") };
    let tone = match end {
        _ if token.has_expired(now) => Tone::Bad,
        _ if end.is_within(SOON_DAYS, now) => Tone::Warning,
        _ => Tone::Plain,
    };
    Cell::new(&dated(end, now), tone)
}

/// Returns a date and how far it is from now: `2027-01-31 (in 70 days)`.
#[must_use]
pub fn dated(moment: Moment, now: Moment) -> String {
    format!("{} ({})", moment.date(), moment.relative_to(now))
}

fn row(token: &Token, is_used: bool, now: Moment) -> [Cell; HEADS.len()] {
    let allowed = token.permissions.map(|allowed| allowed.words().collect::<Vec<_>>().join(", "));
    [
        token.name.as_str().into(),
        token.kind.word().into(),
        places(token).into(),
        token.user.shown().into(),
        allowed.unwrap_or_else(|| "-".to_owned()).into(),
        state_cell(token, is_used, now),
        dated(token.created, now).into(),
        dated(token.stored, now).into(),
        end_cell(token, now),
        token.origin.word().into(),
    ]
}
