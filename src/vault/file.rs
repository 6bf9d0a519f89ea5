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
use crate::vault::format::directory;
use crate::vault::format::directory::{BlockPointer, Directory, Sought};
use crate::vault::format::entry::{DecodedEntry, EntrySeals, SealHeader, SealedSecrets};
use crate::vault::format::layout;
use crate::vault::format::layout::{HEADER_BYTES, HeaderError, Layout, MAX_FILE_BYTES, VaultFront};
use crate::vault::format::upgrade::upgrade_choice;
use crate::vault::keys::holders::Holders;
use crate::vault::seal::VaultKey;

/// The size of the first read, in bytes. It covers a typical vault completely, and the front of a larger one.
const FIRST_READ_BYTES: u64 = 8 * 1024;

/// An open vault file. [`Vault::check`] and [`Vault::checked_entries`] detect damage without the key;
/// [`Vault::unlock`] detects any change, with the key.
pub struct Vault {
    path: PathBuf,
    file: File,
    layout: Layout,
    /// The first bytes of the file: at least the front.
    start: Vec<u8>,
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
    pointers: Vec<BlockPointer>,
    /// The pages of the directory that were read.
    pages: Vec<Page>,
}

/// A page of the directory.
struct Page {
    pointer: BlockPointer,
    bytes: Vec<u8>,
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
        Ok(Some(Self { path: path.to_owned(), file, layout, start }))
    }

    /// Reads the tokens that may concern a registry key. Neither checks nor verifies them.
    pub fn contents_about(&self, key: &Key) -> Result<VaultContents, VaultError> {
        let directory = self.directory()?;
        let (pointers, pages) = self.pointers(&directory, Some(key))?;
        let mut entries = Vec::new();
        for pointer in &pointers {
            entries.extend(self.read(&self.within(&self.layout.entries, &pointer.range)?)?);
        }
        self.contents(directory, pointers, pages, entries)
    }

    /// Reads all tokens and choices, and checks that they are not damaged. Needs no vault key.
    ///
    /// `list` calls it in place of [`all_contents`](Self::all_contents), which also keeps the encoded
    /// entries and 96 bytes a token for pointers and headers: only a change or a secret needs them.
    pub fn inventory(&self) -> Result<Inventory, VaultError> {
        self.check()?;
        let entries = self.checked_entries()?;
        let directory = self.directory()?;
        let (pointers, _) = self.pointers(&directory, None)?;
        let mut tokens = Vec::with_capacity(pointers.len());
        for (_, bytes) in split_entries(pointers, &entries) {
            tokens.push(DecodedEntry::decode(bytes).map_err(|_| self.damaged())?.token);
        }
        Ok(inventory_of(tokens, directory))
    }

    /// Reads all contents, and checks that they are not damaged. Needs no vault key.
    pub fn all_contents(&self) -> Result<VaultContents, VaultError> {
        self.check()?;
        let mut entries = self.checked_entries()?;
        let directory = self.directory()?;
        let (pointers, pages) = self.pointers(&directory, None)?;
        let end = pointers.last().map_or(0, |last| last.range.end);
        entries.truncate(usize::try_from(end).unwrap_or(usize::MAX));
        self.contents(directory, pointers, pages, entries)
    }

    /// Returns pointers to the entries that may concern a registry key, or to all entries, in their order, and the
    /// pages that they are from.
    fn pointers(
        &self,
        directory: &Directory<'_>,
        key: Option<&Key>,
    ) -> Result<(Vec<BlockPointer>, Vec<Page>), VaultError> {
        let sought = Sought::by(key);
        if !layout::has_pages(self.layout.version) {
            return Ok((directory.entries(&sought), Vec::new()));
        }
        let (mut pointers, mut pages) = (Vec::new(), Vec::new());
        let area = &self.layout.entries;
        let found = directory.pages(&sought, area.end - area.start).ok_or_else(|| self.damaged())?;
        for pointer in found {
            let bytes = self.read(&self.within(area, &pointer.range)?)?;
            directory::add_entries_of_page(&mut pointers, &bytes, &sought).ok_or_else(|| self.damaged())?;
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
    ) -> Result<VaultContents, VaultError> {
        let holders = directory.take_holders(&self.path);
        let mut tokens = Vec::with_capacity(pointers.len());
        let mut seals = Vec::with_capacity(pointers.len());
        for (_, bytes) in split_entries(&pointers, &entries) {
            let entry = DecodedEntry::decode(bytes).map_err(|_| self.damaged())?;
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
        let length = layout::strip_checksum(&entries).map(<[u8]>::len);
        entries.truncate(length.ok_or_else(|| self.damaged())?);
        Ok(entries)
    }

    /// Verifies that the directory, the pages and the entries that were read were written with this key.
    pub fn unlock(&self, key: VaultKey, contents: &VaultContents) -> Result<UnlockedVault<'_>, VaultError> {
        let front = self.front()?;
        let pages = contents.pages.iter().map(|page| (&page.pointer, page.bytes.as_slice()));
        let mut blocks = pages.chain(split_entries(&contents.pointers, &contents.entries));
        if front.is_authentic(&key)
            && blocks.all(|(pointer, block)| front.is_block_authentic(pointer, block, &key))
        {
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
        VaultFront::split(&self.layout, &self.start).ok_or_else(|| self.damaged())
    }

    fn directory(&self) -> Result<Directory<'_>, VaultError> {
        self.front()?.directory().map_err(|error| {
            // A later version of this program may have written a new kind of key holder.
            let is_later = error.is_unknown_variant() && self.check().is_ok();
            if is_later { VaultError::UnknownHolder { path: self.path.clone() } } else { self.damaged() }
        })
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
fn read_more(mut file: impl Read, bytes: &mut Vec<u8>, count: u64) -> io::Result<()> {
    let start = bytes.len();
    let count = usize::try_from(count).map_err(|_| io::ErrorKind::FileTooLarge)?;
    bytes.try_reserve_exact(count).map_err(|_| io::ErrorKind::OutOfMemory)?;
    bytes.resize(start + count, 0);
    file.read_exact(&mut bytes[start..])
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::{incoming_token, key};
    use crate::model::scope::Scope;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;
    use crate::vault::draft::Draft;
    use crate::vault::format::nonce::BASE_BYTES;
    use crate::vault::keys::Holder;
    use crate::vault::seal::{KEY_BYTES, TAG_BYTES};

    fn vault_key() -> VaultKey {
        VaultKey::from_bytes(&[1; KEY_BYTES]).expect("32 bytes")
    }

    fn open(path: &Path) -> Vault {
        Vault::find(path).expect("a vault").expect("there")
    }

    /// Writes a vault with these scopes, one token each; an empty text is no scope.
    fn write(path: &Path, scopes: impl IntoIterator<Item = String>) -> Inventory {
        let mut draft = Draft::new(path.to_owned(), vault_key(), Holder::KeyFile);
        for (number, scope) in scopes.into_iter().enumerate() {
            let mut token = incoming_token(&format!("t{number}"), "ghcr.io", Origin::Add);
            token.scopes = Scope::parse(&scope).into_iter().collect();
            let id = draft.inventory.add(token, Timestamp(0)).expect("a free name");
            draft.set_secret(id, &Secret::new(Zeroizing::new(format!("secret {number}")))).expect("sealed");
        }
        let inventory = draft.inventory.clone();
        draft.write().expect("written");
        inventory
    }

    fn hosts(count: usize) -> impl Iterator<Item = String> {
        (0..count).map(|number| format!("r{number}.example.com"))
    }

    #[test]
    fn pages_lead_to_every_token_that_concerns_a_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        // One hash fills several pages, others are of wildcards, and one token has none.
        let projects = (0..100).map(|number| format!("reg.example/team-{number}"));
        let wildcards =
            ["*.example.com", "*.dkr.ecr.*.amazonaws.com", "x.*.coding.net", "h:5000"].map(str::to_owned);
        let none = [String::new()];
        let inventory = write(&path, hosts(200).chain(projects).chain(wildcards).chain(none));
        let vault = open(&path);
        assert_eq!(vault.layout.version, 3);
        assert_eq!(vault.inventory().expect("undamaged"), inventory);
        let all = vault.all_contents().expect("undamaged");
        assert_eq!(all.inventory, inventory);
        vault.unlock(vault_key(), &all).expect("all of it is proven");
        for text in [
            "r0.example.com",
            "r199.example.com/acme/app",
            "other.example.com",
            "reg.example/team-42/app",
            "1.dkr.ecr.eu-west-1.amazonaws.com",
            "x.y.coding.net",
            "h:5000",
            "nothing.example",
        ] {
            let key = key(text);
            let about = vault.contents_about(&key).expect("undamaged");
            let unlocked = vault.unlock(vault_key(), &about).expect("its key");
            let concerned: Vec<&Token> =
                inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
            let read: Vec<&Token> =
                about.inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
            assert_eq!(read, concerned, "{text}");
            for token in concerned {
                let secret = unlocked.secret(token, &about).expect("undamaged");
                assert_eq!(secret.expose(), format!("secret {}", &token.name.as_str()[1..]), "{text}");
            }
        }
    }

    #[test]
    fn a_request_reads_little_of_a_vault_with_many_tokens() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        for count in [300, 1_000, 10_000] {
            write(&path, hosts(count));
            let vault = open(&path);
            let about = vault.contents_about(&key("r77.example.com")).expect("undamaged");
            let pages: usize = about.pages.iter().map(|page| page.bytes.len()).sum();
            let read = vault.start.len() + pages + about.entries.len();
            assert_eq!(about.pointers.len(), 1, "{count}");
            assert!(
                about.pages.len() <= 6 && pages < 6 * 1024,
                "{count}: {} pages, {pages} bytes",
                about.pages.len()
            );
            assert!(read < 16 * 1024, "{count}: {read} bytes");
        }
    }

    /// A vault to forge, and what a request reads of it.
    struct Forger {
        path: PathBuf,
        layout: Layout,
        wanted: Key,
        pages: Vec<Range<u64>>,
        entry: Range<u64>,
    }

    impl Forger {
        fn new(path: &Path, wanted: Key) -> Self {
            let vault = open(path);
            let about = vault.contents_about(&wanted).expect("undamaged");
            let area = vault.layout.entries.start;
            let place = |pointer: &BlockPointer| area + pointer.range.start..area + pointer.range.end;
            let pages = about.pages.iter().map(|page| place(&page.pointer)).collect();
            let entry = place(&about.pointers[0]);
            Self { path: path.to_owned(), layout: vault.layout.clone(), wanted, pages, entry }
        }

        /// The places of the checksums of what is read.
        fn checksums(&self) -> impl Iterator<Item = Range<u64>> {
            let front = self.layout.front.end - (BASE_BYTES + TAG_BYTES) as u64;
            [front].into_iter().chain(self.pages.iter().map(|page| page.end)).map(|end| end - 4..end)
        }

        /// Writes a changed vault with the right checksums, and requests the key.
        fn open(&self, mut bytes: Vec<u8>) -> Result<(), VaultError> {
            let starts = [0].into_iter().chain(self.pages.iter().map(|page| page.start));
            for (start, checksum) in starts.zip(self.checksums()) {
                write_checksum(&mut bytes, start..checksum.start);
            }
            write_checksum(&mut bytes, self.layout.entries.clone());
            std::fs::write(&self.path, bytes).expect("written");
            let vault = Vault::find(&self.path)?.expect("there");
            let about = vault.contents_about(&self.wanted)?;
            vault.unlock(vault_key(), &about).map(drop)
        }
    }

    fn write_checksum(bytes: &mut [u8], range: Range<u64>) {
        let range = index(&range);
        let crc = crc32fast::hash(&bytes[range.clone()]).to_le_bytes();
        bytes[range.end..range.end + crc.len()].copy_from_slice(&crc);
    }

    fn index(range: &Range<u64>) -> Range<usize> {
        usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small")
    }

    #[test]
    fn a_forged_directory_page_or_entry_is_found_although_little_is_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        write(&path, hosts(300));
        let older = std::fs::read(&path).expect("the vault");
        write(&path, hosts(300));
        let whole = std::fs::read(&path).expect("the vault");
        let forger = Forger::new(&path, key("r77.example.com"));
        forger.open(whole.clone()).expect("nothing was changed");
        let blocks: Vec<_> = forger.pages.iter().chain([&forger.entry]).cloned().collect();
        let checksums: Vec<_> = forger.checksums().collect();
        let front = 0..forger.layout.front.end;
        for at in front.chain(blocks.iter().cloned().flatten()) {
            if !checksums.iter().any(|checksum| checksum.contains(&at)) {
                let mut changed = whole.clone();
                changed[usize::try_from(at).expect("small")] ^= 1 << (at % 8);
                assert!(forger.open(changed).is_err(), "byte {at}");
            }
        }
        // What was written with the same key at the same place of an earlier file is no proof either.
        for block in blocks.iter().map(index) {
            let mut changed = whole.clone();
            changed[block.clone()].copy_from_slice(&older[block]);
            let error = forger.open(changed).expect_err("an earlier block");
            assert!(matches!(error, VaultError::Tampered { .. }), "{error}");
        }
    }

    #[test]
    fn a_damaged_page_is_never_an_answer_without_the_token() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("vault");
        write(&path, hosts(300));
        let mut bytes = std::fs::read(&path).expect("the vault");
        let wanted = key("r77.example.com");
        let vault = open(&path);
        for page in vault.contents_about(&wanted).expect("undamaged").pages {
            let at = usize::try_from(vault.layout.entries.start + page.pointer.range.start).expect("small");
            for at in at..at + page.bytes.len() {
                bytes[at] ^= 1;
                std::fs::write(&path, &bytes).expect("written");
                let error = open(&path).contents_about(&wanted).err();
                assert!(matches!(error, Some(VaultError::Damaged { .. })), "byte {at}");
                bytes[at] ^= 1;
            }
        }
    }
}
