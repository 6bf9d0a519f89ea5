//! The vault file: opening it, checking it, and reading its tokens and secrets.

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
use crate::vault::format::directory::{BlockPointer, Directory, Sought};
use crate::vault::format::entry::{DecodedEntry, EntrySeals, SealHeader, SealedSecrets};
use crate::vault::format::layout::{HEADER_BYTES, HeaderError, Layout, MAX_FILE_BYTES, VaultFront};
use crate::vault::format::memory::MemoryLimit;
use crate::vault::format::upgrade::upgrade_choice;
use crate::vault::format::{checksum, directory};
use crate::vault::keys::holders::Holders;
use crate::vault::seal::VaultKey;

/// The size of the first read, in bytes. It covers a typical vault completely, and the front of a larger one.
const FIRST_READ_BYTES: u64 = 8 * 1024;

/// An open vault file. [`Vault::check`] and [`Vault::checked_entries`] detect damage without the key;
/// [`Vault::unlock`] detects any change, with the key.
pub struct Vault {
    path: PathBuf,
    file: File,
    pub(super) layout: Layout,
    /// The first bytes of the file: at least the front.
    pub(super) start: Vec<u8>,
    /// True when another user could have written the file, by its owner and mode when it was opened.
    others_may_write: bool,
}

/// The tokens of a vault, or some of them, without their secrets.
#[derive(Default)]
pub struct VaultContents {
    pub inventory: Inventory,
    pub holders: Holders,
    /// The version of the format of the file.
    pub(super) version: u32,
    /// In the order of the tokens.
    pub(super) seals: Vec<EntrySeals>,
    /// The entries that were read, one after another.
    pub(super) entries: Vec<u8>,
    /// The pointers to these entries.
    pub(super) pointers: Vec<BlockPointer>,
    /// The pages of the directory that were read.
    pub(super) pages: Vec<Page>,
}

/// A page of the directory.
pub(super) struct Page {
    pub(super) pointer: BlockPointer,
    pub(super) bytes: Vec<u8>,
}

impl VaultContents {
    /// True when no token was read.
    pub fn is_empty(&self) -> bool {
        self.pointers.is_empty()
    }

    fn seals(&self, token: &Token) -> Option<&EntrySeals> {
        self.seals.get(self.inventory.position(token.id)?)
    }
}

impl Vault {
    /// Opens the vault and reads its front; `None` when there is no file.
    pub fn find(path: &Path) -> Result<Option<Self>, VaultError> {
        let Some((mut file, metadata)) = disk::open(path)? else { return Ok(None) };
        let unreadable = |source| DiskError::Read { path: path.to_owned(), source };
        let size = metadata.len();
        if size == 0 {
            return Err(VaultError::Empty { path: path.to_owned() });
        }
        if size > MAX_FILE_BYTES {
            return Err(VaultError::FileTooLarge { path: path.to_owned() });
        }
        let mut start = Vec::new();
        read_more(&mut file, &mut start, size.min(FIRST_READ_BYTES)).map_err(unreadable)?;
        let layout = Layout::parse(&start[..start.len().min(HEADER_BYTES)]).map_err(|error| match error {
            HeaderError::NotAVault => VaultError::NotAVault { path: path.to_owned() },
            HeaderError::Version(version) => VaultError::Version { path: path.to_owned(), version },
        })?;
        if layout.ciphertexts.end != size {
            return Err(VaultError::Damaged { path: path.to_owned() });
        }
        let missing = layout.front.end.saturating_sub(start.len() as u64);
        read_more(&mut file, &mut start, missing).map_err(unreadable)?;
        let others_may_write = disk::is_open_to_writers(&metadata);
        Ok(Some(Self { path: path.to_owned(), file, layout, start, others_may_write }))
    }

    /// Reads the tokens that may concern a registry key. Neither checks nor verifies them.
    pub fn contents_about(&self, key: &Key) -> Result<VaultContents, VaultError> {
        let mut memory = self.memory();
        let directory = self.directory(&mut memory)?;
        let (pointers, pages) = self.pointers(&directory, Some(key), &mut memory)?;
        let mut entries = Vec::new();
        for pointer in &pointers {
            entries.extend(self.read(&self.within(&self.layout.entries, &pointer.range)?)?);
        }
        self.contents(directory, pointers, pages, entries, &mut memory)
    }

