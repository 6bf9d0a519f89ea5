//! Removes imported logins from their sources, once they are in the vault.

use std::collections::HashMap;
use std::path::PathBuf;

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::docker::client_logins::{ClientLogins, FoundLogin, LoginFile, LoginSource};
use crate::docker::config::helper_lookup::{ConfigOwner, HelperLookup};
use crate::docker::config::logins::{EntryRemainder, PlainLogin};
use crate::docker::config::{ConfigFile, backup_path, clean_backup};
use crate::docker::helper_name::HelperName;
use crate::docker::other_helper::OtherHelper;
use crate::docker::setup;
use crate::docker::wire::Credentials;
use crate::model::hint::{Hint, program};
use crate::model::listing::list;
use crate::model::name::quoted;
use crate::model::registry::Key;
use crate::system::env;

/// The registries for which a client does not ask this program, by the file that decides it. The client would lose
/// their logins if they were removed, so they stay.
pub(super) struct Unserved<'l> {
    file: &'l LoginFile,
    /// The registries as the client names them.
    names: Vec<String>,
}

/// Returns the registries whose logins stay, of the first file that has any.
pub(super) fn unserved_registries(logins: &ClientLogins) -> Option<Unserved<'_>> {
    let mut unserved: Option<Unserved> = None;
    for (found, credentials) in logins.credentials() {
        let Some(file) = logins.deciding_file(found.source) else { continue };
        if logins.is_served(found.source, &credentials.key) {
            continue;
        }
        let unserved = unserved.get_or_insert(Unserved { file, names: Vec::new() });
        let name = file.owner.lookup_name(&credentials.key);
        if unserved.file.config.path() == file.config.path()
            && unserved.names.iter().all(|other| other != name)
        {
            unserved.names.push(name.to_owned());
        }
    }
    unserved
}

/// Returns the error for logins that were not removed.
pub(super) fn refusal(Unserved { file, names }: Unserved<'_>) -> CommandError {
    match install_command(&file.config, &names, file.owner) {
        Ok(install) => LogoutError { path: file.config.path().to_owned(), names, install }.into(),
        Err(error) => error,
    }
}

/// True when a login can be removed without the client losing it.
pub(super) fn can_remove_any(logins: &ClientLogins) -> bool {
    logins.credentials().any(|(found, credentials)| is_served(logins, found, credentials))
}

/// True when the client asks this program for a login.
fn is_served(logins: &ClientLogins, found: &FoundLogin, credentials: &Credentials) -> bool {
    logins.is_served(found.source, &credentials.key)
}

/// Returns the command that makes a client ask this program.
fn install_command(
    config: &ConfigFile,
    names: &[String],
    owner: ConfigOwner,
) -> Result<String, CommandError> {
    let path = config.path();
    let (usual, variable, value, podman) = match owner {
        ConfigOwner::Docker => (env::docker_config(), "DOCKER_CONFIG", path.parent().unwrap_or(path), ""),
        ConfigOwner::Podman => (env::podman_auth(), "REGISTRY_AUTH_FILE", path, " --podman"),
    };
    let is_usual = usual.is_ok_and(|usual| usual == path);
    let prefix =
        if is_usual { String::new() } else { format!("{variable}={} ", quoted(&value.to_string_lossy())) };
    // Docker asks one helper for all registries, except for those that have a helper of their own.
    let with_helpers = config.registries_with_helpers()?;
    let is_each = owner == ConfigOwner::Podman || names.iter().any(|name| with_helpers.contains(name));
    let registries = names.iter().filter(|_| is_each).map(|name| format!(" --registry {}", quoted(name)));
    Ok(format!("{prefix}{} install{podman}{}", program(), registries.collect::<String>()))
}

/// Removes every login that was read back from the vault. Returns the number of helpers that failed; each error
/// is printed.
pub(super) fn remove(logins: &ClientLogins, cx: &mut CommandContext) -> Result<usize, CommandError> {
    let mut failed = 0;
    for (index, helper) in logins.helpers.iter().enumerate() {
        if !erase(logins, index, helper, cx)? {
            failed += 1;
        }
    }
    for (index, file) in logins.files.iter().enumerate() {
        remove_from_file(logins, index, file, cx)?;
    }
    Ok(failed)
}

/// Returns the logins of a source that are in the vault, and that the client no longer needs there.
fn removable(logins: &ClientLogins, source: LoginSource) -> impl Iterator<Item = &Credentials> {
    let found = logins.credentials().filter(move |(found, _)| found.source == source);
    found.filter(|(found, login)| is_served(logins, found, login)).map(|(_, login)| login)
}

