//! Backups: copies of the vault that only a passphrase opens.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::inventory::merge::MergeReport;
use crate::model::choice::Choice;
use crate::model::hint::{Hint, program};
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::system::disk;
use crate::system::disk::DiskError;
use crate::system::tty::TtyError;
use crate::vault::VaultError;
use crate::vault::file::{Vault, VaultContents};
use crate::vault::format::layout::MAX_FILE_BYTES;
use crate::vault::keys::passphrase::{PassphraseError, PassphraseHolder};
use crate::vault::keys::{Holder, HolderKind};
use crate::vault::seal::VaultKey;
use crate::vault::store::{StoreError, VaultStore};

/// The size in bytes of the longest token that is restored, without its secrets. All texts of a token together are
/// shorter, because no system has room for more in a command line.
const MAX_ENTRY_BYTES: u64 = 1024 * 1024;

/// The size in bytes of the texts of the longest choice that is restored: a registry and two paths.
const MAX_CHOICE_BYTES: usize = 16 * 1024;

/// The end of the name under which a backup is written before it replaces an earlier one. A killed process leaves such a
/// file, and the next backup replaces it; a person has no reason to choose this name.
const NEW_SUFFIX: &str = ".docker-credential-pat.new";

/// The reason why a backup cannot be made or restored.
#[derive(Debug, Error)]
pub enum BackupError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    #[error("there is no vault yet")]
    NoVault,
    /// The path for a new backup is taken.
    #[error("{} exists already, and is not a backup", path.display())]
    Occupied { path: PathBuf },
    #[error("the backup {} does not exist", path.display())]
    Missing { path: PathBuf },
    #[error("{} is not a backup of this program", path.display())]
    NotABackup { path: PathBuf },
    #[error("{} is not a backup of this program: it is larger than {} MiB", path.display(), MAX_FILE_BYTES >> 20)]
    TooLarge { path: PathBuf },
    #[error("the backup {} is damaged", path.display())]
    Damaged { path: PathBuf },
    #[error("that is not the backup's passphrase")]
    WrongPassphrase,
    #[error("the backup's passphrase is needed")]
    NotEntered(#[source] TtyError),
    /// The file is a vault, but a passphrase is not one of its key holders.
    #[error("{} is not a backup: no passphrase opens it", path.display())]
    NoPassphrase { path: PathBuf },
}

impl From<VaultError> for BackupError {
    fn from(error: VaultError) -> Self {
        Self::Store(error.into())
    }
}

impl Hint for BackupError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Store(error) => error.hint(),
            Self::WrongPassphrase => {
                Some("try again: the backup has the passphrase that it was made with".to_owned())
            }
            Self::NotEntered(_) => {
                Some(format!("{} restore FILE --passphrase-file PASSPHRASE-FILE", program()))
            }
            Self::Passphrase(error) => error.hint(),
            Self::NoVault => Some(format!("docker login, or {} add, makes one", program())),
            Self::Occupied { .. } => Some("choose another name; nothing was overwritten".to_owned()),
            Self::Missing { .. } => None,
            Self::NotABackup { .. } | Self::TooLarge { .. } => {
                Some(format!("nothing was changed; name a file that `{} backup` wrote", program()))
            }
            Self::Damaged { .. } => {
                Some(format!("nothing was changed; name another file that `{} backup` wrote", program()))
            }
            Self::NoPassphrase { .. } => {
                Some("a copy of the vault itself goes back to its place, with its key".to_owned())
            }
        }
    }
}

/// Checks what can be checked before a passphrase is asked for: that there is a vault, and a place for its backup.
pub fn check(store: &VaultStore, file: &Path) -> Result<(), BackupError> {
    store.holders()?.ok_or(BackupError::NoVault)?;
    ensure_replaceable(file, store)?;
    match file.parent().filter(|folder| disk::is_missing(folder)) {
        Some(folder) => Err(VaultError::from(DiskError::NoFolder { path: folder.to_owned() }).into()),
        None => Ok(()),
    }
}

/// Writes a copy of the vault to a file durably, encrypted with a new key that only the passphrase opens.
/// Replaces an earlier backup. Returns the number of tokens.
pub fn create(store: &VaultStore, file: &Path, passphrase: &str) -> Result<usize, BackupError> {
    check(store, file)?;
    let key = VaultKey::generate().map_err(VaultError::from)?;
    let holder = Holder::Passphrase(PassphraseHolder::new(&key, passphrase)?);
    store.change(|draft| {
        draft.copy_to(file.to_owned(), NEW_SUFFIX, key, holder)?.write()?;
        Ok(draft.inventory.tokens().len())
    })
}

