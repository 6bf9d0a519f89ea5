//! The effect of a client's login on the tokens.

use std::slice;

use crate::docker::wire::Credentials;
use crate::inventory::{IncomingToken, Inventory, TokenChanges};
use crate::model::name::Name;
use crate::model::registry::{Address, Key, Registry};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, TokenKind, UserName};
use crate::model::token_id::TokenId;
use crate::provider::advice::{Advice, advise};
use crate::provider::{Credential, Recognition, has_one_secret, recognize};
use crate::resolve::request::{FOLDER_PREFIX, Request};
use crate::resolve::{Reason, resolve};
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
    /// At a login, an expiry in the past is omitted: the registry has just accepted the secret, so the clocks disagree.
    /// A secret that is imported may have expired long ago. The expiry of a session is omitted, since the client that
    /// keeps the session also renews it.
    fn expiry(&self, origin: Origin, now: Timestamp) -> Option<Timestamp> {
        let counts = |expiry: Timestamp| origin != Origin::Store || expiry > now;
        self.recognition.expires.filter(|expiry| counts(*expiry) && self.kind() != TokenKind::Session)
    }

    /// Returns the advice on these credentials, which are, or will be, those of the token `own`.
    pub fn advice(&self, inventory: &Inventory, own: Option<TokenId>) -> Vec<Advice> {
        // Other users matter only for an organization's token, and there are few of these.
        let users = match self.kind() {
            TokenKind::Organization => docker_hub_users(inventory, own),
            _ => Vec::new(),
        };
        advise(&as_credential(self.credentials), &self.recognition, &users)
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
            expires: self.expiry(origin, now),
            origin,
            profile: profile.map(str::to_owned),
            remote: None,
        }
    }
}

/// The token that a login left in the vault.
pub struct LoginReport {
    pub token: TokenId,
    /// Advice, if the secret is new.
    pub advice: Vec<Advice>,
}

/// Stores a client's credentials and puts them in use.
///
/// Credentials that the same request already gets change nothing: clients store what they were given. Credentials that
/// a token already has sign that token in; its scopes stay as they are. A new secret under the same key and user name
/// renews an untouched login. All others become a new token.
///
/// The logins of a profile, or of a Docker configuration folder, are separate: they neither renew nor revive other
/// tokens. `request` is that of a `get` for the same key.
pub fn log_in(
    draft: &mut Draft,
    credentials: &Credentials,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<LoginReport, VaultError> {
    let known = |token| LoginReport { token, advice: Vec::new() };
    if let Some(id) = find_answer(draft, credentials, request, now) {
        draft.inventory.remember_key(id, &credentials.key);
        return Ok(known(id));
    }
    let profile = request.own_profile();
    let same = find_same(draft, credentials, profile);
    let (covering, partial): (Vec<_>, Vec<_>) = same.iter().partition(|(_, reach)| *reach == Reach::Whole);
    for (id, _) in &covering {
        revive(draft, *id, now);
        put_in_use(draft, *id, credentials);
    }
    if let Some((id, _)) = covering.last()
        && !is_outdone(draft, *id, request, now)
    {
        return Ok(known(*id));
    }
    if let Some((id, _)) = partial.iter().find(|(id, _)| is_bound_to_its_part(draft, *id)) {
        draft.inventory.sign_in(*id, &credentials.key);
        draft.inventory.remember_key(*id, &credentials.key);
        return Ok(known(*id));
    }
    let login = RecognizedLogin::new(credentials);
    let mut renewed =
        if covering.is_empty() { find_renewed(draft, credentials, profile, now) } else { Vec::new() };
    // A token for a part that has this secret already stays as it is.
    renewed.retain(|id| same.iter().all(|(other, _)| other != id));
    let advice = login.advice(&draft.inventory, renewed.first().copied());
    let ids = if renewed.is_empty() {
        let token = login.to_token(Origin::Store, profile, now);
        let id = draft.inventory.add_with_free_name(token, now);
        draft.set_secret(id, &credentials.secret)?;
        vec![id]
    } else {
        for id in &renewed {
            draft.keep_previous(*id, now);
            if !has_one_secret(&credentials.user) {
                let changes = TokenChanges { permissions: Some(None), ..TokenChanges::default() };
                // Only a new name can be refused.
                let _ = draft.inventory.edit(*id, changes);
            }
            draft.inventory.renew(*id, login.kind(), login.expiry(Origin::Store, now), now);
            draft.set_secret(*id, &credentials.secret)?;
        }
        renewed
    };
    for id in &ids {
        put_in_use(draft, *id, credentials);
    }
    let token = ids.last().copied().unwrap_or_default();
    Ok(LoginReport { token, advice })
}

/// The part of a key's registry that a token answers for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// All that the key stands for.
    Whole,
    Part,
}

impl Reach {
    /// Returns the reach of a token; `None` when it has nothing to do with the key.
    fn new(token: &Token, key: &Key) -> Option<Self> {
        let Some(address) = key.address() else { return token.has_key(key).then_some(Self::Whole) };
        let mut scopes = token.scopes.iter().filter(|scope| scope.reaches(address.registry())).peekable();
        scopes.peek()?;
        Some(if scopes.any(|scope| scope.covers_all_of(address)) { Self::Whole } else { Self::Part })
    }
}

