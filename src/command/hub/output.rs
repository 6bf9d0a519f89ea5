//! Tokens at Docker Hub as a table and as JSON.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::remote_tokens::{JSON_VERSION, dated_or, state_word};
use crate::command::token_view::scope_words;
use crate::hub::api::resource::Resource;
use crate::hub::api::token::ApiToken;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::table::{BRIEF, Cell, Table, Tone};

const HEADS: [&str; 9] =
    ["LABEL", "SCOPE", "STATE", "LAST-USED", "EXPIRES", "CREATED", "MADE", "IN-VAULT", "ID"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &["CREATED", "LAST-USED", BRIEF, "EXPIRES", "MADE", "SCOPE"];

/// The number of days before expiry during which a token is highlighted.
const SOON_DAYS: i64 = 7;

/// A token in the list. In JSON, `null` means none or not known.
#[derive(Serialize)]
pub(super) struct TokenRow<'t> {
    pub(super) id: &'t str,
    pub(super) label: &'t str,
    scopes: Option<&'t [String]>,
    resources: Option<&'t [Resource]>,
    state: Option<&'static str>,
    made: &'static str,
    created: Option<Timestamp>,
    last_used: Option<Timestamp>,
    expires: Option<Timestamp>,
    /// The token's name in the vault.
    pub(super) name: Option<&'t str>,
    #[serde(skip)]
    access: String,
}

impl<'t> TokenRow<'t> {
    /// Makes the row of a token at Docker Hub; `kept` is the same token in the vault.
    pub(super) fn new(listed: &'t ApiToken, kept: Option<&'t Token>, now: Timestamp) -> Self {
        let (scopes, resources) = listed.access.parts();
        Self {
            id: &listed.id,
            label: &listed.label,
            scopes,
            resources,
            state: state_word(listed.expires, Some(listed.is_active), now),
            made: if listed.is_generated() { "auto-generated" } else { "manual" },
            created: listed.created,
            last_used: listed.last_used(),
            expires: listed.expires,
            name: kept.map(|token| token.name.as_str()),
            access: Some(listed.access.description())
                .filter(|access| !access.is_empty())
                .or(kept.map(access_words))
                .unwrap_or_default(),
        }
    }

    fn cells(&self, now: Timestamp) -> [Cell; HEADS.len()] {
        let state_tone = match self.state {
            Some("expired") => Tone::Bad,
            Some("active") => Tone::Good,
            _ => Tone::Plain,
        };
        let expiry_tone = match self.expires {
            Some(expires) if expires <= now => Tone::Bad,
            Some(expires) if expires.is_within(SOON_DAYS, now) => Tone::Warning,
            Some(_) | None => Tone::Plain,
        };
        [
            self.label.into(),
            if self.access.is_empty() { "-".into() } else { self.access.as_str().into() },
            Cell::new(self.state.unwrap_or("-"), state_tone),
            dated_or("-", self.last_used, now, Tone::Plain),
            dated_or("-", self.expires, now, expiry_tone),
            dated_or("-", self.created, now, Tone::Plain),
            self.made.into(),
            self.name.unwrap_or("-").into(),
            self.id.into(),
        ]
    }
}

/// Returns what the vault knows of a token's access, for a list without it: `docker.io/acme/app pull`.
fn access_words(token: &Token) -> String {
    if token.scopes.is_empty() {
        return "no registry".to_owned();
    }
    let words = token.permissions.map(|known| known.words().collect::<Vec<_>>().join(","));
    format!("{} {}", scope_words(token), words.unwrap_or_default()).trim_end().to_owned()
}

/// Writes the list as a table.
pub(super) fn write_table(rows: &[TokenRow<'_>], cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut table = Table::with_heads(HEADS, LEAST_FIRST).keep_whole(&["IN-VAULT", "ID"]);
    for row in rows {
        table.push(row.cells(*cx.now));
    }
    cx.print_table(&table)
}

/// Writes the list as JSON.
pub(super) fn write_json(
    account: &str,
    tokens: &[TokenRow<'_>],
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    #[derive(Serialize)]
    struct HubTokensJson<'t> {
        version: u32,
        account: &'t str,
        tokens: &'t [TokenRow<'t>],
    }
    cx.write_json(&HubTokensJson { version: JSON_VERSION, account, tokens })
}
