//! All tokens of a vault, and what adding, using, signing out and removing does to them.

use crate::moment::Moment;
use crate::name::Name;
use crate::registry::Key;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::token::Direction;
use crate::token::InUse;
use crate::token::Kind;
use crate::token::Origin;
use crate::token::Permissions;
use crate::token::Standing;
use crate::token::Token;
use crate::token::TokenId;
use crate::token::User;
use minicbor::Decode;
use minicbor::Encode;
use std::borrow::Cow;
use std::collections::HashMap;
use thiserror::Error;

/// The tokens, and what people decided about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    tokens: Vec<Token>,
    choices: Vec<Choice>,
    counters: Counters,
}

/// A person's decision: this token for this scope, and perhaps only in one case.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Choice {
    /// Where it holds.
    #[n(0)]
    pub scope: Scope,
    /// The token chosen.
    #[n(1)]
    pub token: TokenId,
    /// Only under this profile.
    #[n(2)]
    pub profile: Option<String>,
    /// Only in or below this directory, an absolute path.
    #[n(3)]
    pub directory: Option<String>,
    /// Only for pulls or only for pushes.
    #[n(4)]
    pub direction: Option<Direction>,
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
pub struct Arrival {
    /// See [`Token`] for this and each field below.
    pub name: Name,
    /// What sort of credential it is.
    pub kind: Kind,
    /// The user name.
    pub user: User,
    /// Where it may go.
    pub scopes: Vec<Scope>,
    /// The key under which a client stored it.
    pub keys: Vec<Key>,
    /// A person's note.
    pub label: Option<String>,
    /// What it is known to allow.
    pub permissions: Option<Permissions>,
    /// When it ends.
    pub expires: Option<Moment>,
    /// Who brought it.
    pub origin: Origin,
}

/// What signing out did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// Tokens that came by a login and are gone.
    pub removed: Vec<TokenId>,
    /// Tokens that a person brought; kept, and not given out until they are put in use again.
    pub kept: Vec<Name>,
}

/// A name that another token has already.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("there is a token named \"{0}\" already")]
pub struct NameTaken(pub Name);

impl Inventory {
    /// Puts together what a vault holds.
    #[must_use]
    pub fn new(tokens: Vec<Token>, choices: Vec<Choice>, counters: Counters) -> Self {
        Self { tokens, choices, counters }
    }

    /// Returns the tokens in the order in which they came.
    #[must_use]
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns what people decided.
    #[must_use]
    pub fn choices(&self) -> &[Choice] {
        &self.choices
    }

