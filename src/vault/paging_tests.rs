//! A vault with many tokens: a request reads little of it, and what it reads is verified.

use std::ops::Range;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::inventory::Inventory;
use crate::inventory::tests::{incoming_token, key};
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token};
use crate::vault::VaultError;
use crate::vault::draft::Draft;
use crate::vault::file::Vault;
use crate::vault::format::directory::BlockPointer;
use crate::vault::format::layout::Layout;
use crate::vault::format::nonce::BASE_BYTES;
use crate::vault::keys::Holder;
use crate::vault::seal::{KEY_BYTES, TAG_BYTES, VaultKey};

fn vault_key() -> VaultKey {
    VaultKey::from_bytes(&[1; KEY_BYTES]).expect("32 bytes")
}

fn open(path: &Path) -> Vault {
    Vault::find(path).expect("a vault").expect("there")
}

/// Writes a vault with these scopes, one token each; an empty text is no scope.
fn write(path: &Path, scopes: impl IntoIterator<Item = String>) -> Inventory {
    let mut draft = Draft::new(path.to_owned(), vault_key(), Holder::KeyFile);
    for (number, scope) in scopes.into_iter().enumerate() {
        let mut token = incoming_token(&format!("t{number}"), "ghcr.io", Origin::Add);
        token.scopes = Scope::parse(&scope).into_iter().collect();
        let id = draft.inventory.add(token, Timestamp(0)).expect("a free name");
        draft.set_secret(id, &Secret::new(Zeroizing::new(format!("secret {number}")))).expect("sealed");
    }
    let inventory = draft.inventory.clone();
    draft.write().expect("written");
    inventory
}

fn hosts(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("r{number}.example.com"))
}

#[test]
fn pages_lead_to_every_token_that_concerns_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    // One hash fills several pages, others are of wildcards, and one token has none.
    let projects = (0..100).map(|number| format!("reg.example/team-{number}"));
    let wildcards =
        ["*.example.com", "*.dkr.ecr.*.amazonaws.com", "x.*.coding.net", "h:5000"].map(str::to_owned);
    let none = [String::new()];
    let inventory = write(&path, hosts(200).chain(projects).chain(wildcards).chain(none));
    let vault = open(&path);
    assert_eq!(vault.layout.version, 3);
    let read = vault.inventory(|_| Ok::<_, VaultError>(Some(vault_key()))).expect("undamaged");
    assert_eq!(read, (inventory.clone(), true));
    let all = vault.all_contents().expect("undamaged");
    assert_eq!(all.inventory, inventory);
    vault.unlock(vault_key(), &all).expect("all of it is proven");
    for text in [
        "r0.example.com",
        "r199.example.com/acme/app",
        "other.example.com",
        "reg.example/team-42/app",
        "1.dkr.ecr.eu-west-1.amazonaws.com",
        "x.y.coding.net",
        "h:5000",
        "nothing.example",
    ] {
        let key = key(text);
        let about = vault.contents_about(&key).expect("undamaged");
        let unlocked = vault.unlock(vault_key(), &about).expect("its key");
        let concerned: Vec<&Token> = inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
        let read: Vec<&Token> =
            about.inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
        assert_eq!(read, concerned, "{text}");
        for token in concerned {
            let secret = unlocked.secret(token, &about).expect("undamaged");
            assert_eq!(secret.expose(), format!("secret {}", &token.name.as_str()[1..]), "{text}");
        }
    }
}

#[test]
fn a_request_reads_little_of_a_vault_with_many_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    for count in [300, 1_000, 10_000] {
        write(&path, hosts(count));
        let vault = open(&path);
        let about = vault.contents_about(&key("r77.example.com")).expect("undamaged");
        let pages: usize = about.pages.iter().map(|page| page.bytes.len()).sum();
        let read = vault.start.len() + pages + about.entries.len();
        assert_eq!(about.pointers.len(), 1, "{count}");
        assert!(
            about.pages.len() <= 6 && pages < 6 * 1024,
            "{count}: {} pages, {pages} bytes",
            about.pages.len()
        );
        assert!(read < 16 * 1024, "{count}: {read} bytes");
    }
}

/// A vault to forge, and what a request reads of it.
struct Forger {
    path: PathBuf,
    layout: Layout,
    wanted: Key,
    pages: Vec<Range<u64>>,
    entry: Range<u64>,
}

impl Forger {
    fn new(path: &Path, wanted: Key) -> Self {
        let vault = open(path);
        let about = vault.contents_about(&wanted).expect("undamaged");
        let area = vault.layout.entries.start;
        let place = |pointer: &BlockPointer| area + pointer.range.start..area + pointer.range.end;
        let pages = about.pages.iter().map(|page| place(&page.pointer)).collect();
        let entry = place(&about.pointers[0]);
        Self { path: path.to_owned(), layout: vault.layout.clone(), wanted, pages, entry }
    }

