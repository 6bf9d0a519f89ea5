//! The obstacles that keep a token from answering, regardless of all other tokens.

use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenState};
use crate::resolve::Reason;
use crate::resolve::closeness::token_closeness;
use crate::resolve::request::{FOLDER_PREFIX, Request};

/// Returns the reason why a token cannot answer, regardless of all other tokens.
pub(super) fn find_obstacle(token: &Token, request: &Request<'_>, now: Timestamp) -> Option<Reason> {
    if token_closeness(token, request).is_none() {
        return Some(Reason::OtherRepository);
    }
    if let Some(reason) =
        token.profile.as_deref().and_then(|profile| find_other_world(token, profile, request))
    {
        return Some(reason);
    }
    match token.state {
        TokenState::Inactive => Some(Reason::Inactive),
        TokenState::Active if token.has_expired(now) => Some(Reason::Expired),
        TokenState::Active => is_signed_out(token, request).then_some(Reason::SignedOut),
    }
}

/// Returns the reason why the login of a profile or a Docker configuration folder does not answer the request.
fn find_other_world(token: &Token, profile: &str, request: &Request<'_>) -> Option<Reason> {
    if !profile.starts_with(FOLDER_PREFIX) {
        let is_same = request.profile.is_some_and(|current| current.value == profile);
        return (!is_same).then_some(Reason::OtherProfile);
    }
    let folder = request.config_folder.filter(|folder| folder.profile == profile);
    let is_there = folder.is_some_and(|folder| folder.has_login(token, request.key));
    (!is_there).then_some(Reason::OtherFolder)
}

/// True when a token is signed out of one of the requested repositories; if none is known, of all its scopes on the
/// registry.
fn is_signed_out(token: &Token, request: &Request<'_>) -> bool {
    let Some(address) = request.key.address().filter(|_| !token.signed_out.is_empty()) else { return false };
    let registry = address.registry();
    let is_out = |path: &str| token.signed_out.iter().any(|out| out.covers(registry, Some(path)));
    if !request.repositories().is_empty() {
        return request.repositories().iter().any(|path| is_out(path));
    }
    let out_here: Vec<Scope> =
        token.signed_out.iter().filter_map(|out| out.restricted_to(registry)).collect();
    let mut scopes_here = token.scopes.iter().filter_map(|scope| scope.restricted_to(registry));
    scopes_here.all(|scope| out_here.iter().any(|out| out.includes(&scope)))
}
