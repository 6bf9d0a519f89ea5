//! A token: one credential, without its secret.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::remote::Remote;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token_id::TokenId;
use crate::model::turns::{Turns, UseEvent, UseKind};

/// The user name of an OAuth identity token:
/// <https://github.com/docker/docker-credential-helpers#identity-tokens>
pub const IDENTITY_USER: &str = "<token>";

/// The number of days after which a replaced secret is dropped.
const KEPT_DAYS: i64 = 30;

/// One credential. Its secret is sealed in the vault and is not part of this type.
///
/// The numbers are positions in the vault's CBOR array. A field keeps its number; a new field comes last and
/// is optional.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(context_bound = "crate::model::cbor::ListMemory")]
pub struct Token {
    /// The id, which never changes, unlike the name.
    #[n(0)]
    pub id: TokenId,
    /// The registries, and parts of them, that may get the secret. Empty for a token that answers only for its keys.
    #[cbor(n(1), decode_with = "crate::model::cbor::decode_list")]
    pub scopes: Vec<Scope>,
    /// The keys under which clients stored the token, verbatim.
    #[cbor(n(2), decode_with = "crate::model::cbor::decode_list")]
    pub keys: Vec<Key>,
    /// Unique in the vault.
    #[n(3)]
    pub name: Name,
    #[n(4)]
    pub kind: TokenKind,
    #[n(5)]
    pub user: UserName,
    /// A person's note.
    #[n(6)]
    pub label: Option<String>,
    /// `None` means unknown; a token with unknown permissions may do everything.
    #[n(7)]
    pub permissions: Option<Permissions>,
    /// The time at which the token was added to the vault.
    #[n(8)]
    pub created: Timestamp,
    /// The time at which the secret was last stored.
    #[n(9)]
    pub stored: Timestamp,
    /// `None` means that the token does not expire, or that its expiry is unknown.
    #[n(10)]
    pub expires: Option<Timestamp>,
    #[n(11)]
    pub state: TokenState,
    #[n(12)]
    pub origin: Origin,
    /// The last time that the token was put in use, as version 0.1 records and reads it. A token without `turns`
    /// has nothing else.
    #[n(13)]
    pub in_use: Option<InUse>,
    /// The scopes that the token is signed out of. It does not answer there until a login or `use`.
    #[cbor(n(14), decode_with = "crate::model::cbor::decode_list")]
    pub signed_out: Vec<Scope>,
    /// The profile under which a client logged in with the token. It answers only under that profile.
    #[n(15)]
    pub profile: Option<String>,
    /// The record at the service that created the token, if that is known.
    #[n(16)]
    pub remote: Option<Remote>,
    /// The events that order the tokens of a registry; `None` if version 0.1 wrote the token.
    #[n(17)]
    pub turns: Option<Turns>,
    /// The secret before the current one, if it is kept.
    #[n(18)]
    pub previous: Option<PreviousSecret>,
}

impl Token {
    /// True when the record at Docker Hub is known.
    pub fn is_on_docker_hub(&self) -> bool {
        cfg!(feature = "online") && self.remote.as_ref().is_some_and(|remote| remote.service.is_docker_hub())
    }

