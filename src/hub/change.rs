//! Relabels, switches and removes a token, at Docker Hub and in the vault.

use crate::hub::api::error::HubApiError;
use crate::hub::error::HubError;
use crate::hub::{HubSession, LinkedToken, token_with_id};
use crate::inventory::TokenChanges;
use crate::model::remote::Rotation;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::vault::draft::Draft;

impl HubSession<'_> {
    /// Changes a token's label, at Docker Hub and in the vault.
    pub fn relabel(&self, id: TokenId, label: &str) -> Result<(), HubError> {
        let linked = self.linked(id)?;
        let outcome = self.client.relabel(&linked.account, &linked.remote.id, label);
        self.check_changed(&linked, outcome)?;
        self.store.change(|draft| {
            let label = Some(Some(label.to_owned()));
            Ok(draft.inventory.edit(id, TokenChanges { label, ..TokenChanges::default() })?)
        })
    }

    /// Switches a token on: at Docker Hub first, so that no client gets a token that does not work.
    pub fn activate(&self, id: TokenId) -> Result<(), HubError> {
        let linked = self.linked(id)?;
        let outcome = self.client.switch(&linked.account, &linked.remote.id, true);
        self.check_changed(&linked, outcome)?;
        self.edit_vault(|draft| draft.inventory.activate(id))
    }

    /// Switches a token off: in the vault first, so that no client gets a token that does not work.
    pub fn deactivate(&self, id: TokenId) -> Result<(), HubError> {
        let linked = self.linked(id)?;
        self.edit_vault(|draft| draft.inventory.deactivate(id))?;
        let outcome = self.client.switch(&linked.account, &linked.remote.id, false);
        self.check_changed(&linked, outcome)
    }

    /// Deletes a token at Docker Hub, with the leftovers of an interrupted rotation, and then in the vault. In the
    /// opposite order, an interruption would lose the token's ID.
    pub fn remove(&self, id: TokenId) -> Result<(), HubError> {
        let linked = self.linked(id)?;
        self.delete_rotation_leftovers(&linked)?;
        self.client.delete(&linked.account, &linked.remote.id)?;
        self.store.change(|draft| match token_with_id(&draft.inventory, id) {
            // With another secret it is a different token, which was not deleted.
            Some(token) if !is_still(&linked, token) => Err(HubError::ChangedMeanwhile),
            Some(_) | None => {
                draft.inventory.remove(id);
                Ok(())
            }
        })
    }

    /// Deletes the other token that an interrupted rotation left at Docker Hub.
    fn delete_rotation_leftovers(&self, linked: &LinkedToken) -> Result<(), HubError> {
        match &linked.remote.rotation {
            Some(Rotation::Making { label }) => self.delete_lost(&linked.account, label),
            Some(Rotation::Made { successor, label }) => {
                let inventory = self.store.inventory()?;
                let new = token_with_id(&inventory, *successor).and_then(|token| token.remote.as_ref());
                let Some(new) = new else { return self.delete_lost(&linked.account, label) };
                self.client.delete(&linked.account, &new.id)?;
                self.edit_vault(|draft| draft.inventory.remove(*successor))
            }
            Some(Rotation::Switched { old, .. }) => Ok(self.client.delete(&linked.account, old).map(drop)?),
            Some(Rotation::Succeeds { .. }) | None => Ok(()),
        }
    }

    fn edit_vault(&self, edit: impl FnOnce(&mut Draft)) -> Result<(), HubError> {
        self.store.change(|draft| {
            edit(draft);
            Ok(())
        })
    }

    /// Checks the outcome of a change, and finds the reason when the token is gone or has expired.
    fn check_changed(
        &self,
        linked: &LinkedToken,
        outcome: Result<bool, HubApiError>,
    ) -> Result<(), HubError> {
        match outcome {
            Ok(true) => Ok(()),
            Ok(false) => Err(HubError::Gone(linked.token.name.clone())),
            Err(error @ HubApiError::Refused { status: 400..500, .. }) => {
                let listed = self.client.fetch(&linked.account, &linked.remote.id)?;
                match listed.and_then(|listed| listed.expires).filter(|expires| *expires <= self.now) {
                    Some(expires) => Err(HubError::Expired { name: linked.token.name.clone(), expires }),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// True when a token in the vault is still the same one at Docker Hub.
fn is_still(linked: &LinkedToken, token: &Token) -> bool {
    token.remote.as_ref().is_some_and(|remote| remote.id == linked.remote.id)
}
