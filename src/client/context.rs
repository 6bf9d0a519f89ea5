//! Completes a request from the environment, the name of the program, the client's command line and the working
//! directory. They only choose among tokens that may be sent to the registry anyway.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::client;
use crate::client::ClientIntent;
use crate::client::parent::CommandLine;
use crate::inventory::Inventory;
use crate::model::hint::Hint;
use crate::model::image::Image;
use crate::model::name::{Name, is_profile};
use crate::model::registry::{Address, Key};
use crate::model::token::Direction;
use crate::resolve::request::{Repository, Request, RequestSource, Sourced};
use crate::system::env::EnvError;
use crate::system::{disk, env};

/// The variable with the name of the only token that may be used.
pub const TOKEN: &str = "DOCKER_CREDENTIAL_PAT_TOKEN";

/// The variable with the profile whose choices come first.
pub const PROFILE: &str = "DOCKER_CREDENTIAL_PAT_PROFILE";

/// The form of a profile's name, for messages.
pub const PROFILE_FORM: &str = "1 to 64 letters, digits, `-`, `_` and `.`";

/// The variable with the requested image, for clients whose command line does not name it.
pub const REPOSITORY: &str = "DOCKER_CREDENTIAL_PAT_REPOSITORY";

/// The variable with `pull` or `push`, for clients whose command line does not show it.
pub const DIRECTION: &str = "DOCKER_CREDENTIAL_PAT_DIRECTION";

/// The variable with the number of days before expiry from which warnings about a token are shown; 0 turns them off.
pub const WARN_DAYS: &str = "DOCKER_CREDENTIAL_PAT_WARN_DAYS";

const DEFAULT_WARN_DAYS: i64 = 7;

/// The context of one process's requests. The command line and the working directory are read only when they matter.
#[derive(Default)]
pub struct Context {
    named: Option<String>,
    profile: Option<Sourced<String>>,
    image: Option<Image>,
    direction: Option<Direction>,
    command_line: OnceCell<Option<CommandLine>>,
    directory: OnceCell<Option<PathBuf>>,
}

#[derive(Debug, Error)]
pub enum ContextError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("{variable} is {text:?}, not {want}")]
    Variable { variable: &'static str, text: String, want: &'static str },
}

impl Hint for ContextError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Env(error) => error.hint(),
            Self::Variable { variable, .. } => Some(format!("set it to that, or run `unset {variable}`")),
        }
    }
}

impl Context {
    /// Reads the environment variables, and the profile in the name of the program.
    pub fn from_environment(called_as: Option<&str>) -> Result<Self, ContextError> {
        let named = env::text(TOKEN)?;
        Ok(Self {
            named: named.map(|text| Name::parse_typed(&text).map_or(text, |name| name.to_string())),
            profile: profile(called_as)?,
            image: variable(REPOSITORY, "an image such as ghcr.io/acme/app", |text| {
                // A host alone would parse as an image of Docker Hub.
                Image::parse(text).filter(|_| text.contains('/') || !text.contains('.'))
            })?,
            direction: variable(DIRECTION, "pull or push", Direction::parse)?,
            ..Self::default()
        })
    }

    /// Returns the request for a key. The client's command line is read only if it may decide between the tokens of
    /// the inventory.
    pub fn request<'r>(&'r self, key: &'r Key, inventory: &Inventory) -> Request<'r> {
        let mut request = self.stated_request(key, inventory);
        if (request.repository.is_none() || request.direction.is_none())
            && can_decide(inventory)
            && let Some(intent) = key.address().and_then(|address| self.intent(address))
        {
            let ClientIntent { repository, direction, is_all } = intent;
            let from = RequestSource::CommandLine;
            let repository = repository.map(|path| Repository { path: path.into(), is_exhaustive: is_all });
            request.repository = request.repository.or(repository.map(|value| Sourced { value, from }));
            request.direction = request.direction.or(direction.map(|value| Sourced { value, from }));
        }
        request
    }