    /// Returns the verb that replaces the secret.
    pub fn rotating_verb(&self) -> &'static str {
        if self.is_on_docker_hub() { "hub rotate" } else { "rotate" }
    }

    /// True when a client stored the token under exactly this key.
    pub fn has_key(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// Returns a key under which a client stored the token although its scopes are only parts of what the key stands
    /// for.
    pub fn key_beyond_scopes(&self) -> Option<&Key> {
        self.keys.iter().find(|key| self.is_beyond_scopes(key))
    }

    /// True when the scopes are only parts of what the key stands for.
    pub fn is_beyond_scopes(&self, key: &Key) -> bool {
        let Some(address) = key.address() else { return false };
        let mut here = self.scopes.iter().filter(|scope| scope.reaches(address.registry())).peekable();
        here.peek().is_some() && !here.any(|scope| scope.covers_all_of(address))
    }

    /// True when a client stored the token under the key, or one of its scopes is on the same registry.
    pub fn concerns(&self, key: &Key) -> bool {
        self.has_key(key)
            || key
                .address()
                .is_some_and(|address| self.scopes.iter().any(|scope| scope.reaches(address.registry())))
    }

    /// False when the permissions are known and do not include the direction.
    pub fn may_allow(&self, direction: Direction) -> bool {
        self.permissions.is_none_or(|permissions| match direction {
            Direction::Pull => permissions.pull,
            Direction::Push => permissions.push,
            Direction::Both => permissions.pull && permissions.push,
            Direction::Delete => permissions.delete,
        })
    }

    /// True when the token may only pull what everybody can pull.
    pub fn is_public_only(&self) -> bool {
        self.permissions.is_some_and(|permissions| permissions.public_only)
    }

    /// Returns the last event that put the token in use for requests with this key.
    pub fn last_event(&self, key: &Key) -> Option<UseEvent> {
        match (&self.turns, self.in_use) {
            (Some(turns), _) => turns.last_event(key),
            (None, Some(InUse { turn, by_person })) => {
                let kind = if by_person { UseKind::Use } else { UseKind::OldLogin };
                Some(UseEvent { turn, kind })
            }
            (None, None) => None,
        }
    }

    /// Returns the numbers of all its events.
    pub fn turns_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        let in_use = self.in_use.iter_mut().map(|in_use| &mut in_use.turn);
        self.turns.iter_mut().flat_map(Turns::numbers_mut).chain(in_use)
    }

    /// Returns the number under which the token came into the vault; 0 is before all others.
    pub fn arrival(&self) -> u64 {
        self.turns.as_ref().map_or(0, |turns| turns.arrival)
    }

    /// True when one of the token's scopes covers the wanted scope, or a part of it.
    pub fn may_go_to(&self, wanted: &Scope) -> bool {
        let covers = |scope: &Scope| match wanted.registry() {
            Some(registry) => scope.covers(registry, wanted.path()),
            None => scope.includes(wanted),
        };
        self.scopes.iter().any(covers)
    }

    /// True when the token is signed out of all its scopes.
    pub fn is_signed_out(&self) -> bool {
        let is_signed_in = |scope: &Scope| !self.signed_out.iter().any(|out| out.includes(scope));
        !self.scopes.is_empty() && !self.scopes.iter().any(is_signed_in)
    }

    /// True from the second of its expiry.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

/// The details of a previous secret, which is sealed in the vault beside the current one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct PreviousSecret {
    #[n(0)]
    #[serde(skip)]
    pub user: UserName,
    #[n(1)]
    #[serde(skip)]
    pub kind: TokenKind,
    #[n(2)]
    #[serde(skip)]
    pub permissions: Option<Permissions>,
    #[n(3)]
    pub expires: Option<Timestamp>,
    /// The time at which the secret was stored.
    #[n(4)]
    pub stored: Timestamp,
    /// The time at which the secret was replaced.
    #[n(5)]
    pub replaced: Timestamp,
}

impl PreviousSecret {
    /// Describes the current secret of a token that gets another one.
    pub fn of(token: &Token, now: Timestamp) -> Self {
        Self {
            user: token.user.clone(),
            kind: token.kind,
            permissions: token.permissions,
            expires: token.expires,
            stored: token.stored,
            replaced: now,
        }
    }

    /// False for the secret of a session, and for one that lasts a day at most.
    pub fn is_worth_keeping(token: &Token) -> bool {
        let lasts = token.expires.map(|expires| expires.0.saturating_sub(token.stored.0));
        let is_temporary = lasts.is_some_and(|seconds| (0..=DAY).contains(&seconds));
        token.kind != TokenKind::Session && !is_temporary
    }

    /// Returns the time from which the next change of the vault drops the secret.
    pub fn kept_until(&self) -> Timestamp {
        Timestamp(self.replaced.0.saturating_add(KEPT_DAYS * DAY))
    }
}

/// The last time that a token was put in use, as version 0.1 records it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct InUse {
    /// A number that increases each time that a token in the vault is put in use, independent of any clock.
    #[n(0)]
    pub turn: u64,
    /// True for a person's `use`, false for a client's login.
    #[n(1)]
    pub by_person: bool,
}

/// A user name. It is readable in the vault, unless it is the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum UserName {
    #[n(0)]
    Named(#[n(0)] String),
    /// The secret is also the user name, as at `registry.digitalocean.com`, and must not be readable.
    #[n(1)]
    SameAsSecret,
}

