//! How the vault and the holders of its key stand, and what can be read of it without asking anybody.

use crate::checkup::Finding;
use crate::checkup::Repair;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::disk;
use crate::env;
use crate::inventory::Inventory;
use crate::keeper::Excerpt;
use crate::keeper::Keeper;
use crate::keeper::KeeperError;
use crate::name::quoted;
use crate::secret::Secret;
use crate::text::line_of;
use crate::vault::VaultError;
use crate::vault::keys::HolderError;
use crate::vault::keys::Sort;
use crate::vault::keys::holders::Holders;
use crate::vault::keys::holders::Unasked;

/// What was read of the vault.
#[derive(Default)]
pub struct Contents {
    /// Its tokens.
    pub inventory: Inventory,
    /// Their secrets in the same order; empty while it is locked.
    pub secrets: Vec<Option<Secret>>,
}

impl Contents {
    /// Returns the secret of the token at a place, if it could be opened.
    #[must_use]
    pub fn secret(&self, at: usize) -> Option<&Secret> {
        self.secrets.get(at).and_then(Option::as_ref)
    }
}

const NO_VAULT: Rule = Rule {
    word: "no-vault",
    severity: Severity::Note,
    what: "there is no vault yet at %",
    why: "the first login, or the first token that you add, makes it",
    mend: "docker login, or docker-credential-pat add",
};
const UNREADABLE: Rule = Rule {
    word: "vault-unreadable",
    severity: Severity::Problem,
    what: "%",
    why: "no client gets any credentials",
    mend: "%",
};
const DAMAGED: Rule = Rule { word: "vault-damaged", ..UNREADABLE };
const OTHER_VERSION: Rule = Rule { word: "vault-of-another-version", ..UNREADABLE };
const NOT_OPENED: Rule = Rule {
    word: "vault-not-opened",
    severity: Severity::Problem,
    what: "nothing opens the vault: %",
    why: "no client gets any credentials",
    mend: "%",
};
/// Nobody was asked for the key.
pub const LOCKED: Rule = Rule {
    word: "vault-locked",
    severity: Severity::Note,
    what: "the vault is locked, and nobody was asked for its key",
    why: "what can only be told from the secrets was not looked at",
    mend: "docker-credential-pat unlock, and doctor again",
};
const HOLDER: Rule = Rule {
    word: "key-holder",
    severity: Severity::Note,
    what: "% has the key of the vault",
    why: "",
    mend: "%",
};
const HOLDER_FAILS: Rule = Rule {
    word: "key-holder-fails",
    severity: Severity::Warning,
    what: "% does not open the vault: %",
    why: "only what else opens it is left",
    mend: "%",
};
const STRAY_KEY: Rule = Rule {
    word: "stray-key",
    severity: Severity::Warning,
    what: "% % this vault, and is none of its key holders",
    why: "a key that nobody looks after can get into wrong hands",
    mend: "mv % %.old",
};
const LEFT_RENEWAL: Rule = Rule {
    word: "left-renewal",
    severity: Severity::Note,
    what: "% is left of a renewal that was broken off, and opens nothing",
    why: "nothing needs it",
    mend: "docker-credential-pat doctor --fix",
};
const SECRET_DAMAGED: Rule = Rule {
    word: "secret-damaged",
    severity: Severity::Problem,
    what: "%",
    why: "whoever asks for this token gets an error",
    mend: "%",
};

/// Looks at the vault and its key. Returns what is in it; `None` when it cannot be read.
pub fn look(keeper: &Keeper, findings: &mut Vec<Finding>) -> Option<Contents> {
    let read = keeper.excerpt(None).and_then(|excerpt| {
        excerpt
            .holders()
            .map_or(Ok(Vec::new()), |holders| {
                if look_at_holders(keeper, holders, findings) {
                    secrets(&excerpt, findings)
                } else {
                    Ok(Vec::new())
                }
            })
            .map(|secrets| (excerpt.inventory().clone(), secrets, excerpt.holders().is_none()))
    });
    match read {
        Ok((inventory, secrets, is_new)) => {
            if is_new {
                findings.push(NO_VAULT.found(&[&env::tilde(keeper.path())], &[]).at(keeper.path()));
            }
            Some(Contents { inventory, secrets })
        }
        Err(error) => {
            findings.push(of_vault(&error).at(keeper.path()));
            None
        }
    }
}

