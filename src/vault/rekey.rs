//! Operations on a vault's key: adding and removing holders, renewing the key, and caching it.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::{Hint, program};
use crate::system::env;
use crate::vault::keys::command::{KeyCommand, KeyCommandError};
use crate::vault::keys::external_file::{ExternalKeyFile, ExternalKeyFileError};
use crate::vault::keys::holders::{Holders, LockedError};
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::passphrase::{PassphraseError, PassphraseHolder};
use crate::vault::keys::{Holder, HolderError, HolderKind, INTERACTIVE_TIMEOUT, cache};
use crate::vault::seal::{Tag, VaultKey};
use crate::vault::store::{StoreError, VaultStore};

/// A holder to add.
pub enum NewHolder {
    /// The key file in the configuration folder.
    KeyFile,
    Keyring,
    Passphrase(Zeroizing<String>),
    /// A command that prints a wrapping key.
    Command {
        program: String,
        args: Vec<String>,
    },
    /// A file with a wrapping key.
    File(PathBuf),
}

impl NewHolder {
    fn kind(&self) -> HolderKind {
        match self {
            Self::KeyFile => HolderKind::KeyFile,
            Self::Keyring => HolderKind::Keyring,
            Self::Passphrase(_) => HolderKind::Passphrase,
            Self::Command { .. } => HolderKind::Command,
            Self::File(_) => HolderKind::File,
        }
    }
}

/// The reason why the holders of a key cannot be changed.
#[derive(Debug, Error)]
pub enum RekeyError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{} cannot take the key", .0.name())]
    Holder(HolderKind, #[source] HolderError),
    /// The vault is written, but the holder still has its old key.
    #[error("the vault has changed, but {} still has the key that it had", .0.name())]
    NotRemoved(HolderKind, #[source] HolderError),
    #[error("there is no vault yet")]
    NoVault,
    #[error("{} does not have the key", .0.name())]
    NotAHolder(HolderKind),
    #[error("{} is the only key holder", .0.name())]
    LastHolder(HolderKind),
    /// None of the other holders returns the key.
    #[error("no other key holder opens the vault: {others}")]
    OthersFail { kind: HolderKind, others: LockedError },
    /// The kernel does not cache the key.
    #[error("this system does not keep keys in its memory, so the vault cannot stay open")]
    NotCached,
}

impl Hint for RekeyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Holder(_, error) => error.hint(),
            Self::NotRemoved(..) => Some(format!("`{} key renew` makes that key useless", program())),
            Self::NoVault => Some(format!("docker login, or {} add, makes one", program())),
            Self::NotAHolder(_) => Some(format!("{} key status shows who has it", program())),
            Self::LastHolder(_) => Some(format!("add another one first: {} key add", program())),
            Self::OthersFail { kind, others } => {
                let remedy = others.hint().unwrap_or_else(|| "fix one of them".to_owned());
                Some(format!("{remedy}, or keep {}; nothing was changed", kind.name()))
            }
            Self::NotCached => Some(format!(
                "name a file with the passphrase in {}, or add a holder that asks nobody",
                env::PASSPHRASE_FILE
            )),
        }
    }
}

/// Adds a holder, in place of any of the same kind. Makes the vault if there is none.
pub fn add(store: &VaultStore, new: &NewHolder) -> Result<(), RekeyError> {
    store.change(|draft| {
        let holder = make_holder(store, draft.key(), new);
        draft.add_holder(holder.map_err(|error| RekeyError::Holder(new.kind(), error))?);
        Ok(())
    })
}

