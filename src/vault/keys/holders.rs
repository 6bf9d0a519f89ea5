//! All key holders of a vault, and the order in which they are asked for its key.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::model::hint::{Hint, program};
use crate::system::sanitize::error_chain;
use crate::system::{disk, env, tty};
use crate::vault::keys::command::KeyCommandError;
use crate::vault::keys::key_file::KeyFile;
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::trusted_commands::TrustedCommands;
use crate::vault::keys::{CLIENT_TIMEOUT, Holder, HolderError, HolderKind, cache};
use crate::vault::seal::{Tag, VaultKey};

/// The holders of a vault's key, any of which opens the vault.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    /// At most one of each kind.
    pub list: Vec<Holder>,
    /// The [fingerprint](VaultKey::fingerprint) of the vault's key.
    pub fingerprint: Tag,
    /// The path of the vault.
    pub vault: PathBuf,
    /// True when another user could have written the file that was read.
    pub others_may_write: bool,
}

/// The error of each holder, when none of them returns the key.
#[derive(Debug, Error)]
#[error("{}", .0.iter().map(|(_, error)| error_chain(error)).collect::<Vec<_>>().join("; "))]
pub struct LockedError(pub Vec<(HolderKind, HolderError)>);

/// The result of asking the holders that answer without a person.
pub struct UnattendedCheck {
    pub is_open: bool,
    /// The errors of the holders that did not open the vault.
    pub errors: Vec<(HolderKind, HolderError)>,
    /// False when the vault has other holders, which were not asked.
    pub are_all: bool,
}

impl Hint for LockedError {
    fn hint(&self) -> Option<String> {
        self.0.iter().rev().find_map(|(_, error)| error.hint())
    }
}

impl Holders {
    /// True when the key has the fingerprint of the vault's key.
    pub fn has_key(&self, key: &VaultKey) -> bool {
        key.fingerprint() == self.fingerprint
    }

    /// Returns only the holders that are files: they answer without a person and without delay.
    #[must_use]
    pub fn file_holders(&self) -> Self {
        let mut files = self.clone();
        files.list.retain(|holder| matches!(holder.kind(), HolderKind::KeyFile | HolderKind::File));
        files
    }

    /// Returns the holder of this kind.
    pub fn find(&self, kind: HolderKind) -> Option<&Holder> {
        self.list.iter().find(|holder| holder.kind() == kind)
    }

    /// Returns the key of the vault: from the key file, else from the kernel's cache, else from the first
    /// other holder that has it.
    pub fn key(&self, key_file: &KeyFile) -> Result<VaultKey, LockedError> {
        let mut errors = Vec::new();
        if self.find(HolderKind::KeyFile).is_some() {
            match self.key_from_key_file(key_file) {
                Ok(key) => return Ok(key),
                Err(error) => errors.push((HolderKind::KeyFile, error)),
            }
        }
        self.key_from_fallbacks(key_file, errors)
    }

    /// Asks one holder for the key, without the cache.
    pub fn key_from(
        &self,
        holder: &Holder,
        key_file: &KeyFile,
        timeout: Duration,
    ) -> Result<VaultKey, HolderError> {
        let key = match holder {
            Holder::KeyFile => return self.key_from_key_file(key_file),
            Holder::Keyring => Keyring::for_key(&self.fingerprint).key(timeout),
            // A person has no time limit.
            Holder::Passphrase(passphrase) => passphrase.obtain().map(|(_, key)| key).map_err(Into::into),
            // Nothing has verified the command yet, and anybody who may write to the vault could have set
            // it.
            Holder::Command(_) if self.others_may_write || disk::is_writable_by_others(&self.vault) => {
                Err(KeyCommandError::OthersMayWrite.into())
            }
            Holder::Command(command) => command.key(&TrustedCommands::beside(key_file), timeout),
            Holder::File(file) => file.key(),
        }?;
        if self.has_key(&key) { Ok(key) } else { Err(HolderError::OtherKey(holder.kind())) }
    }

    /// Reads the key file, and the renewal file when the key file has another key: during a renewal, or
    /// after an interrupted one, the new key is there. Between the two reads it may have replaced the old
    /// key, so the key file is read once more.
    fn key_from_key_file(&self, key_file: &KeyFile) -> Result<VaultKey, HolderError> {
        let error = match key_file.read() {
            Ok(key) if self.has_key(&key) => return Ok(key),
            Ok(_) => HolderError::OtherKey(HolderKind::KeyFile),
            Err(error) => error.into(),
        };
        let again = [key_file.renewal_file().read(), key_file.read()];
        again.into_iter().flatten().find(|key| self.has_key(key)).ok_or(error)
    }

