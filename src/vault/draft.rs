//! A vault that is being changed, under its lock.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::inventory::{Counters, Inventory};
use crate::model::choice::Choice;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::system::disk;
use crate::vault::VaultError;
use crate::vault::file::{UnlockedVault, VaultContents};
use crate::vault::format::entry::EncodedEntries;
use crate::vault::format::nonce::BASE_BYTES;
use crate::vault::format::{directory, entry, layout};
use crate::vault::keys::{Holder, HolderKind};
use crate::vault::seal::{Sealed, VaultKey};

/// A vault that is being changed, under its lock.
pub struct Draft {
    path: PathBuf,
    key: VaultKey,
    /// Who has the key.
    holders: Vec<Holder>,
    /// The tokens and choices, to be changed freely.
    pub inventory: Inventory,
    sealed: BTreeMap<TokenId, Sealed>,
    /// What each secret is sealed with as it stands in `sealed`.
    bindings: BTreeMap<TokenId, Vec<u8>>,
    /// What stands on disk.
    written: Option<SavedVault>,
}

/// What of a vault on disk a draft is compared with.
struct SavedVault {
    entries: Vec<u8>,
    choices: Vec<Choice>,
    counters: Counters,
    holders: Vec<Holder>,
}

impl Draft {
    /// Begins a vault.
    pub fn new(path: PathBuf, key: VaultKey, holder: Holder) -> Self {
        Self {
            path,
            key,
            holders: vec![holder],
            inventory: Inventory::default(),
            sealed: BTreeMap::new(),
            bindings: BTreeMap::new(),
            written: None,
        }
    }

    /// Goes on with a vault on disk. `contents` are all of its tokens, with which it was unlocked.
    pub fn from_vault(
        path: PathBuf,
        unlocked: UnlockedVault<'_>,
        contents: VaultContents,
    ) -> Result<Self, VaultError> {
        let (key, secrets) = unlocked.into_parts(&contents)?;
        let VaultContents { inventory, holders, entries, .. } = contents;
        let tokens = inventory.tokens();
        let (mut sealed, mut bindings) = (BTreeMap::new(), BTreeMap::new());
        for (token, secret) in tokens.iter().zip(secrets) {
            sealed.insert(token.id, secret);
            bindings.insert(token.id, entry::binding(token));
        }
        Ok(Self {
            path,
            key,
            holders: holders.list.clone(),
            sealed,
            bindings,
            written: Some(SavedVault {
                entries,
                choices: inventory.choices().to_vec(),
                counters: inventory.counters(),
                holders: holders.list,
            }),
            inventory,
        })
    }

    /// Seals a token's secret in the place of any that it had.
    pub fn set_secret(&mut self, token: TokenId, secret: &Secret) -> Result<(), VaultError> {
        let Some(binding) = self.binding_now(token) else { return Ok(()) };
        self.sealed.insert(token, self.key.seal(secret, &binding)?);
        self.bindings.insert(token, binding);
        Ok(())
    }

    /// Opens a token's secret.
    pub fn secret(&self, token: &Token) -> Result<Secret, VaultError> {
        let damaged = || VaultError::DamagedSecret { path: self.path.clone(), name: token.name.clone() };
        let (sealed, binding) =
            self.sealed.get(&token.id).zip(self.bindings.get(&token.id)).ok_or_else(damaged)?;
        self.key.open(sealed.clone(), binding).ok_or_else(damaged)
    }

    /// Returns the vault's key. Call it where a holder is to have it, and nowhere else.
    pub fn key(&self) -> &VaultKey {
        &self.key
    }

    /// Returns who has the key.
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// Has one more holder keep the key, in the place of any of the same sort.
    pub fn add_holder(&mut self, holder: Holder) {
        self.remove_holder(holder.kind());
        self.holders.push(holder);
    }

    /// Has the holder of this sort keep the key no longer.
    pub fn remove_holder(&mut self, sort: HolderKind) {
        self.holders.retain(|holder| holder.kind() != sort);
    }

