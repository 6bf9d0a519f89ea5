//! Completes a request from the environment, the name of the program, the client's command line and the working
//! directory. These sources only choose among tokens that may be sent to the registry anyway.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::client;
use crate::client::parent::CommandLine;
use crate::client::{ClientIntent, Transfers};
use crate::docker::config_folder;
use crate::inventory::Inventory;
use crate::model::duration::Period;
use crate::model::hint::Hint;
use crate::model::image::Image;
use crate::model::name::{Name, is_profile};
use crate::model::registry::{Address, Key};
use crate::model::timestamp::DAY;
use crate::model::token::Direction;
use crate::resolve::request::{ConfigFolder, FOLDER_PREFIX, Repositories, Request, RequestSource, Sourced};
use crate::system::env::EnvError;
use crate::system::{disk, env};

/// The variable with the name of the only token that may be used.
pub const TOKEN_NAME: &str = "DOCKER_CREDENTIAL_PAT_TOKEN_NAME";

/// The earlier name of [`TOKEN_NAME`], which seemed to expect the secret itself.
const OLD_TOKEN_NAME: &str = "DOCKER_CREDENTIAL_PAT_TOKEN";

/// The variable with the profile whose choices come first.
pub const PROFILE: &str = "DOCKER_CREDENTIAL_PAT_PROFILE";

/// The form of a profile's name, for messages.
pub const PROFILE_FORM: &str = "1 to 64 letters, digits, `-`, `_` and `.`";

/// The variable with the requested images, separated by commas, for clients whose command line does not name them.
pub const REPOSITORY: &str = "DOCKER_CREDENTIAL_PAT_REPOSITORY";

/// The variable with `pull`, `push`, `both` or `delete`, for clients whose command line does not show it.
pub const DIRECTION: &str = "DOCKER_CREDENTIAL_PAT_DIRECTION";

/// The variable with the number of days before expiry from which warnings about a token are shown; 0 turns them off.
pub const WARN_DAYS: &str = "DOCKER_CREDENTIAL_PAT_WARN_DAYS";

const DEFAULT_WARN_DAYS: i64 = 7;

/// The context of one process's requests. The command line, the working directory and Docker's configuration file are
/// read only when they matter.
#[derive(Default)]
pub struct Context {
    named: Option<String>,
    profile: Option<Sourced<String>>,
    /// Docker's configuration folder, if it is not the default one.
    folder: Option<PathBuf>,
    images: Vec<Image>,
    direction: Option<Direction>,
    config_folder: OnceCell<ConfigFolder>,
    command_line: OnceCell<Option<CommandLine>>,
    directory: OnceCell<Option<PathBuf>>,
}

#[derive(Debug, Error)]
pub enum ContextError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error("{variable} is {text:?}, expected {want}")]
    Variable { variable: &'static str, text: String, want: &'static str },
    /// The value is not shown: it may be a secret.
    #[error("{OLD_TOKEN_NAME} is no longer used")]
    OldTokenName,
}

impl Hint for ContextError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Env(error) => error.hint(),
            Self::Variable { variable, .. } => Some(format!("correct the value, or run `unset {variable}`")),
            Self::OldTokenName => Some(format!(
                "name the token in {TOKEN_NAME}, and run `unset {OLD_TOKEN_NAME}`; neither variable may \
                 contain a secret"
            )),
        }
    }
}

impl Context {
    /// Reads the environment variables, and the profile in the name of the program.
    pub fn from_environment(called_as: Option<&str>) -> Result<Self, ContextError> {
        if env::text(OLD_TOKEN_NAME)?.is_some() {
            return Err(ContextError::OldTokenName);
        }
        let named = env::text(TOKEN_NAME)?;
        Ok(Self {
            named: named.map(|text| Name::parse_typed(&text).map_or(text, |name| name.to_string())),
            images: variable(REPOSITORY, "images such as ghcr.io/acme/app", parse_images)?
                .unwrap_or_default(),
            direction: variable(DIRECTION, "pull, push, both or delete", Direction::parse)?,
            ..Self::from_profile(called_as)?
        })
    }

    /// Reads the environment variables as [`from_environment`](Self::from_environment) does, but ignores them when one
    /// is invalid: a client whose login or logout fails may continue with a plain text file.
    pub fn for_change(called_as: Option<&str>) -> Result<Self, ContextError> {
        Self::from_environment(called_as).or_else(|_| Self::from_profile(called_as))
    }

    /// Reads only what determines where a login belongs: the profile and Docker's configuration folder.
    pub fn from_profile(called_as: Option<&str>) -> Result<Self, ContextError> {
        Ok(Self { profile: profile(called_as)?, folder: env::other_docker_folder(), ..Self::default() })
    }

