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

use crate::inventory::Choice;
use crate::inventory::Counters;
use crate::inventory::Inventory;
use crate::registry::Key;
use crate::scope::Scope;
use crate::token::Token;
use crate::token::TokenId;
use crate::vault::keys::Holder;
use crate::vault::seal::NONCE_BYTES;
use crate::vault::seal::Nonce;
use crate::vault::seal::Sealed;
use crate::vault::seal::TAG_BYTES;
use crate::vault::seal::Tag;
use crate::vault::seal::VaultKey;
use minicbor::Decode;
use minicbor::Encode;
use minicbor::bytes::ByteArray;
use minicbor::decode;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

/// How every vault begins; the version follows.
const MAGIC: &[u8] = b"docker-credential-pat vault ";

/// The version that is written.
pub const VERSION: u32 = 1;

const HEAD: &[u8] = b"docker-credential-pat vault 1\n";
const LENGTHS_BYTES: usize = 4 + 4 + 8;
const CRC_BYTES: usize = 4;

/// The size of [`Base`] in bytes.
pub const BASE_BYTES: usize = NONCE_BYTES - 8;

/// The size of what comes before the directory, in bytes.
pub const HEAD_BYTES: usize = HEAD.len() + LENGTHS_BYTES;

/// What all nonces of one file begin with.
pub type Base = [u8; BASE_BYTES];

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
pub enum HeadError {
    /// Nothing of it looks like a vault.
    NotAVault,
    /// A vault of another version of the format.
    Version(u32),
}

impl Layout {
    /// Reads the head of a vault: its first [`HEAD_BYTES`] bytes, or all if it has less.
    ///
    /// # Errors
    /// When it is no vault, or one of another version.
    pub fn parse(head: &[u8]) -> Result<Self, HeadError> {
        let Some(rest) = head.strip_prefix(HEAD) else { return Err(other_version(head)) };
        let (directory, rest) = rest.split_first_chunk().ok_or(HeadError::NotAVault)?;
        let (entries, rest) = rest.split_first_chunk().ok_or(HeadError::NotAVault)?;
        let ciphertexts = rest.first_chunk().ok_or(HeadError::NotAVault)?;
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
    #[must_use]
    pub fn place_of(&self, place: Place) -> Option<Range<u64>> {
        let start = self.ciphertexts.start.checked_add(place.at)?;
        let end = start.checked_add(place.length)?;
        (end <= self.ciphertexts.end).then_some(start..end)
    }
}

/// The front of a vault, taken apart. What it says is not proven until [`Front::is_proven_by`] is true.
pub struct Front<'b> {
    signed: &'b [u8],
    directory: &'b [u8],
    crc: &'b [u8; CRC_BYTES],
    base: &'b Base,
    tag: &'b Tag,
}

impl<'b> Front<'b> {
    /// Takes the bytes that [`Layout::front`] names; `None` when there are less.
    #[must_use]
    pub fn of(layout: &Layout, bytes: &'b [u8]) -> Option<Self> {
        let (signed, rest) = bytes.split_at_checked(usize::try_from(layout.directory.end).ok()?)?;
        let directory = signed.get(HEAD_BYTES..)?;
        let (crc, rest) = rest.split_first_chunk()?;
        let (base, rest) = rest.split_first_chunk()?;
        Some(Self { signed, directory, crc, base, tag: rest.first_chunk()? })
    }

    /// True when the bytes are as they were written, as far as a checksum tells.
    #[must_use]
    pub fn is_undamaged(&self) -> bool {
        crc32fast::hash(self.signed).to_le_bytes() == *self.crc
    }

    /// True when the bytes are as somebody who has the key wrote them.
    #[must_use]
    pub fn is_proven_by(&self, key: &VaultKey) -> bool {
        key.proves(self.signed, &nonce(self.base, 0), self.tag)
    }

    /// True when an entry is as somebody who has the key wrote it, in this file and place.
    #[must_use]
    pub fn proves(&self, pointer: &Pointer, entry: &[u8], key: &VaultKey) -> bool {
        key.proves(entry, &nonce(self.base, pointer.number), &pointer.tag)
    }

    /// Reads the directory.
    ///
    /// # Errors
    /// When it is not as this version writes it.
    pub fn directory(&self) -> Result<Directory<'b>, decode::Error> {
        minicbor::decode(self.directory)
    }
}

