//! How a vault stands on disk, version 1. `tests/fixtures/vault-1` is one, with known answers.
//!
//! ```text
//! text     docker-credential-pat vault 1\n
//! u32 ×2   length of the directory, length of the entries; little-endian like every number here
//! u64      length of the ciphertexts
//! bytes    directory: CBOR (RFC 8949), see Directory
//! u32      CRC-32 of all bytes before it: tells damage without the key
//! 16 + 16  base of the nonces, and the tag of the bytes before the CRC: tells change, with the key
//! bytes    entries: CBOR, one after another, see Entry; each has its tag in the directory
//! u32      CRC-32 of the entries
//! bytes    ciphertexts, each where its entry says, with its tag in the entry
//! ```
//!
//! A tag is that of XChaCha20-Poly1305 over an empty message with the bytes as associated data. Its nonce
//! is the base, which is new in every file, and a number: 0 for the directory, 1 for the first entry, …
//!
//! So a `get` reads the directory and the few entries that it points to, and proves just these.

use std::ops::Range;

use minicbor::decode;

use crate::vault::format::directory::{Directory, EntryPointer};
use crate::vault::format::entry::CiphertextRange;
use crate::vault::format::nonce::{BASE_BYTES, NonceBase, nonce};
use crate::vault::seal::{TAG_BYTES, Tag, VaultKey};

/// How every vault begins; the version follows.
const MAGIC: &[u8] = b"docker-credential-pat vault ";

/// The version that is written.
pub const VERSION: u32 = 1;

const HEAD: &[u8] = b"docker-credential-pat vault 1\n";
const LENGTHS_BYTES: usize = 4 + 4 + 8;
const CRC_BYTES: usize = 4;

/// The size of what comes before the directory, in bytes.
pub const HEAD_BYTES: usize = HEAD.len() + LENGTHS_BYTES;

/// Where the parts of a vault are, in bytes from its start.
#[derive(Clone, Debug)]
pub struct Layout {
    directory: Range<u64>,
    /// All that a `get` reads first: head, directory and what proves it.
    pub front: Range<u64>,
    /// The entries.
    pub entries: Range<u64>,
    /// The entries, and their checksum.
    pub checked_entries: Range<u64>,
    /// The ciphertexts, which end the file.
    pub ciphertexts: Range<u64>,
}

/// Why the start of a file is not that of a vault of this version.
#[derive(Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// Nothing of it looks like a vault.
    NotAVault,
    /// A vault of another version of the format.
    Version(u32),
}

impl Layout {
    /// Reads the head of a vault: its first [`HEAD_BYTES`] bytes, or all if it has less.
    pub fn parse(head: &[u8]) -> Result<Self, HeaderError> {
        let Some(rest) = head.strip_prefix(HEAD) else { return Err(other_version(head)) };
        let (directory, rest) = rest.split_first_chunk().ok_or(HeaderError::NotAVault)?;
        let (entries, rest) = rest.split_first_chunk().ok_or(HeaderError::NotAVault)?;
        let ciphertexts = rest.first_chunk().ok_or(HeaderError::NotAVault)?;
        let (directory, entries) = (u32::from_le_bytes(*directory), u32::from_le_bytes(*entries));
        Ok(Self::of(directory, entries, u64::from_le_bytes(*ciphertexts)))
    }

    fn of(directory: u32, entries: u32, ciphertexts: u64) -> Self {
        let after = |start: u64, length: u64| start..start.saturating_add(length);
        let crc = CRC_BYTES as u64;
        let directory = after(HEAD_BYTES as u64, directory.into());
        let front = 0..directory.end + crc + (BASE_BYTES + TAG_BYTES) as u64;
        let entries = after(front.end, entries.into());
        let checked_entries = entries.start..entries.end + crc;
        let ciphertexts = after(checked_entries.end, ciphertexts);
        Self { directory, front, entries, checked_entries, ciphertexts }
    }

    /// Returns where a ciphertext is in the file, in bytes; `None` when that is beyond the ciphertexts.
    pub fn place_of(&self, place: CiphertextRange) -> Option<Range<u64>> {
        place.after(self.ciphertexts.start).filter(|place| place.end <= self.ciphertexts.end)
    }
}

/// The front of a vault, taken apart. What it says is not proven until [`VaultFront::is_proven_by`] is true.
pub struct VaultFront<'b> {
    signed: &'b [u8],
    directory: &'b [u8],
    crc: &'b [u8; CRC_BYTES],
    base: &'b NonceBase,
    tag: &'b Tag,
}