    /// Returns the request for a key without reading the client's command line.
    pub fn stated_request<'r>(&'r self, key: &'r Key, inventory: &Inventory) -> Request<'r> {
        let mut request = Request::from_key(key);
        request.token_name =
            self.named.as_deref().map(|value| Sourced { value, from: RequestSource::Variable(TOKEN) });
        request.profile =
            self.profile.as_ref().map(|profile| Sourced { value: &*profile.value, from: profile.from });
        let image = self.image.as_ref().map(Image::address).filter(|image| key.is_at(image.registry()));
        if let (None, Some(path)) = (&request.repository, image.and_then(Address::repository)) {
            let value = Repository { path: path.into(), is_exhaustive: true };
            request.repository = Some(Sourced { value, from: RequestSource::Variable(REPOSITORY) });
        }
        request.direction =
            self.direction.map(|value| Sourced { value, from: RequestSource::Variable(DIRECTION) });
        if inventory.choices().iter().any(|choice| choice.directory.is_some()) {
            request.directory =
                self.directory().map(|value| Sourced { value, from: RequestSource::WorkingDirectory });
        }
        request
    }

    fn intent(&self, address: &Address) -> Option<ClientIntent> {
        let command_line = self.command_line.get_or_init(CommandLine::from_parent).as_ref()?;
        client::intent(&command_line.words()?, address)
    }

    fn directory(&self) -> Option<&Path> {
        let find = || {
            let directory = env::working_directory().ok()?;
            // Windows returns the directory in a different form from the resolved paths of choices.
            Some(if cfg!(windows) { disk::without_links(&directory) } else { directory })
        };
        self.directory.get_or_init(find).as_deref()
    }
}

/// Returns the profile whose choices and logins come first.
pub fn profile(called_as: Option<&str>) -> Result<Option<Sourced<String>>, ContextError> {
    let by_variable = variable(PROFILE, PROFILE_FORM, |text| is_profile(text).then(|| text.to_owned()))?;
    Ok(match (by_variable, called_as.and_then(profile_from_program)) {
        (Some(value), _) => Some(Sourced { value, from: RequestSource::Variable(PROFILE) }),
        (None, Some(name)) => Some(Sourced { value: name.to_owned(), from: RequestSource::ProgramName }),
        (None, None) => None,
    })
}

/// Returns the number of days before expiry from which warnings about a token are shown; 0 turns them off.
pub fn warning_days() -> Result<i64, ContextError> {
    let days = variable(WARN_DAYS, "a number of days from 0 to 3650", |text| {
        text.parse().ok().filter(|days| (0..=3650).contains(days))
    })?;
    Ok(days.unwrap_or(DEFAULT_WARN_DAYS))
}

/// True when the repository or the direction could decide between the tokens, or lead to a warning.
fn can_decide(inventory: &Inventory) -> bool {
    match inventory.tokens() {
        [] => false,
        [token] => token.permissions.is_some() || token.scopes.iter().any(|scope| scope.path().is_some()),
        _ => true,
    }
}

/// Returns the profile in a program name: the part after this program's name and a hyphen.
fn profile_from_program(called_as: &str) -> Option<&str> {
    let name = called_as.strip_suffix(std::env::consts::EXE_SUFFIX).unwrap_or(called_as);
    name.strip_prefix(env::PROGRAM)?.strip_prefix('-').filter(|profile| is_profile(profile))
}

fn variable<T>(
    variable: &'static str,
    want: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, ContextError> {
    let Some(text) = env::text(variable)? else { return Ok(None) };
    parse(&text).map(Some).ok_or(ContextError::Variable { variable, text, want })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_name_with_a_suffix_is_a_profile() {
        for (name, want) in [
            ("docker-credential-pat", None),
            ("docker-credential-pat-", None),
            ("docker-credential-pat-work", Some("work")),
            ("docker-credential-pat-a-b", Some("a-b")),
            ("docker-credential-patty", None),
            ("dcp", None),
        ] {
            assert_eq!(profile_from_program(name), want, "{name}");
        }
    }
}
