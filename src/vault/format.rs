//! How a vault stands on disk, version 1. `tests/fixtures/vault-1` is one, with known answers.
//!
//! ```text
//! text    docker-credential-pat vault 1\n
//! u32     length of the open part, little-endian like every number here
//! u64     length of the sealed part
//! bytes   open part: CBOR (RFC 8949), see OpenPart
//! u32     CRC-32 of all bytes before it: tells damage without the key
//! 24 + 16 nonce and tag of XChaCha20-Poly1305 over nothing, with the bytes before the CRC as
//!         associated data: tells change, with the key
//! bytes   sealed part: the ciphertexts, each where its token's entry says
//! ```
//!
//! The tag of each secret stands in its entry, so the tag of the open part covers the sealed part too.

use crate::inventory::Choice;
use crate::inventory::Counters;
use crate::inventory::Inventory;
use crate::registry::Key;
use crate::scope::Scope;
use crate::scope::text_reaches;
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
use minicbor::Decoder;
use minicbor::Encode;
use minicbor::bytes::ByteArray;
use minicbor::bytes::ByteSlice;
use minicbor::bytes::ByteVec;
use minicbor::decode;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

/// How every vault begins; the version follows.
const MAGIC: &[u8] = b"docker-credential-pat vault ";

/// The version that is written.
pub const VERSION: u32 = 1;

const HEAD: &[u8] = b"docker-credential-pat vault 1\n";
const LENGTHS_BYTES: usize = 4 + 8;
const CRC_BYTES: usize = 4;
const SEAL_BYTES: usize = CRC_BYTES + NONCE_BYTES + TAG_BYTES;

/// The size of what comes before the open part, in bytes.
pub const HEAD_BYTES: usize = HEAD.len() + LENGTHS_BYTES;

/// Where the parts of a vault are, in bytes from its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    open: Range<usize>,
    sealed: Range<u64>,
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
        let (open, rest) = rest.split_first_chunk().ok_or(HeadError::NotAVault)?;
        let sealed = rest.first_chunk().ok_or(HeadError::NotAVault)?;
        let open = u32::from_le_bytes(*open) as usize;
        Ok(Self::new(open, u64::from_le_bytes(*sealed)))
    }

    fn new(open: usize, sealed: u64) -> Self {
        let open = HEAD_BYTES..HEAD_BYTES.saturating_add(open);
        let start = open.end.saturating_add(SEAL_BYTES) as u64;
        Self { open, sealed: start..start.saturating_add(sealed) }
    }

    /// Returns the size of the whole file in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.sealed.end
    }

    /// Returns the size in bytes of all that comes before the sealed part.
    #[must_use]
    pub fn front_bytes(&self) -> usize {
        self.open.end + SEAL_BYTES
    }
}

/// All of a vault before the sealed part. What it says is not proven until [`Front::is_proven_by`] is true.
pub struct Front {
    layout: Layout,
    bytes: Vec<u8>,
}

impl Front {
    /// Takes the bytes that [`Layout::front_bytes`] counts.
    #[must_use]
    pub fn new(layout: Layout, bytes: Vec<u8>) -> Self {
        Self { layout, bytes }
    }

    /// True when the bytes are as they were written, as far as a checksum tells.
    #[must_use]
    pub fn is_undamaged(&self) -> bool {
        let (signed, seal) = self.bytes.split_at(self.layout.open.end);
        seal.first_chunk() == Some(&crc32fast::hash(signed).to_le_bytes())
    }

    /// True when the bytes are as somebody who has the key wrote them.
    #[must_use]
    pub fn is_proven_by(&self, key: &VaultKey) -> bool {
        let (signed, seal) = self.bytes.split_at(self.layout.open.end);
        let Some((nonce, tag)) = seal[CRC_BYTES..].split_first_chunk() else { return false };
        tag.first_chunk().is_some_and(|tag| key.proves(signed, nonce, tag))
    }

    /// Returns the open part, encoded.
    #[must_use]
    pub fn open_part(&self) -> &[u8] {
        &self.bytes[self.layout.open.clone()]
    }

    /// Returns where the sealed part is in the file, in bytes.
    #[must_use]
    pub fn sealed_part(&self) -> Range<u64> {
        self.layout.sealed.clone()
    }

    /// Returns where a ciphertext is in the file, in bytes; `None` when that is beyond the sealed part.
    #[must_use]
    pub fn place_of(&self, place: &Place) -> Option<Range<u64>> {
        let start = self.layout.sealed.start.checked_add(place.at)?;
        let end = start.checked_add(place.length)?;
        (end <= self.layout.sealed.end).then_some(start..end)
    }
}

/// The open part of a vault.
#[derive(Encode, Decode)]
pub struct OpenPart<'b> {
    /// Where the key is kept; any of them opens the vault.
    #[n(0)]
    pub holders: Vec<Holder>,
    /// Tells whether a key is this vault's.
    #[n(1)]
    fingerprint: ByteArray<TAG_BYTES>,
    #[n(2)]
    counters: Counters,
    #[n(3)]
    choices: Vec<Choice>,
    /// Each an [`Entry`], in bytes of its own, so that those not asked for can be passed over.
    #[b(4)]
    entries: Vec<&'b ByteSlice>,
}

/// A token, and its sealed secret.
#[derive(Encode, Decode)]
struct Entry {
    #[n(0)]
    token: Token,
    #[n(1)]
    nonce: ByteArray<NONCE_BYTES>,
    #[n(2)]
    tag: ByteArray<TAG_BYTES>,
    #[n(3)]
    place: Place,
}

