//! The directory of a vault: which entries concern a key, where they are, and what proves them.

use std::mem;
use std::ops::Range;
use std::path::Path;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::inventory::{Counters, Inventory};
use crate::model::choice::Choice;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::vault::format::entry::{EncodedEntries, to_cbor};
use crate::vault::format::nonce::{NonceBase, nonce};
use crate::vault::keys::Holder;
use crate::vault::keys::holders::Holders;
use crate::vault::seal::{TAG_BYTES, Tag, VaultKey};

/// What a vault holds, and where.
#[derive(Encode, Decode)]
pub struct Directory<'b> {
    /// Where the key is kept; any of them opens the vault.
    #[n(0)]
    holders: Vec<Holder>,
    /// Tells whether a key is this vault's.
    #[n(1)]
    fingerprint: ByteArray<TAG_BYTES>,
    /// The last numbers given out.
    #[n(2)]
    pub counters: Counters,
    /// What people decided.
    #[n(3)]
    pub choices: Vec<Choice>,
    /// A [`DirectoryLine`] for each entry, in their order.
    #[b(4)]
    lines: Vec<DirectoryLine<'b>>,
}

/// Where to find an entry, and what proves it.
#[derive(Encode, Decode)]
struct DirectoryLine<'b> {
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
pub struct EntryPointer {
    /// From 1, in the order of the entries.
    pub number: u64,
    /// What proves it.
    pub tag: Tag,
    /// Where it is among the entries, in bytes.
    pub place: Range<u64>,
}

impl Directory<'_> {
    /// Takes out who has the key, of a vault at this path.
    pub fn take_holders(&mut self, path: &Path) -> Holders {
        Holders { list: mem::take(&mut self.holders), fingerprint: *self.fingerprint, vault: path.to_owned() }
    }

    /// Returns how many entries there are.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Points to the entries that could [concern](Token::concerns) a key, or to all.
    pub fn pointers(&self, about: Option<&Key>) -> impl Iterator<Item = EntryPointer> {
        let wanted = about.map(handles_asked);
        let is_wanted = move |line: &DirectoryLine<'_>| {
            wanted.as_ref().is_none_or(|wanted| {
                line.handles.as_chunks().0.iter().any(|handle| wanted.contains(&u32::from_le_bytes(*handle)))
            })
        };
        let mut at = 0;
        self.lines.iter().zip(1..).filter_map(move |(line, number)| {
            let start = at;
            at += u64::from(line.length);
            is_wanted(line).then(|| EntryPointer { number, tag: line.tag.into(), place: start..at })
        })
    }
}

/// Encodes the directory of some entries; `None` when one is too large for its own numbers.
pub fn encode(
    inventory: &Inventory,
    body: &EncodedEntries,
    holders: &[Holder],
    key: &VaultKey,
    base: &NonceBase,
) -> Option<Vec<u8>> {
    let handles: Vec<Vec<u8>> = inventory.tokens().iter().map(handles_of).collect();
    let mut lines = Vec::with_capacity(handles.len());
    for ((entry, handles), number) in body.entries_apart().zip(&handles).zip(1..) {
        let tag = key.sign(entry, &nonce(base, number)).into();
        lines.push(DirectoryLine { handles, length: u32::try_from(entry.len()).ok()?, tag });
    }
    Some(to_cbor(&Directory {
        holders: holders.to_vec(),
        fingerprint: key.fingerprint().into(),
        counters: inventory.counters(),
        choices: inventory.choices().to_vec(),
        lines,
    }))
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
    let wildcard = Scope::wildcard_for(registry).map(|scope| handle(&scope.host()));
    std::iter::once(handle(registry.as_str())).chain(wildcard).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{incoming_token, key};
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;
    use crate::model::token_id::TokenId;

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
            inventory.add(incoming_token(name, scope, Origin::Add), Timestamp(0)).expect(name);
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
}
