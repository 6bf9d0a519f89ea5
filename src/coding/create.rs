//! Creates a project token at CODING and stores it in the vault.

use crate::coding::CodingSession;
use crate::coding::api::project_scope::permissions;
use crate::coding::api::project_token::{ProjectToken, earliest_expiry};
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::inventory::IncomingToken;
use crate::inventory::precedence::{WiderToken, use_without_loss};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, TokenKind, UserName};
use crate::model::token_id::TokenId;
use crate::provider::issued::{IssuedExpiry, excess, unfit_secret};
use crate::vault::store::StoreError;

/// A project token to create.
pub struct NewProjectToken {
    /// The token's name in the vault.
    pub name: Name,
    pub request: ProjectTokenRequest,
    pub team: Team,
    /// The number of the project.
    pub project: u64,
    /// The token's scope in the vault; `None` for a token that opens no registry.
    pub scope: Option<Scope>,
}

/// A project token that was created and stored.
#[derive(Debug)]
pub struct CreatedProjectToken {
    pub id: TokenId,
    pub token: ProjectToken,
    /// The tokens that stay in use because they may do more.
    pub wider: Vec<WiderToken>,
}

impl CodingSession<'_> {
    /// Creates a token, stores it and puts it in use where that takes nothing away from another one. A token that may
    /// do more or lasts longer than requested, or that cannot be stored, is deleted at CODING again.
    pub fn create(&self, new: &NewProjectToken) -> Result<CreatedProjectToken, CodingError> {
        self.store.ensure_writable()?;
        let (mut created, secret) = self.client.create(new.project, &new.request)?;
        let unfit = unfit_secret(&secret).map_or(Ok(()), |unfit| Err(CodingError::Exceeds(unfit.to_owned())));
        let kept = unfit
            .and_then(|()| self.complete(new, &mut created))
            .and_then(|()| self.keep(new, &created, &secret));
        match kept {
            Ok((id, wider)) => Ok(CreatedProjectToken { id, token: created, wider }),
            Err(error) => Err(self.undo(new.project, &created, error)),
        }
    }

    /// Adds what the answer to the creation does not report, and compares the token with the request.
    fn complete(&self, new: &NewProjectToken, created: &mut ProjectToken) -> Result<(), CodingError> {
        let is_complete =
            |token: &ProjectToken| !token.scopes.is_empty() && (token.expires.is_some() || token.is_endless);
        if !is_complete(created) {
            let listed = self.client.tokens(new.project)?;
            if let Some(listed) = listed.into_iter().find(|listed| listed.id == created.id) {
                *created = listed;
            }
        }
        ensure_within(created, &new.request, self.now)?;
        if created.scopes.is_empty() {
            created.scopes.clone_from(&new.request.scopes);
        }
        Ok(())
    }

    fn keep(
        &self,
        new: &NewProjectToken,
        created: &ProjectToken,
        secret: &Secret,
    ) -> Result<(TokenId, Vec<WiderToken>), CodingError> {
        self.store.change(|draft| {
            let token = IncomingToken {
                name: new.name.clone(),
                kind: TokenKind::Project,
                user: UserName::new(&created.user, secret),
                scopes: new.scope.clone().into_iter().collect(),
                keys: Vec::new(),
                label: Some(new.request.name.clone()).filter(|label| label != new.name.as_str()),
                permissions: permissions(&created.scopes),
                expires: created.expires.or(new.request.expires.map(earliest_expiry)),
                origin: Origin::Add,
                profile: None,
                // Without a scope in the vault, nothing else shows the team.
                remote: Some(self.remote(new.scope.as_ref().map(|_| &new.team), new.project, created)),
            };
            let id = draft.inventory.add(token, self.now)?;
            draft.set_secret(id, secret).map_err(StoreError::from)?;
            Ok((id, use_without_loss(&mut draft.inventory, id, self.now)))
        })
    }

    /// Deletes a token that could not be stored: nothing else would keep track of it.
    fn undo(&self, project: u64, created: &ProjectToken, source: CodingError) -> CodingError {
        let outcome = match self.client.delete(project, created.id) {
            Ok(()) => "is deleted again at CODING".to_owned(),
            Err(error) => {
                let safe = |text: &str| self.client.redact_text(text);
                let (name, user) = (safe(&created.name), safe(&created.user));
                format!("is left at CODING as \"{name}\", user name {user}: {error}")
            }
        };
        CodingError::NotKept { source: Box::new(source), outcome }
    }
}

/// Checks that a token at CODING may do no more and lasts no longer than requested, and has not expired.
pub(super) fn ensure_within(
    token: &ProjectToken,
    request: &ProjectTokenRequest,
    now: Timestamp,
) -> Result<(), CodingError> {
    let issued = match token.expires {
        Some(expires) => IssuedExpiry::At(expires),
        None if token.is_endless => IssuedExpiry::Never,
        None => IssuedExpiry::Unreported,
    };
    excess(&token.scopes, &request.scopes, issued, request.expires, now)
        .map_or(Ok(()), |excess| Err(CodingError::Exceeds(excess)))
}
