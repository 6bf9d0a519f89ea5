//! A copy of the vault that a passphrase alone opens, and the way back from it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::inventory::merge::MergeReport;
use crate::model::hint::Hint;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::system::disk;
use crate::system::disk::DiskError;
use crate::vault::VaultError;
use crate::vault::file::{Vault, VaultContents};
use crate::vault::keys::passphrase::{PassphraseError, PassphraseHolder};
use crate::vault::keys::{Holder, HolderKind};
use crate::vault::seal::VaultKey;
use crate::vault::store::{StoreError, VaultStore};

/// Why there is no backup, or nothing comes back from it.
#[derive(Debug, Error)]
pub enum BackupError {
    #[error(transparent)]
    Keeper(#[from] StoreError),
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// Nothing has been stored yet.
    #[error("there is no vault yet")]
    NoVault,
    /// Something else lies where the backup should go.
    #[error("{} is there already, and is no backup", path.display())]
    InTheWay {
        /// The path.
        path: PathBuf,
    },
    /// No file there.
    #[error("there is no backup {}", path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A vault, but with other key holders than a backup has.
    #[error("{} is no backup: no passphrase opens it", path.display())]
    NoPassphrase {
        /// The path.
        path: PathBuf,
    },
}

impl From<VaultError> for BackupError {
    fn from(error: VaultError) -> Self {
        Self::Keeper(error.into())
    }
}

impl Hint for BackupError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Keeper(error) => error.hint(),
            Self::Passphrase(PassphraseError::Wrong) => {
                Some("try again: the backup has the passphrase that it was made with".to_owned())
            }
            Self::Passphrase(error) => error.hint(),
            Self::NoVault => Some("docker login, or docker-credential-pat add, makes one".to_owned()),
            Self::InTheWay { .. } => Some("choose another name; nothing was overwritten".to_owned()),
            Self::Missing { .. } => None,
            Self::NoPassphrase { .. } => {
                Some("a copy of the vault itself goes back to its place, with its key".to_owned())
            }
        }
    }
}

/// Writes a copy of the vault to a file, durably, sealed with a new key that only the passphrase opens. An
/// earlier backup in its place is replaced. Returns how many tokens it holds.
pub fn create(store: &VaultStore, file: &Path, passphrase: &str) -> Result<usize, BackupError> {
    store.holders()?.ok_or(BackupError::NoVault)?;
    refuse_what_is_no_backup(file, store.path())?;
    let key = VaultKey::generate().map_err(VaultError::from)?;
    let holder = Holder::Passphrase(PassphraseHolder::wrapping(&key, passphrase)?);
    store.change(|draft| {
        draft.copy_to(file.to_owned(), key, holder)?.write()?;
        Ok(draft.inventory.tokens().len())
    })
}

/// An earlier backup is a vault that a passphrase alone opens; the vault itself is none.
fn refuse_what_is_no_backup(file: &Path, own_vault: &Path) -> Result<(), BackupError> {
    let in_the_way = || BackupError::InTheWay { path: file.to_owned() };
    if disk::without_links(file) == disk::without_links(own_vault) {
        return Err(in_the_way());
    }
    // It grows there before it takes its place, and whatever lies there would go.
    let grown = disk::with_suffix(&disk::without_links(file), ".new");
    if grown.symlink_metadata().is_ok() {
        return Err(BackupError::InTheWay { path: grown });
    }
    match Vault::find(file).and_then(|vault| vault.map(|vault| vault.all_contents()).transpose()) {
        Ok(None) => Ok(()),
        Ok(Some(contents))
            if contents.holders.list.iter().all(|holder| holder.kind() == HolderKind::Passphrase) =>
        {
            Ok(())
        }
        Err(VaultError::Disk(error @ DiskError::Read { .. })) => Err(VaultError::from(error).into()),
        Ok(Some(_)) | Err(_) => Err(in_the_way()),
    }
}

/// A backup that its passphrase has opened, with every secret in it.
pub struct OpenedBackup {
    contents: VaultContents,
    secrets: BTreeMap<TokenId, Secret>,
}

impl OpenedBackup {
    /// Opens a backup, and every token in it.
    ///
    /// `key_of` is given how the passphrase opens it, and returns the key.
    pub fn open(
        file: &Path,
        key_of: impl FnOnce(&PassphraseHolder) -> Result<VaultKey, PassphraseError>,
    ) -> Result<Self, BackupError> {
        let path = file.to_owned();
        let vault = Vault::find(file)?.ok_or(BackupError::Missing { path: path.clone() })?;
        let contents = vault.all_contents()?;
        let Some(Holder::Passphrase(passphrase)) = contents.holders.find(HolderKind::Passphrase) else {
            return Err(BackupError::NoPassphrase { path });
        };
        let unlocked = vault.unlock(key_of(passphrase)?, &contents)?;
        let mut secrets = BTreeMap::new();
        for token in contents.inventory.tokens() {
            secrets.insert(token.id, unlocked.secret(token, &contents)?);
        }
        Ok(Self { contents, secrets })
    }

    /// Returns how many tokens are in it.
    pub fn count(&self) -> usize {
        self.secrets.len()
    }

    /// Brings its tokens into the vault, by their names, and makes the vault if there is none.
    ///
    /// # Errors
    /// When the vault does not open or cannot be written; then it is as it was.
    pub fn restore(&self, store: &VaultStore, now: Timestamp) -> Result<MergeReport, BackupError> {
        store.change(|draft| {
            let mut inventory = draft.inventory.clone();
            let is_same = |here: &Token, there: &Token| {
                let secret = self.secrets.get(&there.id);
                secret.is_some_and(|secret| draft.secret(here).is_ok_and(|its| its.is_same_as(secret)))
            };
            let merged = inventory.merge(&self.contents.inventory, is_same, now);
            draft.inventory = inventory;
            for (there, here) in &merged.added {
                if let Some(secret) = self.secrets.get(there) {
                    draft.set_secret(*here, secret)?;
                }
            }
            Ok(merged)
        })
    }
}
