//! Key holders: the places that keep a vault's key. The vault names them, and each of them opens it.

pub mod cache;
pub mod command;
pub mod external_file;
pub mod holders;
pub mod key_file;
pub mod keyring;
pub mod passphrase;
pub mod trusted_commands;
pub mod wrapping_key;

use std::time::Duration;

use minicbor::{Decode, Decoder, Encode, decode};
use thiserror::Error;

use crate::model::cbor::{ListMemory, decode_list};
use crate::model::hint::{Hint, program};
use crate::vault::keys::command::{KeyCommand, KeyCommandError};
use crate::vault::keys::external_file::{ExternalKeyFile, ExternalKeyFileError};
use crate::vault::keys::key_file::KeyFileError;
use crate::vault::keys::keyring::KeyringError;
use crate::vault::keys::passphrase::{PassphraseError, PassphraseHolder};

/// The longest time that a key holder may take while a client waits for the answer.
pub const CLIENT_TIMEOUT: Duration = Duration::from_secs(3);

/// The longest time that a key holder may take when a person can answer its questions.
pub const INTERACTIVE_TIMEOUT: Duration = Duration::from_secs(120);

/// A key holder as it is stored in the vault, so that `get` never has to look for one. A new kind of holder
/// gets a new number; a program that does not know the number reports that a later version wrote the vault.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(context_bound = "crate::model::cbor::ListMemory")]
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

/// The most key holders in a vault. There are five kinds, and later versions may add some.
pub const MAX_HOLDERS: usize = 16;

/// Decodes the key holders of a vault.
pub fn decode_holders<C: ListMemory>(
    input: &mut Decoder<'_>,
    context: &mut C,
) -> Result<Vec<Holder>, decode::Error> {
    if input.probe().array()?.is_some_and(|length| length > MAX_HOLDERS as u64) {
        return Err(decode::Error::message("more key holders than a vault has"));
    }
    decode_list(input, context)
}

/// The kind of a key holder. A vault has at most one holder of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    /// The key file in the configuration folder.
    KeyFile,
    /// The OS keyring.
    Keyring,
    Passphrase,
    /// A command that prints a wrapping key.
    Command,
    /// A file elsewhere with a wrapping key.
    File,
}

impl Holder {
    /// Returns the kind of this holder.
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
    /// Returns the word for arguments and listings.
    pub fn word(self) -> &'static str {
        match self {
            Self::KeyFile => "key-file",
            Self::Keyring => "keyring",
            Self::Passphrase => "passphrase",
            Self::Command => "command",
            Self::File => "file",
        }
    }

    /// Returns the name for a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::KeyFile => "the key file",
            Self::Keyring => "the OS keyring",
            Self::Passphrase => "the passphrase",
            Self::Command => "the key command",
            Self::File => "the key file elsewhere",
        }
    }

    /// Returns a sentence about the threats that remain with this holder.
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

    /// Returns a command that makes the vault safer or shows its state.
    pub fn advice(self) -> String {
        let command = match self {
            Self::KeyFile => "key add passphrase, then key remove key-file, if that matters to you",
            Self::Passphrase => "lock, when you are done",
            Self::Keyring | Self::Command | Self::File => "key status shows how it stands",
        };
        format!("{} {command}", program())
    }
}

/// The reason why a holder does not return or accept a key.
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
    /// The holder returned the key of another vault.
    #[error("{}: the key does not belong to the vault", .0.name())]
    OtherKey(HolderKind),
}

impl Hint for HolderError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::KeyFile(error) => error.hint(),
            Self::Keyring(error) => error.hint(),
            Self::Passphrase(error) => error.hint(),
            Self::Command(error) => error.hint(),
            Self::File(error) => error.hint(),
            Self::OtherKey(kind) => {
                Some(format!("put back the key of this vault in {} from a backup", kind.name()))
            }
        }
    }
}
