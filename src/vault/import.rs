//! Takes in what was kept elsewhere, and leaves what is in use in use.

use crate::docker::wire::Credentials;
use crate::inventory::Inventory;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::Request;
use crate::resolve::resolve;
use crate::vault::login::{arrival, scope_of, user_of};

/// The token that credentials are kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedToken {
    /// The token.
    pub token: TokenId,
    /// False when it was here before.
    pub is_new: bool,
}

/// Finds the place of each of these credentials: the token for the same key or scope that has this user name
/// and secret already, or else a new one beside all others. Each key is remembered; nothing is put in use.
///
/// `has_secret` tells whether the secret of a token that was here before is the one given.
pub fn take_over<'c>(
    inventory: &mut Inventory,
    brought: impl IntoIterator<Item = &'c Credentials>,
    has_secret: impl Fn(&Token, &Secret) -> bool,
    now: Timestamp,
) -> Vec<ImportedToken> {
    let mut new: Vec<(TokenId, &Secret)> = Vec::new();
    let mut places = Vec::new();
    for credentials in brought {
        let secret = &credentials.secret;
        let has_it = |token: &Token| match new.iter().find(|(id, _)| *id == token.id) {
            Some((_, its)) => its.is_same_as(secret),
            None => has_secret(token, secret),
        };
        let answer = answer(inventory, &credentials.key, now);
        let here = the_same(inventory, credentials, has_it);
        let token = here.unwrap_or_else(|| {
            let id = inventory.add_with_free_name(arrival(credentials, Origin::Import, None, now), now);
            new.push((id, secret));
            id
        });
        inventory.remember_key(token, &credentials.key);
        leave_in_use(inventory, answer, credentials);
        places.push(ImportedToken { token, is_new: here.is_none() });
    }
    places
}

/// A profile's token is no place: what is taken over is for everybody.
fn the_same(
    inventory: &Inventory,
    credentials: &Credentials,
    has_it: impl Fn(&Token) -> bool,
) -> Option<TokenId> {
    let (user, scope) = (user_of(credentials), scope_of(&credentials.key));
    let is_for_it = |token: &Token| {
        token.has_key(&credentials.key) || scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
    };
    let mut tokens = inventory.tokens().iter().filter(|token| token.profile.is_none());
    tokens.find(|token| is_for_it(token) && token.user == user && has_it(token)).map(|token| token.id)
}

fn answer(inventory: &Inventory, key: &Key, now: Timestamp) -> Option<TokenId> {
    let verdict = resolve(&Request::from_key(key), inventory.tokens(), inventory.choices(), now);
    verdict.token.map(|token| token.id)
}

/// Among tokens of one scope those that were stored under the very key come first. So the one that was
/// given out for it before is noted as stored under it too: then the one in use decides, as before.
fn leave_in_use(inventory: &mut Inventory, answer: Option<TokenId>, credentials: &Credentials) {
    let scope = scope_of(&credentials.key);
    let is_alike = |token: &&Token| {
        Some(token.id) == answer && scope.as_ref().is_some_and(|scope| token.scopes.contains(scope))
    };
    if let Some(id) = inventory.tokens().iter().find(is_alike).map(|token| token.id) {
        inventory.remember_key(id, &credentials.key);
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

    fn take(inventory: &mut Inventory, brought: &[Credentials]) -> Vec<(u32, bool)> {
        // In these tests a token's secret is made of its name.
        let has_secret = |token: &Token, secret: &Secret| secret.expose() == format!("of {}", token.name);
        let places = take_over(inventory, brought, has_secret, Timestamp(0));
        places.into_iter().map(|place| (place.token.0, place.is_new)).collect()
    }

    #[test]
    fn what_is_here_already_is_not_taken_twice() {
        let mut inventory = Inventory::default();
        inventory.add_with_free_name(incoming_token("a", "ghcr.io", Origin::Store), Timestamp(0));
        let places = take(
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
        assert_eq!(places, want);
        assert!(inventory.tokens()[0].has_key(&key("https://ghcr.io/v1/")));
        assert!(inventory.tokens()[1].has_key(&key("GHCR.io")));
        assert_eq!(names(&inventory)[..3], ["a", "a@ghcr.io", "a@ghcr.io-2"]);
    }

    #[test]
    fn what_answers_before_answers_after() {
        for origin in [Origin::Add, Origin::Store] {
            let mut inventory = Inventory::default();
            inventory.add_with_free_name(incoming_token("a", "ghcr.io", origin), Timestamp(0));
            take(
                &mut inventory,
                &[credentials("https://ghcr.io", "b", "b"), credentials("ghcr.io", "b", "c")],
            );
            for asked in ["ghcr.io", "https://ghcr.io", "ghcr.io/team/app"] {
                assert_eq!(answer(&inventory, &key(asked), Timestamp(0)), Some(TokenId(1)), "{asked}");
            }
        }
        let mut inventory = Inventory::default();
        take(&mut inventory, &[credentials("ghcr.io", "b", "b"), credentials("ghcr.io", "c", "c")]);
        assert_eq!(answer(&inventory, &key("ghcr.io"), Timestamp(0)), Some(TokenId(1)), "the first one");
    }
}
