//! The key in the OS keyring: the Secret Service (<https://specifications.freedesktop.org/secret-service-spec/latest/>),
//! macOS Keychain or Windows Credential Manager. One item, of which the 32 bytes of the key are all.
//!
//! The item bears the fingerprint of its key, so a renewed key has another item, and both are there until
//! the vault has changed over.

use std::time::{Duration, Instant};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::system::background::BackgroundTask;
use crate::vault::keys::{HolderError, HolderKind, KeyHolder, cache};
use crate::vault::seal::{Tag, VaultKey};

/// What the items of this program are filed under.
#[cfg(feature = "keyring")]
const SERVICE: &str = "docker-credential-pat";

/// The item of one vault's key.
pub struct Keyring {
    item: String,
}

/// Why the OS keyring does not give or take a key.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// Built without it.
    #[error("this program was built without the OS keyring")]
    NotBuilt,
    /// An ssh session, a container, a service: no session bus.
    #[error("the OS keyring cannot be reached: there is no session bus here")]
    NoBus,
    /// A bus on which no keyring answers.
    #[error("no OS keyring answers on the session bus")]
    NoService,
    /// A keyring that waits for its password, and nobody can be asked for it.
    #[error("the OS keyring is locked, and there is no desktop to ask for its password on")]
    Locked,
    /// A person said no.
    #[error("the OS keyring stays locked: the question for its password was dismissed")]
    Dismissed,
    /// An item that was removed, or another user's keyring.
    #[error("the OS keyring does not have the key of this vault")]
    NoItem,
    /// It went away while it was asked.
    #[error("the OS keyring broke off")]
    BrokeOff,
    /// It did not answer.
    #[error("the OS keyring gave no answer within {seconds} s")]
    Hung {
        /// How long it was waited for.
        seconds: u64,
    },
    /// Anything else, in its own words.
    #[error("the OS keyring: {0}")]
    Other(String),
}

impl Hint for KeyringError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotBuilt => "use the release of docker-credential-pat that has it".to_owned(),
            Self::NoBus => "run `docker-credential-pat unlock` in the desktop session, or there \
                            `docker-credential-pat key add passphrase` for sessions without a desktop"
                .to_owned(),
            Self::NoService | Self::BrokeOff => {
                "start it, gnome-keyring-daemon or KWallet for example, and try again".to_owned()
            }
            Self::Locked | Self::Dismissed => {
                "unlock it on the desktop, or run `docker-credential-pat unlock` there".to_owned()
            }
            Self::NoItem => "put the item back from a backup, or use another key holder of the vault; \
                             docker-credential-pat key status shows them"
                .to_owned(),
            Self::Hung { .. } => "answer its question if there is one, or start it anew; \
                                  `docker-credential-pat unlock` waits longer"
                .to_owned(),
            Self::Other(_) => {
                "docker-credential-pat key status shows how the vault's key holders stand".to_owned()
            }
        })
    }
}

impl Keyring {
    /// Names the item for the key with this fingerprint.
    pub fn for_key(fingerprint: &Tag) -> Self {
        Self { item: cache::name_of(fingerprint) }
    }

    /// Returns the name of the item.
    pub fn item(&self) -> &str {
        &self.item
    }

    /// Keeps a key, and sees that it comes back.
    ///
    /// # Errors
    /// When the keyring does not do both within `patience`.
    pub fn keep(&self, key: &VaultKey, patience: Duration) -> Result<(), KeyringError> {
        let bytes = Zeroizing::new(*key.expose());
        let kept = self.ask(patience, move |item| os::keep(item, bytes.as_slice()))?;
        if *kept == *key.expose() { Ok(()) } else { Err(KeyringError::NoItem) }
    }

    /// Removes the item, if there is one.
    ///
    /// # Errors
    /// When the keyring does not do so within `patience`.
    pub fn forget(&self, patience: Duration) -> Result<(), KeyringError> {
        self.ask(patience, os::forget)
    }

