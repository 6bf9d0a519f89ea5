//! The choice of a token for a request: a table of cases, and properties that hold for any tokens.

use std::path::Path;

use docker_credential_pat::docker::wire::Credentials;
use docker_credential_pat::inventory::{IncomingToken, Inventory, TokenChanges};
use docker_credential_pat::model::choice::Choice;
use docker_credential_pat::model::name::Name;
use docker_credential_pat::model::registry::{Key, Registry};
use docker_credential_pat::model::scope::Scope;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::model::token::{
    Direction, InUse, Origin, Permissions, Token, TokenKind, TokenState, UserName,
};
use docker_credential_pat::model::token_id::TokenId;
use docker_credential_pat::model::turns::Turns;
use docker_credential_pat::resolve::request::{ConfigFolder, Repositories, Request, RequestSource, Sourced};
use docker_credential_pat::resolve::{Verdict, resolve};
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::keys::Holder;
use docker_credential_pat::vault::login::log_in;
use docker_credential_pat::vault::seal::VaultKey;
use proptest::prelude::*;
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp(1_800_000_000);

/// The words of one line. An option is a word followed by its value.
struct Words<'l>(Vec<&'l str>);

impl<'l> Words<'l> {
    fn after(&self, option: &str) -> Option<&'l str> {
        let index = self.0.iter().position(|word| *word == option)?;
        self.0.get(index + 1).copied()
    }

    fn direction(&self) -> Option<Direction> {
        self.0.iter().find_map(|word| Direction::parse(word))
    }

    fn folder(&self) -> Option<ConfigFolder> {
        Some(ConfigFolder::empty(format!("folder:{}", self.after("folder")?)))
    }
}

fn key(text: &str) -> Key {
    Key::parse(text).expect(text)
}

fn sourced<T>(value: T) -> Sourced<T> {
    Sourced { value, from: RequestSource::Argument }
}

fn secret(text: &str) -> Secret {
    Secret::new(Zeroizing::new(text.to_owned()))
}

fn incoming_token(
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
    Permissions {
        pull: has("pull") || has("public-pull"),
        push: has("push"),
        delete: has("delete"),
        public_only: has("public-pull"),
    }
}

/// Applies a line of the table to a vault that is never written.
fn apply(line: &str, draft: &mut Draft) {
    let words = Words(line.split_whitespace().collect());
    let [event, name, ..] = words.0[..] else { panic!("{line}") };
    let id = draft.inventory.find_by_name(name).map(|token| token.id);
    let third = words.0.get(2).copied();
    let user = words.after("user").unwrap_or(name);
    let secret = secret(&words.after("secret").map_or(format!("of-{name}"), str::to_owned));
    let folder = words.folder();
    match (event, id, third) {
        ("login", _, Some(address)) => {
            let key = key(address);
            let user = Zeroizing::new(user.to_owned());
            let credentials = Credentials { key: key.clone(), user, secret };
            let directory = words.after("in").map(|folder| sourced(Path::new(folder)));
            let request = Request {
                profile: words.after("profile").map(sourced),
                config_folder: folder.as_ref(),
                directory,
                ..Request::from_key(&key)
            };
            let count = draft.inventory.tokens().len();
            let report = log_in(draft, &credentials, &request, NOW).expect("sealed");
            if draft.inventory.tokens().len() > count {
                let name = if id.is_none() { name.to_owned() } else { format!("{name}-2") };
                let name = Some(Name::parse(&name).expect("a name"));
                let changes = TokenChanges { name, ..TokenChanges::default() };
                draft.inventory.edit(report.token, changes).expect(line);
            }
        }
        ("add", None, Some(list)) => {
            let scopes = list.split(',').map(|scope| Scope::parse(scope).expect(line)).collect();
            let incoming = incoming_token(name, Origin::Add, scopes, words.after("may").map(permissions));
            let kind = if words.0.contains(&"project") { TokenKind::Project } else { TokenKind::Pat };
            let user = UserName::Named(user.to_owned());
            let id = draft.inventory.add(IncomingToken { kind, user, ..incoming }, NOW).expect(line);
            draft.set_secret(id, &secret).expect("sealed");
        }
        ("use", Some(id), None) => draft.inventory.use_everywhere(id),
        ("choose", Some(token), Some(scope)) => draft.inventory.set_choice(Choice {
            scope: Scope::parse(scope).expect(line),
            token,
            profile: words.after("profile").map(str::to_owned),
            directory: words.after("in").map(str::to_owned),
            direction: words.direction(),
        }),
        ("rename", Some(id), Some(new)) => {
            let name = Some(Name::parse(new).expect(new));
            draft.inventory.edit(id, TokenChanges { name, ..TokenChanges::default() }).expect(line);
        }
        ("rotate", Some(id), None) => {
            draft.inventory.renew(id, TokenKind::Pat, None, NOW);
            draft.inventory.keep_at_logout(id);
        }
        ("expire", Some(id), None) => draft.inventory.renew(id, TokenKind::Pat, Some(NOW), NOW),
        ("off", Some(id), None) => draft.inventory.deactivate(id),
        ("on", Some(id), None) => draft.inventory.activate(id),
        ("logout", _, _) => {
            let key = key(name);
            let profile = words.after("profile").map(sourced);
            let config_folder = folder.as_ref();
            let request = Request { profile, config_folder, ..Request::from_key(&key) };
            draft.inventory.sign_out(&request, NOW);
        }
        // Version 0.1 drops the fields that it does not know.
        ("written", _, Some("0.1")) => {
            let old = &draft.inventory;
            let tokens = old.tokens().iter().map(|token| Token { turns: None, ..token.clone() }).collect();
            draft.inventory = Inventory::new(tokens, old.choices().to_vec(), old.counters());
        }
        _ => panic!("{line}"),
    }
}

