//! The tokens and choices of a vault, and the changes that verbs make to them.

pub mod in_use;
pub mod index;
pub mod kept_answers;
pub mod logout;
pub mod merge;
pub mod name_pool;
pub mod precedence;
pub mod registry_removal;
mod turn_order;
pub mod unfinished_rotation;

use std::borrow::Cow;
use std::collections::BTreeSet;

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::inventory::name_pool::NamePool;
use crate::model::choice::Choice;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::model::registry::{Key, Registry};
use crate::model::remote::Remote;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{
    InUse, Origin, Permissions, PreviousSecret, Token, TokenKind, TokenState, UserName,
};
use crate::model::token_id::TokenId;
use crate::model::turns::{Turns, UseKind};

/// The tokens and choices of a vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    tokens: Vec<Token>,
    choices: Vec<Choice>,
    counters: Counters,
}

/// The last numbers in use, so that no number is used twice.
#[derive(Clone, Copy, Debug, Default, Encode, Decode)]
pub struct Counters {
    /// The last [`TokenId`].
    #[n(0)]
    pub id: u32,
    /// The last number of an event in [`Turns`](crate::model::turns::Turns).
    #[n(1)]
    pub turn: u64,
    /// The number of times that the vault was written; 0 for a vault of version 0.1, which ignores it.
    #[cbor(n(2), default)]
    pub writes: u64,
}

/// Two equal contents may have been written a different number of times.
impl PartialEq for Counters {
    fn eq(&self, other: &Self) -> bool {
        (self.id, self.turn) == (other.id, other.turn)
    }
}

impl Eq for Counters {}

/// A token to add. Its fields are those of [`Token`].
#[derive(Debug)]
pub struct IncomingToken {
    pub name: Name,
    pub kind: TokenKind,
    pub user: UserName,
    pub scopes: Vec<Scope>,
    pub keys: Vec<Key>,
    pub label: Option<String>,
    pub permissions: Option<Permissions>,
    pub expires: Option<Timestamp>,
    pub origin: Origin,
    pub profile: Option<String>,
    pub remote: Option<Remote>,
}

/// The changes to a token. `None` keeps a field as it is; `Some(None)` clears it.
#[derive(Debug, Default)]
pub struct TokenChanges {
    pub name: Option<Name>,
    pub user: Option<UserName>,
    /// All scopes of the token after the change.
    pub scopes: Option<Vec<Scope>>,
    pub label: Option<Option<String>>,
    pub permissions: Option<Option<Permissions>>,
    pub expires: Option<Option<Timestamp>>,
}

/// The error for a name that another token has.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is a token named \"{0}\" already")]
pub struct NameTaken(pub Name);

impl Inventory {
    pub fn new(tokens: Vec<Token>, choices: Vec<Choice>, counters: Counters) -> Self {
        let mut inventory = Self { tokens, choices, counters };
        inventory.repair_counters();
        inventory
    }

    /// Returns the tokens, in the order in which they were added.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Sets the number of times that the vault was written.
    pub fn set_writes(&mut self, writes: u64) {
        self.counters.writes = writes;
    }

    /// Returns the token with an id, in logarithmic time: ids grow in the order in which tokens are added.
    pub fn find(&self, id: TokenId) -> Option<&Token> {
        self.tokens.get(self.position(id)?)
    }

