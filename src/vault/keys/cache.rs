//! The cache of the key in the kernel, so that the next request does not have to ask the key's holder: a key of type
//! `user` in the user keyring (<https://man7.org/linux/man-pages/man7/user-keyring.7.html>). A sign-in at Docker Hub is
//! kept there in the same way.
//!
//! If the kernel refuses, as in containers, nothing is cached, which is not an error.

use std::fmt::Write;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::vault::seal::{KEY_BYTES, Tag, VaultKey};

/// The default time for which a key is cached: a working day.
pub const DEFAULT_TIME: Duration = Duration::from_secs(8 * 60 * 60);

/// The longest time for which a key can be cached.
pub const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The largest sign-in to cache, in bytes. The kernel gives a person 20,000 for all keys.
const MAX_SIGN_IN_BYTES: usize = 8 * 1024;

/// Returns the cached key with this fingerprint.
pub fn find(fingerprint: &Tag) -> Option<VaultKey> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    let length = kernel::find(&key_name(fingerprint), &mut *bytes)?;
    if length == KEY_BYTES { VaultKey::from_bytes(bytes.as_slice()) } else { None }
}

/// Caches a key for some time, at least a second. Returns false when the kernel refuses.
pub fn store(key: &VaultKey, time: Duration) -> bool {
    let time = time.clamp(Duration::from_secs(1), MAX_TIME);
    kernel::store(&key_name(&key.fingerprint()), key.expose(), time).is_some()
}

/// Removes the key with this fingerprint. Returns true when it was cached.
pub fn remove(fingerprint: &Tag) -> bool {
    kernel::remove(&key_name(fingerprint)).is_some()
}

/// Returns the sign-in that is cached beside the vault with this fingerprint.
pub fn find_sign_in(fingerprint: &Tag) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(vec![0; MAX_SIGN_IN_BYTES]);
    let length = kernel::find(&sign_in_name(fingerprint), &mut *bytes)?;
    let text = str::from_utf8(bytes.get(..length)?).ok()?;
    Some(Zeroizing::new(text.to_owned()))
}

/// Caches a sign-in for some time, at least a second. Returns false when it is too large or the kernel refuses.
pub fn store_sign_in(fingerprint: &Tag, text: &str, time: Duration) -> bool {
    let time = time.clamp(Duration::from_secs(1), MAX_TIME);
    text.len() <= MAX_SIGN_IN_BYTES
        && kernel::store(&sign_in_name(fingerprint), text.as_bytes(), time).is_some()
}

/// Removes the sign-in beside the vault with this fingerprint. Returns true when it was cached.
pub fn remove_sign_in(fingerprint: &Tag) -> bool {
    kernel::remove(&sign_in_name(fingerprint)).is_some()
}

fn sign_in_name(fingerprint: &Tag) -> String {
    format!("{}:docker-hub", key_name(fingerprint))
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

    /// All permissions for the possessor; view, read and search for other sessions of the user, which do not
    /// possess the key (<https://man7.org/linux/man-pages/man7/keyrings.7.html>).
    const PERMISSIONS: u32 = 0x3f0b_0000;

    /// Reads a key into a buffer, and returns its length, which may be larger than the buffer.
    pub(super) fn find(name: &str, buffer: &mut impl AsMut<[u8]>) -> Option<usize> {
        look_up(name)?.read(buffer).ok()
    }

    /// Stores the key in the keyring of this process until it has its timeout, so that a process that stops
    /// before leaves no key behind. Then it moves into the user keyring.
    pub(super) fn store(name: &str, key: &[u8], time: Duration) -> Option<()> {
        let process_keyring = KeyRing::from_special_id(KeyRingIdentifier::Process, true).ok()?;
        let added = process_keyring.add_key(name, key).ok()?;
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

    pub(super) fn find(_name: &str, _buffer: &mut impl AsMut<[u8]>) -> Option<usize> {
        None
    }

    pub(super) fn store(_name: &str, _key: &[u8], _time: Duration) -> Option<()> {
        None
    }

    pub(super) fn remove(_name: &str) -> Option<()> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_is_found_until_it_is_removed_and_never_one_that_is_too_large() {
        let mut fingerprint = Tag::default();
        getrandom::fill(&mut fingerprint).expect("random numbers");
        let time = Duration::from_secs(60);
        assert!(!store_sign_in(&fingerprint, &"x".repeat(MAX_SIGN_IN_BYTES + 1), time));
        assert!(find_sign_in(&fingerprint).is_none() && !remove_sign_in(&fingerprint));
        if !store_sign_in(&fingerprint, "first", time) {
            eprintln!("skipped: the kernel keeps no keys here");
            return;
        }
        assert!(store_sign_in(&fingerprint, "second", time));
        assert_eq!(find_sign_in(&fingerprint).as_deref().map(String::as_str), Some("second"));
        assert!(find(&fingerprint).is_none(), "it is not the vault's key");
        assert!(remove_sign_in(&fingerprint));
        assert!(find_sign_in(&fingerprint).is_none() && !remove_sign_in(&fingerprint));
    }
}
