//! The vault of one user on disk, with its key and its log. Reading takes no lock; a change takes one.

use std::cell::{Cell, OnceCell};
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use crate::inventory::Inventory;
use crate::model::hint::{Hint, program};
use crate::system::disk::DiskError;
use crate::system::env::{EnvError, Folders};
use crate::system::slow_notice::SlowNotice;
use crate::system::{disk, env};
use crate::usage::UsageLog;
use crate::usage::warning_record::WarningRecord;
use crate::vault::VaultError;
use crate::vault::draft::Draft;
use crate::vault::file::Vault;
use crate::vault::keys::holders::{Holders, LockedError, UnattendedCheck};
use crate::vault::keys::key_file::KeyFile;
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::trusted_commands::TrustedCommands;
use crate::vault::keys::{CLIENT_TIMEOUT, Holder, HolderError, HolderKind, cache};
use crate::vault::seal::{Tag, VaultKey};
use crate::vault::write_record::{Rollback, WriteRecord};

/// The environment variable that names the holder of a new vault's key: `key-file` or `keyring`.
pub const KEY_HOLDER: &str = "DOCKER_CREDENTIAL_PAT_KEY_HOLDER";

/// The longest time that the OS keyring may take to store a new vault's key.
const NEW_KEY_TIMEOUT: Duration = Duration::from_secs(1);

/// The vault of one user, with its key and its log.
pub struct VaultStore {
    folders: Folders,
    vault: PathBuf,
    key_file: KeyFile,
    log: UsageLog,
    /// The key as it was first obtained, so that a person is asked for it once.
    obtained_key: OnceCell<VaultKey>,
    proof: Cell<Proof>,
    /// True when [`inventory`](Self::inventory) has returned what no key verified.
    has_read_unproven: Cell<bool>,
    /// The older copy that a change has found in place of the vault.
    accepted_rollback: OnceCell<Rollback>,
}

/// The key with which [`VaultStore::inventory`] verifies what it reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proof {
    /// One that a file or the kernel's memory has; without one, nothing is verified. For Docker's verbs.
    #[default]
    AtHand,
    /// As `AtHand`, or one that an OS keyring has and returns without asking. For people's verbs, which say when
    /// nothing was verified.
    Unattended,
    /// Any, for which a person may be asked. For commands that act elsewhere on what the vault says.
    Required,
}

/// The reason why the store cannot read or change the vault.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("cannot change the vault")]
    Disk(#[from] DiskError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A holder does not accept a new key, or an interrupted renewal cannot be completed.
    #[error("cannot open the vault {}", vault.display())]
    Key { vault: PathBuf, source: HolderError },
    /// No holder returned the key.
    #[error("cannot open the vault {}", vault.display())]
    Locked { vault: PathBuf, source: LockedError },
    #[error("{KEY_HOLDER} is neither key-file nor keyring: {0:?}")]
    UnknownHolder(String),
    /// A file elsewhere opens it, which could have come with the vault.
    #[error("the vault {} was replaced by another one, with another key", vault.display())]
    Replaced { vault: PathBuf },
}

impl Hint for StoreError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Env(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::Vault(error) => error.hint(),
            Self::Key { source, .. } => source.hint(),
            Self::Locked { source, .. } => source.hint(),
            Self::Replaced { .. } => Some(format!(
                "restore yours from a backup; if you put this one there, run `{} key trust`",
                program()
            )),
            Self::UnknownHolder(_) => Some(format!("set {KEY_HOLDER} to one of them, or unset it")),
        }
    }
}

impl VaultStore {
    /// Finds the folders of this user. The vault may not exist yet, and never exists for a user without a home.
    pub fn find() -> Result<Self, StoreError> {
        let folders = Folders::find_for_reading()?;
        let vault = folders.data.join("vault");
        Ok(Self {
            key_file: KeyFile::new(folders.config.join("key")),
            log: UsageLog::new(folders.state.clone(), vault.clone()),
            vault,
            folders,
            obtained_key: OnceCell::new(),
            proof: Cell::default(),
            has_read_unproven: Cell::default(),
            accepted_rollback: OnceCell::new(),
        })
    }

    /// Fails for a user without a home, who cannot have a vault.
    pub fn refuse_no_home(&self) -> Result<(), StoreError> {
        Ok(self.folders.refuse_no_home()?)
    }

    /// Returns the path of the vault.
    pub fn path(&self) -> &Path {
        &self.vault
    }

