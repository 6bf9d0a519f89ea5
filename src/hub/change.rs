//! Changes a token at Docker Hub and in the vault: its label, whether it works, whether it is there at all.

use crate::hub::api::error::HubApiError;
use crate::hub::error::HubError;
use crate::hub::{HubSession, LinkedToken, with_id};
use crate::inventory::TokenChanges;
use crate::model::remote::Rotation;
use crate::model::token::Token;
use crate::model::token_id::TokenId;

impl HubSession<'_> {
    /// Gives a token another label, there and here.
    pub fn relabel(&self, id: TokenId, label: &str) -> Result<(), HubError> {
        let known = self.known(id)?;
        self.patched(&known, self.hub.relabel(&known.account, &known.remote.id, label))?;
        self.store.change(|draft| {
            let label = Some(Some(label.to_owned()));
            Ok(draft.inventory.edit(id, TokenChanges { label, ..TokenChanges::default() })?)
        })
    }

    /// Switches a token on: there first, so that none is given out that does not work.
    pub fn activate(&self, id: TokenId) -> Result<(), HubError> {
        let known = self.known(id)?;
        self.patched(&known, self.hub.switch(&known.account, &known.remote.id, true))?;
        self.store.change(|draft| {
            draft.inventory.activate(id);
            Ok(())
        })
    }

    /// Switches a token off: here first, so that none is given out that does not work.
    pub fn deactivate(&self, id: TokenId) -> Result<(), HubError> {
        let known = self.known(id)?;
        self.store.change(|draft| -> Result<_, HubError> {
            draft.inventory.deactivate(id);
            Ok(())
        })?;
        self.patched(&known, self.hub.switch(&known.account, &known.remote.id, false))
    }

    /// Deletes a token there, with what a rotation that was stopped has left, and then here: the other way
    /// round a stop would lose by what it is known there.
    pub fn remove(&self, id: TokenId) -> Result<(), HubError> {
        let known = self.known(id)?;
        self.sweep(&known)?;
        self.hub.delete(&known.account, &known.remote.id)?;
        self.store.change(|draft| {
            // With another secret it is another token, which nothing has deleted.
            match with_id(&draft.inventory, id) {
                Some(token) if !is_still(&known, token) => Err(HubError::Meanwhile),
                Some(_) | None => {
                    draft.inventory.remove(id);
                    Ok(())
                }
            }
        })
    }

    /// Deletes at Docker Hub what a rotation that was stopped has left beside the token.
    fn sweep(&self, known: &LinkedToken) -> Result<(), HubError> {
        match &known.remote.rotation {
            Some(Rotation::Making { label }) => self.clear(&known.account, label),
            Some(Rotation::Made { successor, label }) => {
                let inventory = self.store.inventory()?;
                let new = with_id(&inventory, *successor).and_then(|token| token.remote.as_ref());
                let Some(new) = new else { return self.clear(&known.account, label) };
                self.hub.delete(&known.account, &new.id)?;
                self.drop_from_vault(*successor)
            }
            Some(Rotation::Switched { old, .. }) => Ok(self.hub.delete(&known.account, old).map(drop)?),
            Some(Rotation::Succeeds { .. }) | None => Ok(()),
        }
    }

    fn drop_from_vault(&self, id: TokenId) -> Result<(), HubError> {
        self.store.change(|draft| {
            draft.inventory.remove(id);
            Ok(())
        })
    }

    /// Tells why nothing could be changed of a token that is gone or has expired.
    fn patched(&self, known: &LinkedToken, outcome: Result<bool, HubApiError>) -> Result<(), HubError> {
        match outcome {
            Ok(true) => Ok(()),
            Ok(false) => Err(HubError::Gone(known.token.name.clone())),
            Err(error @ HubApiError::Refused { status: 400..500, .. }) => {
                let there = self.hub.one(&known.account, &known.remote.id)?;
                match there.and_then(|there| there.expires).filter(|end| *end <= self.now) {
                    Some(end) => Err(HubError::Expired { name: known.token.name.clone(), end }),
                    None => Err(error.into()),
                }
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// True when a token of the vault is still the same one at Docker Hub.
fn is_still(known: &LinkedToken, token: &Token) -> bool {
    token.remote.as_ref().is_some_and(|remote| remote.id == known.remote.id)
}
