//! The directory of a vault: which entries concern a key, and the position and the tag of each.
//!
//! Up to version 2, the directory has a line for each entry. In version 3 these lines are in pages, sorted by their
//! hashes, and the directory has a line for each page, so that a `get` reads only the pages with the hashes it seeks.

use std::ops::Range;
use std::path::Path;
use std::{iter, mem};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Decoder, Encode};

use crate::inventory::{Counters, Inventory};
use crate::model::choice::Choice;
use crate::model::registry::{DOCKER_HUB_KEY, Key, Registry};
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::vault::format::checksum::{strip_checksum, with_checksum};
use crate::vault::format::entry::{EncodedEntries, to_cbor};
use crate::vault::format::memory::MemoryLimit;
use crate::vault::format::nonce::{NonceBase, nonce};
use crate::vault::keys::Holder;
use crate::vault::keys::holders::Holders;
use crate::vault::seal::{TAG_BYTES, Tag, VaultKey};

/// The lines of a page, at most. A `get` reads about three pages, and a line of the directory for each other page.
const LINES_PER_PAGE: usize = 32;

/// The size of the longest page that is read, in bytes. A line of a page has at most 33 bytes.
const MAX_PAGE_BYTES: u32 = 2048;

/// The minimum size of an entry or a page, in bytes.
const MIN_BLOCK_BYTES: u64 = 24;

/// The size of a [`hash`] in bytes.
const HASH_BYTES: usize = 4;

/// The directory.
#[derive(Encode, Decode)]
#[cbor(context_bound = "crate::model::cbor::ListMemory")]
pub struct Directory<'b> {
    /// The key holders, any of which opens the vault.
    #[cbor(n(0), decode_with = "crate::vault::keys::decode_holders")]
    holders: Vec<Holder>,
    /// The [fingerprint](VaultKey::fingerprint) of the vault's key.
    #[n(1)]
    fingerprint: ByteArray<TAG_BYTES>,
    #[n(2)]
    pub counters: Counters,
    #[cbor(n(3), decode_with = "crate::model::cbor::decode_list")]
    pub choices: Vec<Choice>,
    /// One for each entry or, in version 3, for each page; in their order.
    #[cbor(b(4), decode_with = "crate::model::cbor::decode_list")]
    lines: Vec<Line<'b>>,
}

/// The description of an entry or of a page.
#[derive(Encode, Decode)]
pub struct Line<'b> {
    /// A [`hash`], four bytes in little-endian order, for each registry, wildcard or key that the token concerns. A
    /// line in a page has one of them, and there is a line for each. The line of a page has the lowest hash in it.
    #[cbor(b(0), with = "minicbor::bytes")]
    hashes: &'b [u8],
    /// The length of the entry or of the page, in bytes.
    #[n(1)]
    length: u32,
    #[n(2)]
    tag: ByteArray<TAG_BYTES>,
    /// The position of the entry, for a line in a page: in bytes from the first entry.
    #[n(3)]
    start: Option<u32>,
}

/// The position and the tag of an entry or of a page.
pub struct BlockPointer {
    /// The number in the nonce of the tag: up to version 2, 1 for the first entry; in version 3, the position plus 1.
    pub number: u64,
    pub tag: Tag,
    /// In bytes from the first entry.
    pub range: Range<u64>,
}

/// The numbers of lines of a vault.
pub struct LineCounts {
    /// The lines of the directory.
    pub directory: usize,
    /// The pointers that reading all entries makes: one for each line of the directory and of the pages.
    pub pointers: usize,
}

/// The entries that are sought.
pub enum Sought {
    All,
    /// Those with one of these hashes.
    Hashes(Vec<u32>),
}

impl Sought {
    /// The entries that may [concern](Token::concerns) a key, or all.
    pub fn by(key: Option<&Key>) -> Self {
        key.map_or(Self::All, |key| Self::Hashes(key_hashes(key)))
    }

    fn has_any(&self, is_there: impl Fn(u32) -> bool) -> bool {
        match self {
            Self::All => true,
            Self::Hashes(hashes) => hashes.iter().any(|hash| is_there(*hash)),
        }
    }
}

impl Line<'_> {
    fn hashes(&self) -> impl Iterator<Item = u32> {
        self.hashes.as_chunks().0.iter().map(|hash| u32::from_le_bytes(*hash))
    }

    /// Returns the first hash; 0 when there is none.
    fn lowest_hash(&self) -> u32 {
        self.hashes().next().unwrap_or_default()
    }

    fn is_sought(&self, sought: &Sought) -> bool {
        sought.has_any(|hash| self.hashes().any(|own| own == hash))
    }

    fn pointer(&self, start: u64, number: u64) -> BlockPointer {
        BlockPointer { number, tag: self.tag.into(), range: start..start + u64::from(self.length) }
    }
}

