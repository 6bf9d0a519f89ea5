//! The key in a file that only its owner may read.

use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::system::disk;
use crate::system::disk::{DiskError, PRIVATE};
use crate::vault::seal::{KEY_BYTES, Tag, VaultKey};

/// How a key file begins; its format's version is the number. The key follows, 32 bytes as they are.
const HEAD: &[u8] = b"docker-credential-pat key 1\n";

/// The size of a key file in bytes.
const FILE_BYTES: usize = HEAD.len() + KEY_BYTES;

/// The key file of one vault.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

/// Why there is no key.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// The file is gone while a vault needs it.
    #[error("the key file {} is missing", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Others could have read it.
    #[error("the key file {} is open to other users (mode {mode:04o})", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It was cut or written by something else.
    #[error("{} is not a key file of this program", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The file is there, with a key that something else may need.
    #[error("the key file {} has another key already", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The system gives no random numbers.
    #[error("cannot make a key")]
    Random(#[from] getrandom::Error),
}

impl Hint for KeyFileError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "put it back from a backup; without it the vault cannot be opened. To start anew, move the vault away"
                    .to_owned(),
            ),
            Self::OpenToOthers { path, .. } => Some(format!(
                "run `chmod 600 {}`; if others use this machine, renew the tokens in the vault",
                path.display()
            )),
            Self::Taken { path } => Some(format!("if no vault needs it any more, run `mv {0} {0}.old`", path.display())),
            Self::NotAKey { .. } => Some("put it back from a backup".to_owned()),
            Self::Disk(error) => error.hint(),
            Self::Random(_) => None,
        }
    }
}

impl KeyFile {
    /// Names a key file, which need not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Names the file beside it that has the new key while the vault changes over to it. Where it is a link,
    /// that is beside what it points to, since nothing is renamed from one file system to another.
    #[must_use]
    pub fn renewal_file(&self) -> Self {
        Self { path: disk::with_suffix(&disk::without_links(&self.path), ".renewed") }
    }