/// What a vault holds, and where.
#[derive(Encode, Decode)]
pub struct Directory<'b> {
    /// Where the key is kept; any of them opens the vault.
    #[n(0)]
    pub holders: Vec<Holder>,
    /// Tells whether a key is this vault's.
    #[n(1)]
    fingerprint: ByteArray<TAG_BYTES>,
    /// The last numbers given out.
    #[n(2)]
    pub counters: Counters,
    /// What people decided.
    #[n(3)]
    pub choices: Vec<Choice>,
    /// A [`Line`] for each entry, in their order.
    #[b(4)]
    lines: Vec<Line<'b>>,
}

/// Where to find an entry, and what proves it.
#[derive(Encode, Decode)]
struct Line<'b> {
    /// A [`handle`] of four bytes for each registry, wildcard or key that it concerns.
    #[cbor(b(0), with = "minicbor::bytes")]
    handles: &'b [u8],
    /// Its length in bytes.
    #[n(1)]
    length: u32,
    #[n(2)]
    tag: ByteArray<TAG_BYTES>,
}

/// An entry that a directory points to.
pub struct Pointer {
    /// From 1, in the order of the entries.
    number: u64,
    tag: Tag,
    /// Where it is among the entries, in bytes.
    pub place: Range<u64>,
}

impl Directory<'_> {
    /// True when the key is this vault's.
    #[must_use]
    pub fn is_for(&self, key: &VaultKey) -> bool {
        *self.fingerprint == key.fingerprint()
    }

    /// Points to the entries that could [concern](Token::concerns) a key, or to all.
    #[must_use]
    pub fn pointers(&self, about: Option<&Key>) -> Vec<Pointer> {
        let wanted = about.map(handles_asked);
        let is_wanted = |line: &Line<'_>| {
            wanted.as_ref().is_none_or(|wanted| {
                line.handles.as_chunks().0.iter().any(|handle| wanted.contains(&u32::from_le_bytes(*handle)))
            })
        };
        let mut pointers = Vec::with_capacity(if about.is_none() { self.lines.len() } else { 0 });
        let mut at = 0;
        for (line, number) in self.lines.iter().zip(1..) {
            let end = at + u64::from(line.length);
            if is_wanted(line) {
                pointers.push(Pointer { number, tag: line.tag.into(), place: at..end });
            }
            at = end;
        }
        pointers
    }
}

/// A token, and its sealed secret.
#[derive(Encode, Decode)]
pub struct Entry {
    /// The token.
    #[n(0)]
    pub token: Token,
    #[n(1)]
    nonce: ByteArray<NONCE_BYTES>,
    #[n(2)]
    tag: ByteArray<TAG_BYTES>,
    #[n(3)]
    place: Place,
}

/// Where a ciphertext is among the others, in bytes.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct Place {
    #[n(0)]
    at: u64,
    #[n(1)]
    length: u64,
}

/// What opens a secret, but for the ciphertext and the key.
#[derive(Clone, Copy, Debug)]
pub struct SealedAt {
    nonce: Nonce,
    tag: Tag,
    /// Where the ciphertext is.
    pub place: Place,
}

impl Place {
    /// Returns the ciphertext out of all of them.
    #[must_use]
    pub fn of<'c>(&self, ciphertexts: &'c [u8]) -> Option<&'c [u8]> {
        let start = usize::try_from(self.at).ok()?;
        ciphertexts.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)
    }
}

impl Entry {
    /// Reads an entry.
    ///
    /// # Errors
    /// When it is not as this version writes it.
    pub fn decode(bytes: &[u8]) -> Result<Self, decode::Error> {
        minicbor::decode(bytes)
    }

    /// Returns where its secret is.
    #[must_use]
    pub fn sealed_at(&self) -> SealedAt {
        SealedAt { nonce: self.nonce.into(), tag: self.tag.into(), place: self.place }
    }
}

impl SealedAt {
    /// Puts the ciphertext to it that is at its place.
    #[must_use]
    pub fn with(self, bytes: Vec<u8>) -> Sealed {
        Sealed { nonce: self.nonce, tag: self.tag, bytes }
    }
}