/// Gives a key to a new holder.
fn make_holder(store: &VaultStore, key: &VaultKey, new: &NewHolder) -> Result<Holder, HolderError> {
    Ok(match new {
        NewHolder::KeyFile => {
            store.key_file().write_unless_taken(key)?;
            Holder::KeyFile
        }
        NewHolder::Keyring => {
            Keyring::for_key(&key.fingerprint()).store(key, INTERACTIVE_TIMEOUT)?;
            Holder::Keyring
        }
        NewHolder::Passphrase(text) => Holder::Passphrase(PassphraseHolder::new(key, text)?),
        NewHolder::Command { program, args } => {
            let command = KeyCommand::new(key, program.clone(), args.clone(), INTERACTIVE_TIMEOUT)?;
            store.trusted_commands().add(command.words()).map_err(KeyCommandError::from)?;
            Holder::Command(command)
        }
        NewHolder::File(path) => {
            store.refuse_own(path).map_err(ExternalKeyFileError::from)?;
            Holder::File(ExternalKeyFile::new(key, path)?)
        }
    })
}

/// Removes a holder, after another holder has proven that it opens the vault.
pub fn remove(store: &VaultStore, kind: HolderKind) -> Result<(), RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    holders.find(kind).ok_or(RekeyError::NotAHolder(kind))?;
    let mut others = holders.clone();
    others.list.retain(|holder| holder.kind() != kind);
    if others.list.is_empty() {
        return Err(RekeyError::LastHolder(kind));
    }
    let key = first_key(store, &others).map_err(|others| RekeyError::OthersFail { kind, others })?;
    store.remember_key(&holders, key);
    store.change_and(
        |draft| {
            draft.remove_holder(kind);
            if draft.holders().is_empty() {
                Err(RekeyError::LastHolder(kind))
            } else {
                Ok(draft.key().fingerprint())
            }
        },
        |fingerprint| remove_key(store, kind, fingerprint),
    )?;
    if let Some(Holder::Command(command)) = holders.find(kind) {
        store.trusted_commands().remove(command.words()).map_err(StoreError::from)?;
    }
    Ok(())
}

/// Removes a key that the vault on disk does not need from a holder.
fn remove_key(store: &VaultStore, kind: HolderKind, fingerprint: &Tag) -> Result<(), RekeyError> {
    let removed: Result<(), HolderError> = match kind {
        HolderKind::KeyFile => store.key_file().remove(fingerprint).map_err(Into::into),
        HolderKind::Keyring => Keyring::for_key(fingerprint).remove(INTERACTIVE_TIMEOUT).map_err(Into::into),
        HolderKind::Passphrase | HolderKind::Command | HolderKind::File => Ok(()),
    };
    removed.map_err(|error| RekeyError::NotRemoved(kind, error))
}

/// Generates a new key, encrypts every secret with it, and gives it to every holder. If this is interrupted at any
/// point, the holders still open the vault: with the old key until the new vault is in place, and with the new key
/// after that. An error before then leaves everything as it was.
///
/// Returns the holders that wrap the key with a secret of their own, which has not changed.
pub fn renew(store: &VaultStore) -> Result<Vec<HolderKind>, RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    let passphrase = read_passphrase(store, &holders)?;
    let key = VaultKey::generate().map_err(|error| StoreError::Vault(error.into()))?;
    let (_, kinds) = store.change_and(
        |draft| {
            let old = draft.key().fingerprint();
            let mut holders = Vec::new();
            for holder in draft.holders() {
                let renewed = renew_holder(store, holder, &key, &old, passphrase.as_deref());
                holders.push(renewed.map_err(|error| RekeyError::Holder(holder.kind(), error))?);
            }
            let kinds: Vec<HolderKind> = holders.iter().map(Holder::kind).collect();
            draft.reseal(key, holders).map_err(StoreError::from)?;
            Ok((old, kinds))
        },
        |(old, kinds)| discard_old_key(store, kinds, old),
    )?;
    Ok(kinds.into_iter().filter(|kind| !matches!(kind, HolderKind::KeyFile | HolderKind::Keyring)).collect())
}

