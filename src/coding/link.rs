//! Finds project tokens at CODING: those of tokens in the vault, and those that a person names.

use crate::coding::api::project_token::ProjectToken;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::coding::{CodingSession, LinkedProjectToken, is_same_token};
use crate::model::token::Token;

impl CodingSession<'_> {
    /// Links a token in the vault with its project token. If the vault has no record of the project token, it is
    /// looked up in `project` by its user name, and then recorded.
    pub fn link(&self, token: Token, project: Option<&str>) -> Result<LinkedProjectToken, CodingError> {
        if let Some(linked) = LinkedProjectToken::from_token(&token) {
            return Ok(linked);
        }
        let not_linked = || CodingError::NotLinked(token.name.clone());
        let project = self.client.project(project.ok_or_else(not_linked)?)?.id;
        let all = self.client.tokens(project)?;
        let listed = all.iter().find(|listed| is_same_token(&token, listed)).ok_or_else(not_linked)?;
        let remote = self.remote(Team::all_from_scopes(&token).next().as_ref(), project, listed);
        self.store.change(|draft| -> Result<_, CodingError> {
            draft.inventory.set_remote(token.id, Some(remote));
            Ok(())
        })?;
        Ok(LinkedProjectToken { project, id: listed.id, token })
    }

    /// Returns a token as CODING has it; `None` when it no longer exists there.
    pub fn fetch(&self, linked: &LinkedProjectToken) -> Result<Option<ProjectToken>, CodingError> {
        let tokens = self.client.tokens(linked.project)?;
        Ok(tokens.into_iter().find(|listed| listed.id == linked.id))
    }

    /// Returns the token of a project with that user name, or else the only one with that name.
    pub fn find(&self, project: u64, name: &str) -> Result<ProjectToken, CodingError> {
        let tokens = self.client.tokens(project)?;
        let mut named = tokens.iter().filter(|listed| listed.name == name);
        let only_named = named.next().filter(|_| named.next().is_none());
        let found = tokens.iter().find(|listed| listed.user == name).or(only_named);
        found.cloned().ok_or_else(|| CodingError::NotFound(name.to_owned()))
    }
}