    #[cold]
    fn key_from_fallbacks(
        &self,
        key_file: &KeyFile,
        mut errors: Vec<(HolderKind, HolderError)>,
    ) -> Result<VaultKey, LockedError> {
        if let Some(key) = self.cached_key() {
            return Ok(key);
        }
        for holder in self.fallbacks() {
            // When several clients share a terminal, one asks, and the others find the key in the cache.
            let asks = needs_person(holder) && tty::is_available();
            let lock = asks.then(|| disk::lock(&self.vault.with_file_name("asking")));
            if let (true, Some(key)) = (lock.is_some(), self.cached_key()) {
                return Ok(key);
            }
            match self.key_from(holder, key_file, CLIENT_TIMEOUT) {
                Ok(key) => {
                    Self::cache_key(&key, holder);
                    return Ok(key);
                }
                Err(error) => errors.push((holder.kind(), error)),
            }
        }
        Err(LockedError(errors))
    }

    /// Returns the key if a file or the kernel's memory has it or, with `asks_keyring`, an OS keyring that asks no
    /// person. `None` when another holder has it; an error when a file has another key.
    pub fn key_at_hand(
        &self,
        key_file: &KeyFile,
        asks_keyring: bool,
    ) -> Result<Option<VaultKey>, LockedError> {
        let mut errors = Vec::new();
        // The key file is read even if the vault does not name it: somebody else could have removed its name.
        let elsewhere = self.find(HolderKind::File);
        for holder in [Some(&Holder::KeyFile), elsewhere].into_iter().flatten() {
            match self.key_from(holder, key_file, CLIENT_TIMEOUT) {
                Ok(key) => return Ok(Some(key)),
                Err(error @ HolderError::OtherKey(kind)) if self.find(kind).is_some() => {
                    errors.push((kind, error));
                }
                Err(_) => {}
            }
        }
        if let Some(key) = self.cached_key() {
            return Ok(Some(key));
        }
        let keyring = self.find(HolderKind::Keyring).filter(|holder| asks_keyring && is_unattended(holder));
        let key = keyring.and_then(|holder| self.key_from(holder, key_file, CLIENT_TIMEOUT).ok());
        if key.is_none() && !errors.is_empty() { Err(LockedError(errors)) } else { Ok(key) }
    }

    /// Asks every holder that answers without a person, even when the kernel caches the key.
    pub fn check_unattended(&self, key_file: &KeyFile) -> (Option<VaultKey>, UnattendedCheck) {
        let (mut key, mut errors) = (self.cached_key(), Vec::new());
        let (unattended, others): (Vec<_>, Vec<_>) =
            self.list.iter().partition(|holder| is_unattended(holder));
        for holder in unattended {
            match self.key_from(holder, key_file, CLIENT_TIMEOUT) {
                Ok(found) => key = Some(found),
                Err(error) => errors.push((holder.kind(), error)),
            }
        }
        // A command is not run here, but one that may not run opens nothing.
        for holder in &others {
            if let Holder::Command(command) = holder
                && let Err(error) = command.refuse_untrusted(&TrustedCommands::beside(key_file))
            {
                errors.push((holder.kind(), error.into()));
            }
        }
        let check = UnattendedCheck { is_open: key.is_some(), errors, are_all: others.is_empty() };
        (key, check)
    }

    /// Returns the key from the kernel's cache.
    pub fn cached_key(&self) -> Option<VaultKey> {
        cache::find(&self.fingerprint).filter(|key| self.has_key(key))
    }

    /// Returns the holders except the key file, in the order in which they are asked. A passphrase that a
    /// person has to enter comes last.
    pub fn fallbacks(&self) -> Vec<&Holder> {
        let order = if env::passphrase_file().is_some() {
            [HolderKind::File, HolderKind::Passphrase, HolderKind::Keyring, HolderKind::Command]
        } else {
            [HolderKind::File, HolderKind::Keyring, HolderKind::Command, HolderKind::Passphrase]
        };
        order.into_iter().filter_map(|kind| self.find(kind)).collect()
    }

    /// Caches a key that took a while to obtain, and reports it when a person has entered the passphrase.
    fn cache_key(key: &VaultKey, holder: &Holder) {
        let is_cached = holder.kind() != HolderKind::File && cache::store(key, cache::DEFAULT_TIME);
        if is_cached && needs_person(holder) {
            tty::print(&format!("the vault is open for 8 hours ({} lock closes it)", program()));
        }
    }
}

/// True when a person has to enter a passphrase.
fn needs_person(holder: &Holder) -> bool {
    holder.kind() == HolderKind::Passphrase && env::passphrase_file().is_none()
}

/// True when a holder never asks a person. A keyring may ask for its password where there is a desktop; a
/// command may do anything.
fn is_unattended(holder: &Holder) -> bool {
    match holder {
        Holder::KeyFile | Holder::File(_) => true,
        Holder::Keyring => !(env::has_desktop() && env::has_session_bus()),
        Holder::Passphrase(_) => env::passphrase_file().is_some(),
        Holder::Command(_) => false,
    }
}
