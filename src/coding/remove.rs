//! Deletes project tokens at CODING, then removes them from the vault.

use crate::coding::error::CodingError;
use crate::coding::{CodingSession, LinkedProjectToken};
use crate::model::token::Token;

/// The outcome of a removal.
pub struct RemoveReport {
    /// False when CODING no longer had the token.
    pub was_there: bool,
    /// False when the token in the vault has a new secret, and so was kept.
    pub is_removed_here: bool,
}

impl CodingSession<'_> {
    /// Deletes a token at CODING, and removes it from the vault when it is gone there.
    pub fn remove(&self, linked: &LinkedProjectToken) -> Result<RemoveReport, CodingError> {
        let was_there = self.delete(linked)?;
        let is_removed_here = self.store.change(|draft| -> Result<_, CodingError> {
            // With another secret it is a different token, which was not deleted.
            let is_other = |token: &Token| token.id == linked.token.id && !linked.is_still(token);
            let is_removed = !draft.inventory.tokens().iter().any(is_other);
            if is_removed {
                draft.inventory.remove(linked.token.id);
            }
            Ok(is_removed)
        })?;
        Ok(RemoveReport { was_there, is_removed_here })
    }

    /// Deletes a token at CODING; false when it was already gone. A failure may mean that, so it is checked.
    fn delete(&self, linked: &LinkedProjectToken) -> Result<bool, CodingError> {
        let Err(error) = self.client.delete(linked.project, linked.id) else { return Ok(true) };
        match self.fetch(linked) {
            Ok(None) => Ok(false),
            Ok(Some(_)) | Err(_) => Err(error.into()),
        }
    }
}