/// Checks that the path is free or has an earlier backup: a vault that only a passphrase opens, other than
/// the user's own vault.
fn ensure_replaceable(file: &Path, store: &VaultStore) -> Result<(), BackupError> {
    let occupied = || BackupError::Occupied { path: file.to_owned() };
    if disk::without_links(file) == disk::without_links(store.path()) {
        return Err(occupied());
    }
    store.refuse_own(file).map_err(VaultError::from)?;
    let is_passphrase = |holder: &Holder| holder.kind() == HolderKind::Passphrase;
    match Vault::find(file).and_then(|vault| vault.map(|vault| vault.all_contents()).transpose()) {
        Ok(None) => Ok(()),
        Ok(Some(contents)) if contents.holders.list.iter().all(is_passphrase) => Ok(()),
        Err(VaultError::Disk(error @ DiskError::Read { .. })) => Err(VaultError::from(error).into()),
        Ok(Some(_)) | Err(_) => Err(occupied()),
    }
}

/// Converts the error of a file that is read as a backup. Its remedy is not that of a damaged vault.
fn unusable(file: &Path, error: VaultError) -> BackupError {
    let path = file.to_owned();
    match error {
        VaultError::FileTooLarge { .. } => BackupError::TooLarge { path },
        VaultError::Empty { .. }
        | VaultError::NotAVault { .. }
        | VaultError::Disk(DiskError::NotAFile { .. }) => BackupError::NotABackup { path },
        VaultError::Damaged { .. }
        | VaultError::Tampered { .. }
        | VaultError::WrongKey { .. }
        | VaultError::DamagedSecret { .. } => BackupError::Damaged { path },
        other => other.into(),
    }
}

/// False for a backup that this program cannot have written: two tokens with one name or one id, or longer texts than a
/// person can enter.
fn is_restorable(contents: &VaultContents) -> bool {
    let (mut names, mut ids) = (HashSet::new(), HashSet::new());
    let mut tokens = contents.inventory.tokens().iter();
    let mut lengths = contents.pointers.iter().map(|pointer| pointer.range.end - pointer.range.start);
    let text_bytes = |choice: &Choice| {
        let texts = [choice.profile.as_ref(), choice.directory.as_ref()];
        choice.scope.to_string().len() + texts.into_iter().flatten().map(String::len).sum::<usize>()
    };
    tokens.all(|token| names.insert(&token.name) && ids.insert(token.id))
        && lengths.all(|length| length <= MAX_ENTRY_BYTES)
        && contents.inventory.choices().iter().all(|choice| text_bytes(choice) <= MAX_CHOICE_BYTES)
}

/// An open backup with all its secrets.
pub struct OpenedBackup {
    contents: VaultContents,
    secrets: BTreeMap<TokenId, Secret>,
    previous_secrets: BTreeMap<TokenId, Secret>,
}

impl OpenedBackup {
    /// Opens a backup and decrypts all its secrets. `key_of` returns the key, from the holder in the backup.
    pub fn open(
        file: &Path,
        key_of: impl FnOnce(&PassphraseHolder) -> Result<VaultKey, PassphraseError>,
    ) -> Result<Self, BackupError> {
        let path = || file.to_owned();
        let unusable = |error| unusable(file, error);
        let vault =
            Vault::find(file).map_err(unusable)?.ok_or_else(|| BackupError::Missing { path: path() })?;
        let contents = vault.all_contents().map_err(unusable)?;
        if !is_restorable(&contents) {
            return Err(BackupError::Damaged { path: path() });
        }
        let Some(Holder::Passphrase(passphrase)) = contents.holders.find(HolderKind::Passphrase) else {
            return Err(BackupError::NoPassphrase { path: path() });
        };
        let key = key_of(passphrase).map_err(|error| match error {
            PassphraseError::Wrong => BackupError::WrongPassphrase,
            PassphraseError::NotEntered(source) => BackupError::NotEntered(source),
            PassphraseError::UnsupportedCost { .. } => BackupError::NotABackup { path: path() },
            other => other.into(),
        })?;
        let unlocked = vault.unlock(key, &contents).map_err(unusable)?;
        let (mut secrets, mut previous_secrets) = (BTreeMap::new(), BTreeMap::new());
        for token in contents.inventory.tokens() {
            secrets.insert(token.id, unlocked.secret(token, &contents).map_err(unusable)?);
            if token.previous.is_some() {
                let previous = unlocked.previous_secret(token, &contents).map_err(unusable)?;
                previous_secrets.insert(token.id, previous);
            }
        }
        Ok(Self { contents, secrets, previous_secrets })
    }

