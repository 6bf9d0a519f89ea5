//! Changes project tokens at CODING, then in the vault.

use crate::coding::api::project_scope::{ProjectScope, open_no_registry, permissions};
use crate::coding::api::project_token::ProjectToken;
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::create::ensure_within;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::coding::{CodingSession, LinkedProjectToken};
use crate::inventory::TokenChanges;
use crate::model::timestamp::Timestamp;
use crate::model::token::TokenState;

/// Changes to a project token; `None` leaves a property as it is.
pub struct ProjectTokenChanges {
    /// The token's name at CODING.
    pub name: Option<String>,
    pub scopes: Option<Vec<ProjectScope>>,
    /// The expiry; `Some(None)` means never.
    pub expires: Option<Option<Timestamp>>,
}

impl CodingSession<'_> {
    /// Changes a token where CODING offers that, and returns the token as CODING then has it. The vault records what
    /// CODING has, even if that is not what was requested. A token that opens no registry any more is switched off in
    /// the vault.
    pub fn edit(
        &self,
        linked: &LinkedProjectToken,
        changes: ProjectTokenChanges,
    ) -> Result<ProjectToken, CodingError> {
        let gone = || CodingError::NotFound(linked.token.name.to_string());
        let before = self.fetch(linked)?.ok_or_else(gone)?;
        // All fields are sent: CODING could interpret an omitted one as everything, or as never.
        let request = ProjectTokenRequest {
            name: changes.name.unwrap_or(before.name),
            scopes: changes.scopes.unwrap_or(before.scopes),
            expires: changes.expires.unwrap_or(before.expires),
        };
        self.client.modify(linked.project, linked.id, &request)?;
        let after = self.fetch(linked)?.ok_or_else(gone)?;
        let id = linked.token.id;
        let team = Team::all_from_scopes(&linked.token).next();
        let remote = self.remote(team.as_ref(), linked.project, &after);
        let changes = TokenChanges {
            permissions: Some(permissions(&after.scopes)),
            expires: Some(after.expires),
            ..TokenChanges::default()
        };
        self.store.change(|draft| -> Result<_, CodingError> {
            draft.inventory.edit(id, changes)?;
            draft.inventory.set_remote(id, Some(remote));
            if open_no_registry(&after.scopes) {
                draft.inventory.deactivate(id);
            }
            Ok(())
        })?;
        ensure_within(&after, &request, self.now)?;
        Ok(after)
    }

    /// Enables or disables a token where CODING offers that.
    pub fn switch(&self, linked: &LinkedProjectToken, to: TokenState) -> Result<(), CodingError> {
        self.client.switch(linked.project, linked.id, to)?;
        self.store.change(|draft| {
            match to {
                TokenState::Active => draft.inventory.activate(linked.token.id),
                TokenState::Inactive => draft.inventory.deactivate(linked.token.id),
            }
            Ok(())
        })
    }
}
