//! Which token answers a request, and why.

use crate::inventory::Index;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::registry::Key;
use crate::scope::Scope;
use crate::token::Standing;
use crate::token::Token;
use crate::token::TokenId;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::collections::BTreeSet;

/// What a client asks for.
#[derive(Clone, Copy, Debug)]
pub struct Request<'k> {
    key: &'k Key,
}

impl<'k> Request<'k> {
    /// Makes the request that a key alone expresses.
    #[must_use]
    pub fn of(key: &'k Key) -> Self {
        Self { key }
    }

    /// Returns the repository, as far as it is known.
    fn repository(self) -> Option<&'k str> {
        self.key.address()?.repository()
    }
}

/// The token that a request gets, and what was decided about every token that concerns it.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict<'i> {
    /// The token, or `None` when the client goes on without credentials.
    pub token: Option<&'i Token>,
    /// Each other token that concerns the request, with why it was not taken.
    pub set_aside: Vec<(&'i Token, Reason)>,
}

/// Why a token was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Its scopes are for other repositories.
    OtherRepository,
    /// It has ended.
    Expired,
    /// A person switched it off.
    Inactive,
    /// Its registry was signed out.
    SignedOut,
    /// Another token's scope fits more closely.
    LessSpecific,
    /// Another token was stored under the very key that was sent.
    OtherKey,
    /// Another token was put in use later.
    NotInUse,
}

/// Returns the one token that answers a request, of any that are given, and the reasons.
///
/// The same tokens in another order give the same verdict. Each step narrows what the one before
/// has left; the token that is in use decides last, so there is never a tie.
pub fn resolve<'i>(
    request: Request<'_>,
    tokens: impl IntoIterator<Item = &'i Token>,
    now: Moment,
) -> Verdict<'i> {
    let mut field = Field {
        left: tokens.into_iter().filter(|token| token.concerns(request.key)).collect(),
        set_aside: Vec::new(),
    };
    field.drop_if(|token| obstacle(token, request, now));
    field.keep_best(Reason::LessSpecific, |token| specificity(token, request));
    field.keep_best(Reason::OtherKey, {
        let latest_holder =
            field.left.iter().filter(|token| token.holds(request.key)).map(|token| turn(token)).max();
        // A person's `use` after the last login under this key outdoes the key.
        move |token| {
            latest_holder
                .is_none_or(|latest| token.holds(request.key) || (is_chosen(token) && turn(token) > latest))
        }
    });
    field.keep_best(Reason::NotInUse, usage_rank);
    Verdict { token: field.left.first().copied(), set_aside: field.set_aside }
}

/// Returns the tokens that are in use: those that answer one of the keys to be listed, and for each
/// scope the one that was put in use last.
#[must_use]
pub fn in_use(inventory: &Inventory, now: Moment) -> BTreeSet<TokenId> {
    let index = Index::of(inventory);
    let keys = inventory.keys();
    let answering = keys.iter().filter_map(|key| resolve(Request::of(key), index.concerning(key), now).token);
    let mut used: BTreeSet<TokenId> = answering.map(|token| token.id).collect();
    let mut latest: BTreeMap<&Scope, &Token> = BTreeMap::new();
    for token in
        inventory.tokens().iter().filter(|token| rest(token, now).is_none() && !token.is_signed_out())
    {
        for scope in token.scopes.iter().filter(|scope| scope.is_wildcard() || scope.path().is_some()) {
            let best = latest.entry(scope).or_insert(token);
            if usage_rank(token) > usage_rank(best) {
                *best = token;
            }
        }
    }
    used.extend(latest.into_values().map(|token| token.id));
    used
}

/// The tokens that are still in question, and those that no longer are.
struct Field<'i> {
    left: Vec<&'i Token>,
    set_aside: Vec<(&'i Token, Reason)>,
}

impl Field<'_> {
    fn drop_if(&mut self, reason: impl Fn(&Token) -> Option<Reason>) {
        let set_aside = &mut self.set_aside;
        self.left.retain(|token| {
            let reason = reason(token);
            set_aside.extend(reason.map(|reason| (*token, reason)));
            reason.is_none()
        });
    }

    fn keep_best<R: Ord>(&mut self, otherwise: Reason, rank: impl Fn(&Token) -> R) {
        if self.left.len() < 2 {
            return;
        }
        let best = self.left.iter().map(|token| rank(token)).max();
        self.drop_if(|token| (best.as_ref() != Some(&rank(token))).then_some(otherwise));
    }
}

/// Returns what keeps a token from being given out at all.
fn obstacle(token: &Token, request: Request<'_>, now: Moment) -> Option<Reason> {
    if specificity(token, request).is_none() {
        return Some(Reason::OtherRepository);
    }
    let is_signed_out = request.key.address().is_some_and(|address| {
        token.signed_out.iter().any(|out| out.covers(address.registry(), request.repository()))
    });
    rest(token, now).or(is_signed_out.then_some(Reason::SignedOut))
}