fn describe(verdict: &Verdict<'_>) -> String {
    let mut text = verdict.token.map_or("-", |token| token.name.as_str()).to_owned();
    for (token, reason) in &verdict.set_aside {
        text.extend([" ", token.name.as_str(), ":", reason.word()]);
    }
    text
}

/// Returns the answer to an `ask` or `get` line. The order of the tokens must not matter.
fn answer(question: &str, draft: &Draft) -> String {
    let inventory = &draft.inventory;
    let words = Words(question.split_whitespace().collect());
    let key = key(words.0[1]);
    let repositories = words.after("of").map(|paths| {
        let paths = paths.split(',').map(Into::into).collect();
        sourced(Repositories { paths, may_need_more: words.0.contains(&"perhaps") })
    });
    let plain = Request::from_key(&key);
    let folder = words.folder();
    let request = Request {
        token_name: words.after("named").map(sourced),
        profile: words.after("profile").map(sourced),
        config_folder: folder.as_ref(),
        repositories: repositories.or_else(|| plain.repositories.clone()),
        direction: words.direction().map(sourced),
        directory: words.after("in").map(|folder| sourced(Path::new(folder))),
        ..plain
    };
    let verdict = resolve(&request, inventory.tokens(), inventory.choices(), NOW);
    let reversed = resolve(&request, inventory.tokens().iter().rev(), inventory.choices(), NOW);
    assert_eq!(describe(&reversed), describe(&verdict), "reversed: {question}");
    if words.0[0] == "ask" {
        return describe(&verdict);
    }
    let answer = verdict.token.map_or("-", |token| token.name.as_str());
    let missed = verdict.missed.map(|missed| format!(" missed {}", missed.token.name));
    let secret = verdict.token.map(|token| draft.secret(token).expect("it opens").expose().to_owned());
    let secret = secret.filter(|_| words.0.contains(&"secret")).map(|secret| format!(" secret {secret}"));
    format!("{answer}{}{}", missed.unwrap_or_default(), secret.unwrap_or_default())
}

