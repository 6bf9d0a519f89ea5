//! The import of credentials from other stores, which leaves every token in use as it is.

use crate::docker::wire::Credentials;
use crate::inventory::Inventory;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::Request;
use crate::resolve::resolve;
use crate::vault::login::{RecognizedLogin, scope_of, user_of};

/// The token that holds imported credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedToken {
    pub token: TokenId,
    /// False when the vault had it before.
    pub is_new: bool,
}

/// Imports logins, and returns the token of each in the same order.
///
/// A token for the same key or scope that already has this user name and secret is used; all other logins
/// become new tokens. Each key is remembered. No token is put in use.
///
/// `has_secret` compares the secret of a token that was in the vault before.
pub fn take_over(
    inventory: &mut Inventory,
    logins: &[RecognizedLogin<'_>],
    has_secret: impl Fn(&Token, &Secret) -> bool,
    now: Timestamp,
) -> Vec<ImportedToken> {
    let mut new: Vec<(TokenId, &Secret)> = Vec::new();
    let mut imported = Vec::new();
    for login in logins {
        let (key, secret) = (&login.credentials.key, &login.credentials.secret);
        let has_this_secret = |token: &Token| match new.iter().find(|(id, _)| *id == token.id) {
            Some((_, new_secret)) => new_secret.is_same_as(secret),
            None => has_secret(token, secret),
        };
        let answer = answer(inventory, key, now);
        let same = find_same(inventory, login.credentials, has_this_secret);
        let token = same.unwrap_or_else(|| {
            let id = inventory.add_with_free_name(login.to_token(Origin::Import, None, now), now);
            new.push((id, secret));
            id
        });
        inventory.remember_key(token, key);
        keep_in_use(inventory, answer, key);
        imported.push(ImportedToken { token, is_new: same.is_none() });
    }
    imported
}

/// Finds the token that already has these credentials. A profile's token is omitted: imported tokens are for every
/// profile.
fn find_same(
    inventory: &Inventory,
    credentials: &Credentials,
    has_secret: impl Fn(&Token) -> bool,
) -> Option<TokenId> {
    let (user, scope) = (user_of(credentials), scope_of(&credentials.key));
    let matches_key = |token: &Token| {
        token.has_key(&credentials.key) || scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
    };
    let mut tokens = inventory.tokens().iter().filter(|token| token.profile.is_none());
    tokens.find(|token| matches_key(token) && token.user == user && has_secret(token)).map(|token| token.id)
}

fn answer(inventory: &Inventory, key: &Key, now: Timestamp) -> Option<TokenId> {
    let verdict = resolve(&Request::from_key(key), inventory.tokens(), inventory.choices(), now);
    verdict.token.map(|token| token.id)
}

/// Remembers the key for the token that answered it before the import.
///
/// Among tokens of one scope, those stored under exactly this key take precedence. With the key recorded for both,
/// the token in use still decides.
fn keep_in_use(inventory: &mut Inventory, answer: Option<TokenId>, key: &Key) {
    let scope = scope_of(key);
    let has_scope = |token: &Token| scope.as_ref().is_some_and(|scope| token.scopes.contains(scope));
    let answer = inventory.tokens().iter().find(|token| Some(token.id) == answer && has_scope(token));
    if let Some(id) = answer.map(|token| token.id) {
        inventory.remember_key(id, key);
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::{incoming_token, key, names};

    fn credentials(key: &str, user: &str, secret: &str) -> Credentials {
        Credentials {
            key: Key::parse(key).expect(key),
            user: Zeroizing::new(user.to_owned()),
            secret: Secret::new(Zeroizing::new(secret.to_owned())),
        }
    }

    fn import(inventory: &mut Inventory, credentials: &[Credentials]) -> Vec<(u32, bool)> {
        // In these tests, a token's secret is made from its name.
        let has_secret = |token: &Token, secret: &Secret| secret.expose() == format!("of {}", token.name);
        let logins: Vec<_> = credentials.iter().map(RecognizedLogin::new).collect();
        let imported = take_over(inventory, &logins, has_secret, Timestamp(0));
        imported.into_iter().map(|imported| (imported.token.0, imported.is_new)).collect()
    }

    #[test]
    fn credentials_in_the_vault_are_not_imported_twice() {
        let mut inventory = Inventory::default();
        inventory.add_with_free_name(incoming_token("a", "ghcr.io", Origin::Store), Timestamp(0));
        let imported = import(
            &mut inventory,
            &[
                credentials("https://ghcr.io/v1/", "a", "of a"),
                credentials("ghcr.io", "a", "other"),
                credentials("GHCR.io", "a", "other"),
                credentials("ghcr.io/team", "a", "of a"),
                credentials("quay.io", "a", "of a"),
                credentials("no address", "a", "of a"),
                credentials("no address", "a", "of a"),
            ],
        );
        let want = [(1, false), (2, true), (2, false), (3, true), (4, true), (5, true), (5, false)];
        assert_eq!(imported, want);
        assert!(inventory.tokens()[0].has_key(&key("https://ghcr.io/v1/")));
        assert!(inventory.tokens()[1].has_key(&key("GHCR.io")));
        assert_eq!(names(&inventory)[..3], ["a", "a@ghcr.io", "a@ghcr.io-2"]);
    }

    #[test]
    fn the_token_that_answered_before_an_import_answers_after_it() {
        for origin in [Origin::Add, Origin::Store] {
            let mut inventory = Inventory::default();
            inventory.add_with_free_name(incoming_token("a", "ghcr.io", origin), Timestamp(0));
            import(
                &mut inventory,
                &[credentials("https://ghcr.io", "b", "b"), credentials("ghcr.io", "b", "c")],
            );
            for text in ["ghcr.io", "https://ghcr.io", "ghcr.io/team/app"] {
                assert_eq!(answer(&inventory, &key(text), Timestamp(0)), Some(TokenId(1)), "{text}");
            }
        }
        let mut inventory = Inventory::default();
        import(&mut inventory, &[credentials("ghcr.io", "b", "b"), credentials("ghcr.io", "c", "c")]);
        assert_eq!(answer(&inventory, &key("ghcr.io"), Timestamp(0)), Some(TokenId(1)), "the first one");
    }
}