    /// Returns the last numbers given out.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Returns the token of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Token> {
        self.tokens.iter().find(|token| token.name.as_str() == name)
    }

    /// Returns the name, or when it is taken the first free one made by a number behind it.
    #[must_use]
    pub fn free_name(&self, wanted: &Name) -> Name {
        if self.named(wanted.as_str()).is_none() {
            return wanted.clone();
        }
        // One of these is free: there are more of them than tokens.
        (2..=self.tokens.len() + 2)
            .map(|number| wanted.numbered(number))
            .find(|name| self.named(name.as_str()).is_none())
            .unwrap_or_else(|| wanted.clone())
    }

    /// Takes a token in, active and not yet put in use.
    ///
    /// # Errors
    /// When its name is taken.
    pub fn add(&mut self, arrival: Arrival, now: Moment) -> Result<TokenId, NameTaken> {
        if self.named(arrival.name.as_str()).is_some() {
            return Err(NameTaken(arrival.name));
        }
        Ok(self.take_in(arrival, now))
    }

    /// Takes a token in under the first [free name](Self::free_name) made of its own.
    pub fn take_in(&mut self, arrival: Arrival, now: Moment) -> TokenId {
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
            standing: Standing::Active,
            origin: arrival.origin,
            in_use: None,
            signed_out: Vec::new(),
        });
        id
    }

    /// Puts a token in use because a person said so, everywhere that it may go.
    pub fn choose(&mut self, id: TokenId) {
        self.put_in_use(id, true, |_| false);
    }

    /// Puts a token in use that a client logged in with under a key; elsewhere it stays signed out.
    pub fn log_in(&mut self, id: TokenId, key: &Key) {
        let is_elsewhere = |out: &Scope| !key.address().is_some_and(|at| out.reaches(at.registry()));
        self.put_in_use(id, false, is_elsewhere);
    }

    fn put_in_use(&mut self, id: TokenId, chosen: bool, stays_signed_out: impl Fn(&Scope) -> bool) {
        let last = self.counters.turn;
        let Some(token) = self.token_mut(id) else { return };
        token.standing = Standing::Active;
        token.signed_out.retain(stays_signed_out);
        let is_latest = token.in_use.is_some_and(|in_use| in_use.turn == last && (in_use.chosen || !chosen));
        if !is_latest {
            token.in_use = Some(InUse { turn: last + 1, chosen });
            self.counters.turn = last + 1;
        }
    }

    /// Notes that a client stored a token under one more key.
    pub fn remember_key(&mut self, id: TokenId, key: &Key) {
        if let Some(token) = self.token_mut(id)
            && !token.holds(key)
        {
            token.keys.push(key.clone());
        }
    }

    /// Notes a new secret: what sort it is, when it ends, and that it came now.
    pub fn renew(&mut self, id: TokenId, kind: Kind, expires: Option<Moment>, now: Moment) {
        if let Some(token) = self.token_mut(id) {
            token.kind = kind;
            token.expires = expires;
            token.stored = now;
        }
    }

    /// Signs out what a `get` for the key could answer with: tokens that came by a login go, tokens
    /// that a person brought are kept and rest, at this address.
    pub fn sign_out(&mut self, key: &Key) -> SignedOut {
        let mut out = SignedOut::default();
        for token in &mut self.tokens {
            let address =
                key.address().filter(|address| token.scopes.iter().any(|scope| scope.lies_within(address)));
            match (address, token.origin) {
                (Some(_), Origin::Store) => out.removed.push(token.id),
                (None, Origin::Store) if token.holds(key) => out.removed.push(token.id),
                (Some(address), Origin::Add | Origin::Import) => {
                    let place = Scope::at(address);
                    if !token.signed_out.iter().any(|out| out.includes(&place)) {
                        token.signed_out.push(place);
                        out.kept.push(token.name.clone());
                    }
                }
                (None, Origin::Add | Origin::Import) => token.keys.retain(|held| held != key),
                (None, Origin::Store) => {}
            }
        }
        out.removed.iter().for_each(|id| self.remove(*id));
        out
    }

    /// Removes a token and every choice of it.
    pub fn remove(&mut self, id: TokenId) {
        self.tokens.retain(|token| token.id != id);
        self.choices.retain(|choice| choice.token != id);
    }

    /// Returns the keys to list, in order: each one under which a token was stored and, for each other
    /// registry that it may go to, the one that Docker would send.
    #[must_use]
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

/// The tokens of an inventory by where they may go, for many look-ups in a row.
pub struct Index<'i> {
    by_key: HashMap<&'i str, Vec<&'i Token>>,
    by_registry: HashMap<&'i Registry, Vec<&'i Token>>,
    wildcards: Vec<&'i Token>,
}

impl<'i> Index<'i> {
    /// Sorts the tokens of an inventory.
    #[must_use]
    pub fn of(inventory: &'i Inventory) -> Self {
        let mut index = Self {
            by_key: HashMap::new(),
            by_registry: HashMap::with_capacity(inventory.tokens().len()),
            wildcards: Vec::new(),
        };
        for token in inventory.tokens() {
            for key in token.keys.iter().filter(|key| key.address().is_none()) {
                index.by_key.entry(key.as_str()).or_default().push(token);
            }
            for scope in &token.scopes {
                match scope.registry() {
                    Some(registry) => index.by_registry.entry(registry).or_default().push(token),
                    None => index.wildcards.push(token),
                }
            }
        }
        index
    }

