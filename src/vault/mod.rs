//! The vault: the file with all tokens, and its key.
//!
//! The tokens are readable without the key, and the secrets with it. A change replaces the whole file.

pub mod backup;
pub mod draft;
pub mod excerpt;
pub mod file;
pub mod format;
pub mod import;
pub mod keys;
pub mod login;
#[cfg(test)]
mod paging_tests;
pub mod rekey;
pub mod seal;
pub mod store;
pub mod write_record;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::system::disk::DiskError;

/// The reason why a vault cannot be used. The file stays as it is.
#[derive(Debug, Error)]
pub enum VaultError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("the vault {} is empty", path.display())]
    Empty { path: PathBuf },
    /// Larger than any vault that this program writes.
    #[error("the vault {} is larger than {} MiB", path.display(), crate::vault::format::layout::MAX_FILE_BYTES >> 20)]
    FileTooLarge { path: PathBuf },
    /// The first bytes are not those of a vault.
    #[error("{} is not a vault of this program", path.display())]
    NotAVault { path: PathBuf },
    /// Another version of this program wrote it.
    #[error("the vault {} has format {version}, and this program knows format {}", path.display(), crate::vault::format::layout::VERSION)]
    Version { path: PathBuf, version: u32 },
    /// A later version of this program wrote it, in the same format, with a new kind of key holder.
    #[error("the vault {} has a key holder that this version of docker-credential-pat does not know", path.display())]
    UnknownHolder { path: PathBuf },
    /// Bytes are missing, or a checksum is wrong.
    #[error("the vault {} is damaged", path.display())]
    Damaged { path: PathBuf },
    /// They would take more memory than those of any vault that this program writes.
    #[error("the vault {} has longer lists than this program reads", path.display())]
    ListsTooLong { path: PathBuf },
    /// The key has another fingerprint.
    #[error("the key does not belong to the vault {}", path.display())]
    WrongKey { path: PathBuf },
    /// The vault was written without the key: the checksums are right, and a tag is wrong.
    #[error("the vault {} was changed by something other than this program", path.display())]
    Tampered { path: PathBuf },
    /// This secret does not open. The others may.
    #[error("the secret of token \"{name}\" in the vault {} is damaged", path.display())]
    DamagedSecret { path: PathBuf, name: Name },
    #[error("cannot seal the vault")]
    Random(#[from] getrandom::Error),
    #[error("the vault would be larger than {} MiB", crate::vault::format::layout::MAX_FILE_BYTES >> 20)]
    TooLarge,
    #[error("the vault would have more tokens, registries or choices than this program reads")]
    TooManyItems,
}

impl Hint for VaultError {
    fn hint(&self) -> Option<String> {
        let start_anew = |path: &Path| {
            format!(
                "it was not changed; restore it from a backup, or run `mv {0} {0}.broken` and log in again",
                path.display()
            )
        };
        match self {
            Self::Disk(error) => error.hint(),
            Self::Empty { path }
            | Self::FileTooLarge { path }
            | Self::NotAVault { path }
            | Self::Damaged { path }
            | Self::ListsTooLong { path }
            | Self::Tampered { path } => Some(start_anew(path)),
            Self::Version { .. } | Self::UnknownHolder { .. } => {
                Some(format!("use the version of {} that wrote it", program()))
            }
            Self::WrongKey { path } => Some(format!(
                "put back the key that belongs to it from a backup, or run `mv {0} {0}.broken` and log in again",
                path.display()
            )),
            Self::DamagedSecret { name, .. } => {
                Some(format!("run `{} rotate {}` and give it a new one", program(), name.as_argument()))
            }
            Self::Random(_) => None,
            Self::TooLarge | Self::TooManyItems => {
                Some(format!("remove tokens with `{} rm`; nothing was changed", program()))
            }
        }
    }
}
