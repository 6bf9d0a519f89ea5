//! What is done to a vault's key: other holders are given it, some lose it, and it is made anew.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::system::env;
use crate::vault::VaultError;
use crate::vault::keys::command::KeyCommand;
use crate::vault::keys::external_file::ExternalKeyFile;
use crate::vault::keys::holders::{Holders, LockedError};
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::passphrase::{PassphraseError, PassphraseHolder};
use crate::vault::keys::{Holder, HolderError, HolderKind, INTERACTIVE_TIMEOUT, cache};
use crate::vault::seal::{Tag, VaultKey};
use crate::vault::store::{StoreError, VaultStore};

/// A holder that is to have the key.
pub enum NewHolder {
    /// The key file in the configuration folder.
    KeyFile,
    /// The OS keyring.
    Keyring,
    /// This passphrase.
    Passphrase(Zeroizing<String>),
    /// A command that writes a spare key.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        args: Vec<String>,
    },
    /// A file with a spare key.
    File(PathBuf),
}

/// Why the holders of a key cannot be changed.
#[derive(Debug, Error)]
pub enum RekeyError {
    #[error(transparent)]
    Keeper(#[from] StoreError),
    #[error("{} cannot take the key", .0.name())]
    Holder(HolderKind, #[source] HolderError),
    /// What was to be taken from it is still there.
    #[error("the vault has changed, but {} still has the key that it had", .0.name())]
    NotTaken(HolderKind, #[source] HolderError),
    /// Nothing has been stored yet.
    #[error("there is no vault yet")]
    NoVault,
    /// It is none of the vault's holders.
    #[error("{} does not have the key", .0.name())]
    NotAHolder(HolderKind),
    /// Without it nothing would open the vault.
    #[error("{} alone has the key, and nothing else would open the vault", .0.name())]
    Last(HolderKind),
    /// The others are named in the vault and do not open it.
    #[error("no other key holder opens the vault: {rest}")]
    NoneOfTheRest {
        /// The one that was to lose the key.
        sort: HolderKind,
        /// What the others say.
        rest: LockedError,
    },
    /// The kernel's key memory is closed to us.
    #[error("this system does not keep keys in its memory, so the vault cannot stay open")]
    NotKept,
}

impl From<VaultError> for RekeyError {
    fn from(error: VaultError) -> Self {
        Self::Keeper(error.into())
    }
}

impl Hint for RekeyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Keeper(error) => error.hint(),
            Self::Holder(_, error) => error.hint(),
            Self::NotTaken(..) => Some("`docker-credential-pat key renew` makes it worthless".to_owned()),
            Self::NoVault => Some("docker login, or docker-credential-pat add, makes one".to_owned()),
            Self::NotAHolder(_) => Some("docker-credential-pat key status shows who has it".to_owned()),
            Self::Last(_) => Some("give it to another one first: docker-credential-pat key add".to_owned()),
            Self::NoneOfTheRest { sort, .. } => {
                Some(format!("mend one of them, or keep {}; nothing was changed", sort.name()))
            }
            Self::NotKept => Some(format!(
                "name a file with the passphrase in {}, or add a holder that asks nobody",
                env::PASSPHRASE_FILE
            )),
        }
    }
}

/// Gives the vault's key to one more holder, in the place of any of the same sort. Makes the vault if there
/// is none.
pub fn add(store: &VaultStore, new: &NewHolder) -> Result<(), RekeyError> {
    store.change(|draft| {
        let holder = add_holder(store, draft.key(), new)?;
        draft.add_holder(holder);
        Ok(())
    })
}

fn add_holder(store: &VaultStore, key: &VaultKey, new: &NewHolder) -> Result<Holder, RekeyError> {
    Ok(match new {
        NewHolder::KeyFile => {
            store.key_file().write_unless_other(key).map_err(because(HolderKind::KeyFile))?;
            Holder::KeyFile
        }
        NewHolder::Keyring => {
            Keyring::for_key(&key.fingerprint())
                .keep(key, INTERACTIVE_TIMEOUT)
                .map_err(because(HolderKind::Keyring))?;
            Holder::Keyring
        }
        NewHolder::Passphrase(text) => Holder::Passphrase(
            PassphraseHolder::wrapping(key, text).map_err(because(HolderKind::Passphrase))?,
        ),
        NewHolder::Command { program, args } => {
            let holder = KeyCommand::wrapping(key, program.clone(), args.clone(), INTERACTIVE_TIMEOUT);
            Holder::Command(holder.map_err(because(HolderKind::Command))?)
        }
        NewHolder::File(path) => {
            Holder::File(ExternalKeyFile::wrapping(key, path).map_err(because(HolderKind::File))?)
        }
    })
}

