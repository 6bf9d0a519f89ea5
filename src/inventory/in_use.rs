//! Finds the tokens that are in use, and the requests that they answer.

use std::collections::BTreeMap;
use std::iter;

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

/// The requests that a token answers, by what is known of their direction. Nothing else is known of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InUseFor {
    pub pull: bool,
    pub push: bool,
    /// The direction is not known.
    pub unknown: bool,
}

impl InUseFor {
    /// Returns the words for people: `in use`, or the only directions for which the token is in use.
    pub fn description(self) -> &'static str {
        match (self.unknown, self.pull, self.push) {
            (true, _, _) | (false, false, false) => "in use",
            (false, true, false) => "in use to pull",
            (false, false, true) => "in use to push",
            (false, true, true) => "in use to pull and push",
        }
    }

    /// Returns the words for JSON: `pull`, `push`, `unknown`.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let words = [(self.pull, "pull"), (self.push, "push"), (self.unknown, "unknown")];
        words.into_iter().filter_map(|(is_used, word)| is_used.then_some(word))
    }

    fn add(&mut self, direction: Option<Direction>) {
        match direction {
            None => self.unknown = true,
            Some(Direction::Pull) => self.pull = true,
            Some(Direction::Push) => self.push = true,
            Some(Direction::Delete | Direction::Both) => {}
        }
    }
}

/// Returns the tokens that answer a request for one of the keys of `list`, or for one of their own scopes. The client
/// is that of `client`, whose directory, repositories and direction do not count.
pub fn tokens_in_use(
    inventory: &Inventory,
    client: &Request<'_>,
    now: Timestamp,
) -> BTreeMap<TokenId, InUseFor> {
    let mut used = BTreeMap::new();
    let index = Index::new(inventory);
    for key in inventory.keys() {
        add_answers(&mut used, &client.with_key(&key), &index.concerning(&key), inventory.choices(), now);
    }
    // Only the tokens with this scope or a wider one cover all of it.
    let mut by_scope: BTreeMap<&Scope, Vec<&Token>> = BTreeMap::new();
    let mut wildcards = Vec::new();
    for token in inventory.tokens() {
        for scope in &token.scopes {
            by_scope.entry(scope).or_default().push(token);
        }
        if token.scopes.iter().any(Scope::is_wildcard) {
            wildcards.push(token);
        }
    }
    for scope in by_scope.keys().filter(|scope| scope.is_wildcard() || scope.path().is_some()) {
        let wider = iter::successors(Some((*scope).clone()), Scope::parent);
        let mut tokens: Vec<&Token> =
            wider.filter_map(|scope| by_scope.get(&scope)).flatten().copied().collect();
        tokens.extend(&wildcards);
        if let Some(key) = key_within(scope) {
            add_answers(&mut used, &client.with_key(&key), &tokens.into_iter(), inventory.choices(), now);
        }
    }
    used
}

/// Adds the tokens that answer a request, in each direction.
fn add_answers<'i>(
    used: &mut BTreeMap<TokenId, InUseFor>,
    request: &Request<'_>,
    tokens: &(impl Iterator<Item = &'i Token> + Clone),
    choices: &'i [Choice],
    now: Timestamp,
) {
    for direction in [None, Some(Direction::Pull), Some(Direction::Push)] {
        let sourced = direction.map(|value| Sourced { value, from: RequestSource::Argument });
        let request = Request { direction: sourced, ..request.clone() };
        let Some(token) = resolve(&request, tokens.clone(), choices, now).token else { continue };
        // A token that answers a request for which it has no permission is not in use for it.
        if direction.is_none_or(|direction| token.may_allow(direction)) {
            used.entry(token.id).or_default().add(direction);
        }
    }
}

/// Returns a key inside a scope; for a wildcard, on an invented host.
pub(super) fn key_within(scope: &Scope) -> Option<Key> {
    let host = scope.host().replace('*', "any");
    let path = scope.path().map(|path| format!("/{path}")).unwrap_or_default();
    Key::parse(&format!("{host}{path}")).ok()
}
