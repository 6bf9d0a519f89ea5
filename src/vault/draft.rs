//! A change to the vault that has not been written yet.

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
use crate::vault::format::{directory, entry, layout};
use crate::vault::keys::holders::Holders;
use crate::vault::keys::{Holder, HolderKind};
use crate::vault::seal::{Sealed, VaultKey, random_bytes};

/// A change to the vault that has not been written yet. Make one only while holding the vault's lock.
pub struct Draft {
    path: PathBuf,
    key: VaultKey,
    holders: Vec<Holder>,
    /// The tokens and choices, to be changed freely.
    pub inventory: Inventory,
    sealed: BTreeMap<TokenId, Sealed>,
    /// The associated data of each secret in `sealed`.
    bindings: BTreeMap<TokenId, Vec<u8>>,
    /// The parts of the vault on disk that show whether anything has changed; `None` when the vault has to
    /// be written in any case.
    saved: Option<SavedVault>,
}

struct SavedVault {
    entries: Vec<u8>,
    choices: Vec<Choice>,
    counters: Counters,
    holders: Vec<Holder>,
}

impl Draft {
    /// Begins a new vault.
    pub fn new(path: PathBuf, key: VaultKey, holder: Holder) -> Self {
        Self {
            path,
            key,
            holders: vec![holder],
            inventory: Inventory::default(),
            sealed: BTreeMap::new(),
            bindings: BTreeMap::new(),
            saved: None,
        }
    }

    /// Begins a change to a vault on disk. `contents` are all its contents, with which it was unlocked.
    pub fn from_vault(
        path: PathBuf,
        unlocked: UnlockedVault<'_>,
        contents: VaultContents,
    ) -> Result<Self, VaultError> {
        let (key, secrets) = unlocked.into_parts(&contents)?;
        let VaultContents { inventory, holders: Holders { list: holders, .. }, entries, .. } = contents;
        let (tokens, choices) = (inventory.tokens(), inventory.choices().to_vec());
        let saved = SavedVault { entries, choices, counters: inventory.counters(), holders: holders.clone() };
        Ok(Self {
            path,
            key,
            holders,
            sealed: tokens.iter().map(|token| token.id).zip(secrets).collect(),
            bindings: tokens.iter().map(|token| (token.id, entry::binding(token))).collect(),
            saved: Some(saved),
            inventory,
        })
    }

    /// Encrypts a token's secret, in place of any earlier one.
    pub fn set_secret(&mut self, token: TokenId, secret: &Secret) -> Result<(), VaultError> {
        let binding = self.inventory.tokens().iter().find(|other| other.id == token).map(entry::binding);
        let Some(binding) = binding else { return Ok(()) };
        self.sealed.insert(token, self.key.seal(secret, &binding)?);
        self.bindings.insert(token, binding);
        Ok(())
    }

    /// Decrypts a token's secret.
    pub fn secret(&self, token: &Token) -> Result<Secret, VaultError> {
        let damaged = || VaultError::DamagedSecret { path: self.path.clone(), name: token.name.clone() };
        let (sealed, binding) =
            self.sealed.get(&token.id).zip(self.bindings.get(&token.id)).ok_or_else(damaged)?;
        self.key.open(sealed.clone(), binding).ok_or_else(damaged)
    }

    /// Returns the vault's key. Call it only to give the key to a holder.
    pub fn key(&self) -> &VaultKey {
        &self.key
    }

    /// Returns the key holders.
    pub fn holders(&self) -> &[Holder] {
        &self.holders
    }

    /// Adds a key holder, in place of any of the same kind.
    pub fn add_holder(&mut self, holder: Holder) {
        self.remove_holder(holder.kind());
        self.holders.push(holder);
    }

    /// Removes the key holder of this kind.
    pub fn remove_holder(&mut self, kind: HolderKind) {
        self.holders.retain(|holder| holder.kind() != kind);
    }