/// Takes the vault's key from a holder, when another one has been seen to open the vault.
pub fn remove(store: &VaultStore, sort: HolderKind) -> Result<(), RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    holders.find(sort).ok_or(RekeyError::NotAHolder(sort))?;
    let mut rest = holders.clone();
    rest.list.retain(|holder| holder.kind() != sort);
    if rest.list.is_empty() {
        return Err(RekeyError::Last(sort));
    }
    key_of_any(store, &rest).map_err(|rest| RekeyError::NoneOfTheRest { sort, rest })?;
    store.change_and(
        |draft| {
            draft.remove_holder(sort);
            if draft.holders().is_empty() {
                Err(RekeyError::Last(sort))
            } else {
                Ok(draft.key().fingerprint())
            }
        },
        |fingerprint| take_from(store, sort, fingerprint),
    )?;
    Ok(())
}

/// Removes what a holder has of a key that the vault does not need there.
fn take_from(store: &VaultStore, sort: HolderKind, fingerprint: &Tag) -> Result<(), RekeyError> {
    match sort {
        HolderKind::KeyFile => store.key_file().remove(fingerprint).map_err(still(sort)),
        HolderKind::Keyring => Keyring::for_key(fingerprint).forget(INTERACTIVE_TIMEOUT).map_err(still(sort)),
        HolderKind::Passphrase | HolderKind::Command | HolderKind::File => Ok(()),
    }
}

/// Makes a new key, seals everything with it and gives it to every holder. Whenever this is cut off, the
/// vault opens with what its holders have: with the old key until the new vault is in its place, and with the
/// new one from then on.
///
/// Returns the holders whose own secret wraps the key and stays as it was.
///
/// # Errors
/// When a holder does not answer, a secret does not open, or the vault cannot be written; then nothing has
/// changed.
pub fn renew(store: &VaultStore) -> Result<Vec<HolderKind>, RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    let passphrase = passphrase_of(store, &holders)?;
    let key = VaultKey::generate().map_err(VaultError::from)?;
    let (_, sorts) = store.change_and(
        |draft| {
            let old = draft.key().fingerprint();
            let mut holders = Vec::new();
            for holder in draft.holders() {
                let renewed = entrust_anew(store, holder, &key, &old, passphrase.as_deref());
                holders.push(renewed.map_err(|error| RekeyError::Holder(holder.kind(), error))?);
            }
            let sorts: Vec<HolderKind> = holders.iter().map(Holder::kind).collect();
            draft.reseal(key, holders)?;
            Ok((old, sorts))
        },
        |(old, sorts)| change_over(store, sorts, old),
    )?;
    Ok(sorts.into_iter().filter(|sort| !matches!(sort, HolderKind::KeyFile | HolderKind::Keyring)).collect())
}

/// Gives a holder another key, beside the one that it has.
fn entrust_anew(
    store: &VaultStore,
    holder: &Holder,
    key: &VaultKey,
    old: &Tag,
    passphrase: Option<&String>,
) -> Result<Holder, HolderError> {
    Ok(match (holder, passphrase) {
        (Holder::KeyFile, _) => {
            store.key_file().refuse_another(old)?;
            store.key_file().renewal_file().keep(key)?;
            Holder::KeyFile
        }
        (Holder::Keyring, _) => {
            Keyring::for_key(&key.fingerprint()).keep(key, INTERACTIVE_TIMEOUT)?;
            Holder::Keyring
        }
        (Holder::Passphrase(_), Some(text)) => Holder::Passphrase(PassphraseHolder::wrapping(key, text)?),
        // It came while the passphrase of none was asked for.
        (Holder::Passphrase(_), None) => return Err(PassphraseError::Wrong.into()),
        (Holder::Command(command), _) => Holder::Command(command.rewrapping(key, INTERACTIVE_TIMEOUT)?),
        (Holder::File(file), _) => Holder::File(file.rewrapping(key)?),
    })
}

