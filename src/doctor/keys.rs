//! How the vault and the holders of its key stand, and what can be read of it without asking anybody.

use crate::doctor::{Fact, Findings, Repair, Rule, Severity};
use crate::inventory::Inventory;
use crate::model::hint::Hint;
use crate::model::secret::Secret;
use crate::system::sanitize::error_chain;
use crate::vault::VaultError;
use crate::vault::keys::HolderKind;
use crate::vault::keys::holders::{Holders, LockedError, UnattendedKey};
use crate::vault::store::{Excerpt, StoreError, VaultStore};

/// What was read of the vault.
#[derive(Default)]
pub struct OpenedContents {
    /// Its tokens.
    pub inventory: Inventory,
    /// Their secrets in the same order; empty while it is locked.
    pub secrets: Vec<Option<Secret>>,
}

impl OpenedContents {
    /// Returns the secret of the token at a place, if it could be opened.
    pub fn secret(&self, at: usize) -> Option<&Secret> {
        self.secrets.get(at).and_then(Option::as_ref)
    }
}

static NO_VAULT: Rule = Rule {
    word: "no-vault",
    severity: Severity::Note,
    what: "there is no vault yet at %1",
    why: "the first login, or the first token that you add, makes it",
    mend: "docker login, or docker-credential-pat add",
    repair: None,
};
static UNREADABLE: Rule = Rule {
    word: "vault-unreadable",
    severity: Severity::Problem,
    what: "%1",
    why: "no client gets any credentials",
    mend: "%2",
    repair: None,
};
static DAMAGED: Rule = Rule { word: "vault-damaged", ..UNREADABLE };
static OTHER_VERSION: Rule = Rule { word: "vault-of-another-version", ..UNREADABLE };
static NOT_OPENED: Rule =
    Rule { word: "vault-not-opened", what: "nothing opens the vault %3: %1", ..UNREADABLE };
static SECRET_DAMAGED: Rule =
    Rule { word: "secret-damaged", why: "whoever asks for this token gets an error", ..UNREADABLE };
/// Nobody was asked for the key.
pub static LOCKED: Rule = Rule {
    word: "vault-locked",
    what: "the vault is locked, and nobody was asked for its key",
    why: "what only the secrets can tell was not looked at",
    mend: "docker-credential-pat unlock, then doctor again",
    ..NO_VAULT
};
static HOLDER: Rule =
    Rule { word: "key-holder", what: "%1 has the key of the vault", why: "%2", mend: "%3", ..NO_VAULT };
static HOLDER_FAILS: Rule = Rule {
    word: "key-holder-fails",
    severity: Severity::Warning,
    what: "%3 does not open the vault: %1",
    why: "only what else opens it is left",
    ..UNREADABLE
};
static STRAY_KEY: Rule = Rule {
    word: "stray-key",
    severity: Severity::Warning,
    what: "%1 has %2 key, and is none of the holders of this vault's key",
    why: "a key that nobody looks after can get into wrong hands",
    mend: "mv %1 %1.old",
    repair: None,
};
static LEFT_RENEWAL: Rule = Rule {
    word: "left-renewal",
    what: "%1 is left of a renewal that was broken off, and opens nothing",
    why: "nothing needs it",
    mend: "docker-credential-pat doctor --fix",
    repair: Some(Repair::Remove),
    ..NO_VAULT
};

/// Looks at the vault and its key. Returns what is in it; `None` when it cannot be read.
pub fn check(store: &VaultStore, findings: &mut Findings) -> Option<OpenedContents> {
    match read(store, findings) {
        Ok(contents) => Some(contents),
        Err(error) => {
            let hint = error.hint().unwrap_or_default();
            let vault = Fact::Path(store.path());
            findings.add(rule_of(&error), &[Fact::Text(&error_chain(&error)), Fact::Text(&hint), vault]);
            None
        }
    }
}

