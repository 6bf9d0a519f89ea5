//! Which token a request gets: the table that people can read, and what holds for any tokens at all.

use std::path::Path;

use docker_credential_pat::inventory::{IncomingToken, Inventory};
use docker_credential_pat::model::choice::Choice;
use docker_credential_pat::model::name::Name;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::scope::Scope;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::model::token::{
    Direction, Origin, Permissions, Token, TokenKind, TokenState, UserName,
};
use docker_credential_pat::model::token_id::TokenId;
use docker_credential_pat::resolve::request::{Repository, Request, RequestSource, Sourced};
use docker_credential_pat::resolve::{Verdict, resolve};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_800_000_000);

/// The words of one line, and the options behind them: a word, or a word with its value.
struct Words<'l>(Vec<&'l str>);

impl<'l> Words<'l> {
    fn after(&self, option: &str) -> Option<&'l str> {
        let at = self.0.iter().position(|word| *word == option)?;
        self.0.get(at + 1).copied()
    }

    fn direction(&self) -> Option<Direction> {
        self.0.iter().find_map(|word| Direction::parse(word))
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).expect(text)
}

fn known<T>(value: T) -> Sourced<T> {
    Sourced { value, from: RequestSource::Argument }
}

fn arrival(
    name: &str,
    origin: Origin,
    scopes: Vec<Scope>,
    permissions: Option<Permissions>,
) -> IncomingToken {
    IncomingToken {
        name: Name::parse(name).expect(name),
        kind: TokenKind::Pat,
        user: UserName::Named("me".to_owned()),
        scopes,
        keys: Vec::new(),
        label: None,
        permissions,
        expires: None,
        origin,
        profile: None,
        remote: None,
    }
}

fn permissions(words: &str) -> Permissions {
    let has = |word| words.split(',').any(|other| other == word);
    Permissions { read: has("read"), write: has("write"), delete: has("delete") }
}

/// Does to an inventory what a line says.
fn happen(line: &str, inventory: &mut Inventory) {
    let words = Words(line.split_whitespace().collect());
    let [what, name, ..] = words.0[..] else { panic!("{line}") };
    let id = inventory.find_by_name(name).map(|token| token.id);
    let place = words.0.get(2).copied();
    match (what, id, place) {
        ("login", id, Some(place)) => {
            let scopes = key(place).address().map(Scope::from_address).into_iter().collect();
            let id = id.unwrap_or_else(|| {
                let profile = words.after("profile").map(str::to_owned);
                inventory.add_with_free_name(
                    IncomingToken { profile, ..arrival(name, Origin::Store, scopes, None) },
                    NOW,
                )
            });
            inventory.remember_key(id, &key(place));
            inventory.log_in(id, &key(place));
        }
        ("add", None, Some(places)) => {
            let scopes = places.split(',').map(|scope| Scope::parse(scope).expect(line)).collect();
            let allowed = words.after("may").map(permissions);
            inventory.add(arrival(name, Origin::Add, scopes, allowed), NOW).expect(line);
        }
        ("use", Some(id), None) => inventory.use_everywhere(id),
        ("choose", Some(token), Some(scope)) => inventory.set_choice(Choice {
            scope: Scope::parse(scope).expect(line),
            token,
            profile: words.after("profile").map(str::to_owned),
            directory: words.after("in").map(str::to_owned),
            direction: words.direction(),
        }),
        ("expire", Some(id), None) => inventory.renew(id, TokenKind::Pat, Some(NOW), NOW),
        ("off", Some(id), None) => inventory.deactivate(id),
        ("on", Some(id), None) => inventory.activate(id),
        ("logout", _, _) => drop(inventory.sign_out(&key(name), words.after("profile"))),
        _ => panic!("{line}"),
    }
}

fn shown(verdict: &Verdict<'_>) -> String {
    let mut text = verdict.token.map_or("-", |token| token.name.as_str()).to_owned();
    for (token, reason) in &verdict.set_aside {
        text.extend([" ", token.name.as_str(), ":", reason.word()]);
    }
    text
}