/// Does away with the old key, which the vault on disk needs no longer.
fn change_over(store: &VaultStore, sorts: &[HolderKind], old: &Tag) -> Result<(), RekeyError> {
    cache::forget(old);
    if sorts.contains(&HolderKind::KeyFile) {
        store
            .key_file()
            .renewal_file()
            .replace_other(store.key_file())
            .map_err(still(HolderKind::KeyFile))?;
    }
    if sorts.contains(&HolderKind::Keyring) {
        take_from(store, HolderKind::Keyring, old)?;
    }
    Ok(())
}

/// Returns the passphrase of the vault, if it has one.
fn passphrase_of(store: &VaultStore, holders: &Holders) -> Result<Option<Zeroizing<String>>, RekeyError> {
    let Some(Holder::Passphrase(passphrase)) = holders.find(HolderKind::Passphrase) else {
        return Ok(None);
    };
    let locked = |error: PassphraseError| StoreError::Locked {
        vault: store.path().to_owned(),
        source: LockedError(vec![(HolderKind::Passphrase, error.into())]),
    };
    let (text, _) = passphrase.text().map_err(locked)?;
    Ok(Some(text))
}

/// Asks one holder after another for the key, as long as a person can wait.
fn key_of_any(store: &VaultStore, holders: &Holders) -> Result<VaultKey, LockedError> {
    let mut troubles = Vec::new();
    for holder in holders.find(HolderKind::KeyFile).into_iter().chain(holders.in_order()) {
        match holders.key_from(holder, store.key_file(), INTERACTIVE_TIMEOUT) {
            Ok(key) => return Ok(key),
            Err(error) => troubles.push((holder.kind(), error)),
        }
    }
    Err(LockedError(troubles))
}

/// What [`unlock`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnlockResult {
    /// A file has the key: the vault is open always.
    AlwaysOpen,
    /// The key is kept for the time that was asked for.
    KeyCached,
}

/// Keeps the vault's key in the kernel's memory for some time, after asking its holders for it.
pub fn unlock(store: &VaultStore, time: Duration) -> Result<UnlockResult, RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    if key_of_any(store, &holders.unattended_holders()).is_ok() {
        return Ok(UnlockResult::AlwaysOpen);
    }
    let key = match holders.cached_key() {
        Some(key) => key,
        None => key_of_any(store, &holders)
            .map_err(|source| StoreError::Locked { vault: store.path().to_owned(), source })?,
    };
    if cache::keep(&key, time) { Ok(UnlockResult::KeyCached) } else { Err(RekeyError::NotKept) }
}

/// What [`lock`] did, and what opens the vault all the same.
pub struct LockResult {
    /// Whether a key was kept.
    pub was_open: bool,
    /// The holders that give the key without asking anybody.
    pub unattended_holders: Vec<HolderKind>,
}

/// Forgets the key that is kept for the vault.
pub fn lock(store: &VaultStore) -> Result<LockResult, RekeyError> {
    let holders = store.holders()?.ok_or(RekeyError::NoVault)?;
    let is_silent = |sort: &HolderKind| *sort != HolderKind::Passphrase || env::passphrase_file().is_some();
    Ok(LockResult {
        was_open: cache::forget(&holders.fingerprint),
        unattended_holders: holders.list.iter().map(Holder::kind).filter(is_silent).collect(),
    })
}

/// Says which holder a key is still with, when the vault on disk has changed already.
fn still<E: Into<HolderError>>(sort: HolderKind) -> impl Fn(E) -> RekeyError {
    move |error| RekeyError::NotTaken(sort, error.into())
}

/// Says which holder an error is about.
fn because<E: Into<HolderError>>(sort: HolderKind) -> impl Fn(E) -> RekeyError {
    move |error| RekeyError::Holder(sort, error.into())
}
