//! The one file with all tokens: read without its key, opened with it, replaced whole.

pub mod format;
pub mod keys;
pub mod seal;

use crate::disk;
use crate::disk::DiskError;
use crate::inventory::Inventory;
use crate::registry::Key;
use crate::secret::Secret;
use crate::token::Name;
use crate::token::Token;
use crate::token::TokenId;
use crate::vault::format::Contents;
use crate::vault::format::Front;
use crate::vault::format::HEAD_BYTES;
use crate::vault::format::HeadError;
use crate::vault::format::Layout;
use crate::vault::format::OpenPart;
use crate::vault::format::SealedAt;
use crate::vault::keys::Holder;
use crate::vault::seal::NONCE_BYTES;
use crate::vault::seal::Sealed;
use crate::vault::seal::VaultKey;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;
use thiserror::Error;

/// How much of the file is read at first, in bytes: the whole of an ordinary vault.
const FIRST_READ_BYTES: u64 = 16 * 1024;

/// A vault that was found on disk. What it says is checked when it is used: [`Vault::check`] without
/// the key, [`Vault::unlock`] with it.
pub struct Vault {
    path: PathBuf,
    file: File,
    front: Front,
}

/// Why a vault cannot be used. The file is left as it is.
#[derive(Debug, Error)]
pub enum VaultError {
    /// See [`DiskError`].
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
    #[error("the vault {} has format {version}, and this program knows format {}", path.display(), format::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// The version of its format.
        version: u32,
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
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// One secret does not open; the others may.
    #[error("the secret of token \"{name}\" in the vault {} is damaged", path.display())]
    Secret {
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

impl VaultError {
    /// Returns the way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
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
            | Self::Changed { path } => Some(start_anew(path)),
            Self::Version { .. } => Some("use the version of docker-credential-pat that wrote it".to_owned()),
            Self::WrongKey { path } => Some(format!(
                "put back the key that belongs to it from a backup, or run `mv {0} {0}.broken` and log in again",
                path.display()
            )),
            Self::Secret { name, .. } => {
                Some(format!("run `docker-credential-pat rm {name}` and log in or add it again"))
            }
            Self::Random(_) | Self::TooLarge => None,
        }
    }
}

impl Vault {
    /// Finds the vault and reads all of it but the sealed secrets; `None` when there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is no vault of this version, or has been cut.
    pub fn find(path: &Path) -> Result<Option<Self>, VaultError> {
        let Some((mut file, metadata)) = disk::open(path)? else { return Ok(None) };
        let unreadable = |source| DiskError::Read { path: path.to_owned(), source };
        let size = metadata.len();
        if size == 0 {
            return Err(VaultError::Empty { path: path.to_owned() });
        }
        let mut bytes = Vec::new();
        read_more(&mut file, &mut bytes, size.min(FIRST_READ_BYTES)).map_err(unreadable)?;
        let layout = Layout::parse(&bytes[..bytes.len().min(HEAD_BYTES)]).map_err(|error| match error {
            HeadError::NotAVault => VaultError::NotAVault { path: path.to_owned() },
            HeadError::Version(version) => VaultError::Version { path: path.to_owned(), version },
        })?;
        if layout.file_bytes() != size {
            return Err(VaultError::Damaged { path: path.to_owned() });
        }
        let missing = layout.front_bytes().saturating_sub(bytes.len());
        read_more(&mut file, &mut bytes, missing as u64).map_err(unreadable)?;
        bytes.truncate(layout.front_bytes());
        Ok(Some(Self { path: path.to_owned(), file, front: Front::new(layout, bytes) }))
    }

    /// Returns the tokens that could concern a key, or all. Needs no key, and proves nothing.
    ///
    /// # Errors
    /// When the open part cannot be read.
    pub fn contents(&self, about: Option<&Key>) -> Result<Contents, VaultError> {
        self.open_part()?.contents(about).map_err(|_| self.damaged())
    }

    /// Checks, without the key, that the open part is as it was written.
    ///
    /// # Errors
    /// When it is not.
    pub fn check(&self) -> Result<(), VaultError> {
        if self.front.is_undamaged() { Ok(()) } else { Err(self.damaged()) }
    }

    /// Proves with the key that the open part is as this program wrote it.
    ///
    /// # Errors
    /// When it is damaged or changed, or the key is another one's.
    pub fn unlock(&self, key: VaultKey) -> Result<Unlocked<'_>, VaultError> {
        if self.front.is_proven_by(&key) {
            return Ok(Unlocked { vault: self, key });
        }
        self.check()?;
        let path = self.path.clone();
        Err(if self.open_part()?.is_for(&key) {
            VaultError::Changed { path }
        } else {
            VaultError::WrongKey { path }
        })
    }

    fn open_part(&self) -> Result<OpenPart<'_>, VaultError> {
        OpenPart::decode(self.front.open_part()).map_err(|_| self.damaged())
    }

    fn damaged(&self) -> VaultError {
        VaultError::Damaged { path: self.path.clone() }
    }

    /// Reads a part of the file, in bytes from its start.
    fn read(&self, part: Range<u64>) -> Result<Vec<u8>, VaultError> {
        let mut bytes = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(part.start))
            .and_then(|_| read_more(file, &mut bytes, part.end - part.start))
            .map_err(|source| DiskError::Read { path: self.path.clone(), source })?;
        Ok(bytes)
    }
}

