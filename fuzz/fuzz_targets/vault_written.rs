//! Checks that a vault holds everything that was stored in it: it is written, read in every way, changed, and read
//! again.

#![no_main]

use std::collections::BTreeMap;
use std::path::Path;

use docker_credential_pat::inventory::Inventory;
use docker_credential_pat::model::token_id::TokenId;
use docker_credential_pat::vault::VaultError;
use docker_credential_pat::vault::draft::Draft;
use docker_credential_pat::vault::file::Vault;
use docker_credential_pat::vault::keys::Holder;
use docker_credential_pat::vault::seal::{KEY_BYTES, VaultKey};
use docker_credential_pat_fuzz::memory;
use docker_credential_pat_fuzz::made::Made;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|changes: (Vec<Made>, Vec<Made>)| {
    let path = memory::without();
    let mut draft = Draft::new(path.clone(), vault_key(), Holder::KeyFile);
    let mut secrets = BTreeMap::new();
    for tokens in [changes.0, changes.1] {
        for made in &tokens {
            made.bring(&mut draft, &mut secrets);
        }
        let inventory = draft.inventory.clone();
        draft.write().expect("written");
        draft = read(&path, &inventory, &secrets);
    }
    let before = memory::read(&path);
    draft.write().expect("nothing to write");
    assert_eq!(memory::read(&path), before, "nothing has changed");
});

/// Reads the vault in every way, and returns it for more changes.
fn read(path: &Path, written: &Inventory, secrets: &BTreeMap<TokenId, String>) -> Draft {
    let vault = Vault::find(path).expect("a vault").expect("there");
    let listed = vault.inventory(|_| Ok::<_, VaultError>(Some(vault_key()))).expect("undamaged");
    assert_eq!(listed, (written.clone(), true));
    for key in written.keys() {
        let about = vault.contents_about(&key).expect("undamaged");
        let unlocked = vault.unlock(vault_key(), &about).expect("its key");
        for token in written.tokens().iter().filter(|token| token.concerns(&key)) {
            assert!(about.inventory.tokens().contains(token), "the directory does not lead to it");
            assert_eq!(unlocked.secret(token, &about).expect("undamaged").expose(), secrets[&token.id]);
        }
    }
    let all = vault.all_contents().expect("undamaged");
    assert_eq!(all.inventory, *written);
    let unlocked = vault.unlock(vault_key(), &all).expect("its key");
    for token in written.tokens() {
        assert_eq!(unlocked.secret(token, &all).expect("undamaged").expose(), secrets[&token.id]);
    }
    Draft::from_vault(path.to_owned(), unlocked, all).expect("read")
}

fn vault_key() -> VaultKey {
    VaultKey::from_bytes(&[7; KEY_BYTES]).expect("a key")
}
