//! What is done to a vault's key: other holders are given it, some lose it, and it is made anew.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::system::env;
use crate::vault::VaultError;
use crate::vault::keys::command::CommandHolder;
use crate::vault::keys::external_file::FileElsewhere;
use crate::vault::keys::holders::{Holders, Locked};
use crate::vault::keys::keyring::Keyring;
use crate::vault::keys::passphrase::{Passphrase, PassphraseError};
use crate::vault::keys::{Holder, HolderError, PERSONS_PATIENCE, Sort, cache};
use crate::vault::seal::{Tag, VaultKey};
use crate::vault::store::{Keeper, KeeperError};

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
pub enum KeyLifeError {
    #[error(transparent)]
    Keeper(#[from] KeeperError),
    #[error("{} cannot take the key", .0.name())]
    Holder(Sort, #[source] HolderError),
    /// What was to be taken from it is still there.
    #[error("the vault has changed, but {} still has the key that it had", .0.name())]
    NotTaken(Sort, #[source] HolderError),
    /// Nothing has been stored yet.
    #[error("there is no vault yet")]
    NoVault,
    /// It is none of the vault's holders.
    #[error("{} does not have the key", .0.name())]
    NotAHolder(Sort),
    /// Without it nothing would open the vault.
    #[error("{} alone has the key, and nothing else would open the vault", .0.name())]
    Last(Sort),
    /// The others are named in the vault and do not open it.
    #[error("no other key holder opens the vault: {rest}")]
    NoneOfTheRest {
        /// The one that was to lose the key.
        sort: Sort,
        /// What the others say.
        rest: Locked,
    },
    /// The kernel's key memory is closed to us.
    #[error("this system does not keep keys in its memory, so the vault cannot stay open")]
    NotKept,
}

impl From<VaultError> for KeyLifeError {
    fn from(error: VaultError) -> Self {
        Self::Keeper(error.into())
    }
}

impl KeyLifeError {
    /// Returns the way out.
    pub fn hint(&self) -> Option<String> {
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
pub fn add(keeper: &Keeper, new: &NewHolder) -> Result<(), KeyLifeError> {
    keeper.change(|draft| {
        let holder = entrust(keeper, draft.key(), new)?;
        draft.entrust(holder);
        Ok(())
    })
}

fn entrust(keeper: &Keeper, key: &VaultKey, new: &NewHolder) -> Result<Holder, KeyLifeError> {
    Ok(match new {
        NewHolder::KeyFile => {
            keeper.key_file().keep_beside_none(key).map_err(because(Sort::KeyFile))?;
            Holder::KeyFile
        }
        NewHolder::Keyring => {
            Keyring::of(&key.fingerprint()).keep(key, PERSONS_PATIENCE).map_err(because(Sort::Keyring))?;
            Holder::Keyring
        }
        NewHolder::Passphrase(text) => {
            Holder::Passphrase(Passphrase::wrapping(key, text).map_err(because(Sort::Passphrase))?)
        }
        NewHolder::Command { program, args } => {
            let holder = CommandHolder::wrapping(key, program.clone(), args.clone(), PERSONS_PATIENCE);
            Holder::Command(holder.map_err(because(Sort::Command))?)
        }
        NewHolder::File(path) => {
            Holder::File(FileElsewhere::wrapping(key, path).map_err(because(Sort::File))?)
        }
    })
}

/// Takes the vault's key from a holder, when another one has been seen to open the vault.
pub fn remove(keeper: &Keeper, sort: Sort) -> Result<(), KeyLifeError> {
    let holders = keeper.holders()?.ok_or(KeyLifeError::NoVault)?;
    holders.of_sort(sort).ok_or(KeyLifeError::NotAHolder(sort))?;
    let mut rest = holders.clone();
    rest.list.retain(|holder| holder.sort() != sort);
    if rest.list.is_empty() {
        return Err(KeyLifeError::Last(sort));
    }
    key_of_any(keeper, &rest).map_err(|rest| KeyLifeError::NoneOfTheRest { sort, rest })?;
    keeper.change_and(
        |draft| {
            draft.dismiss(sort);
            if draft.holders().is_empty() {
                Err(KeyLifeError::Last(sort))
            } else {
                Ok(draft.key().fingerprint())
            }
        },
        |fingerprint| take_from(keeper, sort, fingerprint),
    )?;
    Ok(())
}

/// Removes what a holder has of a key that the vault does not need there.
fn take_from(keeper: &Keeper, sort: Sort, fingerprint: &Tag) -> Result<(), KeyLifeError> {
    match sort {
        Sort::KeyFile => keeper.key_file().remove(fingerprint).map_err(still(sort)),
        Sort::Keyring => Keyring::of(fingerprint).forget(PERSONS_PATIENCE).map_err(still(sort)),
        Sort::Passphrase | Sort::Command | Sort::File => Ok(()),
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
pub fn renew(keeper: &Keeper) -> Result<Vec<Sort>, KeyLifeError> {
    let holders = keeper.holders()?.ok_or(KeyLifeError::NoVault)?;
    let passphrase = passphrase_of(keeper, &holders)?;
    let key = VaultKey::make().map_err(VaultError::from)?;
    let (_, sorts) = keeper.change_and(
        |draft| {
            let old = draft.key().fingerprint();
            let mut holders = Vec::new();
            for holder in draft.holders() {
                let renewed = entrust_anew(keeper, holder, &key, &old, passphrase.as_deref());
                holders.push(renewed.map_err(|error| KeyLifeError::Holder(holder.sort(), error))?);
            }
            let sorts: Vec<Sort> = holders.iter().map(Holder::sort).collect();
            draft.seal_anew(key, holders)?;
            Ok((old, sorts))
        },
        |(old, sorts)| change_over(keeper, sorts, old),
    )?;
    Ok(sorts.into_iter().filter(|sort| !matches!(sort, Sort::KeyFile | Sort::Keyring)).collect())
}

/// Gives a holder another key, beside the one that it has.
fn entrust_anew(
    keeper: &Keeper,
    holder: &Holder,
    key: &VaultKey,
    old: &Tag,
    passphrase: Option<&String>,
) -> Result<Holder, HolderError> {
    Ok(match (holder, passphrase) {
        (Holder::KeyFile, _) => {
            keeper.key_file().refuse_another(old)?;
            keeper.key_file().renewed().keep(key)?;
            Holder::KeyFile
        }
        (Holder::Keyring, _) => {
            Keyring::of(&key.fingerprint()).keep(key, PERSONS_PATIENCE)?;
            Holder::Keyring
        }
        (Holder::Passphrase(_), Some(text)) => Holder::Passphrase(Passphrase::wrapping(key, text)?),
        // It came while the passphrase of none was asked for.
        (Holder::Passphrase(_), None) => return Err(PassphraseError::Wrong.into()),
        (Holder::Command(command), _) => Holder::Command(command.rewrapping(key, PERSONS_PATIENCE)?),
        (Holder::File(file), _) => Holder::File(file.rewrapping(key)?),
    })
}

/// Does away with the old key, which the vault on disk needs no longer.
fn change_over(keeper: &Keeper, sorts: &[Sort], old: &Tag) -> Result<(), KeyLifeError> {
    cache::forget(old);
    if sorts.contains(&Sort::KeyFile) {
        keeper.key_file().renewed().take_the_place_of(keeper.key_file()).map_err(still(Sort::KeyFile))?;
    }
    if sorts.contains(&Sort::Keyring) {
        take_from(keeper, Sort::Keyring, old)?;
    }
    Ok(())
}

/// Returns the passphrase of the vault, if it has one.
fn passphrase_of(keeper: &Keeper, holders: &Holders) -> Result<Option<Zeroizing<String>>, KeyLifeError> {
    let Some(Holder::Passphrase(passphrase)) = holders.of_sort(Sort::Passphrase) else { return Ok(None) };
    let locked = |error: PassphraseError| KeeperError::Locked {
        vault: keeper.path().to_owned(),
        source: Locked(vec![(Sort::Passphrase, error.into())]),
    };
    let (text, _) = passphrase.text().map_err(locked)?;
    Ok(Some(text))
}

/// Asks one holder after another for the key, as long as a person can wait.
fn key_of_any(keeper: &Keeper, holders: &Holders) -> Result<VaultKey, Locked> {
    let mut troubles = Vec::new();
    for holder in holders.of_sort(Sort::KeyFile).into_iter().chain(holders.in_turn()) {
        match holders.key_of(holder, keeper.key_file(), PERSONS_PATIENCE) {
            Ok(key) => return Ok(key),
            Err(error) => troubles.push((holder.sort(), error)),
        }
    }
    Err(Locked(troubles))
}

/// What [`unlock`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unlocked {
    /// A file has the key: the vault is open always.
    Always,
    /// The key is kept for the time that was asked for.
    ForATime,
}

/// Keeps the vault's key in the kernel's memory for some time, after asking its holders for it.
pub fn unlock(keeper: &Keeper, time: Duration) -> Result<Unlocked, KeyLifeError> {
    let holders = keeper.holders()?.ok_or(KeyLifeError::NoVault)?;
    if key_of_any(keeper, &holders.those_open()).is_ok() {
        return Ok(Unlocked::Always);
    }
    let key = match holders.kept() {
        Some(key) => key,
        None => key_of_any(keeper, &holders)
            .map_err(|source| KeeperError::Locked { vault: keeper.path().to_owned(), source })?,
    };
    if cache::keep(&key, time) { Ok(Unlocked::ForATime) } else { Err(KeyLifeError::NotKept) }
}

/// What [`lock`] did, and what opens the vault all the same.
pub struct Closed {
    /// Whether a key was kept.
    pub was_open: bool,
    /// The holders that give the key without asking anybody.
    pub open: Vec<Sort>,
}

/// Forgets the key that is kept for the vault.
pub fn lock(keeper: &Keeper) -> Result<Closed, KeyLifeError> {
    let holders = keeper.holders()?.ok_or(KeyLifeError::NoVault)?;
    let is_silent = |sort: &Sort| *sort != Sort::Passphrase || env::passphrase_file().is_some();
    Ok(Closed {
        was_open: cache::forget(&holders.fingerprint),
        open: holders.list.iter().map(Holder::sort).filter(is_silent).collect(),
    })
}

/// Says which holder a key is still with, when the vault on disk has changed already.
fn still<E: Into<HolderError>>(sort: Sort) -> impl Fn(E) -> KeyLifeError {
    move |error| KeyLifeError::NotTaken(sort, error.into())
}

/// Says which holder an error is about.
fn because<E: Into<HolderError>>(sort: Sort) -> impl Fn(E) -> KeyLifeError {
    move |error| KeyLifeError::Holder(sort, error.into())
}