/// Takes the checksum from behind the entries; `None` when they are not as they were written.
#[must_use]
pub fn undamaged(mut checked_entries: Vec<u8>) -> Option<Vec<u8>> {
    let (entries, crc) = checked_entries.split_last_chunk()?;
    let is_whole = crc32fast::hash(entries).to_le_bytes() == *crc;
    checked_entries.truncate(entries.len());
    is_whole.then_some(checked_entries)
}

/// Entries as they are written, and the ciphertexts that they point to.
#[derive(Default)]
pub struct Body {
    entries: Vec<u8>,
    lengths: Vec<usize>,
    ciphertexts: Vec<u8>,
}

impl Body {
    /// Encodes the tokens with their secrets.
    #[must_use]
    pub fn of(inventory: &Inventory, sealed: &BTreeMap<TokenId, Sealed>) -> Self {
        let mut body = Self::default();
        for token in inventory.tokens() {
            // Without a secret there is no token: whoever adds one seals its secret in the same change.
            let Some(sealed) = sealed.get(&token.id) else { continue };
            let place = Place { at: body.ciphertexts.len() as u64, length: sealed.bytes.len() as u64 };
            body.ciphertexts.extend_from_slice(&sealed.bytes);
            let (nonce, tag) = (sealed.nonce.into(), sealed.tag.into());
            let start = body.entries.len();
            append(&mut body.entries, &Entry { token: token.clone(), nonce, tag, place });
            body.lengths.push(body.entries.len() - start);
        }
        body
    }

    /// Returns the entries as they are written.
    #[must_use]
    pub fn entries(&self) -> &[u8] {
        &self.entries
    }

    /// Puts a vault together; `None` when it would be too large for its own numbers.
    #[must_use]
    pub fn assemble(
        &self,
        inventory: &Inventory,
        holders: &[Holder],
        key: &VaultKey,
        base: &Base,
    ) -> Option<Vec<u8>> {
        let directory = self.directory(inventory, holders, key, base)?;
        let layout = Layout::of(
            u32::try_from(directory.len()).ok()?,
            u32::try_from(self.entries.len()).ok()?,
            self.ciphertexts.len() as u64,
        );
        let mut bytes = Vec::with_capacity(usize::try_from(layout.ciphertexts.end).ok()?);
        bytes.extend_from_slice(HEAD);
        bytes.extend_from_slice(&u32::try_from(directory.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&u32::try_from(self.entries.len()).ok()?.to_le_bytes());
        bytes.extend_from_slice(&(self.ciphertexts.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&directory);
        let (crc, tag) = (crc32fast::hash(&bytes), key.sign(&bytes, &nonce(base, 0)));
        bytes.extend_from_slice(&crc.to_le_bytes());
        bytes.extend_from_slice(base);
        bytes.extend_from_slice(&tag);
        bytes.extend_from_slice(&self.entries);
        bytes.extend_from_slice(&crc32fast::hash(&self.entries).to_le_bytes());
        bytes.extend_from_slice(&self.ciphertexts);
        Some(bytes)
    }

    fn directory(
        &self,
        inventory: &Inventory,
        holders: &[Holder],
        key: &VaultKey,
        base: &Base,
    ) -> Option<Vec<u8>> {
        let handles: Vec<Vec<u8>> = inventory.tokens().iter().map(handles_of).collect();
        let mut rest = self.entries.as_slice();
        let mut lines = Vec::with_capacity(self.lengths.len());
        for ((length, handles), number) in self.lengths.iter().zip(&handles).zip(1..) {
            let (entry, after) = rest.split_at_checked(*length)?;
            rest = after;
            let tag = key.sign(entry, &nonce(base, number)).into();
            lines.push(Line { handles, length: u32::try_from(*length).ok()?, tag });
        }
        let mut bytes = Vec::new();
        let directory = Directory {
            holders: holders.to_vec(),
            fingerprint: key.fingerprint().into(),
            counters: inventory.counters(),
            choices: inventory.choices().to_vec(),
            lines,
        };
        append(&mut bytes, &directory);
        Some(bytes)
    }
}

/// Returns what a token's secret is sealed with: who it is and where it may go. With another scope or
/// key in the file, the secret does not open.
#[must_use]
pub fn binding(token: &Token) -> Vec<u8> {
    #[derive(Encode)]
    struct Binding<'t> {
        #[n(0)]
        what: &'static str,
        #[n(1)]
        id: TokenId,
        #[n(2)]
        scopes: &'t [Scope],
        #[n(3)]
        keys: &'t [Key],
    }
    let mut bytes = Vec::new();
    let what = "docker-credential-pat secret 1";
    append(&mut bytes, &Binding { what, id: token.id, scopes: &token.scopes, keys: &token.keys });
    bytes
}

fn append(bytes: &mut Vec<u8>, value: &impl Encode<()>) {
    let encoded: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, bytes);
    // Memory does not fail, and no word of ours refuses to be encoded.
    debug_assert!(encoded.is_ok());
}

