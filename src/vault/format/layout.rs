//! The layout of a vault file, format versions 1 to 3. `tests/fixtures/vault-1` and `vault-3` are examples with known
//! answers.
//!
//! Version 2 is used only for a vault with something that program version 0.1 cannot read: a choice for deletions, a
//! scope at port 80, or a `*` in a scope that is not its first label. Nothing else differs. Version 3 is used for a
//! vault with more than 256 tokens, whose directory has pages.
//!
//! All numbers outside CBOR are little-endian.
//!
//! ```text
//! header       30 bytes   "docker-credential-pat vault 1\n", or 2 or 3
//!               4 bytes   length of the directory (u32)
//!               4 bytes   length of the entries and the pages (u32)
//!               8 bytes   length of the ciphertexts (u64)
//! directory               CBOR (RFC 8949)
//! checksum      4 bytes   CRC-32 of the header and the directory
//! base         16 bytes   first bytes of the nonces of all tags in this file, new in every file
//! tag          16 bytes   tag of the header and the directory
//! entries                 CBOR, one after another
//! pages                   version 3 only: CBOR and 4 bytes CRC-32 of it, one after another
//! checksum      4 bytes   CRC-32 of the entries and the pages
//! ciphertexts             the encrypted secrets, one after another; nothing follows them
//! ```
//!
//! Each structure is a CBOR array; the number in `#[n(…)]` is the index of a field. A missing value is null, or is
//! omitted at the end of its array.
//!
//! ```text
//! directory    [holders, fingerprint, counters, choices, lines]
//! counters     [id, turn, writes]; version 0.1 has no `writes`
//! holder       [number, fields]; 0 key file, 1 OS keyring, 2 passphrase, 3 command, 4 other file
//! line         [hashes, length, tag, start]; up to version 2, one for each entry, without `start`; in version 3, one
//!              for each page, without `start`; both in their order
//! page         [line, …]; one for each hash of each entry, sorted by hash and `start`
//! entry        [token, nonce, tag, [offset, length], [nonce, tag, [offset, length]]]
//! ```
//!
//! The last field of an entry is the token's previous secret, if it is kept.
//!
//! `Directory`, `Holder`, `Line`, `Entry` and `Token` describe the fields. The offset is that of
//! the ciphertext, in bytes from the first ciphertext.
//!
//! The tags of the directory, the entries and the pages are those of XChaCha20-Poly1305 for an empty message with the
//! bytes as associated data. The nonce is the base and a number (u64): 0 for header and directory; up to version 2, 1
//! for the first entry and 2 for the second; in version 3, for an entry or a page, its position from the first entry,
//! in bytes, plus 1. Nonce and tag in an entry are those of its ciphertext, whose associated data is `binding`.
//!
//! The checksums detect damage without the key; the tags detect changes, with the key. A `get` reads the directory,
//! the pages whose hashes may be the ones that it seeks, and the few entries that they point to, and verifies only
//! these.
//!
//! Limits, because all this is read before the key proves it: the file has at most 256 MiB, a directory at most 16
//! holders, a page at most 32 lines and 2048 bytes, and no entry and no page is shorter than 24 bytes. All lists
//! together take at most 16 MiB plus 8 bytes for each byte of the file, and at most 256 MiB: see `MemoryLimit`.

use std::ops::Range;

use minicbor::decode;

use crate::inventory::Inventory;
use crate::model::scope::Scope;
use crate::model::token::Direction;
use crate::vault::format::directory::{BlockPointer, Directory};
use crate::vault::format::entry::CiphertextRange;
use crate::vault::format::memory::MemoryLimit;
use crate::vault::format::nonce::{BASE_BYTES, NonceBase, nonce};
use crate::vault::seal::{TAG_BYTES, Tag, VaultKey};

/// The first bytes of a vault of any version. The version follows.
const MAGIC: &[u8] = b"docker-credential-pat vault ";

/// The latest version of the format that this program knows.
pub const VERSION: u32 = 3;

/// The first lines of vaults of version 1, 2 and 3.
const FIRST_LINES: [&[u8]; 3] = [
    b"docker-credential-pat vault 1\n",
    b"docker-credential-pat vault 2\n",
    b"docker-credential-pat vault 3\n",
];

/// The most tokens that a vault is written with in version 1 or 2. Its directory fits into the first read of the file.
const MOST_TOKENS_WITHOUT_PAGES: usize = 256;

