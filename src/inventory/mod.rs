//! All tokens of a vault, and what adding, using, signing out and removing does to them.

pub mod in_use;
pub mod index;
pub mod logout;
pub mod merge;
pub mod unfinished_rotation;

use std::borrow::Cow;

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::model::choice::Choice;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::model::registry::{Key, Registry};
use crate::model::remote::Remote;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{InUse, Origin, Permissions, Token, TokenKind, TokenState, UserName};
use crate::model::token_id::TokenId;

/// The tokens, and what people decided about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    tokens: Vec<Token>,
    choices: Vec<Choice>,
    counters: Counters,
}

/// The last numbers given out, so that none is given twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Counters {
    /// The last [`TokenId`].
    #[n(0)]
    pub id: u32,
    /// The last [`InUse::turn`].
    #[n(1)]
    pub turn: u64,
}

/// A token that is to come into the inventory.
#[derive(Debug)]
pub struct IncomingToken {
    /// See [`Token`] for this and each field below.
    pub name: Name,
    /// What sort of credential it is.
    pub kind: TokenKind,
    /// The user name.
    pub user: UserName,
    /// Where it may go.
    pub scopes: Vec<Scope>,
    /// The key under which a client stored it.
    pub keys: Vec<Key>,
    /// A person's note.
    pub label: Option<String>,
    /// What it is known to allow.
    pub permissions: Option<Permissions>,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// Who brought it.
    pub origin: Origin,
    /// The profile under which a client brings it.
    pub profile: Option<String>,
    /// What it is at the service that made it.
    pub remote: Option<Remote>,
}

/// What a person changes of a token; `None` leaves it as it is.
#[derive(Debug, Default)]
pub struct TokenChanges {
    /// Another name.
    pub name: Option<Name>,
    /// Another user name.
    pub user: Option<UserName>,
    /// All places where it may go from now on.
    pub scopes: Option<Vec<Scope>>,
    /// Another note, or none.
    pub label: Option<Option<String>>,
    /// What it is known to allow, or that this is not known.
    pub permissions: Option<Option<Permissions>>,
    /// When it ends, or that this is never or not known.
    pub expires: Option<Option<Timestamp>>,
}

/// A name that another token has already.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is a token named \"{0}\" already")]
pub struct NameTaken(pub Name);

impl Inventory {
    /// Puts together what a vault holds.
    pub fn new(tokens: Vec<Token>, choices: Vec<Choice>, counters: Counters) -> Self {
        Self { tokens, choices, counters }
    }

