//! Removes imported logins from their sources, once they are in the vault.

use std::path::PathBuf;

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::ImportPlan;
use crate::command::import::sources::{FoundLogin, ImportSource};
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::logins::{EntryRemainder, PlainLogin};
use crate::docker::config::{ConfigError, ConfigFile, backup_path, clean_backup};
use crate::docker::other_helper::OtherHelper;
use crate::docker::setup;
use crate::docker::setup::HelperName;
use crate::docker::wire::Credentials;
use crate::model::hint::{Hint, program};
use crate::model::name::quoted;
use crate::system::env;

/// Returns the client's names of the registries for which it does not ask this program. The client would lose
/// their logins if they were removed, so they stay.
pub(super) fn unserved_registries(plan: &ImportPlan) -> Result<Vec<String>, CommandError> {
    let mut names: Vec<String> = Vec::new();
    for credentials in plan.credentials() {
        let name = plan.owner.lookup_name(&credentials.key);
        if !is_served(plan, credentials)? && names.iter().all(|other| other != name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Returns the error for logins that were not removed.
pub(super) fn refusal(plan: &ImportPlan, names: Vec<String>) -> CommandError {
    match install_command(&plan.config, &names, plan.owner) {
        Ok(install) => LogoutError { path: plan.config.path().to_owned(), names, install }.into(),
        Err(error) => error,
    }
}

/// True when a login can be removed without the client losing it.
pub(super) fn can_remove_any(plan: &ImportPlan) -> bool {
    plan.credentials().any(|credentials| is_served(plan, credentials).unwrap_or_default())
}

/// True when the client asks this program for a login.
fn is_served(plan: &ImportPlan, credentials: &Credentials) -> Result<bool, ConfigError> {
    let helper = plan.config.helper_for(&credentials.key, plan.owner)?;
    Ok(helper.as_deref().is_some_and(HelperName::is_ours))
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
pub(super) fn remove(plan: &ImportPlan, cx: &mut CommandContext) -> Result<usize, CommandError> {
    let helpers = plan.helpers.iter().enumerate();
    let failed = helpers.filter(|(index, helper)| !erase(plan, *index, helper, cx)).count();
    remove_from_file(plan, cx)?;
    Ok(failed)
}

/// Returns the logins of a source that are in the vault, and that the client no longer needs there.
fn removable(plan: &ImportPlan, source: ImportSource) -> impl Iterator<Item = &Credentials> {
    let found = plan.found.iter().filter(move |found| found.source == source);
    found.filter_map(FoundLogin::credentials).filter(|login| is_served(plan, login).unwrap_or_default())
}

/// Erases the logins of one helper. Returns false when that fails.
fn erase(plan: &ImportPlan, index: usize, helper: &OtherHelper, cx: &mut CommandContext) -> bool {
    let mut erased = 0;
    for credentials in removable(plan, ImportSource::Helper(index)) {
        match helper.erase(credentials) {
            Ok(true) => erased += 1,
            Ok(false) => {
                let key = credentials.key.as_str();
                cx.say(&format!("{} has something else for {key} by now: left there", helper.program()));
            }
            Err(error) => {
                cx.say(&format!("{}: error: {}", program(), CommandError::from(error).line()));
                return false;
            }
        }
    }
    if erased > 0 {
        cx.say(&format!("{erased} erased from {}", helper.program()));
    }
    true
}

/// Removes the plain text from the client's file as it is now. Logins that changed in the meantime stay.
fn remove_from_file(plan: &ImportPlan, cx: &mut CommandContext) -> Result<(), CommandError> {
    let path = plan.config.path();
    let memory = env::Folders::find()?.setup();
    let _lock = setup::lock(&memory)?;
    let mut config = ConfigFile::read(path.to_owned())?;
    let is_removable = |login: &PlainLogin| {
        login.credentials.as_ref().is_ok_and(|now| {
            removable(plan, ImportSource::File)
                .any(|old| old.key == now.key && *old.user == *now.user && old.secret.is_same_as(&now.secret))
        })
    };
    let logins = config.logins()?;
    let keys: Vec<&str> =
        logins.iter().filter(|login| is_removable(login)).map(|login| login.key.as_str()).collect();
    if !keys.is_empty() {
        let remains = match plan.owner {
            ConfigOwner::Docker => EntryRemainder::Entry,
            ConfigOwner::Podman => EntryRemainder::Nothing,
        };
        config.remove_logins(&keys, remains)?;
        config.write()?;
        cx.say(&format!("{} taken out of {}", keys.len(), env::tilde(path)));
    }
    let changed = removable(plan, ImportSource::File).count().saturating_sub(keys.len());
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
#[error("{} does not call this program for {}: it would be logged out there", path.display(), names.join(", "))]
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
