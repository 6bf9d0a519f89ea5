//! A vault on disk: found, checked, proven with its key, and read.

use std::borrow::Borrow;
use std::fs::File;
use std::io;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::inventory::Inventory;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::system::disk;
use crate::system::disk::DiskError;
use crate::vault::VaultError;
use crate::vault::format::directory::{Directory, EntryPointer};
use crate::vault::format::entry::{Entry, SealHeader};
use crate::vault::format::layout::{HEAD_BYTES, HeaderError, Layout, VaultFront};
use crate::vault::format::{entry, layout};
use crate::vault::keys::holders::Holders;
use crate::vault::seal::{Sealed, VaultKey};

/// How much of the file is read at first, in bytes: the whole of an ordinary vault.
const FIRST_READ_BYTES: u64 = 16 * 1024;

/// A vault that was found on disk. What it says is checked when it is used: by [`Vault::check`] and
/// [`Vault::checked_entries`] without the key, by [`Vault::unlock`] with it.
pub struct Vault {
    path: PathBuf,
    file: File,
    layout: Layout,
    /// The first bytes of the file: at least the front, which is read already.
    start: Vec<u8>,
}

/// What a vault says of some of its tokens, or of all.
#[derive(Default)]
pub struct VaultContents {
    /// The tokens and choices.
    pub inventory: Inventory,
    /// Who has the key.
    pub holders: Holders,
    /// Where the secret of each token is, in the order of the tokens.
    sealed: Vec<SealHeader>,
    /// The entries that were read, one after another, and what proves them.
    pub(super) entries: Vec<u8>,
    pointers: Vec<EntryPointer>,
}

impl VaultContents {
    /// True when no token was read.
    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    fn sealed_of(&self, token: &Token) -> Option<SealHeader> {
        let mut tokens = self.inventory.tokens().iter().zip(&self.sealed);
        tokens.find(|(other, _)| other.id == token.id).map(|(_, at)| *at)
    }
}

impl Vault {
    /// Finds the vault and reads its front; `None` when there is none.
    pub fn find(path: &Path) -> Result<Option<Self>, VaultError> {
        let Some((mut file, metadata)) = disk::open(path)? else { return Ok(None) };
        let unreadable = |source| DiskError::Read { path: path.to_owned(), source };
        let size = metadata.len();
        if size == 0 {
            return Err(VaultError::Empty { path: path.to_owned() });
        }
        let mut start = Vec::new();
        read_more(&mut file, &mut start, size.min(FIRST_READ_BYTES)).map_err(unreadable)?;
        let layout = Layout::parse(&start[..start.len().min(HEAD_BYTES)]).map_err(|error| match error {
            HeaderError::NotAVault => VaultError::NotAVault { path: path.to_owned() },
            HeaderError::Version(version) => VaultError::Version { path: path.to_owned(), version },
        })?;
        if layout.ciphertexts.end != size {
            return Err(VaultError::Damaged { path: path.to_owned() });
        }
        let missing = layout.front.end.saturating_sub(start.len() as u64);
        read_more(&mut file, &mut start, missing).map_err(unreadable)?;
        Ok(Some(Self { path: path.to_owned(), file, layout, start }))
    }

    /// Returns what it says of the tokens that could concern a key. Needs no key, and proves nothing.
    pub fn contents_about(&self, key: &Key) -> Result<VaultContents, VaultError> {
        let directory = self.directory()?;
        let pointers: Vec<EntryPointer> = directory.pointers(Some(key)).collect();
        let mut entries = Vec::new();
        for pointer in &pointers {
            entries.extend(self.read(&self.within(&self.layout.entries, &pointer.place)?)?);
        }
        self.contents(directory, pointers, entries)
    }

    /// Returns all tokens and choices. Needs no key, and proves nothing, but a checksum says that they are
    /// as they were written.
    pub fn inventory(&self) -> Result<Inventory, VaultError> {
        self.check()?;
        let entries = self.checked_entries()?;
        let directory = self.directory()?;
        let mut tokens = Vec::with_capacity(directory.count());
        for (_, bytes) in apart(directory.pointers(None), &entries) {
            tokens.push(Entry::decode(bytes).map_err(|_| self.damaged())?.token);
        }
        Ok(Inventory::new(tokens, directory.choices, directory.counters))
    }

    /// Returns what it says of all tokens. Needs no key, and proves nothing, but a checksum says that it
    /// is as it was written.
    pub fn all_contents(&self) -> Result<VaultContents, VaultError> {
        self.check()?;
        let entries = self.checked_entries()?;
        let directory = self.directory()?;
        let pointers = directory.pointers(None).collect();
        self.contents(directory, pointers, entries)
    }

    fn contents(
        &self,
        mut directory: Directory<'_>,
        pointers: Vec<EntryPointer>,
        entries: Vec<u8>,
    ) -> Result<VaultContents, VaultError> {
        let holders = directory.take_holders(&self.path);
        let mut tokens = Vec::with_capacity(pointers.len());
        let mut sealed = Vec::with_capacity(pointers.len());
        for (_, bytes) in apart(&pointers, &entries) {
            let entry = Entry::decode(bytes).map_err(|_| self.damaged())?;
            sealed.push(entry.sealed_at());
            tokens.push(entry.token);
        }
        let inventory = Inventory::new(tokens, directory.choices, directory.counters);
        Ok(VaultContents { inventory, holders, sealed, entries, pointers })
    }