    /// Returns the number of tokens.
    pub fn count(&self) -> usize {
        self.secrets.len()
    }

    /// Merges the backup's tokens into the vault by their names, and makes the vault if there is none. After an
    /// error, the vault is as it was.
    pub fn restore(&self, store: &VaultStore, now: Timestamp) -> Result<MergeReport, BackupError> {
        store.change(|draft| {
            let mut inventory = draft.inventory.clone();
            let is_same = |here: &Token, in_backup: &Token| {
                let secret = self.secrets.get(&in_backup.id);
                secret.is_some_and(|secret| draft.secret(here).is_ok_and(|other| other.is_same_as(secret)))
            };
            let merged = inventory.merge(&self.contents.inventory, is_same, now);
            draft.inventory = inventory;
            for (in_backup, id) in &merged.added {
                if let Some(secret) = self.secrets.get(in_backup) {
                    draft.set_secret(*id, secret)?;
                }
                if let Some(secret) = self.previous_secrets.get(in_backup) {
                    draft.set_previous_secret(*id, secret)?;
                }
            }
            Ok(merged)
        })
    }
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::inventory::tests::{incoming_token, inventory};
    use crate::inventory::{Counters, Inventory};
    use crate::model::scope::Scope;
    use crate::model::token::{Origin, UserName};
    use crate::vault::draft::Draft;

    /// Writes these contents to a backup, and opens it. Everybody can write one with a passphrase of their own.
    fn open(inventory: &Inventory) -> Result<OpenedBackup, BackupError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("backup");
        let key = VaultKey::generate().expect("a key");
        let holder = Holder::Passphrase(PassphraseHolder::new(&key, "correct horse").expect("wrapped"));
        let mut draft = Draft::new(path.clone(), key.duplicate(), holder);
        draft.inventory = inventory.clone();
        for token in inventory.tokens() {
            draft.set_secret(token.id, &Secret::new(Zeroizing::new("secret".to_owned()))).expect("sealed");
        }
        draft.write().expect("written");
        OpenedBackup::open(&path, |_| Ok(key))
    }

    #[test]
    fn a_backup_that_this_program_cannot_have_written_is_refused() {
        type Change = fn(&mut [Token], &mut Vec<Choice>);
        let two = inventory(&[("a", "ghcr.io", Origin::Add), ("b", "ghcr.io", Origin::Add)]);
        let cases: [(&str, bool, Change); 9] = [
            ("nothing", true, |_, _| {}),
            ("one name", false, |tokens, _| tokens[1].name = tokens[0].name.clone()),
            ("one id", false, |tokens, _| tokens[1].id = tokens[0].id),
            ("a label of a command line", true, |tokens, _| tokens[0].label = Some("L".repeat(1 << 17))),
            ("a long label", false, |tokens, _| tokens[0].label = Some("L".repeat(1 << 20))),
            ("a long user", false, |tokens, _| tokens[0].user = UserName::Named("u".repeat(1 << 20))),
            ("a long profile", false, |tokens, _| tokens[1].profile = Some("p".repeat(1 << 20))),
            ("a path of 4096 bytes", true, |_, choices| choices[0].directory = Some("/".repeat(4096))),
            ("a long path", false, |_, choices| choices[0].directory = Some("/".repeat(1 << 20))),
        ];
        for (case, is_opened, change) in cases {
            let scope = Scope::parse("ghcr.io").expect("a scope");
            let choice = Choice { scope, token: TokenId(1), profile: None, directory: None, direction: None };
            let (mut tokens, mut choices) = (two.tokens().to_vec(), vec![choice]);
            change(&mut tokens, &mut choices);
            let opened = open(&Inventory::new(tokens, choices, Counters::default()));
            match opened {
                Ok(opened) => assert!(is_opened && opened.count() == 2, "{case}"),
                Err(error) => {
                    assert!(!is_opened && error.to_string().ends_with("is damaged"), "{case}: {error}");
                }
            }
        }
        let mut one = Inventory::default();
        one.add(incoming_token("a", "ghcr.io", Origin::Add), Timestamp(0)).expect("a free name");
        assert!(open(&one).is_ok());
    }
}