    /// Encrypts every secret with another key, which these holders have. If a secret does not open, nothing changes.
    pub fn reseal(&mut self, key: VaultKey, holders: Vec<Holder>) -> Result<(), VaultError> {
        let mut sealed = BTreeMap::new();
        for token in self.inventory.tokens() {
            let binding = self.bindings.get(&token.id).map(Vec::as_slice).unwrap_or_default();
            sealed.insert(token.id, key.seal(&self.secret(token)?, binding)?);
        }
        (self.key, self.holders, self.sealed) = (key, holders, sealed);
        self.saved = None;
        Ok(())
    }

    /// Makes a copy for another file, with all secrets encrypted with another key.
    pub fn copy_to(&self, path: PathBuf, key: VaultKey, holder: Holder) -> Result<Self, VaultError> {
        let mut copy = Self { inventory: self.inventory.clone(), ..Self::new(path, key, holder) };
        for token in self.inventory.tokens() {
            copy.set_secret(token.id, &self.secret(token)?)?;
        }
        Ok(copy)
    }

    /// Writes the vault durably, even when nothing has changed, which proves that it can be written.
    pub fn rewrite(self) -> Result<(), VaultError> {
        Self { saved: None, ..self }.write()
    }

    /// Writes the vault durably, unless nothing has changed. After an error, the vault on disk is as it was.
    pub fn write(mut self) -> Result<(), VaultError> {
        self.reseal_changed_bindings()?;
        let encoded = EncodedEntries::encode(&self.inventory, &self.sealed);
        let is_unchanged = self.saved.as_ref().is_some_and(|saved| {
            saved.entries == encoded.entries
                && saved.choices == self.inventory.choices()
                && saved.counters == self.inventory.counters()
                && saved.holders == self.holders
        });
        if is_unchanged {
            return Ok(());
        }
        let base = random_bytes()?;
        let Self { path, key, holders, inventory, .. } = &self;
        let bytes = directory::encode(inventory, &encoded, holders, key, &base).and_then(|directory| {
            layout::assemble(&directory, &encoded.entries, &encoded.ciphertexts, key, &base)
        });
        Ok(disk::replace(path, &bytes.ok_or(VaultError::TooLarge)?, disk::PRIVATE)?)
    }

    /// Encrypts each secret again whose token has other scopes or keys than before.
    fn reseal_changed_bindings(&mut self) -> Result<(), VaultError> {
        let mut changed = Vec::new();
        for token in self.inventory.tokens() {
            if self.bindings.get(&token.id).is_some_and(|binding| *binding != entry::binding(token)) {
                changed.push((token.id, self.secret(token)?));
            }
        }
        changed.into_iter().try_for_each(|(token, secret)| self.set_secret(token, &secret))
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::incoming_token;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;
    use crate::vault::file::Vault;
    use crate::vault::seal::KEY_BYTES;

    fn key() -> VaultKey {
        VaultKey::from_bytes(&[1; KEY_BYTES]).expect("32 bytes")
    }

    fn add(draft: &mut Draft, name: &str) -> TokenId {
        let id =
            draft.inventory.add_with_free_name(incoming_token(name, "ghcr.io", Origin::Add), Timestamp(0));
        draft.set_secret(id, &Secret::new(Zeroizing::new("canary".to_owned()))).expect("sealed");
        id
    }

    #[test]
    fn the_number_of_a_token_that_is_added_and_removed_in_one_change_is_not_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let mut draft = Draft::new(path.clone(), key(), Holder::KeyFile);
        add(&mut draft, "a");
        draft.write().expect("written");
        for number in 2..4 {
            let vault = Vault::find(&path).expect("a vault").expect("there");
            let contents = vault.all_contents().expect("undamaged");
            let unlocked = vault.unlock(key(), &contents).expect("its key");
            let mut draft = Draft::from_vault(path.clone(), unlocked, contents).expect("read");
            let id = add(&mut draft, "b");
            assert_eq!(id, TokenId(number));
            draft.inventory.remove(id);
            draft.write().expect("written");
        }
    }
}