/// Finds the token that the client gets already, if it has these credentials. Under a Docker configuration folder, only
/// a login of the folder counts.
fn find_answer(
    draft: &Draft,
    credentials: &Credentials,
    request: &Request<'_>,
    now: Timestamp,
) -> Option<TokenId> {
    let inventory = &draft.inventory;
    let token = resolve(request, inventory.tokens(), inventory.choices(), now).token?;
    let is_own = match (request.profile, request.config_folder) {
        (None, Some(folder)) => token.profile.as_ref() == Some(&folder.profile),
        (Some(_), _) | (None, None) => true,
    };
    (is_own && has_credentials(draft, token, credentials)).then_some(token.id)
}

/// True when a token does not answer the key because another one has a closer scope. Choices do not count.
fn is_outdone(draft: &Draft, id: TokenId, request: &Request<'_>, now: Timestamp) -> bool {
    let request = Request { token_name: None, ..request.with_key(request.key) };
    let verdict = resolve(&request, draft.inventory.tokens(), &[], now);
    verdict.set_aside.iter().any(|(token, reason)| token.id == id && *reason == Reason::LessSpecific)
}

/// Puts a token in use because a client logged in with it.
fn put_in_use(draft: &mut Draft, id: TokenId, credentials: &Credentials) {
    draft.inventory.forget_key_beyond_scopes(&credentials.key, id);
    draft.inventory.remember_key(id, &credentials.key);
    draft.inventory.log_in(id, &credentials.key);
}

/// True for the token of a project or an organization, which is not sent to other parts of its registry.
fn is_bound_to_its_part(draft: &Draft, id: TokenId) -> bool {
    let mut tokens = draft.inventory.tokens().iter();
    tokens.any(|token| token.id == id && matches!(token.kind, TokenKind::Project | TokenKind::Organization))
}

/// Clears an expiry in the past, since a client has just logged in with the token. Records the time of the login, to
/// which the state of a Docker configuration folder is compared.
fn revive(draft: &mut Draft, id: TokenId, now: Timestamp) {
    let Some(token) = draft.inventory.tokens().iter().find(|token| token.id == id) else { return };
    let is_of_folder = token.profile.as_ref().is_some_and(|profile| profile.starts_with(FOLDER_PREFIX));
    if token.has_expired(now) || is_of_folder {
        let (kind, remote) = (token.kind, token.remote.clone());
        let expires = token.expires.filter(|expires| *expires > now);
        draft.inventory.renew(id, kind, expires, now);
        draft.inventory.set_remote(id, remote);
    }
}

/// Finds the tokens of a profile that already have this user name and secret at the registry of the key.
///
/// If another token of this user was stored under exactly this key, a token stored under other keys does not count:
/// `https://h/v1/` and `https://h/v2/` stay two tokens even with the same secret.
fn find_same(draft: &Draft, credentials: &Credentials, profile: Option<&str>) -> Vec<(TokenId, Reach)> {
    let key = &credentials.key;
    let own = || accounts(draft, credentials, profile);
    let is_key_stored = own().any(|token| token.has_key(key) && Reach::new(token, key) == Some(Reach::Whole));
    let matches_key = |token: &Token| token.has_key(key) || token.keys.is_empty() || !is_key_stored;
    let same = own().filter(|token| matches_key(token) && has_credentials(draft, token, credentials));
    same.filter_map(|token| Some((token.id, Reach::new(token, key)?))).collect()
}

/// Returns the tokens of a profile with this user name at the registry of the key.
fn accounts<'d>(
    draft: &'d Draft,
    credentials: &'d Credentials,
    profile: Option<&'d str>,
) -> impl Iterator<Item = &'d Token> {
    let user = user_of(credentials);
    let tokens = draft.inventory.tokens().iter().filter(move |token| token.profile.as_deref() == profile);
    tokens.filter(move |token| token.concerns(&credentials.key) && token.user == user)
}

/// True when a token has this user name and secret. A secret that cannot be opened counts as different.
fn has_credentials(draft: &Draft, token: &Token, credentials: &Credentials) -> bool {
    token.user == user_of(credentials)
        && draft.secret(token).is_ok_and(|secret| secret.is_same_as(&credentials.secret))
}

/// Finds the tokens that a new secret renews.
///
/// A user name that belongs to one token, or whose secrets are temporary, has one secret at a time, so all tokens of the
/// user are renewed. Otherwise, it is the login of this account that was put in use last, or a token of the account that
/// has expired. A token that a person added is not renewed before it expires: its secret may be kept nowhere else, and
/// the new secret may belong to another token of the same account.
fn find_renewed(
    draft: &Draft,
    credentials: &Credentials,
    profile: Option<&str>,
    now: Timestamp,
) -> Vec<TokenId> {
    let key = &credentials.key;
    let own = || accounts(draft, credentials, profile);
    if has_one_secret(&credentials.user) {
        return own().map(|token| token.id).collect();
    }
    let scope = scope_of(key);
    let is_for_key = |token: &Token| {
        token.has_key(key) || scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
    };
    let is_renewable = |token: &&Token| match token.origin {
        Origin::Store if token.has_key(key) => Reach::new(token, key) == Some(Reach::Whole),
        Origin::Store | Origin::Add | Origin::Import => is_for_key(token) && token.has_expired(now),
    };
    let last = |token: &&Token| (token.has_key(key), token.last_event(key).map(|event| event.turn));
    own().filter(is_renewable).max_by_key(last).map(|token| token.id).into_iter().collect()
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