/// Returns why a token is given out nowhere at present.
fn rest(token: &Token, now: Moment) -> Option<Reason> {
    match token.standing {
        Standing::Inactive => Some(Reason::Inactive),
        Standing::Active if token.has_expired(now) => Some(Reason::Expired),
        Standing::Active => None,
    }
}

/// How closely a token fits: an exact host before a wildcard, then the longer path. Where no
/// repository is known, a token for the whole registry is the safer guess than one for a part.
fn specificity(token: &Token, request: Request<'_>) -> Option<(bool, usize)> {
    let Some(address) = request.key.address() else {
        return token.holds(request.key).then_some((true, 0));
    };
    let repository = request.repository();
    let rank = |scope: &Scope| {
        let path = match (repository, scope.path()) {
            (Some(_), path) => path.map_or(0, str::len),
            (None, path) => usize::from(path.is_none()),
        };
        (!scope.is_wildcard(), path)
    };
    token.scopes.iter().filter(|scope| scope.covers(address.registry(), repository)).map(rank).max()
}

fn turn(token: &Token) -> u64 {
    token.in_use.map_or(0, |in_use| in_use.turn)
}

/// The last login or `use`; among those never used, the first that came.
fn usage_rank(token: &Token) -> (u64, Reverse<TokenId>) {
    (turn(token), Reverse(token.id))
}