/// The size of the largest vault that is read or written, in bytes. Tens of thousands of tokens need a tenth of it.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

const LENGTHS_BYTES: usize = 4 + 4 + 8;
const CRC_BYTES: usize = 4;

/// The size of the header in bytes.
pub const HEADER_BYTES: usize = FIRST_LINES[0].len() + LENGTHS_BYTES;

/// The positions of the parts of a vault, in bytes from its start.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The version of the format.
    pub version: u32,
    directory: Range<u64>,
    /// The header, the directory, and their checksum and tag.
    pub front: Range<u64>,
    pub entries: Range<u64>,
    /// The entries and their checksum.
    pub checked_entries: Range<u64>,
    pub ciphertexts: Range<u64>,
}

/// The reason why a file does not begin like a vault of this version.
#[derive(Debug, PartialEq, Eq)]
pub enum HeaderError {
    NotAVault,
    /// A vault with another version of the format.
    Version(u32),
}

impl Layout {
    /// Parses the header: the first [`HEADER_BYTES`] bytes of a file, or the whole of a shorter file.
    pub fn parse(header: &[u8]) -> Result<Self, HeaderError> {
        let known = (1..).zip(FIRST_LINES);
        let mut known = known.filter_map(|(version, line)| Some((version, header.strip_prefix(line)?)));
        let Some((version, lengths)) = known.next() else { return Err(version_error(header)) };
        let (directory, rest) = lengths.split_first_chunk().ok_or(HeaderError::NotAVault)?;
        let (entries, rest) = rest.split_first_chunk().ok_or(HeaderError::NotAVault)?;
        let ciphertexts = rest.first_chunk().ok_or(HeaderError::NotAVault)?;
        let (directory, entries) = (u32::from_le_bytes(*directory), u32::from_le_bytes(*entries));
        Ok(Self::new(version, directory, entries, u64::from_le_bytes(*ciphertexts)))
    }

    /// Computes the positions from the lengths of the directory, the entries and the ciphertexts.
    fn new(version: u32, directory: u32, entries: u32, ciphertexts: u64) -> Self {
        let after = |start: u64, length: u64| start..start.saturating_add(length);
        let crc = CRC_BYTES as u64;
        let directory = after(HEADER_BYTES as u64, directory.into());
        let front = 0..directory.end + crc + (BASE_BYTES + TAG_BYTES) as u64;
        let entries = after(front.end, entries.into());
        let checked_entries = entries.start..entries.end + crc;
        let ciphertexts = after(checked_entries.end, ciphertexts);
        Self { version, directory, front, entries, checked_entries, ciphertexts }
    }

    /// Returns the position of a ciphertext in the file; `None` when it is not within the ciphertexts.
    pub fn ciphertext_range(&self, ciphertext: CiphertextRange) -> Option<Range<u64>> {
        ciphertext.in_file(self.ciphertexts.start).filter(|range| range.end <= self.ciphertexts.end)
    }
}

/// The front of a vault, split into its parts. Nothing in it is verified before
/// [`is_authentic`](Self::is_authentic) has returned true.
pub struct VaultFront<'b> {
    authenticated: &'b [u8],
    directory: &'b [u8],
    crc: &'b [u8; CRC_BYTES],
    base: &'b NonceBase,
    tag: &'b Tag,
}

impl<'b> VaultFront<'b> {
    /// Splits the bytes of [`Layout::front`]; `None` when there are fewer.
    pub fn split(layout: &Layout, bytes: &'b [u8]) -> Option<Self> {
        let (authenticated, rest) = bytes.split_at_checked(usize::try_from(layout.directory.end).ok()?)?;
        let directory = authenticated.get(HEADER_BYTES..)?;
        let (crc, rest) = rest.split_first_chunk()?;
        let (base, rest) = rest.split_first_chunk()?;
        Some(Self { authenticated, directory, crc, base, tag: rest.first_chunk()? })
    }

    /// True when the checksum is right.
    pub fn is_undamaged(&self) -> bool {
        crc32fast::hash(self.authenticated).to_le_bytes() == *self.crc
    }

    /// True when the header and the directory were written with this key.
    pub fn is_authentic(&self, key: &VaultKey) -> bool {
        key.verifies(self.authenticated, &nonce(self.base, 0), self.tag)
    }