/// Checks one `ask` line; the tokens in another order must give the same.
fn check(line: &str, inventory: &Inventory) {
    let (asked, want) = line.split_once("->").expect(line);
    let words = Words(asked.split_whitespace().collect());
    let key = key(words.0[1]);
    let repository = words.after("of").map(|path| {
        let is_exhaustive = !words.0.contains(&"perhaps");
        known(Repository { path: path.into(), is_exhaustive })
    });
    let plain = Request::from_key(&key);
    let request = Request {
        token_name: words.after("named").map(known),
        profile: words.after("profile").map(known),
        repository: repository.or_else(|| plain.repository.clone()),
        direction: words.direction().map(known),
        directory: words.after("in").map(|folder| known(Path::new(folder))),
        ..plain
    };
    let verdict = resolve(&request, inventory.tokens(), inventory.choices(), NOW);
    let want = want.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(shown(&verdict), want, "{line}");
    let backwards = resolve(&request, inventory.tokens().iter().rev(), inventory.choices(), NOW);
    assert_eq!(shown(&backwards), want, "the other way round: {line}");
}

#[test]
fn the_truth_table_holds() {
    let table = include_str!("../fixtures/truth-table.txt");
    let mut inventory = Inventory::default();
    let mut asked = 0;
    for line in table.lines().map(str::trim) {
        if line.starts_with("## ") {
            inventory = Inventory::default();
        } else if line.starts_with("ask ") {
            check(line, &inventory);
            asked += 1;
        } else if !line.is_empty() && !line.starts_with('#') {
            happen(line, &mut inventory);
        }
    }
    assert!(asked >= 60, "the table was read: {asked}");
}

// What holds for any tokens. The hosts, paths and profiles are few, so that they meet often.

fn any_host() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["h", "a.b.c", "x.b.c", "b.c", "ghcr.io", "docker.io", "[::1]:5000", "h:5000"])
        .prop_map(str::to_owned)
}

fn any_path() -> impl Strategy<Value = Option<String>> {
    let part = prop::sample::select(vec!["acme", "acme-x", "app", "shop"]);
    prop::collection::vec(part, 0..3).prop_map(|parts| (!parts.is_empty()).then(|| parts.join("/")))
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let host = prop_oneof![4 => any_host(), 1 => Just("*.b.c".to_owned())];
    (host, any_path()).prop_map(|(host, path)| {
        let text = path.map_or(host.clone(), |path| format!("{host}/{path}"));
        Scope::parse(&text).expect("a scope")
    })
}

fn any_permissions() -> impl Strategy<Value = Option<Permissions>> {
    proptest::option::of((any::<bool>(), any::<bool>(), any::<bool>()))
        .prop_map(|all| all.map(|(read, write, delete)| Permissions { read, write, delete }))
}

fn any_direction() -> impl Strategy<Value = Option<Direction>> {
    prop::sample::select(vec![None, Some(Direction::Pull), Some(Direction::Push)])
}

fn any_profile() -> impl Strategy<Value = Option<String>> {
    prop::sample::select(vec![None, Some("work".to_owned()), Some("home".to_owned())])
}

fn any_directory() -> impl Strategy<Value = Option<String>> {
    prop::sample::select(vec![None, Some("/a"), Some("/a/b"), Some("/a/bc")])
        .prop_map(|folder| folder.map(str::to_owned))
}

prop_compose! {
    fn any_token()(
        scopes in prop::collection::vec(any_scope(), 1..3),
        permissions in any_permissions(),
        life in -2_i64..3,
        is_active in any::<bool>(),
        turn in 0_u64..6,
        by_person in any::<bool>(),
        is_stored in any::<bool>(),
        signed_out in proptest::option::weighted(0.3, any_scope()),
        profile in any_profile(),
    ) -> Token {
        let arrival = arrival("t", Origin::Add, scopes, permissions);
        let keys = if is_stored { vec![key(&arrival.scopes[0].to_string())] } else { Vec::new() };
        Token {
            id: TokenId(0),
            name: arrival.name,
            kind: arrival.kind,
            user: arrival.user,
            signed_out: signed_out.into_iter().collect(),
            scopes: arrival.scopes,
            keys,
            label: None,
            permissions: arrival.permissions,
            created: NOW,
            stored: NOW,
            expires: (life < 2).then(|| Timestamp(NOW.0 + life)),
            state: if is_active { TokenState::Active } else { TokenState::Inactive },
            origin: Origin::Add,
            in_use: (turn > 0)
                .then_some(docker_credential_pat::model::token::InUse { turn, by_person }),
            profile,
            remote: None,
        }
    }
}

