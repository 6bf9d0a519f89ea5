//! The import of credentials from other stores, which leaves every token in use as it is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use crate::docker::client_logins::RegistryPart;
use crate::docker::wire::Credentials;
use crate::inventory::Inventory;
use crate::inventory::kept_answers::KeptAnswers;
use crate::inventory::name_pool::NamePool;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token};
use crate::model::token_id::TokenId;
use crate::vault::login::{RecognizedLogin, scope_of, user_of};

/// A login to import.
pub struct IncomingLogin<'c> {
    pub login: RecognizedLogin<'c>,
    /// The only part of the registry for which the client has used it, if there is one.
    pub part: Option<&'c RegistryPart>,
    /// The key for which it counts as a client's login, in addition to its own: the client got it there until now,
    /// and asks this program from now on.
    pub logged_in: Option<&'c Key>,
}

/// The token that holds imported credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImportedToken {
    pub token: TokenId,
    /// False when the vault had it before.
    pub is_new: bool,
}

impl<'c> IncomingLogin<'c> {
    /// Makes a login that only comes into the vault, and changes no answer.
    pub fn new(credentials: &'c Credentials) -> Self {
        Self { login: RecognizedLogin::new(credentials), part: None, logged_in: None }
    }

    fn scope(&self) -> Option<Scope> {
        self.part.map(|part| part.scope.clone()).or_else(|| scope_of(&self.login.credentials.key))
    }
}