    /// Returns the key file, which may not exist.
    pub fn key_file(&self) -> &KeyFile {
        &self.key_file
    }

    /// Refuses a path at which a change of the vault removes or replaces files.
    pub fn refuse_own(&self, path: &Path) -> Result<(), DiskError> {
        if self.owns(path) { Err(DiskError::OwnFolder { path: path.to_owned() }) } else { Ok(()) }
    }

    /// True for a path in a folder of this program, or beside the file that a link there leads to with the name of such
    /// a file (`vault.new`, `vault.bak`).
    fn owns(&self, path: &Path) -> bool {
        let path = disk::without_links(path);
        let Folders { data, config, state } = &self.folders;
        let mut folders = [data, config, state].into_iter().map(|folder| disk::without_links(folder));
        folders.any(|folder| path.starts_with(folder))
            || [self.path(), self.key_file.path()].into_iter().map(disk::without_links).any(|target| {
                let name = target.file_name().unwrap_or_default().as_encoded_bytes();
                let own = path.file_name().unwrap_or_default().as_encoded_bytes();
                let rest = own.strip_prefix(name).filter(|_| path.parent() == target.parent());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"."))
            })
    }

    /// Returns the log of client requests.
    pub fn log(&self) -> &UsageLog {
        &self.log
    }

    /// Returns the record of the warnings that were printed.
    pub fn warning_record(&self) -> WarningRecord {
        WarningRecord::new(self.vault.with_file_name("warned"))
    }

    /// Returns the key holders; `None` when there is no vault yet.
    pub fn holders(&self) -> Result<Option<Holders>, StoreError> {
        let Some(vault) = Vault::find(&self.vault)? else { return Ok(None) };
        Ok(Some(vault.all_contents()?.holders))
    }

    /// Makes the vault and its key if there are none, and returns the key holders.
    pub fn ensure_vault(&self) -> Result<Holders, StoreError> {
        if let Some(holders) = self.holders()? {
            return Ok(holders);
        }
        self.change(|_| Ok::<_, StoreError>(()))?;
        Ok(self.holders()?.unwrap_or_default())
    }

    /// Returns all tokens and choices, verified as [`Proof`] says.
    pub fn inventory(&self) -> Result<Inventory, StoreError> {
        let Some(vault) = Vault::find(&self.vault)? else { return Ok(Inventory::default()) };
        let (inventory, is_proven) = vault.inventory(|holders| match self.proof.get() {
            Proof::Required => self.key(holders).map(Some),
            // An error here would hide the tokens from the person who has to find the right key.
            Proof::AtHand | Proof::Unattended => Ok(self.key_at_hand(holders).ok().flatten()),
        })?;
        if !is_proven {
            self.note_unproven();
        }
        Ok(inventory)
    }

    /// Records that something was read that no key has verified.
    pub(super) fn note_unproven(&self) {
        self.has_read_unproven.set(true);
    }

    /// Sets the key with which [`inventory`](Self::inventory) verifies what it reads.
    pub fn set_proof(&self, proof: Proof) {
        self.proof.set(proof);
    }

    /// Verifies the whole vault now and at each later reading. Call it before the first request to a service: what
    /// somebody else wrote into the vault must not act there.
    pub fn require_proof(&self) -> Result<(), StoreError> {
        self.set_proof(Proof::Required);
        self.inventory().map(drop)
    }

    /// True when something was read that no key has verified until now.
    pub fn has_read_unproven(&self) -> bool {
        self.has_read_unproven.get() && self.obtained_key.get().is_none()
    }

    /// Returns the key of the vault with these holders, if it needs no person: see [`Proof`].
    pub(super) fn key_at_hand(&self, holders: &Holders) -> Result<Option<VaultKey>, StoreError> {
        if let Some(key) = self.obtained_key.get().filter(|key| holders.has_key(key)) {
            return Ok(Some(key.duplicate()));
        }
        let asks_keyring = self.proof.get() != Proof::AtHand;
        let key = holders
            .key_at_hand(&self.key_file, asks_keyring)
            .map_err(|source| StoreError::Locked { vault: self.vault.clone(), source })?;
        if let Some(key) = &key {
            self.refuse_replaced(holders)?;
            self.remember_key(holders, key.duplicate());
        }
        Ok(key)
    }

    /// Changes the vault durably, one process at a time. Makes the vault and its key if there are none.
    /// After an error, the vault is as it was.
    pub fn change<T, E: From<StoreError>>(
        &self,
        edit: impl FnOnce(&mut Draft) -> Result<T, E>,
    ) -> Result<T, E> {
        self.change_and(edit, |_| Ok(()))
    }

    /// Changes the vault like [`change`](Self::change), and runs `then` after the change is durable and
    /// before another process can change the vault. An error of `then` leaves the vault changed.
    pub fn change_and<T, E: From<StoreError>>(
        &self,
        edit: impl FnOnce(&mut Draft) -> Result<T, E>,
        then: impl FnOnce(&T) -> Result<(), E>,
    ) -> Result<T, E> {
        self.ensure_key()?;
        let _lock = self.lock()?;
        let mut draft = self.draft()?;
        let before = draft.key().fingerprint();
        let outcome = edit(&mut draft)?;
        draft.drop_outdated(env::now(), |folder| !disk::is_missing(Path::new(folder)));
        self.trust_known_command(&draft)?;
        self.write(draft, &before)?;
        then(&outcome)?;
        Ok(outcome)
    }

    /// Agrees to the key command of a vault that version 0.1 made: the kernel's memory has the key that the command
    /// returned then, and the vault was verified with it.
    fn trust_known_command(&self, draft: &Draft) -> Result<(), StoreError> {
        let mut holders = draft.holders().iter();
        let command = holders
            .find_map(|holder| if let Holder::Command(command) = holder { Some(command) } else { None });
        let Some(command) = command else { return Ok(()) };
        let trusted = self.trusted_commands();
        if !trusted.contains(command.words()) && cache::find(&draft.key().fingerprint()).is_some() {
            trusted.add(command.words())?;
        }
        Ok(())
    }

    /// Returns the key commands that a person has agreed to.
    pub fn trusted_commands(&self) -> TrustedCommands {
        TrustedCommands::beside(&self.key_file)
    }

    /// Proves that the vault can be changed, by writing it as it is. Call it before a service creates a
    /// token that only the vault can keep. Makes the vault and its key if there are none.
    pub fn ensure_writable(&self) -> Result<(), StoreError> {
        self.ensure_key()?;
        let _lock = self.lock()?;
        let mut draft = self.draft()?;
        draft.touch();
        let fingerprint = draft.key().fingerprint();
        self.write(draft, &fingerprint)
    }

    /// Writes a draft of a vault that had this key before, and records the write. An older copy that was put in place
    /// of the vault is the vault from then on.
    fn write(&self, mut draft: Draft, before: &Tag) -> Result<(), StoreError> {
        let record = self.write_record();
        let writes = draft.inventory.counters().writes;
        let rollback = record.rollback(before, writes);
        if rollback.is_some() {
            draft.touch();
        }
        draft.inventory.set_writes(record.base(before, writes));
        let fingerprint = draft.key().fingerprint();
        if fingerprint != *before {
            // The vault with the renewed key is known here even if this process ends right after it is written.
            record.record(&fingerprint, &fingerprint, 0);
        }
        if let Some(writes) = draft.write_and_count()? {
            record.record(before, &fingerprint, writes);
            if let Some(rollback) = rollback {
                let _ = self.accepted_rollback.set(rollback);
            }
        }
        Ok(())
    }

    fn write_record(&self) -> WriteRecord {
        WriteRecord::new(self.folders.config.join("vaults"), &self.vault)
    }

    /// Returns the older copy that a change has found in place of the vault, and accepted.
    pub fn accepted_rollback(&self) -> Option<Rollback> {
        self.accepted_rollback.get().copied()
    }

    /// Returns whether a vault with these holders and contents is an older copy of the one that was last written.
    pub fn find_rollback(&self, holders: &Holders, inventory: &Inventory) -> Option<Rollback> {
        self.write_record().rollback(&holders.fingerprint, inventory.counters().writes)
    }

    /// Takes the lock for a change, if there is a vault. Dropping the value releases it.
    pub fn lock_existing(&self) -> Result<Option<impl Sized + use<>>, StoreError> {
        self.vault.exists().then(|| self.lock()).transpose()
    }

    fn lock(&self) -> Result<impl Sized + use<>, StoreError> {
        self.refuse_no_home()?;
        if let Some(folder) = self.vault.parent() {
            disk::make_folder(folder)?;
        }
        let _notice = SlowNotice::start("waiting for another process that changes the vault");
        Ok(disk::lock(&self.vault)?)
    }

    /// Obtains a key for which a person may be asked, before the lock makes other processes wait. An error
    /// in reading the vault is reported later.
    fn ensure_key(&self) -> Result<(), StoreError> {
        if self.obtained_key.get().is_some() || self.key_file.path().exists() {
            return Ok(());
        }
        let Ok(Some(holders)) = self.holders() else { return Ok(()) };
        self.key(&holders).map(drop)
    }

    fn draft(&self) -> Result<Draft, StoreError> {
        if let Some(vault) = Vault::find(&self.vault)? {
            let contents = vault.all_contents()?;
            self.refuse_replaced(&contents.holders)?;
            let unlocked = vault.unlock(self.key(&contents.holders)?, &contents)?;
            self.key_file
                .complete_renewal(|key| contents.holders.has_key(key))
                .map_err(|error| self.key_error(error))?;
            return Ok(Draft::from_vault(self.vault.clone(), unlocked, contents)?);
        }
        let (key, holder) = self.new_key()?;
        Ok(Draft::new(self.vault.clone(), key, holder))
    }

    /// Makes the key of a new vault, and stores it in the OS keyring if that answers, else in the key file.
    /// The choice is made once: the vault names its holder from then on.
    fn new_key(&self) -> Result<(VaultKey, Holder), StoreError> {
        let holder = env::text(KEY_HOLDER)?;
        let timeout = match holder.as_deref() {
            // An existing key may belong to a vault that is restored later.
            None if self.key_file.path().exists() => None,
            None => Some(NEW_KEY_TIMEOUT),
            Some("keyring") => Some(CLIENT_TIMEOUT),
            Some("key-file") => None,
            Some(other) => return Err(StoreError::UnknownHolder(other.to_owned())),
        };
        if let Some(timeout) = timeout {
            let key = VaultKey::generate().map_err(VaultError::from)?;
            match Keyring::for_key(&key.fingerprint()).store(&key, timeout) {
                Ok(()) => return Ok((key, Holder::Keyring)),
                Err(error) if holder.is_some() => return Err(self.key_error(error)),
                // The keyring may have stored that key nevertheless, so the key file gets another one.
                Err(_) => {}
            }
        }
        let key = self.key_file.read_or_create().map_err(|error| self.key_error(error))?;
        Ok((key, Holder::KeyFile))
    }

    /// Returns the key of the vault with these holders.
    pub(super) fn key(&self, holders: &Holders) -> Result<VaultKey, StoreError> {
        if let Some(key) = self.obtained_key.get().filter(|key| holders.has_key(key)) {
            return Ok(key.duplicate());
        }
        let key = holders
            .key(&self.key_file)
            .map_err(|source| StoreError::Locked { vault: self.vault.clone(), source })?;
        self.refuse_replaced(holders)?;
        // If the key was renewed in the meantime, the first one stays, and the new one is requested again.
        let _ = self.obtained_key.set(key.duplicate());
        Ok(key)
    }

    /// Fails for a vault that a file elsewhere opens, if another vault was last written here.
    pub fn refuse_replaced(&self, holders: &Holders) -> Result<(), StoreError> {
        if self.is_replaced(holders) {
            Err(StoreError::Replaced { vault: self.vault.clone() })
        } else {
            Ok(())
        }
    }

    /// True when a file elsewhere opens the vault, and another vault was last written here.
    pub fn is_replaced(&self, holders: &Holders) -> bool {
        holders.find(HolderKind::File).is_some() && self.write_record().is_replaced(&holders.fingerprint)
    }

    /// Records that a person has agreed to a vault that replaced another one.
    pub fn accept_replaced(&self, holders: &Holders) {
        self.write_record().record(&holders.fingerprint, &holders.fingerprint, 0);
    }

    /// Keeps a key that a holder returned for all later uses of this store, so that no holder is asked again.
    pub(super) fn remember_key(&self, holders: &Holders, key: VaultKey) {
        if holders.has_key(&key) {
            let _ = self.obtained_key.set(key);
        }
    }

    /// Opens the vault with these holders, if that asks no person, for all later uses of this store.
    pub fn unlock_unattended(&self, holders: &Holders) -> UnattendedCheck {
        let (key, mut check) = holders.check_unattended(&self.key_file);
        check.is_open = key.is_some();
        if let Some(key) = key {
            self.remember_key(holders, key);
        }
        check
    }

    fn key_error(&self, source: impl Into<HolderError>) -> StoreError {
        StoreError::Key { vault: self.vault.clone(), source: source.into() }
    }
}
