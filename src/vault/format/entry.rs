//! The entries of a vault: each a token, and where and how its secret is sealed.

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
use crate::vault::seal::{NONCE_BYTES, Nonce, Sealed, TAG_BYTES, Tag};

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
    place: CiphertextRange,
}

/// Where a ciphertext is among the others, in bytes.
#[derive(Clone, Copy, Debug, Encode, Decode)]
pub struct CiphertextRange {
    #[n(0)]
    at: u64,
    #[n(1)]
    length: u64,
}

/// What opens a secret, but for the ciphertext and the key.
#[derive(Clone, Copy, Debug)]
pub struct SealHeader {
    nonce: Nonce,
    tag: Tag,
    /// Where the ciphertext is.
    pub place: CiphertextRange,
}

impl CiphertextRange {
    /// Names a place.
    pub fn new(at: u64, length: u64) -> Self {
        Self { at, length }
    }

    /// Returns where it is in a file whose ciphertexts begin at `start`.
    pub fn after(self, start: u64) -> Option<Range<u64>> {
        let start = start.checked_add(self.at)?;
        Some(start..start.checked_add(self.length)?)
    }

    /// Returns the ciphertext out of all of them.
    pub fn of<'c>(&self, ciphertexts: &'c [u8]) -> Option<&'c [u8]> {
        let start = usize::try_from(self.at).ok()?;
        ciphertexts.get(start..start.checked_add(usize::try_from(self.length).ok()?)?)
    }
}

impl Entry {
    /// Reads an entry.
    pub fn decode(bytes: &[u8]) -> Result<Self, decode::Error> {
        minicbor::decode(bytes)
    }

    /// Returns where its secret is.
    pub fn sealed_at(&self) -> SealHeader {
        SealHeader { nonce: self.nonce.into(), tag: self.tag.into(), place: self.place }
    }
}

impl SealHeader {
    /// Puts the ciphertext to it that is at its place.
    pub fn with(self, bytes: Vec<u8>) -> Sealed {
        Sealed { nonce: self.nonce, tag: self.tag, bytes }
    }
}

/// Entries as they are written, and the ciphertexts that they point to.
#[derive(Default)]
pub struct EncodedEntries {
    entries: Vec<u8>,
    lengths: Vec<usize>,
    ciphertexts: Vec<u8>,
}

impl EncodedEntries {
    /// Encodes the tokens with their secrets.
    pub fn of(inventory: &Inventory, sealed: &BTreeMap<TokenId, Sealed>) -> Self {
        let mut body = Self::default();
        for token in inventory.tokens() {
            // Without a secret there is no token: whoever adds one seals its secret in the same change.
            let Some(sealed) = sealed.get(&token.id) else { continue };
            let place =
                CiphertextRange { at: body.ciphertexts.len() as u64, length: sealed.bytes.len() as u64 };
            body.ciphertexts.extend_from_slice(&sealed.bytes);
            let (nonce, tag) = (sealed.nonce.into(), sealed.tag.into());
            let entry = to_cbor(&Entry { token: token.clone(), nonce, tag, place });
            body.lengths.push(entry.len());
            body.entries.extend(entry);
        }
        body
    }

    /// Returns the entries as they are written.
    pub fn entries(&self) -> &[u8] {
        &self.entries
    }

    /// Returns the entries, one by one.
    pub fn entries_apart(&self) -> impl Iterator<Item = &[u8]> {
        let ends = self.lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        });
        ends.zip(&self.lengths).map(|(end, length)| &self.entries[end - length..end])
    }

    /// Returns the ciphertexts as they are written.
    pub fn ciphertexts(&self) -> &[u8] {
        &self.ciphertexts
    }
}

/// Returns what a token's secret is sealed with: who it is and where it may go. With another scope or
/// key in the file, the secret does not open.
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
    let what = "docker-credential-pat secret 1";
    to_cbor(&Binding { what, id: token.id, scopes: &token.scopes, keys: &token.keys })
}

/// Encodes a value in memory.
pub fn to_cbor(value: &impl Encode<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoded: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut bytes);
    // Memory does not fail, and no word of ours refuses to be encoded.
    debug_assert!(encoded.is_ok());
    bytes
}