    /// The places of the checksums of what is read.
    fn checksums(&self) -> impl Iterator<Item = Range<u64>> {
        let front = self.layout.front.end - (BASE_BYTES + TAG_BYTES) as u64;
        [front].into_iter().chain(self.pages.iter().map(|page| page.end)).map(|end| end - 4..end)
    }

    /// Writes a changed vault with the right checksums, and requests the key.
    fn open(&self, mut bytes: Vec<u8>) -> Result<(), VaultError> {
        let starts = [0].into_iter().chain(self.pages.iter().map(|page| page.start));
        for (start, checksum) in starts.zip(self.checksums()) {
            write_checksum(&mut bytes, start..checksum.start);
        }
        write_checksum(&mut bytes, self.layout.entries.clone());
        std::fs::write(&self.path, bytes).expect("written");
        let vault = Vault::find(&self.path)?.expect("there");
        let about = vault.contents_about(&self.wanted)?;
        vault.unlock(vault_key(), &about).map(drop)
    }
}

fn write_checksum(bytes: &mut [u8], range: Range<u64>) {
    let range = index(&range);
    let crc = crc32fast::hash(&bytes[range.clone()]).to_le_bytes();
    bytes[range.end..range.end + crc.len()].copy_from_slice(&crc);
}

fn index(range: &Range<u64>) -> Range<usize> {
    usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small")
}

#[test]
fn a_forged_directory_page_or_entry_is_found_although_little_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    write(&path, hosts(300));
    let older = std::fs::read(&path).expect("the vault");
    write(&path, hosts(300));
    let whole = std::fs::read(&path).expect("the vault");
    let forger = Forger::new(&path, key("r77.example.com"));
    forger.open(whole.clone()).expect("nothing was changed");
    let blocks: Vec<_> = forger.pages.iter().chain([&forger.entry]).cloned().collect();
    let checksums: Vec<_> = forger.checksums().collect();
    let front = 0..forger.layout.front.end;
    for at in front.chain(blocks.iter().cloned().flatten()) {
        if !checksums.iter().any(|checksum| checksum.contains(&at)) {
            let mut changed = whole.clone();
            changed[usize::try_from(at).expect("small")] ^= 1 << (at % 8);
            assert!(forger.open(changed).is_err(), "byte {at}");
        }
    }
    // What was written with the same key at the same place of an earlier file is no proof either.
    for block in blocks.iter().map(index) {
        let mut changed = whole.clone();
        changed[block.clone()].copy_from_slice(&older[block]);
        let error = forger.open(changed).expect_err("an earlier block");
        assert!(matches!(error, VaultError::Tampered { .. }), "{error}");
    }
}

#[test]
fn no_byte_of_the_open_part_can_be_forged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    let wanted = key("r1.example.com");
    for count in [3, 300] {
        write(&path, hosts(count));
        let whole = std::fs::read(&path).expect("the vault");
        let layout = open(&path).layout;
        let checksum = layout.front.end - (BASE_BYTES + TAG_BYTES) as u64 - 4..layout.front.end;
        // Of the many tokens, every 97th byte; all of them take too long.
        let open_part = (0..layout.checked_entries.end - 4).step_by(if count == 3 { 1 } else { 97 });
        for at in open_part.filter(|at| !(checksum.start..checksum.start + 4).contains(at)) {
            let mut changed = whole.clone();
            changed[usize::try_from(at).expect("small")] ^= 1 << (at % 8);
            write_checksum(&mut changed, 0..checksum.start);
            write_checksum(&mut changed, layout.entries.clone());
            std::fs::write(&path, &changed).expect("written");
            let Ok(Some(vault)) = Vault::find(&path) else { continue };
            let listed = vault.inventory(|_| Ok::<_, VaultError>(Some(vault_key())));
            assert!(listed.is_err(), "byte {at} of {count} tokens");
            let answered =
                vault.contents_about(&wanted).and_then(|about| vault.unlock(vault_key(), &about).map(drop));
            // A request reads only its own part.
            assert!(answered.is_err() || at >= layout.entries.start, "byte {at} of {count} tokens");
        }
    }
}

#[test]
fn a_damaged_page_is_never_an_answer_without_the_token() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault");
    write(&path, hosts(300));
    let mut bytes = std::fs::read(&path).expect("the vault");
    let wanted = key("r77.example.com");
    let vault = open(&path);
    for page in vault.contents_about(&wanted).expect("undamaged").pages {
        let at = usize::try_from(vault.layout.entries.start + page.pointer.range.start).expect("small");
        for at in at..at + page.bytes.len() {
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).expect("written");
            let error = open(&path).contents_about(&wanted).err();
            assert!(matches!(error, Some(VaultError::Damaged { .. })), "byte {at}");
            bytes[at] ^= 1;
        }
    }
}
