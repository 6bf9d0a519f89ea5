//! A published vault, and what any vault may tell that is opened with its key: what stands in this one.

use crate::memory;
use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::registry::Key;
use docker_credential_pat::secret::Secret;
use docker_credential_pat::token::Token;
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::file::Contents;
use docker_credential_pat::vault::file::Vault;
use docker_credential_pat::vault::seal::KEY_BYTES;
use docker_credential_pat::vault::seal::VaultKey;
use std::path::Path;
use std::sync::LazyLock;

/// The vault as it stands on disk.
pub const VAULT: &[u8] = include_bytes!("../../tests/fixtures/vault-1/vault");

const KEY_FILE: &[u8] = include_bytes!("../../tests/fixtures/vault-1/key");

/// Keys to ask for: an address in the vault, its alias, a repository, none of both.
const ASKED: [&str; 5] = ["ghcr.io", "https://index.docker.io/v1/", "ghcr.io/acme/app", "user@odd", "x.io"];

static HELD: LazyLock<(Inventory, Vec<(Token, Secret)>)> = LazyLock::new(|| {
    let vault = Vault::find(&memory::write(VAULT)).expect("a vault").expect("there");
    let contents = vault.all_contents().expect("undamaged");
    let unlocked = vault.unlock(key(), &contents).expect("its own key");
    let tokens = contents.inventory.tokens().iter();
    let held =
        tokens.map(|token| (token.clone(), unlocked.secret(token, &contents).expect("undamaged"))).collect();
    (vault.inventory().expect("undamaged"), held)
});

/// Returns its key.
///
/// # Panics
/// When the fixture has changed.
#[must_use]
pub fn key() -> VaultKey {
    VaultKey::from_bytes(&KEY_FILE[KEY_FILE.len() - KEY_BYTES..]).expect("a key")
}

/// Makes sure that its answers are known before anything else is written.
pub fn prepare() {
    LazyLock::force(&HELD);
}

/// Reads a file in every way in which the program reads a vault.
///
/// # Panics
/// When it opens with the key and tells another token, choice or secret than the published vault.
pub fn examine(path: &Path) {
    let Ok(Some(vault)) = Vault::find(path) else { return };
    let inventory = vault.inventory();
    let contents = vault.all_contents();
    if let (Ok(inventory), Ok(contents)) = (&inventory, &contents) {
        assert!(*inventory == contents.inventory, "two ways to read a vault");
        let _ = inventory.keys();
    }
    assert_eq!(inventory.is_ok(), contents.is_ok(), "two ways to read a vault");
    for text in ASKED {
        if let Ok(contents) = vault.contents_about(&Key::parse(text).expect("a key")) {
            open(&vault, &contents);
        }
    }
    let Ok(contents) = contents else { return };
    open(&vault, &contents);
    let Ok(unlocked) = vault.unlock(key(), &contents) else { return };
    // As it is read before a change.
    let Ok(draft) = Draft::of(path.to_owned(), unlocked, contents) else { return };
    for token in draft.inventory.tokens() {
        check(token, draft.secret(token).ok().as_ref());
    }
}

fn open(vault: &Vault, contents: &Contents) {
    let Ok(unlocked) = vault.unlock(key(), contents) else { return };
    assert!(contents.inventory.choices() == HELD.0.choices(), "another choice is proven");
    for token in contents.inventory.tokens() {
        check(token, unlocked.secret(token, contents).ok().as_ref());
    }
}

fn check(token: &Token, secret: Option<&Secret>) {
    let known = HELD.1.iter().find(|(other, _)| other == token);
    let (_, known) = known.expect("another token is proven");
    assert!(secret.is_none_or(|secret| secret.is_same_as(known)), "another secret is given out");
}
