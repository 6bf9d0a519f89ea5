//! Creates a token at Docker Hub and stores it in the vault.

use crate::hub::HubSession;
use crate::hub::api::HubAccount;
use crate::hub::api::client::CreateRequest;
use crate::hub::api::token::{NewApiToken, TokenAccess};
use crate::hub::error::HubError;
use crate::hub::label_marker::mark_label;
use crate::inventory::precedence::{WiderToken, use_without_loss};
use crate::inventory::{IncomingToken, NameTaken};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, UserName};
use crate::model::token_id::TokenId;

/// A token to create.
#[derive(Debug)]
pub struct NewToken {
    /// The token's name in the vault.
    pub name: Name,
    /// The token's label at Docker Hub.
    pub label: String,
    pub account: HubAccount,
    pub access: TokenAccess,
    pub expires: Option<Timestamp>,
    /// The token's scopes in the vault; none for a token that opens no registry.
    pub scopes: Vec<Scope>,
}

/// A token that was created and stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateReport {
    pub id: TokenId,
    /// The access that Docker Hub granted, which may be less than requested.
    pub access: TokenAccess,
    /// False when the token still has the label with which it was created.
    pub has_label: bool,
    /// The tokens that stay in use because they may do more.
    pub wider: Vec<WiderToken>,
}

impl HubSession<'_> {
    /// Creates a token and stores it. It is put in use where that takes nothing away from another one. A token that
    /// may do more or lasts longer than requested, or that cannot be stored, is deleted at Docker Hub again. The vault
    /// records what Docker Hub has made.
    pub fn create(&self, new: &NewToken) -> Result<CreateReport, HubError> {
        // The key and the lock are tried first, so that no token is created that cannot be stored.
        self.store.ensure_vault()?;
        self.store.change(|draft| match draft.inventory.find_by_name(new.name.as_str()) {
            Some(_) => Err(NameTaken(new.name.clone()).into()),
            None => Ok::<_, HubError>(()),
        })?;
        let label = mark_label(&new.label).map_err(HubError::Random)?;
        let request = CreateRequest { label: &label, access: &new.access, expires: new.expires };
        let created = self.create_or_clean_up(&new.account, &request)?;
        let kept = self.store_new(new, &created);
        let (id, wider) = kept.map_err(|error| self.undo(&new.account, &created, error))?;
        let relabelled = self.client.relabel(&new.account, &created.listed.id, &new.label);
        let has_label = relabelled.is_ok_and(|is_there| is_there);
        Ok(CreateReport { id, access: created.listed.access, has_label, wider })
    }

    fn store_new(
        &self,
        new: &NewToken,
        created: &NewApiToken,
    ) -> Result<(TokenId, Vec<WiderToken>), HubError> {
        let listed = &created.listed;
        let remote = self.remote(&new.account, listed);
        // A person's own scopes stay; the usual ones follow from what the token may do.
        let has_own_scopes = new.scopes != new.access.vault_scopes() && !listed.access.opens_no_registry();
        let scopes = if has_own_scopes { new.scopes.clone() } else { listed.access.vault_scopes() };
        self.store.change(|draft| {
            let incoming = IncomingToken {
                name: new.name.clone(),
                kind: new.account.token_kind(),
                user: UserName::new(&remote.owner, &created.secret),
                scopes: scopes.clone(),
                keys: Vec::new(),
                label: Some(new.label.clone()),
                permissions: listed.access.permissions(),
                expires: listed.expires,
                origin: Origin::Add,
                profile: None,
                remote: Some(remote),
            };
            // If the name was taken in the meantime, the token gets a number, because it exists and must not be
            // lost.
            let id = draft.inventory.add_with_free_name(incoming, self.now);
            draft.set_secret(id, &created.secret)?;
            if !listed.is_active {
                draft.inventory.deactivate(id);
                return Ok((id, Vec::new()));
            }
            Ok((id, use_without_loss(&mut draft.inventory, id, self.now)))
        })
    }
}