    /// Reads all tokens and choices, checks that they are not damaged, and verifies them if `obtain_key` returns the
    /// key. Returns also whether they are verified.
    ///
    /// `list` calls it in place of [`all_contents`](Self::all_contents), which also keeps the encoded
    /// entries and 96 bytes a token for pointers and headers: only a change or a secret needs them.
    pub fn inventory<E: From<VaultError>>(
        &self,
        obtain_key: impl FnOnce(&Holders) -> Result<Option<VaultKey>, E>,
    ) -> Result<(Inventory, bool), E> {
        self.check()?;
        let entries = self.checked_entries()?;
        let mut memory = self.memory();
        let mut directory = self.directory(&mut memory)?;
        let holders = directory.take_holders(&self.path, self.others_may_write);
        let (pointers, pages) = self.pointers(&directory, None, &mut memory)?;
        let key = obtain_key(&holders)?;
        if let Some(key) = &key
            && !self.is_authentic(&pages, split_entries(&pointers, &entries), key)?
        {
            return Err(self.not_authentic(&holders, key).into());
        }
        if !memory.take_items::<DecodedEntry>(pointers.len()) {
            return Err(self.unreadable(&memory).into());
        }
        let mut tokens = Vec::with_capacity(pointers.len());
        for (_, bytes) in split_entries(&pointers, &entries) {
            let entry = DecodedEntry::decode(bytes, &mut memory);
            tokens.push(entry.map_err(|_| self.unreadable(&memory))?.token);
        }
        Ok((inventory_of(tokens, directory), key.is_some()))
    }

    /// Reads all contents, and checks that they are not damaged. Needs no vault key.
    pub fn all_contents(&self) -> Result<VaultContents, VaultError> {
        self.read_all(&mut self.memory())
    }

    /// Reads all contents as [`all_contents`](Self::all_contents) does, with at most this much memory for the lists.
    pub(super) fn read_all(&self, memory: &mut MemoryLimit) -> Result<VaultContents, VaultError> {
        self.check()?;
        let mut entries = self.checked_entries()?;
        let directory = self.directory(memory)?;
        let (pointers, pages) = self.pointers(&directory, None, memory)?;
        let end = pointers.last().map_or(0, |last| last.range.end);
        entries.truncate(usize::try_from(end).unwrap_or(usize::MAX));
        self.contents(directory, pointers, pages, entries, memory)
    }

    /// Returns pointers to the entries that may concern a registry key, or to all entries, in their order, and the
    /// pages that they are from.
    fn pointers(
        &self,
        directory: &Directory<'_>,
        key: Option<&Key>,
        memory: &mut MemoryLimit,
    ) -> Result<(Vec<BlockPointer>, Vec<Page>), VaultError> {
        let sought = Sought::by(key);
        let area = &self.layout.entries;
        if !directory.fits_into(area.end - area.start) {
            return Err(self.damaged());
        }
        if !directory::has_pages(self.layout.version) {
            let pointers = directory.entries(&sought, memory).ok_or_else(|| self.unreadable(memory))?;
            return Ok((pointers, Vec::new()));
        }
        let (mut pointers, mut pages) = (Vec::new(), Vec::new());
        let found = directory.pages(&sought, area.end - area.start, memory);
        for pointer in found.ok_or_else(|| self.unreadable(memory))? {
            let bytes = self.read(&self.within(area, &pointer.range)?)?;
            directory::add_entries_of_page(&mut pointers, &bytes, &sought, memory)
                .ok_or_else(|| self.unreadable(memory))?;
            pages.push(Page { pointer, bytes });
        }
        pointers.sort_unstable_by_key(|pointer| pointer.range.start);
        pointers.dedup_by_key(|pointer| pointer.range.start);
        // Not more is decoded than there is.
        if pointers.is_sorted_by(|one, next| one.range.end <= next.range.start) {
            Ok((pointers, pages))
        } else {
            Err(self.damaged())
        }
    }

