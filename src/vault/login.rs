//! The effect of a client's login on the tokens.

use std::slice;

use crate::docker::wire::Credentials;
use crate::inventory::{IncomingToken, Inventory};
use crate::model::name::Name;
use crate::model::registry::{Address, Key, Registry};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, TokenKind, UserName};
use crate::model::token_id::TokenId;
use crate::provider::advice::{Advice, advise};
use crate::provider::{Credential, Recognition, recognize};
use crate::vault::VaultError;
use crate::vault::draft::Draft;

/// Credentials as a client keeps them, with their recognized type.
#[derive(Clone, Copy)]
pub struct RecognizedLogin<'c> {
    pub credentials: &'c Credentials,
    recognition: Recognition,
}

impl<'c> RecognizedLogin<'c> {
    pub fn new(credentials: &'c Credentials) -> Self {
        Self { credentials, recognition: recognize(&as_credential(credentials)) }
    }

    fn kind(&self) -> TokenKind {
        self.recognition.kind.unwrap_or(TokenKind::Password)
    }

    /// Returns the expiry that the secret names.
    ///
    /// An expiry in the past is omitted: the client has just logged in with the secret, so the clocks disagree. So
    /// is that of a session, since the client that keeps the session also renews it.
    fn expiry(&self, now: Timestamp) -> Option<Timestamp> {
        self.recognition.expires.filter(|expiry| *expiry > now && self.kind() != TokenKind::Session)
    }

    /// Returns the advice on these credentials, which are, or will be, those of the token `own`.
    pub fn advice(&self, inventory: &Inventory, own: Option<TokenId>) -> Vec<Advice> {
        advise(&as_credential(self.credentials), &self.recognition, &docker_hub_users(inventory, own))
    }

    /// Makes a token, named after its user and registry.
    pub fn to_token(&self, origin: Origin, profile: Option<&str>, now: Timestamp) -> IncomingToken {
        let key = &self.credentials.key;
        let registry = key.address().map(Address::registry);
        let user = user_of(self.credentials);
        let user_name = match &user {
            UserName::Named(name) => name,
            UserName::SameAsSecret => "",
        };
        IncomingToken {
            name: Name::suggest(user_name, registry.map_or(key.as_str(), Registry::as_str)),
            kind: self.kind(),
            user,
            scopes: scope_of(key).into_iter().collect(),
            keys: vec![key.clone()],
            label: None,
            permissions: None,
            expires: self.expiry(now),
            origin,
            profile: profile.map(str::to_owned),
            remote: None,
        }
    }
}

/// Stores a client's credentials and puts them in use.
///
/// Credentials that a token already has do not make another token. A new secret under the same key and user name
/// renews the token. All others become a new token. The logins of a profile are separate: they neither renew nor
/// revive a token of another profile, or one without a profile.
///
/// Returns the token, and advice if the secret is new.
pub fn log_in(
    draft: &mut Draft,
    credentials: &Credentials,
    profile: Option<&str>,
    now: Timestamp,
) -> Result<(TokenId, Vec<Advice>), VaultError> {
    let mut advice = Vec::new();
    let id = if let Some(id) = find_same(draft, credentials, profile) {
        revive(draft, id, now);
        id
    } else {
        let login = RecognizedLogin::new(credentials);
        let renewed = find_renewed(draft, credentials, profile, now);
        advice = login.advice(&draft.inventory, renewed);
        let id = match renewed {
            Some(id) => {
                draft.inventory.renew(id, login.kind(), login.expiry(now), now);
                id
            }
            None => draft.inventory.add_with_free_name(login.to_token(Origin::Store, profile, now), now),
        };
        draft.set_secret(id, &credentials.secret)?;
        id
    };
    draft.inventory.remember_key(id, &credentials.key);
    draft.inventory.log_in(id, &credentials.key);
    Ok((id, advice))
}

/// Clears an expiry in the past: a token that a client has just logged in with has not expired.
fn revive(draft: &mut Draft, id: TokenId, now: Timestamp) {
    let expired = draft.inventory.tokens().iter().find(|token| token.id == id && token.has_expired(now));
    if let Some((kind, remote)) = expired.map(|token| (token.kind, token.remote.clone())) {
        draft.inventory.renew(id, kind, None, now);
        draft.inventory.set_remote(id, remote);
    }
}

/// Finds the token that already has this user name and secret, for the key or its registry.
///
/// If another token of this user was stored under exactly this key, a token stored under other keys does not count:
/// `https://h/v1/` and `https://h/v2/` stay two tokens even with the same secret.
fn find_same(draft: &Draft, credentials: &Credentials, profile: Option<&str>) -> Option<TokenId> {
    let user = user_of(credentials);
    let scope = scope_of(&credentials.key);
    let is_key_stored = accounts(draft, credentials, profile).next().is_some();
    let matches_key = |token: &Token| {
        token.has_key(&credentials.key)
            || (scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
                && (token.keys.is_empty() || !is_key_stored))
    };
    // A secret that cannot be opened counts as different; this login replaces it.
    let has_secret =
        |token: &Token| draft.secret(token).is_ok_and(|secret| secret.is_same_as(&credentials.secret));
    let mut tokens = draft.inventory.tokens().iter().filter(|token| token.profile.as_deref() == profile);
    tokens.find(|token| matches_key(token) && token.user == user && has_secret(token)).map(|token| token.id)
}

/// Returns the tokens of a profile that were stored under exactly this key for this user name.
fn accounts<'d>(
    draft: &'d Draft,
    credentials: &Credentials,
    profile: Option<&str>,
) -> impl Iterator<Item = &'d Token> {
    let user = user_of(credentials);
    let tokens = draft.inventory.tokens().iter().filter(move |token| token.profile.as_deref() == profile);
    tokens.filter(move |token| token.has_key(&credentials.key) && token.user == user)
}

/// Finds the token that a new secret renews: of this account, the one that was put in use last.
///
/// A token that a person added is not renewed before it expires: its secret may be kept nowhere else, and
/// the new secret may belong to another token of the same account.
fn find_renewed(
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

/// Returns the scope of credentials that a client stores under a key.
pub fn scope_of(key: &Key) -> Option<Scope> {
    key.address().map(Scope::from_address)
}

pub fn user_of(credentials: &Credentials) -> UserName {
    UserName::new(&credentials.user, &credentials.secret)
}

fn as_credential(credentials: &Credentials) -> Credential<'_> {
    let Credentials { key, user, secret } = credentials;
    Credential { keys: slice::from_ref(key), scopes: &[], user, secret: secret.expose() }
}

/// Returns the user names of all personal access tokens and passwords for Docker Hub, except the token `own`.
pub fn docker_hub_users(inventory: &Inventory, own: Option<TokenId>) -> Vec<&str> {
    let is_for_docker_hub =
        |token: &Token| token.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
    let is_personal = |token: &Token| matches!(token.kind, TokenKind::Pat | TokenKind::Password);
    let tokens = inventory.tokens().iter().filter(|token| Some(token.id) != own);
    tokens
        .filter(|token| is_for_docker_hub(token) && is_personal(token))
        .filter_map(|token| match &token.user {
            UserName::Named(name) => Some(name.as_str()),
            UserName::SameAsSecret => None,
        })
        .collect()
}