#[test]
fn every_case_of_the_truth_table_holds() {
    let table = include_str!("../fixtures/truth-table.txt");
    let new = || {
        let key = VaultKey::generate().expect("random numbers");
        Draft::new("never written".into(), key, Holder::KeyFile)
    };
    let mut draft = new();
    let (mut questions, mut wrong) = (0, Vec::new());
    for line in table.lines().map(str::trim) {
        if line.starts_with("## ") {
            draft = new();
        } else if line.starts_with("ask ") || line.starts_with("get ") {
            let (question, want) = line.split_once("->").expect(line);
            let want = want.split_whitespace().collect::<Vec<_>>().join(" ");
            // A secret is compared where one is wanted.
            let asks_secret = if want.contains(" secret ") { " secret" } else { "" };
            let answer = answer(&format!("{question}{asks_secret}"), &draft);
            if answer != want {
                wrong.push(format!("{line}\n    {answer}"));
            }
            questions += 1;
        } else if !line.is_empty() && !line.starts_with('#') {
            apply(line, &mut draft);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(questions >= 150, "the table was read: {questions}");
}

// Properties of any tokens. The hosts, paths and profiles are few, so that tokens often compete.

fn any_host() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "h",
        "h:80",
        "h:5000",
        "a.b.c",
        "x.b.c",
        "b.c",
        "a.x.b.c",
        "a.y.b.c",
        "ghcr.io",
        "docker.io",
        "[::1]:5000",
    ])
    .prop_map(str::to_owned)
}

fn any_path() -> impl Strategy<Value = Option<String>> {
    let part = prop::sample::select(vec!["acme", "acme-x", "app", "shop"]);
    prop::collection::vec(part, 0..3).prop_map(|parts| (!parts.is_empty()).then(|| parts.join("/")))
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let wildcard =
        prop::sample::select(vec!["*.b.c", "*.*.b.c", "a.*.b.c", "*.x.b.c"]).prop_map(str::to_owned);
    let host = prop_oneof![4 => any_host(), 1 => wildcard];
    (host, any_path()).prop_map(|(host, path)| {
        let text = path.map_or(host.clone(), |path| format!("{host}/{path}"));
        Scope::parse(&text).expect("a scope")
    })
}

fn any_permissions() -> impl Strategy<Value = Option<Permissions>> {
    proptest::option::of((any::<bool>(), any::<bool>(), any::<bool>())).prop_map(|all| {
        all.map(|(pull, push, delete)| Permissions { pull, push, delete, ..Permissions::default() })
    })
}

fn any_direction() -> impl Strategy<Value = Option<Direction>> {
    prop::sample::select(vec![
        None,
        Some(Direction::Pull),
        Some(Direction::Push),
        Some(Direction::Both),
        Some(Direction::Delete),
    ])
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
        seconds_left in -2_i64..3,
        is_active in any::<bool>(),
        turn in 0_u64..6,
        by_person in any::<bool>(),
        is_stored in any::<bool>(),
        signed_out in proptest::option::weighted(0.3, any_scope()),
        profile in any_profile(),
        arrival in proptest::option::of(0_u64..6),
    ) -> Token {
        let incoming_token = incoming_token("t", Origin::Add, scopes, permissions);
        let keys = if is_stored { vec![key(&incoming_token.scopes[0].to_string())] } else { Vec::new() };
        Token {
            id: TokenId(0),
            name: incoming_token.name,
            kind: incoming_token.kind,
            user: incoming_token.user,
            signed_out: signed_out.into_iter().collect(),
            scopes: incoming_token.scopes,
            keys,
            label: None,
            permissions: incoming_token.permissions,
            created: NOW,
            stored: NOW,
            expires: (seconds_left < 2).then(|| Timestamp(NOW.0 + seconds_left)),
            state: if is_active { TokenState::Active } else { TokenState::Inactive },
            origin: Origin::Add,
            in_use: (turn > 0).then_some(InUse { turn, by_person }),
            profile,
            remote: None,
            previous: None,
            turns: arrival.map(|arrival| {
                let mut turns = Turns { arrival, ..Turns::default() };
                match (turn > arrival, by_person) {
                    (true, true) => turns.used = Some(turn),
                    (true, false) => turns.log_in(&key("ghcr.io"), turn),
                    (false, _) => {}
                }
                turns
            }),
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
    repositories: Option<(Vec<String>, bool)>,
}

prop_compose! {
    fn any_question()(
        host in any_host(),
        path in any_path(),
        direction in any_direction(),
        profile in any_profile(),
        directory in any_directory(),
        repositories in (prop::collection::vec(any_path(), 0..3), any::<bool>()),
    ) -> Question {
        let key = key(&path.map_or(host.clone(), |path| format!("{host}/{path}")));
        let (paths, may_need_more) = repositories;
        let paths: Vec<String> = paths.into_iter().flatten().collect();
        let repositories = (!paths.is_empty()).then_some((paths, may_need_more));
        Question { key, direction, profile, directory, repositories }
    }
}

impl Question {
    fn request(&self) -> Request<'_> {
        let plain = Request::from_key(&self.key);
        let repositories = self.repositories.as_ref().map(|(paths, may_need_more)| {
            let paths = paths.iter().map(Into::into).collect();
            sourced(Repositories { paths, may_need_more: *may_need_more })
        });
        Request {
            repositories: plain.repositories.clone().or(repositories),
            direction: self.direction.map(sourced),
            profile: self.profile.as_deref().map(sourced),
            directory: self.directory.as_deref().map(|folder| sourced(Path::new(folder))),
            ..plain
        }
    }
}

