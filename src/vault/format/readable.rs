//! Checks before a vault is written that it can be read again.

use crate::inventory::Inventory;
use crate::model::choice::Choice;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::turns::LoginTurn;
use crate::vault::format::directory::{BlockPointer, Line, LineCounts};
use crate::vault::format::entry::DecodedEntry;
use crate::vault::format::memory::MemoryLimit;

/// The memory that is kept free for the key holders and the arguments of a key command, in bytes.
const RESERVED_BYTES: u64 = 1024 * 1024;

/// True when a vault of this size with these tokens and choices can be read again.
pub fn is_readable(inventory: &Inventory, counts: &LineCounts, file_bytes: u64) -> bool {
    let mut memory = MemoryLimit::for_file(file_bytes);
    take_all(&mut memory, inventory, counts) && memory.left() >= RESERVED_BYTES
}

/// Takes the memory that reading a whole vault takes, except for its key holders.
fn take_all(memory: &mut MemoryLimit, inventory: &Inventory, counts: &LineCounts) -> bool {
    memory.take_items::<Choice>(inventory.choices().len())
        && memory.take_items::<Line<'_>>(counts.directory)
        && memory.take_items::<BlockPointer>(counts.pointers)
        && memory.take_items::<DecodedEntry>(inventory.tokens().len())
        && inventory.tokens().iter().all(|token| {
            memory.take_items::<Scope>(token.scopes.len())
                && memory.take_items::<Key>(token.keys.len())
                && memory.take_items::<Scope>(token.signed_out.len())
                && memory.take_items::<LoginTurn>(token.turns.as_ref().map_or(0, |turns| turns.logins.len()))
        })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::Counters;
    use crate::inventory::tests::{incoming_token, inventory, key};
    use crate::model::secret::Secret;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::{Origin, Token};
    use crate::model::token_id::TokenId;
    use crate::vault::VaultError;
    use crate::vault::file::{Vault, VaultContents};
    use crate::vault::format::checksum::with_checksum;
    use crate::vault::format::entry::{EncodedEntries, SealedSecrets};
    use crate::vault::format::{directory, layout};
    use crate::vault::keys::Holder;
    use crate::vault::seal::{KEY_BYTES, VaultKey};

    fn vault_key() -> VaultKey {
        VaultKey::from_bytes(&[1; KEY_BYTES]).expect("32 bytes")
    }

    /// The parts of a vault that somebody without its key can write.
    struct Parts {
        version: u32,
        directory: Vec<u8>,
        entries: Vec<u8>,
        pages: Vec<u8>,
    }

    impl Parts {
        fn of(version: u32, inventory: &Inventory) -> (Self, LineCounts) {
            let secret = || Secret::new(Zeroizing::new("secret".to_owned()));
            let seal = |token: &Token| {
                let current = vault_key().seal(&secret(), &[]).expect("sealed");
                (token.id, SealedSecrets { current, previous: None })
            };
            let sealed: BTreeMap<_, _> = inventory.tokens().iter().map(seal).collect();
            let entries = EncodedEntries::encode(inventory, &sealed);
            let holders = [Holder::KeyFile];
            let encoded = directory::encode(version, inventory, &entries, &holders, &vault_key(), &[0; 16]);
            let (directory, pages, counts) = encoded.expect("small");
            (Self { version, directory, entries: entries.entries, pages }, counts)
        }

        /// Makes a vault whose directory has these parts after the holders' array of one, in CBOR.
        fn forged(version: u32, holders: &[u8], choices: &[u8], lines: &[u8]) -> Self {
            let fingerprint = [&[0x50][..], &[0; 16]].concat();
            let directory = [&[0x85], holders, &fingerprint, &[0x82, 0, 0], choices, lines].concat();
            Self { version, directory, entries: vec![0; 4096], pages: Vec::new() }
        }

        fn read(&self, memory: Option<&mut MemoryLimit>) -> Result<VaultContents, VaultError> {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("vault");
            let Self { version, directory, entries, pages } = self;
            let bytes =
                layout::assemble(*version, directory, entries, pages, &[0; 4096], &vault_key(), &[0; 16]);
            std::fs::write(&path, bytes.expect("small")).expect("written");
            let vault = Vault::find(&path)?.expect("there");
            let about = vault.contents_about(&key("ghcr.io"));
            let all = match memory {
                Some(memory) => vault.read_all(memory),
                None => vault.all_contents(),
            };
            assert_eq!(about.is_ok(), all.is_ok(), "a request reads what a listing reads");
            all
        }
    }

    /// Encodes a list of this many equal items.
    fn list(count: u32, item: &[u8]) -> Vec<u8> {
        [&[0x9a], count.to_be_bytes().as_slice(), &item.repeat(count as usize)].concat()
    }

    fn many(count: u32) -> Inventory {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Store), ("b", "ghcr.io", Origin::Add)]);
        inventory.log_in(TokenId(1), &key("ghcr.io"));
        for number in 2..count {
            let mut token = incoming_token(&format!("t{number}"), "ghcr.io", Origin::Add);
            token.scopes.push(Scope::parse(&format!("r{number}.example")).expect("a scope"));
            token.keys.push(key("user@odd"));
            inventory.add(token, Timestamp(0)).expect("a free name");
        }
        inventory
    }

    #[test]
    fn what_is_written_takes_the_memory_that_was_computed() {
        for (version, count) in [(1, 3), (2, 200), (3, 300), (3, 1000)] {
            let inventory = many(count);
            let (parts, counts) = Parts::of(version, &inventory);
            let (mut read, mut computed) = (MemoryLimit::for_file(0), MemoryLimit::for_file(0));
            assert_eq!(parts.read(Some(&mut read)).expect("undamaged").inventory, inventory);
            assert!(take_all(&mut computed, &inventory, &counts) && computed.take_items::<Holder>(1));
            assert_eq!(read.left(), computed.left(), "version {version}, {count} tokens");
        }
    }

    #[test]
    fn a_vault_that_could_not_be_read_again_is_not_written() {
        let one = many(3).tokens()[2].clone();
        for (count, is_written) in [(100_000, true), (1_000_000, false)] {
            let tokens = vec![one.clone(); count];
            let inventory = Inventory::new(tokens, Vec::new(), Counters::default());
            let counts = LineCounts { directory: count / 8, pointers: count * 4 };
            assert_eq!(is_readable(&inventory, &counts, 300 * count as u64), is_written, "{count}");
        }
    }

    #[test]
    fn forged_lists_are_refused_before_they_take_memory() {
        let key_file: &[u8] = b"\x82\x00\x80";
        let (holder, none): (&[u8], &[u8]) = (b"\x81\x82\x00\x80", b"\x80");
        let line = [&[0x83, 0x40, 0, 0x50][..], &[0; 16]].concat();
        let command = |args: &[u8]| [b"\x81\x82\x03\x81\x83\x60", args].concat();
        let millions = 2_000_000;
        for (case, version, holders, choices, lines, is_too_long) in [
            ("17 holders", 1, &list(17, key_file), none, none, false),
            ("many holders", 1, &list(millions, key_file), none, none, false),
            ("arguments of a command", 1, &command(&list(millions, b"\x60")), none, none, true),
            ("choices", 1, &holder.to_vec(), &list(millions, b"\x82\x63a.b\x01"), none, true),
            ("choices", 3, &holder.to_vec(), &list(millions, b"\x82\x63a.b\x01"), none, true),
            ("lines without an entry", 1, &holder.to_vec(), none, &list(200, &line), false),
            ("lines without an entry", 3, &holder.to_vec(), none, &list(200, &line), false),
        ]
            as [(_, _, &Vec<u8>, &[u8], &[u8], _); 7]
        {
            let error = Parts::forged(version, holders, choices, lines).read(None).err();
            let is_expected = match error {
                Some(VaultError::ListsTooLong { .. }) => is_too_long,
                Some(VaultError::Damaged { .. }) => !is_too_long,
                _ => false,
            };
            assert!(is_expected, "{case} in version {version}: {error:?}");
        }
    }

    #[test]
    fn a_forged_list_of_a_token_is_refused() {
        let (parts, _) = Parts::of(1, &inventory(&[("a", "ghcr.io", Origin::Add)]));
        let at = parts.entries.windows(9).position(|bytes| bytes == b"\x81\x67ghcr.io").expect("its scopes");
        for count in [16, 1_000_000] {
            let scopes = list(count, b"\x67ghcr.io");
            let (before, after) = (&parts.entries[..at], &parts.entries[at + 9..]);
            let entries = [before, &scopes, after].concat();
            let length = u32::try_from(entries.len()).expect("small").to_be_bytes();
            // The only line has the hash of its registry in four bytes, and the length of the entry.
            let mut directory = parts.directory.clone();
            let hash = directory.windows(2).rposition(|bytes| bytes == b"\x83\x44").expect("the line");
            directory.splice(hash + 6..hash + 8, [&[0x1a], length.as_slice()].concat());
            let forged = Parts { version: 1, directory, entries, pages: Vec::new() };
            match (count, forged.read(None)) {
                (16, Ok(contents)) => assert_eq!(contents.inventory.tokens()[0].scopes.len(), 16),
                (1_000_000, Err(VaultError::ListsTooLong { .. })) => {}
                (_, read) => panic!("{count}: {:?}", read.err()),
            }
        }
    }

    #[test]
    fn a_forged_page_is_refused() {
        let line = [&[0x84, 0x40, 0x18, 24, 0x50][..], &[0; 16], &[0]].concat();
        let page = |count| with_checksum(list(count, &line));
        let too_long = with_checksum(vec![0; 2045]);
        for (case, page) in [("33 lines", page(33)), ("many lines", page(100_000)), ("2049 bytes", too_long)]
        {
            let length = u32::try_from(page.len()).expect("small").to_be_bytes();
            let of_page = [&[0x81, 0x83, 0x40, 0x1a], length.as_slice(), &[0x50], &[0; 16]].concat();
            let mut parts = Parts::forged(3, b"\x81\x82\x00\x80", b"\x80", &of_page);
            parts.pages = page;
            let error = parts.read(None).err();
            assert!(matches!(error, Some(VaultError::Damaged { .. })), "{case}: {error:?}");
        }
    }
}
