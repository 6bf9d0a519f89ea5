//! Finds the logins of a client: in its files, in plain text, and in the helpers that it calls.

use std::collections::HashSet;

use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::wire::Credentials;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::Permissions;

/// A file of a client.
pub struct LoginFile {
    pub config: ConfigFile,
    pub owner: ConfigOwner,
    /// The only requests for which the client reads this file; `None` for a file that counts for all of them.
    pub part: Option<RegistryPart>,
}

/// A part of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPart {
    pub scope: Scope,
    pub permissions: Option<Permissions>,
}

/// The place of a login, by its index in [`ClientLogins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginSource {
    /// A file, in plain text.
    File(usize),
    Helper(usize),
}

/// A login as its source has it.
pub struct FoundLogin {
    pub source: LoginSource,
    /// The key as the source writes it.
    pub key: String,
    pub login: Result<Credentials, LoginObstacle>,
    /// The key for which the client gets this login.
    pub answers: Option<Key>,
}

/// The reason why a login cannot be copied.
#[derive(Debug, PartialEq, Eq)]
pub enum LoginObstacle {
    /// The helper lists the key, and answers that it has nothing for it.
    NothingThere,
    /// A reason for people.
    Unfit(String),
}

/// The logins of a client, and where they are.
#[derive(Default)]
pub struct ClientLogins {
    /// The client reads them in this order.
    pub files: Vec<LoginFile>,
    pub helpers: Vec<OtherHelper>,
    pub found: Vec<FoundLogin>,
    /// The helpers that did not answer in full, by name.
    pub failures: Vec<(String, HelperError)>,
}

impl LoginFile {
    /// Returns a file that counts for every request.
    pub fn new(config: ConfigFile, owner: ConfigOwner) -> Self {
        Self { config, owner, part: None }
    }
}

impl FoundLogin {
    pub fn credentials(&self) -> Option<&Credentials> {
        self.login.as_ref().ok()
    }
}

impl LoginObstacle {
    /// Returns the reason, for people.
    pub fn words(&self) -> &str {
        match self {
            Self::NothingThere => "it lists the key, and has nothing for it",
            Self::Unfit(reason) => reason,
        }
    }
}

impl ClientLogins {
    /// Reads the logins in files, and those in the helpers with these names.
    pub fn read(files: Vec<LoginFile>, helpers: &[String]) -> Result<Self, ConfigError> {
        let mut logins = Self { files, ..Self::default() };
        for name in helpers {
            let asked = logins.keys_for_helper(name)?;
            if let Err(error) = OtherHelper::new(name).and_then(|helper| logins.add_helper(helper, asked)) {
                logins.failures.push((name.clone(), error));
            }
        }
        for (index, file) in logins.files.iter().enumerate() {
            logins.found.extend(file.config.logins()?.into_iter().map(|login| FoundLogin {
                source: LoginSource::File(index),
                key: login.key,
                login: login.credentials.map_err(|unfit| LoginObstacle::Unfit(unfit.to_string())),
                answers: None,
            }));
        }
        for name in logins.asked_names()? {
            let Ok(key) = Key::parse(&name) else { continue };
            if let Some(index) = logins.answer(&name, &key)?
                && let Some(found) = logins.found.get_mut(index)
            {
                found.answers = Some(key);
            }
        }
        logins.mark_parts();
        Ok(logins)
    }

    /// Returns the part of a registry to which the source of a login is limited.
    pub fn part(&self, found: &FoundLogin) -> Option<&RegistryPart> {
        let LoginSource::File(index) = found.source else { return None };
        self.files.get(index)?.part.as_ref()
    }

    /// Returns the logins that can be copied.
    pub fn credentials(&self) -> impl Iterator<Item = (&FoundLogin, &Credentials)> {
        self.found.iter().filter_map(|found| Some((found, found.credentials()?)))
    }

    /// True when the client asks this program for the key of a login that was found in this source.
    ///
    /// A file must name this program itself: podman's file of a session is gone after it, and then the next file
    /// counts.
    pub fn is_served(&self, source: LoginSource, key: &Key) -> Result<bool, ConfigError> {
        let Some(file) = self.deciding_file(source) else { return Ok(false) };
        let helper = file.config.helper_for(key, file.owner)?;
        Ok(helper.as_deref().is_some_and(HelperName::is_ours))
    }

    /// Returns the file that decides which helper the client calls for the logins of a source.
    pub fn deciding_file(&self, source: LoginSource) -> Option<&LoginFile> {
        let own = match source {
            LoginSource::File(index) => self.files.get(index).filter(|file| file.part.is_none()),
            LoginSource::Helper(_) => None,
        };
        own.or(self.files.first())
    }

