//! All key holders of a vault, and in which order they are asked for its key.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::model::hint::Hint;
use crate::system::sanitize::error_chain;
use crate::system::{disk, env, tty};
use crate::vault::keys::command::KeyCommandError;
use crate::vault::keys::key_file::KeyFile;
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::{CLIENTS_PATIENCE, Holder, HolderError, HolderKind, KeyHolder, cache};
use crate::vault::seal::{Tag, VaultKey};

/// The holders of one vault's key, any of which opens it.
#[derive(Clone, Debug, Default)]
pub struct Holders {
    /// At most one of each sort.
    pub list: Vec<Holder>,
    /// Tells the vault's key from others.
    pub fingerprint: Tag,
    /// The vault.
    pub vault: PathBuf,
}

/// Why none of a vault's holders gives its key: what each of them says.
#[derive(Debug, Error)]
pub struct LockedError(pub Vec<(HolderKind, HolderError)>);

impl fmt::Display for LockedError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (_, error)) in self.0.iter().enumerate() {
            out.write_str(if at == 0 { "" } else { "; " })?;
            out.write_str(&error_chain(error))?;
        }
        Ok(())
    }
}

/// What the holders say that can be asked without asking a person.
pub struct UnattendedKey<K> {
    /// The key, if one of them gives it.
    pub key: K,
    /// What those say that do not.
    pub troubles: Vec<(HolderKind, HolderError)>,
    /// False when there are others, which would ask.
    pub are_all: bool,
}

impl Hint for LockedError {
    fn hint(&self) -> Option<String> {
        self.0.iter().rev().find_map(|(_, error)| error.hint())
    }
}

impl Holders {
    /// True when the key is the one that they hold.
    pub fn has_key(&self, key: &VaultKey) -> bool {
        key.fingerprint() == self.fingerprint
    }

    /// Returns them without those that ask anybody, or may not answer.
    #[must_use]
    pub fn unattended_holders(&self) -> Self {
        let mut open = self.clone();
        open.list.retain(|holder| matches!(holder.kind(), HolderKind::KeyFile | HolderKind::File));
        open
    }

    /// Returns the holder of this sort.
    pub fn of_kind(&self, sort: HolderKind) -> Option<&Holder> {
        self.list.iter().find(|holder| holder.kind() == sort)
    }

    /// Returns the key of the vault: from the key file at once, or else from the kernel's memory, or from
    /// the first of the other holders that has it.
    pub fn key(&self, key_file: &KeyFile) -> Result<VaultKey, LockedError> {
        let mut troubles = Vec::new();
        if self.of_kind(HolderKind::KeyFile).is_some() {
            match self.key_in_file(key_file) {
                Ok(key) => return Ok(key),
                Err(error) => troubles.push((HolderKind::KeyFile, error)),
            }
        }
        self.key_of_others(key_file, troubles)
    }

    /// Returns the key that a holder has, asked for now.
    pub fn key_of(
        &self,
        holder: &Holder,
        key_file: &KeyFile,
        patience: Duration,
    ) -> Result<VaultKey, HolderError> {
        let key = match holder {
            Holder::KeyFile => return self.key_in_file(key_file),
            Holder::Keyring => Keyring::of(&self.fingerprint).key(patience),
            Holder::Passphrase(passphrase) => passphrase.key(patience),
            // It is read before anything proves it, and whoever may write to it could run any command.
            Holder::Command(_) if disk::is_writable_by_others(&self.vault) => {
                Err(KeyCommandError::OthersMayWrite.into())
            }
            Holder::Command(command) => command.key(patience),
            Holder::File(file) => file.key(patience),
        }?;
        if self.has_key(&key) { Ok(key) } else { Err(HolderError::Another(holder.kind())) }
    }

    /// A key file that is being renewed, or was while the machine went down, has the new key beside the old
    /// one. Between two looks that may have taken its place.
    fn key_in_file(&self, key_file: &KeyFile) -> Result<VaultKey, HolderError> {
        let trouble = match key_file.read() {
            Ok(key) if self.has_key(&key) => return Ok(key),
            Ok(_) => HolderError::Another(HolderKind::KeyFile),
            Err(error) => error.into(),
        };
        let again = [key_file.renewed().read(), key_file.read()];
        again.into_iter().flatten().find(|key| self.has_key(key)).ok_or(trouble)
    }

    #[cold]
    fn key_of_others(
        &self,
        key_file: &KeyFile,
        mut troubles: Vec<(HolderKind, HolderError)>,
    ) -> Result<VaultKey, LockedError> {
        if let Some(key) = self.cached_key() {
            return Ok(key);
        }
        for holder in self.in_order() {
            // Of several clients at once on a terminal one asks, and the others find what it was told.
            let asks = is_asked_for(holder) && tty::is_available();
            let turn = asks.then(|| disk::lock(&self.vault.with_file_name("asking")));
            if let (true, Some(key)) = (turn.is_some(), self.cached_key()) {
                return Ok(key);
            }
            match self.key_of(holder, key_file, CLIENTS_PATIENCE) {
                Ok(key) => {
                    Self::keep(&key, holder);
                    return Ok(key);
                }
                Err(error) => troubles.push((holder.kind(), error)),
            }
        }
        Err(LockedError(troubles))
    }

    /// Asks every holder that answers without asking a person, also when the kernel keeps the key.
    pub fn unattended(&self, key_file: &KeyFile) -> UnattendedKey<Option<VaultKey>> {
        let mut answers = UnattendedKey { key: self.cached_key(), troubles: Vec::new(), are_all: true };
        for holder in &self.list {
            if !is_silent(holder) {
                answers.are_all = false;
                continue;
            }
            match self.key_of(holder, key_file, CLIENTS_PATIENCE) {
                Ok(key) => answers.key = Some(key),
                Err(error) => answers.troubles.push((holder.kind(), error)),
            }
        }
        answers
    }

    /// Returns the key that the kernel keeps.
    pub fn cached_key(&self) -> Option<VaultKey> {
        cache::find(&self.fingerprint).filter(|key| self.has_key(key))
    }

    /// Returns the holders but for the key file: first those that ask nobody, last the one that a person
    /// has to answer.
    pub fn in_order(&self) -> Vec<&Holder> {
        let helper_for = if env::passphrase_file().is_some() {
            [HolderKind::File, HolderKind::Passphrase, HolderKind::Keyring, HolderKind::Command]
        } else {
            [HolderKind::File, HolderKind::Keyring, HolderKind::Command, HolderKind::Passphrase]
        };
        helper_for.into_iter().filter_map(|sort| self.of_kind(sort)).collect()
    }

    /// Keeps a key that was worth asking for, and says so to who typed a passphrase for it.
    fn keep(key: &VaultKey, holder: &Holder) {
        let is_kept = holder.kind() != HolderKind::File && cache::keep(key, cache::USUALLY);
        if is_kept && is_asked_for(holder) {
            tty::print("the vault is open for 8 hours (docker-credential-pat lock closes it)");
        }
    }
}

/// True when a person has to type what opens it.
fn is_asked_for(holder: &Holder) -> bool {
    holder.kind() == HolderKind::Passphrase && env::passphrase_file().is_none()
}

/// True when a holder answers by itself: a keyring asks for its password where there is a desktop to ask on,
/// and nobody knows what a command does.
fn is_silent(holder: &Holder) -> bool {
    match holder {
        Holder::KeyFile | Holder::File(_) => true,
        Holder::Keyring => !(env::has_desktop() && env::has_session_bus()),
        Holder::Passphrase(_) => env::passphrase_file().is_some(),
        Holder::Command(_) => false,
    }
}