    /// True when the entry or the page was written with this key, in this file and at this position.
    pub fn is_block_authentic(&self, pointer: &BlockPointer, block: &[u8], key: &VaultKey) -> bool {
        key.verifies(block, &nonce(self.base, pointer.number), &pointer.tag)
    }

    /// Decodes the directory.
    pub fn directory(&self, memory: &mut MemoryLimit) -> Result<Directory<'b>, decode::Error> {
        minicbor::decode_with(self.directory, memory)
    }
}

/// Returns the version of the format for these tokens and choices: the first one that can express them and that a
/// `get` reads little of.
pub fn format_version(inventory: &Inventory) -> u32 {
    if inventory.tokens().len() > MOST_TOKENS_WITHOUT_PAGES {
        return 3;
    }
    let scopes = inventory.tokens().iter().flat_map(|token| token.scopes.iter().chain(&token.signed_out));
    let mut scopes = scopes.chain(inventory.choices().iter().map(|choice| &choice.scope));
    let mut directions = inventory.choices().iter().map(|choice| choice.direction);
    let is_known = scopes.all(Scope::is_known_to_first_version)
        && directions.all(|direction| matches!(direction, None | Some(Direction::Pull | Direction::Push)));
    if is_known { 1 } else { 2 }
}

/// Assembles a vault; `None` when it is larger than [`MAX_FILE_BYTES`].
pub fn assemble(
    version: u32,
    directory: &[u8],
    entries: &[u8],
    pages: &[u8],
    ciphertexts: &[u8],
    key: &VaultKey,
    base: &NonceBase,
) -> Option<Vec<u8>> {
    let lengths = [directory.len(), entries.len() + pages.len()].map(u32::try_from);
    let [Ok(directory_length), Ok(entries_length)] = lengths else { return None };
    let first_line = FIRST_LINES.get(usize::try_from(version).ok()?.checked_sub(1)?)?;
    let layout = Layout::new(version, directory_length, entries_length, ciphertexts.len() as u64);
    if layout.ciphertexts.end > MAX_FILE_BYTES {
        return None;
    }
    let mut bytes = Vec::with_capacity(usize::try_from(layout.ciphertexts.end).ok()?);
    bytes.extend_from_slice(first_line);
    bytes.extend_from_slice(&directory_length.to_le_bytes());
    bytes.extend_from_slice(&entries_length.to_le_bytes());
    bytes.extend_from_slice(&(ciphertexts.len() as u64).to_le_bytes());
    bytes.extend_from_slice(directory);
    let (crc, tag) = (crc32fast::hash(&bytes), key.tag(&bytes, &nonce(base, 0)));
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(base);
    bytes.extend_from_slice(&tag);
    let start = bytes.len();
    bytes.extend_from_slice(entries);
    bytes.extend_from_slice(pages);
    let crc = crc32fast::hash(&bytes[start..]);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(ciphertexts);
    Some(bytes)
}

fn version_error(header: &[u8]) -> HeaderError {
    let number = header.strip_prefix(MAGIC).and_then(|rest| {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        str::from_utf8(&rest[..end]).ok()?.parse().ok()
    });
    match number {
        Some(version) if !(1..=VERSION).contains(&version) => HeaderError::Version(version),
        Some(_) | None => HeaderError::NotAVault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_a_header_that_is_cut_or_of_another_version_fails() {
        for (header, want) in [
            (&b""[..], HeaderError::NotAVault),
            (b"docker-credential-pat vault 1\n", HeaderError::NotAVault),
            (b"docker-credential-pat vault 2\n", HeaderError::NotAVault),
            (b"docker-credential-pat vault 3\n", HeaderError::NotAVault),
            (b"docker-credential-pat vault 4\n", HeaderError::Version(4)),
            (b"docker-credential-pat vault 0\n", HeaderError::Version(0)),
            (b"docker-credential-pat vault -1\n", HeaderError::NotAVault),
            (b"docker-credential-pat vault 99999999999\n", HeaderError::NotAVault),
        ] {
            assert_eq!(Layout::parse(header).err(), Some(want), "{header:?}");
        }
        let largest = [FIRST_LINES[0], &[0xff; LENGTHS_BYTES]].concat();
        let layout = Layout::parse(&largest).expect("a header");
        assert_eq!(layout.ciphertexts.end, u64::MAX);
        assert!(layout.ciphertext_range(CiphertextRange { offset: u64::MAX, length: 1 }).is_none());
    }
}
