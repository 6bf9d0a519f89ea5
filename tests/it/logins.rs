//! Properties of adds, logins, logouts and other events in any order, under profiles and Docker configuration folders.

use std::collections::BTreeMap;

use docker_credential_pat::docker::wire::Credentials;
use docker_credential_pat::inventory::{IncomingToken, Inventory, TokenChanges};
use docker_credential_pat::model::name::Name;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::scope::Scope;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::model::token::{Direction, Origin, Permissions, TokenKind, UserName};
use docker_credential_pat::model::token_id::TokenId;
use docker_credential_pat::resolve::request::{ConfigFolder, Request, RequestSource, Sourced};
use docker_credential_pat::resolve::resolve;
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::keys::Holder;
use docker_credential_pat::vault::login::log_in;
use docker_credential_pat::vault::seal::VaultKey;
use proptest::prelude::*;
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp(1_800_000_000);
/// No profile, profiles, and folders.
const WORLDS: [&str; 5] = ["", "work", "home", "folder:/b", "folder:/c"];
const KEYS: [&str; 6] = ["ghcr.io", "https://ghcr.io", "quay.io", "user@odd", "ghcr.io/acme", "x.b.c"];
const SCOPES: [&str; 5] = ["ghcr.io", "ghcr.io/acme", "quay.io", "*.b.c", "x.b.c"];
const USERS: [&str; 3] = ["a", "b", "robot$c"];
const SECRETS: [&str; 3] = ["one", "two", "three"];
const DIRECTIONS: [Option<Direction>; 5] =
    [None, Some(Direction::Pull), Some(Direction::Push), Some(Direction::Both), Some(Direction::Delete)];

/// One event. The numbers are indexes into the lists above, or into the tokens of the vault.
#[derive(Clone, Copy, Debug)]
enum Event {
    Login { world: usize, key: usize, user: usize, secret: usize },
    Logout { world: usize, key: usize },
    Add(Addition),
    Off(usize),
    On(usize),
    Use(usize),
    Rotate { token: usize, secret: usize },
    Edit { token: usize, permissions: Option<Permissions> },
}

#[derive(Clone, Copy, Debug)]
struct Addition {
    scope: usize,
    user: usize,
    secret: usize,
    permissions: Option<Permissions>,
    is_project: bool,
}

fn any_permissions() -> impl Strategy<Value = Option<Permissions>> {
    prop::sample::select(vec!["", "pull", "push", "pull,push", "pull,push,delete", "delete"]).prop_map(
        |words| {
            let has = |word| words.split(',').any(|other| other == word);
            let permissions = Permissions {
                pull: has("pull"),
                push: has("push"),
                delete: has("delete"),
                ..Permissions::default()
            };
            (!words.is_empty()).then_some(permissions)
        },
    )
}

prop_compose! {
    fn any_addition()(
        scope in 0..SCOPES.len(),
        user in 0..USERS.len(),
        secret in 0..SECRETS.len(),
        permissions in any_permissions(),
        is_project in prop::bool::weighted(0.2),
    ) -> Addition {
        Addition { scope, user, secret, permissions, is_project }
    }
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..WORLDS.len(), 0..KEYS.len(), 0..USERS.len(), 0..SECRETS.len())
            .prop_map(|(world, key, user, secret)| Event::Login { world, key, user, secret }),
        3 => (0..WORLDS.len(), 0..KEYS.len()).prop_map(|(world, key)| Event::Logout { world, key }),
        3 => any_addition().prop_map(Event::Add),
        1 => (0_usize..6).prop_map(Event::Off),
        1 => (0_usize..6).prop_map(Event::On),
        1 => (0_usize..6).prop_map(Event::Use),
        1 => (0_usize..6, 0..SECRETS.len()).prop_map(|(token, secret)| Event::Rotate { token, secret }),
        1 => (0_usize..6, any_permissions()).prop_map(|(token, permissions)| Event::Edit { token, permissions }),
    ]
}

fn key(text: &str) -> Key {
    Key::parse(text).expect(text)
}

fn secret(text: &str) -> Secret {
    Secret::new(Zeroizing::new(text.to_owned()))
}

/// The folder of a world, if it is one.
fn folder(world: usize) -> Option<ConfigFolder> {
    WORLDS[world].starts_with("folder:").then(|| ConfigFolder::empty(WORLDS[world].to_owned()))
}

