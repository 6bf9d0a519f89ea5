//! Keeps the vault and its key in step: who reads takes no lock, who changes takes one.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::inventory::Inventory;
use crate::model::hint::Hint;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::system::disk::DiskError;
use crate::system::env::{EnvError, Folders};
use crate::system::{disk, env};
use crate::usage::UsageLog;
use crate::usage::daily_warnings::DailyWarnings;
use crate::vault::VaultError;
use crate::vault::draft::Draft;
use crate::vault::file::{Vault, VaultContents};
use crate::vault::keys::holders::{Holders, LockedError, UnattendedCheck};
use crate::vault::keys::key_file::KeyFile;
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::{CLIENT_TIMEOUT, Holder, HolderError};
use crate::vault::seal::VaultKey;

/// Says which holder the key of a new vault goes to: `key-file` or `keyring`.
pub const KEY_HOLDER: &str = "DOCKER_CREDENTIAL_PAT_KEY_HOLDER";

/// How long the OS keyring may take to become the holder of a new vault's key.
const NEW_KEY_TIMEOUT: Duration = Duration::from_secs(1);

/// The vault of one user, and its key.
pub struct VaultStore {
    vault: PathBuf,
    key_file: KeyFile,
    log: UsageLog,
    /// The key as it was got first, so that a person is asked for it once.
    known: OnceCell<VaultKey>,
}

/// Why the keeper cannot do what it is asked.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("cannot change the vault")]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No key for a new vault, or for one that is to change.
    #[error("cannot open the vault {}", vault.display())]
    Key {
        /// The vault.
        vault: PathBuf,
        /// What is wrong with the holder of its key.
        #[source]
        source: HolderError,
    },
    #[error("cannot open the vault {}", vault.display())]
    Locked {
        /// The vault.
        vault: PathBuf,
        /// What each of its key holders says.
        #[source]
        source: LockedError,
    },
    /// A variable that names no holder for a new key.
    #[error("{KEY_HOLDER} is neither key-file nor keyring: {0:?}")]
    UnknownHolder(String),
}

impl Hint for StoreError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Env(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Vault(error) => error.hint(),
            Self::Key { source, .. } => source.hint(),
            Self::Locked { source, .. } => source.hint(),
            Self::UnknownHolder(_) => Some(format!("set {KEY_HOLDER} to one of them, or unset it")),
        }
    }
}

impl VaultStore {
    /// Finds where this user's vault belongs.
    pub fn find() -> Result<Self, StoreError> {
        let Folders { data, config, state } = Folders::find()?;
        Ok(Self {
            vault: data.join("vault"),
            key_file: KeyFile::new(config.join("key")),
            log: UsageLog::new(state, data.join("vault")),
            known: OnceCell::new(),
        })
    }

    /// Returns where the vault is, or will be.
    pub fn path(&self) -> &Path {
        &self.vault
    }

    /// Returns where the key file is, or would be.
    pub fn key_file(&self) -> &KeyFile {
        &self.key_file
    }

    /// Returns who has the key of the vault; `None` when there is no vault yet.
    pub fn holders(&self) -> Result<Option<Holders>, StoreError> {
        let Some(vault) = Vault::find(&self.vault)? else { return Ok(None) };
        Ok(Some(vault.all_contents()?.holders))
    }

    /// Makes the vault and its key if there are none, and returns who has the key.
    pub fn ensure_vault(&self) -> Result<Holders, StoreError> {
        if let Some(holders) = self.holders()? {
            return Ok(holders);
        }
        self.change(|_| Ok::<_, StoreError>(()))?;
        Ok(self.holders()?.unwrap_or_default())
    }

    /// Returns the log of what clients asked for.
    pub fn log(&self) -> &UsageLog {
        &self.log
    }

    /// Returns what remembers the warnings that were given.
    pub fn daily_warnings(&self) -> DailyWarnings {
        DailyWarnings::new(self.vault.with_file_name("warned"))
    }

    /// Returns all tokens, without the key.
    pub fn inventory(&self) -> Result<Inventory, StoreError> {
        let Some(vault) = Vault::find(&self.vault)? else { return Ok(Inventory::default()) };
        Ok(vault.inventory()?)
    }

