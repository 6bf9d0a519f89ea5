//! What a client asks for, with all else that is known of it, and from where.

use std::borrow::Cow;
use std::path::Path;

use crate::model::registry::Key;
use crate::model::token::Direction;

/// One request for credentials.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// What the client sent.
    pub key: &'r Key,
    /// The one token that may answer, by name.
    pub token_name: Option<Sourced<&'r str>>,
    /// Whose choices come first.
    pub profile: Option<Sourced<&'r str>>,
    /// What the image is called on the registry.
    pub repository: Option<Sourced<Repository<'r>>>,
    /// Which way the image goes.
    pub direction: Option<Sourced<Direction>>,
    /// Where the client was started, an absolute path.
    pub directory: Option<Sourced<&'r Path>>,
}

/// Something that is known, and from where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    /// What is known.
    pub value: T,
    /// Who says so.
    pub from: RequestSource,
}

/// Who tells something of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestSource {
    /// The key that the client sent.
    Key,
    /// An environment variable.
    Variable(&'static str),
    /// The name under which this program was called.
    ProgramName,
    /// The client's own command line.
    CommandLine,
    /// The working directory.
    WorkingDirectory,
    /// An argument of this program.
    Argument,
}

/// A repository, as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository<'r> {
    /// Its path on the registry, such as `acme/app`.
    pub path: Cow<'r, str>,
    /// False when the client may ask the same registry for others besides, as a build does; then a token
    /// for it is only preferred.
    pub is_exhaustive: bool,
}

impl<'r> Request<'r> {
    /// Makes the request that a key alone expresses.
    pub fn from_key(key: &'r Key) -> Self {
        let named = key.address().and_then(|address| address.repository());
        let repository = named.map(|path| Repository { path: path.into(), is_exhaustive: true });
        Self {
            key,
            token_name: None,
            profile: None,
            repository: repository.map(|value| Sourced { value, from: RequestSource::Key }),
            direction: None,
            directory: None,
        }
    }

    /// Returns the path of the repository, as far as it is known.
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_ref().map(|known| &*known.value.path)
    }

    /// Returns the direction, as far as it is known.
    pub fn direction(&self) -> Option<Direction> {
        self.direction.map(|known| known.value)
    }

    /// True when the client asks for one repository, and may ask for others.
    pub fn is_open(&self) -> bool {
        self.repository.as_ref().is_some_and(|known| !known.value.is_exhaustive)
    }

    /// Returns the same request with the repository not known.
    #[must_use]
    pub fn without_repository(&self) -> Self {
        Self { repository: None, ..self.clone() }
    }
}
