//! Key holder: a file with the vault's key, which only its owner may read.

use std::io::Read;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::system::disk;
use crate::system::disk::{DiskError, Exposure, PRIVATE};
use crate::vault::seal::{KEY_BYTES, Tag, VaultKey};

/// The first bytes of a key file; the number is the version of its format. The 32 bytes of the key follow.
const HEADER: &[u8] = b"docker-credential-pat key 1\n";

/// The size of a key file in bytes.
const FILE_BYTES: usize = HEADER.len() + KEY_BYTES;

/// The key file of a vault.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

/// The reason why a key file cannot be read or written.
#[derive(Debug, Error)]
pub enum KeyFileError {
    #[error("the key file {} is missing", path.display())]
    Missing { path: PathBuf },
    #[error("the key file {}", exposure.about(&path.display().to_string()))]
    Exposed { path: PathBuf, exposure: Exposure },
    #[error("{} is not a key file of this program", path.display())]
    NotAKey { path: PathBuf },
    /// The file has another key, which another vault may need.
    #[error("the key file {} has another key already", path.display())]
    Taken { path: PathBuf },
    #[error(transparent)]
    Disk(#[from] DiskError),
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
            Self::Exposed { path, exposure } => Some(format!(
                "run `{}`; if others use this machine, renew the tokens in the vault",
                exposure.remedy(&path.display().to_string())
            )),
            Self::Taken { path } => Some(format!("if no vault needs it any more, run `mv {0} {0}.old`", path.display())),
            Self::NotAKey { .. } => Some("put it back from a backup".to_owned()),
            Self::Disk(error) => error.hint(),
            Self::Random(_) => None,
        }
    }
}

impl KeyFile {
    /// Refers to the key file at this path, which may not exist yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the file that holds the new key during a renewal. It is in the same folder; for a link, in
    /// the folder of the link's target, because a file cannot be renamed to another file system.
    #[must_use]
    pub fn renewal_file(&self) -> Self {
        Self { path: disk::with_suffix(&disk::without_links(&self.path), ".renewed") }
    }

