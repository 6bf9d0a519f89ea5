//! Where a vault's key is kept: the holders that its open part names, each of which opens it.

pub mod cache;
pub mod command;
pub mod external_file;
pub mod holders;
pub mod key_file;
pub mod keyring;
pub mod passphrase;
pub mod wrapping_key;

use std::time::Duration;

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::model::hint::Hint;
use crate::vault::keys::command::{KeyCommand, KeyCommandError};
use crate::vault::keys::external_file::{ExternalKeyFile, ExternalKeyFileError};
use crate::vault::keys::key_file::KeyFileError;
use crate::vault::keys::keyring::KeyringError;
use crate::vault::keys::passphrase::{PassphraseError, PassphraseHolder};
use crate::vault::seal::VaultKey;

/// How long a key holder may take when a client waits for the answer.
pub const CLIENT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long it may take when a person is there to answer its questions.
pub const INTERACTIVE_TIMEOUT: Duration = Duration::from_secs(120);

/// Gives a vault's key.
pub trait KeyHolder {
    /// Returns the key, or why there is none; within `patience`, unless a person is asked.
    fn key(&self, patience: Duration) -> Result<VaultKey, HolderError>;
}

/// A key holder, as the vault's open part names it, so that `get` never has to look for one. A new sort of
/// holder has a new number; a program that does not know it takes the vault for one of a later version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Holder {
    #[n(0)]
    KeyFile,
    #[n(1)]
    Keyring,
    #[n(2)]
    Passphrase(#[n(0)] PassphraseHolder),
    #[n(3)]
    Command(#[n(0)] KeyCommand),
    #[n(4)]
    File(#[n(0)] ExternalKeyFile),
}

/// What sort of holder a holder is; a vault has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    /// The key file in the configuration folder.
    KeyFile,
    /// The OS keyring.
    Keyring,
    /// A passphrase.
    Passphrase,
    /// A command.
    Command,
    /// A file elsewhere.
    File,
}

impl Holder {
    /// Returns what sort it is.
    pub fn kind(&self) -> HolderKind {
        match self {
            Self::KeyFile => HolderKind::KeyFile,
            Self::Keyring => HolderKind::Keyring,
            Self::Passphrase(_) => HolderKind::Passphrase,
            Self::Command(_) => HolderKind::Command,
            Self::File(_) => HolderKind::File,
        }
    }
}

impl HolderKind {
    /// Returns the word for it, in arguments and listings.
    pub fn word(self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
            Self::Command => "command",
            Self::File => "file",
        }
    }

    /// Returns what it is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyFile => "the key file",
            Self::Keyring => "the OS keyring",
            Self::Passphrase => "the passphrase",
            Self::Command => "the key command",
            Self::File => "the key file elsewhere",
        }
    }

    /// Returns what it does not protect the vault from, as a sentence.
    pub fn exposure(self) -> &'static str {
        match self {
            Self::KeyFile => {
                "it does not protect from a copy of your whole home, a stolen disk that is not encrypted, or \
                 programs that run as you"
            }
            Self::Keyring => "it does not protect from programs that run as you while the keyring is open",
            Self::Passphrase => {
                "it does not protect from programs that run as you while the vault is open, or if it can be \
                 guessed"
            }
            Self::Command | Self::File => "it protects from what the store behind it protects from",
        }
    }

    /// Returns the command after which the vault is safer than with this holder.
    pub fn advice(self) -> &'static str {
        match self {
            Self::KeyFile => {
                "docker-credential-pat key add passphrase, then key remove key-file, if that matters to you"
            }
            Self::Passphrase => "docker-credential-pat lock, when you are done",
            Self::Keyring | Self::Command | Self::File => {
                "docker-credential-pat key status shows how it stands"
            }
        }
    }
}

/// Why a holder gives no key.
#[derive(Debug, Error)]
pub enum HolderError {
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    #[error(transparent)]
    Command(#[from] KeyCommandError),
    #[error(transparent)]
    File(#[from] ExternalKeyFileError),
    /// It gives a key, which is another vault's.
    #[error("{}: the key does not belong to the vault", .0.name())]
    Another(HolderKind),
}

impl Hint for HolderError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::KeyFile(error) => error.hint(),
            Self::Keyring(error) => error.hint(),
            Self::Passphrase(error) => error.hint(),
            Self::Command(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::Another(sort) => {
                Some(format!("put back the key of this vault in {} from a backup", sort.name()))
            }
        }
    }
}