    pub fn find_by_name(&self, name: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.name.as_str() == name)
    }

    /// Returns the name; if it is taken, the first free one with a number appended, such as `ci-2`.
    pub fn free_name(&self, wanted: &Name) -> Name {
        if self.find_by_name(wanted.as_str()).is_none() {
            return wanted.clone();
        }
        // One of these is free: there are more of them than tokens.
        (2..=self.tokens.len() + 2)
            .map(|number| wanted.numbered(number))
            .find(|name| self.find_by_name(name.as_str()).is_none())
            .unwrap_or_else(|| wanted.clone())
    }

    /// Adds a token, which is active and not in use. It counts as later than every earlier event, unless it is
    /// imported.
    pub fn add(&mut self, new: IncomingToken, now: Timestamp) -> Result<TokenId, NameTaken> {
        if self.find_by_name(new.name.as_str()).is_some() {
            return Err(NameTaken(new.name));
        }
        Ok(self.add_with_free_name(new, now))
    }

    /// Adds a token under its name or the first [free one](Self::free_name) made from it.
    pub fn add_with_free_name(&mut self, new: IncomingToken, now: Timestamp) -> TokenId {
        let name = self.free_name(&new.name);
        self.add_as(name, new, now)
    }

    /// Adds one of many tokens, under a name from the pool.
    pub fn add_from_pool(&mut self, new: IncomingToken, pool: &mut NamePool, now: Timestamp) -> TokenId {
        let name = pool.take(&new.name);
        self.add_as(name, new, now)
    }

    fn add_as(&mut self, name: Name, new: IncomingToken, now: Timestamp) -> TokenId {
        let id = self.next_id();
        let arrival = if new.origin == Origin::Import { 0 } else { self.next_turn() };
        self.tokens.push(Token {
            id,
            name,
            kind: new.kind,
            user: new.user,
            scopes: new.scopes,
            keys: new.keys,
            label: new.label,
            permissions: new.permissions,
            created: now,
            stored: now,
            expires: new.expires,
            state: TokenState::Active,
            origin: new.origin,
            in_use: None,
            signed_out: Vec::new(),
            profile: new.profile,
            remote: new.remote,
            turns: Some(Turns { arrival, ..Turns::default() }),
            previous: None,
        });
        id
    }

    /// Returns an id that no token has ever had or, once all were used, that none has now.
    fn next_id(&mut self) -> TokenId {
        if let Some(id) = self.counters.id.checked_add(1) {
            self.counters.id = id;
            return TokenId(id);
        }
        let ids: BTreeSet<TokenId> = self.tokens.iter().map(|token| token.id).collect();
        let free = (1..=u32::MAX).map(TokenId).find(|id| !ids.contains(id));
        free.unwrap_or(TokenId(u32::MAX))
    }

    /// Puts a token in use for all its scopes, every profile and every Docker configuration folder, at a person's
    /// request.
    pub fn use_everywhere(&mut self, id: TokenId) {
        self.switch_on(id, |_| false);
        self.update(id, |token| token.profile = None);
        let last = self.counters.turn;
        let mut tokens = self.tokens.iter().filter(|token| token.id == id);
        if tokens.any(|token| token.turns.as_ref().is_some_and(|turns| turns.used == Some(last))) {
            return;
        }
        self.put_in_use(id, UseKind::Use, |turns, turn| turns.used = Some(turn));
    }

    /// Puts a token in use because a client logged in with it under this key.
    pub fn log_in(&mut self, id: TokenId, key: &Key) {
        self.sign_in(id, key);
        self.put_in_use(id, UseKind::Login, |turns, turn| turns.log_in(key, turn));
    }

    /// Switches a token on, and signs it in at the registry of the key. On other registries it stays signed out.
    pub fn sign_in(&mut self, id: TokenId, key: &Key) {
        self.switch_on(id, |out| !key.address().is_some_and(|address| out.reaches(address.registry())));
    }

    /// Gives a token the events of another one, which it replaces.
    pub fn take_turns(&mut self, id: TokenId, predecessor: TokenId) {
        let Some(old) = self.tokens.iter().find(|token| token.id == predecessor) else { return };
        let (turns, in_use) = (old.turns.clone(), old.in_use);
        self.update(id, |token| (token.turns, token.in_use) = (turns, in_use));
    }

    fn put_in_use(&mut self, id: TokenId, kind: UseKind, record: impl FnOnce(&mut Turns, u64)) {
        let turn = self.next_turn();
        self.update(id, |token| {
            let used = token.in_use.filter(|in_use| in_use.by_person).map(|in_use| in_use.turn);
            record(token.turns.get_or_insert_with(|| Turns { used, ..Turns::default() }), turn);
            token.in_use = Some(InUse { turn, by_person: kind == UseKind::Use });
        });
    }

    fn switch_on(&mut self, id: TokenId, stays_signed_out: impl Fn(&Scope) -> bool) {
        self.update(id, |token| {
            token.state = TokenState::Active;
            token.signed_out.retain(stays_signed_out);
        });
    }

    /// Adds a key under which a client stored a token.
    pub fn remember_key(&mut self, id: TokenId, key: &Key) {
        self.update(id, |token| {
            if !token.has_key(key) {
                token.keys.push(key.clone());
            }
        });
    }

    /// Forgets that a client stored other tokens under a key beyond their scopes: a client has now logged in there with
    /// the token `login`.
    pub fn forget_key_beyond_scopes(&mut self, key: &Key, login: TokenId) {
        let Some(profile) = self.find(login).map(|token| token.profile.clone()) else { return };
        for token in self.tokens.iter_mut().filter(|token| token.id != login && token.profile == profile) {
            if token.has_key(key) && token.is_beyond_scopes(key) {
                token.keys.retain(|other| other != key);
            }
        }
    }

    /// Records a new secret: its kind, its expiry and the time. The token's record at its service no longer applies
    /// and is dropped.
    pub fn renew(&mut self, id: TokenId, kind: TokenKind, expires: Option<Timestamp>, now: Timestamp) {
        self.update(id, |token| {
            token.kind = kind;
            token.expires = expires;
            token.stored = now;
            token.remote = None;
        });
    }

    /// Records the secret that a new one replaces, or that none is kept.
    pub fn set_previous(&mut self, id: TokenId, previous: Option<PreviousSecret>) {
        self.update(id, |token| token.previous = previous);
    }

    /// Exchanges what belongs to the current secret of a token and to its previous one. Returns false when there is
    /// none.
    pub fn restore_previous(&mut self, id: TokenId, now: Timestamp) -> bool {
        let Some(token) = self.token_mut(id) else { return false };
        let Some(previous) = token.previous.take() else { return false };
        token.previous = Some(PreviousSecret::of(token, now));
        let PreviousSecret { user, kind, permissions, expires, stored, replaced: _ } = previous;
        (token.user, token.kind, token.permissions) = (user, kind, permissions);
        (token.expires, token.stored, token.remote) = (expires, stored, None);
        true
    }

    pub fn set_remote(&mut self, id: TokenId, remote: Option<Remote>) {
        self.update(id, |token| token.remote = remote);
    }

    /// Adds a choice, in place of one for the same case. A token that is inactive or signed out stays so,
    /// because the choice is for one case only.
    pub fn set_choice(&mut self, choice: Choice) {
        self.choices.retain(|other| !other.is_same_case(&choice));
        self.choices.push(choice);
    }

    /// Removes choices, and returns them.
    pub fn remove_choices(&mut self, is_match: impl Fn(&Choice) -> bool) -> Vec<Choice> {
        self.choices.extract_if(.., |choice| is_match(choice)).collect()
    }

    /// Switches a token on, and signs it in for all its scopes.
    pub fn activate(&mut self, id: TokenId) {
        self.switch_on(id, |_| false);
    }

    /// Switches a token off, until it is activated or put in use.
    pub fn deactivate(&mut self, id: TokenId) {
        self.update(id, |token| token.state = TokenState::Inactive);
    }

    /// Changes a token, but not its secret. New scopes drop the keys, sign-outs and choices outside them.
    pub fn edit(&mut self, id: TokenId, changes: TokenChanges) -> Result<(), NameTaken> {
        let TokenChanges { name, user, scopes, label, permissions, expires } = changes;
        if let Some(name) = &name
            && self.find_by_name(name.as_str()).is_some_and(|other| other.id != id)
        {
            return Err(NameTaken(name.clone()));
        }
        let Some(token) = self.tokens.iter_mut().find(|token| token.id == id) else { return Ok(()) };
        token.name = name.unwrap_or_else(|| token.name.clone());
        token.user = user.unwrap_or_else(|| token.user.clone());
        token.label = label.unwrap_or_else(|| token.label.clone());
        token.permissions = permissions.unwrap_or(token.permissions);
        token.expires = expires.unwrap_or(token.expires);
        if let Some(scopes) = scopes {
            let is_reached = |registry: &Registry| scopes.iter().any(|scope| scope.reaches(registry));
            token.keys.retain(|key| key.address().is_none_or(|address| is_reached(address.registry())));
            token.signed_out.retain(|out| out.registry().is_some_and(is_reached));
            self.choices.retain(|choice| {
                choice.token != id || scopes.iter().any(|scope| scope.overlaps(&choice.scope))
            });
            token.scopes = scopes;
            self.keep_at_logout(id);
        }
        Ok(())
    }

    /// Makes a logout keep a token that came by a login, because a person has added details to it that another login
    /// would not restore.
    pub fn keep_at_logout(&mut self, id: TokenId) {
        self.update(id, |token| {
            if token.origin == Origin::Store {
                token.origin = Origin::Add;
            }
        });
    }

    /// Removes a token and its choices.
    pub fn remove(&mut self, id: TokenId) {
        self.tokens.retain(|token| token.id != id);
        self.choices.retain(|choice| choice.token != id);
    }

    /// Returns the keys for `list`, sorted: each one under which a client stored a token and, for each other
    /// registry of its scopes, the one that Docker would send.
    pub fn keys(&self) -> Vec<Cow<'_, Key>> {
        let mut keys = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            keys.extend(token.keys.iter().map(Cow::Borrowed));
            let has_key = |registry: &&Registry| token.keys.iter().any(|key| key.is_at(registry));
            let others =
                token.scopes.iter().filter_map(Scope::registry).filter(|registry| !has_key(registry));
            keys.extend(others.filter_map(|registry| Key::parse(registry.docker_key()).ok()).map(Cow::Owned));
        }
        keys.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        keys.dedup_by(|one, other| one.as_str() == other.as_str());
        keys
    }

    fn update(&mut self, id: TokenId, change: impl FnOnce(&mut Token)) {
        self.token_mut(id).map(change);
    }

    fn token_mut(&mut self, id: TokenId) -> Option<&mut Token> {
        let position = self.position(id)?;
        self.tokens.get_mut(position)
    }

    /// Returns the position of a token among [`tokens`](Self::tokens).
    pub fn position(&self, id: TokenId) -> Option<usize> {
        let sorted = self.tokens.binary_search_by_key(&id, |token| token.id).ok();
        // A vault that another program wrote may have another order.
        sorted.or_else(|| self.tokens.iter().position(|token| token.id == id))
    }
}

