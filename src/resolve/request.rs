//! A request for credentials, with the facts that decide which token answers it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use crate::model::choice::Choice;
use crate::model::registry::{Address, Key};
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};

/// The first part of the profile of a login that was made under another Docker configuration folder. The absolute
/// path of the folder follows. The name of a profile has no colon.
pub const FOLDER_PREFIX: &str = "folder:";

/// A client's request for credentials. A field that is `None` is not known.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// The key that the client sent.
    pub key: &'r Key,
    /// The name of the only token that may answer.
    pub token_name: Option<Sourced<&'r str>>,
    pub profile: Option<Sourced<&'r str>>,
    /// Docker's configuration folder, if it is not the usual one.
    pub config_folder: Option<&'r ConfigFolder>,
    pub repositories: Option<Sourced<Repositories<'r>>>,
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
    /// Assumed by this program, without an argument.
    Default,
}

/// The repositories of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repositories<'r> {
    /// The paths on the registry, such as `acme/app`, in the order in which the client names them. Not empty.
    pub paths: Vec<Cow<'r, str>>,
    /// True when the client may ask for other repositories of the same registry, as a build does. A token for these
    /// repositories is then only preferred.
    pub may_need_more: bool,
}

/// A Docker configuration folder other than `~/.docker`. The logins that were made under it belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFolder {
    /// The [`FOLDER_PREFIX`] and the absolute path: the profile of the folder's logins.
    pub profile: String,
    /// The [places](Key::place) for which its `config.json` has an entry.
    pub places: BTreeSet<String>,
    /// The time of the last change of its `config.json`; `None` when there is no such file.
    pub modified: Option<Timestamp>,
}

impl ConfigFolder {
    /// Makes the state of a folder without a configuration file.
    pub fn empty(profile: String) -> Self {
        Self { profile, places: BTreeSet::new(), modified: None }
    }

    /// Returns the absolute path of the folder.
    pub fn path(&self) -> &str {
        self.profile.strip_prefix(FOLDER_PREFIX).unwrap_or(&self.profile)
    }

    /// True when the folder still has a login that was made under it: its `config.json` has an entry for the registry,
    /// or is not newer than the login. Some clients write no entry. A job that makes the folder again writes a newer
    /// file.
    pub fn has_login(&self, token: &Token, key: &Key) -> bool {
        self.places.contains(key.place()) || self.modified.is_none_or(|modified| modified <= token.stored)
    }
}

impl<'r> Repositories<'r> {
    /// Makes the repositories of a request that needs exactly one.
    pub fn one(path: impl Into<Cow<'r, str>>) -> Self {
        Self { paths: vec![path.into()], may_need_more: false }
    }

    /// Returns the paths for people and the log: `acme/app,acme/base`.
    pub fn joined(&self) -> Cow<'_, str> {
        match &self.paths[..] {
            [path] => Cow::Borrowed(path),
            paths => Cow::Owned(paths.join(",")),
        }
    }
}

impl<'r> Request<'r> {
    /// Makes the request that a key alone expresses.
    pub fn from_key(key: &'r Key) -> Self {
        let path = key.address().and_then(Address::repository);
        let from = RequestSource::Key;
        Self {
            key,
            token_name: None,
            profile: None,
            config_folder: None,
            repositories: path.map(|path| Sourced { value: Repositories::one(path), from }),
            direction: None,
            directory: None,
        }
    }

    /// True when the profile and the directory of a choice, where it has them, are those of the request.
    pub fn is_at_place_of(&self, choice: &Choice) -> bool {
        let is_same = |profile: &String| self.profile.is_some_and(|current| current.value == profile);
        let is_within =
            |folder: &String| self.directory.is_some_and(|current| current.value.starts_with(folder));
        choice.profile.as_ref().is_none_or(is_same) && choice.directory.as_ref().is_none_or(is_within)
    }

    /// Returns the paths of the repositories. None are returned if they are not known.
    pub fn repositories(&self) -> &[Cow<'r, str>] {
        self.repositories.as_ref().map_or(&[], |repositories| &repositories.value.paths)
    }

    pub fn direction(&self) -> Option<Direction> {
        self.direction.map(|direction| direction.value)
    }

    /// Returns the profile that a login with this request belongs to; `None` for one that answers everywhere.
    pub fn own_profile(&self) -> Option<&'r str> {
        let folder = self.config_folder.map(|folder| folder.profile.as_str());
        self.profile.map(|profile| profile.value).or(folder)
    }

    /// Returns the request of the same client for another key, of which nothing else is known.
    #[must_use]
    pub fn with_key(&self, key: &'r Key) -> Self {
        let Self { token_name, profile, config_folder, .. } = *self;
        Self { token_name, profile, config_folder, ..Self::from_key(key) }
    }

    /// Returns the same request with other repositories.
    #[must_use]
    pub fn with_repositories(&self, repositories: Option<Repositories<'r>>) -> Self {
        let from = self.repositories.as_ref().map_or(RequestSource::Key, |repositories| repositories.from);
        Self { repositories: repositories.map(|value| Sourced { value, from }), ..self.clone() }
    }
}
