//! The key in the kernel's memory for a while, so that the next request need not ask its holder: a key of
//! type `user` in the user keyring (<https://man7.org/linux/man-pages/man7/user-keyring.7.html>).
//!
//! Where the kernel refuses, as in containers, nothing is kept, and that is no error.

use std::fmt::Write;
use std::time::Duration;

use crate::vault::seal::{Tag, VaultKey};

/// How long a key is kept where nobody says otherwise: a working day.
pub const DEFAULT_TIME: Duration = Duration::from_secs(8 * 60 * 60);

/// The longest that a key can be kept.
pub const MAX_TIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Returns the key that is kept for a vault.
pub fn find(fingerprint: &Tag) -> Option<VaultKey> {
    kernel::find(&name_of(fingerprint))
}

/// Keeps a key for some time, at least a second, and returns whether the kernel does so.
pub fn keep(key: &VaultKey, time: Duration) -> bool {
    kernel::keep(&name_of(&key.fingerprint()), key, time.clamp(Duration::from_secs(1), MAX_TIME)).is_some()
}

/// Forgets the key of a vault, and returns whether one was kept.
#[allow(clippy::must_use_candidate, reason = "whether there was one is no matter to most")]
pub fn forget(fingerprint: &Tag) -> bool {
    kernel::forget(&name_of(fingerprint)).is_some()
}

/// Returns the name of a vault's key where others keep theirs too. A key that is renewed has another one.
pub fn name_of(fingerprint: &Tag) -> String {
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

    /// All for who possesses it; view, read and search for the user's other sessions, which do not.
    const PERMISSIONS: u32 = 0x3f0b_0000;

    pub(super) fn find(name: &str) -> Option<VaultKey> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        let length = look_up(name)?.read(&mut *bytes).ok()?;
        if length == KEY_BYTES { VaultKey::from_bytes(bytes.as_slice()) } else { None }
    }

    /// The key comes into the user keyring only when it has its time-out: until then it is in that of this
    /// process, and goes with it.
    pub(super) fn keep(name: &str, key: &VaultKey, time: Duration) -> Option<()> {
        let own = KeyRing::from_special_id(KeyRingIdentifier::Process, true).ok()?;
        let kept = own.add_key(name, key.expose()).ok()?;
        kept.set_perms(KeyPermissions::from_u32(PERMISSIONS)).ok()?;
        kept.set_timeout(usize::try_from(time.as_secs()).ok()?).ok()?;
        users()?.link_key(kept).ok()
    }

    pub(super) fn forget(name: &str) -> Option<()> {
        let key = look_up(name)?;
        key.invalidate().or_else(|_| users().map_or(Ok(()), |ring| ring.unlink_key(key))).ok()
    }

    fn look_up(name: &str) -> Option<Key> {
        users()?.search(name).ok()
    }

    fn users() -> Option<KeyRing> {
        KeyRing::from_special_id(KeyRingIdentifier::User, true).ok()
    }
}

/// Other systems have no such memory.
#[cfg(not(target_os = "linux"))]
mod kernel {
    use std::time::Duration;

    use crate::vault::seal::VaultKey;

    pub(super) fn find(_name: &str) -> Option<VaultKey> {
        None
    }

    pub(super) fn keep(_name: &str, _key: &VaultKey, _time: Duration) -> Option<()> {
        None
    }

    pub(super) fn forget(_name: &str) -> Option<()> {
        None
    }
}