    /// Returns at least the tokens that [concern](Token::concerns) the key.
    pub fn concerning(&self, key: &Key) -> impl Iterator<Item = &'i Token> {
        let (by_key, by_registry) = match key.address() {
            Some(address) => (None, self.by_registry.get(address.registry())),
            None => (self.by_key.get(key.as_str()), None),
        };
        let wildcards = if key.address().is_some() { self.wildcards.as_slice() } else { &[] };
        by_key.into_iter().chain(by_registry).flatten().chain(wildcards).copied()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Returns an arrival for tests: `origin` decides whether a client or a person brings it.
    pub(crate) fn arrival(name: &str, scope: &str, origin: Origin) -> Arrival {
        Arrival {
            name: Name::parse(name).expect(name),
            kind: Kind::Pat,
            user: User::Named(name.to_owned()),
            scopes: vec![Scope::parse(scope).expect(scope)],
            keys: if origin == Origin::Store { vec![key(scope)] } else { Vec::new() },
            label: None,
            permissions: None,
            expires: None,
            origin,
        }
    }

    pub(crate) fn key(text: &str) -> Key {
        Key::parse(text).expect(text)
    }

    fn inventory(arrivals: &[(&str, &str, Origin)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (name, scope, origin) in arrivals {
            inventory.add(arrival(name, scope, *origin), Moment(0)).expect(name);
        }
        inventory
    }

    fn names(inventory: &Inventory) -> Vec<&str> {
        inventory.tokens().iter().map(|token| token.name.as_str()).collect()
    }

    #[test]
    fn a_name_is_given_once() {
        let mut inventory = inventory(&[("ci", "ghcr.io", Origin::Add), ("ci-2", "ghcr.io", Origin::Add)]);
        let taken = inventory.add(arrival("ci", "quay.io", Origin::Add), Moment(0));
        assert_eq!(taken, Err(NameTaken(Name::parse("ci").expect("a name"))));
        assert_eq!(inventory.free_name(&Name::parse("ci").expect("a name")).as_str(), "ci-3");
        assert_eq!(inventory.free_name(&Name::parse("new").expect("a name")).as_str(), "new");
    }

    #[test]
    fn an_id_is_never_given_twice() {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Add), ("b", "ghcr.io", Origin::Add)]);
        inventory.remove(TokenId(2));
        let id = inventory.add(arrival("c", "ghcr.io", Origin::Add), Moment(0));
        assert_eq!(id, Ok(TokenId(3)));
    }

    #[test]
    fn signing_out_removes_what_a_login_brought_and_keeps_what_a_person_brought() {
        for (signed_out, left, kept) in [
            ("https://index.docker.io/v1/", &["mine", "other"][..], &["mine"][..]),
            ("docker.io", &["mine", "other"], &["mine"]),
            ("docker.io/acme", &["login", "mine", "other"], &[]),
            ("ghcr.io", &["login", "mine"], &[]),
            ("nowhere.example", &["login", "mine", "other"], &[]),
        ] {
            let mut inventory = inventory(&[
                ("login", "docker.io", Origin::Store),
                ("mine", "docker.io", Origin::Add),
                ("other", "ghcr.io", Origin::Store),
            ]);
            let out = inventory.sign_out(&key(signed_out));
            assert_eq!(names(&inventory), left, "{signed_out}");
            assert_eq!(out.kept.iter().map(Name::as_str).collect::<Vec<_>>(), kept, "{signed_out}");
            assert_eq!(inventory.sign_out(&key(signed_out)), SignedOut::default(), "twice: {signed_out}");
        }
    }

    #[test]
    fn putting_the_latest_in_use_again_changes_nothing() {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Store), ("b", "ghcr.io", Origin::Store)]);
        inventory.log_in(TokenId(1), &key("ghcr.io"));
        let before = inventory.clone();
        inventory.log_in(TokenId(1), &key("ghcr.io"));
        assert_eq!(inventory, before);
        inventory.choose(TokenId(1));
        assert_ne!(inventory, before);
    }

    #[test]
    fn the_index_finds_whatever_concerns_a_key() {
        let mut inventory = inventory(&[
            ("a", "ghcr.io", Origin::Store),
            ("b", "ghcr.io/acme", Origin::Add),
            ("c", "*.coding.net", Origin::Add),
            ("d", "docker.io", Origin::Store),
        ]);
        inventory.remember_key(TokenId(4), &key("user@odd"));
        let index = Index::of(&inventory);
        for text in ["ghcr.io", "ghcr.io/acme/app", "x.coding.net", "docker.io", "user@odd", "none"] {
            let key = key(text);
            let wanted: Vec<_> = inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
            let found: Vec<_> = index.concerning(&key).filter(|token| token.concerns(&key)).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
