//! The one file with all tokens: read without its key, opened with it, replaced whole.

pub mod backup;
pub mod draft;
pub mod file;
pub mod format;
pub mod import;
pub mod keys;
pub mod login;
pub mod rekey;
pub mod seal;
pub mod store;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::hint::Hint;
use crate::model::name::Name;
use crate::system::disk::DiskError;

/// Why a vault cannot be used. The file is left as it is.
#[derive(Debug, Error)]
pub enum VaultError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The file is empty.
    #[error("the vault {} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// Something else is in its place, or its first bytes are gone.
    #[error("{} is not a vault of this program", path.display())]
    NotAVault {
        /// The file.
        path: PathBuf,
    },
    /// Another version of this program wrote it.
    #[error("the vault {} has format {version}, and this program knows format {}", path.display(), crate::vault::format::layout::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
    },
    /// A later version of this program wrote it, in the same format, with a key holder that is new to us.
    #[error("the vault {} has a key holder that this version of docker-credential-pat does not know", path.display())]
    UnknownHolder {
        /// The file.
        path: PathBuf,
    },
    /// Bytes are missing or have changed.
    #[error("the vault {} is damaged", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// The key is another vault's.
    #[error("the key does not belong to the vault {}", path.display())]
    WrongKey {
        /// The file.
        path: PathBuf,
    },
    /// Something that has not the key wrote it.
    #[error("the vault {} was changed by something else than this program", path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
    },
    /// One secret does not open; the others may.
    #[error("the secret of token \"{name}\" in the vault {} is damaged", path.display())]
    DamagedSecret {
        /// The file.
        path: PathBuf,
        /// The token.
        name: Name,
    },
    /// The system gives no random numbers.
    #[error("cannot seal the vault")]
    Random(#[from] getrandom::Error),
    /// More tokens than the format can count.
    #[error("the vault would be too large")]
    TooLarge,
}

impl Hint for VaultError {
    fn hint(&self) -> Option<String> {
        let start_anew = |path: &Path| {
            format!(
                "it was left as it is; put it back from a backup, or run `mv {0} {0}.broken` and log in again",
                path.display()
            )
        };
        match self {
            Self::Disk(error) => error.hint(),
            Self::Empty { path }
            | Self::NotAVault { path }
            | Self::Damaged { path }
            | Self::Tampered { path } => Some(start_anew(path)),
            Self::Version { .. } | Self::UnknownHolder { .. } => {
                Some("use the version of docker-credential-pat that wrote it".to_owned())
            }
            Self::WrongKey { path } => Some(format!(
                "put back the key that belongs to it from a backup, or run `mv {0} {0}.broken` and log in again",
                path.display()
            )),
            Self::DamagedSecret { name, .. } => Some(format!(
                "run `docker-credential-pat rotate {}` and give it a new one",
                name.as_argument()
            )),
            Self::Random(_) | Self::TooLarge => None,
        }
    }
}
