//! A command that writes a spare key: a password manager's, or whatever else keeps it.

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use minicbor::{Decode, Encode};
use thiserror::Error;

use crate::model::hint::Hint;
use crate::system::process::ProcessError;
use crate::system::{env, process};
use crate::vault::keys::{HolderError, HolderKind, KeyHolder, wrapping_key};
use crate::vault::seal::{VaultKey, WrappedKey};

/// A command, and the vault's key wrapped with the spare key that it writes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct KeyCommand {
    #[n(0)]
    program: String,
    #[n(1)]
    args: Vec<String>,
    #[n(2)]
    wrapped: WrappedKey,
}

/// Why a command gives no key.
#[derive(Debug, Error)]
pub enum KeyCommandError {
    #[error("the key command gives no key")]
    Child(#[from] ProcessError),
    /// A path that depends on the working directory, where anybody could have put a program.
    #[error("the key command {program} is neither a name to be found in PATH nor an absolute path")]
    NoPath {
        /// The program.
        program: String,
    },
    /// It says itself that it could not do it.
    #[error("the key command {program} ended with {}", code.map_or("a signal".to_owned(), |code| format!("exit code {code}")))]
    Failed {
        /// The program.
        program: String,
        /// Its exit code, unless a signal ended it.
        code: Option<i32>,
    },
    /// It writes something else.
    #[error("what the key command {program} writes is no key of this program")]
    NotAKey {
        /// The program.
        program: String,
    },
    /// A vault that others may change could run any command.
    #[error("others may write to the vault, so the command that it names is not run")]
    OthersMayWrite,
    /// A command that asks for a token of the vault that it is to open would ask itself without end.
    #[error("the key command asks this program for what only the key command can open")]
    AsksItself,
    /// The system gives no random numbers.
    #[error("cannot wrap the key")]
    Random(#[from] getrandom::Error),
}

impl Hint for KeyCommandError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Child(ProcessError::Hung { .. }) => {
                "run `docker-credential-pat unlock`, which waits longer for it".to_owned()
            }
            Self::Child(_) | Self::Failed { .. } => {
                "run the command by itself to see what it lacks; docker-credential-pat key status shows it"
                    .to_owned()
            }
            Self::NotAKey { .. } => {
                "`docker-credential-pat key make` writes a key, to be kept where the command finds it"
                    .to_owned()
            }
            Self::NoPath { .. } => "give the path from the root on".to_owned(),
            Self::OthersMayWrite => "run `chmod go-w` on the vault and on its folder".to_owned(),
            Self::AsksItself => {
                "have the command take the key from somewhere else; docker-credential-pat key status shows it"
                    .to_owned()
            }
            Self::Random(_) => "try again".to_owned(),
        })
    }
}

impl KeyCommand {
    /// Wraps a vault's key with the spare key that a command writes.
    ///
    /// # Errors
    /// When it writes none within `patience`.
    pub fn wrapping(
        vault_key: &VaultKey,
        program: String,
        args: Vec<String>,
        patience: Duration,
    ) -> Result<Self, KeyCommandError> {
        let wrapped = ask(&program, &args, patience)?.wrap(vault_key)?;
        Ok(Self { program, args, wrapped })
    }

    /// Wraps another key with the spare key that the same command writes.
    ///
    /// # Errors
    /// When it writes none within `patience`.
    pub fn rewrapping(&self, vault_key: &VaultKey, patience: Duration) -> Result<Self, KeyCommandError> {
        Self::wrapping(vault_key, self.program.clone(), self.args.clone(), patience)
    }

    /// Returns the command as it was given, for people.
    pub fn command_line(&self) -> String {
        std::iter::once(&self.program).chain(&self.args).map(String::as_str).collect::<Vec<_>>().join(" ")
    }
}

impl KeyHolder for KeyCommand {
    fn key(&self, patience: Duration) -> Result<VaultKey, HolderError> {
        let spare = ask(&self.program, &self.args, patience)?;
        spare.unwrap(&self.wrapped).ok_or(HolderError::Another(HolderKind::Command))
    }
}

/// Runs the command and reads the key that it writes.
fn ask(program: &str, args: &[String], patience: Duration) -> Result<VaultKey, KeyCommandError> {
    if env::is_key_wanted() {
        return Err(KeyCommandError::AsksItself);
    }
    let path = Path::new(program);
    if path.components().count() != 1 && !path.is_absolute() {
        return Err(KeyCommandError::NoPath { program: program.to_owned() });
    }
    let output = process::run(OsStr::new(program), args, b"", Some(env::KEY_WANTED), patience)?;
    if output.code != Some(0) {
        return Err(KeyCommandError::Failed { program: program.to_owned(), code: output.code });
    }
    wrapping_key::from_text(&output.stdout)
        .ok_or_else(|| KeyCommandError::NotAKey { program: program.to_owned() })
}