    /// Writes a key, durably, in the place of any.
    pub fn keep(&self, key: &VaultKey) -> Result<(), KeyFileError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES));
        bytes.extend_from_slice(HEAD);
        bytes.extend_from_slice(key.expose());
        if let Some(folder) = self.path.parent() {
            disk::make_folder(folder)?;
        }
        disk::replace(&self.path, &bytes, PRIVATE)?;
        // Read back, since some file systems keep no modes, and then it would not be accepted later.
        self.read().map(drop)
    }

    /// Writes a key, unless another is there.
    pub fn write_unless_other(&self, key: &VaultKey) -> Result<(), KeyFileError> {
        match self.read_if_there()? {
            Some(other) if other.fingerprint() == key.fingerprint() => Ok(()),
            Some(_) => Err(KeyFileError::Taken { path: self.path.clone() }),
            None => self.keep(key),
        }
    }

    /// Checks that there is no key but the one with this fingerprint.
    pub fn refuse_another(&self, fingerprint: &Tag) -> Result<(), KeyFileError> {
        match self.read_if_there() {
            Ok(Some(other)) if other.fingerprint() != *fingerprint => {
                Err(KeyFileError::Taken { path: self.path.clone() })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Puts this file in the place of another, durably.
    pub fn replace_other(&self, other: &Self) -> Result<(), KeyFileError> {
        Ok(disk::rename(&self.path, &other.path)?)
    }

    /// Ends a renewal that a stopped machine left halfway: when the vault has changed over to the new key,
    /// that takes its place. Only to be called under the vault's lock.
    pub fn settle(&self, is_the_vaults: impl Fn(&VaultKey) -> bool) -> Result<(), KeyFileError> {
        let renewed = self.renewal_file();
        if renewed.path.exists() && renewed.read().is_ok_and(|key| is_the_vaults(&key)) {
            renewed.replace_other(self)?;
        }
        Ok(())
    }

    /// Removes the file, if it is there. One with another key stays, since another vault may need it.
    pub fn remove(&self, fingerprint: &Tag) -> Result<(), KeyFileError> {
        if self.refuse_another(fingerprint).is_ok() {
            disk::remove(&self.path)?;
        }
        Ok(())
    }

    /// Reads the key.
    pub fn read(&self) -> Result<VaultKey, KeyFileError> {
        self.read_if_there()?.ok_or_else(|| KeyFileError::Missing { path: self.path.clone() })
    }

    /// Reads the key, or makes one, durably. Only to be called under the vault's lock, so that no two
    /// processes make one each.
    pub fn read_or_make(&self) -> Result<VaultKey, KeyFileError> {
        if let Some(key) = self.read_if_there()? {
            return Ok(key);
        }
        let key = VaultKey::generate()?;
        self.keep(&key)?;
        Ok(key)
    }

    fn read_if_there(&self) -> Result<Option<VaultKey>, KeyFileError> {
        let Some((mut file, metadata)) = disk::open(&self.path)? else { return Ok(None) };
        let mode = disk::mode(&metadata);
        if cfg!(unix) && mode & 0o077 != 0 {
            return Err(KeyFileError::OpenToOthers { path: self.path.clone(), mode });
        }
        let mut bytes = Zeroizing::new([0; FILE_BYTES + 1]);
        let mut length = 0;
        while let count @ 1.. = file
            .read(&mut bytes[length..])
            .map_err(|source| DiskError::Read { path: self.path.clone(), source })?
        {
            length += count;
        }
        let key = bytes[..length].strip_prefix(HEAD).and_then(VaultKey::from_bytes);
        key.map(Some).ok_or_else(|| KeyFileError::NotAKey { path: self.path.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_after_that() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("config/key"));
        assert!(matches!(file.read(), Err(KeyFileError::Missing { .. })));
        let made = file.read_or_make().expect("a key");
        assert_eq!(file.read_or_make().expect("the same").expose(), made.expose());
        assert_eq!(file.read().expect("the same").expose(), made.expose());
        assert_eq!(fs::read(file.path()).expect("the file").len(), FILE_BYTES);
    }

    #[test]
    fn what_is_no_key_is_refused_and_left() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        file.read_or_make().expect("a key");
        let good = fs::read(file.path()).expect("the file");
        let longer = [good.as_slice(), b"\n"].concat();
        for bad in [&b""[..], &good[..FILE_BYTES - 1], &longer, b"docker-credential-pat key 2\n"] {
            fs::write(file.path(), bad).expect("written");
            assert!(matches!(file.read_or_make(), Err(KeyFileError::NotAKey { .. })), "{bad:?}");
            assert_eq!(fs::read(file.path()).expect("the file"), bad);
        }
    }

    #[test]
    fn a_key_that_is_not_the_vaults_is_not_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        let other = file.read_or_make().expect("a key").fingerprint();
        file.remove(&VaultKey::generate().expect("a key").fingerprint()).expect("nothing to do");
        assert!(file.path().exists());
        file.remove(&other).expect("removed");
        assert!(!file.path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_renewed_key_lies_beside_what_a_link_points_to() {
        let folder = tempfile::tempdir().expect("a folder");
        let there = KeyFile::new(folder.path().join("stick/key"));
        there.read_or_make().expect("a key");
        let link = folder.path().join("key");
        std::os::unix::fs::symlink(there.path(), &link).expect("a link");
        let link = KeyFile::new(link);
        assert_eq!(link.renewal_file().path(), there.renewal_file().path());
        link.renewal_file().keep(&VaultKey::generate().expect("a key")).expect("kept");
        link.renewal_file().replace_other(&link).expect("in its place");
        assert!(link.path().is_symlink() && !there.renewal_file().path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        file.read_or_make().expect("a key");
        assert_eq!(fs::metadata(file.path()).expect("the file").permissions().mode() & 0o777, PRIVATE);
        for mode in [0o644, 0o640, 0o604, 0o660] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("chmod");
            assert!(matches!(file.read(), Err(KeyFileError::OpenToOthers { .. })), "{mode:o}");
        }
    }
}
