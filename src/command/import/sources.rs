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

/// Adds the logins of a helper to `found`, including those read before an error.
pub(super) fn find_in_helper(
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