/// A vault that its key has proven.
pub struct Unlocked<'v> {
    vault: &'v Vault,
    key: VaultKey,
}

impl Unlocked<'_> {
    /// Opens the secret of a token whose place [`Contents`] told.
    ///
    /// # Errors
    /// When it does not open: it was changed, or sealed for another scope.
    pub fn secret(&self, token: &Token, at: &SealedAt) -> Result<Secret, VaultError> {
        let place = self.vault.front.place_of(&at.place).ok_or_else(|| self.vault.damaged())?;
        let sealed = Sealed { nonce: at.nonce, tag: at.tag, bytes: self.vault.read(place)? };
        let opened = self.key.open(sealed, &format::binding(token));
        opened.ok_or_else(|| VaultError::Secret { path: self.vault.path.clone(), name: token.name.clone() })
    }

    /// Reads all of it, to be changed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn into_draft(self) -> Result<Draft, VaultError> {
        let OpenPart { holders, .. } = self.vault.open_part()?;
        let contents = self.vault.contents(None)?;
        let ciphertexts = self.vault.read(self.vault.front.sealed_part())?;
        let mut sealed = BTreeMap::new();
        let mut bindings = BTreeMap::new();
        for token in contents.inventory.tokens() {
            let Some(at) = contents.sealed.get(&token.id) else { continue };
            let bytes = at.place.of(&ciphertexts).ok_or_else(|| self.vault.damaged())?.to_vec();
            sealed.insert(token.id, Sealed { nonce: at.nonce, tag: at.tag, bytes });
            bindings.insert(token.id, format::binding(token));
        }
        let written = self.vault.front.open_part().to_vec();
        let path = self.vault.path.clone();
        Ok(Draft { path, key: self.key, holders, inventory: contents.inventory, sealed, bindings, written })
    }
}

/// A vault that is being changed, under its lock.
pub struct Draft {
    path: PathBuf,
    key: VaultKey,
    holders: Vec<Holder>,
    /// The tokens and choices, to be changed freely.
    pub inventory: Inventory,
    sealed: BTreeMap<TokenId, Sealed>,
    /// What each secret is sealed with as it stands in `sealed`.
    bindings: BTreeMap<TokenId, Vec<u8>>,
    /// The open part as it stands on disk.
    written: Vec<u8>,
}

impl Draft {
    /// Begins a vault.
    #[must_use]
    pub fn new(path: PathBuf, key: VaultKey, holder: Holder) -> Self {
        Self {
            path,
            key,
            holders: vec![holder],
            inventory: Inventory::default(),
            sealed: BTreeMap::new(),
            bindings: BTreeMap::new(),
            written: Vec::new(),
        }
    }

    /// Seals a token's secret in the place of any that it had.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn keep(&mut self, token: TokenId, secret: &Secret) -> Result<(), VaultError> {
        let Some(binding) = self.binding_now(token) else { return Ok(()) };
        self.sealed.insert(token, self.key.seal(secret, &binding)?);
        self.bindings.insert(token, binding);
        Ok(())
    }

    /// Opens a token's secret.
    ///
    /// # Errors
    /// When it does not open.
    pub fn secret(&self, token: &Token) -> Result<Secret, VaultError> {
        let damaged = || VaultError::Secret { path: self.path.clone(), name: token.name.clone() };
        let (sealed, binding) =
            self.sealed.get(&token.id).zip(self.bindings.get(&token.id)).ok_or_else(damaged)?;
        self.key.open(sealed.clone(), binding).ok_or_else(damaged)
    }

    /// Writes it, durably, in the place of the vault on disk; nothing when nothing has changed.
    ///
    /// # Errors
    /// When it cannot be written; then the vault on disk is as it was.
    pub fn write(mut self) -> Result<(), VaultError> {
        self.seal_again()?;
        let (open, ciphertexts) = format::encode(&self.inventory, &self.sealed, &self.holders, &self.key);
        if open == self.written {
            return Ok(());
        }
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let bytes = format::assemble(&open, &ciphertexts, &self.key, &nonce).ok_or(VaultError::TooLarge)?;
        Ok(disk::replace(&self.path, &bytes, disk::PRIVATE)?)
    }

    /// Seals anew each secret whose token has other scopes or keys than those it was sealed with.
    fn seal_again(&mut self) -> Result<(), VaultError> {
        let mut moved = Vec::new();
        for token in self.inventory.tokens() {
            if self.bindings.get(&token.id).is_some_and(|sealed_with| *sealed_with != format::binding(token))
            {
                moved.push((token.id, self.secret(token)?));
            }
        }
        moved.into_iter().try_for_each(|(token, secret)| self.keep(token, &secret))
    }

    fn binding_now(&self, id: TokenId) -> Option<Vec<u8>> {
        self.inventory.tokens().iter().find(|token| token.id == id).map(format::binding)
    }
}

/// Reads `count` more bytes into a buffer of exactly their size; fails when the file ends before.
fn read_more(mut file: impl Read, bytes: &mut Vec<u8>, count: u64) -> io::Result<()> {
    let start = bytes.len();
    let count = usize::try_from(count).map_err(|_| io::ErrorKind::FileTooLarge)?;
    bytes.reserve_exact(count);
    bytes.resize(start + count, 0);
    file.read_exact(&mut bytes[start..])
}