impl Directory<'_> {
    /// Takes the key holders out, for the vault at this path, which others may have written.
    pub fn take_holders(&mut self, path: &Path, others_may_write: bool) -> Holders {
        let list = mem::take(&mut self.holders);
        Holders { list, fingerprint: *self.fingerprint, vault: path.to_owned(), others_may_write }
    }

    /// True when an area of this size has room for all entries or pages that the lines of the directory stand for.
    pub fn fits_into(&self, area: u64) -> bool {
        self.lines.len() as u64 <= area / MIN_BLOCK_BYTES
    }

    /// Returns pointers to the entries, in their order, up to version 2; `None` when they take too much memory.
    pub fn entries(&self, sought: &Sought, memory: &mut MemoryLimit) -> Option<Vec<BlockPointer>> {
        if !memory.take_items::<BlockPointer>(self.lines.len()) {
            return None;
        }
        let mut end = 0;
        let pointers = self.lines.iter().zip(1..).filter_map(|(line, number)| {
            let start = end;
            end += u64::from(line.length);
            line.is_sought(sought).then(|| line.pointer(start, number))
        });
        Some(pointers.collect())
    }

    /// Returns pointers to the pages with the lines of the entries, in version 3. `end` is where the last page ends,
    /// in bytes from the first entry; `None` when there is not enough room for the pages, one is too long, or the
    /// pointers take too much memory.
    pub fn pages(&self, sought: &Sought, end: u64, memory: &mut MemoryLimit) -> Option<Vec<BlockPointer>> {
        if !memory.take_items::<BlockPointer>(self.lines.len()) {
            return None;
        }
        let total = self.lines.iter().map(|line| u64::from(line.length)).sum();
        let mut start = end.checked_sub(total)?;
        let mut pointers = Vec::new();
        for (index, line) in self.lines.iter().enumerate() {
            // Lines with one hash may be in two pages.
            let highest = self.lines.get(index + 1).map_or(u32::MAX, Line::lowest_hash);
            if sought.has_any(|hash| (line.lowest_hash()..=highest).contains(&hash)) {
                if line.length > MAX_PAGE_BYTES {
                    return None;
                }
                pointers.push(line.pointer(start, start + 1));
            }
            start += u64::from(line.length);
        }
        Some(pointers)
    }
}

/// Adds pointers to the entries that a page has lines of. An entry may be there several times, and they are not in
/// order. `None` when the page is damaged, or the pointers take too much memory.
pub fn add_entries_of_page(
    pointers: &mut Vec<BlockPointer>,
    page: &[u8],
    sought: &Sought,
    memory: &mut MemoryLimit,
) -> Option<()> {
    let mut decoder = Decoder::new(strip_checksum(page)?);
    let count = decoder.array().ok()??;
    if count > LINES_PER_PAGE as u64 {
        return None;
    }
    for _ in 0..count {
        let line: Line<'_> = decoder.decode().ok()?;
        if line.is_sought(sought) {
            if !memory.take_items::<BlockPointer>(1) {
                return None;
            }
            let start = line.start?.into();
            pointers.push(line.pointer(start, start + 1));
        }
    }
    Some(())
}

/// True when the directory in this version of the format has pages.
pub fn has_pages(version: u32) -> bool {
    version >= 3
}

/// Returns the directory, encoded for a version of the format, the pages that follow the entries, if it has any, and
/// the numbers of lines; `None` when they are 4 GiB or larger.
pub fn encode(
    version: u32,
    inventory: &Inventory,
    entries: &EncodedEntries,
    holders: &[Holder],
    key: &VaultKey,
    base: &NonceBase,
) -> Option<(Vec<u8>, Vec<u8>, LineCounts)> {
    let hashes: Vec<Vec<u8>> = inventory.tokens().iter().map(token_hashes).collect();
    let tag = |block: &[u8], number| key.tag(block, &nonce(base, number)).into();
    let (lines, pages) = if has_pages(version) {
        encode_pages(entries, &hashes, tag)?
    } else {
        let lines = entries.iter().zip(&hashes).zip(1..).map(|((entry, hashes), number)| {
            let length = u32::try_from(entry.len()).ok()?;
            Some(Line { hashes, length, tag: tag(entry, number), start: None })
        });
        (lines.collect::<Option<_>>()?, Vec::new())
    };
    let of_entries = hashes.iter().map(|hashes| hashes.chunks(HASH_BYTES).len().max(1)).sum::<usize>();
    let of_pages = if has_pages(version) { of_entries } else { 0 };
    let counts = LineCounts { directory: lines.len(), pointers: lines.len() + of_pages };
    let directory = to_cbor(&Directory {
        holders: holders.to_vec(),
        fingerprint: key.fingerprint().into(),
        counters: inventory.counters(),
        choices: inventory.choices().to_vec(),
        lines,
    });
    Some((directory, pages, counts))
}

/// Encodes the pages, and returns them with the lines that the directory has of them.
fn encode_pages<'h>(
    entries: &EncodedEntries,
    hashes: &'h [Vec<u8>],
    tag: impl Fn(&[u8], u64) -> ByteArray<TAG_BYTES>,
) -> Option<(Vec<Line<'h>>, Vec<u8>)> {
    let mut of_entries = Vec::with_capacity(hashes.len());
    let mut position = 0_u32;
    for (entry, hashes) in entries.iter().zip(hashes) {
        let length = u32::try_from(entry.len()).ok()?;
        let (tag, start) = (tag(entry, u64::from(position) + 1), Some(position));
        // A token that answers for nothing has a line too: the pages lead to all entries.
        let none = hashes.is_empty().then_some([].as_slice());
        for hashes in hashes.chunks(HASH_BYTES).chain(none) {
            of_entries.push(Line { hashes, length, tag, start });
        }
        position = position.checked_add(length)?;
    }
    of_entries.sort_by_key(|line| (line.lowest_hash(), line.start));
    let (mut of_pages, mut pages) = (Vec::new(), Vec::new());
    for lines in of_entries.chunks(LINES_PER_PAGE) {
        let page = with_checksum(to_cbor(&lines));
        let length = u32::try_from(page.len()).ok()?;
        let tag = tag(&page, u64::from(position) + 1);
        of_pages.push(Line { hashes: lines.first()?.hashes, length, tag, start: None });
        position = position.checked_add(length)?;
        pages.extend(page);
    }
    Some((of_pages, pages))
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
