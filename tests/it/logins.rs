//! Logins and logouts in any order, with and without profiles: what never happens.

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

/// One thing that happens, by places in the lists above.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Login { profile: usize, key: usize, user: usize, secret: usize },
    Logout { profile: usize, key: usize },
    Off(usize),
    Use(usize),
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (0..PROFILES.len(), 0..KEYS.len(), 0..USERS.len(), 0..SECRETS.len())
            .prop_map(|(profile, key, user, secret)| Deed::Login { profile, key, user, secret }),
        3 => (0..PROFILES.len(), 0..KEYS.len()).prop_map(|(profile, key)| Deed::Logout { profile, key }),
        1 => (0_usize..6).prop_map(Deed::Off),
        1 => (0_usize..6).prop_map(Deed::Use),
    ]
}

fn key(text: &str) -> Key {
    Key::parse(text).expect(text)
}

fn nth(inventory: &Inventory, place: usize) -> Option<TokenId> {
    inventory.tokens().get(place).map(|token| token.id)
}

fn happen(deed: Deed, draft: &mut Draft) {
    match deed {
        Deed::Login { profile, key: at, user, secret } => {
            let credentials = Credentials {
                key: key(KEYS[at]),
                user: Zeroizing::new(USERS[user].to_owned()),
                secret: Secret::new(Zeroizing::new(SECRETS[secret].to_owned())),
            };
            log_in(draft, &credentials, PROFILES[profile], NOW).expect("sealed");
        }
        Deed::Logout { profile, key: at } => {
            draft.inventory.sign_out(&key(KEYS[at]), PROFILES[profile]);
        }
        Deed::Off(place) => {
            if let Some(id) = nth(&draft.inventory, place) {
                draft.inventory.deactivate(id);
            }
        }
        Deed::Use(place) => {
            if let Some(id) = nth(&draft.inventory, place) {
                draft.inventory.choose(id);
            }
        }
    }
}

/// By profile and key: the user name and the secret that are given.
type Answers = BTreeMap<(Option<&'static str>, &'static str), Option<(String, String)>>;

/// Returns what each profile gets for each key.
fn answers(draft: &Draft) -> Answers {
    let mut answers = BTreeMap::new();
    for profile in PROFILES {
        for text in KEYS {
            let key = key(text);
            let known = profile.map(|value| Sourced { value, from: RequestSource::ProgramName });
            let request = Request { profile: known, ..Request::of(&key) };
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

/// Returns the tokens of a profile that are for a key.
fn logins<'i>(inventory: &'i Inventory, profile: Option<&str>, key: &Key) -> impl Iterator<Item = &'i Token> {
    inventory.tokens().iter().filter(move |token| {
        let is_there = match key.address() {
            Some(address) => token.scopes.iter().any(|scope| scope.lies_within(address)),
            None => token.holds(key),
        };
        token.profile.as_deref() == profile && is_there
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_profiles_logins_are_its_own(deeds in prop::collection::vec(any_deed(), 1..14)) {
        let key_of_vault = VaultKey::generate().expect("random numbers");
        let mut draft = Draft::new("never written".into(), key_of_vault, Holder::KeyFile);
        for deed in deeds {
            let before = answers(&draft);
            happen(deed, &mut draft);
            let after = answers(&draft);
            if let Deed::Login { profile, key: at, user, secret } = deed {
                let want = (USERS[user].to_owned(), SECRETS[secret].to_owned());
                prop_assert_eq!(after[&(PROFILES[profile], KEYS[at])].as_ref(), Some(&want), "{:?}", deed);
            }
            if let Deed::Logout { profile, key: at } = deed {
                let left = logins(&draft.inventory, PROFILES[profile], &key(KEYS[at])).count();
                prop_assert_eq!(left, 0, "{:?}", deed);
            }
            if let Deed::Login { profile, .. } | Deed::Logout { profile, .. } = deed {
                for ((other, text), answer) in &before {
                    // Where a profile has no login of its own it follows what is no profile's.
                    let key = key(text);
                    let mut own = logins(&draft.inventory, *other, &key);
                    let is_own = own.any(|token| token.standing == TokenState::Active);
                    if *other != PROFILES[profile] && (PROFILES[profile].is_some() || is_own) {
                        prop_assert_eq!(&after[&(*other, *text)], answer, "{:?} {:?} {}", deed, other, text);
                    }
                }
            }
            let logins = draft.inventory.tokens().iter().filter(|token| token.origin == Origin::Store).count();
            prop_assert!(logins <= PROFILES.len() * USERS.len() * KEYS.len(), "{} logins", logins);
        }
    }
}
