//! The endpoint of CODING's API, and the personal access token for it.

use crate::coding::api::client::CodingClient;
use crate::coding::api::error::CodingApiError;
use crate::coding::coding_remote;
use crate::coding::error::CodingError;
use crate::coding::personal_token::{ANY_TEAM_URL, is_codings_own, may_send_to, personal_token};
use crate::coding::team::Team;
use crate::command::args::{SecretArgs, find};
use crate::command::completions::token_names;
use crate::command::context::{CommandContext, print_progress};
use crate::command::error::{CommandError, PromptError};
use crate::http::endpoint::{Endpoint, PlainHttp};
use crate::inventory::Inventory;
use crate::model::token::Token;
use crate::system::env;

/// The variable that names the address of CODING's API, unless it is the team's usual one.
const CODING_URL: &str = "DOCKER_CREDENTIAL_PAT_CODING_URL";

/// Which team
#[derive(Debug, clap::Args)]
pub(super) struct TeamArgs {
    /// The team, as it stands in TEAM-docker.pkg.coding.net; not needed where the vault tells
    #[arg(long, value_parser = parse_team)]
    pub(super) team: Option<Team>,
}

/// Where CODING is, and who asks
#[derive(Debug, clap::Args)]
pub(super) struct CodingAccess {
    #[command(flatten)]
    team: TeamArgs,
    /// Where CODING's interface is, if not at its team's usual address
    #[arg(long)]
    url: Option<String>,
    /// Ask with this personal access token of the vault, and no other
    #[arg(long, value_name = "NAME", conflicts_with_all = ["secret_stdin", "secret_file"], add = token_names())]
    token: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
}

fn parse_team(text: &str) -> Result<Team, &'static str> {
    Team::parse(text).ok_or("want a team's name, as it stands in TEAM-docker.pkg.coding.net")
}

impl TeamArgs {
    /// Returns the team of the arguments, or else the only one in the vault.
    pub(super) fn team(&self, inventory: &Inventory) -> Result<Team, CodingError> {
        self.team.clone().map_or_else(|| Team::only_one(inventory), Ok)
    }
}

impl CodingAccess {
    /// Returns the team of the arguments, or else the only one in the vault.
    pub(super) fn team(&self, inventory: &Inventory) -> Result<Team, CodingError> {
        self.team.team(inventory)
    }

    /// Connects to the endpoint for the arguments, if no token in the vault determines it.
    pub(super) fn connect(
        &self,
        inventory: &Inventory,
        cx: &CommandContext,
    ) -> Result<CodingClient, CommandError> {
        self.client(self.endpoint(inventory)?, cx)
    }

    fn endpoint(&self, inventory: &Inventory) -> Result<Endpoint, CommandError> {
        let url = match &self.url {
            Some(url) => Some(url.clone()),
            None => env::text(CODING_URL)?,
        };
        let team_url = || match self.team(inventory) {
            Ok(team) => Ok(team.api_url()),
            Err(CodingError::UnknownTeam(teams)) if teams.is_empty() => Ok(ANY_TEAM_URL.to_owned()),
            Err(error) => Err(error),
        };
        Ok(parse_endpoint(&url.map_or_else(team_url, Ok)?)?)
    }

    /// Returns the endpoint for a token in the vault. The token's ID means nothing elsewhere, so the endpoint where
    /// the token was created takes precedence over the variable. The vault may come from somebody else, such as a
    /// backup, and a personal access token is sent to the endpoint. So one that is not CODING's own has to be named by the
    /// arguments or the variable too.
    pub(super) fn endpoint_for(
        &self,
        token: &Token,
        inventory: &Inventory,
    ) -> Result<Endpoint, CommandError> {
        if let Some(url) = &self.url {
            return Ok(parse_endpoint(url)?);
        }
        let variable = env::text(CODING_URL)?;
        let remote = coding_remote(token);
        if let Some(url) = remote.and_then(|remote| remote.base_url.as_deref()) {
            let is_at = |endpoint: &Endpoint| endpoint.is_at(url);
            let named = variable.as_deref().map(parse_endpoint).transpose()?.filter(is_at);
            let own = || parse_endpoint(url).ok().filter(|endpoint| is_codings_own(endpoint, token));
            let (name, url) = (token.name.clone(), url.to_owned());
            return named.or_else(own).ok_or_else(|| CodingError::UnnamedEndpoint { name, url }.into());
        }
        let team_url = || Team::all_from_scopes(token).next().map(|team| team.api_url());
        match remote.and_then(|_| team_url()).or(variable).or_else(team_url) {
            Some(url) => Ok(parse_endpoint(&url)?),
            None => self.endpoint(inventory),
        }
    }

    /// Returns a client with a personal access token that may be sent to the endpoint.
    ///
    /// A token in the vault is sent where [`may_send_to`] allows it. A token that a person names may also be sent to
    /// an endpoint on this machine, because it does not leave the machine.
    pub(super) fn client(
        &self,
        endpoint: Endpoint,
        cx: &CommandContext,
    ) -> Result<CodingClient, CommandError> {
        let excerpt = cx.store.excerpt(None)?;
        let inventory = excerpt.inventory();
        let token = match &self.token {
            Some(name) => {
                let token = find(inventory, name)?;
                if !may_send_to(token, &endpoint) && !endpoint.is_loopback() {
                    let (name, endpoint) = (token.name.clone(), endpoint.to_string());
                    return Err(CodingError::NotForEndpoint { name, endpoint }.into());
                }
                Some(token)
            }
            None if self.secret.has_source() => None,
            None => personal_token(inventory, &endpoint, self.team.team.as_ref(), *cx.now),
        };
        let ask =
            || self.secret.read(&format!("Personal access token for {endpoint}")).map_err(suggest_token);
        let secret = token.map_or_else(ask, |token| Ok(excerpt.release(token)?))?;
        Ok(CodingClient::new(endpoint, secret, print_progress))
    }
}

/// Adds to the error for a missing secret that a token in the vault would also do.
fn suggest_token(error: CommandError) -> CommandError {
    match error.downcast() {
        Ok(PromptError::Missing { source, .. }) => PromptError::Missing {
            what: "personal access token",
            option: "--token NAME, if the vault has it, or else --secret-stdin or --secret-file",
            source,
        }
        .into(),
        Ok(other) => other.into(),
        Err(other) => other,
    }
}

fn parse_endpoint(url: &str) -> Result<Endpoint, CodingApiError> {
    Ok(Endpoint::parse(url, PlainHttp::Loopback)?)
}