    /// Checks, without the key, that the directory is as it was written.
    pub fn check(&self) -> Result<(), VaultError> {
        if self.front()?.is_undamaged() { Ok(()) } else { Err(self.damaged()) }
    }

    /// Reads the entries and checks, without the key, that they are as they were written.
    pub fn checked_entries(&self) -> Result<Vec<u8>, VaultError> {
        let entries = self.read(&self.layout.checked_entries)?;
        layout::undamaged(entries).ok_or_else(|| self.damaged())
    }

    /// Proves with the key that the directory, and what was read of the entries, are as this program
    /// wrote them.
    pub fn unlock(&self, key: VaultKey, contents: &VaultContents) -> Result<UnlockedVault<'_>, VaultError> {
        let front = self.front()?;
        let mut entries = apart(&contents.pointers, &contents.entries);
        if front.is_proven_by(&key) && entries.all(|(pointer, entry)| front.proves(pointer, entry, &key)) {
            return Ok(UnlockedVault { vault: self, key });
        }
        self.check()?;
        self.checked_entries()?;
        let path = self.path.clone();
        Err(if contents.holders.has_key(&key) {
            VaultError::Tampered { path }
        } else {
            VaultError::WrongKey { path }
        })
    }

    fn front(&self) -> Result<VaultFront<'_>, VaultError> {
        VaultFront::of(&self.layout, &self.start).ok_or_else(|| self.damaged())
    }

    fn directory(&self) -> Result<Directory<'_>, VaultError> {
        self.front()?.directory().map_err(|error| {
            // Whoever wrote it knows a key holder that we do not.
            let is_later = error.is_unknown_variant() && self.check().is_ok();
            if is_later { VaultError::UnknownHolder { path: self.path.clone() } } else { self.damaged() }
        })
    }

    fn damaged(&self) -> VaultError {
        VaultError::Damaged { path: self.path.clone() }
    }

    /// Returns where a part of a part of the file is.
    fn within(&self, outer: &Range<u64>, inner: &Range<u64>) -> Result<Range<u64>, VaultError> {
        let (start, end) = (outer.start.saturating_add(inner.start), outer.start.saturating_add(inner.end));
        if end <= outer.end { Ok(start..end) } else { Err(self.damaged()) }
    }

    /// Reads a part of the file.
    fn read(&self, place: &Range<u64>) -> Result<Vec<u8>, VaultError> {
        if let Some(bytes) = part(&self.start, place) {
            return Ok(bytes.to_vec());
        }
        let mut bytes = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place.start))
            .and_then(|_| read_more(file, &mut bytes, place.end - place.start))
            .map_err(|source| DiskError::Read { path: self.path.clone(), source })?;
        Ok(bytes)
    }
}

/// A vault that its key has proven.
pub struct UnlockedVault<'v> {
    vault: &'v Vault,
    key: VaultKey,
}

impl UnlockedVault<'_> {
    /// Opens the secret of one of the tokens that it was unlocked with.
    pub fn secret(&self, token: &Token, contents: &VaultContents) -> Result<Secret, VaultError> {
        let damaged =
            || VaultError::DamagedSecret { path: self.vault.path.clone(), name: token.name.clone() };
        let at = contents.sealed_of(token).ok_or_else(damaged)?;
        let place = self.vault.layout.place_of(at.place).ok_or_else(damaged)?;
        let sealed = at.with(self.vault.read(&place)?);
        self.key.open(sealed, &entry::binding(token)).ok_or_else(damaged)
    }

    /// Returns the key, and every sealed secret in the order of the tokens. `contents` are all of its tokens.
    pub(super) fn into_parts(self, contents: &VaultContents) -> Result<(VaultKey, Vec<Sealed>), VaultError> {
        let ciphertexts = self.vault.read(&self.vault.layout.ciphertexts)?;
        let sealed = contents.sealed.iter().map(|at| Some(at.with(at.place.of(&ciphertexts)?.to_vec())));
        let sealed: Option<Vec<_>> = sealed.collect();
        Ok((self.key, sealed.ok_or_else(|| self.vault.damaged())?))
    }
}

/// Takes entries that stand one after another apart. One that is not whole is empty, and no entry.
fn apart<P: Borrow<EntryPointer>>(
    pointers: impl IntoIterator<Item = P>,
    entries: &[u8],
) -> impl Iterator<Item = (P, &[u8])> {
    let mut rest = entries;
    pointers.into_iter().map(move |pointer| {
        let Range { start, end } = pointer.borrow().place;
        let length = usize::try_from(end - start).unwrap_or(usize::MAX);
        let (entry, after) = rest.split_at_checked(length).unwrap_or_default();
        rest = after;
        (pointer, entry)
    })
}

/// Returns a part of some bytes.
fn part<'b>(bytes: &'b [u8], place: &Range<u64>) -> Option<&'b [u8]> {
    bytes.get(usize::try_from(place.start).ok()?..usize::try_from(place.end).ok()?)
}

/// Reads `count` more bytes into a buffer of exactly their size; fails when the file ends before.
fn read_more(mut file: impl Read, bytes: &mut Vec<u8>, count: u64) -> io::Result<()> {
    let start = bytes.len();
    let count = usize::try_from(count).map_err(|_| io::ErrorKind::FileTooLarge)?;
    bytes.reserve_exact(count);
    bytes.resize(start + count, 0);
    file.read_exact(&mut bytes[start..])
}
