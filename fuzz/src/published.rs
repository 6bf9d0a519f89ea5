//! The published vaults, and the check that a file opened with the key of one yields only that vault's contents.

use std::path::Path;
use std::sync::LazyLock;

use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::token::Token;
use docker_credential_pat::vault::VaultError;
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::file::{Vault, VaultContents};
use docker_credential_pat::vault::seal::{KEY_BYTES, VaultKey};

use crate::memory;

/// The keys to request: one in a vault, an alias, one with a repository, one below a wildcard, one that is not an
/// address, and one in no vault.
const KEYS: [&str; 6] =
    ["ghcr.io", "https://index.docker.io/v1/", "reg.example/acme/app", "a.example.org", "user@odd", "x.io"];

/// A published vault.
pub struct Published {
    /// The bytes of the file.
    pub vault: &'static [u8],
    key: &'static [u8],
    inventory: Inventory,
    /// In the order of the tokens.
    secrets: Vec<Secret>,
}

/// All published vaults.
pub static ALL: LazyLock<[Published; 3]> = LazyLock::new(|| {
    [
        Published::of(
            include_bytes!("../../tests/fixtures/vault-1/vault"),
            include_bytes!("../../tests/fixtures/vault-1/key"),
        ),
        Published::of(
            include_bytes!("../../tests/fixtures/vault-1-choices/vault"),
            include_bytes!("../../tests/fixtures/vault-1-choices/key"),
        ),
        Published::of(
            include_bytes!("../../tests/fixtures/vault-3/vault"),
            include_bytes!("../../tests/fixtures/vault-3/key"),
        ),
    ]
});

/// Reads all tokens and choices, verified if there is a key.
fn listed(vault: &Vault, key: Option<VaultKey>) -> Option<Inventory> {
    vault.inventory(|_| Ok::<_, VaultError>(key)).ok().map(|(inventory, _)| inventory)
}

impl Published {
    fn of(vault: &'static [u8], key: &'static [u8]) -> Self {
        let found = Vault::find(&memory::write(vault)).expect("a vault").expect("there");
        let contents = found.all_contents().expect("undamaged");
        let key = &key[key.len() - KEY_BYTES..];
        let unlocked = found.unlock(VaultKey::from_bytes(key).expect("a key"), &contents).expect("its own");
        let tokens = contents.inventory.tokens().iter();
        let secrets = tokens.map(|token| unlocked.secret(token, &contents).expect("undamaged")).collect();
        Self { vault, key, inventory: listed(&found, None).expect("undamaged"), secrets }
    }

    /// Returns the vault's key.
    ///
    /// # Panics
    /// Never: the bytes were a key before.
    #[must_use]
    pub fn key(&self) -> VaultKey {
        VaultKey::from_bytes(self.key).expect("a key")
    }

    /// Reads a file in every way in which the program reads a vault.
    ///
    /// # Panics
    /// When the file opens with the key and yields a token, choice, number or secret other than this vault's.
    pub fn examine(&self, path: &Path) {
        let Ok(Some(vault)) = Vault::find(path) else { return };
        for text in KEYS {
            if let Ok(contents) = vault.contents_about(&Key::parse(text).expect("a key")) {
                self.open(&vault, &contents);
            }
        }
        let (inventory, contents) = (listed(&vault, None), vault.all_contents());
        assert_eq!(inventory.as_ref(), contents.as_ref().ok().map(|contents| &contents.inventory));
        if let Some(proven) = listed(&vault, Some(self.key())) {
            assert_eq!(proven, self.inventory, "another inventory is proven");
        }
        let Ok(contents) = contents else { return };
        let _ = contents.inventory.keys();
        self.open(&vault, &contents);
        // The way a vault is read before a change.
        let Ok(unlocked) = vault.unlock(self.key(), &contents) else { return };
        assert_eq!(contents.inventory, self.inventory, "another inventory is proven");
        let Ok(draft) = Draft::from_vault(path.to_owned(), unlocked, contents) else { return };
        for token in draft.inventory.tokens() {
            self.check(token, draft.secret(token).ok().as_ref());
        }
    }

    fn open(&self, vault: &Vault, contents: &VaultContents) {
        let Ok(unlocked) = vault.unlock(self.key(), contents) else { return };
        let found = (contents.inventory.choices(), contents.inventory.counters());
        assert_eq!(found, (self.inventory.choices(), self.inventory.counters()), "another choice is proven");
        for token in contents.inventory.tokens() {
            self.check(token, unlocked.secret(token, contents).ok().as_ref());
        }
    }

    fn check(&self, token: &Token, secret: Option<&Secret>) {
        let known = self.inventory.tokens().iter().zip(&self.secrets).find(|(other, _)| *other == token);
        let (_, known) = known.expect("another token is proven");
        assert!(secret.is_none_or(|secret| secret.is_same_as(known)), "another secret is given out");
    }
}