impl<'b> VaultFront<'b> {
    /// Takes the bytes that [`Layout::front`] names; `None` when there are less.
    pub fn of(layout: &Layout, bytes: &'b [u8]) -> Option<Self> {
        let (signed, rest) = bytes.split_at_checked(usize::try_from(layout.directory.end).ok()?)?;
        let directory = signed.get(HEAD_BYTES..)?;
        let (crc, rest) = rest.split_first_chunk()?;
        let (base, rest) = rest.split_first_chunk()?;
        Some(Self { signed, directory, crc, base, tag: rest.first_chunk()? })
    }

    /// True when the bytes are as they were written, as far as a checksum tells.
    pub fn is_undamaged(&self) -> bool {
        crc32fast::hash(self.signed).to_le_bytes() == *self.crc
    }

    /// True when the bytes are as somebody who has the key wrote them.
    pub fn is_proven_by(&self, key: &VaultKey) -> bool {
        key.proves(self.signed, &nonce(self.base, 0), self.tag)
    }

    /// True when an entry is as somebody who has the key wrote it, in this file and place.
    pub fn proves(&self, pointer: &EntryPointer, entry: &[u8], key: &VaultKey) -> bool {
        key.proves(entry, &nonce(self.base, pointer.number), &pointer.tag)
    }

    /// Reads the directory.
    pub fn directory(&self) -> Result<Directory<'b>, decode::Error> {
        minicbor::decode(self.directory)
    }
}

/// Takes the checksum from behind the entries; `None` when they are not as they were written.
pub fn undamaged(mut checked_entries: Vec<u8>) -> Option<Vec<u8>> {
    let (entries, crc) = checked_entries.split_last_chunk()?;
    let is_whole = crc32fast::hash(entries).to_le_bytes() == *crc;
    checked_entries.truncate(entries.len());
    is_whole.then_some(checked_entries)
}

/// Puts the parts of a vault together; `None` when they are too large for its own numbers.
pub fn assemble(
    directory: &[u8],
    entries: &[u8],
    ciphertexts: &[u8],
    key: &VaultKey,
    base: &NonceBase,
) -> Option<Vec<u8>> {
    let lengths = [directory.len(), entries.len()].map(u32::try_from);
    let [Ok(directory_length), Ok(entries_length)] = lengths else { return None };
    let layout = Layout::of(directory_length, entries_length, ciphertexts.len() as u64);
    let mut bytes = Vec::with_capacity(usize::try_from(layout.ciphertexts.end).ok()?);
    bytes.extend_from_slice(HEAD);
    bytes.extend_from_slice(&directory_length.to_le_bytes());
    bytes.extend_from_slice(&entries_length.to_le_bytes());
    bytes.extend_from_slice(&(ciphertexts.len() as u64).to_le_bytes());
    bytes.extend_from_slice(directory);
    let (crc, tag) = (crc32fast::hash(&bytes), key.sign(&bytes, &nonce(base, 0)));
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(base);
    bytes.extend_from_slice(&tag);
    bytes.extend_from_slice(entries);
    bytes.extend_from_slice(&crc32fast::hash(entries).to_le_bytes());
    bytes.extend_from_slice(ciphertexts);
    Some(bytes)
}

fn other_version(head: &[u8]) -> HeaderError {
    let number = head.strip_prefix(MAGIC).and_then(|rest| {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        str::from_utf8(&rest[..end]).ok()?.parse().ok()
    });
    match number {
        Some(version) if version != VERSION => HeaderError::Version(version),
        Some(_) | None => HeaderError::NotAVault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_head_is_read_or_refused() {
        for (head, want) in [
            (&b""[..], HeaderError::NotAVault),
            (b"docker-credential-pat vault 1\n", HeaderError::NotAVault),
            (b"docker-credential-pat vault 2\n", HeaderError::Version(2)),
            (b"docker-credential-pat vault -1\n", HeaderError::NotAVault),
            (b"docker-credential-pat vault 99999999999\n", HeaderError::NotAVault),
        ] {
            assert_eq!(Layout::parse(head).err(), Some(want), "{head:?}");
        }
        let largest = [HEAD, &[0xff; LENGTHS_BYTES]].concat();
        let layout = Layout::parse(&largest).expect("a head");
        assert_eq!(layout.ciphertexts.end, u64::MAX);
        assert!(layout.place_of(CiphertextRange::new(u64::MAX, 1)).is_none());
    }
}