fn is_chosen(token: &Token) -> bool {
    token.in_use.is_some_and(|in_use| in_use.chosen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::arrival;
    use crate::inventory::tests::key;
    use crate::token::Origin;

    const NOW: Moment = Moment(1_800_000_000);

    /// One step in the life of an inventory.
    enum Step {
        Login(&'static str, &'static str),
        Add(&'static str, &'static str),
        Use(&'static str),
        Expire(&'static str),
        Off(&'static str),
        Logout(&'static str),
    }
    use Step::{Add, Expire, Login, Logout, Off, Use};

    fn live(steps: &[Step]) -> Inventory {
        let mut inventory = Inventory::default();
        let edit = |inventory: &mut Inventory, name: &str, change: &dyn Fn(&mut Token)| {
            let mut tokens = inventory.tokens().to_vec();
            tokens.iter_mut().filter(|token| token.name.as_str() == name).for_each(change);
            *inventory = Inventory::new(tokens, Vec::new(), inventory.counters());
        };
        for step in steps {
            match step {
                Login(name, stored) => {
                    let scope = key(stored).address().map(Scope::at);
                    let mut arrival = arrival(name, "x.example", Origin::Store);
                    (arrival.scopes, arrival.keys) = (scope.into_iter().collect(), vec![key(stored)]);
                    let id = inventory.add(arrival, NOW).expect(name);
                    inventory.log_in(id, &key(stored));
                }
                Add(name, scope) => drop(inventory.add(arrival(name, scope, Origin::Add), NOW).expect(name)),
                Use(name) => {
                    let id = inventory.named(name).expect(name).id;
                    inventory.choose(id);
                }
                Expire(name) => edit(&mut inventory, name, &|token| token.expires = Some(NOW)),
                Off(name) => edit(&mut inventory, name, &|token| token.standing = Standing::Inactive),
                Logout(stored) => drop(inventory.sign_out(&key(stored))),
            }
        }
        inventory
    }

    #[test]
    fn the_right_token_answers() {
        let table: &[(&str, &[Step], &str, Option<&str>)] = &[
            ("nothing stored", &[], "ghcr.io", None),
            ("the key as it was stored", &[Login("a", "ghcr.io")], "ghcr.io", Some("a")),
            ("an alias of the key", &[Login("a", "ghcr.io")], "https://GHCR.io:443/v2/", Some("a")),
            ("a repository on the registry", &[Login("a", "ghcr.io")], "ghcr.io/acme/app", Some("a")),
            ("another registry", &[Login("a", "ghcr.io")], "quay.io", None),
            ("a namesake", &[Login("a", "ghcr.io")], "evil-ghcr.io", None),
            ("a registry in front of a domain", &[Login("a", "ghcr.io")], "ghcr.io.evil.example", None),
            ("a registry as a user name", &[Login("a", "ghcr.io")], "ghcr.io@evil.example", None),
            ("Docker Hub by podman", &[Login("a", "https://index.docker.io/v1/")], "docker.io", Some("a")),
            (
                "no session for Docker Hub",
                &[Login("a", "https://index.docker.io/v1/access-token")],
                "docker.io",
                None,
            ),
            (
                "no Docker Hub for a session",
                &[Login("a", "docker.io")],
                "https://index.docker.io/v1/refresh-token",
                None,
            ),
            ("a key that is no address", &[Login("a", "u@h")], "u@h", Some("a")),
            ("the last login", &[Login("a", "ghcr.io"), Login("b", "ghcr.io")], "ghcr.io", Some("b")),
            ("the one that a person uses", &[Login("a", "h"), Login("b", "h"), Use("a")], "h", Some("a")),
            ("a login after that", &[Login("a", "h"), Use("a"), Login("b", "h")], "h", Some("b")),
            (
                "the key as stored before an alias",
                &[Login("a", "https://h/v1/"), Login("b", "https://h/v2/")],
                "https://h/v1/",
                Some("a"),
            ),
            (
                "the later login, neither by this key",
                &[Login("a", "https://h/v1/"), Use("a"), Login("b", "https://h/v2/")],
                "h",
                Some("b"),
            ),
            (
                "a person before the key",
                &[Login("a", "https://h/v1/"), Login("b", "h"), Use("b")],
                "https://h/v1/",
                Some("b"),
            ),
            ("the first added", &[Add("a", "h"), Add("b", "h")], "h", Some("a")),
            ("a login before what is only added", &[Add("a", "h"), Login("b", "h")], "h", Some("b")),
            (
                "an added one in use before a login",
                &[Login("a", "h"), Add("b", "h"), Use("b")],
                "h",
                Some("b"),
            ),
            (
                "the longer path",
                &[Login("a", "h"), Add("b", "h/acme"), Add("c", "h/acme/app")],
                "h/acme/app",
                Some("c"),
            ),
            (
                "the path is not the namesake's",
                &[Login("a", "h"), Add("b", "h/acme")],
                "h/acme-x/app",
                Some("a"),
            ),
            ("a part only, another part asked", &[Add("b", "h/acme")], "h/shop/app", None),
            ("a part only, repository not known", &[Add("b", "h/acme")], "h", Some("b")),
            (
                "the whole before a part, repository not known",
                &[Add("b", "h/acme"), Use("b"), Login("a", "h")],
                "h",
                Some("a"),
            ),
            (
                "an exact host before a wildcard",
                &[Add("w", "*.b.c/acme/app"), Use("w"), Add("e", "a.b.c")],
                "a.b.c/acme/app",
                Some("e"),
            ),
            ("a wildcard", &[Add("w", "*.b.c")], "a.b.c", Some("w")),
            ("expired", &[Add("a", "h"), Expire("a")], "h", None),
            ("expired, another is there", &[Login("a", "h"), Login("b", "h"), Expire("b")], "h", Some("a")),
            ("switched off", &[Login("a", "h"), Off("a")], "h", None),
            ("signed out", &[Add("a", "h"), Login("b", "h"), Logout("h")], "h", None),
            ("signed out elsewhere", &[Add("w", "*.b.c"), Logout("x.b.c")], "y.b.c", Some("w")),
            ("signed out here, by a wildcard", &[Add("w", "*.b.c"), Logout("x.b.c")], "x.b.c", None),
            ("signed out and used again", &[Add("a", "h"), Logout("h"), Use("a")], "h", Some("a")),
        ];
        for (case, steps, asked, want) in table {
            let inventory = live(steps);
            let key = key(asked);
            let verdict = resolve(Request::of(&key), inventory.tokens(), NOW);
            assert_eq!(verdict.token.map(|token| token.name.as_str()), *want, "{case}");
            let backwards = resolve(Request::of(&key), inventory.tokens().iter().rev(), NOW);
            assert_eq!(backwards.token, verdict.token, "{case}, the other way round");
        }
    }

    #[test]
    fn every_token_that_concerns_a_request_has_a_reason() {
        let mut inventory = live(&[
            Add("path", "h/other"),
            Add("old", "h"),
            Add("off", "h"),
            Add("wide", "*.h.i"),
            Login("alias", "https://h/"),
            Login("first", "h"),
            Login("last", "h"),
            Login("elsewhere", "quay.io"),
            Expire("old"),
            Off("off"),
        ]);
        inventory.log_in(TokenId(7), &key("h"));
        let key = key("h");
        let verdict = resolve(Request::of(&key), inventory.tokens(), NOW);
        let reasons: Vec<_> =
            verdict.set_aside.iter().map(|(token, why)| (token.name.as_str(), *why)).collect();
        assert_eq!(verdict.token.map(|token| token.name.as_str()), Some("last"));
        assert_eq!(
            reasons,
            [
                ("old", Reason::Expired),
                ("off", Reason::Inactive),
                ("path", Reason::LessSpecific),
                ("alias", Reason::OtherKey),
                ("first", Reason::NotInUse),
            ]
        );
    }

    #[test]
    fn an_end_is_reached_at_its_second() {
        let inventory = live(&[Add("a", "h"), Expire("a")]);
        let before = Moment(NOW.0 - 1);
        let key = key("h");
        assert!(resolve(Request::of(&key), inventory.tokens(), before).token.is_some());
        assert!(resolve(Request::of(&key), inventory.tokens(), NOW).token.is_none());
    }
}