fn request<'r>(key: &'r Key, world: usize, folder: Option<&'r ConfigFolder>) -> Request<'r> {
    let is_profile = world > 0 && folder.is_none();
    let profile = is_profile.then_some(Sourced { value: WORLDS[world], from: RequestSource::ProgramName });
    Request { profile, config_folder: folder, ..Request::from_key(key) }
}

fn nth(inventory: &Inventory, index: usize) -> Option<TokenId> {
    inventory.tokens().get(index).map(|token| token.id)
}

fn add(draft: &mut Draft, addition: Addition) {
    let kind = if addition.is_project { TokenKind::Project } else { TokenKind::Pat };
    let scope = SCOPES[addition.scope];
    let incoming = IncomingToken {
        name: Name::parse("added").expect("a name"),
        kind,
        user: UserName::Named(USERS[addition.user].to_owned()),
        scopes: vec![Scope::parse(scope).expect(scope)],
        keys: Vec::new(),
        label: None,
        permissions: addition.permissions,
        expires: None,
        origin: Origin::Add,
        profile: None,
        remote: None,
    };
    let id = draft.inventory.add_with_free_name(incoming, NOW);
    draft.set_secret(id, &secret(SECRETS[addition.secret])).expect("sealed");
}

fn apply(event: Event, draft: &mut Draft) {
    match event {
        Event::Login { world, key: at, user, secret: index } => {
            let key = key(KEYS[at]);
            let credentials = Credentials {
                key: key.clone(),
                user: Zeroizing::new(USERS[user].to_owned()),
                secret: secret(SECRETS[index]),
            };
            let folder = folder(world);
            log_in(draft, &credentials, &request(&key, world, folder.as_ref()), NOW).expect("sealed");
        }
        Event::Logout { world, key: at } => {
            let (key, folder) = (key(KEYS[at]), folder(world));
            draft.inventory.sign_out(&request(&key, world, folder.as_ref()), NOW);
        }
        Event::Add(addition) => add(draft, addition),
        Event::Off(index) => {
            if let Some(id) = nth(&draft.inventory, index) {
                draft.inventory.deactivate(id);
            }
        }
        Event::On(index) => {
            if let Some(id) = nth(&draft.inventory, index) {
                draft.inventory.activate(id);
            }
        }
        Event::Use(index) => {
            if let Some(id) = nth(&draft.inventory, index) {
                draft.inventory.use_everywhere(id);
            }
        }
        Event::Rotate { token, secret: index } => {
            let Some(id) = nth(&draft.inventory, token) else { return };
            draft.inventory.renew(id, TokenKind::Pat, None, NOW);
            draft.inventory.keep_at_logout(id);
            draft.set_secret(id, &secret(SECRETS[index])).expect("sealed");
        }
        Event::Edit { token, permissions } => {
            let Some(id) = nth(&draft.inventory, token) else { return };
            let changes = TokenChanges { permissions: Some(permissions), ..TokenChanges::default() };
            draft.inventory.edit(id, changes).expect("no new name");
            draft.inventory.keep_at_logout(id);
        }
    }
}

/// The user name and the secret that answer, by world, key and direction.
type Answers = BTreeMap<(usize, usize, usize), Option<(String, String)>>;

/// Returns the answer to each world for each key in each direction.
fn answers(draft: &Draft) -> Answers {
    let mut answers = BTreeMap::new();
    for world in 0..WORLDS.len() {
        let folder = folder(world);
        for (at, text) in KEYS.iter().enumerate() {
            let key = key(text);
            for (number, direction) in DIRECTIONS.iter().enumerate() {
                let direction = direction.map(|value| Sourced { value, from: RequestSource::Argument });
                let request = Request { direction, ..request(&key, world, folder.as_ref()) };
                let inventory = &draft.inventory;
                let token = resolve(&request, inventory.tokens(), inventory.choices(), NOW).token;
                let reversed = inventory.tokens().iter().rev();
                assert_eq!(resolve(&request, reversed, inventory.choices(), NOW).token, token);
                let answer = token.map(|token| {
                    let secret = draft.secret(token).expect("it opens").expose().to_owned();
                    (token.user.display_name().to_owned(), secret)
                });
                answers.insert((world, at, number), answer);
            }
        }
    }
    answers
}

/// A token's id, scopes, origin and secret.
type Snapshot = Vec<(TokenId, Vec<Scope>, Origin, UserName, String)>;