    /// Asks the keyring, which may never answer.
    fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        question: impl FnOnce(&str) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let item = self.item.clone();
        let asking = BackgroundTask::start(move || {
            let answer = question(&item);
            os::leave();
            answer
        });
        let asking = asking.map_err(|error| KeyringError::Other(error.to_string()))?;
        let answer = asking.wait(Instant::now() + patience);
        answer.unwrap_or(Err(KeyringError::Hung { seconds: patience.as_secs() }))
    }
}

impl KeyHolder for Keyring {
    fn key(&self, patience: Duration) -> Result<VaultKey, HolderError> {
        let bytes = self.ask(patience, os::find)?;
        VaultKey::from_bytes(&bytes).ok_or(HolderError::Another(HolderKind::Keyring))
    }
}

#[cfg(feature = "keyring")]
mod os {
    use std::error::Error as _;

    use keyring::v1::{Entry, Error};
    use zeroize::Zeroizing;

    use crate::system::scrub;
    use crate::vault::keys::keyring::{KeyringError, SERVICE};

    pub(super) fn find(item: &str) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        entry(item)?.get_secret().map(Zeroizing::new).map_err(|error| trouble(&error))
    }

    pub(super) fn keep(item: &str, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        entry(item)?.set_secret(key).map_err(|error| trouble(&error))?;
        find(item)
    }

    pub(super) fn forget(item: &str) -> Result<(), KeyringError> {
        match entry(item)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(trouble(&error)),
        }
    }

    /// Leaves nothing of the key on the stack of the thread that asked.
    pub(super) fn leave() {
        scrub::scrub_deep();
    }

    fn entry(item: &str) -> Result<Entry, KeyringError> {
        Entry::store_status().as_ref().map_err(trouble)?;
        Entry::new(SERVICE, item).map_err(|error| trouble(&error))
    }

    /// Never shows the error itself: some of them carry the secret.
    fn trouble(error: &Error) -> KeyringError {
        match error {
            // What is there and is no key is not the key of this vault either.
            Error::NoEntry | Error::BadEncoding(_) | Error::BadDataFormat(..) => KeyringError::NoItem,
            Error::PlatformFailure(source) | Error::NoStorageAccess(source) => {
                of_platform(&**source).unwrap_or_else(|| KeyringError::Other(source.to_string()))
            }
            Error::Ambiguous(_) => KeyringError::Other("it has the key of this vault twice".to_owned()),
            other => KeyringError::Other(other.source().map_or(String::new(), ToString::to_string)),
        }
    }

    /// Tells what went wrong on the way to the Secret Service.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn of_platform(source: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeyringError> {
        use secret_service::Error as Service;
        Some(match source.downcast_ref::<Service>()? {
            Service::Unavailable | Service::Zbus(zbus::Error::Connection(..) | zbus::Error::Address(_)) => {
                KeyringError::NoBus
            }
            Service::Zbus(zbus::Error::MethodError(name, ..))
                if name.as_str() == "org.freedesktop.DBus.Error.ServiceUnknown" =>
            {
                KeyringError::NoService
            }
            Service::Zbus(zbus::Error::MethodError(name, ..))
                if name.as_str() == "org.freedesktop.DBus.Error.NoReply" =>
            {
                KeyringError::BrokeOff
            }
            Service::Zbus(zbus::Error::InputOutput(_)) | Service::PromptDisconnected => {
                KeyringError::BrokeOff
            }
            Service::Locked | Service::Prompt | Service::NoResult => {
                let has_desktop = crate::system::env::has_desktop();
                if has_desktop { KeyringError::Dismissed } else { KeyringError::Locked }
            }
            _ => return None,
        })
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn of_platform(_source: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeyringError> {
        None
    }
}

/// What a build without the keyring says to every question.
#[cfg(not(feature = "keyring"))]
mod os {
    use zeroize::Zeroizing;

    use crate::vault::keys::keyring::KeyringError;

    pub(super) fn find(_item: &str) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn keep(_item: &str, _key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn forget(_item: &str) -> Result<(), KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn leave() {}
}
