//! Where CODING is, and the personal access token by which it is asked.

use std::collections::BTreeSet;

use crate::coding::api::client::CodingClient;
use crate::coding::api::error::CodingApiError;
use crate::coding::error::CodingError;
use crate::coding::team::{ANY_TEAM, Team, may_go};
use crate::command::args::{SecretArgs, find};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::{CommandError, PromptError};
use crate::http::endpoint::{Endpoint, PlainHttp};
use crate::inventory::Inventory;
use crate::model::remote::{Remote, Service};
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenKind, TokenState};
use crate::system::env;

/// Says where CODING's interface is, where it is not at its team's usual address.
const URL: &str = "DOCKER_CREDENTIAL_PAT_CODING_URL";

/// Which team
#[derive(Debug, clap::Args)]
pub(super) struct TeamArgs {
    /// The team, as it stands in TEAM-docker.pkg.coding.net; not needed where the vault tells
    #[arg(long, value_parser = team)]
    pub(super) team: Option<Team>,
}

/// Where CODING is, and who asks
#[derive(Debug, clap::Args)]
pub(super) struct CodingAccess {
    #[command(flatten)]
    given: TeamArgs,
    /// Where CODING's interface is, if not at its team's usual address
    #[arg(long)]
    url: Option<String>,
    /// Ask with this personal access token of the vault, and no other
    #[arg(long, value_name = "NAME", conflicts_with_all = ["secret_stdin", "secret_file"], add = token_names())]
    token: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
}

fn team(text: &str) -> Result<Team, &'static str> {
    Team::parse(text).ok_or("want a team's name, as it stands in TEAM-docker.pkg.coding.net")
}

impl TeamArgs {
    /// Returns the team that is given, or the one of all the teams in the vault.
    pub(super) fn or_of(&self, inventory: &Inventory) -> Result<Team, CodingError> {
        if let Some(team) = &self.team {
            return Ok(team.clone());
        }
        let mut teams: BTreeSet<Team> = inventory.tokens().iter().flat_map(Team::all_of).collect();
        match (teams.pop_first(), teams.is_empty()) {
            (Some(team), true) => Ok(team),
            (first, _) => {
                Err(CodingError::NoTeam(first.iter().chain(&teams).map(ToString::to_string).collect()))
            }
        }
    }
}

impl CodingAccess {
    /// Returns the team that is meant.
    pub(super) fn team(&self, inventory: &Inventory) -> Result<Team, CodingError> {
        self.given.or_of(inventory)
    }

    /// Returns where CODING is for whom nothing but the arguments tells.
    pub(super) fn place(&self, inventory: &Inventory) -> Result<Endpoint, CommandError> {
        let url = match &self.url {
            Some(url) => Some(url.clone()),
            None => env::text(URL)?,
        };
        let usual = || match self.given.or_of(inventory) {
            Ok(team) => Ok(team.interface()),
            Err(CodingError::NoTeam(teams)) if teams.is_empty() => Ok(ANY_TEAM.to_owned()),
            Err(trouble) => Err(trouble),
        };
        Ok(parse(&url.map_or_else(usual, Ok)?)?)
    }

    /// Returns where CODING is for a token in the vault. Its number means nothing elsewhere, so that the
    /// place where it was made comes before any variable.
    pub(super) fn place_of(&self, token: &Token, inventory: &Inventory) -> Result<Endpoint, CommandError> {
        let of_team = || Team::all_of(token).next().map(|team| team.interface());
        let made_at = || remote_of(token).and_then(|remote| remote.base_url.clone().or_else(of_team));
        let variable = env::text(URL)?;
        match self.url.clone().or_else(made_at).or(variable).or_else(of_team) {
            Some(address) => Ok(parse(&address)?),
            None => self.place(inventory),
        }
    }

    /// Turns to CODING with a secret that may go there.
    ///
    /// A token of the vault is sent where [`may_go`] says that it was stored for. One that a person names goes
    /// to an interface within this machine too, where it stays.
    pub(super) fn open(&self, place: Endpoint, cx: &CommandContext) -> Result<CodingClient, CommandError> {
        let excerpt = cx.store.excerpt(None)?;
        let inventory = excerpt.inventory();
        let token = match &self.token {
            Some(name) => {
                let token = find(inventory, name)?;
                if !may_go(token, &place) && !place.is_loopback() {
                    let (name, there) = (token.name.clone(), place.to_string());
                    return Err(CodingError::NotForThere { name, there }.into());
                }
                Some(token)
            }
            None if self.secret.is_given() => None,
            None => self.personal_token(&place, inventory, *cx.now),
        };
        let secret = match token {
            Some(token) => excerpt.release(token)?,
            None => self.secret.read("Personal access token", &place.to_string()).map_err(or_name_one)?,
        };
        Ok(CodingClient::at(place, secret))
    }

    /// Returns the personal token for a place; of several, the one put in use last, else the first.
    fn personal_token<'i>(
        &self,
        place: &Endpoint,
        inventory: &'i Inventory,
        now: Timestamp,
    ) -> Option<&'i Token> {
        let is_of_team = |token: &Token| {
            !place.is_at(ANY_TEAM) || self.given.team.as_ref().is_none_or(|team| team.has(token))
        };
        let is_given_out = |token: &Token| {
            token.state == TokenState::Active && !token.has_expired(now) && !token.is_signed_out()
        };
        inventory
            .tokens()
            .iter()
            .filter(|token| token.kind == TokenKind::Pat && is_given_out(token))
            .filter(|token| may_go(token, place) && is_of_team(token))
            .rev()
            .max_by_key(|token| token.in_use.map(|in_use| in_use.turn))
    }
}

/// A token of the vault would do as well as one that is typed.
fn or_name_one(failure: CommandError) -> CommandError {
    match failure.downcast() {
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

/// Returns what a token is at CODING, if it is known.
pub(super) fn remote_of(token: &Token) -> Option<&Remote> {
    token.remote.as_ref().filter(|remote| remote.service == Service::Coding)
}

fn parse(address: &str) -> Result<Endpoint, CodingApiError> {
    Ok(Endpoint::parse(address, PlainHttp::Loopback)?)
}
