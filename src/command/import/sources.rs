//! The sources of logins to import: the client's file and other helpers.

use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::wire::Credentials;
use crate::model::registry::Key;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportSource {
    /// The client's file, in plain text.
    File,
    /// The helper with this index.
    Helper(usize),
}

pub(super) struct FoundLogin {
    pub(super) source: ImportSource,
    /// The key as the source writes it.
    pub(super) key: String,
    /// The login, or why it cannot be taken over.
    pub(super) login: Result<Credentials, String>,
}

impl FoundLogin {
    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.login.as_ref().ok()
    }
}

/// Returns the logins in a client's file.
pub(super) fn find_in_file(config: &ConfigFile) -> Result<Vec<FoundLogin>, ConfigError> {
    let logins = config.logins()?.into_iter().map(|login| FoundLogin {
        source: ImportSource::File,
        key: login.key,
        login: login.credentials.map_err(|unfit| unfit.to_string()),
    });
    Ok(logins.collect())
}

/// Returns the keys for which a client's file names a helper: those with this helper of their own, and, if it is the
/// helper for every registry, all other entries.
pub(super) fn keys_for_helper(config: &ConfigFile, name: &str) -> Result<Vec<String>, ConfigError> {
    let is_store = config.store()?.as_deref() == Some(name);
    let own = config.registries_with_helpers()?;
    let mut keys = Vec::new();
    for key in &own {
        if config.helper(key)?.as_deref() == Some(name) {
            keys.push(key.clone());
        }
    }
    if is_store {
        keys.extend(config.entry_names()?.into_iter().filter(|key| !own.contains(key)));
    }
    Ok(keys)
}

/// Adds the logins of a helper to `found`, including those read before an error. The keys that the client's file names
/// are asked too: some helpers cannot list what they have.
pub(super) fn find_in_helper(
    helper: &OtherHelper,
    source: ImportSource,
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
    let unlisted: Vec<_> = named.into_iter().filter(|key| !is_listed(key)).map(|key| (key, false)).collect();
    for (key, is_listed) in listed.into_iter().map(|key| (key, true)).chain(unlisted) {
        let login = match Key::parse(&key) {
            Err(error) => Err(error.to_string()),
            Ok(parsed) => match helper.credentials(&parsed) {
                Ok(Some(credentials)) => Ok(credentials),
                Ok(None) if !is_listed => continue,
                Ok(None) => Err("it lists the key, and has nothing for it".to_owned()),
                Err(HelperError::Unreadable { .. }) => Err("its answer cannot be read".to_owned()),
                Err(error @ HelperError::Refused { .. }) => Err(error.to_string()),
                Err(error) => return Err(error),
            },
        };
        found.push(FoundLogin { source, key, login });
    }
    failure.map_or(Ok(()), Err)
}
