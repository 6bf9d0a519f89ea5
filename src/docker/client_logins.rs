//! Finds the logins of a client: in its files, in plain text, and in the helpers that it calls.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::docker::config::helper_lookup::{ConfigOwner, HelperLookup};
use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::wire::Credentials;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::Permissions;
use crate::system::slow_notice::SlowNotice;

/// A file of a client.
pub struct LoginFile {
    pub config: ConfigFile,
    pub owner: ConfigOwner,
    /// The only requests for which the client reads this file; `None` for a file that counts for all of them.
    pub part: Option<RegistryPart>,
    pub lookup: HelperLookup,
}

/// A part of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPart {
    pub scope: Scope,
    pub permissions: Option<Permissions>,
}

/// The place of a login, by its index in [`ClientLogins`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    pub fn new(config: ConfigFile, owner: ConfigOwner) -> Result<Self, ConfigError> {
        let lookup = config.helper_lookup(owner)?;
        Ok(Self { config, owner, part: None, lookup })
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
        let index = LoginIndex::new(&logins)?;
        let answers = logins
            .asked_names()?
            .into_iter()
            .filter_map(|name| Some((logins.answer(&name, &index)?, Key::parse(&name).ok()?)));
        for (index, key) in answers.collect::<Vec<_>>() {
            if let Some(found) = logins.found.get_mut(index) {
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
    pub fn is_served(&self, source: LoginSource, key: &Key) -> bool {
        let helper = self.deciding_file(source).and_then(|file| file.lookup.helper_for(key));
        helper.is_some_and(HelperName::is_ours)
    }

    /// Returns the helper that the client calls for a registry that it looks up under `name`; `None` when it reads its
    /// files.
    pub fn helper_at(&self, name: &str) -> Option<&str> {
        self.files.iter().filter(|file| file.part.is_none()).find_map(|file| file.lookup.helper_at(name))
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
        for file in self.files.iter().filter(|file| file.part.is_none()) {
            names.extend(file.config.entry_names()?.iter().filter_map(|key| file.owner.name_of_entry(key)));
        }
        if let Some(owner) = self.files.first().map(|file| file.owner) {
            names.extend(self.found.iter().filter_map(|found| owner.name_of_entry(&found.key)));
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

    /// Returns the index of the login that the client gets for a registry that it looks up under `name`.
    fn answer(&self, name: &str, index: &LoginIndex) -> Option<usize> {
        for (number, file) in self.files.iter().enumerate().filter(|(_, file)| file.part.is_none()) {
            let found = match file.lookup.helper_at(name) {
                Some(helper) => self.helper_source(helper).and_then(|source| index.exact(source, name)),
                None => index.in_file(number, name),
            };
            if found.is_some() {
                return found;
            }
        }
        None
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
            let entries = config.entry_names()?;
            keys.extend(config.registries_with_helpers()?);
            keys.extend(entries.iter().filter_map(|entry| owner.name_of_entry(entry)));
            keys.extend(entries);
        }
        keys.sort();
        keys.dedup();
        if self.files.iter().any(|file| file.lookup.names(name)) {
            keys.retain(|key| {
                let mut lookups = self.files.iter().map(|file| &file.lookup);
                Key::parse(key).is_ok_and(|key| lookups.any(|lookup| lookup.helper_for(&key) == Some(name)))
            });
        }
        Ok(keys)
    }

    /// Adds the logins of a helper, including those read before an error. The keys that the files name are asked too:
    /// some helpers cannot list what they have.
    fn add_helper(&mut self, helper: OtherHelper, named: Vec<String>) -> Result<(), HelperError> {
        let source = LoginSource::Helper(self.helpers.len());
        let notice = SlowNotice::start(format!("reading the logins of {}", helper.program()));
        let result = find_in_helper(&helper, source, named, &mut self.found);
        drop(notice);
        self.helpers.push(helper);
        result
    }
}

/// The found logins by source and key, and by the name under which a client accepts them.
struct LoginIndex {
    by_key: HashMap<(LoginSource, String), usize>,
    by_name: HashMap<(LoginSource, String), usize>,
    /// The entries of each file, also those without a login.
    entries: Vec<HashSet<String>>,
}

impl LoginIndex {
    fn new(logins: &ClientLogins) -> Result<Self, ConfigError> {
        let (mut by_key, mut by_name) = (HashMap::new(), HashMap::new());
        for (index, found) in logins.found.iter().enumerate() {
            by_key.entry((found.source, found.key.clone())).or_insert(index);
            if let LoginSource::File(number) = found.source
                && let Some(name) = logins.files[number].owner.accepted_name(&found.key)
            {
                by_name.entry((found.source, name)).or_insert(index);
            }
        }
        let entries = logins.files.iter().map(|file| Ok(file.config.entry_names()?.into_iter().collect()));
        Ok(Self { by_key, by_name, entries: entries.collect::<Result<_, ConfigError>>()? })
    }

    fn exact(&self, source: LoginSource, name: &str) -> Option<usize> {
        self.by_key.get(&(source, name.to_owned())).copied()
    }

    /// Returns the login in a file. An entry under the very name counts even if it is empty.
    fn in_file(&self, number: usize, name: &str) -> Option<usize> {
        let source = LoginSource::File(number);
        if self.entries.get(number).is_some_and(|entries| entries.contains(name)) {
            return self.exact(source, name);
        }
        self.by_name.get(&(source, name.to_owned())).copied()
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
    // A client asks for the host alone, and some helpers find a login under another spelling.
    let hosts = listed.iter().filter_map(|key| ConfigOwner::Docker.name_of_entry(key));
    let unlisted: BTreeSet<String> = named.into_iter().chain(hosts).collect();
    let known: HashSet<&String> = listed.iter().collect();
    let unlisted: Vec<_> =
        unlisted.into_iter().filter(|key| !known.contains(key)).map(|key| (key, false)).collect();
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
