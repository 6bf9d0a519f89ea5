//! Properties of logins and logouts in any order, with and without profiles.

use std::collections::BTreeMap;

use docker_credential_pat::docker::wire::Credentials;
use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::model::token::{Origin, Token, TokenState};
use docker_credential_pat::model::token_id::TokenId;
use docker_credential_pat::resolve::request::{Request, RequestSource, Sourced};
use docker_credential_pat::resolve::resolve;
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::keys::Holder;
use docker_credential_pat::vault::login::log_in;
use docker_credential_pat::vault::seal::VaultKey;
use proptest::prelude::*;
use zeroize::Zeroizing;

const NOW: Timestamp = Timestamp(1_800_000_000);
const PROFILES: [Option<&str>; 3] = [None, Some("work"), Some("home")];
const KEYS: [&str; 5] = ["ghcr.io", "https://ghcr.io", "quay.io", "user@odd", "ghcr.io/acme"];
const USERS: [&str; 2] = ["a", "b"];
const SECRETS: [&str; 3] = ["one", "two", "three"];

/// One event. The numbers are indexes into the lists above.
#[derive(Clone, Copy, Debug)]
enum Event {
    Login { profile: usize, key: usize, user: usize, secret: usize },
    Logout { profile: usize, key: usize },
    Off(usize),
    Use(usize),
}

fn any_event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => (0..PROFILES.len(), 0..KEYS.len(), 0..USERS.len(), 0..SECRETS.len())
            .prop_map(|(profile, key, user, secret)| Event::Login { profile, key, user, secret }),
        3 => (0..PROFILES.len(), 0..KEYS.len()).prop_map(|(profile, key)| Event::Logout { profile, key }),
        1 => (0_usize..6).prop_map(Event::Off),
        1 => (0_usize..6).prop_map(Event::Use),
    ]
}

fn key(text: &str) -> Key {
    Key::parse(text).expect(text)
}

fn nth(inventory: &Inventory, index: usize) -> Option<TokenId> {
    inventory.tokens().get(index).map(|token| token.id)
}

fn apply(event: Event, draft: &mut Draft) {
    match event {
        Event::Login { profile, key: at, user, secret } => {
            let credentials = Credentials {
                key: key(KEYS[at]),
                user: Zeroizing::new(USERS[user].to_owned()),
                secret: Secret::new(Zeroizing::new(SECRETS[secret].to_owned())),
            };
            log_in(draft, &credentials, PROFILES[profile], NOW).expect("sealed");
        }
        Event::Logout { profile, key: at } => {
            draft.inventory.sign_out(&key(KEYS[at]), PROFILES[profile]);
        }
        Event::Off(index) => {
            if let Some(id) = nth(&draft.inventory, index) {
                draft.inventory.deactivate(id);
            }
        }
        Event::Use(index) => {
            if let Some(id) = nth(&draft.inventory, index) {
                draft.inventory.use_everywhere(id);
            }
        }
    }
}

/// The user name and the secret that answer, by profile and key.
type Answers = BTreeMap<(Option<&'static str>, &'static str), Option<(String, String)>>;

/// Returns the answer to each profile for each key.
fn answers(draft: &Draft) -> Answers {
    let mut answers = BTreeMap::new();
    for profile in PROFILES {
        for text in KEYS {
            let key = key(text);
            let sourced = profile.map(|value| Sourced { value, from: RequestSource::ProgramName });
            let request = Request { profile: sourced, ..Request::from_key(&key) };
            let inventory = &draft.inventory;
            let token = resolve(&request, inventory.tokens(), inventory.choices(), NOW).token;
            let answer = token.map(|token| {
                let secret = draft.secret(token).expect("it opens").expose().to_owned();
                (token.user.display_name().to_owned(), secret)
            });
            answers.insert((profile, text), answer);
        }
    }
    answers
}

/// Returns the tokens of a profile for a key.
fn logins<'i>(inventory: &'i Inventory, profile: Option<&str>, key: &Key) -> impl Iterator<Item = &'i Token> {
    inventory.tokens().iter().filter(move |token| {
        let is_there = match key.address() {
            Some(address) => token.scopes.iter().any(|scope| scope.lies_within(address)),
            None => token.has_key(key),
        };
        token.profile.as_deref() == profile && is_there
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn logins_of_one_profile_do_not_change_the_answers_to_another(events in prop::collection::vec(any_event(), 1..14)) {
        let key_of_vault = VaultKey::generate().expect("random numbers");
        let mut draft = Draft::new("never written".into(), key_of_vault, Holder::KeyFile);
        for event in events {
            let before = answers(&draft);
            apply(event, &mut draft);
            let after = answers(&draft);
            if let Event::Login { profile, key: at, user, secret } = event {
                let want = (USERS[user].to_owned(), SECRETS[secret].to_owned());
                prop_assert_eq!(after[&(PROFILES[profile], KEYS[at])].as_ref(), Some(&want), "{:?}", event);
            }
            if let Event::Logout { profile, key: at } = event {
                let remaining = logins(&draft.inventory, PROFILES[profile], &key(KEYS[at])).count();
                prop_assert_eq!(remaining, 0, "{:?}", event);
            }
            if let Event::Login { profile, .. } | Event::Logout { profile, .. } = event {
                for ((other, text), answer) in &before {
                    // A profile without a login of its own gets the logins without a profile.
                    let key = key(text);
                    let mut own = logins(&draft.inventory, *other, &key);
                    let is_own = own.any(|token| token.state == TokenState::Active);
                    if *other != PROFILES[profile] && (PROFILES[profile].is_some() || is_own) {
                        prop_assert_eq!(&after[&(*other, *text)], answer, "{:?} {:?} {}", event, other, text);
                    }
                }
            }
            let logins = draft.inventory.tokens().iter().filter(|token| token.origin == Origin::Store).count();
            prop_assert!(logins <= PROFILES.len() * USERS.len() * KEYS.len(), "{} logins", logins);
        }
    }
}