/// Numbers the tokens and names them after their numbers.
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
    fn any_order_of_tokens_and_choices_gives_the_same_verdict(
        (tokens, shuffled) in any_tokens().prop_flat_map(|tokens| {
            (Just(tokens.clone()), Just(tokens).prop_shuffle())
        }),
        choices in prop::collection::vec(any_choice(), 0..6),
        question in any_question(),
    ) {
        let reversed: Vec<_> = choices.iter().rev().cloned().collect();
        let request = question.request();
        let one = resolve(&request, &tokens, &choices, NOW);
        let other = resolve(&request, &shuffled, &reversed, NOW);
        prop_assert_eq!(describe(&one), describe(&other));
        let twice = resolve(&request, tokens.iter().chain(&shuffled), &choices, NOW);
        prop_assert_eq!(describe(&one), describe(&twice));
    }

    #[test]
    fn the_answer_is_usable_and_none_only_if_there_is_no_usable_token(
        tokens in any_tokens(),
        choices in prop::collection::vec(any_choice(), 0..6),
        question in any_question(),
    ) {
        let request = question.request();
        let verdict = resolve(&request, &tokens, &choices, NOW);
        let address = question.key.address().expect("an address");
        let is_usable = |token: &Token| {
            token.state == TokenState::Active
                && !token.has_expired(NOW)
                && (token.profile.is_none() || token.profile == question.profile)
        };
        if let Some(token) = verdict.token {
            prop_assert!(is_usable(token));
            let covers_registry = |out: &Scope| out.covers(address.registry(), None) && out.path().is_none();
            prop_assert!(!token.signed_out.iter().any(covers_registry));
            prop_assert!(token.scopes.iter().any(|scope| scope.covers(address.registry(), address.repository())));
        } else {
            // No token answers only if no token could.
            let may_need_more = request.repositories.as_ref().is_none_or(|sourced| sourced.value.may_need_more);
            let paths = request.repositories().iter().map(|path| Some(&**path));
            let wanted: Vec<_> = paths.chain(may_need_more.then_some(None)).collect();
            let could_answer = |token: &&Token| {
                let mut pairs = token.scopes.iter().flat_map(|scope| wanted.iter().map(move |path| (scope, *path)));
                is_usable(token)
                    && token.signed_out.is_empty()
                    && pairs.any(|(scope, path)| scope.covers(address.registry(), path))
            };
            prop_assert!(tokens.iter().find(could_answer).is_none());
        }
        // The verdict names each candidate once.
        let candidates = tokens.iter().filter(|token| token.concerns(&question.key)).count();
        prop_assert_eq!(verdict.set_aside.len() + usize::from(verdict.token.is_some()), candidates);
    }

    #[test]
    fn a_token_for_another_registry_changes_nothing(
        tokens in any_tokens(),
        mut unrelated in any_token(),
        choices in prop::collection::vec(any_choice(), 0..6),
        question in any_question(),
    ) {
        unrelated.scopes = vec![Scope::parse("unrelated.example").expect("a scope")];
        unrelated.keys = vec![key("unrelated.example")];
        let before = describe(&resolve(&question.request(), &tokens, &choices, NOW));
        let more = numbered(tokens.into_iter().chain([unrelated]).collect());
        prop_assert_eq!(describe(&resolve(&question.request(), &more, &choices, NOW)), before);
    }

    #[test]
    fn a_longer_scope_beats_a_shorter(path in any_path(), host in any_host(), turns in (0_u64..4, 0_u64..4)) {
        let path = path.unwrap_or_else(|| "acme".to_owned());
        let scope = |text: String| vec![Scope::parse(&text).expect("a scope")];
        let mut inventory = Inventory::default();
        let wide = inventory.add_with_free_name(incoming_token("wide", Origin::Add, scope(host.clone()), None), NOW);
        let long = scope(format!("{host}/{path}"));
        let narrow = inventory.add_with_free_name(incoming_token("narrow", Origin::Add, long, None), NOW);
        (0..turns.0).for_each(|_| inventory.use_everywhere(narrow));
        (0..turns.1).for_each(|_| inventory.use_everywhere(wide));
        let below = key(&format!("{host}/{path}/image"));
        let verdict = resolve(&Request::from_key(&below), inventory.tokens(), inventory.choices(), NOW);
        prop_assert_eq!(verdict.token.map(|token| token.id), Some(narrow));
        let namesake = key(&format!("{host}/{path}-x/image"));
        let verdict = resolve(&Request::from_key(&namesake), inventory.tokens(), inventory.choices(), NOW);
        prop_assert_eq!(verdict.token.map(|token| token.id), Some(wide));
    }

    #[test]
    fn scopes_compare_as_what_they_cover(one in any_scope(), two in any_scope(), host in any_host(), path in any_path()) {
        let registry = Registry::parse(&host).expect("a registry");
        let (is_in_one, is_in_two) =
            (one.covers(&registry, path.as_deref()), two.covers(&registry, path.as_deref()));
        // A path of a scope is a repository below which everything is covered.
        let is_known = path.is_some();
        prop_assert!(!(is_known && is_in_one && is_in_two) || one.overlaps(&two));
        prop_assert!(!(is_in_two && one.includes(&two)) || is_in_one);
        prop_assert!(!one.includes(&two) || one.overlaps(&two));
        prop_assert_eq!(one.overlaps(&two), two.overlaps(&one));
        let part = one.restricted_to(&registry);
        prop_assert_eq!(part.is_some(), one.reaches(&registry));
        prop_assert!(part.is_none_or(|part| one.includes(&part)));
        prop_assert!(!one.reaches(&registry) || Scope::handles_for(&registry).contains(&Some(one.handle())));
        prop_assert_eq!(Scope::parse_stored(&one.to_string()), Ok(one));
    }

    #[test]
    fn only_ghcr_io_gets_the_token_for_it(
        text in prop_oneof![
            // Lookalikes: a letter more, less or different, and all that can surround a host.
            "(https?://)?[a-z]{0,3}[@.:/-]?[gG][hНhɦ]?[cсC][rRг]\\.[iіI]?[oо0O](:[0-9]{0,5})?[@./:?#-]?[a-z./]{0,12}",
            "(https://|HTTP://)?(GHCR\\.io|ghcr\\.IO)(:443|:80|:8443)?(/|/v2/|/acme/app)?",
        ],
    ) {
        let Ok(key) = Key::parse(&text) else { return Ok(()) };
        let mut inventory = Inventory::default();
        let scopes = vec![Scope::parse("ghcr.io").expect("a scope")];
        inventory.add_with_free_name(incoming_token("github", Origin::Add, scopes, None), NOW);
        let is_answered = resolve(&Request::from_key(&key), inventory.tokens(), &[], NOW).token.is_some();
        // An independent rule: the text without its scheme begins with exactly this host.
        let lower = text.trim().to_lowercase();
        let host = lower.strip_prefix("https://").or(lower.strip_prefix("http://")).unwrap_or(&lower);
        let after = host.strip_prefix("ghcr.io");
        let after = after.map(|rest| rest.strip_prefix(":443").unwrap_or(rest));
        if is_answered {
            prop_assert!(after.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')), "{}", text);
        } else if after == Some("") {
            prop_assert!(text.trim().chars().all(|letter| !letter.is_ascii()), "{}", text);
        }
    }
}
