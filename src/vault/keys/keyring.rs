//! Key holder: the OS keyring, which is the Secret Service
//! (<https://specifications.freedesktop.org/secret-service-spec/latest/>), macOS Keychain or Windows
//! Credential Manager. The secret of one item is the 32 bytes of the key.
//!
//! The name of the item contains the fingerprint of the key. So a renewed key has an item of its own, and
//! both items exist until the vault is written with the new key.

use std::time::{Duration, Instant};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::{Hint, program};
use crate::system::background::BackgroundTask;
use crate::system::sanitize::error_words;
use crate::system::slow_notice::SlowNotice;
use crate::vault::keys::{HolderError, HolderKind, cache};
use crate::vault::seal::{Tag, VaultKey};

/// The service name of this program's items.
#[cfg(feature = "keyring")]
const SERVICE: &str = "docker-credential-pat";

/// The item of a vault's key.
pub struct Keyring {
    item: String,
}

/// The reason why the OS keyring does not return or store a key.
#[derive(Debug, Error)]
pub enum KeyringError {
    #[error("this program was built without the OS keyring")]
    NotBuilt,
    /// There is no session bus, as in an SSH session, a container or a service.
    #[error("the OS keyring cannot be reached: there is no session bus here")]
    NoBus,
    #[error("no OS keyring answers on the session bus")]
    NoService,
    /// The keyring needs its password, and there is no desktop on which it can ask for it.
    #[error("the OS keyring is locked, and there is no desktop to ask for its password on")]
    Locked,
    #[error("the OS keyring stays locked: the question for its password was dismissed")]
    Dismissed,
    /// The item was removed, or this is the keyring of another user.
    #[error("the OS keyring does not have the key of this vault")]
    NoItem,
    #[error("the connection to the OS keyring broke")]
    Disconnected,
    #[error("the OS keyring gave no answer within {seconds} s")]
    TimedOut { seconds: u64 },
    /// Any other error, in the words of the keyring.
    #[error("the OS keyring: {0}")]
    Other(String),
}

impl Hint for KeyringError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NotBuilt => format!("use the release of {} that has it", program()),
            Self::NoBus => format!(
                "run `{0} unlock` in the desktop session, or there `{0} key add passphrase` for sessions without \
                 a desktop",
                program()
            ),
            Self::NoService | Self::Disconnected => {
                "start it, gnome-keyring-daemon or KWallet for example, and try again".to_owned()
            }
            Self::Locked | Self::Dismissed => {
                format!("unlock it on the desktop, or run `{} unlock` there", program())
            }
            Self::NoItem => format!(
                "put the item back from a backup, or use another key holder of the vault; {} key status shows them",
                program()
            ),
            Self::TimedOut { .. } => format!(
                "answer its question if there is one, or start it anew; `{} unlock` waits longer",
                program()
            ),
            Self::Other(_) => format!("{} key status shows how the vault's key holders stand", program()),
        })
    }
}

impl Keyring {
    /// Refers to the item for the key with this fingerprint.
    pub fn for_key(fingerprint: &Tag) -> Self {
        Self { item: cache::key_name(fingerprint) }
    }

    /// Returns the name of the item.
    pub fn item(&self) -> &str {
        &self.item
    }

    /// Reads the key.
    pub fn key(&self, timeout: Duration) -> Result<VaultKey, HolderError> {
        let bytes = self.call(timeout, os::find)?;
        VaultKey::from_bytes(&bytes).ok_or(HolderError::OtherKey(HolderKind::Keyring))
    }

    /// Stores a key, and checks that the keyring returns it.
    pub fn store(&self, key: &VaultKey, timeout: Duration) -> Result<(), KeyringError> {
        // On the heap: an array would be copied into frames of the other thread that no scrub reaches.
        let bytes = Zeroizing::new(key.expose().to_vec());
        let stored = self.call(timeout, move |item| os::store(item, bytes.as_slice()))?;
        if *stored == *key.expose() { Ok(()) } else { Err(KeyringError::NoItem) }
    }

