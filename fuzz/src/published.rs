//! The published vaults, and what a file may tell that is opened with the key of one: what stands in it.

use std::path::Path;
use std::sync::LazyLock;

use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::model::secret::Secret;
use docker_credential_pat::model::token::Token;
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::file::{Vault, VaultContents};
use docker_credential_pat::vault::seal::{KEY_BYTES, VaultKey};

use crate::memory;

/// Keys to ask for: in a vault, an alias, a repository, below a wildcard, no address, in none.
const ASKED: [&str; 6] =
    ["ghcr.io", "https://index.docker.io/v1/", "reg.example/acme/app", "a.example.org", "user@odd", "x.io"];

/// A published vault.
pub struct Published {
    /// As it stands on disk.
    pub vault: &'static [u8],
    key: &'static [u8],
    inventory: Inventory,
    /// In the order of its tokens.
    secrets: Vec<Secret>,
}

/// All of them.
pub static ALL: LazyLock<[Published; 2]> = LazyLock::new(|| {
    [
        Published::of(
            include_bytes!("../../tests/fixtures/vault-1/vault"),
            include_bytes!("../../tests/fixtures/vault-1/key"),
        ),
        Published::of(
            include_bytes!("../../tests/fixtures/vault-1-choices/vault"),
            include_bytes!("../../tests/fixtures/vault-1-choices/key"),
        ),
    ]
});

impl Published {
    fn of(vault: &'static [u8], key: &'static [u8]) -> Self {
        let found = Vault::find(&memory::write(vault)).expect("a vault").expect("there");
        let contents = found.all_contents().expect("undamaged");
        let key = &key[key.len() - KEY_BYTES..];
        let unlocked = found.unlock(VaultKey::from_bytes(key).expect("a key"), &contents).expect("its own");
        let tokens = contents.inventory.tokens().iter();
        let secrets = tokens.map(|token| unlocked.secret(token, &contents).expect("undamaged")).collect();
        Self { vault, key, inventory: found.inventory().expect("undamaged"), secrets }
    }

    /// Returns its key.
    ///
    /// # Panics
    /// Never: it was one before.
    #[must_use]
    pub fn key(&self) -> VaultKey {
        VaultKey::from_bytes(self.key).expect("a key")
    }

    /// Reads a file in every way in which the program reads a vault.
    ///
    /// # Panics
    /// When it opens with the key and tells another token, choice, number or secret than this vault.
    pub fn examine(&self, path: &Path) {
        let Ok(Some(vault)) = Vault::find(path) else { return };
        for text in ASKED {
            if let Ok(contents) = vault.contents_about(&Key::parse(text).expect("a key")) {
                self.open(&vault, &contents);
            }
        }
        let (inventory, contents) = (vault.inventory(), vault.all_contents());
        assert_eq!(inventory.as_ref().ok(), contents.as_ref().ok().map(|contents| &contents.inventory));
        let Ok(contents) = contents else { return };
        let _ = contents.inventory.keys();
        self.open(&vault, &contents);
        // As it is read before a change.
        let Ok(unlocked) = vault.unlock(self.key(), &contents) else { return };
        assert_eq!(contents.inventory, self.inventory, "another inventory is proven");
        let Ok(draft) = Draft::from_vault(path.to_owned(), unlocked, contents) else { return };
        for token in draft.inventory.tokens() {
            self.check(token, draft.secret(token).ok().as_ref());
        }
    }

    fn open(&self, vault: &Vault, contents: &VaultContents) {
        let Ok(unlocked) = vault.unlock(self.key(), contents) else { return };
        let told = (contents.inventory.choices(), contents.inventory.counters());
        assert_eq!(told, (self.inventory.choices(), self.inventory.counters()), "another choice is proven");
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