fn snapshot(draft: &Draft) -> Snapshot {
    let tokens = draft.inventory.tokens().iter();
    tokens
        .map(|token| {
            let secret = draft.secret(token).expect("it opens").expose().to_owned();
            (token.id, token.scopes.clone(), token.origin, token.user.clone(), secret)
        })
        .collect()
}

/// True when the credentials are those of a project's token for another part of the registry (row 16).
fn is_of_project(draft: &Draft, at: usize, user: usize, secret: usize) -> bool {
    let key = key(KEYS[at]);
    draft.inventory.tokens().iter().any(|token| {
        token.kind == TokenKind::Project
            && token.concerns(&key)
            && token.user == UserName::Named(USERS[user].to_owned())
            && draft.secret(token).is_ok_and(|own| own.expose() == SECRETS[secret])
    })
}

fn new_draft() -> Draft {
    Draft::new("never written".into(), VaultKey::generate().expect("random numbers"), Holder::KeyFile)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn events_in_any_order_lose_no_secret_and_reach_nobody_else(
        events in prop::collection::vec(any_event(), 1..14),
    ) {
        let mut draft = new_draft();
        for event in events {
            let (before, had) = (answers(&draft), snapshot(&draft));
            apply(event, &mut draft);
            let (after, has) = (answers(&draft), snapshot(&draft));
            if let Event::Login { world, key: at, user, secret } = event {
                let answer = after[&(world, at, 0)].as_ref();
                let want = (USERS[user].to_owned(), SECRETS[secret].to_owned());
                // A user name that belongs to one token renews the tokens for parts of the registry, where they are.
                let is_elsewhere = user == 2 || is_of_project(&draft, at, user, secret);
                prop_assert!(is_elsewhere || answer == Some(&want), "{:?} {:?}", event, answer);
            }
            if let Event::Logout { world, key: at } = event {
                let mut again = new_draft();
                again.inventory = draft.inventory.clone();
                apply(event, &mut again);
                prop_assert_eq!(&again.inventory, &draft.inventory, "{:?} twice at {}", event, at);
                prop_assert!(world > 0 || after[&(0, at, 0)].is_none() || KEYS[at] == "ghcr.io/acme", "{:?}", event);
            }
            if let Event::Login { world, .. } | Event::Logout { world, .. } = event {
                for ((other, at, direction), answer) in before.iter().filter(|_| world > 0) {
                    if *other != world {
                        let now = &after[&(*other, *at, *direction)];
                        prop_assert_eq!(now, answer, "{:?} {} {}", event, WORLDS[*other], KEYS[*at]);
                    }
                }
            }
            for (id, scopes, origin, user, secret) in had {
                let now = has.iter().find(|(other, ..)| *other == id);
                prop_assert!(now.is_none_or(|now| now.1 == scopes), "{:?}: no event here changes scopes", event);
                // A robot's user name has one secret, and a rotation is meant to replace it.
                let is_replaced = matches!(event, Event::Rotate { .. }) || user == UserName::Named(USERS[2].to_owned());
                if origin == Origin::Add && !is_replaced {
                    prop_assert_eq!(now.map(|now| &now.4), Some(&secret), "{:?}", event);
                }
            }
        }
    }

    #[test]
    fn the_order_of_adding_does_not_change_which_direction_works(
        (additions, shuffled) in prop::collection::vec(any_addition(), 1..6)
            .prop_flat_map(|additions| (Just(additions.clone()), Just(additions).prop_shuffle())),
        login in proptest::option::of((0..KEYS.len(), 0..USERS.len())),
    ) {
        let works = |additions: &[Addition]| {
            let mut draft = new_draft();
            if let Some((key, user)) = login {
                apply(Event::Login { world: 0, key, user, secret: 2 }, &mut draft);
            }
            for addition in additions {
                add(&mut draft, *addition);
            }
            let mut works = Vec::new();
            for text in KEYS {
                let key = key(text);
                for direction in DIRECTIONS {
                    let sourced = direction.map(|value| Sourced { value, from: RequestSource::Argument });
                    let request = Request { direction: sourced, ..Request::from_key(&key) };
                    let token = resolve(&request, draft.inventory.tokens(), &[], NOW).token;
                    works.push(token.map(|token| token.may_allow(direction.unwrap_or(Direction::Both))));
                }
            }
            works
        };
        prop_assert_eq!(works(&additions), works(&shuffled));
    }
}