prop_compose! {
    fn any_choice()(
        scope in any_scope(),
        token in 1_u32..8,
        profile in any_profile(),
        directory in any_directory(),
        direction in any_direction(),
    ) -> Choice {
        Choice { scope, token: TokenId(token), profile, directory, direction }
    }
}

#[derive(Clone, Debug)]
struct Question {
    key: Key,
    direction: Option<Direction>,
    profile: Option<String>,
    directory: Option<String>,
    repository: Option<(String, bool)>,
}

prop_compose! {
    fn any_question()(
        host in any_host(),
        path in any_path(),
        direction in any_direction(),
        profile in any_profile(),
        directory in any_directory(),
        repository in (any_path(), any::<bool>()),
    ) -> Question {
        let key = key(&path.map_or(host.clone(), |path| format!("{host}/{path}")));
        let repository = repository.0.map(|path| (path, repository.1));
        Question { key, direction, profile, directory, repository }
    }
}

impl Question {
    fn request(&self) -> Request<'_> {
        let plain = Request::from_key(&self.key);
        let told = self.repository.as_ref();
        let told = told.map(|(path, is_exhaustive)| {
            known(Repository { path: path.into(), is_exhaustive: *is_exhaustive })
        });
        Request {
            repository: plain.repository.clone().or(told),
            direction: self.direction.map(known),
            profile: self.profile.as_deref().map(known),
            directory: self.directory.as_deref().map(|folder| known(Path::new(folder))),
            ..plain
        }
    }
}

/// Gives each token a number and a name of its own.
fn numbered(mut tokens: Vec<Token>) -> Vec<Token> {
    for (token, number) in tokens.iter_mut().zip(1..) {
        token.id = TokenId(number);
        token.name = Name::parse(&format!("t{number}")).expect("a name");
    }
    tokens
}

