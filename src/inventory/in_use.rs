//! Which tokens are in use as things stand, and for what.

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

/// What a token answers when no directory and no profile speaks for another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InUseFor {
    /// Requests of which the direction is not known.
    pub other: bool,
    /// Pulls.
    pub pull: bool,
    /// Pushes.
    pub push: bool,
}

impl InUseFor {
    /// Returns the words for it: `in use`, `in use to pull`, `in use to push`.
    pub fn words(self) -> &'static str {
        match (self.pull, self.push) {
            (true, false) => "in use to pull",
            (false, true) => "in use to push",
            (true, true) | (false, false) => "in use",
        }
    }
}

/// Returns the tokens that are in use: those that answer for one of the keys to be listed, or for one of
/// their own scopes.
pub fn in_use(inventory: &Inventory, now: Timestamp) -> BTreeMap<TokenId, InUseFor> {
    let mut used = BTreeMap::new();
    let index = Index::new(inventory);
    for key in inventory.keys() {
        note(&mut used, &key, &index.concerning(&key), inventory.choices(), now);
    }
    // Whatever holds the very scope comes before all that hold a wider one, but for what is chosen there.
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
            note(&mut used, &key, &tokens.into_iter(), inventory.choices(), now);
        }
    }
    used
}

fn note<'i>(
    used: &mut BTreeMap<TokenId, InUseFor>,
    key: &Key,
    tokens: &(impl Iterator<Item = &'i Token> + Clone),
    choices: &'i [Choice],
    now: Timestamp,
) {
    for direction in [None, Some(Direction::Pull), Some(Direction::Push)] {
        let known = direction.map(|value| Sourced { value, from: RequestSource::Argument });
        let request = Request { direction: known, ..Request::from_key(key) };
        let Some(token) = resolve(&request, tokens.clone(), choices, now).token else { continue };
        let note = used.entry(token.id).or_default();
        match direction {
            None => note.other = true,
            Some(Direction::Pull) => note.pull |= token.may_allow(Direction::Pull),
            Some(Direction::Push) => note.push |= token.may_allow(Direction::Push),
        }
    }
}

/// Returns a key that lies in a scope; for a wildcard, at some host below it.
fn key_within(scope: &Scope) -> Option<Key> {
    let host = scope.host().replacen('*', "any", 1);
    let path = scope.path().map(|path| format!("/{path}")).unwrap_or_default();
    Key::parse(&format!("{host}{path}")).ok()
}
