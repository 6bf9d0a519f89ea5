//! What there is to take over, and what of it cannot be.

use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::other_helper::{HelperError, OtherHelper};
use crate::docker::wire::Credentials;
use crate::model::registry::Key;

/// Where something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ImportSource {
    /// In plain text in the client's file.
    File,
    /// At the helper with this number.
    Helper(usize),
}

/// One login that was found.
pub(super) struct FoundLogin {
    pub(super) source: ImportSource,
    /// Its key as it is written there.
    pub(super) key: String,
    /// What it is, or why it cannot be taken over.
    pub(super) login: Result<Credentials, String>,
}

impl FoundLogin {
    /// Returns what can be taken over.
    pub(super) fn credentials(&self) -> Option<&Credentials> {
        self.login.as_ref().ok()
    }
}

/// Finds the logins of a client's file.
pub(super) fn in_file(config: &ConfigFile) -> Result<Vec<FoundLogin>, ConfigError> {
    let logins = config.logins()?.into_iter().map(|login| FoundLogin {
        source: ImportSource::File,
        key: login.key,
        login: login.credentials.map_err(|unfit| unfit.to_string()),
    });
    Ok(logins.collect())
}

/// Finds what a helper keeps, until it fails.
pub(super) fn in_helper(
    helper: &OtherHelper,
    source: ImportSource,
    found: &mut Vec<FoundLogin>,
) -> Result<(), HelperError> {
    for key in helper.keys()? {
        let login = match Key::parse(&key) {
            Err(error) => Err(error.to_string()),
            Ok(parsed) => match helper.credentials(&parsed) {
                Ok(Some(credentials)) => Ok(credentials),
                Ok(None) => Err("it lists the key, and has nothing for it".to_owned()),
                Err(HelperError::Unreadable { .. }) => Err("its answer cannot be read".to_owned()),
                Err(error) => return Err(error),
            },
        };
        found.push(FoundLogin { source, key, login });
    }
    Ok(())
}
