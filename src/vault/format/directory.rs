//! The directory of a vault: the entries that concern a key, their positions, and their tags.

use std::ops::Range;
use std::path::Path;
use std::{iter, mem};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::inventory::{Counters, Inventory};
use crate::model::choice::Choice;
use crate::model::registry::{DOCKER_HUB_KEY, Key, Registry};
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::vault::format::entry::{EncodedEntries, to_cbor};
use crate::vault::format::nonce::{NonceBase, nonce};
use crate::vault::keys::Holder;
use crate::vault::keys::holders::Holders;
use crate::vault::seal::{TAG_BYTES, Tag, VaultKey};

/// The directory.
#[derive(Encode, Decode)]
pub struct Directory<'b> {
    /// The key holders, any of which opens the vault.
    #[n(0)]
    holders: Vec<Holder>,
    /// The [fingerprint](VaultKey::fingerprint) of the vault's key.
    #[n(1)]
    fingerprint: ByteArray<TAG_BYTES>,
    #[n(2)]
    pub counters: Counters,
    #[n(3)]
    pub choices: Vec<Choice>,
    /// One for each entry, in the order of the entries.
    #[b(4)]
    lines: Vec<DirectoryLine<'b>>,
}

/// The part of the directory that describes one entry.
#[derive(Encode, Decode)]
struct DirectoryLine<'b> {
    /// A [`hash`], four bytes in little-endian order, for each registry, wildcard or key that the token
    /// concerns.
    #[cbor(b(0), with = "minicbor::bytes")]
    hashes: &'b [u8],
    /// The length of the entry, in bytes.
    #[n(1)]
    length: u32,
    #[n(2)]
    tag: ByteArray<TAG_BYTES>,
}

/// The position and the tag of an entry.
pub struct EntryPointer {
    /// The number in the nonce of the tag: 1 for the first entry.
    pub number: u64,
    pub tag: Tag,
    /// In bytes from the start of the first entry.
    pub range: Range<u64>,
}

impl Directory<'_> {
    /// Takes the key holders out, for the vault at this path.
    pub fn take_holders(&mut self, path: &Path) -> Holders {
        Holders { list: mem::take(&mut self.holders), fingerprint: *self.fingerprint, vault: path.to_owned() }
    }

    /// Returns the number of entries.
    pub fn count(&self) -> usize {
        self.lines.len()
    }

    /// Returns pointers to the entries that may [concern](Token::concerns) a key, or to all entries.
    pub fn pointers(&self, key: Option<&Key>) -> impl Iterator<Item = EntryPointer> {
        let wanted = key.map(key_hashes);
        let is_wanted = move |line: &DirectoryLine<'_>| {
            wanted.as_ref().is_none_or(|wanted| {
                line.hashes.as_chunks().0.iter().any(|hash| wanted.contains(&u32::from_le_bytes(*hash)))
            })
        };
        let mut end = 0;
        self.lines.iter().zip(1..).filter_map(move |(line, number)| {
            let start = end;
            end += u64::from(line.length);
            is_wanted(line).then(|| EntryPointer { number, tag: line.tag.into(), range: start..end })
        })
    }
}

/// Encodes the directory; `None` when an entry is 4 GiB or larger.
pub fn encode(
    inventory: &Inventory,
    entries: &EncodedEntries,
    holders: &[Holder],
    key: &VaultKey,
    base: &NonceBase,
) -> Option<Vec<u8>> {
    let hashes: Vec<Vec<u8>> = inventory.tokens().iter().map(token_hashes).collect();
    let mut lines = Vec::with_capacity(hashes.len());
    for ((entry, hashes), number) in entries.iter().zip(&hashes).zip(1..) {
        let tag = key.tag(entry, &nonce(base, number)).into();
        lines.push(DirectoryLine { hashes, length: u32::try_from(entry.len()).ok()?, tag });
    }
    Some(to_cbor(&Directory {
        holders: holders.to_vec(),
        fingerprint: key.fingerprint().into(),
        counters: inventory.counters(),
        choices: inventory.choices().to_vec(),
        lines,
    }))
}

/// Returns the CRC-32 of the text of a registry, a wildcard or a key. When two texts have the same hash, an
/// additional entry is read and then ignored.
fn hash(text: &str) -> u32 {
    crc32fast::hash(text.as_bytes())
}

/// Returns the sorted hashes of the registries, wildcards and keys that a token concerns, as stored.
fn token_hashes(token: &Token) -> Vec<u8> {
    let key_hash =
        |key: &Key| hash(key.address().map_or(key.as_str(), |address| address.registry().as_str()));
    let scopes = token.scopes.iter().map(|scope| hash(&scope.handle()));
    let mut hashes: Vec<u32> = scopes.chain(token.keys.iter().map(key_hash)).collect();
    hashes.sort_unstable();
    hashes.dedup();
    hashes.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Returns the hashes to look for: of the key's registry and of the wildcards that reach it, or of a key that is not
/// an address.
///
/// Version 0.1 wrote `host` for `host:80`, and the whole text of a key with a tag or a digest.
fn key_hashes(key: &Key) -> Vec<u32> {
    let Some(address) = key.address() else {
        // A session answers only for the account that answers for Docker Hub.
        let account = key.is_session().then(|| Key::parse(DOCKER_HUB_KEY).ok()).flatten();
        let account = account.as_ref().map(key_hashes).unwrap_or_default();
        return iter::once(hash(key.as_str())).chain(account).collect();
    };
    let registry = address.registry();
    let old_host = registry.as_str().strip_suffix(":80").and_then(Registry::parse);
    let old_key = address.repository().map(|_| key.as_str());
    let handles = Scope::handles_for(registry).into_iter().flatten();
    let old_host = old_host.map(|host| hash(host.as_str()));
    handles.map(|handle| hash(&handle)).chain(old_host).chain(old_key.map(hash)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{incoming_token, key};
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;
    use crate::model::token_id::TokenId;

    #[test]
    fn hashes_lead_to_every_token_that_concerns_a_key() {
        let mut inventory = Inventory::default();
        for (name, scope) in [
            ("a", "ghcr.io"),
            ("b", "ghcr.io/acme"),
            ("c", "*.coding.net/shop"),
            ("d", "docker.io"),
            ("e", "h:5000"),
            ("f", "*.dkr.ecr.*.amazonaws.com"),
            ("g", "x.*.coding.net"),
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
            "h:80",
            "ghcr.io/acme/app:1",
            "1.dkr.ecr.eu-west-1.amazonaws.com",
            "x.y.coding.net",
        ] {
            let key = key(text);
            let wanted = key_hashes(&key);
            for token in inventory.tokens().iter().filter(|token| token.concerns(&key)) {
                let hashes = token_hashes(token);
                let leads =
                    hashes.as_chunks().0.iter().any(|hash| wanted.contains(&u32::from_le_bytes(*hash)));
                assert!(leads, "{text} to {}", token.name);
            }
        }
    }
}