/// The helpers that a client calls while `install` and `uninstall` wait for this program.
struct LockedLookup<L> {
    _lock: L,
    /// `None` when no file decides.
    lookup: Option<HelperLookup>,
}

impl<L> LockedLookup<L> {
    /// True when the client asks this program for a key.
    fn is_served(&self, key: &Key) -> bool {
        self.lookup.as_ref().and_then(|lookup| lookup.helper_for(key)).is_some_and(HelperName::is_ours)
    }
}

/// Reads the helpers that the client now calls for the logins of a source. An `uninstall` since they were found
/// makes the client need these logins again.
fn lock_lookup(
    logins: &ClientLogins,
    source: LoginSource,
) -> Result<LockedLookup<impl Sized + use<>>, CommandError> {
    let lock = setup::lock(&env::Folders::find()?.setup())?;
    let file = logins.deciding_file(source);
    let read = |file: &LoginFile| ConfigFile::read(file.config.path().to_owned())?.helper_lookup(file.owner);
    Ok(LockedLookup { _lock: lock, lookup: file.map(read).transpose()? })
}

/// Erases the logins of one helper. Returns false when that fails.
fn erase(
    logins: &ClientLogins,
    index: usize,
    helper: &OtherHelper,
    cx: &mut CommandContext,
) -> Result<bool, CommandError> {
    let mut erased = 0;
    let source = LoginSource::Helper(index);
    for credentials in removable(logins, source) {
        let now = lock_lookup(logins, source)?;
        if !now.is_served(&credentials.key) {
            let key = credentials.key.as_str();
            cx.say(&format!("this program is no longer called for {key}: left in {}", helper.program()));
            continue;
        }
        match helper.erase(credentials) {
            Ok(true) => erased += 1,
            Ok(false) => {
                let key = credentials.key.as_str();
                cx.say(&format!("{} has something else for {key} by now: left there", helper.program()));
            }
            Err(error) => {
                cx.say(&format!("{}: error: {}", program(), CommandError::from(error).line()));
                return Ok(false);
            }
        }
    }
    if erased > 0 {
        cx.say(&format!("{erased} erased from {}", helper.program()));
    }
    Ok(true)
}

/// Removes the plain text from a client's file as it is now. Logins that changed in the meantime stay.
fn remove_from_file(
    logins: &ClientLogins,
    index: usize,
    LoginFile { config, owner, part, .. }: &LoginFile,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let path = config.path();
    let source = LoginSource::File(index);
    let now = lock_lookup(logins, source)?;
    let mut config = ConfigFile::read(path.to_owned())?;
    let mut by_key: HashMap<&str, Vec<&Credentials>> = HashMap::new();
    for old in removable(logins, source).filter(|old| now.is_served(&old.key)) {
        by_key.entry(old.key.as_str()).or_default().push(old);
    }
    let is_removable = |login: &PlainLogin| {
        login.credentials.as_ref().is_ok_and(|now| {
            let mut same_key = by_key.get(now.key.as_str()).into_iter().flatten();
            same_key.any(|old| *old.user == *now.user && old.secret.is_same_as(&now.secret))
        })
    };
    let plain = config.logins()?;
    let keys: Vec<&str> =
        plain.iter().filter(|login| is_removable(login)).map(|login| login.key.as_str()).collect();
    if !keys.is_empty() {
        let remainder = match owner {
            ConfigOwner::Docker => EntryRemainder::Entry,
            ConfigOwner::Podman => EntryRemainder::Nothing,
        };
        config.remove_logins(&keys, remainder)?;
        if part.is_some() {
            // The client reads nothing else for this part, and must ask this program from here too.
            config.set_store(Some(HelperName::for_profile(None).as_str()));
        }
        config.write()?;
        cx.say(&format!("{} taken out of {}", keys.len(), env::tilde(path)));
    }
    let changed = removable(logins, source).count().saturating_sub(keys.len());
    if changed > 0 {
        cx.say(&format!("{changed} changed in {} meanwhile: left there", env::tilde(path)));
    }
    if clean_backup(path)? {
        cx.say(&format!("the secrets in {} are taken out as well", env::tilde(&backup_path(path))));
    }
    Ok(())
}

/// A client that would no longer find its logins.
#[derive(Debug, Error)]
#[error("{} does not call this program for {}: it would be logged out there", path.display(), list(names))]
struct LogoutError {
    path: PathBuf,
    /// The registries as the client names them.
    names: Vec<String>,
    /// The command that makes the client call this program.
    install: String,
}

impl Hint for LogoutError {
    fn hint(&self) -> Option<String> {
        Some(format!("{}, then import again", self.install))
    }
}
