//! Creates a project token at CODING and stores it in the vault.

use crate::coding::CodingSession;
use crate::coding::api::project_scope::permissions;
use crate::coding::api::project_token::{ProjectToken, earliest_expiry};
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::inventory::IncomingToken;
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::token::{Origin, TokenKind, UserName};
use crate::vault::store::StoreError;

/// A project token to create.
pub struct NewProjectToken {
    /// The token's name in the vault.
    pub name: Name,
    pub request: ProjectTokenRequest,
    pub team: Team,
    /// The number of the project.
    pub project: u64,
    /// The token's scope in the vault.
    pub scope: Scope,
}

impl CodingSession<'_> {
    /// Creates a token, stores it and puts it in use. A token that cannot be stored is deleted at CODING again.
    pub fn create(&self, new: &NewProjectToken) -> Result<ProjectToken, CodingError> {
        self.store.ensure_writable()?;
        let (created, secret) = self.client.create(new.project, &new.request)?;
        match self.keep(new, &created, &secret) {
            Ok(()) => Ok(created),
            Err(error) => Err(self.undo(new.project, &created, error)),
        }
    }

    fn keep(
        &self,
        new: &NewProjectToken,
        created: &ProjectToken,
        secret: &Secret,
    ) -> Result<(), CodingError> {
        self.store.change(|draft| {
            let token = IncomingToken {
                name: new.name.clone(),
                kind: TokenKind::Project,
                user: UserName::new(&created.user, secret),
                scopes: vec![new.scope.clone()],
                keys: Vec::new(),
                label: Some(new.request.name.clone()).filter(|label| label != new.name.as_str()),
                permissions: permissions(&new.request.scopes),
                expires: created.expires.or(new.request.expires.map(earliest_expiry)),
                origin: Origin::Add,
                profile: None,
                remote: Some(self.remote(Some(&new.team), new.project, created)),
            };
            let id = draft.inventory.add(token, self.now)?;
            draft.set_secret(id, secret).map_err(StoreError::from)?;
            draft.inventory.use_everywhere(id);
            Ok(())
        })
    }

    /// Deletes a token that could not be stored: nothing else would keep track of it.
    fn undo(&self, project: u64, created: &ProjectToken, source: CodingError) -> CodingError {
        let outcome = match self.client.delete(project, created.id) {
            Ok(()) => "is deleted again at CODING".to_owned(),
            Err(error) => {
                format!("is left at CODING as \"{}\", user name {}: {error}", created.name, created.user)
            }
        };
        CodingError::NotKept { source: Box::new(source), outcome }
    }
}
