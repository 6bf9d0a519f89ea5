//! The counterpart of a token at the service that made it, for requests to that service.

use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;

/// The record of a token at its service. None of it is secret.
///
/// The numbers are positions in the vault's CBOR array, as in `Token`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
pub struct Remote {
    #[n(0)]
    pub service: Service,
    /// The base URL of the service, unless it is the usual one: `https://coding.example.com`.
    #[n(1)]
    #[serde(rename = "at")]
    pub base_url: Option<String>,
    /// A Docker ID, an organization or a project.
    #[n(2)]
    pub owner: String,
    /// The service's own id for the token.
    #[n(3)]
    pub id: String,
    /// The last use, as the service last reported it.
    #[n(4)]
    pub last_used: Option<Timestamp>,
    /// The state of an unfinished rotation.
    #[n(5)]
    #[serde(skip)]
    pub rotation: Option<Rotation>,
}

impl Remote {
    /// Returns the arguments of this program that delete a token of the same owner at Docker Hub.
    pub fn rm_by_id(&self, id: &str) -> String {
        match self.service {
            Service::DockerHubOrganization => format!("hub rm --id {id} --org {}", self.owner),
            Service::DockerHub | Service::Coding => format!("hub rm --id {id}"),
        }
    }
}

/// A service that makes tokens and answers requests about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(index_only)]
#[serde(rename_all = "kebab-case")]
pub enum Service {
    /// Docker Hub, with the token of a person.
    #[n(0)]
    DockerHub,
    /// Docker Hub, with the token of an organization.
    #[n(1)]
    DockerHubOrganization,
    /// CODING, with the token of a project.
    #[n(2)]
    Coding,
}

impl Service {
    /// Returns the service and the owner, for people.
    pub fn describe_owner(self, owner: &str) -> String {
        match self {
            Self::DockerHub => format!("Docker Hub, of {owner}"),
            Self::DockerHubOrganization => format!("Docker Hub, of the organization {owner}"),
            Self::Coding => format!("CODING, of project {owner}"),
        }
    }

    /// True for Docker Hub, whose tokens `hub rotate` can replace.
    pub const fn is_docker_hub(self) -> bool {
        matches!(self, Self::DockerHub | Self::DockerHubOrganization)
    }
}

/// The state of a rotation. Each state is on the disk before the next step begins.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Rotation {
    /// A new token is about to be made with this label. If it exists and is not in the vault, its secret is
    /// lost.
    #[n(0)]
    Making {
        #[n(0)]
        label: String,
    },
    /// The new token is in the vault, inactive, and not yet proven to work.
    #[n(1)]
    Made {
        #[n(0)]
        successor: TokenId,
        /// The label of the new token.
        #[n(1)]
        label: String,
    },
    /// The new token is in use; the old one has yet to be switched off or deleted.
    #[n(2)]
    Switched {
        /// The service's own id for the old token.
        #[n(0)]
        old: String,
        /// The label of the old token, which the new one has yet to get.
        #[n(1)]
        label: String,
    },
    /// This token is the new one, until it replaces another.
    #[n(3)]
    Succeeds {
        /// The token to replace.
        #[n(0)]
        token: TokenId,
    },
}
