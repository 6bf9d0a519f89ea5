//! A token generated from the input, and the actions on it.

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use docker_credential_pat::inventory::IncomingToken;
use docker_credential_pat::model::choice::Choice;
use docker_credential_pat::model::name::Name;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::scope::Scope;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::timestamp::Timestamp;
use docker_credential_pat::model::token::{Direction, Origin, Permissions, TokenKind, UserName};
use docker_credential_pat::model::token_id::TokenId;
use docker_credential_pat::resolve::request::{Request, RequestSource, Sourced};
use docker_credential_pat::vault::draft::Draft;
use zeroize::Zeroizing;

const KINDS: [TokenKind; 6] =
    [TokenKind::Pat, TokenKind::Organization, TokenKind::Project, TokenKind::Password, TokenKind::Identity, TokenKind::Session];
const ORIGINS: [Origin; 3] = [Origin::Store, Origin::Add, Origin::Import];

/// A token generated from the input, and the actions on it.
#[derive(Arbitrary, Debug)]
pub struct Made<'a> {
    name: &'a str,
    user: Option<&'a str>,
    secret: (&'a str, u8),
    scopes: Vec<&'a str>,
    keys: Vec<&'a str>,
    label: Option<&'a str>,
    permissions: Option<(bool, bool, bool)>,
    kind: u8,
    origin: u8,
    came: i64,
    expires: Option<i64>,
    profile: Option<&'a str>,
    deeds: Vec<Deed<'a>>,
}

#[derive(Arbitrary, Debug)]
enum Deed<'a> {
    Choose,
    LogIn(&'a str),
    SignOut(&'a str),
    Deactivate,
    Decide { at: &'a str, profile: Option<&'a str>, directory: Option<&'a str>, pulls: Option<bool> },
}

impl Made<'_> {
    /// Adds the token to a vault, records its secret, and performs its actions.
    ///
    /// # Panics
    /// When the secret cannot be sealed.
    pub fn bring(&self, draft: &mut Draft, secrets: &mut BTreeMap<TokenId, String>) {
        // Long secrets lie beyond the first read of the file.
        let secret = Secret::new(Zeroizing::new(self.secret.0.repeat(self.secret.1.into())));
        let Some(arrival) = self.arrival(&secret) else { return };
        let id = draft.inventory.add_with_free_name(arrival, Timestamp(self.came));
        draft.set_secret(id, &secret).expect("sealed");
        secrets.insert(id, secret.expose().to_owned());
        for deed in &self.deeds {
            deed.be_done(draft, id, self.profile);
        }
    }

    fn arrival(&self, secret: &Secret) -> Option<IncomingToken> {
        Some(IncomingToken {
            name: Name::parse(self.name).ok()?,
            kind: KINDS[usize::from(self.kind) % KINDS.len()],
            user: self.user.map_or(UserName::SameAsSecret, |user| UserName::new(user, secret)),
            scopes: self.scopes.iter().filter_map(|text| Scope::parse(text).ok()).collect(),
            keys: self.keys.iter().filter_map(|text| Key::parse(text).ok()).collect(),
            label: self.label.map(str::to_owned),
            permissions: self.permissions.map(|(pull, push, delete)| Permissions { pull, push, delete, ..Permissions::default() }),
            expires: self.expires.map(Timestamp),
            origin: ORIGINS[usize::from(self.origin) % ORIGINS.len()],
            profile: self.profile.map(str::to_owned),
            remote: None,
        })
    }
}

impl Deed<'_> {
    fn be_done(&self, draft: &mut Draft, id: TokenId, profile: Option<&str>) {
        let inventory = &mut draft.inventory;
        match self {
            Self::Choose => inventory.use_everywhere(id),
            Self::Deactivate => inventory.deactivate(id),
            Self::LogIn(key) => {
                let Ok(key) = Key::parse(key) else { return };
                inventory.remember_key(id, &key);
                inventory.log_in(id, &key);
            }
            Self::SignOut(key) => {
                let Ok(key) = Key::parse(key) else { return };
                let profile = profile.map(|value| Sourced { value, from: RequestSource::Argument });
                inventory.sign_out(&Request { profile, ..Request::from_key(&key) }, Timestamp(0));
            }
            Self::Decide { at, profile, directory, pulls } => {
                let Ok(scope) = Scope::parse(at) else { return };
                let direction = pulls.map(|pulls| if pulls { Direction::Pull } else { Direction::Push });
                let (profile, directory) = (profile.map(str::to_owned), directory.map(str::to_owned));
                inventory.set_choice(Choice { scope, token: id, profile, directory, direction });
            }
        }
    }
}