/// Imports logins, and returns the token of each in the same order.
///
/// A token for the same key or scope that already has this user name and secret is used; all other logins
/// become new tokens, which are older than all that the vault has. Each key is remembered. Of logins for one registry,
/// the first one answers requests under a key that none of them has. A token is put in use only where
/// [`logged_in`](IncomingLogin::logged_in) says so; all other answers of the vault are [kept](KeptAnswers).
///
/// `has_secret` compares the secret of a token that was in the vault before.
pub fn take_over(
    inventory: &mut Inventory,
    logins: &[IncomingLogin<'_>],
    profile: Option<&str>,
    has_secret: impl Fn(&Token, &Secret) -> bool,
    now: Timestamp,
) -> Vec<ImportedToken> {
    let own = inventory.keys().into_iter().map(Cow::into_owned);
    let incoming = logins.iter().map(|incoming| incoming.login.credentials.key.clone());
    // A login for a part of a registry answers there, as the closer one.
    let whole = incoming.filter(|key| key.address().is_none_or(|address| address.repository().is_none()));
    let places: HashSet<_> =
        logins.iter().filter_map(|incoming| incoming.logged_in).map(|key| key.place().to_owned()).collect();
    let is_kept = |key: &Key| !places.contains(key.place());
    let answers = KeptAnswers::record(inventory, own.chain(whole).filter(is_kept).collect::<Vec<_>>(), now);
    let mut new: HashMap<TokenId, &Secret> = HashMap::new();
    let (mut known, mut names) = (KnownTokens::new(inventory), NamePool::new(inventory));
    let mut imported = Vec::new();
    for incoming in logins {
        let Credentials { key, secret, .. } = incoming.login.credentials;
        let has_this_secret = |token: &Token| match new.get(&token.id) {
            Some(new_secret) => new_secret.is_same_as(secret),
            None => has_secret(token, secret),
        };
        let same = known.find(inventory, incoming, profile, has_this_secret);
        let token = same.unwrap_or_else(|| {
            let mut token = incoming.login.to_token(Origin::Import, profile, now);
            if let Some(part) = incoming.part {
                (token.scopes, token.permissions) = (vec![part.scope.clone()], part.permissions);
            }
            let id = inventory.add_from_pool(token, &mut names, now);
            new.insert(id, secret);
            id
        });
        known.add(incoming, token);
        if incoming.part.is_none() {
            inventory.remember_key(token, key);
        }
        imported.push(ImportedToken { token, is_new: same.is_none() });
    }
    answers.keep(inventory, now);
    for (incoming, ImportedToken { token, .. }) in logins.iter().zip(&imported) {
        if let Some(key) = incoming.logged_in {
            inventory.remember_key(*token, key);
            inventory.log_in(*token, key);
        }
    }
    imported
}

/// The tokens by key and by scope.
struct KnownTokens {
    by_key: HashMap<String, Vec<TokenId>>,
    by_scope: HashMap<String, Vec<TokenId>>,
}

impl KnownTokens {
    fn new(inventory: &Inventory) -> Self {
        let mut known = Self { by_key: HashMap::new(), by_scope: HashMap::new() };
        for token in inventory.tokens() {
            for key in &token.keys {
                known.by_key.entry(key.as_str().to_owned()).or_default().push(token.id);
            }
            for scope in &token.scopes {
                known.by_scope.entry(scope.to_string()).or_default().push(token.id);
            }
        }
        known
    }

    fn add(&mut self, incoming: &IncomingLogin<'_>, token: TokenId) {
        let key = incoming.login.credentials.key.as_str().to_owned();
        self.by_key.entry(key).or_default().push(token);
        if let Some(scope) = incoming.scope() {
            self.by_scope.entry(scope.to_string()).or_default().push(token);
        }
    }

    /// Finds the first token that already has these credentials, among those of the same profile.
    fn find(
        &self,
        inventory: &Inventory,
        incoming: &IncomingLogin<'_>,
        profile: Option<&str>,
        has_secret: impl Fn(&Token) -> bool,
    ) -> Option<TokenId> {
        let credentials = incoming.login.credentials;
        let with_key = self.by_key.get(credentials.key.as_str()).filter(|_| incoming.part.is_none());
        let with_scope = incoming.scope().and_then(|scope| self.by_scope.get(&scope.to_string()));
        let ids: BTreeSet<TokenId> = with_key.into_iter().chain(with_scope).flatten().copied().collect();
        let user = user_of(credentials);
        let mut tokens = ids.into_iter().filter_map(|id| inventory.find(id));
        tokens
            .find(|token| token.profile.as_deref() == profile && token.user == user && has_secret(token))
            .map(|token| token.id)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::{incoming_token, key, names};
    use crate::model::token::{Direction, Permissions};
    use crate::resolve::request::{Request, RequestSource, Sourced};
    use crate::resolve::resolve;

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
        let logins: Vec<_> = credentials.iter().map(IncomingLogin::new).collect();
        let imported = take_over(inventory, &logins, None, has_secret, Timestamp(0));
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

    fn answer(inventory: &Inventory, text: &str, direction: Option<Direction>) -> Option<TokenId> {
        let key = key(text);
        let mut request = Request::from_key(&key);
        request.direction = direction.map(|value| Sourced { value, from: RequestSource::Key });
        resolve(&request, inventory.tokens(), inventory.choices(), Timestamp(0)).token.map(|token| token.id)
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
                assert_eq!(answer(&inventory, text, None), Some(TokenId(1)), "{text}");
            }
        }
        let mut inventory = Inventory::default();
        for (name, permissions) in [("pull", [true, false]), ("push", [true, true])] {
            let mut token = incoming_token(name, "ghcr.io", Origin::Add);
            token.permissions =
                Some(Permissions { pull: permissions[0], push: permissions[1], ..Permissions::default() });
            inventory.add_with_free_name(token, Timestamp(0));
        }
        import(&mut inventory, &[credentials("ghcr.io", "b", "b")]);
        for (direction, want) in [(Some(Direction::Pull), 1), (Some(Direction::Push), 2), (None, 2)] {
            assert_eq!(answer(&inventory, "ghcr.io", direction), Some(TokenId(want)), "{direction:?}");
        }
    }

    #[test]
    fn each_key_gets_its_own_login_and_other_spellings_the_first_one() {
        let mut inventory = Inventory::default();
        let logins = [
            credentials("docker.io", "bob", "b"),
            credentials("https://index.docker.io/v1/", "alice", "a"),
            credentials("http://reg.example", "old", "o"),
            credentials("reg.example", "new", "n"),
        ];
        import(&mut inventory, &logins);
        for (text, want) in [
            ("docker.io", 1),
            ("https://index.docker.io/v1/", 2),
            ("index.docker.io", 1),
            ("http://reg.example", 3),
            ("reg.example", 4),
        ] {
            assert_eq!(answer(&inventory, text, None), Some(TokenId(want)), "{text}");
        }
    }

    #[test]
    fn each_login_is_compared_with_the_tokens_of_its_key_only() {
        for count in [10, 1000] {
            let logins: Vec<_> =
                (0..count).map(|at| credentials(&format!("r{at}.example"), "me", "secret")).collect();
            let incoming: Vec<_> = logins.iter().map(IncomingLogin::new).collect();
            let mut inventory = Inventory::default();
            let compared = Cell::new(0);
            let has_secret = |_: &Token, _: &Secret| {
                compared.set(compared.get() + 1);
                true
            };
            take_over(&mut inventory, &incoming, None, has_secret, Timestamp(0));
            assert_eq!(compared.get(), 0, "no token was here before");
            let again = take_over(&mut inventory, &incoming, None, has_secret, Timestamp(0));
            assert_eq!((compared.get(), inventory.tokens().len()), (count, count));
            assert!(again.iter().all(|imported| !imported.is_new));
        }
    }

    #[test]
    fn a_login_that_the_client_used_replaces_what_answered_before() {
        let mut inventory = Inventory::default();
        inventory.add_with_free_name(incoming_token("a", "ghcr.io", Origin::Add), Timestamp(0));
        let (used, other) =
            (credentials("https://ghcr.io", "b", "b"), credentials("http://ghcr.io", "c", "c"));
        let asked = key("ghcr.io");
        let logins = [
            IncomingLogin { logged_in: Some(&asked), ..IncomingLogin::new(&used) },
            IncomingLogin::new(&other),
        ];
        take_over(&mut inventory, &logins, None, |_, _| false, Timestamp(0));
        for text in ["ghcr.io", "https://ghcr.io"] {
            assert_eq!(answer(&inventory, text, None), Some(TokenId(2)), "{text}");
        }
    }
}
