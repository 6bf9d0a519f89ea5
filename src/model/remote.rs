//! What a token is at the service that made it, so that it can be asked about and changed there.

use minicbor::{Decode, Encode};

use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;

/// A token as its service knows it. None of it is secret.
///
/// The numbers are its places in the vault's CBOR, as those of `Token`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Remote {
    /// Who made it.
    #[n(0)]
    pub service: Service,
    /// Where the service is, when it is not where it usually is: `https://coding.example.com`.
    #[n(1)]
    pub base_url: Option<String>,
    /// Whose it is there: a Docker ID, an organization, a project.
    #[n(2)]
    pub owner: String,
    /// By what the service tells it from others.
    #[n(3)]
    pub id: String,
    /// When it was last used, as the service told it last.
    #[n(4)]
    pub last_used: Option<Timestamp>,
    /// How far its replacement by a new one has come, until that is done.
    #[n(5)]
    pub rotation: Option<Rotation>,
}

impl Remote {
    /// Returns the verb and arguments by which one of its owner's tokens at Docker Hub is deleted, in the vault or not.
    pub fn rm_by_id(&self, id: &str) -> String {
        match self.service {
            Service::DockerHubOrganization => format!("hub rm --id {id} --org {}", self.owner),
            Service::DockerHub | Service::Coding => format!("hub rm --id {id}"),
        }
    }
}

/// Who makes tokens and can be asked about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Service {
    /// Docker Hub, for a person.
    #[n(0)]
    DockerHub,
    /// Docker Hub, for an organization.
    #[n(1)]
    DockerHubOrganization,
    /// CODING, for a project.
    #[n(2)]
    Coding,
}

impl Service {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::DockerHub => "docker-hub",
            Self::DockerHubOrganization => "docker-hub-organization",
            Self::Coding => "coding",
        }
    }

    /// Returns whose a token is there, for people.
    pub fn describe_owner(self, owner: &str) -> String {
        match self {
            Self::DockerHub => format!("Docker Hub, of {owner}"),
            Self::DockerHubOrganization => format!("Docker Hub, of the organization {owner}"),
            Self::Coding => format!("CODING, of project {owner}"),
        }
    }

    /// True when it is Docker Hub, whose tokens `hub` can replace.
    pub const fn is_docker_hub(self) -> bool {
        match self {
            Self::DockerHub | Self::DockerHubOrganization => true,
            Self::Coding => false,
        }
    }
}

/// How far a token's replacement has come. Each step is on the disk before the next is begun.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Rotation {
    /// A new token is about to be made under this label. One that has it and is not in the vault is lost:
    /// nobody has its secret.
    #[n(0)]
    Making {
        /// The label.
        #[n(0)]
        label: String,
    },
    /// The new one is in the vault, switched off, and not yet proven.
    #[n(1)]
    Made {
        /// The new one.
        #[n(0)]
        successor: TokenId,
        /// The label under which it was made.
        #[n(1)]
        label: String,
    },
    /// The new one is in use; the old one is still to be switched off or deleted.
    #[n(2)]
    Switched {
        /// By what the service tells the old one from others.
        #[n(0)]
        old: String,
        /// The label of the old one, which the new one is still to get.
        #[n(1)]
        label: String,
    },
    /// It is itself the new one, until it takes the place of another token.
    #[n(3)]
    Succeeds {
        /// The other token.
        #[n(0)]
        token: TokenId,
    },
}