    /// Returns the tokens that could concern a key, or all, to release one of their secrets.
    pub fn excerpt<'k>(&'k self, about: Option<&'k Key>) -> Result<Excerpt<'k>, StoreError> {
        let vault = Vault::find(&self.vault)?;
        let contents = match (&vault, about) {
            (Some(vault), Some(key)) => vault.contents_about(key)?,
            (Some(vault), None) => vault.all_contents()?,
            (None, _) => VaultContents::default(),
        };
        Ok(Excerpt { store: self, about, vault, contents })
    }

    /// Changes the vault, durably, one process at a time. Makes vault and key if there are none.
    ///
    /// # Errors
    /// When the vault cannot be read or written, or `edit` fails; then it is as it was.
    pub fn change<T, E: From<StoreError>>(
        &self,
        edit: impl FnOnce(&mut Draft) -> Result<T, E>,
    ) -> Result<T, E> {
        self.change_and(edit, |_| Ok(()))
    }

    /// Proves that the vault can be changed, by writing it as it is: for who is about to make something
    /// elsewhere that nothing but the vault can keep. Makes vault and key if there are none.
    pub fn ensure_writable(&self) -> Result<(), StoreError> {
        self.ensure_key()?;
        let _lock = self.lock()?;
        Ok(self.draft()?.rewrite()?)
    }

    /// Changes the vault, and does something else when that is durable, before another process can.
    ///
    /// # Errors
    /// As [`change`](Self::change), and those of `then`, by when the vault has changed.
    pub fn change_and<T, E: From<StoreError>>(
        &self,
        edit: impl FnOnce(&mut Draft) -> Result<T, E>,
        then: impl FnOnce(&T) -> Result<(), E>,
    ) -> Result<T, E> {
        self.ensure_key()?;
        let _lock = self.lock()?;
        let mut draft = self.draft()?;
        let outcome = edit(&mut draft)?;
        draft.write().map_err(StoreError::from)?;
        then(&outcome)?;
        Ok(outcome)
    }

    /// Gets a key that somebody may have to be asked for before others are kept waiting. A vault that cannot
    /// be read is told of later.
    fn ensure_key(&self) -> Result<(), StoreError> {
        if self.known.get().is_some() || self.key_file.path().exists() {
            return Ok(());
        }
        let Ok(Some(holders)) = self.holders() else { return Ok(()) };
        self.key(&holders).map(drop)
    }

    fn lock(&self) -> Result<impl Sized + use<>, StoreError> {
        if let Some(folder) = self.vault.parent() {
            disk::make_folder(folder)?;
        }
        Ok(disk::lock(&self.vault)?)
    }

    fn draft(&self) -> Result<Draft, StoreError> {
        if let Some(vault) = Vault::find(&self.vault)? {
            let contents = vault.all_contents()?;
            let unlocked = vault.unlock(self.key(&contents.holders)?, &contents)?;
            self.key_file
                .settle(|key| contents.holders.has_key(key))
                .map_err(|source| self.no_key(source.into()))?;
            return Ok(Draft::from_vault(self.vault.clone(), unlocked, contents)?);
        }
        let (key, holder) = self.new_key()?;
        Ok(Draft::new(self.vault.clone(), key, holder))
    }

    /// Makes the key of a new vault. Where the OS keyring answers, it is there; this is decided here, and
    /// never again.
    fn new_key(&self) -> Result<(VaultKey, Holder), StoreError> {
        let wish = env::text(KEY_HOLDER)?;
        let patience = match wish.as_deref() {
            // A key that is there already may be the one of a vault that comes back.
            None if self.key_file.path().exists() => None,
            None => Some(NEW_KEY_TIMEOUT),
            Some("keyring") => Some(CLIENT_TIMEOUT),
            Some("key-file") => None,
            Some(other) => return Err(StoreError::UnknownHolder(other.to_owned())),
        };
        if let Some(patience) = patience {
            let key = VaultKey::generate().map_err(VaultError::from)?;
            match Keyring::for_key(&key.fingerprint()).keep(&key, patience) {
                Ok(()) => return Ok((key, Holder::Keyring)),
                Err(error) if wish.is_some() => return Err(self.no_key(error.into())),
                // It may have taken that key after all, so the key file gets another.
                Err(_) => {}
            }
        }
        let key = self.key_file.read_or_make().map_err(|source| self.no_key(source.into()))?;
        Ok((key, Holder::KeyFile))
    }

