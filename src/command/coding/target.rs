//! A token of the vault that is a project's token at CODING.

use crate::coding::api::client::CodingClient;
use crate::coding::api::error::CodingApiError;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::command::args::find_all;
use crate::command::coding::access::{CodingAccess, remote_of};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::http::endpoint::Endpoint;
use crate::model::remote::{Remote, Service};
use crate::model::token::{Token, UserName};

/// Which tokens
#[derive(Debug, clap::Args)]
pub(super) struct TargetArgs {
    /// The tokens' names
    #[arg(required = true, add = token_names())]
    names: Vec<String>,
    #[command(flatten)]
    pub(super) place: TargetLocationArgs,
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

/// A token of the vault, and what it is at CODING.
pub(super) struct ProjectTarget {
    /// The token.
    pub(super) token: Token,
    /// The number of its project.
    pub(super) project: u64,
    /// By what CODING tells it from others.
    pub(super) id: u64,
}

impl TargetArgs {
    /// Finds the tokens, and turns to where they are.
    pub(super) fn open(
        &self,
        cx: &mut CommandContext,
    ) -> Result<(CodingClient, Vec<ProjectTarget>), CommandError> {
        self.place.open(&self.names, cx)
    }
}

impl TargetLocationArgs {
    /// Finds tokens of the vault, and turns to where they are.
    pub(super) fn open(
        &self,
        names: &[String],
        cx: &mut CommandContext,
    ) -> Result<(CodingClient, Vec<ProjectTarget>), CommandError> {
        let inventory = cx.store.inventory()?;
        let tokens = find_all(&inventory, names)?;
        let mut place: Option<Endpoint> = None;
        for token in &tokens {
            if remote_of(token).is_none() && self.project.is_none() {
                return Err(CodingError::NotKnownThere(token.name.clone()).into());
            }
            let there = self.access.place_of(token, &inventory)?;
            if place.as_ref().is_some_and(|place| !place.is_same_origin(&there)) {
                return Err(CodingError::Apart.into());
            }
            place = Some(there);
        }
        let place = place.map_or_else(|| self.access.place(&inventory), Ok)?;
        let coding = self.access.open(place, cx)?;
        let mut targets = Vec::with_capacity(tokens.len());
        for token in tokens {
            targets.push(self.target(token, &coding, cx)?);
        }
        Ok((coding, targets))
    }

    fn target(
        &self,
        token: Token,
        coding: &CodingClient,
        cx: &mut CommandContext,
    ) -> Result<ProjectTarget, CommandError> {
        let noted =
            remote_of(&token).and_then(|remote| Some((remote.owner.parse().ok()?, remote.id.parse().ok()?)));
        if let Some((project, id)) = noted {
            return Ok(ProjectTarget { token, project, id });
        }
        let unknown = |token: &Token| CommandError::from(CodingError::NotKnownThere(token.name.clone()));
        let named = self.project.as_deref().ok_or_else(|| unknown(&token))?;
        let project = coding.project(named, &mut |line| cx.say(line))?.id;
        let there = coding.tokens(project, &mut |line| cx.say(line))?;
        let same = there.iter().find(|there| is_same(&token, there)).ok_or_else(|| unknown(&token))?;
        // From now on it is known without its project.
        let remote = remote(coding, Team::all_of(&token).next().as_ref(), project, same);
        cx.store.change(|draft| -> Result<_, CommandError> {
            draft.inventory.set_remote(token.id, Some(remote));
            Ok(())
        })?;
        Ok(ProjectTarget { project, id: same.id, token })
    }
}

impl ProjectTarget {
    /// True when a token of the vault is still this one: a new secret is another token's.
    pub(super) fn is_still(&self, token: &Token) -> bool {
        remote_of(token).is_some_and(|remote| remote.id == self.id.to_string())
    }

    /// Asks what CODING knows of it; `None` when it is not there any more.
    pub(super) fn fetch(
        &self,
        coding: &CodingClient,
        cx: &mut CommandContext,
    ) -> Result<Option<ProjectToken>, CodingApiError> {
        let tokens = coding.tokens(self.project, &mut |line| cx.say(line))?;
        Ok(tokens.into_iter().find(|there| there.id == self.id))
    }
}

/// True when a token of the vault is this one: CODING gives each a user name of its own.
pub(super) fn is_same(token: &Token, there: &ProjectToken) -> bool {
    matches!(&token.user, UserName::Named(user) if *user == there.user)
}

/// Returns what is to be noted of a project's token. The place is noted where it is not its team's usual one.
pub(super) fn remote(
    coding: &CodingClient,
    team: Option<&Team>,
    project: u64,
    there: &ProjectToken,
) -> Remote {
    let place = coding.place();
    let is_usual = team.is_some_and(|team| place.is_at(&team.interface()));
    Remote {
        service: Service::Coding,
        base_url: (!is_usual).then(|| place.to_string()),
        owner: project.to_string(),
        id: there.id.to_string(),
        last_used: there.last_used,
        rotation: None,
    }
}
