//! Errors of commands: each with its way out.

use std::error::Error;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use thiserror::Error;

use crate::client::context::TOKEN;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::resolve::Reason;
use crate::system::sanitize::{clean, error_chain};
use crate::system::tty::TtyError;
use crate::vault::store::StoreError;

/// An error that ends a command. Any error that may have a hint becomes one by `?`; errors of one command
/// stand in its file.
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
    /// The answer was not written whole.
    pub fn output(error: io::Error) -> Self {
        OutputError(error).into()
    }

    /// Returns the error as what it was made from.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.error.downcast_ref()
    }

    /// Takes the error back as what it was made from, if it was made from that.
    pub fn downcast<E: Error + 'static>(self) -> Result<E, Self> {
        let Self { error, hint } = self;
        error.downcast().map(|error| *error).map_err(|error| Self { error, hint })
    }

    /// True when a person pressed Ctrl-C at a question.
    pub fn is_interruption(&self) -> bool {
        matches!(self.downcast_ref(), Some(PromptError::Missing { source: TtyError::Interrupted, .. }))
    }

    /// True when the reader of the answer closed it, as in `ls | head -1`.
    pub fn is_broken_pipe(&self) -> bool {
        self.downcast_ref().is_some_and(|OutputError(error)| error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns the log's word for why a request failed, where it has one.
    pub fn word(&self) -> Option<&'static str> {
        if self.error.is::<NamedTokenError>() {
            return Some(Reason::NotNamed.word());
        }
        if let Some(StoreError::Locked { .. } | StoreError::Key { .. }) = self.downcast_ref() {
            return Some("locked");
        }
        self.error.is::<OutputError>().then_some("not-read")
    }

    /// Returns the error and its causes in one line that is safe for a terminal.
    pub fn line(&self) -> String {
        clean(&error_chain(&*self.error))
    }

    /// Writes the error and its hint for people.
    pub fn report(&self, mut err: impl Write) {
        let hint = self.hint.as_ref().map(|hint| format!("{}: hint: {}\n", program(), clean(hint)));
        let text = format!("{}: error: {}\n{}", program(), self.line(), hint.unwrap_or_default());
        // Nobody is left to read it when stderr is closed too.
        let _ = err.write_all(text.as_bytes());
    }
}

/// The answer was not written whole.
#[derive(Debug, Error)]
#[error("cannot write the answer")]
pub struct OutputError(#[source] io::Error);

impl Hint for OutputError {
    fn hint(&self) -> Option<String> {
        Some("connect standard output to something that takes it".to_owned())
    }
}

/// The one token that `DOCKER_CREDENTIAL_PAT_TOKEN` names is not for what was asked.
#[derive(Debug, Error)]
#[error("{TOKEN} names \"{name}\", which is no token for {key}")]
pub struct NamedTokenError {
    pub name: String,
    pub key: String,
}

impl Hint for NamedTokenError {
    fn hint(&self) -> Option<String> {
        Some(format!("name another one, or run `unset {TOKEN}`"))
    }
}

/// An argument that several commands take, and that does not fit.
#[derive(Debug, Error)]
pub enum ArgumentError {
    #[error("there is no token named \"{0}\"")]
    NoSuchToken(String),
    /// A path or a wildcard where a client knows whole registries only.
    #[error("{0:?} is not one whole registry")]
    NotOneRegistry(String),
    #[error("\"{name}\" may not go to {place}")]
    OutOfScope { name: Name, place: String },
    #[error("{} is no directory", .0.display())]
    NoDirectory(PathBuf),
    /// Not something that a client could ask for.
    #[error("{0:?} is no image and no registry")]
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
                "{} show {1} tells where it may go, edit {1} --registry changes it",
                program(),
                name.as_argument()
            )),
            Self::NoImage(_) => Some("for example: alpine, ghcr.io/acme/app or ghcr.io".to_owned()),
            Self::NoDirectory(_) => None,
        }
    }
}

/// A question to a person that got no usable answer.
#[derive(Debug, Error)]
pub enum PromptError {
    /// Nobody is there to be asked.
    #[error("no {what} was given")]
    Missing {
        what: &'static str,
        /// The option that gives it instead.
        option: &'static str,
        source: TtyError,
    },
    #[error("the secret is {0}")]
    Secret(&'static str),
    #[error("the two passphrases are not the same")]
    TwoPassphrases,
    /// The answer was no.
    #[error("nothing was changed")]
    Declined,
}

impl Hint for PromptError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { source: TtyError::Interrupted, .. } | Self::Secret(_) | Self::Declined => None,
            Self::Missing { option, .. } => Some(format!("give it with {option}")),
            Self::TwoPassphrases => Some("nothing was changed; try again".to_owned()),
        }
    }
}
