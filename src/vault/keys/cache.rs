//! The cache of the key in the kernel, so that the next request does not have to ask the key's holder: a key of type
//! `user` in the user keyring (<https://man7.org/linux/man-pages/man7/user-keyring.7.html>).
//!
//! If the kernel refuses, as in containers, nothing is cached, which is not an error.

use std::fmt::Write;
use std::time::Duration;

use crate::vault::seal::{Tag, VaultKey};

/// The default time for which a key is cached: a working day.
pub const DEFAULT_TIME: Duration = Duration::from_secs(8 * 60 * 60);

/// The longest time for which a key can be cached.
pub const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Returns the cached key with this fingerprint.
pub fn find(fingerprint: &Tag) -> Option<VaultKey> {
    kernel::find(&key_name(fingerprint))
}

/// Caches a key for some time, at least a second. Returns false when the kernel refuses.
pub fn store(key: &VaultKey, time: Duration) -> bool {
    let time = time.clamp(Duration::from_secs(1), MAX_TIME);
    kernel::store(&key_name(&key.fingerprint()), key, time).is_some()
}

/// Removes the key with this fingerprint. Returns true when it was cached.
pub fn remove(fingerprint: &Tag) -> bool {
    kernel::remove(&key_name(fingerprint)).is_some()
}

/// Returns the name of a vault's key in a store that other programs share. A renewed key has another name.
pub fn key_name(fingerprint: &Tag) -> String {
    let mut name = String::from("docker-credential-pat:");
    for byte in fingerprint {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(target_os = "linux")]
mod kernel {
    use std::time::Duration;

    use linux_keyutils::{Key, KeyPermissions, KeyRing, KeyRingIdentifier};
    use zeroize::Zeroizing;

    use crate::vault::seal::{KEY_BYTES, VaultKey};

    /// All permissions for the possessor; view, read and search for other sessions of the user, which do not
    /// possess the key (<https://man7.org/linux/man-pages/man7/keyrings.7.html>).
    const PERMISSIONS: u32 = 0x3f0b_0000;

    pub(super) fn find(name: &str) -> Option<VaultKey> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let length = look_up(name)?.read(&mut *bytes).ok()?;
        if length == KEY_BYTES { VaultKey::from_bytes(bytes.as_slice()) } else { None }
    }

    /// Stores the key in the keyring of this process until it has its timeout, so that a process that stops
    /// before leaves no key behind. Then it moves into the user keyring.
    pub(super) fn store(name: &str, key: &VaultKey, time: Duration) -> Option<()> {
        let process_keyring = KeyRing::from_special_id(KeyRingIdentifier::Process, true).ok()?;
        let added = process_keyring.add_key(name, key.expose()).ok()?;
        added.set_perms(KeyPermissions::from_u32(PERMISSIONS)).ok()?;
        added.set_timeout(usize::try_from(time.as_secs()).ok()?).ok()?;
        user_keyring()?.link_key(added).ok()
    }

    pub(super) fn remove(name: &str) -> Option<()> {
        let key = look_up(name)?;
        key.invalidate().or_else(|_| user_keyring().map_or(Ok(()), |keyring| keyring.unlink_key(key))).ok()
    }

    fn look_up(name: &str) -> Option<Key> {
        user_keyring()?.search(name).ok()
    }

    fn user_keyring() -> Option<KeyRing> {
        KeyRing::from_special_id(KeyRingIdentifier::User, true).ok()
    }
}

/// Other systems have no such cache.
#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::time::Duration;

    use crate::vault::seal::VaultKey;

    pub(super) fn find(_name: &str) -> Option<VaultKey> {
        None
    }

    pub(super) fn store(_name: &str, _key: &VaultKey, _time: Duration) -> Option<()> {
        None
    }

    pub(super) fn remove(_name: &str) -> Option<()> {
        None
    }
}
