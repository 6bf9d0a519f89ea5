//! The arguments of verbs that work on project tokens in the vault.

use crate::coding::api::client::CodingClient;
use crate::coding::error::CodingError;
use crate::coding::{LinkedProjectToken, coding_remote};
use crate::command::args::find_all;
use crate::command::coding::access::CodingAccess;
use crate::command::coding::session;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::http::endpoint::Endpoint;

/// Which tokens
#[derive(Debug, clap::Args)]
pub(super) struct TargetArgs {
    /// The tokens' names
    #[arg(required = true, add = token_names())]
    pub(super) names: Vec<String>,
    #[command(flatten)]
    pub(super) location: TargetLocationArgs,
}

/// Where a token of the vault is
#[derive(Debug, clap::Args)]
pub(super) struct TargetLocationArgs {
    /// The project, by name or number, of a token that was not made by `coding create`
    #[arg(long, value_name = "PROJECT")]
    pub(super) project: Option<String>,
    #[command(flatten)]
    pub(super) access: CodingAccess,
}

impl TargetLocationArgs {
    /// Finds tokens of the vault, connects to their endpoint and links them.
    pub(super) fn connect(
        &self,
        names: &[String],
        cx: &CommandContext,
    ) -> Result<(CodingClient, Vec<LinkedProjectToken>), CommandError> {
        let inventory = cx.store.inventory()?;
        let tokens = find_all(&inventory, names)?;
        let mut endpoint: Option<Endpoint> = None;
        for token in &tokens {
            if coding_remote(token).is_none() && self.project.is_none() {
                return Err(CodingError::NotLinked(token.name.clone()).into());
            }
            let next = self.access.endpoint_for(token, &inventory)?;
            if endpoint.as_ref().is_some_and(|endpoint| !endpoint.is_same_origin(&next)) {
                return Err(CodingError::SeveralEndpoints.into());
            }
            endpoint = Some(next);
        }
        let client = match endpoint {
            Some(endpoint) => self.access.client(endpoint, cx)?,
            None => self.access.connect(&inventory, cx)?,
        };
        let project = self.project.as_deref();
        let linked: Result<_, CodingError> =
            tokens.into_iter().map(|token| session(cx, &client).link(token, project)).collect();
        Ok((client, linked?))
    }
}
