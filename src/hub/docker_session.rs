//! The sign-ins by `docker login` in a browser, whose tokens may manage access tokens.

use crate::inventory::Inventory;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenKind, TokenState, UserName};
use crate::provider::expiry::jwt_expiry;

/// The key under which `docker login` stores the token of a sign-in by browser:
/// <https://github.com/docker/cli/blob/master/internal/oauth/manager/manager.go>.
pub const SESSION_KEY: &str = "https://index.docker.io/v1/access-token";

/// The minimum time for which such a token has to remain valid, in seconds.
const MARGIN: i64 = 30;

/// Returns the sign-ins with their Docker IDs, the latest first.
pub fn sessions(inventory: &Inventory) -> Vec<(&Token, &str)> {
    let is_session = |token: &&Token| {
        token.kind == TokenKind::Session
            && token.state == TokenState::Active
            && token.keys.iter().any(|key| key.as_str() == SESSION_KEY)
    };
    let mut sessions: Vec<_> = inventory
        .tokens()
        .iter()
        .filter(is_session)
        .filter_map(|token| match &token.user {
            UserName::Named(user) => Some((token, user.as_str())),
            UserName::SameAsSecret => None,
        })
        .collect();
    sessions.sort_by_key(|(token, _)| token.in_use.map(|in_use| in_use.turn));
    sessions.reverse();
    sessions
}

/// True when the token of a sign-in is valid long enough for a command.
pub fn is_valid(bearer: &Secret, now: Timestamp) -> bool {
    jwt_expiry(bearer.expose()).is_none_or(|expires| expires > Timestamp(now.0 + MARGIN))
}
