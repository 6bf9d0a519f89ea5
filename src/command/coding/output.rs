//! Project tokens as a table and as JSON.

use serde::Serialize;

use crate::coding::api::client::Project;
use crate::coding::api::project_token::{ProjectScope, ProjectToken};
use crate::coding::is_same_token;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::remote_tokens::{JSON_VERSION, dated_or, state_word};
use crate::inventory::Inventory;
use crate::model::timestamp::Timestamp;
use crate::system::table::{Cell, Table, Tone};

const HEADS: [&str; 8] = ["LABEL", "USER", "MAY", "STATE", "IN-VAULT", "EXPIRES", "LAST-USED", "CREATED"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &["CREATED", "LAST-USED", "USER", "MAY"];

/// Writes a row for each token.
pub(super) fn write_table(
    tokens: &[ProjectToken],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let now = *cx.now;
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for token in tokens {
        let scopes = scope_list(&token.scopes);
        table.push([
            token.name.as_str().into(),
            token.user.as_str().into(),
            if scopes.is_empty() { "-".into() } else { scopes.into() },
            state_cell(token, now),
            vault_name(token, inventory).unwrap_or("-").into(),
            dated_or("never", token.expires, now).into(),
            dated_or("-", token.last_used, now).into(),
            dated_or("-", token.created, now).into(),
        ]);
    }
    table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)
}

/// Returns the permissions of scopes in one line.
pub(super) fn scope_list(scopes: &[ProjectScope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn state_cell(token: &ProjectToken, now: Timestamp) -> Cell {
    match state_word(token.expires, token.enabled, now) {
        Some(word) => Cell::new(
            word,
            match word {
                "expired" => Tone::Bad,
                "active" => Tone::Good,
                _ => Tone::Warning,
            },
        ),
        None => "-".into(),
    }
}

/// Returns the name of a token in the vault.
fn vault_name<'i>(listed: &ProjectToken, inventory: &'i Inventory) -> Option<&'i str> {
    inventory.tokens().iter().find(|token| is_same_token(token, listed)).map(|token| token.name.as_str())
}

/// The list of a project's tokens.
#[derive(Serialize)]
struct ProjectTokensJson<'a> {
    version: u32,
    project: &'a str,
    project_id: u64,
    tokens: Vec<ProjectTokenJson<'a>>,
}

/// A token of the list; `null` means none or not known.
#[derive(Serialize)]
struct ProjectTokenJson<'a> {
    id: u64,
    label: &'a str,
    user: &'a str,
    scopes: Vec<ScopeJson<'a>>,
    state: Option<&'static str>,
    created: Option<Timestamp>,
    expires: Option<Timestamp>,
    last_used: Option<Timestamp>,
    name: Option<&'a str>,
}

#[derive(Serialize)]
struct ScopeJson<'a> {
    value: &'a str,
    target: Option<u64>,
    means: String,
}

/// Writes the list as JSON.
pub(super) fn write_json(
    project: &Project,
    tokens: &[ProjectToken],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let now = *cx.now;
    cx.write_json(&ProjectTokensJson {
        version: JSON_VERSION,
        project: &project.name,
        project_id: project.id,
        tokens: tokens.iter().map(|token| token_json(token, inventory, now)).collect(),
    })
}

fn token_json<'a>(token: &'a ProjectToken, inventory: &'a Inventory, now: Timestamp) -> ProjectTokenJson<'a> {
    let scope_json = |scope: &'a ProjectScope| ScopeJson {
        value: &scope.value,
        target: scope.target,
        means: scope.to_string(),
    };
    ProjectTokenJson {
        id: token.id,
        label: &token.name,
        user: &token.user,
        scopes: token.scopes.iter().map(scope_json).collect(),
        state: state_word(token.expires, token.enabled, now),
        created: token.created,
        expires: token.expires,
        last_used: token.last_used,
        name: vault_name(token, inventory),
    }
}
