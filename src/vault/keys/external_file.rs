//! A spare key in a file of the person's choice: a mounted secret, a stick, what systemd hands over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use minicbor::{Decode, Encode};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::system::disk::DiskError;
use crate::system::{disk, env};
use crate::vault::keys::{HolderError, HolderKind, KeyHolder, wrapping_key};
use crate::vault::seal::{VaultKey, WrappedKey};

/// The most that is read of such a file, in bytes: a key with blanks around it.
const MAX_BYTES: u64 = 4096;

/// What a path may begin with, where the folder is another one each time:
/// <https://systemd.io/CREDENTIALS/>.
pub const CREDENTIALS_DIRECTORY: &str = "$CREDENTIALS_DIRECTORY/";

/// A file with a spare key, and the vault's key wrapped with it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ExternalKeyFile {
    /// Absolute, or behind [`CREDENTIALS_DIRECTORY`].
    #[n(0)]
    path: String,
    #[n(1)]
    wrapped: WrappedKey,
}

/// Why such a file gives no key.
#[derive(Debug, Error)]
pub enum ExternalKeyFileError {
    /// It is gone, or its file system is not mounted.
    #[error("the key file {} is missing", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The variable is not set, or no absolute path.
    #[error("$CREDENTIALS_DIRECTORY is not set, so {path} cannot be found")]
    NoFolder {
        /// The path as it was given.
        path: String,
    },
    /// A path that depends on the working directory, or is no text.
    #[error("{} is neither an absolute path nor begins with $CREDENTIALS_DIRECTORY/", path.display())]
    NoPath {
        /// The path.
        path: PathBuf,
    },
    /// Something else is in it.
    #[error("{} holds no key of this program", path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The system gives no random numbers.
    #[error("cannot make a key")]
    Random(#[from] getrandom::Error),
}

impl Hint for ExternalKeyFileError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { path } => Some(format!("mount it, or put {} back", path.display())),
            Self::NoFolder { .. } => Some("run it as the service whose credential the key is".to_owned()),
            Self::NoPath { .. } => Some("give the path from the root on".to_owned()),
            Self::NotAKey { .. } => {
                Some("make one with `docker-credential-pat key make`, or put the right one back".to_owned())
            }
            Self::Disk(error) => error.hint(),
            Self::Random(_) => None,
        }
    }
}

impl ExternalKeyFile {
    /// Wraps a vault's key with the spare key in a file, which is made if there is none.
    pub fn wrapping(vault_key: &VaultKey, path: &Path) -> Result<Self, ExternalKeyFileError> {
        let no_path = || ExternalKeyFileError::NoPath { path: path.to_owned() };
        let path = path.to_str().ok_or_else(no_path)?;
        let place = place_of(path)?;
        let spare = match read(&place)? {
            Some(spare) => spare,
            None => make(&place)?,
        };
        Ok(Self { path: path.to_owned(), wrapped: spare.wrap(vault_key)? })
    }

    /// Wraps another key with the spare key in the same file.
    pub fn rewrapping(&self, vault_key: &VaultKey) -> Result<Self, ExternalKeyFileError> {
        Ok(Self { path: self.path.clone(), wrapped: self.spare()?.wrap(vault_key)? })
    }

    /// Returns the path as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    fn spare(&self) -> Result<VaultKey, ExternalKeyFileError> {
        let place = place_of(&self.path)?;
        read(&place)?.ok_or(ExternalKeyFileError::Missing { path: place })
    }
}

impl KeyHolder for ExternalKeyFile {
    fn key(&self, _patience: Duration) -> Result<VaultKey, HolderError> {
        self.spare()?.unwrap(&self.wrapped).ok_or(HolderError::Another(HolderKind::File))
    }
}

/// Returns where the file is now.
fn place_of(path: &str) -> Result<PathBuf, ExternalKeyFileError> {
    let Some(name) = path.strip_prefix(CREDENTIALS_DIRECTORY) else {
        let path = PathBuf::from(path);
        return if path.is_absolute() { Ok(path) } else { Err(ExternalKeyFileError::NoPath { path }) };
    };
    let folder = env::credentials_directory()
        .ok_or_else(|| ExternalKeyFileError::NoFolder { path: path.to_owned() })?;
    Ok(folder.join(name))
}

/// Reads the spare key. Who else may read it is decided by whoever mounts it.
fn read(place: &Path) -> Result<Option<VaultKey>, ExternalKeyFileError> {
    let Some((bytes, _)) = disk::read(place, MAX_BYTES)? else { return Ok(None) };
    let bytes = Zeroizing::new(bytes);
    wrapping_key::from_text(&bytes)
        .map(Some)
        .ok_or_else(|| ExternalKeyFileError::NotAKey { path: place.to_owned() })
}

fn make(place: &Path) -> Result<VaultKey, ExternalKeyFileError> {
    let spare = VaultKey::generate()?;
    disk::create(place, wrapping_key::to_text(&spare).as_bytes(), disk::PRIVATE)?;
    Ok(spare)
}