fn any_tokens() -> impl Strategy<Value = Vec<Token>> {
    prop::collection::vec(any_token(), 0..8).prop_map(numbered)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_tokens_and_choices_does_not_matter(
        (tokens, shuffled) in any_tokens().prop_flat_map(|tokens| {
            (Just(tokens.clone()), Just(tokens).prop_shuffle())
        }),
        choices in prop::collection::vec(any_choice(), 0..6),
        question in any_question(),
    ) {
        let backwards: Vec<_> = choices.iter().rev().cloned().collect();
        let request = question.request();
        let one = resolve(&request, &tokens, &choices, NOW);
        let other = resolve(&request, &shuffled, &backwards, NOW);
        prop_assert_eq!(shown(&one), shown(&other));
        let twice = resolve(&request, tokens.iter().chain(&shuffled), &choices, NOW);
        prop_assert_eq!(shown(&one), shown(&twice));
    }

    #[test]
    fn what_is_given_may_go_there_and_is_good(
        tokens in any_tokens(),
        choices in prop::collection::vec(any_choice(), 0..6),
        question in any_question(),
    ) {
        let request = question.request();
        let verdict = resolve(&request, &tokens, &choices, NOW);
        let address = question.key.address().expect("an address");
        let good = |token: &Token| {
            token.state == TokenState::Active
                && !token.has_expired(NOW)
                && (token.profile.is_none() || token.profile == question.profile)
        };
        if let Some(token) = verdict.token {
            prop_assert!(good(token));
            let out_of_all = |out: &Scope| out.covers(address.registry(), None) && out.path().is_none();
            prop_assert!(!token.signed_out.iter().any(out_of_all));
            prop_assert!(token.scopes.iter().any(|scope| scope.covers(address.registry(), address.repository())));
        } else {
            // None is given only where none could be.
            let repository = request.repository.as_ref().filter(|known| known.value.is_exhaustive);
            let repository = repository.map(|known| known.value.path.as_ref());
            let could = |token: &&Token| {
                good(token)
                    && token.signed_out.is_empty()
                    && token.scopes.iter().any(|scope| scope.covers(address.registry(), repository))
            };
            prop_assert!(tokens.iter().find(could).is_none());
        }
        // Each token that concerns the registry is spoken of, once.
        let concerned = tokens.iter().filter(|token| token.concerns(&question.key)).count();
        prop_assert_eq!(verdict.set_aside.len() + usize::from(verdict.token.is_some()), concerned);
    }

    #[test]
    fn a_token_for_another_registry_changes_nothing(
        tokens in any_tokens(),
        mut stranger in any_token(),
        choices in prop::collection::vec(any_choice(), 0..6),
        question in any_question(),
    ) {
        stranger.scopes = vec![Scope::parse("stranger.example").expect("a scope")];
        stranger.keys = vec![key("stranger.example")];
        let before = shown(&resolve(&question.request(), &tokens, &choices, NOW));
        let more = numbered(tokens.into_iter().chain([stranger]).collect());
        prop_assert_eq!(shown(&resolve(&question.request(), &more, &choices, NOW)), before);
    }

    #[test]
    fn a_longer_scope_beats_a_shorter(path in any_path(), host in any_host(), turns in (0_u64..4, 0_u64..4)) {
        let path = path.unwrap_or_else(|| "acme".to_owned());
        let scope = |text: String| vec![Scope::parse(&text).expect("a scope")];
        let mut inventory = Inventory::default();
        let wide = inventory.add_with_free_name(arrival("wide", Origin::Add, scope(host.clone()), None), NOW);
        let long = scope(format!("{host}/{path}"));
        let narrow = inventory.add_with_free_name(arrival("narrow", Origin::Add, long, None), NOW);
        (0..turns.0).for_each(|_| inventory.use_everywhere(narrow));
        (0..turns.1).for_each(|_| inventory.use_everywhere(wide));
        let asked = key(&format!("{host}/{path}/image"));
        let verdict = resolve(&Request::from_key(&asked), inventory.tokens(), inventory.choices(), NOW);
        prop_assert_eq!(verdict.token.map(|token| token.id), Some(narrow));
        let namesake = key(&format!("{host}/{path}-x/image"));
        let verdict = resolve(&Request::from_key(&namesake), inventory.tokens(), inventory.choices(), NOW);
        prop_assert_eq!(verdict.token.map(|token| token.id), Some(wide));
    }

    #[test]
    fn only_ghcr_io_gets_the_token_for_it(
        text in prop_oneof![
            // What looks like it: a letter more, less or another, and all that can stand around a host.
            "(https?://)?[a-z]{0,3}[@.:/-]?[gG][hНhɦ]?[cсC][rRг]\\.[iіI]?[oо0O](:[0-9]{0,5})?[@./:?#-]?[a-z./]{0,12}",
            "(https://|HTTP://)?(GHCR\\.io|ghcr\\.IO)(:443|:80|:8443)?(/|/v2/|/acme/app)?",
        ],
    ) {
        let Ok(asked) = Key::parse(&text) else { return Ok(()) };
        let mut inventory = Inventory::default();
        let scopes = vec![Scope::parse("ghcr.io").expect("a scope")];
        inventory.add_with_free_name(arrival("github", Origin::Add, scopes, None), NOW);
        let given = resolve(&Request::from_key(&asked), inventory.tokens(), &[], NOW).token.is_some();
        // By another rule than the program's: the text without its scheme begins with the very host.
        let lower = text.trim().to_lowercase();
        let host = lower.strip_prefix("https://").or(lower.strip_prefix("http://")).unwrap_or(&lower);
        let after = host.strip_prefix("ghcr.io");
        let after = after.map(|rest| rest.strip_prefix(":443").or(rest.strip_prefix(":80")).unwrap_or(rest));
        if given {
            prop_assert!(after.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')), "{}", text);
        } else if after == Some("") {
            prop_assert!(text.trim().chars().all(|letter| !letter.is_ascii()), "{}", text);
        }
    }
}