/// Gives the new key to a holder, which keeps the old key as well.
fn renew_holder(
    store: &VaultStore,
    holder: &Holder,
    key: &VaultKey,
    old: &Tag,
    passphrase: Option<&String>,
) -> Result<Holder, HolderError> {
    Ok(match (holder, passphrase) {
        (Holder::KeyFile, _) => {
            store.key_file().ensure_not_taken(old)?;
            store.key_file().renewal_file().write(key)?;
            Holder::KeyFile
        }
        (Holder::Keyring, _) => {
            Keyring::for_key(&key.fingerprint()).store(key, INTERACTIVE_TIMEOUT)?;
            Holder::Keyring
        }
        (Holder::Passphrase(_), Some(text)) => Holder::Passphrase(PassphraseHolder::new(key, text)?),
        // Another process added the passphrase after this one looked for it.
        (Holder::Passphrase(_), None) => return Err(PassphraseError::Added.into()),
        (Holder::Command(command), _) => {
            Holder::Command(command.rewrap(key, &store.trusted_commands(), INTERACTIVE_TIMEOUT)?)
        }
        (Holder::File(file), _) => Holder::File(file.rewrap(key)?),
    })
}

/// Removes the old key, which the vault on disk no longer needs.
fn discard_old_key(store: &VaultStore, kinds: &[HolderKind], old: &Tag) -> Result<(), RekeyError> {
    cache::remove(old);
    if kinds.contains(&HolderKind::KeyFile) {
        let replaced = store.key_file().renewal_file().rename_to(store.key_file());
        replaced.map_err(|error| RekeyError::NotRemoved(HolderKind::KeyFile, error.into()))?;
    }
    if kinds.contains(&HolderKind::Keyring) {
        remove_key(store, HolderKind::Keyring, old)?;
    }
    Ok(())
}

/// Returns the passphrase of the vault, if it has one.
fn read_passphrase(store: &VaultStore, holders: &Holders) -> Result<Option<Zeroizing<String>>, RekeyError> {
    let Some(Holder::Passphrase(passphrase)) = holders.find(HolderKind::Passphrase) else {
        return Ok(None);
    };
    let locked = |error: PassphraseError| StoreError::Locked {
        vault: store.path().to_owned(),
        source: LockedError(vec![(HolderKind::Passphrase, error.into())]),
    };
    let (text, key) = passphrase.obtain().map_err(locked)?;
    store.remember_key(holders, key);
    Ok(Some(text))
}

/// Returns the key from the first holder that has it. Holders have time to ask a person.
fn first_key(store: &VaultStore, holders: &Holders) -> Result<VaultKey, LockedError> {
    let mut errors = Vec::new();
    for holder in holders.find(HolderKind::KeyFile).into_iter().chain(holders.fallbacks()) {
        match holders.key_from(holder, store.key_file(), INTERACTIVE_TIMEOUT) {
            Ok(key) => return Ok(key),
            Err(error) => errors.push((holder.kind(), error)),
        }
    }
    Err(LockedError(errors))
}

/// The result of [`unlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockResult {
    /// A file has the key, so nothing is cached.
    AlwaysOpen,
    /// The kernel caches the key for the requested time.
    KeyCached,
}

/// Caches the vault's key in the kernel for some time, after asking its holders for it.
pub fn unlock(store: &VaultStore, time: Duration) -> Result<UnlockResult, RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    if first_key(store, &holders.file_holders()).is_ok() {
        return Ok(UnlockResult::AlwaysOpen);
    }
    let key = match holders.cached_key() {
        Some(key) => key,
        None => first_key(store, &holders)
            .map_err(|source| StoreError::Locked { vault: store.path().to_owned(), source })?,
    };
    if cache::store(&key, time) { Ok(UnlockResult::KeyCached) } else { Err(RekeyError::NotCached) }
}

/// The result of [`lock`].
pub struct LockResult {
    /// True when the key was cached.
    pub was_open: bool,
    /// The holders that still open the vault without a passphrase being entered.
    pub unattended_holders: Vec<HolderKind>,
}

/// Removes the vault's key from the kernel's cache.
pub fn lock(store: &VaultStore) -> Result<LockResult, RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    let needs_no_person =
        |kind: &HolderKind| *kind != HolderKind::Passphrase || env::passphrase_file().is_some();
    Ok(LockResult {
        was_open: cache::remove(&holders.fingerprint),
        unattended_holders: holders.list.iter().map(Holder::kind).filter(needs_no_person).collect(),
    })
}
