//! Another credential helper, asked by the same protocol by which clients ask this program:
//! <https://github.com/docker/docker-credential-helpers#development>.

use std::ffi::OsStr;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::docker::config::object_in;
use crate::docker::wire::{Credentials, NOT_FOUND, WireError, parse_answer};
use crate::model::hint::Hint;
use crate::model::registry::Key;
use crate::system::process;
use crate::system::process::ProcessError;

/// How long each call may take: a person may have to type a passphrase meanwhile.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much is shown of what a helper says when it fails, in letters.
const SHOWN_LETTERS: usize = 200;

/// What some versions of docker-credential-secretservice list in front of each key: the title of the item.
const TITLE: &str = "Registry credentials for ";

/// Helpers that keep nothing, but make a short-lived token at each call.
const MAKERS: [&str; 6] = ["ecr-login", "gcloud", "gcr", "acr", "acr-env", "acr-linux"];

/// Another credential helper.
pub struct OtherHelper {
    program: String,
}

/// Why another helper does not do what it is asked.
#[derive(Debug, Error)]
pub enum HelperError {
    /// It would name a program elsewhere, or none.
    #[error("{name:?} is no name of a credential helper")]
    Name {
        /// The name.
        name: String,
    },
    #[error(transparent)]
    Child(#[from] ProcessError),
    /// It ended with another exit code than 0.
    #[error("{program} {verb} says: {text}")]
    Refused {
        /// The helper's program.
        program: String,
        /// What it was asked to do.
        verb: &'static str,
        /// What it said, or how it ended.
        text: String,
    },
    /// It said something that is not of the protocol.
    #[error("{program} {verb} gives no answer that can be read")]
    Unreadable {
        /// The helper's program.
        program: String,
        /// What it was asked to do.
        verb: &'static str,
    },
    /// As some do while their store is locked.
    #[error("{program} says that it has erased {key}, and has it still")]
    StillThere {
        /// The helper's program.
        program: String,
        /// The key.
        key: String,
    },
}

impl OtherHelper {
    /// Takes the name of a helper as it stands in a client's file.
    pub fn new(name: &str) -> Result<Self, HelperError> {
        if name.is_empty() || name.contains(['/', '\\']) || name.contains(char::is_control) {
            return Err(HelperError::Name { name: name.to_owned() });
        }
        Ok(Self { program: format!("docker-credential-{name}") })
    }

    /// True for the name of a helper that keeps nothing: what it gives soon ends.
    pub fn makes_tokens(name: &str) -> bool {
        MAKERS.contains(&name)
    }

    /// Returns the name of its program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Returns the keys of all that it keeps.
    pub fn keys(&self) -> Result<Vec<String>, HelperError> {
        let answer = self.call("list", "unused")?;
        let text = str::from_utf8(&answer).map_err(|_| self.unreadable("list"))?;
        let users = object_in(text).ok_or_else(|| self.unreadable("list"))?;
        let keys = users.into_keys();
        Ok(keys.map(|key| key.strip_prefix(TITLE).map(str::to_owned).unwrap_or(key)).collect())
    }

    /// Returns what it keeps under a key; `None` when that is nothing, or nothing that could be kept here.
    pub fn credentials(&self, key: &Key) -> Result<Option<Credentials>, HelperError> {
        let answer = match self.call("get", key.as_str()) {
            Err(HelperError::Refused { text, .. }) if text == NOT_FOUND => return Ok(None),
            answer => answer?,
        };
        match parse_answer(&answer, key.clone()) {
            Ok(credentials) => Ok(Some(credentials).filter(|kept| !kept.secret.expose().is_empty())),
            // As docker-credential-pass answers for a folder without an entry.
            Err(WireError::NoUser) => Ok(None),
            Err(_) => Err(self.unreadable("get")),
        }
    }

    /// Makes it forget credentials, unless it has others under their key by now. Returns whether it did.
    pub fn erase(&self, credentials: &Credentials) -> Result<bool, HelperError> {
        let key = &credentials.key;
        let is_same =
            |now: &Credentials| *now.user == *credentials.user && now.secret.is_same_as(&credentials.secret);
        if !self.credentials(key)?.as_ref().is_some_and(is_same) {
            return Ok(false);
        }
        self.call("erase", key.as_str())?;
        if self.credentials(key)?.is_some() {
            let (program, key) = (self.program.clone(), key.as_str().to_owned());
            return Err(HelperError::StillThere { program, key });
        }
        Ok(true)
    }

    fn call(&self, verb: &'static str, stdin: &str) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let output = process::run(OsStr::new(&self.program), &[verb], stdin.as_bytes(), None, PATIENCE)?;
        if output.code == Some(0) {
            return Ok(output.stdout);
        }
        let said = String::from_utf8_lossy(output.stdout.trim_ascii());
        let text = match (said.lines().next(), output.code) {
            // An answer all the same, and there is a secret in it.
            (Some(line), _) if line.starts_with('{') => "an answer, and then that it is none".to_owned(),
            (Some(line), _) => line.chars().take(SHOWN_LETTERS).collect(),
            (None, Some(code)) => format!("nothing, and ends with exit code {code}"),
            (None, None) => "nothing, and is killed".to_owned(),
        };
        Err(HelperError::Refused { program: self.program.clone(), verb, text })
    }

    fn unreadable(&self, verb: &'static str) -> HelperError {
        HelperError::Unreadable { program: self.program.clone(), verb }
    }
}

impl Hint for HelperError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_helper_is_a_program_that_path_leads_to() {
        for name in ["", "../x", "/bin/sh", "a\\b", "a\0"] {
            assert!(matches!(OtherHelper::new(name), Err(HelperError::Name { .. })), "{name}");
        }
        let helper = OtherHelper::new("osxkeychain").expect("a name");
        assert_eq!(helper.program(), "docker-credential-osxkeychain");
    }
}
