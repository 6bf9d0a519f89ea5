//! What a client's login and logout do to the tokens.

use std::slice;

use crate::docker::wire::Credentials;
use crate::inventory::{IncomingToken, Inventory};
use crate::model::name::Name;
use crate::model::registry::{Address, Key, Registry};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, TokenKind, UserName};
use crate::model::token_id::TokenId;
use crate::provider::advice::{Advice, remarks};
use crate::provider::{Credential, recognize};
use crate::vault::VaultError;
use crate::vault::draft::Draft;

/// Takes in what a client stores, and puts it in use.
///
/// What is here already stays one token; what comes under the same key for the same user renews it;
/// anything else is a new token beside the others. A profile's logins are its own: none of them renews or
/// revives another's, or one of none.
///
/// Returns which token it is, and what a person should be told of a secret that is new here.
pub fn log_in(
    draft: &mut Draft,
    credentials: &Credentials,
    profile: Option<&str>,
    now: Timestamp,
) -> Result<(TokenId, Vec<Advice>), VaultError> {
    let mut told = Vec::new();
    let id = if let Some(id) = the_same(draft, credentials, profile) {
        revive(draft, id, now);
        id
    } else if let Some(id) = same_account(draft, credentials, profile, now) {
        told = remarks(&seen(credentials), &people(&draft.inventory, Some(id)));
        renew(draft, id, credentials, now)?
    } else {
        told = remarks(&seen(credentials), &people(&draft.inventory, None));
        arrive(draft, credentials, profile, now)?
    };
    draft.inventory.remember_key(id, &credentials.key);
    draft.inventory.log_in(id, &credentials.key);
    Ok((id, told))
}

/// A token that was logged in with has not ended, whatever was noted of its end.
fn revive(draft: &mut Draft, id: TokenId, now: Timestamp) {
    let ended = draft.inventory.tokens().iter().find(|token| token.id == id && token.has_expired(now));
    if let Some((kind, remote)) = ended.map(|token| (token.kind, token.remote.clone())) {
        draft.inventory.renew(id, kind, None, now);
        draft.inventory.recognize(id, remote);
    }
}

/// Finds the token that has this user name and this secret already, for the key or its registry.
///
/// Where another one of this user was stored under this very key, one that was stored under other keys
/// is not meant: `https://h/v1/` and `https://h/v2/` stay two, with the same secret as well.
fn the_same(draft: &Draft, credentials: &Credentials, profile: Option<&str>) -> Option<TokenId> {
    let user = user_of(credentials);
    let scope = scope_of(&credentials.key);
    let is_slot = accounts(draft, credentials, profile).next().is_some();
    let is_for_it = |token: &Token| {
        token.holds(&credentials.key)
            || (scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
                && (token.keys.is_empty() || !is_slot))
    };
    // A secret that no longer opens is none that came again; this login is what mends it.
    let has_it =
        |token: &Token| draft.secret(token).is_ok_and(|secret| secret.is_same_as(&credentials.secret));
    let mut tokens = draft.inventory.tokens().iter().filter(|token| token.profile.as_deref() == profile);
    tokens.find(|token| is_for_it(token) && token.user == user && has_it(token)).map(|token| token.id)
}

/// Returns the tokens of a profile that were stored under this very key for this user name.
fn accounts<'d>(
    draft: &'d Draft,
    credentials: &Credentials,
    profile: Option<&str>,
) -> impl Iterator<Item = &'d Token> {
    let user = user_of(credentials);
    let tokens = draft.inventory.tokens().iter().filter(move |token| token.profile.as_deref() == profile);
    tokens.filter(move |token| token.holds(&credentials.key) && token.user == user)
}

/// Finds the token that a new secret is for: of this account, the latest in use.
///
/// One that a person brought is not renewed while it may still be good: its secret may be shown nowhere
/// else, and what comes now may be another token of the same account.
fn same_account(
    draft: &Draft,
    credentials: &Credentials,
    profile: Option<&str>,
    now: Timestamp,
) -> Option<TokenId> {
    accounts(draft, credentials, profile)
        .filter(|token| token.origin == Origin::Store || token.has_expired(now))
        .max_by_key(|token| token.in_use.map(|in_use| in_use.turn))
        .map(|token| token.id)
}

fn renew(
    draft: &mut Draft,
    id: TokenId,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<TokenId, VaultError> {
    let (kind, end) = read_off(credentials, now);
    draft.inventory.renew(id, kind, end, now);
    draft.set_secret(id, &credentials.secret)?;
    Ok(id)
}

fn arrive(
    draft: &mut Draft,
    credentials: &Credentials,
    profile: Option<&str>,
    now: Timestamp,
) -> Result<TokenId, VaultError> {
    let id = draft.inventory.add_with_free_name(arrival(credentials, Origin::Store, profile, now), now);
    draft.set_secret(id, &credentials.secret)?;
    Ok(id)
}

/// Makes a token of credentials as a client keeps them; kind and end are read off them.
pub fn arrival(
    credentials: &Credentials,
    origin: Origin,
    profile: Option<&str>,
    now: Timestamp,
) -> IncomingToken {
    let key = &credentials.key;
    let (kind, expires) = read_off(credentials, now);
    let registry = key.address().map(Address::registry);
    let user = user_of(credentials);
    let known_as = match &user {
        UserName::Named(name) => name,
        UserName::SameAsSecret => "",
    };
    IncomingToken {
        name: Name::made_of(known_as, registry.map_or(key.as_str(), |registry| registry.as_str())),
        kind,
        user,
        scopes: scope_of(key).into_iter().collect(),
        keys: vec![key.clone()],
        label: None,
        permissions: None,
        expires,
        origin,
        profile: profile.map(str::to_owned),
        remote: None,
    }
}

/// Returns where credentials that a client stores under a key may go.
pub fn scope_of(key: &Key) -> Option<Scope> {
    key.address().map(Scope::at)
}

/// Returns the user name of credentials, unless it is their secret.
pub fn user_of(credentials: &Credentials) -> UserName {
    UserName::of(&credentials.user, &credentials.secret)
}

/// Returns credentials as they are recognized.
pub fn seen(credentials: &Credentials) -> Credential<'_> {
    let Credentials { key, user, secret } = credentials;
    Credential { keys: slice::from_ref(key), scopes: &[], user, secret: secret.expose() }
}

/// Returns what shows in credentials: their kind and their end.
fn read_off(credentials: &Credentials, now: Timestamp) -> (TokenKind, Option<Timestamp>) {
    let recognized = recognize(&seen(credentials));
    let kind = recognized.kind.unwrap_or(TokenKind::Password);
    // The client has just logged in with it: what seems to have ended has a clock that disagrees. A
    // session is renewed by whoever keeps it.
    (kind, recognized.end.filter(|end| *end > now && kind != TokenKind::Session))
}

/// Returns the user names of people's tokens for Docker Hub, but for one token's.
pub fn people(inventory: &Inventory, but: Option<TokenId>) -> Vec<&str> {
    let is_for_docker_hub =
        |token: &Token| token.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
    let is_a_persons = |token: &Token| matches!(token.kind, TokenKind::Pat | TokenKind::Password);
    let tokens = inventory.tokens().iter().filter(|token| Some(token.id) != but);
    tokens
        .filter(|token| is_for_docker_hub(token) && is_a_persons(token))
        .filter_map(|token| match &token.user {
            UserName::Named(name) => Some(name.as_str()),
            UserName::SameAsSecret => None,
        })
        .collect()
}
