//! The entries of a vault: a token, and the headers of its encrypted secrets.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode, decode};

use crate::inventory::Inventory;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::vault::format::memory::MemoryLimit;
use crate::vault::format::upgrade::upgrade;
use crate::vault::seal::{NONCE_BYTES, Nonce, Sealed, TAG_BYTES, Tag};

/// An entry: a token, and the headers of its encrypted secrets.
#[derive(Encode, Decode)]
#[cbor(context_bound = "crate::model::cbor::ListMemory")]
struct Entry {
    #[n(0)]
    token: Token,
    #[n(1)]
    nonce: ByteArray<NONCE_BYTES>,
    #[n(2)]
    tag: ByteArray<TAG_BYTES>,
    #[n(3)]
    ciphertext: CiphertextRange,
    /// The header of the previous secret. Version 0.1 ignores it.
    #[n(4)]
    previous: Option<PreviousHeader>,
}

/// The header of a previous secret, as an entry has it.
#[derive(Encode, Decode)]
struct PreviousHeader {
    #[n(0)]
    nonce: ByteArray<NONCE_BYTES>,
    #[n(1)]
    tag: ByteArray<TAG_BYTES>,
    #[n(2)]
    ciphertext: CiphertextRange,
}

/// A token that was read, and what is needed to decrypt its secrets.
pub struct DecodedEntry {
    pub token: Token,
    pub seals: EntrySeals,
}

/// All that is needed to decrypt a token's secrets, except the ciphertexts and the key.
#[derive(Clone, Debug)]
pub struct EntrySeals {
    pub current: SealHeader,
    pub previous: Option<SealHeader>,
    /// The associated data of the secrets, if it is not the token's [`binding`]: version 0.1 wrote the token.
    pub old_binding: Option<Vec<u8>>,
}

/// The position of a ciphertext, in bytes from the start of the first ciphertext.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct CiphertextRange {
    #[n(0)]
    pub offset: u64,
    #[n(1)]
    pub length: u64,
}

/// All that is needed to decrypt a secret, except the ciphertext and the key.
#[derive(Clone, Copy, Debug)]
pub struct SealHeader {
    nonce: Nonce,
    tag: Tag,
    pub ciphertext: CiphertextRange,
}

impl CiphertextRange {
    /// Returns the position in a file whose ciphertexts begin at `start`.
    pub fn in_file(self, start: u64) -> Option<Range<u64>> {
        let start = start.checked_add(self.offset)?;
        Some(start..start.checked_add(self.length)?)
    }

    /// Returns the ciphertext, from the bytes of all ciphertexts.
    pub fn slice<'c>(&self, ciphertexts: &'c [u8]) -> Option<&'c [u8]> {
        let start = usize::try_from(self.offset).ok()?;
        ciphertexts.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)
    }
}

impl DecodedEntry {
    /// Decodes an entry, and upgrades a token that version 0.1 wrote.
    pub fn decode(bytes: &[u8], memory: &mut MemoryLimit) -> Result<Self, decode::Error> {
        let Entry { mut token, nonce, tag, ciphertext, previous } = minicbor::decode_with(bytes, memory)?;
        let header = |nonce: ByteArray<_>, tag: ByteArray<_>, ciphertext| SealHeader {
            nonce: nonce.into(),
            tag: tag.into(),
            ciphertext,
        };
        let current = header(nonce, tag, ciphertext);
        let previous = previous.map(|previous| header(previous.nonce, previous.tag, previous.ciphertext));
        let old = token.turns.is_none().then(|| binding(&token));
        let old_binding = old.filter(|_| upgrade(&mut token));
        Ok(Self { token, seals: EntrySeals { current, previous, old_binding } })
    }
}

impl EntrySeals {
    /// Returns the associated data of the secrets.
    pub fn binding(&self, token: &Token) -> Vec<u8> {
        self.old_binding.clone().unwrap_or_else(|| binding(token))
    }
}

impl SealHeader {
    /// Adds the ciphertext.
    pub fn with_ciphertext(self, bytes: Vec<u8>) -> Sealed {
        Sealed { nonce: self.nonce, tag: self.tag, bytes }
    }
}

/// The encrypted secrets of a token.
#[derive(Clone, Debug)]
pub struct SealedSecrets {
    pub current: Sealed,
    pub previous: Option<Sealed>,
}

/// Encoded entries, and the ciphertexts that they point to.
#[derive(Default)]
pub struct EncodedEntries {
    /// All entries, one after another.
    pub entries: Vec<u8>,
    lengths: Vec<usize>,
    /// All ciphertexts, one after another.
    pub ciphertexts: Vec<u8>,
}

impl EncodedEntries {
    /// Encodes the tokens with their secrets.
    pub fn encode(inventory: &Inventory, sealed: &BTreeMap<TokenId, SealedSecrets>) -> Self {
        let mut encoded = Self::default();
        for token in inventory.tokens() {
            // A token without a secret does not exist: every change that adds one also seals its secret.
            let Some(SealedSecrets { current, previous }) = sealed.get(&token.id) else { continue };
            let ciphertext = encoded.push(current);
            let previous = previous.as_ref().filter(|_| token.previous.is_some());
            let previous = previous.map(|sealed| PreviousHeader {
                nonce: sealed.nonce.into(),
                tag: sealed.tag.into(),
                ciphertext: encoded.push(sealed),
            });
            let (nonce, tag) = (current.nonce.into(), current.tag.into());
            let entry = to_cbor(&Entry { token: token.clone(), nonce, tag, ciphertext, previous });
            encoded.lengths.push(entry.len());
            encoded.entries.extend(entry);
        }
        encoded
    }

    /// Adds a ciphertext, and returns its position.
    fn push(&mut self, sealed: &Sealed) -> CiphertextRange {
        let offset = self.ciphertexts.len() as u64;
        self.ciphertexts.extend_from_slice(&sealed.bytes);
        CiphertextRange { offset, length: sealed.bytes.len() as u64 }
    }

    /// Returns the entries one by one.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.entries.as_slice();
        self.lengths.iter().map_while(move |length| {
            let (entry, after) = rest.split_at_checked(*length)?;
            rest = after;
            Some(entry)
        })
    }
}

/// Returns the associated data of a token's secret: the token and all its scopes and keys. After a change of a scope
/// or a key in the file, the secret does not open.
pub fn binding(token: &Token) -> Vec<u8> {
    #[derive(Encode)]
    struct Binding<'t> {
        #[n(0)]
        purpose: &'static str,
        #[n(1)]
        id: TokenId,
        #[n(2)]
        scopes: &'t [Scope],
        #[n(3)]
        keys: &'t [Key],
    }
    let purpose = "docker-credential-pat secret 1";
    to_cbor(&Binding { purpose, id: token.id, scopes: &token.scopes, keys: &token.keys })
}

/// Encodes a value as CBOR.
pub fn to_cbor(value: &impl Encode<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoded: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut bytes);
    // Writing to memory does not fail, and no type of this program refuses to be encoded.
    debug_assert!(encoded.is_ok());
    bytes
}