fn of_vault(error: &KeeperError) -> Finding {
    let rule = match error {
        KeeperError::Vault(VaultError::Version { .. } | VaultError::Later { .. }) => &OTHER_VERSION,
        KeeperError::Vault(VaultError::Disk(_)) | KeeperError::Disk(_) | KeeperError::Env(_) => &UNREADABLE,
        KeeperError::Vault(
            VaultError::Empty { .. }
            | VaultError::NotAVault { .. }
            | VaultError::Damaged { .. }
            | VaultError::WrongKey { .. }
            | VaultError::Changed { .. }
            | VaultError::Secret { .. }
            | VaultError::Random(_)
            | VaultError::TooLarge,
        ) => &DAMAGED,
        KeeperError::Key { .. } | KeeperError::Locked { .. } | KeeperError::NoSuchHolder(_) => &NOT_OPENED,
    };
    rule.found(&[&line_of(error)], &[&error.hint().unwrap_or_default()])
}

/// Looks at all who have the key, or a key. Returns whether the vault is open.
fn look_at_holders(keeper: &Keeper, holders: &Holders, findings: &mut Vec<Finding>) -> bool {
    for holder in &holders.list {
        let sort = holder.sort();
        let note = HOLDER.found(&[sort.name()], &[sort.safer()]);
        findings.push(Finding { why: sort.exposed_to(), ..note });
    }
    let Unasked { key, troubles, are_all } = keeper.open_unasked(holders);
    if !key && are_all {
        let texts: Vec<String> = troubles.iter().map(|(_, error)| line_of(error)).collect();
        let hint = troubles.iter().rev().find_map(|(_, error)| error.hint()).unwrap_or_default();
        findings.push(NOT_OPENED.found(&[&texts.join("; ")], &[&hint]).at(keeper.path()));
    } else {
        findings.extend(troubles.iter().map(|(sort, error)| of_trouble(*sort, error)));
        if !key {
            findings.push(LOCKED.found(&[], &[]));
        }
    }
    look_at_key_files(keeper, holders, findings);
    key
}

/// A holder that answers elsewhere only, as a keyring does on the desktop, is no reason to worry; a key file is.
fn of_trouble(sort: Sort, error: &HolderError) -> Finding {
    let found = HOLDER_FAILS.found(&[sort.name(), &line_of(error)], &[&error.hint().unwrap_or_default()]);
    let severity = if sort == Sort::KeyFile { found.severity } else { Severity::Note };
    Finding { severity, ..found }
}

/// Looks for key files that nothing needs.
fn look_at_key_files(keeper: &Keeper, holders: &Holders, findings: &mut Vec<Finding>) {
    let file = keeper.key_file();
    if holders.of_sort(Sort::KeyFile).is_none()
        && let Ok(key) = file.read()
    {
        let (path, place) = (file.path(), env::tilde(file.path()));
        let does = if holders.hold(&key) { "has the key of" } else { "has another key than" };
        let typed = path.to_string_lossy();
        let typed = quoted(&typed);
        findings.push(STRAY_KEY.found(&[&place, does], &[&typed, &typed]).at(path));
    }
    let renewed = file.renewed();
    if renewed.read().is_ok_and(|key| !holders.hold(&key)) {
        let path = disk::without_links(renewed.path());
        let found = LEFT_RENEWAL.found(&[&env::tilde(&path)], &[]).at(&path);
        findings.push(found.mended_by(Repair::Remove));
    }
}

/// Opens every secret. One that does not open is told, and the others go on.
fn secrets(excerpt: &Excerpt<'_>, findings: &mut Vec<Finding>) -> Result<Vec<Option<Secret>>, KeeperError> {
    let opened = excerpt.release_all()?;
    let mut secrets = Vec::with_capacity(opened.len());
    for (secret, token) in opened.into_iter().zip(excerpt.inventory().tokens()) {
        secrets.push(match secret {
            Ok(secret) => Some(secret),
            Err(error) => {
                let hint = error.hint().unwrap_or_default();
                let found = SECRET_DAMAGED.found(&[&line_of(&error)], &[&hint]);
                findings.push(Finding { token: Some(token.name.to_string()), ..found });
                None
            }
        });
    }
    Ok(secrets)
}