    /// Removes the item, if there is one.
    pub fn remove(&self, timeout: Duration) -> Result<(), KeyringError> {
        self.call(timeout, os::remove)
    }

    /// Calls the keyring on another thread, because it may never answer.
    fn call<T: Send + 'static>(
        &self,
        timeout: Duration,
        call: impl FnOnce(&str) -> Result<T, KeyringError> + Send + 'static,
    ) -> Result<T, KeyringError> {
        let item = self.item.clone();
        let _notice = SlowNotice::start("waiting for the OS keyring");
        let task = BackgroundTask::start(move || {
            let answer = call(&item);
            os::scrub_stack();
            answer
        });
        let task = task.map_err(|error| KeyringError::Other(error_words(&error)))?;
        let answer = task.wait(Instant::now() + timeout);
        answer.unwrap_or(Err(KeyringError::TimedOut { seconds: timeout.as_secs() }))
    }
}

#[cfg(feature = "keyring")]
mod os {
    use std::error::Error as _;

    use keyring::v1::{Entry, Error};
    use zeroize::Zeroizing;

    use crate::system::sanitize::error_words;
    use crate::system::scrub;
    use crate::vault::keys::keyring::{KeyringError, SERVICE};

    pub(super) fn find(item: &str) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        entry(item)?.get_secret().map(Zeroizing::new).map_err(|error| keyring_error(&error))
    }

    pub(super) fn store(item: &str, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        entry(item)?.set_secret(key).map_err(|error| keyring_error(&error))?;
        find(item)
    }

    pub(super) fn remove(item: &str) -> Result<(), KeyringError> {
        match entry(item)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(keyring_error(&error)),
        }
    }

    /// Wipes the key from the stack of this thread.
    pub(super) fn scrub_stack() {
        scrub::scrub_deep();
    }

    fn entry(item: &str) -> Result<Entry, KeyringError> {
        Entry::store_status().as_ref().map_err(keyring_error)?;
        Entry::new(SERVICE, item).map_err(|error| keyring_error(&error))
    }

    /// Converts an error without its text where that may contain the secret.
    fn keyring_error(error: &Error) -> KeyringError {
        match error {
            // An item that does not contain a key does not have the key of this vault either.
            Error::NoEntry | Error::BadEncoding(_) | Error::BadDataFormat(..) => KeyringError::NoItem,
            Error::PlatformFailure(source) | Error::NoStorageAccess(source) => {
                platform_error(&**source).unwrap_or_else(|| KeyringError::Other(error_words(&**source)))
            }
            Error::Ambiguous(_) => KeyringError::Other("it has the key of this vault twice".to_owned()),
            other => KeyringError::Other(other.source().map_or(String::new(), error_words)),
        }
    }

    /// Converts an error of the connection to the Secret Service.
    #[cfg(all(unix, not(target_os = "macos")))]
    fn platform_error(source: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeyringError> {
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
                KeyringError::Disconnected
            }
            Service::Zbus(zbus::Error::InputOutput(_)) | Service::PromptDisconnected => {
                KeyringError::Disconnected
            }
            Service::Locked | Service::Prompt | Service::NoResult => {
                let has_desktop = crate::system::env::has_desktop();
                if has_desktop { KeyringError::Dismissed } else { KeyringError::Locked }
            }
            _ => return None,
        })
    }

    #[cfg(not(all(unix, not(target_os = "macos"))))]
    fn platform_error(_source: &(dyn std::error::Error + Send + Sync + 'static)) -> Option<KeyringError> {
        None
    }
}

/// The keyring of a build without one.
#[cfg(not(feature = "keyring"))]
mod os {
    use zeroize::Zeroizing;

    use crate::vault::keys::keyring::KeyringError;

    pub(super) fn find(_item: &str) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn store(_item: &str, _key: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn remove(_item: &str) -> Result<(), KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    pub(super) fn scrub_stack() {}
}