fn read(store: &VaultStore, findings: &mut Findings) -> Result<OpenedContents, StoreError> {
    let excerpt = store.excerpt(None)?;
    let mut contents = OpenedContents { inventory: excerpt.inventory().clone(), secrets: Vec::new() };
    match excerpt.holders() {
        None => findings.add(&NO_VAULT, &[Fact::Path(store.path())]),
        Some(holders) if look_at_holders(store, holders, findings) => {
            contents.secrets = secrets(&excerpt, findings)?;
        }
        Some(_) => {}
    }
    Ok(contents)
}

fn rule_of(error: &StoreError) -> &'static Rule {
    match error {
        StoreError::Vault(VaultError::Version { .. } | VaultError::Later { .. }) => &OTHER_VERSION,
        StoreError::Vault(VaultError::Disk(_)) | StoreError::Disk(_) | StoreError::Env(_) => &UNREADABLE,
        StoreError::Vault(
            VaultError::Empty { .. }
            | VaultError::NotAVault { .. }
            | VaultError::Damaged { .. }
            | VaultError::WrongKey { .. }
            | VaultError::Changed { .. }
            | VaultError::Secret { .. }
            | VaultError::Random(_)
            | VaultError::TooLarge,
        ) => &DAMAGED,
        StoreError::Key { .. } | StoreError::Locked { .. } | StoreError::NoSuchHolder(_) => &NOT_OPENED,
    }
}

/// Looks at all who have the key, or a key. Returns whether the vault is open.
fn look_at_holders(store: &VaultStore, holders: &Holders, findings: &mut Findings) -> bool {
    for holder in &holders.list {
        let sort = holder.kind();
        findings.add(&HOLDER, &[sort.name(), sort.exposed_to(), sort.safer()].map(Fact::Text));
    }
    let UnattendedKey { key: is_open, troubles, are_all } = store.unlock_unattended(holders);
    if !is_open && are_all {
        let locked = LockedError(troubles);
        let hint = locked.hint().unwrap_or_default();
        let facts = [Fact::Text(&locked.to_string()), Fact::Text(&hint), Fact::Path(store.path())];
        findings.add(&NOT_OPENED, &facts);
    } else {
        for trouble in troubles {
            let sort = trouble.0;
            let locked = LockedError(vec![trouble]);
            let hint = locked.hint().unwrap_or_default();
            // One that answers elsewhere only, as a keyring does on the desktop, is no reason to worry.
            let severity = if sort == HolderKind::KeyFile { Severity::Warning } else { Severity::Note };
            let facts = [Fact::Text(&locked.to_string()), Fact::Text(&hint), Fact::Text(sort.name())];
            findings.add_as(severity, &HOLDER_FAILS, &facts);
        }
        if !is_open {
            findings.add(&LOCKED, &[]);
        }
    }
    look_at_key_files(store, holders, findings);
    is_open
}

/// Looks for key files that nothing needs.
fn look_at_key_files(store: &VaultStore, holders: &Holders, findings: &mut Findings) {
    let file = store.key_file();
    if holders.of_kind(HolderKind::KeyFile).is_none()
        && let Ok(key) = file.read()
    {
        let whose = if holders.has_key(&key) { "the vault's" } else { "another" };
        findings.add(&STRAY_KEY, &[Fact::Path(file.path()), Fact::Text(whose)]);
    }
    let renewed = file.renewed();
    if renewed.read().is_ok_and(|key| !holders.has_key(&key)) {
        findings.add(&LEFT_RENEWAL, &[Fact::Path(renewed.path())]);
    }
}

/// Opens every secret. One that does not open is told, and the others go on.
fn secrets(excerpt: &Excerpt<'_>, findings: &mut Findings) -> Result<Vec<Option<Secret>>, StoreError> {
    let opened = excerpt.release_all()?;
    let mut secrets = Vec::with_capacity(opened.len());
    for (secret, token) in opened.into_iter().zip(excerpt.inventory().tokens()) {
        if let Err(error) = &secret {
            let hint = error.hint().unwrap_or_default();
            findings.add(
                &SECRET_DAMAGED,
                &[Fact::Text(&error_chain(error)), Fact::Text(&hint), Fact::Token(token)],
            );
        }
        secrets.push(secret.ok());
    }
    Ok(secrets)
}