fn nonce(base: &Base, number: u64) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..BASE_BYTES].copy_from_slice(base);
    nonce[BASE_BYTES..].copy_from_slice(&number.to_le_bytes());
    nonce
}

/// Returns the handle of a registry, a wildcard or a key: a checksum of its text. Two that share one
/// cost a look at an entry that is then passed over.
fn handle(text: &str) -> u32 {
    crc32fast::hash(text.as_bytes())
}

/// Returns the handles of all that a token concerns, each once.
fn handles_of(token: &Token) -> Vec<u8> {
    let of_scope = |scope: &Scope| handle(&scope.host());
    let of_key =
        |key: &Key| handle(key.address().map_or(key.as_str(), |address| address.registry().as_str()));
    let mut handles: Vec<u32> =
        token.scopes.iter().map(of_scope).chain(token.keys.iter().map(of_key)).collect();
    handles.sort_unstable();
    handles.dedup();
    handles.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Returns the handles of all that can concern a key: its registry and the wildcard above it, or itself.
fn handles_asked(key: &Key) -> Vec<u32> {
    let Some(address) = key.address() else { return vec![handle(key.as_str())] };
    let registry = address.registry();
    let wildcard = Scope::above(registry).map(|scope| handle(&scope.host()));
    std::iter::once(handle(registry.as_str())).chain(wildcard).collect()
}

fn other_version(head: &[u8]) -> HeadError {
    let number = head.strip_prefix(MAGIC).and_then(|rest| {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        str::from_utf8(&rest[..end]).ok()?.parse().ok()
    });
    match number {
        Some(version) if version != VERSION => HeadError::Version(version),
        Some(_) | None => HeadError::NotAVault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::arrival;
    use crate::inventory::tests::key;
    use crate::moment::Moment;
    use crate::token::Origin;

    #[test]
    fn the_handles_lead_to_whatever_concerns_a_key() {
        let mut inventory = Inventory::default();
        for (name, scope) in [
            ("a", "ghcr.io"),
            ("b", "ghcr.io/acme"),
            ("c", "*.coding.net/shop"),
            ("d", "docker.io"),
            ("e", "h:5000"),
        ] {
            inventory.add(arrival(name, scope, Origin::Add), Moment(0)).expect(name);
        }
        inventory.remember_key(TokenId(4), &key("user@odd"));
        inventory.remember_key(TokenId(5), &key("https://quay.io/v2/"));
        for text in [
            "ghcr.io",
            "ghcr.io/acme/app",
            "x.coding.net",
            "coding.net",
            "index.docker.io",
            "user@odd",
            "quay.io",
            "h",
        ] {
            let key = key(text);
            let asked = handles_asked(&key);
            for token in inventory.tokens().iter().filter(|token| token.concerns(&key)) {
                let held = handles_of(token);
                let leads =
                    held.as_chunks().0.iter().any(|handle| asked.contains(&u32::from_le_bytes(*handle)));
                assert!(leads, "{text} to {}", token.name);
            }
        }
    }

    #[test]
    fn any_head_is_read_or_refused() {
        for (head, want) in [
            (&b""[..], HeadError::NotAVault),
            (b"docker-credential-pat vault 1\n", HeadError::NotAVault),
            (b"docker-credential-pat vault 2\n", HeadError::Version(2)),
            (b"docker-credential-pat vault -1\n", HeadError::NotAVault),
            (b"docker-credential-pat vault 99999999999\n", HeadError::NotAVault),
        ] {
            assert_eq!(Layout::parse(head).err(), Some(want), "{head:?}");
        }
        let largest = [HEAD, &[0xff; LENGTHS_BYTES]].concat();
        let layout = Layout::parse(&largest).expect("a head");
        assert_eq!(layout.ciphertexts.end, u64::MAX);
        assert!(layout.place_of(Place { at: u64::MAX, length: 1 }).is_none());
    }
}
