//! Key holder: a command that prints a wrapping key, such as that of a password manager.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::model::hint::{Hint, program};
use crate::system::disk::DiskError;
use crate::system::process::ProcessError;
use crate::system::{env, process};
use crate::vault::keys::trusted_commands::TrustedCommands;
use crate::vault::keys::{HolderError, HolderKind, wrapping_key};
use crate::vault::seal::{VaultKey, WrappedKey};

/// A command, and the vault's key wrapped with the key that the command prints.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(context_bound = "crate::model::cbor::ListMemory")]
pub struct KeyCommand {
    #[n(0)]
    program: String,
    #[cbor(n(1), decode_with = "crate::model::cbor::decode_list")]
    args: Vec<String>,
    #[n(2)]
    wrapped: WrappedKey,
}

/// The reason why a command does not return a key.
#[derive(Debug, Error)]
pub enum KeyCommandError {
    #[error("the key command returned no key")]
    Child(#[from] ProcessError),
    /// The path depends on the working directory, where anybody may have put a program.
    #[error("the key command {program} is neither a name to be found in PATH nor an absolute path")]
    RelativePath { program: String },
    #[error("the key command {program} ended with {}", code.map_or("a signal".to_owned(), |code| format!("exit code {code}")))]
    Failed {
        program: String,
        /// `None` when a signal terminated the command.
        code: Option<i32>,
    },
    #[error("the key command {program} did not print a key of this program")]
    NotAKey { program: String },
    /// Somebody else may have replaced the command in the vault with another one.
    #[error("others may write to the vault, so the command that it names is not run")]
    OthersMayWrite,
    /// The command requested a token of the vault that it should open, which would start it again endlessly.
    #[error("the key command asks this program for the vault that it should open")]
    Recursive,
    /// The vault names it, but nobody has agreed to it here.
    #[error("nobody has agreed on this machine to run the key command {program}, which the vault names")]
    NotTrusted { program: String },
    #[error("cannot record that the key command may run")]
    NotRecorded(#[from] DiskError),
    #[error("cannot wrap the key")]
    Random(#[from] getrandom::Error),
}

impl Hint for KeyCommandError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Child(ProcessError::Hung { .. }) => {
                format!("run `{} unlock`, which waits longer", program())
            }
            Self::Child(_) | Self::Failed { .. } => {
                format!("run the command by itself to see why; {} key status shows it", program())
            }
            Self::NotAKey { .. } => {
                format!("`{} key make` writes a key, to be kept where the command finds it", program())
            }
            Self::RelativePath { .. } => "give the path from the root on".to_owned(),
            Self::OthersMayWrite => "run `chmod go-w` on the vault and on its folder".to_owned(),
            Self::Recursive => format!(
                "have the command take the key from somewhere else; {} key status shows it",
                program()
            ),
            Self::NotTrusted { .. } => {
                format!("run `{} key trust`, which shows the command and asks", program())
            }
            Self::NotRecorded(error) => return error.hint(),
            Self::Random(_) => "try again".to_owned(),
        })
    }
}

impl KeyCommand {
    /// Wraps a vault's key with the key that a command prints.
    pub fn new(
        vault_key: &VaultKey,
        program: String,
        args: Vec<String>,
        timeout: Duration,
    ) -> Result<Self, KeyCommandError> {
        let wrapped = run(&program, &args, timeout)?.wrap(vault_key)?;
        Ok(Self { program, args, wrapped })
    }

    /// Wraps another vault key with the key that the same command prints, if a person has agreed to it.
    pub fn rewrap(
        &self,
        vault_key: &VaultKey,
        trusted: &TrustedCommands,
        timeout: Duration,
    ) -> Result<Self, KeyCommandError> {
        self.refuse_untrusted(trusted)?;
        Self::new(vault_key, self.program.clone(), self.args.clone(), timeout)
    }

    /// Returns the program and its arguments, separated by spaces and not quoted.
    pub fn command_line(&self) -> String {
        self.words().collect::<Vec<_>>().join(" ")
    }

    /// Returns the program and its arguments.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.program).chain(&self.args).map(String::as_str)
    }

    /// Fails unless a person has agreed to the command.
    pub fn refuse_untrusted(&self, trusted: &TrustedCommands) -> Result<(), KeyCommandError> {
        if trusted.contains(self.words()) {
            Ok(())
        } else {
            Err(KeyCommandError::NotTrusted { program: self.program.clone() })
        }
    }

    /// Runs the command, if a person has agreed to it, and returns the vault's key.
    pub fn key(&self, trusted: &TrustedCommands, timeout: Duration) -> Result<VaultKey, HolderError> {
        self.refuse_untrusted(trusted)?;
        let wrapping_key = run(&self.program, &self.args, timeout)?;
        wrapping_key.unwrap(&self.wrapped).ok_or(HolderError::OtherKey(HolderKind::Command))
    }
}

/// Runs the command and parses the key that it prints.
fn run(program: &str, args: &[String], timeout: Duration) -> Result<VaultKey, KeyCommandError> {
    if env::is_key_wanted() {
        return Err(KeyCommandError::Recursive);
    }
    let path = Path::new(program);
    if path.components().count() != 1 && !path.is_absolute() {
        return Err(KeyCommandError::RelativePath { program: program.to_owned() });
    }
    let output = process::run(OsStr::new(program), args, b"", Some(env::KEY_WANTED), timeout)?;
    if output.code != Some(0) {
        return Err(KeyCommandError::Failed { program: program.to_owned(), code: output.code });
    }
    wrapping_key::from_text(&output.stdout)
        .ok_or_else(|| KeyCommandError::NotAKey { program: program.to_owned() })
}
