//! What a new token takes over from the old one in whose place it comes.

use crate::hub::LinkedToken;
use crate::hub::api::token::{ApiToken, TokenAccess};
use crate::hub::error::HubError;
use crate::hub::label_marker::unmarked;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Permissions, Token};

/// Returns the label that the new token is to have in the end. `marker` is the one that it was made under.
pub(super) fn label_of(token: &Token, old: Option<&ApiToken>, marker: &str) -> String {
    let there = old.map(|old| old.label.as_str());
    let label = there.or(unmarked(marker)).or(token.label.as_deref()).unwrap_or(token.name.as_str());
    unmarked(label).unwrap_or(label).to_owned()
}

/// Returns what the new token is to be allowed: what the old one was.
pub(super) fn grants_of(known: &LinkedToken, old: Option<&ApiToken>) -> Result<TokenAccess, HubError> {
    match (old, known.token.permissions) {
        (Some(old), _) => Ok(old.grants.clone()),
        (None, Some(permissions)) if known.owner().is_some() => Ok(scopes_of(permissions)),
        (None, _) => Err(HubError::Gone(known.token.name.clone())),
    }
}

/// Returns the least scope with these permissions.
fn scopes_of(permissions: Permissions) -> TokenAccess {
    let scope = match permissions {
        Permissions { delete: true, .. } => "repo:admin",
        Permissions { write: true, .. } => "repo:write",
        Permissions { .. } => "repo:read",
    };
    TokenAccess::Scopes(vec![scope.to_owned()])
}

/// Returns the end by which a new token lasts as long as the old one did.
pub(super) fn same_lifetime(token: &Token, old: Option<&ApiToken>, now: Timestamp) -> Option<Timestamp> {
    let end = old.map_or(token.expires, |old| old.expires)?;
    let start = old.and_then(|old| old.created).unwrap_or(token.stored);
    Some(Timestamp(now.0.saturating_add(end.0.saturating_sub(start.0).max(0))))
}
