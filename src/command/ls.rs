//! `ls`: every token, and which are in use.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::places;
use crate::in_use::in_use;
use crate::moment::Moment;
use crate::text;
use crate::text::clean;
use crate::text::write_table;
use crate::token::Standing;
use crate::token::Token;
use serde::Serialize;

/// The version of the JSON that `ls --json` and `show --json` write. A new name is no new version.
const JSON_VERSION: u32 = 1;

/// List the tokens, and which of them are in use
#[derive(Debug, clap::Args)]
pub struct Args {
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
    let used = in_use(&inventory, *desk.now);
    let tokens = inventory.tokens().iter().map(|token| (token, used.contains_key(&token.id)));
    if args.json {
        let tokens = tokens.map(|(token, is_used)| TokenJson::of(token, is_used, *desk.now)).collect();
        return write_json(desk, tokens);
    }
    if inventory.tokens().is_empty() {
        let line = "no tokens yet: docker login, or docker-credential-pat add\n";
        return desk.err.write_all(line.as_bytes()).map_err(Failure::Output);
    }
    let head = ["NAME", "KIND", "FOR", "USER", "STATE", "EXPIRES"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(tokens.map(|(token, is_used)| row(token, is_used, *desk.now)));
    write_table(&mut *desk.out, &rows).map_err(Failure::Output)
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

/// Returns when a token ends, for people.
#[must_use]
pub fn end(token: &Token, now: Moment) -> String {
    token.expires.map_or_else(|| "-".to_owned(), |end| format!("{} ({})", end.date(), end.relative_to(now)))
}

fn row(token: &Token, is_used: bool, now: Moment) -> [String; 6] {
    [
        clean(token.name.as_str()),
        token.kind.word().to_owned(),
        places(token),
        clean(token.user.shown()),
        if is_used { "in use".to_owned() } else { state(token, now).to_owned() },
        end(token, now),
    ]
}
