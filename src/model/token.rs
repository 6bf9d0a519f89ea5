//! A token: one credential, with all that is known of it but its secret.

use minicbor::{Decode, Encode};

use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::remote::Remote;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;

/// The user name that stands for an OAuth identity token:
/// <https://github.com/docker/docker-credential-helpers#identity-tokens>
pub const IDENTITY_USER: &str = "<token>";

/// One credential. Its secret is sealed in the vault and is not part of it.
///
/// The numbers are its places in the vault's CBOR array: a field keeps its number, and a new one
/// comes last and is optional.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Token {
    /// Tells it apart for good; a name can change.
    #[n(0)]
    pub id: TokenId,
    /// Where it may go. Empty for one that is matched by its keys only.
    #[cbor(n(1), decode_with = "crate::model::cbor::decode_list")]
    pub scopes: Vec<Scope>,
    /// The keys under which clients stored it, verbatim.
    #[cbor(n(2), decode_with = "crate::model::cbor::decode_list")]
    pub keys: Vec<Key>,
    /// Unique in the vault.
    #[n(3)]
    pub name: Name,
    /// What sort of credential it is.
    #[n(4)]
    pub kind: TokenKind,
    /// The user name that goes with the secret.
    #[n(5)]
    pub user: UserName,
    /// A person's note.
    #[n(6)]
    pub label: Option<String>,
    /// What it is known to allow; `None` is unknown, and unknown is allowed.
    #[n(7)]
    pub permissions: Option<Permissions>,
    /// When it came into the vault, to the second.
    #[n(8)]
    pub created: Timestamp,
    /// When its secret was last stored, to the second.
    #[n(9)]
    pub stored: Timestamp,
    /// When it ends, to the second; `None` is never or not known.
    #[n(10)]
    pub expires: Option<Timestamp>,
    /// Whether it is given out.
    #[n(11)]
    pub state: TokenState,
    /// Who brought it here.
    #[n(12)]
    pub origin: Origin,
    /// When it was last put in use; among tokens that are alike, the latest is the one in use.
    #[n(13)]
    pub in_use: Option<InUse>,
    /// Where it was signed out: kept, and not given out there until a login or `use` brings it back.
    #[cbor(n(14), decode_with = "crate::model::cbor::decode_list")]
    pub signed_out: Vec<Scope>,
    /// The profile under which a client logged in with it; it is for no other, and for none without one.
    #[n(15)]
    pub profile: Option<String>,
    /// What it is at the service that made it, where that is known.
    #[n(16)]
    pub remote: Option<Remote>,
}

impl Token {
    /// True when it is known which of Docker Hub's tokens it is.
    pub fn is_on_docker_hub(&self) -> bool {
        cfg!(feature = "online") && self.remote.as_ref().is_some_and(|remote| remote.service.is_docker_hub())
    }

    /// Returns the verb that gives it a new secret.
    pub fn rotating_verb(&self) -> &'static str {
        if self.is_on_docker_hub() { "hub rotate" } else { "rotate" }
    }

    /// True when it was stored under exactly this key.
    pub fn has_key(&self, key: &Key) -> bool {
        self.keys.contains(key)
    }

    /// True when it could answer a request for the key, or was stored for the same registry.
    pub fn concerns(&self, key: &Key) -> bool {
        self.has_key(key)
            || key
                .address()
                .is_some_and(|address| self.scopes.iter().any(|scope| scope.reaches(address.registry())))
    }

    /// False when it is known not to allow that an image goes this way.
    pub fn may_allow(&self, direction: Direction) -> bool {
        self.permissions.is_none_or(|permissions| match direction {
            Direction::Pull => permissions.read,
            Direction::Push => permissions.write,
        })
    }

    /// True when one of its scopes covers the place, or a part of it.
    pub fn may_go_to(&self, place: &Scope) -> bool {
        let covers = |scope: &Scope| match place.registry() {
            Some(registry) => scope.covers(registry, place.path()),
            None => scope.includes(place),
        };
        self.scopes.iter().any(covers)
    }

    /// True when it was signed out of everywhere that it may go.
    pub fn is_signed_out(&self) -> bool {
        let is_left = |scope: &Scope| !self.signed_out.iter().any(|out| out.includes(scope));
        !self.scopes.is_empty() && !self.scopes.iter().any(is_left)
    }

    /// True from the moment at which it ends.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| end <= now)
    }
}

/// When a token was put in use, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct InUse {
    /// Counts every time that some token of the vault was put in use; free of any clock.
    #[n(0)]
    pub turn: u64,
    /// True for a person's `use`, false for a client's login.
    #[n(1)]
    pub by_person: bool,
}

/// A user name, which stands open in the vault unless it is the secret itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum UserName {
    /// Any text, byte for byte.
    #[n(0)]
    Named(#[n(0)] String),
    /// The secret serves as user name too, as at `registry.digitalocean.com`, so it must not stand
    /// open anywhere.
    #[n(1)]
    SameAsSecret,
}

impl UserName {
    /// Takes the user name that goes with a secret.
    pub fn new(name: &str, secret: &Secret) -> Self {
        if name == secret.expose() { Self::SameAsSecret } else { Self::Named(name.to_owned()) }
    }

    /// Returns the user name as it goes out beside its secret. Call it where both leave.
    pub fn reveal_with<'u>(&'u self, secret: &'u Secret) -> &'u str {
        match self {
            Self::Named(name) => name,
            Self::SameAsSecret => secret.expose(),
        }
    }

    /// Returns the user name for people and listings; never a secret.
    pub fn display_name(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::SameAsSecret => "(the token itself)",
        }
    }
}

/// What sort of credential a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenKind {
    /// A personal access token.
    #[n(0)]
    Pat,
    /// An organization's access token.
    #[n(1)]
    Organization,
    /// A project or deploy token, a robot account.
    #[n(2)]
    Project,
    /// An account's password, or a secret of which nothing is known.
    #[n(3)]
    Password,
    /// An OAuth identity token; its user name is `<token>`.
    #[n(4)]
    Identity,
    /// An entry of Docker Hub's device sign-in.
    #[n(5)]
    Session,
}

impl TokenKind {
    /// Returns the word for it, in flags, listings and JSON.
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

/// What a token is known to allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Permissions {
    /// Pull.
    #[n(0)]
    pub read: bool,
    /// Push.
    #[n(1)]
    pub write: bool,
    /// Delete.
    #[n(2)]
    pub delete: bool,
}

impl Permissions {
    /// Returns the words of what is allowed: `read`, `write`, `delete`.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [(self.read, "read"), (self.write, "write"), (self.delete, "delete")]
            .into_iter()
            .filter_map(|(allowed, word)| allowed.then_some(word))
    }
}

/// Whether a token is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum TokenState {
    /// Given out.
    #[n(0)]
    Active,
    /// Switched off by a person.
    #[n(1)]
    Inactive,
}

/// Who brought a token into the vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Origin {
    /// A client's login, through `store`; its logout removes it.
    #[n(0)]
    Store,
    /// A person, through `add`; a logout keeps it.
    #[n(1)]
    Add,
    /// A person, out of another store; a logout keeps it.
    #[n(2)]
    Import,
}

impl Origin {
    /// Returns the word for it, in listings and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Add => "add",
            Self::Import => "import",
        }
    }
}

/// Which way an image goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Direction {
    /// From the registry.
    #[n(0)]
    Pull,
    /// To the registry.
    #[n(1)]
    Push,
}

impl Direction {
    /// Returns the direction of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Pull, Self::Push].into_iter().find(|direction| direction.word() == word)
    }

    /// Returns the word for it, in flags, listings and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
        }
    }
}
