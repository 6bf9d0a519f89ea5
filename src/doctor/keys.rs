//! Checks the vault and the holders of its key, and reads everything that can be read without asking a person.

use crate::doctor::{Finding, Severity, quoted_path};
use crate::inventory::Inventory;
use crate::model::hint::{Hint, program};
use crate::model::secret::Secret;
use crate::system::disk::Exposure;
use crate::system::sanitize::error_chain;
use crate::system::{disk, env};
use crate::vault::VaultError;
use crate::vault::excerpt::Excerpt;
use crate::vault::keys::holders::{Holders, LockedError, UnattendedCheck};
use crate::vault::keys::{Holder, HolderKind};
use crate::vault::store::{StoreError, VaultStore};

/// The kind of the finding for a vault that stays locked because nobody was asked for its key.
pub const LOCKED: &str = "vault-locked";

/// The part of a vault that could be read.
#[derive(Default)]
pub struct OpenedContents {
    pub inventory: Inventory,
    /// The secrets of the tokens, in the same order; empty while the vault is locked.
    pub secrets: Vec<Option<Secret>>,
}

impl OpenedContents {
    /// Returns the secret of the token with this index, if it could be opened.
    pub fn secret(&self, index: usize) -> Option<&Secret> {
        self.secrets.get(index).and_then(Option::as_ref)
    }
}

/// Checks the vault and its key. Returns the vault's contents; `None` when it cannot be read.
pub fn check(store: &VaultStore, findings: &mut Vec<Finding>) -> Option<OpenedContents> {
    match read(store, findings) {
        Ok(contents) => Some(contents),
        Err(error) => {
            findings.push(unreadable(store, &error));
            None
        }
    }
}

fn no_vault(store: &VaultStore) -> Finding {
    match store.refuse_no_home() {
        Ok(()) => Finding {
            kind: "no-vault",
            what: format!("there is no vault yet at {}", env::tilde(store.path())),
            why: "the first login, or the first token that you add, makes it",
            mend: format!("docker login, or {} add", program()),
            ..Finding::about_path(store.path())
        },
        Err(error) => Finding {
            kind: "no-vault",
            what: format!("there is no vault: {error}"),
            why: "logins and tokens cannot be kept",
            mend: error.hint().unwrap_or_default(),
            ..Finding::default()
        },
    }
}

fn read(store: &VaultStore, findings: &mut Vec<Finding>) -> Result<OpenedContents, StoreError> {
    // Verifies the vault, if the key is at hand.
    store.inventory()?;
    let excerpt = store.excerpt(None)?;
    excerpt.holders().map_or(Ok(()), |holders| store.refuse_replaced(holders))?;
    let mut contents = OpenedContents { inventory: excerpt.inventory().clone(), secrets: Vec::new() };
    match excerpt.holders() {
        None => findings.push(no_vault(store)),
        Some(holders) => {
            check_age(store, holders, &contents.inventory, findings);
            if check_holders(store, holders, findings) {
                contents.secrets = open_secrets(&excerpt, findings)?;
            }
        }
    }
    Ok(contents)
}

/// Finds a vault that was replaced by an older copy.
fn check_age(store: &VaultStore, holders: &Holders, inventory: &Inventory, findings: &mut Vec<Finding>) {
    let Some(rollback) = store.find_rollback(holders, inventory) else { return };
    findings.push(Finding {
        kind: "vault-replaced",
        severity: Severity::Warning,
        what: format!("the vault {} was replaced by an older copy ({rollback})", env::tilde(store.path())),
        why: "what was changed since is lost, and tokens that were removed since may be in it again",
        mend: format!(
            "put the newer one back; or look through {} ls: the next change takes the vault as it is",
            program()
        ),
        ..Finding::about_path(store.path())
    });
}

fn unreadable(store: &VaultStore, error: &StoreError) -> Finding {
    let kind = match error {
        StoreError::Vault(VaultError::Version { .. } | VaultError::UnknownHolder { .. }) => {
            "vault-of-another-version"
        }
        StoreError::Vault(VaultError::Disk(_)) | StoreError::Disk(_) | StoreError::Env(_) => {
            "vault-unreadable"
        }
        StoreError::Vault(
            VaultError::Empty { .. }
            | VaultError::FileTooLarge { .. }
            | VaultError::NotAVault { .. }
            | VaultError::Damaged { .. }
            | VaultError::ListsTooLong { .. }
            | VaultError::WrongKey { .. }
            | VaultError::Tampered { .. }
            | VaultError::DamagedSecret { .. }
            | VaultError::Random(_)
            | VaultError::TooLarge
            | VaultError::TooManyItems,
        ) => "vault-damaged",
        StoreError::Key { .. }
        | StoreError::Locked { .. }
        | StoreError::Replaced { .. }
        | StoreError::UnknownHolder(_) => {
            return not_opened(store, &error_chain(error), error.hint());
        }
    };
    Finding { kind, what: error_chain(error), ..not_opened(store, "", error.hint()) }
}

