//! What a client's login and logout do to the tokens.

use crate::inventory::Arrival;
use crate::moment::Moment;
use crate::name::Name;
use crate::provider::Seen;
use crate::provider::recognize;
use crate::registry::Address;
use crate::registry::Key;
use crate::scope::Scope;
use crate::token::Kind;
use crate::token::Origin;
use crate::token::Token;
use crate::token::TokenId;
use crate::token::User;
use crate::vault::VaultError;
use crate::vault::draft::Draft;
use crate::wire::Credentials;
use std::slice;

/// Takes in what a client stores, and puts it in use.
///
/// What is here already stays one token; what comes under the same key for the same user renews it;
/// anything else is a new token beside the others.
///
/// # Errors
/// When the secret cannot be sealed.
pub fn log_in(draft: &mut Draft, credentials: &Credentials, now: Moment) -> Result<(), VaultError> {
    let id = if let Some(id) = the_same(draft, credentials) {
        revive(draft, id, now);
        id
    } else if let Some(id) = same_account(draft, credentials) {
        renew(draft, id, credentials, now)?
    } else {
        arrive(draft, credentials, now)?
    };
    draft.inventory.remember_key(id, &credentials.key);
    draft.inventory.log_in(id, &credentials.key);
    Ok(())
}

/// A token that was logged in with has not ended, whatever was noted of its end.
fn revive(draft: &mut Draft, id: TokenId, now: Moment) {
    let ended = draft.inventory.tokens().iter().find(|token| token.id == id && token.has_expired(now));
    if let Some(kind) = ended.map(|token| token.kind) {
        draft.inventory.renew(id, kind, None, now);
    }
}

/// Finds the token that has this user name and this secret already, for the key or its registry.
///
/// Where another one of this user was stored under this very key, one that was stored under other keys
/// is not meant: `https://h/v1/` and `https://h/v2/` stay two, with the same secret as well.
fn the_same(draft: &Draft, credentials: &Credentials) -> Option<TokenId> {
    let user = user_of(credentials);
    let scope = scope_of(&credentials.key);
    let is_slot = same_account(draft, credentials).is_some();
    let is_for_it = |token: &Token| {
        token.holds(&credentials.key)
            || (scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
                && (token.keys.is_empty() || !is_slot))
    };
    // A secret that no longer opens is none that came again; this login is what mends it.
    let has_it =
        |token: &Token| draft.secret(token).is_ok_and(|secret| secret.is_same_as(&credentials.secret));
    let mut tokens = draft.inventory.tokens().iter();
    tokens.find(|token| is_for_it(token) && token.user == user && has_it(token)).map(|token| token.id)
}

/// Finds the token that was stored under this very key for this user name: the latest in use of them.
fn same_account(draft: &Draft, credentials: &Credentials) -> Option<TokenId> {
    let user = user_of(credentials);
    let accounts = draft.inventory.tokens().iter();
    accounts
        .filter(|token| token.holds(&credentials.key) && token.user == user)
        .max_by_key(|token| token.in_use.map(|in_use| in_use.turn))
        .map(|token| token.id)
}

fn renew(
    draft: &mut Draft,
    id: TokenId,
    credentials: &Credentials,
    now: Moment,
) -> Result<TokenId, VaultError> {
    draft.inventory.renew(id, kind_of(credentials), None, now);
    draft.keep(id, &credentials.secret)?;
    Ok(id)
}

fn arrive(draft: &mut Draft, credentials: &Credentials, now: Moment) -> Result<TokenId, VaultError> {
    let Credentials { key, secret, .. } = credentials;
    let registry = key.address().map(Address::registry);
    let known_as = match user_of(credentials) {
        User::Named(name) => name,
        User::SameAsSecret => String::new(),
    };
    let name = Name::made_of(&known_as, registry.map_or(key.as_str(), |registry| registry.as_str()));
    let id = draft.inventory.take_in(
        Arrival {
            name,
            kind: kind_of(credentials),
            user: user_of(credentials),
            scopes: scope_of(key).into_iter().collect(),
            keys: vec![key.clone()],
            label: None,
            permissions: None,
            expires: None,
            origin: Origin::Store,
        },
        now,
    );
    draft.keep(id, secret)?;
    Ok(id)
}

/// Returns where credentials that a client stores under a key may go.
fn scope_of(key: &Key) -> Option<Scope> {
    key.address().map(Scope::at)
}

fn user_of(credentials: &Credentials) -> User {
    User::of(&credentials.user, &credentials.secret)
}

fn kind_of(credentials: &Credentials) -> Kind {
    let Credentials { key, user, secret } = credentials;
    let seen = Seen { keys: slice::from_ref(key), scopes: &[], user, secret: secret.expose() };
    recognize(&seen).kind.unwrap_or(Kind::Password)
}
