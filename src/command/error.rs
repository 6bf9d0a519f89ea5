//! Errors of commands, with their hints.

use std::error::Error;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use thiserror::Error;

use crate::client::context::TOKEN_NAME;
use crate::inventory::Inventory;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::provider::{contains_token, mask_secrets};
use crate::resolve::Reason;
use crate::system::env;
use crate::system::sanitize::{clean, error_chain};
use crate::system::tty::TtyError;
use crate::vault::store::StoreError;

/// An error that ends a command. `?` converts any error that implements [`Hint`]. The errors of a single command are
/// defined in that command's file.
#[derive(Debug)]
pub struct CommandError {
    error: Box<dyn Error>,
    hint: Option<String>,
}

impl<E: Error + Hint + 'static> From<E> for CommandError {
    fn from(error: E) -> Self {
        Self { hint: error.hint(), error: Box::new(error) }
    }
}

impl CommandError {
    pub fn output(error: io::Error) -> Self {
        OutputError(error).into()
    }

    /// Returns the original error if it has this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.error.downcast_ref()
    }

    /// Converts back to the original error if it has this type.
    pub fn downcast<E: Error + 'static>(self) -> Result<E, Self> {
        let Self { error, hint } = self;
        error.downcast().map(|error| *error).map_err(|error| Self { error, hint })
    }

    /// True when a person pressed Ctrl-C at a question.
    pub fn is_interruption(&self) -> bool {
        matches!(self.downcast_ref(), Some(PromptError::Missing { source: TtyError::Interrupted, .. }))
    }

    /// True when the reader closed the pipe, as in `ls | head -1`.
    pub fn is_broken_pipe(&self) -> bool {
        self.downcast_ref().is_some_and(|OutputError(error)| error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns the word for the reason of a failed request in the usage log.
    pub fn log_word(&self) -> Option<&'static str> {
        if self.error.is::<NamedTokenError>() {
            return Some(Reason::NotNamed.word());
        }
        if let Some(StoreError::Locked { .. } | StoreError::Key { .. }) = self.downcast_ref() {
            return Some("locked");
        }
        self.error.is::<OutputError>().then_some("not-read")
    }

    /// Returns the error and its causes in one line that is safe for a terminal, without secrets.
    pub fn line(&self) -> String {
        clean(&mask_secrets(&error_chain(&*self.error)))
    }

    /// Writes the error and its hint for people. If the error quotes a token, the hint is how to give one.
    pub fn report(&self, mut err: impl Write) {
        let has_token = contains_token(&error_chain(&*self.error));
        let secret = has_token.then(secret_hint);
        let hint = secret.as_ref().or(self.hint.as_ref()).map(|hint| clean(&mask_secrets(hint)));
        let hint = hint.map(|hint| format!("{}: hint: {hint}\n", program()));
        let text = format!("{}: error: {}\n{}", program(), self.line(), hint.unwrap_or_default());
        // If stderr is closed too, nobody can read it.
        let _ = err.write_all(text.as_bytes());
    }
}

/// Returns the hint for a secret in the wrong place.
pub fn secret_hint() -> String {
    format!("printf %s \"$TOKEN\" | {} add NAME --registry HOST --secret-stdin", program())
}

/// The answer was not written, or only a part of it.
#[derive(Debug, Error)]
#[error("cannot write the answer")]
pub struct OutputError(#[source] io::Error);

impl Hint for OutputError {
    fn hint(&self) -> Option<String> {
        Some("connect standard output to a file or a program that reads it".to_owned())
    }
}

/// The token that `DOCKER_CREDENTIAL_PAT_TOKEN_NAME` names does not fit the request.
#[derive(Debug, Error)]
pub enum NamedTokenError {
    /// The value is not shown: it may be a secret.
    #[error("{TOKEN_NAME} does not name a token")]
    NoToken,
    #[error("{TOKEN_NAME} names \"{name}\", which is not for {key}")]
    OtherRegistry { name: Name, key: String },
}

impl NamedTokenError {
    /// Finds the reason why a named token does not fit a key, among all tokens.
    pub fn new(name: &str, key: &Key, inventory: &Inventory) -> Self {
        match inventory.find_by_name(name) {
            None => Self::NoToken,
            Some(token) => Self::OtherRegistry { name: token.name.clone(), key: key.as_str().to_owned() },
        }
    }
}

impl Hint for NamedTokenError {
    fn hint(&self) -> Option<String> {
        let program = program();
        Some(format!("set it to a name that {program} ls shows, or run `unset {TOKEN_NAME}`"))
    }
}

/// An invalid argument of a kind that several commands take.
#[derive(Debug, Error)]
pub enum ArgumentError {
    #[error("there is no token named \"{0}\"")]
    NoSuchToken(String),
    /// A path or a wildcard: clients configure whole registries only.
    #[error("{0:?} is not one whole registry")]
    NotOneRegistry(String),
    #[error("\"{name}\" may not go to {scope}")]
    OutOfScope { name: Name, scope: String },
    #[error("{} is not a directory", .0.display())]
    NoDirectory(PathBuf),
    #[error("{0:?} is neither an image nor a registry")]
    NoImage(String),
}

impl Hint for ArgumentError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::NoSuchToken(_) => Some(format!("{} ls shows every name", program())),
            Self::NotOneRegistry(_) => {
                Some("name it as you do at login: ghcr.io or localhost:5000".to_owned())
            }
            Self::OutOfScope { name, .. } => Some(format!(
                "{} show {1} shows its registries, and edit {1} --registry changes them",
                program(),
                name.as_argument()
            )),
            Self::NoImage(_) => Some("for example: alpine, ghcr.io/acme/app or ghcr.io".to_owned()),
            Self::NoDirectory(_) => None,
        }
    }
}

/// A prompt without a usable answer.
#[derive(Debug, Error)]
pub enum PromptError {
    #[error("no {what} was given")]
    Missing {
        what: &'static str,
        /// The option to use without a terminal.
        option: &'static str,
        source: TtyError,
    },
    /// There is no terminal for a question that `--yes` answers.
    #[error("cannot ask without a terminal")]
    Unconfirmed,
    #[error("the secret is {0}")]
    Secret(&'static str),
    #[error("the password is empty")]
    EmptyPassword,
    #[error("the two passphrases are not the same")]
    TwoPassphrases,
    #[error("nothing was changed")]
    Declined,
}

impl Hint for PromptError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { source: TtyError::Interrupted, .. }
            | Self::Secret(_)
            | Self::EmptyPassword
            | Self::Declined => None,
            Self::Missing { option, .. } => Some(format!("give it with {option}")),
            Self::Unconfirmed => Some(format!("{} --yes", env::command_line())),
            Self::TwoPassphrases => Some("nothing was changed; try again".to_owned()),
        }
    }
}