    fn contents(
        &self,
        mut directory: Directory<'_>,
        pointers: Vec<BlockPointer>,
        pages: Vec<Page>,
        entries: Vec<u8>,
        memory: &mut MemoryLimit,
    ) -> Result<VaultContents, VaultError> {
        let holders = directory.take_holders(&self.path, self.others_may_write);
        if !memory.take_items::<DecodedEntry>(pointers.len()) {
            return Err(self.unreadable(memory));
        }
        let mut tokens = Vec::with_capacity(pointers.len());
        let mut seals = Vec::with_capacity(pointers.len());
        for (_, bytes) in split_entries(&pointers, &entries) {
            let entry = DecodedEntry::decode(bytes, memory);
            let entry = entry.map_err(|_| self.unreadable(memory))?;
            seals.push(entry.seals);
            tokens.push(entry.token);
        }
        let inventory = inventory_of(tokens, directory);
        Ok(VaultContents {
            inventory,
            holders,
            version: self.layout.version,
            seals,
            entries,
            pointers,
            pages,
        })
    }

    /// Checks that the header and the directory are not damaged. Needs no vault key.
    pub fn check(&self) -> Result<(), VaultError> {
        if self.front()?.is_undamaged() { Ok(()) } else { Err(self.damaged()) }
    }

    /// Reads all entries and the pages after them, and checks that they are not damaged. Needs no vault key.
    pub fn checked_entries(&self) -> Result<Vec<u8>, VaultError> {
        let mut entries = self.read(&self.layout.checked_entries)?;
        let length = checksum::strip_checksum(&entries).map(<[u8]>::len);
        entries.truncate(length.ok_or_else(|| self.damaged())?);
        Ok(entries)
    }

    /// Verifies that the directory, the pages and the entries that were read were written with this key.
    pub fn unlock(&self, key: VaultKey, contents: &VaultContents) -> Result<UnlockedVault<'_>, VaultError> {
        let entries = split_entries(&contents.pointers, &contents.entries);
        if self.is_authentic(&contents.pages, entries, &key)? {
            return Ok(UnlockedVault { vault: self, key });
        }
        self.check()?;
        self.checked_entries()?;
        Err(self.not_authentic(&contents.holders, &key))
    }

    /// True when the header, the directory, these pages and these entries were written with this key.
    fn is_authentic<'b>(
        &self,
        pages: &'b [Page],
        entries: impl Iterator<Item = (&'b BlockPointer, &'b [u8])>,
        key: &VaultKey,
    ) -> Result<bool, VaultError> {
        let front = self.front()?;
        let mut blocks = pages.iter().map(|page| (&page.pointer, page.bytes.as_slice())).chain(entries);
        Ok(front.is_authentic(key)
            && blocks.all(|(pointer, block)| front.is_block_authentic(pointer, block, key)))
    }

    fn not_authentic(&self, holders: &Holders, key: &VaultKey) -> VaultError {
        let path = self.path.clone();
        if holders.has_key(key) { VaultError::Tampered { path } } else { VaultError::WrongKey { path } }
    }

    fn front(&self) -> Result<VaultFront<'_>, VaultError> {
        VaultFront::split(&self.layout, &self.start).ok_or_else(|| self.damaged())
    }

    fn directory(&self, memory: &mut MemoryLimit) -> Result<Directory<'_>, VaultError> {
        self.front()?.directory(memory).map_err(|error| {
            // A later version of this program may have written a new kind of key holder.
            let is_later = error.is_unknown_variant() && self.check().is_ok();
            if is_later {
                VaultError::UnknownHolder { path: self.path.clone() }
            } else {
                self.unreadable(memory)
            }
        })
    }

    /// Returns the limit for the memory of the lists.
    fn memory(&self) -> MemoryLimit {
        MemoryLimit::for_file(self.layout.ciphertexts.end)
    }

    /// Returns the error for what cannot be decoded.
    fn unreadable(&self, memory: &MemoryLimit) -> VaultError {
        if memory.is_exceeded() {
            VaultError::ListsTooLong { path: self.path.clone() }
        } else {
            self.damaged()
        }
    }

    fn damaged(&self) -> VaultError {
        VaultError::Damaged { path: self.path.clone() }
    }

    /// Returns the position in the file of a range within a part of the file.
    fn within(&self, outer: &Range<u64>, inner: &Range<u64>) -> Result<Range<u64>, VaultError> {
        let (start, end) = (outer.start.saturating_add(inner.start), outer.start.saturating_add(inner.end));
        if end <= outer.end { Ok(start..end) } else { Err(self.damaged()) }
    }

    fn read(&self, range: &Range<u64>) -> Result<Vec<u8>, VaultError> {
        if let Some(bytes) = slice(&self.start, range) {
            return Ok(bytes.to_vec());
        }
        let mut bytes = Vec::new();
        let mut file = &self.file;
        file.seek(SeekFrom::Start(range.start))
            .and_then(|_| read_more(file, &mut bytes, range.end - range.start))
            .map_err(|source| DiskError::Read { path: self.path.clone(), source })?;
        Ok(bytes)
    }
}

