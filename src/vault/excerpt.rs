//! Reads tokens from the vault and releases their secrets.

use crate::inventory::Inventory;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::vault::VaultError;
use crate::vault::file::{UnlockedVault, Vault, VaultContents};
use crate::vault::keys::holders::Holders;
use crate::vault::seal::VaultKey;
use crate::vault::store::{StoreError, VaultStore};

/// Some tokens of a vault, or all. They are verified by [`release`](Self::release), which returns a secret, and, if
/// the key is at hand, by [`confirm`](Self::confirm), for an answer without a secret.
pub struct Excerpt<'k> {
    store: &'k VaultStore,
    /// `None` for an excerpt with all tokens.
    key: Option<&'k Key>,
    vault: Option<Vault>,
    contents: VaultContents,
}

/// An excerpt that was verified with the vault's key.
pub struct UnlockedExcerpt<'e> {
    unlocked: UnlockedVault<'e>,
    contents: &'e VaultContents,
}

impl UnlockedExcerpt<'_> {
    /// Decrypts the secret of one of the excerpt's tokens.
    pub fn release(&self, token: &Token) -> Result<Secret, StoreError> {
        Ok(self.unlocked.secret(token, self.contents)?)
    }
}

impl VaultStore {
    /// Reads the tokens that may concern a registry key, or all tokens.
    pub fn excerpt<'k>(&'k self, key: Option<&'k Key>) -> Result<Excerpt<'k>, StoreError> {
        let vault = Vault::find(self.path())?;
        let contents = match (&vault, key) {
            (Some(vault), Some(key)) => vault.contents_about(key)?,
            (Some(vault), None) => vault.all_contents()?,
            (None, _) => VaultContents::default(),
        };
        Ok(Excerpt { store: self, key, vault, contents })
    }
}

impl Excerpt<'_> {
    /// Returns the tokens and all choices.
    pub fn inventory(&self) -> &Inventory {
        &self.contents.inventory
    }

    /// Returns the key holders; `None` when there is no vault.
    pub fn holders(&self) -> Option<&Holders> {
        self.vault.is_some().then_some(&self.contents.holders)
    }

    /// Verifies the excerpt with the key, and decrypts the secret of one of its tokens.
    pub fn release(&self, token: &Token) -> Result<Secret, StoreError> {
        match self.store.key(&self.contents.holders) {
            Ok(key) => self.open(token, key),
            Err(error) => self.release_renewed(token).unwrap_or(Err(error)),
        }
    }

    /// Verifies the excerpt with the key, for the secrets of many tokens. `None` when there is no vault.
    pub fn unlock(&self) -> Result<Option<UnlockedExcerpt<'_>>, StoreError> {
        let Some(vault) = &self.vault else { return Ok(None) };
        let unlocked = vault.unlock(self.store.key(&self.contents.holders)?, &self.contents)?;
        Ok(Some(UnlockedExcerpt { unlocked, contents: &self.contents }))
    }

    /// Verifies the excerpt with the key, and decrypts the secrets of all its tokens, in their order.
    pub fn release_all(&self) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        let Some(unlocked) = self.unlock()? else { return Ok(Vec::new()) };
        Ok(self.inventory().tokens().iter().map(|token| unlocked.release(token)).collect())
    }

    fn open(&self, token: &Token, key: VaultKey) -> Result<Secret, StoreError> {
        let damaged =
            || VaultError::DamagedSecret { path: self.store.path().to_owned(), name: token.name.clone() };
        let unlocked = self.vault.as_ref().ok_or_else(damaged)?.unlock(key, &self.contents)?;
        Ok(unlocked.secret(token, &self.contents)?)
    }

    /// Releases the secret from the vault as it is now, when its key was renewed after the excerpt was read:
    /// nothing holds the old key any more.
    #[cold]
    fn release_renewed(&self, token: &Token) -> Option<Result<Secret, StoreError>> {
        let now = self.store.excerpt(self.key).ok()?;
        let is_renewed = now.contents.holders.fingerprint != self.contents.holders.fingerprint;
        let same = now.inventory().tokens().iter().find(|other| other.id == token.id)?;
        is_renewed.then(|| now.open(same, self.store.key(&now.contents.holders)?))
    }

    /// Checks that the excerpt is not damaged, and verifies it if a file or the kernel's memory has the key. Returns
    /// whether it is verified; without a vault there is nothing to verify.
    pub fn confirm(&self) -> Result<bool, StoreError> {
        let Some(vault) = &self.vault else { return Ok(true) };
        match self.store.key_at_hand(&self.contents.holders) {
            Ok(Some(key)) => Ok(vault.unlock(key, &self.contents).map(|_| true)?),
            Ok(None) => {
                vault.check()?;
                if !self.contents.is_empty() {
                    vault.checked_entries()?;
                }
                self.store.note_unproven();
                Ok(false)
            }
            Err(error) => self.confirm_renewed().unwrap_or(Err(error)),
        }
    }

    /// Verifies the vault as it is now, when its key was renewed after the excerpt was read. A renewal changes no token.
    #[cold]
    fn confirm_renewed(&self) -> Option<Result<bool, StoreError>> {
        let now = self.store.excerpt(self.key).ok()?;
        let is_renewed = now.contents.holders.fingerprint != self.contents.holders.fingerprint;
        is_renewed.then(|| now.confirm())
    }
}