    /// Writes a key durably, in place of any other.
    pub fn write(&self, key: &VaultKey) -> Result<(), KeyFileError> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES));
        bytes.extend_from_slice(HEADER);
        bytes.extend_from_slice(key.expose());
        if let Some(folder) = self.path.parent() {
            disk::make_folder(folder)?;
        }
        disk::replace(&self.path, &bytes, PRIVATE)?;
        // Some file systems do not store modes; the key would then be refused later.
        self.read().map(drop)
    }

    /// Writes a key, unless the file has another key.
    pub fn write_unless_taken(&self, key: &VaultKey) -> Result<(), KeyFileError> {
        match self.read_if_exists()? {
            Some(other) if other.fingerprint() == key.fingerprint() => Ok(()),
            Some(_) => Err(KeyFileError::Taken { path: self.path.clone() }),
            None => self.write(key),
        }
    }

    /// Checks that the file does not have a key with another fingerprint. A file without a readable key is
    /// accepted.
    pub fn ensure_not_taken(&self, fingerprint: &Tag) -> Result<(), KeyFileError> {
        match self.read_if_exists() {
            Ok(Some(other)) if other.fingerprint() != *fingerprint => {
                Err(KeyFileError::Taken { path: self.path.clone() })
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Moves this file to the path of another key file, durably.
    pub fn rename_to(&self, other: &Self) -> Result<(), KeyFileError> {
        Ok(disk::rename(&self.path, &other.path)?)
    }

    /// Completes a renewal that was interrupted after the vault was written with the new key: the new key
    /// replaces the old one. Call it only while holding the vault's lock.
    pub fn complete_renewal(&self, is_vaults_key: impl Fn(&VaultKey) -> bool) -> Result<(), KeyFileError> {
        let renewal_file = self.renewal_file();
        if renewal_file.path.exists() && renewal_file.read().is_ok_and(|key| is_vaults_key(&key)) {
            renewal_file.rename_to(self)?;
        }
        Ok(())
    }

    /// Removes the file, if it exists. A file with another key stays, because another vault may need it.
    pub fn remove(&self, fingerprint: &Tag) -> Result<(), KeyFileError> {
        if self.ensure_not_taken(fingerprint).is_ok() {
            disk::remove(&self.path)?;
        }
        Ok(())
    }

    /// Reads the key.
    pub fn read(&self) -> Result<VaultKey, KeyFileError> {
        self.read_if_exists()?.ok_or_else(|| KeyFileError::Missing { path: self.path.clone() })
    }

    /// Reads the key, or generates and writes one. Call it only while holding the vault's lock, so that two
    /// processes do not generate one each.
    pub fn read_or_create(&self) -> Result<VaultKey, KeyFileError> {
        if let Some(key) = self.read_if_exists()? {
            return Ok(key);
        }
        let key = VaultKey::generate()?;
        self.write(&key)?;
        Ok(key)
    }

    fn read_if_exists(&self) -> Result<Option<VaultKey>, KeyFileError> {
        let Some((mut file, metadata)) = disk::open(&self.path)? else { return Ok(None) };
        if let Some(exposure) = Exposure::of(&self.path, &metadata) {
            return Err(KeyFileError::Exposed { path: self.path.clone(), exposure });
        }
        let mut bytes = Zeroizing::new([0; FILE_BYTES + 1]);
        let mut length = 0;
        while let count @ 1.. = file
            .read(&mut bytes[length..])
            .map_err(|source| DiskError::Read { path: self.path.clone(), source })?
        {
            length += count;
        }
        let key = bytes[..length].strip_prefix(HEADER).and_then(VaultKey::from_bytes);
        key.map(Some).ok_or_else(|| KeyFileError::NotAKey { path: self.path.clone() })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_key_is_generated_once_and_then_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("config/key"));
        assert!(matches!(file.read(), Err(KeyFileError::Missing { .. })));
        let made = file.read_or_create().expect("a key");
        assert_eq!(file.read_or_create().expect("the same").expose(), made.expose());
        assert_eq!(file.read().expect("the same").expose(), made.expose());
        assert_eq!(fs::read(file.path()).expect("the file").len(), FILE_BYTES);
    }

    #[test]
    fn a_file_without_a_key_is_refused_and_not_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        file.read_or_create().expect("a key");
        let good = fs::read(file.path()).expect("the file");
        let longer = [good.as_slice(), b"\n"].concat();
        for bad in [&b""[..], &good[..FILE_BYTES - 1], &longer, b"docker-credential-pat key 2\n"] {
            fs::write(file.path(), bad).expect("written");
            assert!(matches!(file.read_or_create(), Err(KeyFileError::NotAKey { .. })), "{bad:?}");
            assert_eq!(fs::read(file.path()).expect("the file"), bad);
        }
    }

    #[test]
    fn a_key_with_another_fingerprint_is_not_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        let other = file.read_or_create().expect("a key").fingerprint();
        file.remove(&VaultKey::generate().expect("a key").fingerprint()).expect("nothing to do");
        assert!(file.path().exists());
        file.remove(&other).expect("removed");
        assert!(!file.path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn the_renewal_file_of_a_link_is_in_the_folder_of_its_target() {
        let folder = tempfile::tempdir().expect("a folder");
        let target = KeyFile::new(folder.path().join("stick/key"));
        target.read_or_create().expect("a key");
        let link = folder.path().join("key");
        std::os::unix::fs::symlink(target.path(), &link).expect("a link");
        let link = KeyFile::new(link);
        assert_eq!(link.renewal_file().path(), target.renewal_file().path());
        link.renewal_file().write(&VaultKey::generate().expect("a key")).expect("written");
        link.renewal_file().rename_to(&link).expect("replaced");
        assert!(link.path().is_symlink() && !target.renewal_file().path().exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_of_another_user_is_refused_unless_its_folder_is_that_users() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        file.read_or_create().expect("a key");
        let give = |path: &Path| std::os::unix::fs::chown(path, Some(12_345), None);
        if give(file.path()).is_err() {
            eprintln!("skipped: only root can give a file away");
            return;
        }
        let error = file.read().err().expect("of another user");
        assert!(error.to_string().ends_with("key belongs to another user (id 12345)"), "{error}");
        give(folder.path()).expect("given away");
        file.read().expect("root in a user's folder");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_may_access_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("a folder");
        let file = KeyFile::new(folder.path().join("key"));
        file.read_or_create().expect("a key");
        assert_eq!(fs::metadata(file.path()).expect("the file").permissions().mode() & 0o777, PRIVATE);
        for mode in [0o644, 0o640, 0o604, 0o660] {
            fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("chmod");
            assert!(
                matches!(file.read(), Err(KeyFileError::Exposed { exposure: Exposure::OpenToOthers(_), .. })),
                "{mode:o}"
            );
        }
    }
}
