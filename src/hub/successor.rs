//! Determines the properties that a new token takes over from the token that it replaces.

use crate::hub::LinkedToken;
use crate::hub::api::token::{ApiToken, TokenAccess};
use crate::hub::error::HubError;
use crate::hub::label_marker::unmarked_label;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Permissions, Token};

/// Returns the final label of the new token. `marked` is the label with which it was created.
pub(super) fn successor_label(token: &Token, old: Option<&ApiToken>, marked: &str) -> String {
    let old_label = old.map(|old| old.label.as_str());
    let label = old_label.or(unmarked_label(marked)).or(token.label.as_deref());
    let label = label.unwrap_or(token.name.as_str());
    unmarked_label(label).unwrap_or(label).to_owned()
}

/// Returns the access of the new token, which is that of the old one.
pub(super) fn successor_access(
    linked: &LinkedToken,
    old: Option<&ApiToken>,
) -> Result<TokenAccess, HubError> {
    match (old, linked.token.permissions) {
        (Some(old), _) => Ok(old.access.clone()),
        (None, Some(permissions)) if linked.owner().is_some() => Ok(least_access(permissions)),
        (None, _) => Err(HubError::Gone(linked.token.name.clone())),
    }
}

/// Returns the smallest scope that grants these permissions.
fn least_access(permissions: Permissions) -> TokenAccess {
    let scope = match permissions {
        Permissions { delete: true, .. } => "repo:admin",
        Permissions { push: true, .. } => "repo:write",
        Permissions { public_only: true, .. } => "repo:public_read",
        Permissions { .. } => "repo:read",
    };
    TokenAccess::Scopes(vec![scope.to_owned()])
}

/// Returns the expiry that gives the new token the same lifetime as the old one.
pub(super) fn same_lifetime(token: &Token, old: Option<&ApiToken>, now: Timestamp) -> Option<Timestamp> {
    let expires = old.map_or(token.expires, |old| old.expires)?;
    let created = old.and_then(|old| old.created).unwrap_or(token.stored);
    Some(Timestamp(now.0.saturating_add(expires.0.saturating_sub(created.0).max(0))))
}