    /// Returns the names under which the client looks registries up, each once: for every entry of the files and every
    /// key that was found.
    pub fn asked_names(&self) -> Result<Vec<String>, ConfigError> {
        let mut names = Vec::new();
        let mut push = |owner: ConfigOwner, key: &str| {
            if let Ok(key) = Key::parse(key) {
                names.push(owner.lookup_name(&key).to_owned());
            }
        };
        for file in self.files.iter().filter(|file| file.part.is_none()) {
            file.config.entry_names()?.iter().for_each(|key| push(file.owner, key));
        }
        if let Some(owner) = self.files.first().map(|file| file.owner) {
            self.found.iter().for_each(|found| push(owner, &found.key));
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Marks the logins for a part of a registry, which podman gets for the images below it.
    fn mark_parts(&mut self) {
        let mut seen = HashSet::new();
        for found in self.found.iter_mut().filter(|found| found.answers.is_none()) {
            let LoginSource::File(index) = found.source else { continue };
            let is_podmans = self.files.get(index).is_some_and(|file| file.owner == ConfigOwner::Podman);
            let is_part = found.key.contains('/') && !found.key.contains("://");
            if is_podmans && is_part && seen.insert(found.key.clone()) {
                found.answers = Key::parse(&found.key).ok();
            }
        }
    }

    /// Returns the index of the login that the client gets for a key, which it looks up under `name`.
    fn answer(&self, name: &str, key: &Key) -> Result<Option<usize>, ConfigError> {
        for (index, file) in self.files.iter().enumerate().filter(|(_, file)| file.part.is_none()) {
            let helper = file.config.helper_for(key, file.owner)?;
            let source = match &helper {
                Some(helper) => match self.helper_source(helper) {
                    Some(source) => source,
                    None => continue,
                },
                None => LoginSource::File(index),
            };
            let at = |is_match: &dyn Fn(&str) -> bool| {
                self.found.iter().position(|found| found.source == source && is_match(&found.key))
            };
            let accepts = |other: &str| Key::parse(other).is_ok_and(|other| file.owner.accepts(&other, name));
            let exact = at(&|other| other == name);
            let found = if helper.is_some() { exact } else { exact.or_else(|| at(&accepts)) };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    fn helper_source(&self, name: &str) -> Option<LoginSource> {
        let program = OtherHelper::new(name).ok()?;
        let is_it = |helper: &OtherHelper| helper.program() == program.program();
        self.helpers.iter().position(is_it).map(LoginSource::Helper)
    }

    /// Returns the keys of the files for which the client calls a helper, as written and as the client looks them up. A
    /// helper that the client does not call now, because this program took its place, is asked for all of them.
    fn keys_for_helper(&self, name: &str) -> Result<Vec<String>, ConfigError> {
        let mut keys = Vec::new();
        for LoginFile { config, owner, .. } in &self.files {
            keys.extend(config.registries_with_helpers()?);
            keys.extend(config.entry_names()?.iter().filter_map(|entry| {
                let key = Key::parse(entry).ok()?;
                Some(owner.lookup_name(&key).to_owned())
            }));
            keys.extend(config.entry_names()?);
        }
        keys.sort();
        keys.dedup();
        let is_asked = |key: &String| {
            let Ok(key) = Key::parse(key) else { return false };
            let mut helpers = self.files.iter().map(|file| file.config.helper_for(&key, file.owner));
            helpers.any(|helper| helper.is_ok_and(|helper| helper.as_deref() == Some(name)))
        };
        if self.files.iter().any(|file| file.config.names_helper(name)) {
            keys.retain(is_asked);
        }
        Ok(keys)
    }

    /// Adds the logins of a helper, including those read before an error. The keys that the files name are asked too:
    /// some helpers cannot list what they have.
    fn add_helper(&mut self, helper: OtherHelper, named: Vec<String>) -> Result<(), HelperError> {
        let source = LoginSource::Helper(self.helpers.len());
        let result = find_in_helper(&helper, source, named, &mut self.found);
        self.helpers.push(helper);
        result
    }
}

fn find_in_helper(
    helper: &OtherHelper,
    source: LoginSource,
    named: Vec<String>,
    found: &mut Vec<FoundLogin>,
) -> Result<(), HelperError> {
    let (listed, failure) = match helper.keys() {
        Ok(keys) => (keys, None),
        Err(error @ (HelperError::Refused { .. } | HelperError::Unreadable { .. })) => {
            (Vec::new(), Some(error))
        }
        Err(error) => return Err(error),
    };
    let is_listed = |key: &String| listed.contains(key);
    // A client asks for the host alone, and some helpers find a login under another spelling.
    let hosts = listed.iter().filter_map(|key| {
        let key = Key::parse(key).ok()?;
        Some(ConfigOwner::Docker.lookup_name(&key).to_owned())
    });
    let mut unlisted: Vec<String> = named.into_iter().chain(hosts).filter(|key| !is_listed(key)).collect();
    unlisted.sort();
    unlisted.dedup();
    let unlisted: Vec<_> = unlisted.into_iter().map(|key| (key, false)).collect();
    for (key, is_listed) in listed.into_iter().map(|key| (key, true)).chain(unlisted) {
        let login = match Key::parse(&key) {
            Err(error) => Err(LoginObstacle::Unfit(error.to_string())),
            Ok(parsed) => match helper.credentials(&parsed) {
                Ok(Some(credentials)) => Ok(credentials),
                Ok(None) if !is_listed => continue,
                Ok(None) => Err(LoginObstacle::NothingThere),
                Err(HelperError::Unreadable { .. }) => {
                    Err(LoginObstacle::Unfit("its answer cannot be read".to_owned()))
                }
                Err(error @ HelperError::Refused { .. }) => Err(LoginObstacle::Unfit(error.to_string())),
                Err(error) => return Err(error),
            },
        };
        found.push(FoundLogin { source, key, login, answers: None });
    }
    failure.map_or(Ok(()), Err)
}