impl UserName {
    /// Makes the user name that goes with a secret.
    pub fn new(name: &str, secret: &Secret) -> Self {
        if name == secret.expose() { Self::SameAsSecret } else { Self::Named(name.to_owned()) }
    }

    /// Returns the user name that is sent with its secret. Call it only where both leave the program.
    pub fn reveal_with<'u>(&'u self, secret: &'u Secret) -> &'u str {
        match self {
            Self::Named(name) => name,
            Self::SameAsSecret => secret.expose(),
        }
    }

    /// True when the user name is readable in the vault and is this text.
    pub fn is_text(&self, text: &str) -> bool {
        matches!(self, Self::Named(name) if name == text)
    }

    /// Returns the user name for people and listings, and never a secret.
    pub fn display_name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::SameAsSecret => "(the token itself)",
        }
    }
}

/// The kind of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenKind {
    /// A personal access token.
    #[n(0)]
    Pat,
    /// An organization's access token.
    #[n(1)]
    Organization,
    /// A project token, deploy token or robot account.
    #[n(2)]
    Project,
    /// The password of an account, or an unrecognized secret.
    #[n(3)]
    Password,
    /// An OAuth identity token, with the user name `<token>`.
    #[n(4)]
    Identity,
    /// An entry of Docker Hub's device sign-in.
    #[n(5)]
    Session,
}

impl TokenKind {
    /// Returns the word for flags, listings and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pat => "pat",
            Self::Organization => "organization",
            Self::Project => "project",
            Self::Password => "password",
            Self::Identity => "identity",
            Self::Session => "session",
        }
    }
}

/// The permissions of a token.
#[expect(clippy::struct_excessive_bools, reason = "each is independent of the others")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Permissions {
    #[n(0)]
    pub pull: bool,
    #[n(1)]
    pub push: bool,
    #[n(2)]
    pub delete: bool,
    /// True when only what everybody can pull may be pulled, as with Docker Hub's "Public Read-only".
    #[cbor(n(3), skip_if = "is_false")]
    pub public_only: bool,
}

impl Permissions {
    /// Returns the words of the permissions: `pull` or `public-pull`, `push`, `delete`.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        let pull = if self.public_only { "public-pull" } else { "pull" };
        [(self.pull, pull), (self.push, "push"), (self.delete, "delete")]
            .into_iter()
            .filter_map(|(allowed, word)| allowed.then_some(word))
    }
}

// The signature is that of `skip_if`.
#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_false(value: &bool) -> bool {
    !value
}

/// The switch that a person can set with `activate` and `deactivate`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenState {
    #[n(0)]
    Active,
    #[n(1)]
    Inactive,
}

/// The way in which a token was added to the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Origin {
    /// A client's login, through `store`. A logout removes the token.
    #[n(0)]
    Store,
    /// A person's `add`. A logout keeps the token.
    #[n(1)]
    Add,
    /// A person's `import` from another store. A logout keeps the token.
    #[n(2)]
    Import,
}

impl Origin {
    /// Returns the word for listings and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Add => "add",
            Self::Import => "import",
        }
    }
}

/// The direction in which a request transfers images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    #[n(0)]
    Pull,
    #[n(1)]
    Push,
    #[n(2)]
    Delete,
    /// Both a pull and a push, such as a copy within one registry. No choice has this direction.
    #[n(3)]
    Both,
}

impl Direction {
    pub const ALL: [Self; 4] = [Self::Pull, Self::Push, Self::Delete, Self::Both];

    /// Reads `pull`, `push`, `delete` or `both`.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|direction| direction.word() == word)
    }

    /// Returns the word for flags, listings and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
            Self::Both => "both",
        }
    }

    /// Returns the words for a sentence: `pull`, `push`, `delete`, `pull and push`.
    pub fn verbs(self) -> &'static str {
        match self {
            Self::Both => "pull and push",
            Self::Pull | Self::Push | Self::Delete => self.word(),
        }
    }

    /// Returns the direction of a request that includes both.
    #[must_use]
    pub fn and(self, other: Self) -> Option<Self> {
        match (self, other) {
            (one, other) if one == other => Some(one),
            (Self::Delete, _) | (_, Self::Delete) => None,
            _ => Some(Self::Both),
        }
    }
}