    /// Seals every secret with another key, which these holders have.
    ///
    /// # Errors
    /// When a secret does not open; then nothing has changed.
    pub fn reseal(&mut self, key: VaultKey, holders: Vec<Holder>) -> Result<(), VaultError> {
        let mut sealed = BTreeMap::new();
        for token in self.inventory.tokens() {
            let binding = self.bindings.get(&token.id).map(Vec::as_slice).unwrap_or_default();
            sealed.insert(token.id, key.seal(&self.secret(token)?, binding)?);
        }
        (self.key, self.holders, self.sealed) = (key, holders, sealed);
        self.written = None;
        Ok(())
    }

    /// Makes a copy of it to be written elsewhere, all of it sealed with another key.
    pub fn copy_to(&self, path: PathBuf, key: VaultKey, holder: Holder) -> Result<Self, VaultError> {
        let mut copy = Self { inventory: self.inventory.clone(), ..Self::new(path, key, holder) };
        for token in self.inventory.tokens() {
            copy.set_secret(token.id, &self.secret(token)?)?;
        }
        Ok(copy)
    }

    /// Writes it, durably, though nothing may have changed, which proves that it can be written.
    pub fn rewrite(self) -> Result<(), VaultError> {
        Self { written: None, ..self }.write()
    }

    /// Writes it, durably, in the place of the vault on disk; nothing when nothing has changed.
    ///
    /// # Errors
    /// When it cannot be written; then the vault on disk is as it was.
    pub fn write(mut self) -> Result<(), VaultError> {
        self.seal_again()?;
        let body = EncodedEntries::of(&self.inventory, &self.sealed);
        let is_written = self.written.as_ref().is_some_and(|written| {
            written.entries == body.entries()
                && written.choices == self.inventory.choices()
                && written.counters == self.inventory.counters()
                && written.holders == self.holders
        });
        if is_written {
            return Ok(());
        }
        let mut base = [0; BASE_BYTES];
        getrandom::fill(&mut base)?;
        let Self { path, key, holders, inventory, .. } = &self;
        let bytes = directory::encode(inventory, &body, holders, key, &base).and_then(|directory| {
            layout::assemble(&directory, body.entries(), body.ciphertexts(), key, &base)
        });
        Ok(disk::replace(path, &bytes.ok_or(VaultError::TooLarge)?, disk::PRIVATE)?)
    }

    /// Seals anew each secret whose token has other scopes or keys than those it was sealed with.
    fn seal_again(&mut self) -> Result<(), VaultError> {
        let mut moved = Vec::new();
        for token in self.inventory.tokens() {
            if self.bindings.get(&token.id).is_some_and(|sealed_with| *sealed_with != entry::binding(token)) {
                moved.push((token.id, self.secret(token)?));
            }
        }
        moved.into_iter().try_for_each(|(token, secret)| self.set_secret(token, &secret))
    }

    fn binding_now(&self, id: TokenId) -> Option<Vec<u8>> {
        self.inventory.tokens().iter().find(|token| token.id == id).map(entry::binding)
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::arrival;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;
    use crate::vault::file::Vault;
    use crate::vault::seal::KEY_BYTES;

    fn key() -> VaultKey {
        VaultKey::from_bytes(&[1; KEY_BYTES]).expect("32 bytes")
    }

    fn bring(draft: &mut Draft, name: &str) -> TokenId {
        let id = draft.inventory.add_with_free_name(arrival(name, "ghcr.io", Origin::Add), Timestamp(0));
        draft.set_secret(id, &Secret::new(Zeroizing::new("canary".to_owned()))).expect("sealed");
        id
    }

    #[test]
    fn a_number_stays_given_though_its_token_came_and_went_in_one_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let mut draft = Draft::new(path.clone(), key(), Holder::KeyFile);
        bring(&mut draft, "a");
        draft.write().expect("written");
        for number in 2..4 {
            let vault = Vault::find(&path).expect("a vault").expect("there");
            let contents = vault.all_contents().expect("undamaged");
            let unlocked = vault.unlock(key(), &contents).expect("its key");
            let mut draft = Draft::from_vault(path.clone(), unlocked, contents).expect("read");
            let id = bring(&mut draft, "b");
            assert_eq!(id, TokenId(number));
            draft.inventory.remove(id);
            draft.write().expect("written");
        }
    }
}
