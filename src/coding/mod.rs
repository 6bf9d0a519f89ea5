//! Operations on project tokens, at CODING and in the vault.

pub mod api;
pub mod change;
pub mod create;
pub mod error;
pub mod link;
pub mod personal_token;
pub mod remove;
pub mod team;

use crate::coding::api::client::CodingClient;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::team::Team;
use crate::model::remote::{Remote, Service};
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, UserName};
use crate::vault::store::VaultStore;

/// The vault, and CODING as one personal access token sees it.
pub struct CodingSession<'s> {
    pub store: &'s VaultStore,
    pub client: &'s CodingClient,
    pub now: Timestamp,
}

/// A token in the vault, linked with its project token at CODING.
pub struct LinkedProjectToken {
    pub token: Token,
    /// The number of the project.
    pub project: u64,
    pub id: u64,
}

impl LinkedProjectToken {
    /// Links a token according to its record in the vault; `None` when the record is not complete.
    pub fn from_token(token: &Token) -> Option<Self> {
        let remote = coding_remote(token)?;
        let (project, id) = (remote.owner.parse().ok()?, remote.id.parse().ok()?);
        Some(Self { token: token.clone(), project, id })
    }

    /// True when a token in the vault is still this one: with a new secret it is a different token.
    fn is_still(&self, token: &Token) -> bool {
        coding_remote(token).is_some_and(|remote| remote.id == self.id.to_string())
    }
}

impl CodingSession<'_> {
    /// Makes the vault's record of a project token. The endpoint is recorded unless it is the team's usual one.
    fn remote(&self, team: Option<&Team>, project: u64, listed: &ProjectToken) -> Remote {
        let endpoint = self.client.endpoint();
        let is_usual = team.is_some_and(|team| endpoint.is_at(&team.api_url()));
        Remote {
            service: Service::Coding,
            base_url: (!is_usual).then(|| endpoint.to_string()),
            owner: project.to_string(),
            id: listed.id.to_string(),
            last_used: listed.last_used,
            rotation: None,
        }
    }
}

/// Returns the vault's record of a token at CODING.
pub fn coding_remote(token: &Token) -> Option<&Remote> {
    token.remote.as_ref().filter(|remote| remote.service == Service::Coding)
}

/// True when a token in the vault is this project token: CODING gives each project token its own user name.
pub fn is_same_token(token: &Token, listed: &ProjectToken) -> bool {
    matches!(&token.user, UserName::Named(user) if *user == listed.user)
}