    /// Returns the tokens in the order in which they came.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns what people decided.
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns the last numbers given out.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Returns the token of that name.
    pub fn find_by_name(&self, name: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.name.as_str() == name)
    }

    /// Returns the name, or when it is taken the first free one made by a number behind it.
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

    /// Takes a token in, active and not yet put in use.
    pub fn add(&mut self, arrival: IncomingToken, now: Timestamp) -> Result<TokenId, NameTaken> {
        if self.find_by_name(arrival.name.as_str()).is_some() {
            return Err(NameTaken(arrival.name));
        }
        Ok(self.add_with_free_name(arrival, now))
    }

    /// Takes a token in under the first [free name](Self::free_name) made of its own.
    pub fn add_with_free_name(&mut self, arrival: IncomingToken, now: Timestamp) -> TokenId {
        self.counters.id += 1;
        let id = TokenId(self.counters.id);
        self.tokens.push(Token {
            id,
            name: self.free_name(&arrival.name),
            kind: arrival.kind,
            user: arrival.user,
            scopes: arrival.scopes,
            keys: arrival.keys,
            label: arrival.label,
            permissions: arrival.permissions,
            created: now,
            stored: now,
            expires: arrival.expires,
            state: TokenState::Active,
            origin: arrival.origin,
            in_use: None,
            signed_out: Vec::new(),
            profile: arrival.profile,
            remote: arrival.remote,
        });
        id
    }

    /// Puts a token in use because a person said so, everywhere that it may go and for every profile.
    pub fn use_everywhere(&mut self, id: TokenId) {
        if let Some(token) = self.token_mut(id) {
            token.profile = None;
        }
        self.put_in_use(id, true, |_| false);
    }

    /// Puts a token in use that a client logged in with under a key; elsewhere it stays signed out.
    pub fn log_in(&mut self, id: TokenId, key: &Key) {
        let is_elsewhere = |out: &Scope| !key.address().is_some_and(|at| out.reaches(at.registry()));
        self.put_in_use(id, false, is_elsewhere);
    }

    fn put_in_use(&mut self, id: TokenId, by_person: bool, stays_signed_out: impl Fn(&Scope) -> bool) {
        self.put_to_work(id, stays_signed_out);
        let last = self.counters.turn;
        let Some(token) = self.token_mut(id) else { return };
        let is_latest =
            token.in_use.is_some_and(|in_use| in_use.turn == last && (in_use.by_person || !by_person));
        if !is_latest {
            token.in_use = Some(InUse { turn: last + 1, by_person });
            self.counters.turn = last + 1;
        }
    }

    fn put_to_work(&mut self, id: TokenId, stays_signed_out: impl Fn(&Scope) -> bool) {
        if let Some(token) = self.token_mut(id) {
            token.state = TokenState::Active;
            token.signed_out.retain(stays_signed_out);
        }
    }

    /// Notes that a client stored a token under one more key.
    pub fn remember_key(&mut self, id: TokenId, key: &Key) {
        if let Some(token) = self.token_mut(id)
            && !token.has_key(key)
        {
            token.keys.push(key.clone());
        }
    }

    /// Notes a new secret: what sort it is, when it ends, and that it came now. What it is at the service
    /// that made it is not known then.
    pub fn renew(&mut self, id: TokenId, kind: TokenKind, expires: Option<Timestamp>, now: Timestamp) {
        if let Some(token) = self.token_mut(id) {
            token.kind = kind;
            token.expires = expires;
            token.stored = now;
            token.remote = None;
        }
    }

    /// Notes what a token is at the service that made it.
    pub fn set_remote(&mut self, id: TokenId, remote: Option<Remote>) {
        if let Some(token) = self.token_mut(id) {
            token.remote = remote;
        }
    }

    /// Notes a person's decision in the place of any for the same case. A token that was switched off or
    /// signed out stays so: one case is no word for all others.
    pub fn set_choice(&mut self, choice: Choice) {
        self.choices.retain(|other| !other.is_same_case(&choice));
        self.choices.push(choice);
    }

    /// Takes back a person's decisions, and returns them.
    pub fn remove_choices(&mut self, is_meant: impl Fn(&Choice) -> bool) -> Vec<Choice> {
        self.choices.extract_if(.., |choice| is_meant(choice)).collect()
    }

    /// Switches a token on, wherever it may go.
    pub fn activate(&mut self, id: TokenId) {
        self.put_to_work(id, |_| false);
    }

    /// Switches a token off, until it is switched on or put in use.
    pub fn deactivate(&mut self, id: TokenId) {
        if let Some(token) = self.token_mut(id) {
            token.state = TokenState::Inactive;
        }
    }

    /// Changes what a person may change of a token. The secret stays.
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
            let is_reached = |at: &Registry| scopes.iter().any(|scope| scope.reaches(at));
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

    /// Makes a token that came by a login its person's own, who has put more into it than a login brings
    /// back: a logout keeps it.
    pub fn keep_at_logout(&mut self, id: TokenId) {
        if let Some(token) = self.token_mut(id)
            && token.origin == Origin::Store
        {
            token.origin = Origin::Add;
        }
    }

    /// Removes a token and every choice of it.
    pub fn remove(&mut self, id: TokenId) {
        self.tokens.retain(|token| token.id != id);
        self.choices.retain(|choice| choice.token != id);
    }

    /// Returns the keys to list, in order: each one under which a token was stored and, for each other
    /// registry that it may go to, the one that Docker would send.
    pub fn keys(&self) -> Vec<Cow<'_, Key>> {
        let mut keys = Vec::with_capacity(self.tokens.len());
        for token in &self.tokens {
            keys.extend(token.keys.iter().map(Cow::Borrowed));
            let is_named = |at: &&Registry| token.keys.iter().any(|key| key.is_at(at));
            let others = token.scopes.iter().filter_map(Scope::registry).filter(|at| !is_named(at));
            keys.extend(others.filter_map(|at| Key::parse(at.docker_key()).ok()).map(Cow::Owned));
        }
        keys.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        keys.dedup_by(|one, other| one.as_str() == other.as_str());
        keys
    }

    fn token_mut(&mut self, id: TokenId) -> Option<&mut Token> {
        self.tokens.iter_mut().find(|token| token.id == id)
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

    /// Returns an arrival for tests: `origin` decides whether a client or a person brings it.
    pub(crate) fn arrival(name: &str, scope: &str, origin: Origin) -> IncomingToken {
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

    /// Returns an inventory for tests, of names, scopes and who brings each.
    pub(crate) fn inventory(arrivals: &[(&str, &str, Origin)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (name, scope, origin) in arrivals {
            inventory.add(arrival(name, scope, *origin), Timestamp(0)).expect(name);
        }
        inventory
    }

    /// Returns the names of all tokens, for tests.
    pub(crate) fn names(inventory: &Inventory) -> Vec<&str> {
        inventory.tokens().iter().map(|token| token.name.as_str()).collect()
    }

    #[test]
    fn a_name_is_given_once() {
        let mut inventory = inventory(&[("ci", "ghcr.io", Origin::Add), ("ci-2", "ghcr.io", Origin::Add)]);
        let taken = inventory.add(arrival("ci", "quay.io", Origin::Add), Timestamp(0));
        assert_eq!(taken, Err(NameTaken(Name::parse("ci").expect("a name"))));
        assert_eq!(inventory.free_name(&Name::parse("ci").expect("a name")).as_str(), "ci-3");
        assert_eq!(inventory.free_name(&Name::parse("new").expect("a name")).as_str(), "new");
    }

    #[test]
    fn an_id_is_never_given_twice() {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Add), ("b", "ghcr.io", Origin::Add)]);
        inventory.remove(TokenId(2));
        let id = inventory.add(arrival("c", "ghcr.io", Origin::Add), Timestamp(0));
        assert_eq!(id, Ok(TokenId(3)));
    }

    #[test]
    fn putting_the_latest_in_use_again_changes_nothing() {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Store), ("b", "ghcr.io", Origin::Store)]);
        inventory.log_in(TokenId(1), &key("ghcr.io"));
        let before = inventory.clone();
        inventory.log_in(TokenId(1), &key("ghcr.io"));
        assert_eq!(inventory, before);
        inventory.use_everywhere(TokenId(1));
        assert_ne!(inventory, before);
    }
}
