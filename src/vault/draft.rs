//! A change to the vault that has not been written yet.

use std::collections::BTreeMap;
use std::mem;
use std::path::PathBuf;

use crate::inventory::{Counters, Inventory};
use crate::model::choice::Choice;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, PreviousSecret, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::FOLDER_PREFIX;
use crate::system::disk;
use crate::vault::VaultError;
use crate::vault::file::{UnlockedVault, VaultContents};
use crate::vault::format::entry::{EncodedEntries, SealedSecrets};
use crate::vault::format::{directory, entry, layout, readable};
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
    sealed: BTreeMap<TokenId, SealedSecrets>,
    /// The associated data of the secrets in `sealed`.
    bindings: BTreeMap<TokenId, Vec<u8>>,
    /// The parts of the vault on disk that show whether anything has changed; `None` when the vault has to
    /// be written in any case.
    saved: Option<SavedVault>,
    /// True when the vault on disk has version 1 of the format and this key.
    is_first_version: bool,
    /// The end of the name under which the vault is written before it replaces the old one.
    new_suffix: &'static str,
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
            is_first_version: false,
            new_suffix: disk::NEW_SUFFIX,
        }
    }

    /// Begins a change to a vault on disk. `contents` are all its contents, with which it was unlocked.
    pub fn from_vault(
        path: PathBuf,
        unlocked: UnlockedVault<'_>,
        contents: VaultContents,
    ) -> Result<Self, VaultError> {
        let (key, secrets) = unlocked.into_parts(&contents)?;
        let VaultContents {
            inventory, holders: Holders { list: holders, .. }, version, seals, entries, ..
        } = contents;
        let (tokens, choices) = (inventory.tokens(), inventory.choices().to_vec());
        let (counters, holders_then) = (inventory.counters(), holders.clone());
        let saved = SavedVault { entries, choices, counters, holders: holders_then };
        Ok(Self {
            path,
            key,
            holders,
            sealed: tokens.iter().map(|token| token.id).zip(secrets).collect(),
            bindings: tokens
                .iter()
                .zip(&seals)
                .map(|(token, seals)| (token.id, seals.binding(token)))
                .collect(),
            saved: Some(saved),
            is_first_version: version == 1,
            new_suffix: disk::NEW_SUFFIX,
            inventory,
        })
    }

    /// Encrypts a token's secret, in place of any earlier one. The previous secret stays, if it is kept.
    pub fn set_secret(&mut self, token: TokenId, secret: &Secret) -> Result<(), VaultError> {
        let binding = self.inventory.find(token).map(entry::binding);
        let Some(binding) = binding else { return Ok(()) };
        // User names are readable, also that of a previous secret.
        let is_readable = |previous: &PreviousSecret| previous.user.is_text(secret.expose());
        let previous = self.inventory.find(token).and_then(|token| token.previous.as_ref());
        if previous.is_some_and(is_readable) {
            self.inventory.set_previous(token, None);
        }
        self.reseal_previous(token, &binding)?;
        let current = self.key.seal(secret, &binding)?;
        let previous = self.sealed.remove(&token).and_then(|sealed| sealed.previous);
        self.sealed.insert(token, SealedSecrets { current, previous });
        self.bindings.insert(token, binding);
        Ok(())
    }

    /// Encrypts a token's previous secret. The token must have a current one.
    pub fn set_previous_secret(&mut self, token: TokenId, secret: &Secret) -> Result<(), VaultError> {
        if let (Some(sealed), Some(binding)) = (self.sealed.get_mut(&token), self.bindings.get(&token)) {
            sealed.previous = Some(self.key.seal(secret, binding)?);
        }
        Ok(())
    }

    /// Decrypts a token's secret.
    pub fn secret(&self, token: &Token) -> Result<Secret, VaultError> {
        self.open(token, |sealed| Some(&sealed.current))
    }

    /// Decrypts a token's previous secret.
    pub fn previous_secret(&self, token: &Token) -> Result<Secret, VaultError> {
        self.open(token, |sealed| sealed.previous.as_ref())
    }

    fn open(
        &self,
        token: &Token,
        select: impl Fn(&SealedSecrets) -> Option<&Sealed>,
    ) -> Result<Secret, VaultError> {
        let damaged = || VaultError::DamagedSecret { path: self.path.clone(), name: token.name.clone() };
        let sealed = self.sealed.get(&token.id).and_then(select);
        let (sealed, binding) = sealed.zip(self.bindings.get(&token.id)).ok_or_else(damaged)?;
        self.key.open(sealed.clone(), binding).ok_or_else(damaged)
    }

    /// Keeps the current secret of a token as its previous one. Call it before the token gets a new secret.
    pub fn keep_previous(&mut self, token: TokenId, now: Timestamp) {
        let current = self.inventory.find(token);
        // One that is not worth keeping does not displace an earlier one.
        let Some(current) = current.filter(|current| PreviousSecret::is_worth_keeping(current)) else {
            return;
        };
        let previous = PreviousSecret::of(current, now);
        if let Some(sealed) = self.sealed.get_mut(&token) {
            sealed.previous = Some(sealed.current.clone());
        }
        self.inventory.set_previous(token, Some(previous));
    }

    /// Exchanges the current secret of a token and its previous one. Returns false when there is none.
    pub fn restore_previous(&mut self, token: TokenId, now: Timestamp) -> bool {
        let Some(SealedSecrets { current, previous: Some(previous) }) = self.sealed.get_mut(&token) else {
            return false;
        };
        if !self.inventory.restore_previous(token, now) {
            return false;
        }
        mem::swap(current, previous);
        true
    }

    /// Drops what is not kept any longer: previous secrets whose time is over, and logins under a Docker configuration
    /// folder that is gone.
    pub fn drop_outdated(&mut self, now: Timestamp, folder_exists: impl Fn(&str) -> bool) {
        let mut gone = Vec::new();
        for token in self.inventory.tokens() {
            let is_over = |previous: &PreviousSecret| previous.kept_until() <= now;
            let folder = token.profile.as_ref().and_then(|profile| profile.strip_prefix(FOLDER_PREFIX));
            if token.origin == Origin::Store && folder.is_some_and(|folder| !folder_exists(folder)) {
                gone.push((token.id, true));
            } else if token.previous.as_ref().is_some_and(is_over) {
                gone.push((token.id, false));
            }
        }
        for (token, is_login) in gone {
            if is_login { self.inventory.remove(token) } else { self.inventory.set_previous(token, None) }
        }
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
            let current = key.seal(&self.secret(token)?, binding)?;
            // A previous secret that does not open is lost already.
            let previous =
                self.previous_secret(token).ok().map(|secret| key.seal(&secret, binding)).transpose()?;
            sealed.insert(token.id, SealedSecrets { current, previous });
        }
        (self.key, self.holders, self.sealed) = (key, holders, sealed);
        self.saved = None;
        // A copy would be under the old key, which is discarded.
        self.is_first_version = false;
        Ok(())
    }

    /// Makes a copy for another file, with all secrets encrypted with another key. It is written under a name with
    /// this end before it replaces the file.
    pub fn copy_to(
        &self,
        path: PathBuf,
        new_suffix: &'static str,
        key: VaultKey,
        holder: Holder,
    ) -> Result<Self, VaultError> {
        let mut copy = Self { inventory: self.inventory.clone(), new_suffix, ..Self::new(path, key, holder) };
        for token in self.inventory.tokens() {
            copy.set_secret(token.id, &self.secret(token)?)?;
            let binding = entry::binding(token);
            let previous = self.previous_secret(token).ok();
            let previous = previous.map(|secret| copy.key.seal(&secret, &binding)).transpose()?;
            if let Some(sealed) = copy.sealed.get_mut(&token.id) {
                sealed.previous = previous;
            }
        }
        Ok(copy)
    }

    /// Makes the next write happen even when nothing has changed, to prove that it can.
    pub fn touch(&mut self) {
        self.saved = None;
    }

    /// Writes the vault durably, unless nothing has changed. After an error, the vault on disk is as it was.
    pub fn write(self) -> Result<(), VaultError> {
        self.write_and_count().map(drop)
    }

    /// Writes the vault like [`write`](Self::write), and returns the number of this write; `None` when nothing has
    /// changed.
    pub fn write_and_count(mut self) -> Result<Option<u64>, VaultError> {
        self.reseal_changed_bindings()?;
        let encoded = EncodedEntries::encode(&self.inventory, &self.sealed);
        let is_unchanged = self.saved.as_ref().is_some_and(|saved| {
            saved.entries == encoded.entries
                && saved.choices == self.inventory.choices()
                && saved.counters == self.inventory.counters()
                && saved.holders == self.holders
        });
        if is_unchanged {
            return Ok(None);
        }
        let writes = self.inventory.counters().writes.saturating_add(1);
        self.inventory.set_writes(writes);
        let version = layout::format_version(&self.inventory);
        if version > 1 && self.is_first_version {
            self.keep_first_version()?;
        }
        let base = random_bytes()?;
        let Self { path, key, holders, inventory, .. } = &self;
        let encoding = directory::encode(version, inventory, &encoded, holders, key, &base);
        let (directory, pages, counts) = encoding.ok_or(VaultError::TooLarge)?;
        let bytes =
            layout::assemble(version, &directory, &encoded.entries, &pages, &encoded.ciphertexts, key, &base);
        let bytes = bytes.ok_or(VaultError::TooLarge)?;
        if !readable::is_readable(inventory, &counts, bytes.len() as u64) {
            return Err(VaultError::TooManyItems);
        }
        disk::replace_through(path, self.new_suffix, &bytes, disk::PRIVATE)?;
        Ok(Some(writes))
    }

    /// Copies the vault to `vault.bak` before version 0.1 of the program cannot read it any more.
    fn keep_first_version(&self) -> Result<(), VaultError> {
        let Some((bytes, _)) = disk::read(&self.path, layout::MAX_FILE_BYTES)? else { return Ok(()) };
        let backup = disk::with_suffix(&disk::without_links(&self.path), ".bak");
        Ok(disk::replace_link(&backup, &bytes, disk::PRIVATE)?)
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

    /// Encrypts a previous secret again with new associated data. One that does not open is dropped.
    fn reseal_previous(&mut self, token: TokenId, binding: &[u8]) -> Result<(), VaultError> {
        let Some(current) = self.inventory.find(token) else {
            return Ok(());
        };
        if self.bindings.get(&token).is_none_or(|old| old == binding) {
            return Ok(());
        }
        let previous = self.previous_secret(current).ok();
        let previous = previous.map(|secret| self.key.seal(&secret, binding)).transpose()?;
        if let Some(sealed) = self.sealed.get_mut(&token) {
            sealed.previous = previous;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::incoming_token;
    use crate::vault::file::Vault;
    use crate::vault::seal::KEY_BYTES;

    fn key() -> VaultKey {
        VaultKey::from_bytes(&[1; KEY_BYTES]).expect("32 bytes")
    }

    fn add(draft: &mut Draft, name: &str, scope: &str) -> TokenId {
        let id = draft.inventory.add_with_free_name(incoming_token(name, scope, Origin::Add), Timestamp(0));
        draft.set_secret(id, &Secret::new(Zeroizing::new("canary".to_owned()))).expect("sealed");
        id
    }

    fn open(path: &std::path::Path) -> Draft {
        let vault = Vault::find(path).expect("a vault").expect("there");
        let contents = vault.all_contents().expect("undamaged");
        let unlocked = vault.unlock(key(), &contents).expect("its key");
        Draft::from_vault(path.to_owned(), unlocked, contents).expect("read")
    }

    #[test]
    fn every_way_to_write_version_2_keeps_the_file_of_version_1() {
        type Write = fn(Draft) -> Result<(), VaultError>;
        let rewrite = |mut draft: Draft| {
            draft.touch();
            draft.write()
        };
        for write in [Draft::write as Write, rewrite as Write] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("vault");
            let mut draft = Draft::new(path.clone(), key(), Holder::KeyFile);
            add(&mut draft, "a", "ghcr.io");
            draft.write().expect("written");
            let first = fs::read(&path).expect("the vault");
            let backup = folder.path().join("vault.bak");
            rewrite(open(&path)).expect("written");
            assert!(!backup.exists(), "still version 1");
            fs::write(&path, &first).expect("written");
            let mut draft = open(&path);
            add(&mut draft, "b", "ghcr.io:80");
            write(draft).expect("written");
            assert_eq!(fs::read(&backup).expect("a copy"), first);
            let mut draft = open(&path);
            add(&mut draft, "c", "quay.io:80");
            write(draft).expect("written");
            assert_eq!(fs::read(&backup).expect("a copy"), first, "version 2 already");
        }
    }

    #[test]
    fn a_vault_has_pages_while_it_has_many_tokens() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let first_line = || String::from_utf8_lossy(&fs::read(&path).expect("the vault")[..29]).into_owned();
        let mut draft = Draft::new(path.clone(), key(), Holder::KeyFile);
        for number in 0..256 {
            add(&mut draft, &format!("t{number}"), "ghcr.io");
        }
        draft.write().expect("written");
        assert_eq!(first_line(), "docker-credential-pat vault 1");
        let first = fs::read(&path).expect("the vault");
        let mut draft = open(&path);
        let id = add(&mut draft, "one more", "quay.io");
        draft.write().expect("written");
        assert_eq!(first_line(), "docker-credential-pat vault 3");
        assert_eq!(fs::read(folder.path().join("vault.bak")).expect("a copy"), first);
        let mut draft = open(&path);
        draft.inventory.remove(id);
        draft.write().expect("written");
        assert_eq!(first_line(), "docker-credential-pat vault 1");
        assert_eq!(open(&path).inventory.tokens().len(), 256);
    }

    #[test]
    fn the_number_of_a_token_that_is_added_and_removed_in_one_change_is_not_used_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        let mut draft = Draft::new(path.clone(), key(), Holder::KeyFile);
        add(&mut draft, "a", "ghcr.io");
        draft.write().expect("written");
        for number in 2..4 {
            let mut draft = open(&path);
            let id = add(&mut draft, "b", "ghcr.io");
            assert_eq!(id, TokenId(number));
            draft.inventory.remove(id);
            draft.write().expect("written");
        }
    }
}
