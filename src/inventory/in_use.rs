//! Finds the tokens that are in use, and the requests that they answer.

use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::choice::Choice;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::{Request, RequestSource, Sourced};
use crate::resolve::resolve;

/// The directions of the requests that a token answers, without a directory and a profile. A token that
/// only answers requests of unknown direction has neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InUseFor {
    pub pull: bool,
    pub push: bool,
}

impl InUseFor {
    /// Returns `in use`, `in use to pull` or `in use to push`.
    pub fn words(self) -> &'static str {
        match (self.pull, self.push) {
            (true, false) => "in use to pull",
            (false, true) => "in use to push",
            (true, true) | (false, false) => "in use",
        }
    }
}

/// Returns the tokens that answer a request for one of the keys of `list`, or for one of their own scopes.
pub fn tokens_in_use(inventory: &Inventory, now: Timestamp) -> BTreeMap<TokenId, InUseFor> {
    let mut used = BTreeMap::new();
    let index = Index::new(inventory);
    for key in inventory.keys() {
        add_answers(&mut used, &key, &index.concerning(&key), inventory.choices(), now);
    }
    // A token with exactly this scope answers before one with a wider scope, unless a choice says otherwise.
    // So only the tokens with this scope and the chosen ones are resolved.
    let mut by_scope: BTreeMap<&Scope, Vec<&Token>> = BTreeMap::new();
    for token in inventory.tokens() {
        for scope in token.scopes.iter().filter(|scope| scope.is_wildcard() || scope.path().is_some()) {
            by_scope.entry(scope).or_default().push(token);
        }
    }
    for (scope, mut tokens) in by_scope {
        let chosen = inventory.choices().iter().filter(|choice| choice.scope.overlaps(scope));
        let chosen: Vec<TokenId> = chosen.map(|choice| choice.token).collect();
        if !chosen.is_empty() {
            let is_new = |token: &&Token| chosen.contains(&token.id) && !token.scopes.contains(scope);
            tokens.extend(inventory.tokens().iter().filter(is_new));
        }
        if let Some(key) = key_within(scope) {
            add_answers(&mut used, &key, &tokens.into_iter(), inventory.choices(), now);
        }
    }
    used
}

/// Adds the tokens that answer for a key, in each direction.
fn add_answers<'i>(
    used: &mut BTreeMap<TokenId, InUseFor>,
    key: &Key,
    tokens: &(impl Iterator<Item = &'i Token> + Clone),
    choices: &'i [Choice],
    now: Timestamp,
) {
    for direction in [None, Some(Direction::Pull), Some(Direction::Push)] {
        let sourced = direction.map(|value| Sourced { value, from: RequestSource::Argument });
        let request = Request { direction: sourced, ..Request::from_key(key) };
        let Some(token) = resolve(&request, tokens.clone(), choices, now).token else { continue };
        let entry = used.entry(token.id).or_default();
        match direction {
            None => {}
            Some(Direction::Pull) => entry.pull |= token.may_allow(Direction::Pull),
            Some(Direction::Push) => entry.push |= token.may_allow(Direction::Push),
        }
    }
}

/// Returns a key inside a scope; for a wildcard, on an invented host.
fn key_within(scope: &Scope) -> Option<Key> {
    let host = scope.host().replacen('*', "any", 1);
    let path = scope.path().map(|path| format!("/{path}")).unwrap_or_default();
    Key::parse(&format!("{host}{path}")).ok()
}
