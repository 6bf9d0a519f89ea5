//! Key holder: a file with a wrapping key, such as a mounted secret, a USB stick or a systemd credential.

use std::path::{Path, PathBuf};

use minicbor::{Decode, Encode};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::{Hint, program};
use crate::system::disk::{DiskError, Exposure};
use crate::system::{disk, env};
use crate::vault::keys::{HolderError, HolderKind, wrapping_key};
use crate::vault::seal::{VaultKey, WrappedKey};

/// The largest file that is read, in bytes: a key with blanks around it.
const MAX_BYTES: u64 = 4096;

/// The prefix of a path that stands for a folder that differs in each run: <https://systemd.io/CREDENTIALS/>.
pub const CREDENTIALS_DIRECTORY: &str = "$CREDENTIALS_DIRECTORY/";

/// A file with a wrapping key, and the vault's key wrapped with it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ExternalKeyFile {
    /// Absolute, or after [`CREDENTIALS_DIRECTORY`].
    #[n(0)]
    path: String,
    #[n(1)]
    wrapped: WrappedKey,
}

/// The reason why such a file does not return a key.
#[derive(Debug, Error)]
pub enum ExternalKeyFileError {
    #[error("the key file {} is missing", path.display())]
    Missing { path: PathBuf },
    /// The variable is not set, or not an absolute path.
    #[error("$CREDENTIALS_DIRECTORY is not set, so {path} cannot be found")]
    NoCredentialsDirectory { path: String },
    /// The path depends on the working directory, or is not UTF-8.
    #[error("{} is neither an absolute path nor begins with $CREDENTIALS_DIRECTORY/", path.display())]
    RelativePath { path: PathBuf },
    #[error("{} holds no key of this program", path.display())]
    NotAKey { path: PathBuf },
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("cannot make a key")]
    Random(#[from] getrandom::Error),
}

impl Hint for ExternalKeyFileError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { path } => Some(format!("mount it, or put {} back", path.display())),
            Self::NoCredentialsDirectory { .. } => {
                Some("run it as the service whose credential the key is".to_owned())
            }
            Self::RelativePath { .. } => Some("give the path from the root on".to_owned()),
            Self::NotAKey { .. } => {
                Some(format!("make one with `{} key make`, or put the right one back", program()))
            }
            Self::Disk(error) => error.hint(),
            Self::Random(_) => None,
        }
    }
}

impl ExternalKeyFile {
    /// Wraps a vault's key with the key in a file. Makes the file if there is none.
    pub fn new(vault_key: &VaultKey, path: &Path) -> Result<Self, ExternalKeyFileError> {
        let not_text = || ExternalKeyFileError::RelativePath { path: path.to_owned() };
        let path = path.to_str().ok_or_else(not_text)?;
        let resolved = resolve_path(path)?;
        let wrapping_key = match read(&resolved)? {
            Some(wrapping_key) => wrapping_key,
            None => create(&resolved)?,
        };
        Ok(Self { path: path.to_owned(), wrapped: wrapping_key.wrap(vault_key)? })
    }

    /// Wraps another vault key with the key in the same file.
    pub fn rewrap(&self, vault_key: &VaultKey) -> Result<Self, ExternalKeyFileError> {
        Ok(Self { path: self.path.clone(), wrapped: self.wrapping_key()?.wrap(vault_key)? })
    }

    /// Returns the path as it was entered.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns the path in this run and how the file is within reach of other users, if it is.
    pub fn exposure(&self) -> Option<(PathBuf, Exposure)> {
        let path = resolve_path(&self.path).ok()?;
        disk::exposure(&path).map(|exposure| (path, exposure))
    }

    /// Reads the file, and returns the vault's key.
    pub fn key(&self) -> Result<VaultKey, HolderError> {
        self.wrapping_key()?.unwrap(&self.wrapped).ok_or(HolderError::OtherKey(HolderKind::File))
    }

    fn wrapping_key(&self) -> Result<VaultKey, ExternalKeyFileError> {
        let path = resolve_path(&self.path)?;
        read(&path)?.ok_or(ExternalKeyFileError::Missing { path })
    }
}

/// Returns the absolute path of the file in this run.
fn resolve_path(path: &str) -> Result<PathBuf, ExternalKeyFileError> {
    let Some(name) = path.strip_prefix(CREDENTIALS_DIRECTORY) else {
        let path = PathBuf::from(path);
        return if path.is_absolute() { Ok(path) } else { Err(ExternalKeyFileError::RelativePath { path }) };
    };
    let folder = env::credentials_directory()
        .ok_or_else(|| ExternalKeyFileError::NoCredentialsDirectory { path: path.to_owned() })?;
    Ok(folder.join(name))
}

/// Reads the wrapping key. It is not refused for its permissions, which are those of the mount; `key add` and `doctor`
/// name them.
fn read(path: &Path) -> Result<Option<VaultKey>, ExternalKeyFileError> {
    let Some((bytes, _)) = disk::read(path, MAX_BYTES)? else { return Ok(None) };
    let bytes = Zeroizing::new(bytes);
    let not_a_key = || ExternalKeyFileError::NotAKey { path: path.to_owned() };
    wrapping_key::from_text(&bytes).map(Some).ok_or_else(not_a_key)
}

fn create(path: &Path) -> Result<VaultKey, ExternalKeyFileError> {
    let wrapping_key = VaultKey::generate()?;
    disk::create(path, wrapping_key::to_text(&wrapping_key).as_bytes(), disk::PRIVATE)?;
    Ok(wrapping_key)
}