    fn key(&self, holders: &Holders) -> Result<VaultKey, StoreError> {
        if let Some(known) = self.known.get().filter(|known| holders.has_key(known)) {
            return Ok(known.duplicate());
        }
        let key = holders
            .key(&self.key_file)
            .map_err(|source| StoreError::Locked { vault: self.vault.clone(), source })?;
        // A second one is that of a vault that was renewed meanwhile, and is asked for again.
        let _ = self.known.set(key.duplicate());
        Ok(key)
    }

    /// Opens the vault of these holders if that asks nobody, for all that is done with it later. Returns whether
    /// it is open, and what those holders say that do not open it.
    pub fn unlock_unattended(&self, holders: &Holders) -> UnattendedCheck {
        let (key, mut check) = holders.check_unattended(&self.key_file);
        check.is_open = key.is_some_and(|key| self.known.set(key).is_ok());
        check
    }

    /// Takes the lock under which the vault is changed, if there is a vault. It ends with the value.
    pub fn lock_existing(&self) -> Result<Option<impl Sized + use<>>, StoreError> {
        self.vault.exists().then(|| self.lock()).transpose()
    }

    fn no_key(&self, source: HolderError) -> StoreError {
        StoreError::Key { vault: self.vault.clone(), source }
    }
}

/// Some of a vault's tokens. An answer rests on a vault that was checked: by [`release`](Self::release)
/// where a secret goes out, by [`confirm`](Self::confirm) where none does.
pub struct Excerpt<'k> {
    store: &'k VaultStore,
    about: Option<&'k Key>,
    vault: Option<Vault>,
    contents: VaultContents,
}

impl Excerpt<'_> {
    /// Returns the tokens.
    pub fn inventory(&self) -> &Inventory {
        &self.contents.inventory
    }

    /// Opens the secret of one of them, after the key has proven the vault.
    pub fn release(&self, token: &Token) -> Result<Secret, StoreError> {
        let key = match self.store.key(&self.contents.holders) {
            Ok(key) => key,
            Err(error) => return self.release_renewed(token).unwrap_or(Err(error)),
        };
        self.open(token, key)
    }

    /// Returns who has the key of the vault; `None` when there is no vault.
    pub fn holders(&self) -> Option<&Holders> {
        self.vault.is_some().then_some(&self.contents.holders)
    }

    /// Opens the secrets of all tokens, in their order, after the key has proven the vault.
    ///
    /// # Errors
    /// When there is no key, or the vault is not as it was written.
    pub fn release_all(&self) -> Result<Vec<Result<Secret, StoreError>>, StoreError> {
        let Some(vault) = &self.vault else { return Ok(Vec::new()) };
        let unlocked = vault.unlock(self.store.key(&self.contents.holders)?, &self.contents)?;
        let tokens = self.inventory().tokens();
        Ok(tokens.iter().map(|token| Ok(unlocked.secret(token, &self.contents)?)).collect())
    }

    fn open(&self, token: &Token, key: VaultKey) -> Result<Secret, StoreError> {
        let vault = self.vault.as_ref().ok_or_else(|| VaultError::DamagedSecret {
            path: self.store.vault.clone(),
            name: token.name.clone(),
        })?;
        let unlocked = vault.unlock(key, &self.contents)?;
        Ok(unlocked.secret(token, &self.contents)?)
    }

    /// Does it with the vault as it is now, when its key was renewed since it was read: the old key is gone.
    #[cold]
    fn release_renewed(&self, token: &Token) -> Option<Result<Secret, StoreError>> {
        let now = self.store.excerpt(self.about).ok()?;
        let is_renewed = now.contents.holders.fingerprint != self.contents.holders.fingerprint;
        let same = now.inventory().tokens().iter().find(|other| other.id == token.id)?;
        is_renewed.then(|| now.open(same, self.store.key(&now.contents.holders)?))
    }

    /// Checks that what was read of the vault is as it was written, where nothing of it is released.
    pub fn confirm(&self) -> Result<(), StoreError> {
        let Some(vault) = &self.vault else { return Ok(()) };
        vault.check()?;
        if !self.contents.is_empty() {
            vault.checked_entries()?;
        }
        Ok(())
    }
}