/// Where a ciphertext is in the sealed part, in bytes.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct Place {
    #[n(0)]
    at: u64,
    #[n(1)]
    length: u64,
}

impl Place {
    /// Returns the ciphertext out of all of them.
    #[must_use]
    pub fn of<'c>(&self, ciphertexts: &'c [u8]) -> Option<&'c [u8]> {
        let start = usize::try_from(self.at).ok()?;
        ciphertexts.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)
    }
}

/// What opens a secret, but for the ciphertext and the key.
#[derive(Clone, Copy, Debug)]
pub struct SealedAt {
    /// See [`Sealed`].
    pub nonce: Nonce,
    /// See [`Sealed`].
    pub tag: Tag,
    /// Where the ciphertext is.
    pub place: Place,
}

/// What an open part says, in words.
#[derive(Default)]
pub struct Contents {
    /// The tokens and choices.
    pub inventory: Inventory,
    /// Where each token's secret is.
    pub sealed: BTreeMap<TokenId, SealedAt>,
}

impl<'b> OpenPart<'b> {
    /// Reads an open part.
    ///
    /// # Errors
    /// When it is not as this version writes it.
    pub fn decode(bytes: &'b [u8]) -> Result<Self, decode::Error> {
        minicbor::decode(bytes)
    }

    /// True when the key is this vault's.
    #[must_use]
    pub fn is_for(&self, key: &VaultKey) -> bool {
        *self.fingerprint == key.fingerprint()
    }

    /// Returns the tokens that could concern a key, or all.
    ///
    /// # Errors
    /// When an entry is not as this version writes it.
    pub fn contents(&self, about: Option<&Key>) -> Result<Contents, decode::Error> {
        // Growing by and by would touch twice the memory, and a page of it costs more than a token.
        let mut tokens = Vec::with_capacity(if about.is_none() { self.entries.len() } else { 0 });
        let mut sealed = BTreeMap::new();
        for bytes in &self.entries {
            if about.is_none_or(|key| could_concern(bytes, key).unwrap_or(true)) {
                let Entry { token, nonce, tag, place } = minicbor::decode(bytes)?;
                sealed.insert(token.id, SealedAt { nonce: nonce.into(), tag: tag.into(), place });
                tokens.push(token);
            }
        }
        let inventory = Inventory::new(tokens, self.choices.clone(), self.counters);
        Ok(Contents { inventory, sealed })
    }
}

/// Says [`Token::concerns`] of an encoded entry, from its first fields and without building the token:
/// a vault may hold thousands, and a `get` asks for a few.
fn could_concern(entry: &[u8], key: &Key) -> Result<bool, decode::Error> {
    let mut fields = Decoder::new(entry);
    fields.array()?; // Entry
    fields.array()?; // Token
    fields.skip()?; // id
    for scope in fields.array_iter::<&str>()? {
        let scope = scope?;
        if key.address().is_some_and(|address| text_reaches(scope, address.registry())) {
            return Ok(true);
        }
    }
    for held in fields.array_iter::<&str>()? {
        if held? == key.as_str() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Encodes an open part, and the ciphertexts that it points to.
#[must_use]
pub fn encode(
    inventory: &Inventory,
    sealed: &BTreeMap<TokenId, Sealed>,
    holders: &[Holder],
    key: &VaultKey,
) -> (Vec<u8>, Vec<u8>) {
    let mut ciphertexts = Vec::new();
    let mut entries: Vec<ByteVec> = Vec::with_capacity(inventory.tokens().len());
    for token in inventory.tokens() {
        // Without a secret there is no token: whoever adds one seals its secret in the same change.
        let Some(sealed) = sealed.get(&token.id) else { continue };
        let place = Place { at: ciphertexts.len() as u64, length: sealed.bytes.len() as u64 };
        ciphertexts.extend_from_slice(&sealed.bytes);
        let (nonce, tag) = (sealed.nonce.into(), sealed.tag.into());
        entries.push(to_cbor(&Entry { token: token.clone(), nonce, tag, place }).into());
    }
    let open = to_cbor(&OpenPart {
        holders: holders.to_vec(),
        fingerprint: key.fingerprint().into(),
        counters: inventory.counters(),
        choices: inventory.choices().to_vec(),
        entries: entries.iter().map(|entry| <&ByteSlice>::from(entry.as_slice())).collect(),
    });
    (open, ciphertexts)
}

/// Puts a vault together; `None` when it would be too large for its own numbers.
#[must_use]
pub fn assemble(open: &[u8], ciphertexts: &[u8], key: &VaultKey, nonce: &Nonce) -> Option<Vec<u8>> {
    let open_length = u32::try_from(open.len()).ok()?;
    let size = HEAD_BYTES + open.len() + SEAL_BYTES + ciphertexts.len();
    let mut bytes = Vec::with_capacity(size);
    bytes.extend_from_slice(HEAD);
    bytes.extend_from_slice(&open_length.to_le_bytes());
    bytes.extend_from_slice(&(ciphertexts.len() as u64).to_le_bytes());
    bytes.extend_from_slice(open);
    let crc = crc32fast::hash(&bytes);
    let tag = key.sign(&bytes, nonce);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes.extend_from_slice(nonce);
    bytes.extend_from_slice(&tag);
    bytes.extend_from_slice(ciphertexts);
    Some(bytes)
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
    to_cbor(&Binding {
        what: "docker-credential-pat secret 1",
        id: token.id,
        scopes: &token.scopes,
        keys: &token.keys,
    })
}

fn to_cbor(value: &impl Encode<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoded: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut bytes);
    // Memory does not fail, and no word of ours refuses to be encoded.
    debug_assert!(encoded.is_ok());
    bytes
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
