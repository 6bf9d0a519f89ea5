//! Tokens at Docker Hub as a table and as JSON.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::remote_tokens::{JSON_VERSION, dated_or, state_word};
use crate::hub::api::token::{ApiToken, Resource};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::table::{Cell, Table, Tone};

const HEADS: [&str; 9] =
    ["LABEL", "SCOPE", "STATE", "LAST-USED", "EXPIRES", "CREATED", "MADE", "IN-VAULT", "ID"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &["ID", "CREATED", "MADE", "SCOPE", "LAST-USED"];

/// The number of days before its expiry in which a token is highlighted.
const SOON_DAYS: i64 = 7;

/// A token at Docker Hub, and the token that it is in the vault.
pub(super) struct TokenRow<'t> {
    pub(super) listed: &'t ApiToken,
    pub(super) in_vault: Option<&'t Token>,
}

impl TokenRow<'_> {
    fn state(&self, now: Timestamp) -> Option<&'static str> {
        state_word(self.listed.expires, Some(self.listed.is_active), now)
    }

    fn state_cell(&self, now: Timestamp) -> Cell {
        let state = self.state(now).unwrap_or_default();
        let tone = match state {
            "expired" => Tone::Bad,
            "active" => Tone::Good,
            _ => Tone::Plain,
        };
        Cell::new(state, tone)
    }

    fn expiry_cell(&self, now: Timestamp) -> Cell {
        let tone = match self.listed.expires {
            Some(_) if self.listed.has_expired(now) => Tone::Bad,
            Some(expires) if expires.is_within(SOON_DAYS, now) => Tone::Warning,
            Some(_) | None => Tone::Plain,
        };
        Cell::new(&dated_or("-", self.listed.expires, now), tone)
    }

    fn maker(&self) -> &'static str {
        if self.listed.is_generated() { "auto-generated" } else { "manual" }
    }

    fn cells(&self, now: Timestamp) -> [Cell; HEADS.len()] {
        let description = self.listed.access.description();
        [
            self.listed.label.as_str().into(),
            if description.is_empty() { "-".into() } else { description.into() },
            self.state_cell(now),
            dated_or("-", self.listed.last_used(), now).into(),
            self.expiry_cell(now),
            dated_or("-", self.listed.created, now).into(),
            self.maker().into(),
            self.in_vault.map_or("-", |token| token.name.as_str()).into(),
            self.listed.id.as_str().into(),
        ]
    }
}

/// Writes a row for each token.
pub(super) fn write_table(rows: &[TokenRow<'_>], cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for row in rows {
        table.push(row.cells(*cx.now));
    }
    table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)
}

/// The list of an account's tokens.
#[derive(Serialize)]
struct HubTokensJson<'t> {
    version: u32,
    account: &'t str,
    tokens: Vec<HubTokenJson<'t>>,
}

/// A token of the list; `null` means none or not known.
#[derive(Serialize)]
struct HubTokenJson<'t> {
    id: &'t str,
    label: &'t str,
    scopes: Option<&'t [String]>,
    resources: Option<&'t [Resource]>,
    state: Option<&'static str>,
    made: &'static str,
    created: Option<Timestamp>,
    last_used: Option<Timestamp>,
    expires: Option<Timestamp>,
    name: Option<&'t str>,
}

/// Writes the list as JSON.
pub(super) fn write_json(
    account: &str,
    rows: &[TokenRow<'_>],
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let tokens = rows.iter().map(|row| token_json(row, *cx.now)).collect();
    cx.write_json(&HubTokensJson { version: JSON_VERSION, account, tokens })
}

fn token_json<'t>(row: &TokenRow<'t>, now: Timestamp) -> HubTokenJson<'t> {
    let listed = row.listed;
    let (scopes, resources) = listed.access.parts();
    HubTokenJson {
        id: &listed.id,
        label: &listed.label,
        scopes,
        resources,
        state: row.state(now),
        made: row.maker(),
        created: listed.created,
        last_used: listed.last_used(),
        expires: listed.expires,
        name: row.in_vault.map(|token| token.name.as_str()),
    }
}
