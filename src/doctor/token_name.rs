//! Names of tokens in findings. A name that was made from a user name or a key can contain part of a secret, and is
//! then replaced.

use crate::model::token::{Token, UserName};
use crate::provider::contains_whole_token;

/// The number of first characters of a password that must not appear in a name.
const REVEALING_LETTERS: usize = 4;

/// True when the user name, which the vault does not encrypt, is itself a token.
pub(super) fn has_token_for_user(token: &Token) -> bool {
    match &token.user {
        UserName::Named(user) => contains_whole_token(user),
        UserName::SameAsSecret => false,
    }
}

/// Returns the password in a key that a client stored the token under.
pub(super) fn key_password(token: &Token) -> Option<&str> {
    token.keys.iter().find_map(|key| {
        let rest = key.as_str().split_once("://").map_or(key.as_str(), |(_, rest)| rest);
        let (account, _) = rest.rsplit_once('@')?;
        account.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
    })
}

/// True when the name, which may have been made from the user name and the key, shows part of a secret that they
/// contain.
fn has_revealing_name(token: &Token) -> bool {
    let name = token.name.as_str();
    let head = |password: &str| password.chars().take(REVEALING_LETTERS).collect::<String>();
    contains_whole_token(name) || key_password(token).is_some_and(|password| name.contains(&head(password)))
}

/// Returns the name of a token, for people.
pub(super) fn display_name(token: &Token) -> String {
    if has_revealing_name(token) { format!("no. {}", token.id.0) } else { token.name.as_str().to_owned() }
}

/// Returns the name of a token as one word of a shell command.
pub(super) fn argument(token: &Token) -> String {
    if has_revealing_name(token) { "NAME".to_owned() } else { token.name.as_argument().into_owned() }
}
