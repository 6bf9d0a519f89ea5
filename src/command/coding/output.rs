//! Project tokens as a table and as JSON.

use serde::Serialize;

use crate::coding::api::client::Project;
use crate::coding::api::project_scope::ProjectScope;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::is_same_token;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::remote_tokens::{JSON_VERSION, dated_or, state_word};
use crate::inventory::Inventory;
use crate::model::timestamp::Timestamp;
use crate::system::table::{BRIEF, Cell, Table, Tone};

const HEADS: [&str; 8] = ["LABEL", "USER", "MAY", "STATE", "IN-VAULT", "EXPIRES", "LAST-USED", "CREATED"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &["CREATED", "LAST-USED", BRIEF, "EXPIRES", "MAY", "USER"];

/// A token in the list. In JSON, `null` means none or not known.
#[derive(Serialize)]
struct ProjectTokenRow<'t> {
    id: u64,
    label: &'t str,
    user: &'t str,
    scopes: Vec<ScopeJson<'t>>,
    state: Option<&'static str>,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    last_used: Option<Timestamp>,
    /// The token's name in the vault.
    name: Option<&'t str>,
}

#[derive(Serialize)]
struct ScopeJson<'t> {
    value: &'t str,
    target: Option<u64>,
    means: String,
}

impl<'t> ProjectTokenRow<'t> {
    fn new(token: &'t ProjectToken, inventory: &'t Inventory, now: Timestamp) -> Self {
        let scope_json = |scope: &'t ProjectScope| ScopeJson {
            value: &scope.value,
            target: scope.target,
            means: scope.to_string(),
        };
        let kept = inventory.tokens().iter().find(|kept| is_same_token(kept, token));
        Self {
            id: token.id,
            label: &token.name,
            user: &token.user,
            scopes: token.scopes.iter().map(scope_json).collect(),
            state: state_word(token.expires, token.enabled, now),
            created: token.created,
            expires: token.expires,
            last_used: token.last_used,
            name: kept.map(|kept| kept.name.as_str()),
        }
    }

    fn cells(&self, now: Timestamp) -> [Cell; HEADS.len()] {
        let scopes: Vec<_> = self.scopes.iter().map(|scope| scope.means.as_str()).collect();
        let state_tone = match self.state {
            Some("expired") => Tone::Bad,
            Some("active") => Tone::Good,
            Some(_) => Tone::Warning,
            None => Tone::Plain,
        };
        [
            self.label.into(),
            self.user.into(),
            if scopes.is_empty() { "-".into() } else { scopes.join(", ").into() },
            Cell::new(self.state.unwrap_or("-"), state_tone),
            self.name.unwrap_or("-").into(),
            dated_or("never", self.expires, now, Tone::Plain),
            dated_or("-", self.last_used, now, Tone::Plain),
            dated_or("-", self.created, now, Tone::Plain),
        ]
    }
}

/// Writes a row for each token.
pub(super) fn write_table(
    tokens: &[ProjectToken],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let mut table = Table::with_heads(HEADS, LEAST_FIRST).keep_whole(&["IN-VAULT"]);
    for token in tokens {
        table.push(ProjectTokenRow::new(token, inventory, *cx.now).cells(*cx.now));
    }
    cx.print_table(&table)
}

/// Writes the list as JSON.
pub(super) fn write_json(
    project: &Project,
    tokens: &[ProjectToken],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    #[derive(Serialize)]
    struct ProjectTokensJson<'t> {
        version: u32,
        project: &'t str,
        project_id: u64,
        tokens: Vec<ProjectTokenRow<'t>>,
    }
    let now = *cx.now;
    cx.write_json(&ProjectTokensJson {
        version: JSON_VERSION,
        project: &project.name,
        project_id: project.id,
        tokens: tokens.iter().map(|token| ProjectTokenRow::new(token, inventory, now)).collect(),
    })
}
