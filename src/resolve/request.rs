//! A request for credentials, with the facts that decide which token answers it.

use std::borrow::Cow;
use std::path::Path;

use crate::model::registry::Key;
use crate::model::token::Direction;

/// A client's request for credentials. A field that is `None` is not known.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The key that the client sent.
    pub key: &'r Key,
    /// The name of the only token that may answer.
    pub token_name: Option<Sourced<&'r str>>,
    pub profile: Option<Sourced<&'r str>>,
    pub repository: Option<Sourced<Repository<'r>>>,
    pub direction: Option<Sourced<Direction>>,
    /// The absolute path of the directory in which the client was started.
    pub directory: Option<Sourced<&'r Path>>,
}

/// A fact of a request, with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    pub value: T,
    pub from: RequestSource,
}

/// The source of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestSource {
    /// The key that the client sent.
    Key,
    /// An environment variable, by name.
    Variable(&'static str),
    /// The name under which this program was called.
    ProgramName,
    /// The client's own command line.
    CommandLine,
    WorkingDirectory,
    /// An argument of this program.
    Argument,
}

/// The repository of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository<'r> {
    /// The path on the registry, such as `acme/app`.
    pub path: Cow<'r, str>,
    /// False when the client may ask for other repositories of the same registry, as a build does. A token for this
    /// repository is then only preferred.
    pub is_exhaustive: bool,
}

impl<'r> Request<'r> {
    /// Makes the request that a key alone expresses.
    pub fn from_key(key: &'r Key) -> Self {
        let path = key.address().and_then(|address| address.repository());
        let repository = path.map(|path| Repository { path: path.into(), is_exhaustive: true });
        Self {
            key,
            token_name: None,
            profile: None,
            repository: repository.map(|value| Sourced { value, from: RequestSource::Key }),
            direction: None,
            directory: None,
        }
    }

    /// Returns the path of the repository.
    pub fn repository(&self) -> Option<&str> {
        self.repository.as_ref().map(|repository| &*repository.value.path)
    }

    pub fn direction(&self) -> Option<Direction> {
        self.direction.map(|direction| direction.value)
    }

    /// True when the client may also ask for repositories other than the one of the request.
    pub fn prefers_repository(&self) -> bool {
        self.repository.as_ref().is_some_and(|repository| !repository.value.is_exhaustive)
    }

    /// Returns the same request without its repository.
    #[must_use]
    pub fn without_repository(&self) -> Self {
        Self { repository: None, ..self.clone() }
    }
}
