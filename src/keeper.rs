//! Keeps the vault and its key in step: who reads takes no lock, who changes takes one.

use crate::disk;
use crate::disk::DiskError;
use crate::env::EnvError;
use crate::env::Folders;
use crate::inventory::Inventory;
use crate::registry::Key;
use crate::secret::Secret;
use crate::token::Token;
use crate::vault::VaultError;
use crate::vault::draft::Draft;
use crate::vault::file::Contents;
use crate::vault::file::Vault;
use crate::vault::keys::Holder;
use crate::vault::keys::keyfile::KeyFile;
use crate::vault::keys::keyfile::KeyFileError;
use crate::vault::seal::VaultKey;
use crate::warned::Warned;
use std::path::Path;
use std::path::PathBuf;
use thiserror::Error;

/// The vault of one user, and its key.
pub struct Keeper {
    vault: PathBuf,
    key_file: KeyFile,
}

/// Why the keeper cannot do what it is asked.
#[derive(Debug, Error)]
pub enum KeeperError {
    /// See [`EnvError`].
    #[error(transparent)]
    Env(#[from] EnvError),
    /// See [`DiskError`].
    #[error("cannot change the vault")]
    Disk(#[from] DiskError),
    /// See [`VaultError`].
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// See [`KeyFileError`].
    #[error("cannot open the vault {}", vault.display())]
    Key {
        /// The vault.
        vault: PathBuf,
        /// What is wrong with its key.
        #[source]
        source: KeyFileError,
    },
}

impl KeeperError {
    /// Returns the way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Env(error) => Some(error.hint()),
            Self::Disk(error) => error.hint(),
            Self::Vault(error) => error.hint(),
            Self::Key { source, .. } => source.hint(),
        }
    }
}

impl Keeper {
    /// Finds where this user's vault belongs.
    ///
    /// # Errors
    /// When the environment does not tell.
    pub fn find() -> Result<Self, KeeperError> {
        let Folders { data, config } = Folders::find()?;
        Ok(Self { vault: data.join("vault"), key_file: KeyFile::at(config.join("key")) })
    }

    /// Returns where the vault is, or will be.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.vault
    }

    /// Returns what remembers the warnings that were given.
    #[must_use]
    pub fn warned(&self) -> Warned {
        Warned::at(self.vault.with_file_name("warned"))
    }

    /// Returns all tokens, without the key.
    ///
    /// # Errors
    /// When the vault cannot be read or is damaged.
    pub fn inventory(&self) -> Result<Inventory, KeeperError> {
        let Some(vault) = Vault::find(&self.vault)? else { return Ok(Inventory::default()) };
        Ok(vault.inventory()?)
    }

    /// Returns the tokens that could concern a key, or all, to release one of their secrets.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub fn excerpt(&self, about: Option<&Key>) -> Result<Excerpt<'_>, KeeperError> {
        let vault = Vault::find(&self.vault)?;
        let contents = match (&vault, about) {
            (Some(vault), Some(key)) => vault.contents_about(key)?,
            (Some(vault), None) => vault.all_contents()?,
            (None, _) => Contents::default(),
        };
        Ok(Excerpt { keeper: self, vault, contents })
    }

    /// Changes the vault, durably, one process at a time. Makes vault and key if there are none.
    ///
    /// # Errors
    /// When the vault cannot be read or written, or `edit` fails; then it is as it was.
    pub fn change<T, E: From<KeeperError>>(
        &self,
        edit: impl FnOnce(&mut Draft) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = self.lock()?;
        let mut draft = self.draft()?;
        let outcome = edit(&mut draft)?;
        draft.write().map_err(KeeperError::from)?;
        Ok(outcome)
    }

    fn lock(&self) -> Result<impl Sized, KeeperError> {
        if let Some(folder) = self.vault.parent() {
            disk::make_folder(folder)?;
        }
        Ok(disk::lock(&self.vault)?)
    }

    fn draft(&self) -> Result<Draft, KeeperError> {
        if let Some(vault) = Vault::find(&self.vault)? {
            let contents = vault.all_contents()?;
            let unlocked = vault.unlock(self.key()?, &contents)?;
            return Ok(Draft::of(self.vault.clone(), unlocked, contents)?);
        }
        let key = self.key_file.read_or_make().map_err(|source| self.no_key(source))?;
        Ok(Draft::new(self.vault.clone(), key, Holder::KeyFile))
    }

    fn key(&self) -> Result<VaultKey, KeeperError> {
        self.key_file.read().map_err(|source| self.no_key(source))
    }

    fn no_key(&self, source: KeyFileError) -> KeeperError {
        KeeperError::Key { vault: self.vault.clone(), source }
    }
}

/// Some of a vault's tokens. An answer rests on a vault that was checked: by [`release`](Self::release)
/// where a secret goes out, by [`confirm`](Self::confirm) where none does.
pub struct Excerpt<'k> {
    keeper: &'k Keeper,
    vault: Option<Vault>,
    contents: Contents,
}

impl Excerpt<'_> {
    /// Returns the tokens.
    #[must_use]
    pub fn inventory(&self) -> &Inventory {
        &self.contents.inventory
    }

    /// Opens the secret of one of them, after the key has proven the vault.
    ///
    /// # Errors
    /// When there is no key, or vault or secret are not as they were written.
    pub fn release(&self, token: &Token) -> Result<Secret, KeeperError> {
        let vault = self.vault.as_ref().ok_or_else(|| VaultError::Secret {
            path: self.keeper.vault.clone(),
            name: token.name.clone(),
        })?;
        let unlocked = vault.unlock(self.keeper.key()?, &self.contents)?;
        Ok(unlocked.secret(token, &self.contents)?)
    }

    /// Checks that what was read of the vault is as it was written, where nothing of it is released.
    ///
    /// # Errors
    /// When it is damaged.
    pub fn confirm(&self) -> Result<(), KeeperError> {
        let Some(vault) = &self.vault else { return Ok(()) };
        vault.check()?;
        if !self.contents.is_empty() {
            vault.checked_entries()?;
        }
        Ok(())
    }
}
