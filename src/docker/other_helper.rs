//! Calls other credential helpers, with the protocol that clients use to call this program:
//! <https://github.com/docker/docker-credential-helpers#development>.

use std::ffi::OsStr;
use std::time::Duration;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::docker::config::members::parse_map;
use crate::docker::wire::{Credentials, NOT_FOUND, WireError, parse_answer, write_credentials};
use crate::model::hint::Hint;
use crate::model::registry::Key;
use crate::system::process;
use crate::system::process::ProcessError;

/// The time limit for a call, during which a person may have to type a passphrase.
const PATIENCE: Duration = Duration::from_secs(60);

/// The length of the longest part of a helper's error text that is shown, in characters.
const MAX_LETTERS: usize = 200;

/// The title of an item, which some versions of docker-credential-secretservice list in front of each key.
const TITLE: &str = "Registry credentials for ";

/// Helpers that store nothing and make a short-lived token at each call.
const TOKEN_MAKERS: [&str; 6] = ["ecr-login", "gcloud", "gcr", "acr", "acr-env", "acr-linux"];

pub struct OtherHelper {
    program: String,
}

#[derive(Debug, Error)]
pub enum HelperError {
    /// An empty name, or one that leads to a program outside `PATH`.
    #[error("{name:?} is not the name of a credential helper")]
    Name { name: String },
    #[error(transparent)]
    Child(#[from] ProcessError),
    /// An exit code other than 0, or a signal.
    #[error("{program} {verb} {refusal}")]
    Refused { program: String, verb: &'static str, refusal: Refusal },
    #[error("{program} {verb} gives no answer that can be read")]
    Unreadable { program: String, verb: &'static str },
    #[error("{program} says that it has stored {key}, but returns something else")]
    NotStored { program: String, key: String },
    /// Some helpers report success although their store is locked.
    #[error("{program} says that it has erased {key}, but still has it")]
    StillThere { program: String, key: String },
}

/// The end of a call that failed.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The helper wrote a message, from which all that could be a secret is removed.
    #[error("says: {0}")]
    Text(String),
    #[error("failed with exit code {0} and no message")]
    ExitCode(i32),
    #[error("was killed, and wrote no message")]
    Killed,
}

impl OtherHelper {
    /// Takes a helper's name as written in a client's file, without `docker-credential-`.
    pub fn new(name: &str) -> Result<Self, HelperError> {
        if name.is_empty() || name.contains(['/', '\\']) || name.contains(char::is_control) {
            return Err(HelperError::Name { name: name.to_owned() });
        }
        Ok(Self { program: format!("docker-credential-{name}") })
    }

    /// True for a helper that makes a short-lived token at each call instead of storing credentials.
    pub fn makes_tokens(name: &str) -> bool {
        TOKEN_MAKERS.contains(&name)
    }

    pub fn program(&self) -> &str {
        &self.program
    }

    /// Returns the keys of all stored credentials.
    pub fn keys(&self) -> Result<Vec<String>, HelperError> {
        let answer = self.call("list", "unused")?;
        let text = str::from_utf8(&answer).map_err(|_| self.unreadable("list"))?;
        let users = parse_map(text).ok_or_else(|| self.unreadable("list"))?;
        let keys = users.into_keys();
        Ok(keys.map(|key| key.strip_prefix(TITLE).map(str::to_owned).unwrap_or(key)).collect())
    }

    /// Returns the credentials for a key; `None` when there are none, or their user name or secret is empty.
    pub fn credentials(&self, key: &Key) -> Result<Option<Credentials>, HelperError> {
        let answer = match self.call("get", key.as_str()) {
            Err(HelperError::Refused { refusal: Refusal::Text(text), .. }) if text == NOT_FOUND => {
                return Ok(None);
            }
            answer => answer?,
        };
        match parse_answer(&answer, key.clone()) {
            Ok(credentials) => Ok(Some(credentials).filter(|found| !found.secret.expose().is_empty())),
            // docker-credential-pass answers this for a folder without an entry.
            Err(WireError::NoUser) => Ok(None),
            Err(_) => Err(self.unreadable("get")),
        }
    }

    /// Stores credentials, and compares what comes back.
    pub fn store(&self, credentials: &Credentials) -> Result<(), HelperError> {
        let Credentials { key, user, secret } = credentials;
        let mut input = Zeroizing::new(Vec::new());
        // A vector takes everything.
        let _ = write_credentials(&mut *input, key, user, secret);
        self.call_with("store", &input)?;
        let is_same = |now: &Credentials| *now.user == **user && now.secret.is_same_as(secret);
        if self.credentials(key)?.as_ref().is_some_and(is_same) {
            return Ok(());
        }
        let (program, key) = (self.program.clone(), key.as_str().to_owned());
        Err(HelperError::NotStored { program, key })
    }

    /// Erases credentials, unless different ones are stored under their key by now. Returns whether it erased them.
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
        self.call_with(verb, stdin.as_bytes())
    }

    fn call_with(&self, verb: &'static str, stdin: &[u8]) -> Result<Zeroizing<Vec<u8>>, HelperError> {
        let output = process::run(OsStr::new(&self.program), &[verb], stdin, None, PATIENCE)?;
        if output.code == Some(0) {
            return Ok(output.stdout);
        }
        let stdout = String::from_utf8_lossy(output.stdout.trim_ascii());
        let text = |line: &str| Refusal::Text(line.chars().take(MAX_LETTERS).collect());
        let refusal = match (stdout.lines().next(), output.code) {
            // Credentials despite the exit code: they hold a secret, which must not be shown.
            (Some(line), _) if line.starts_with('{') => text("credentials (not shown), although it failed"),
            // The text of `list` holds no secret, and that of the other verbs could.
            (Some(line), _) if verb == "list" => text(line),
            (Some(line), _) => text(&without_secrets(line)),
            (None, Some(code)) => Refusal::ExitCode(code),
            (None, None) => Refusal::Killed,
        };
        Err(HelperError::Refused { program: self.program.clone(), verb, refusal })
    }

    fn unreadable(&self, verb: &'static str) -> HelperError {
        HelperError::Unreadable { program: self.program.clone(), verb }
    }
}

/// Replaces each word of a helper's text that could be a secret: all but plain words.
fn without_secrets(line: &str) -> String {
    let is_plain = |word: &&str| {
        let word = word.trim_matches([':', '.', ',', ';', '(', ')', '\'', '"']);
        word.chars().all(|letter| letter.is_alphabetic() || letter == '-' || letter == '\'') || word.len() < 4
    };
    let words = line.split_whitespace().map(|word| if is_plain(&word) { word } else { "…" });
    words.collect::<Vec<_>>().join(" ")
}

impl Hint for HelperError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_could_be_secrets_are_left_out() {
        for (line, want) in [
            ("the keyring is locked", "the keyring is locked"),
            (
                "exit status 2: gpg: decryption failed: No secret key",
                "exit status 2: gpg: decryption failed: No secret key",
            ),
            ("password: s3cr3t-tok", "password: …"),
            (r#"[{"Username":"u","Secret":"s3cr3t-tok"}]"#, "…"),
            ("token ghp_abc for https://me:pw@host", "token … for …"),
        ] {
            assert_eq!(without_secrets(line), want);
        }
    }

    #[test]
    fn names_that_lead_outside_path_are_refused() {
        for name in ["", "../x", "/bin/sh", "a\\b", "a\0"] {
            assert!(matches!(OtherHelper::new(name), Err(HelperError::Name { .. })), "{name}");
        }
        let helper = OtherHelper::new("osxkeychain").expect("a name");
        assert_eq!(helper.program(), "docker-credential-osxkeychain");
    }
}