fn not_opened(store: &VaultStore, reason: &str, hint: Option<String>) -> Finding {
    Finding {
        kind: "vault-not-opened",
        severity: Severity::Problem,
        what: format!("nothing opens the vault {}: {reason}", env::tilde(store.path())),
        why: "no client gets any credentials",
        mend: hint.unwrap_or_default(),
        ..Finding::about_path(store.path())
    }
}

/// Checks every holder of the key, and the key files. Returns whether the vault is open.
fn check_holders(store: &VaultStore, holders: &Holders, findings: &mut Vec<Finding>) -> bool {
    for holder in &holders.list {
        let kind = holder.kind();
        findings.push(Finding {
            kind: "key-holder",
            what: format!("{} has the key of the vault", kind.name()),
            why: kind.exposure(),
            mend: kind.advice(),
            ..Finding::default()
        });
    }
    let UnattendedCheck { is_open, errors: troubles, are_all } = store.unlock_unattended(holders);
    if !is_open && are_all {
        let error = LockedError(troubles);
        findings.push(not_opened(store, &error.to_string(), error.hint()));
    } else {
        for trouble in troubles {
            let kind = trouble.0;
            let error = LockedError(vec![trouble]);
            findings.push(Finding {
                kind: "key-holder-fails",
                // The other holders may answer only elsewhere, as a keyring does on the desktop.
                severity: if kind == HolderKind::KeyFile { Severity::Warning } else { Severity::Note },
                what: format!("{} does not open the vault: {error}", kind.name()),
                why: "only what else opens it is left",
                mend: error.hint().unwrap_or_default(),
                ..Finding::default()
            });
        }
        if !is_open {
            findings.push(Finding {
                kind: LOCKED,
                what: "the vault is locked, and nobody was asked for its key".to_owned(),
                why: "its secrets were not checked, and nothing proves that it is as you left it",
                mend: format!("{} unlock, then doctor again", program()),
                ..Finding::default()
            });
        }
    }
    check_key_files(store, holders, findings);
    check_exposure(holders, findings);
    is_open
}

/// Finds a key file elsewhere, and a passphrase file, within reach of other users.
fn check_exposure(holders: &Holders, findings: &mut Vec<Finding>) {
    let key = match holders.find(HolderKind::File) {
        Some(Holder::File(file)) => file.exposure(),
        Some(_) | None => None,
    };
    let has_passphrase = holders.find(HolderKind::Passphrase).is_some();
    let passphrase = env::passphrase_file().filter(|_| has_passphrase);
    let passphrase = passphrase.and_then(|path| disk::exposure(&path).map(|exposure| (path, exposure)));
    for (path, exposure) in key.into_iter().chain(passphrase) {
        findings.push(Finding {
            kind: match exposure {
                Exposure::OfAnotherUser(_) => "of-another-user",
                Exposure::OpenToOthers(_) => "key-open-to-others",
            },
            severity: Severity::Warning,
            what: exposure.about(&env::tilde(&path)),
            why: "everybody who has read it can open the vault, or a copy of it; if others use this machine, replace it",
            mend: exposure.remedy(&quoted_path(&path)),
            ..Finding::about_path(&path)
        });
    }
}

/// Finds key files that nothing needs.
fn check_key_files(store: &VaultStore, holders: &Holders, findings: &mut Vec<Finding>) {
    let file = store.key_file();
    if holders.find(HolderKind::KeyFile).is_none()
        && let Ok(key) = file.read()
    {
        let whose = if holders.has_key(&key) { "the vault's" } else { "another" };
        let argument = quoted_path(file.path());
        findings.push(Finding {
            kind: "stray-key",
            severity: Severity::Warning,
            what: format!(
                "{} has {whose} key, and is none of the holders of this vault's key",
                env::tilde(file.path())
            ),
            why: "a key that nobody looks after can get into wrong hands",
            mend: format!("mv {argument} {argument}.old"),
            ..Finding::about_path(file.path())
        });
    }
    let renewed = file.renewal_file();
    if renewed.read().is_ok_and(|key| !holders.has_key(&key)) {
        let display = env::tilde(renewed.path());
        findings.push(Finding {
            kind: "left-renewal",
            what: format!("{display} is left of a renewal that was broken off, and opens nothing"),
            ..Finding::about_unneeded(renewed.path())
        });
    }
}

/// Opens every secret. A secret that does not open is reported, and the others are still opened.
fn open_secrets(
    excerpt: &Excerpt<'_>,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Option<Secret>>, StoreError> {
    let opened = excerpt.release_all()?;
    let mut secrets = Vec::with_capacity(opened.len());
    for (secret, token) in opened.into_iter().zip(excerpt.inventory().tokens()) {
        if let Err(error) = &secret {
            findings.push(Finding {
                kind: "secret-damaged",
                severity: Severity::Problem,
                what: error_chain(error),
                why: "clients that need this token get an error",
                mend: error.hint().unwrap_or_default(),
                ..Finding::about_token(token)
            });
        }
        secrets.push(secret.ok());
    }
    Ok(secrets)
}