    /// Returns the request for a key. The client's command line is read only if it could decide between the
    /// tokens of the inventory.
    pub fn request<'r>(&'r self, key: &'r Key, inventory: &Inventory) -> Request<'r> {
        let mut request = self.stated_request(key, inventory);
        if (request.repositories.is_none() || request.direction.is_none())
            && can_decide(inventory)
            && let Some(intent) = key.address().and_then(|address| self.intent(address))
        {
            complete(&mut request, intent);
        }
        request
    }

    /// Returns the request of a client whose command line shows these transfers, or nothing.
    pub fn request_of_transfers<'r>(
        &'r self,
        key: &'r Key,
        inventory: &Inventory,
        transfers: Option<&Transfers>,
    ) -> Request<'r> {
        let mut request = self.stated_request(key, inventory);
        if let Some(intent) = transfers.zip(key.address()).and_then(|(transfers, at)| transfers.intent(at)) {
            complete(&mut request, intent);
        }
        request
    }

    /// Returns the request for a key without reading the client's command line.
    pub fn stated_request<'r>(&'r self, key: &'r Key, inventory: &Inventory) -> Request<'r> {
        let mut request = self.plain_request(key, inventory);
        request.token_name =
            self.named.as_deref().map(|value| Sourced { value, from: RequestSource::Variable(TOKEN_NAME) });
        let images = self.images.iter().map(Image::address).filter(|image| key.is_at(image.registry()));
        let paths: Vec<_> = images.filter_map(Address::repository).map(Cow::from).collect();
        if request.repositories.is_none() && !paths.is_empty() {
            let value = Repositories { paths, may_need_more: false };
            request.repositories = Some(Sourced { value, from: RequestSource::Variable(REPOSITORY) });
        }
        request.direction =
            self.direction.map(|value| Sourced { value, from: RequestSource::Variable(DIRECTION) });
        if inventory.choices().iter().any(|choice| choice.directory.is_some()) {
            request.directory =
                self.directory().map(|value| Sourced { value, from: RequestSource::WorkingDirectory });
        }
        request
    }

    /// Returns the request of a client when only its profile and Docker's configuration folder are known.
    pub fn plain_request<'r>(&'r self, key: &'r Key, inventory: &Inventory) -> Request<'r> {
        Request {
            profile: self
                .profile
                .as_ref()
                .map(|profile| Sourced { value: &*profile.value, from: profile.from }),
            config_folder: self.config_folder(inventory),
            ..Request::from_key(key)
        }
    }

    /// Returns Docker's configuration folder, if it is not the default one. Its file is read only if a login
    /// was made under it.
    fn config_folder(&self, inventory: &Inventory) -> Option<&ConfigFolder> {
        let folder = self.folder.as_ref()?;
        if let Some(found) = self.config_folder.get() {
            return Some(found);
        }
        let found = config_folder::profile(folder);
        let has_login = inventory.tokens().iter().any(|token| token.profile.as_ref() == Some(&found));
        let found = if has_login { config_folder::read(folder) } else { ConfigFolder::empty(found) };
        Some(self.config_folder.get_or_init(|| found))
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

/// Adds what the client's command line shows to a request, where the request does not have it yet.
fn complete(request: &mut Request<'_>, intent: ClientIntent) {
    let ClientIntent { repositories, direction, may_need_more } = intent;
    let from = RequestSource::CommandLine;
    let paths: Vec<_> = repositories.into_iter().map(Cow::from).collect();
    let named = (!paths.is_empty()).then_some(Repositories { paths, may_need_more });
    request.repositories = request.repositories.take().or(named.map(|value| Sourced { value, from }));
    request.direction = request.direction.or(direction.map(|value| Sourced { value, from }));
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

/// Returns the place where a login with this profile answers: a profile, or a Docker configuration folder.
pub fn profile_words(profile: &str) -> String {
    match profile.strip_prefix(FOLDER_PREFIX) {
        Some(folder) => format!("DOCKER_CONFIG={}", env::tilde(Path::new(folder))),
        None => format!("profile {profile}"),
    }
}

/// Returns the number of days before expiry from which warnings about a token are shown; 0 turns them off.
pub fn warning_days() -> Result<i64, ContextError> {
    let days = variable(WARN_DAYS, "a number of days from 0 to 3650", |text| {
        text.parse().ok().or_else(|| whole_days(text)).filter(|days| (0..=3650).contains(days))
    })?;
    Ok(days.unwrap_or(DEFAULT_WARN_DAYS))
}

/// Returns the number of days in a period such as `2w`.
fn whole_days(text: &str) -> Option<i64> {
    let seconds = i64::try_from(Period::parse_long(text).ok()??.length()?.as_secs()).ok()?;
    (seconds % DAY == 0).then_some(seconds / DAY)
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

/// Parses images that are separated by commas. A host alone would parse as an image of Docker Hub.
fn parse_images(text: &str) -> Option<Vec<Image>> {
    let is_image = |text: &str| text.contains('/') || !text.contains('.');
    text.split(',').map(|text| Image::parse(text.trim()).filter(|_| is_image(text))).collect()
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