/// A vault whose contents were verified with its key.
pub struct UnlockedVault<'v> {
    vault: &'v Vault,
    key: VaultKey,
}

impl UnlockedVault<'_> {
    /// Decrypts the secret of one of the tokens in `contents`, with which the vault was unlocked.
    pub fn secret(&self, token: &Token, contents: &VaultContents) -> Result<Secret, VaultError> {
        self.open(token, contents, |seals| Some(&seals.current))
    }

    /// Decrypts the previous secret of one of the tokens in `contents`.
    pub fn previous_secret(&self, token: &Token, contents: &VaultContents) -> Result<Secret, VaultError> {
        self.open(token, contents, |seals| seals.previous.as_ref())
    }

    fn open(
        &self,
        token: &Token,
        contents: &VaultContents,
        select: impl Fn(&EntrySeals) -> Option<&SealHeader>,
    ) -> Result<Secret, VaultError> {
        let damaged =
            || VaultError::DamagedSecret { path: self.vault.path.clone(), name: token.name.clone() };
        let seals = contents.seals(token).ok_or_else(damaged)?;
        let header = select(seals).ok_or_else(damaged)?;
        let range = self.vault.layout.ciphertext_range(header.ciphertext).ok_or_else(damaged)?;
        let sealed = header.with_ciphertext(self.vault.read(&range)?);
        self.key.open(sealed, &seals.binding(token)).ok_or_else(damaged)
    }

    /// Returns the key and the encrypted secrets of `contents`, which are all contents, in the order of the
    /// tokens.
    pub(super) fn into_parts(
        self,
        contents: &VaultContents,
    ) -> Result<(VaultKey, Vec<SealedSecrets>), VaultError> {
        let ciphertexts = self.vault.read(&self.vault.layout.ciphertexts)?;
        let seal = |header: &SealHeader| {
            Some(header.with_ciphertext(header.ciphertext.slice(&ciphertexts)?.to_vec()))
        };
        let seal_all = |seals: &EntrySeals| {
            let previous = seals.previous.as_ref().map(seal);
            Some(SealedSecrets { current: seal(&seals.current)?, previous: previous.flatten() })
        };
        let sealed: Option<Vec<_>> = contents.seals.iter().map(seal_all).collect();
        Ok((self.key, sealed.ok_or_else(|| self.vault.damaged())?))
    }
}

fn inventory_of(tokens: Vec<Token>, mut directory: Directory<'_>) -> Inventory {
    directory.choices.iter_mut().for_each(upgrade_choice);
    Inventory::new(tokens, directory.choices, directory.counters)
}

/// Splits bytes into the entries of these pointers. An incomplete entry is empty, and cannot be decoded.
fn split_entries<P: Borrow<BlockPointer>>(
    pointers: impl IntoIterator<Item = P>,
    entries: &[u8],
) -> impl Iterator<Item = (P, &[u8])> {
    let mut rest = entries;
    pointers.into_iter().map(move |pointer| {
        let Range { start, end } = pointer.borrow().range;
        let length = usize::try_from(end - start).unwrap_or(usize::MAX);
        let (entry, after) = rest.split_at_checked(length).unwrap_or_default();
        rest = after;
        (pointer, entry)
    })
}

fn slice<'b>(bytes: &'b [u8], range: &Range<u64>) -> Option<&'b [u8]> {
    bytes.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
}

/// Appends exactly `count` bytes of a file. The buffer grows by exactly as much.
fn read_more(file: impl Read, bytes: &mut Vec<u8>, count: u64) -> io::Result<()> {
    let additional = usize::try_from(count).map_err(|_| io::ErrorKind::FileTooLarge)?;
    bytes.try_reserve_exact(additional).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let read = file.take(count).read_to_end(bytes)?;
    if read == additional { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