impl Hint for NameTaken {
    fn hint(&self) -> Option<String> {
        Some(format!("choose another name; {} rotate NAME gives that one a new secret", program()))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Makes a token to add; one of origin `Store` has its scope as key.
    pub(crate) fn incoming_token(name: &str, scope: &str, origin: Origin) -> IncomingToken {
        IncomingToken {
            name: Name::parse(name).expect(name),
            kind: TokenKind::Pat,
            user: UserName::Named(name.to_owned()),
            scopes: vec![Scope::parse(scope).expect(scope)],
            keys: if origin == Origin::Store { vec![key(scope)] } else { Vec::new() },
            label: None,
            permissions: None,
            expires: None,
            origin,
            profile: None,
            remote: None,
        }
    }

    pub(crate) fn key(text: &str) -> Key {
        Key::parse(text).expect(text)
    }

    /// Makes an inventory of names, scopes and origins.
    pub(crate) fn inventory(tokens: &[(&str, &str, Origin)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (name, scope, origin) in tokens {
            inventory.add(incoming_token(name, scope, *origin), Timestamp(0)).expect(name);
        }
        inventory
    }

    pub(crate) fn names(inventory: &Inventory) -> Vec<&str> {
        inventory.tokens().iter().map(|token| token.name.as_str()).collect()
    }

    #[test]
    fn a_taken_name_is_refused_or_numbered() {
        let mut inventory = inventory(&[("ci", "ghcr.io", Origin::Add), ("ci-2", "ghcr.io", Origin::Add)]);
        let taken = inventory.add(incoming_token("ci", "quay.io", Origin::Add), Timestamp(0));
        assert_eq!(taken, Err(NameTaken(Name::parse("ci").expect("a name"))));
        assert_eq!(inventory.free_name(&Name::parse("ci").expect("a name")).as_str(), "ci-3");
        assert_eq!(inventory.free_name(&Name::parse("new").expect("a name")).as_str(), "new");
    }

    #[test]
    fn a_removed_id_is_not_used_again() {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Add), ("b", "ghcr.io", Origin::Add)]);
        inventory.remove(TokenId(2));
        let id = inventory.add(incoming_token("c", "ghcr.io", Origin::Add), Timestamp(0));
        assert_eq!(id, Ok(TokenId(3)));
    }

    #[test]
    fn a_repeated_use_changes_nothing() {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Store), ("b", "ghcr.io", Origin::Store)]);
        inventory.use_everywhere(TokenId(1));
        let before = inventory.clone();
        inventory.use_everywhere(TokenId(1));
        assert_eq!(inventory, before);
        inventory.use_everywhere(TokenId(2));
        assert_ne!(inventory, before);
    }
}
