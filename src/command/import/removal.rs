//! Takes what is safely in the vault out of where it was.

use std::path::PathBuf;

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::ImportPlan;
use crate::command::import::found::{FoundLogin, ImportSource};
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::logins::{EntryRemainder, PlainLogin};
use crate::docker::config::{ConfigError, ConfigFile, backup_path, clean_backup};
use crate::docker::setup;
use crate::docker::setup::HelperName;
use crate::docker::wire::Credentials;
use crate::model::hint::Hint;
use crate::model::name::quoted;
use crate::system::env;

/// Returns the owner's names of the registries for which it does not ask this program. What is taken out for
/// these would be lost to it, so it stays.
pub(super) fn spared(haul: &ImportPlan) -> Result<Vec<String>, CommandError> {
    let mut names: Vec<String> = Vec::new();
    for credentials in haul.found.iter().filter_map(FoundLogin::credentials) {
        let name = haul.owner.lookup_name(&credentials.key);
        if !is_called(haul, credentials)? && names.iter().all(|other| other != name) {
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

/// Tells why something was spared.
pub(super) fn would_log_out(haul: &ImportPlan, names: Vec<String>) -> Result<(), CommandError> {
    let install = install_for(&haul.config, &names, haul.owner)?;
    Err(WouldLogOut { path: haul.config.path().to_owned(), names, install }.into())
}

/// True when something can be taken out without a client's being logged out.
pub(super) fn is_possible(haul: &ImportPlan) -> bool {
    let mut all = haul.found.iter().filter_map(FoundLogin::credentials);
    all.any(|credentials| is_called(haul, credentials).unwrap_or_default())
}

fn is_called(haul: &ImportPlan, credentials: &Credentials) -> Result<bool, ConfigError> {
    let helper = haul.config.helper_for(&credentials.key, haul.owner)?;
    Ok(helper.as_deref().is_some_and(HelperName::is_ours))
}

/// Returns the command that makes the owner of a file ask this program.
fn install_for(config: &ConfigFile, names: &[String], owner: ConfigOwner) -> Result<String, CommandError> {
    let path = config.path();
    let (usual, variable, place, podman) = match owner {
        ConfigOwner::Docker => (env::docker_config(), "DOCKER_CONFIG", path.parent().unwrap_or(path), ""),
        ConfigOwner::Podman => (env::podman_auth(), "REGISTRY_AUTH_FILE", path, " --podman"),
    };
    let is_usual = usual.is_ok_and(|usual| usual == path);
    let mut command = String::new();
    if !is_usual {
        command = format!("{variable}={} ", quoted(&place.to_string_lossy()));
    }
    command.push_str(env::PROGRAM);
    command.push_str(" install");
    command.push_str(podman);
    // Docker asks one helper for all, but where a registry has its own.
    let own = config.registries_with_helpers()?;
    if owner == ConfigOwner::Podman || names.iter().any(|name| own.contains(name)) {
        for name in names {
            command.push_str(" --registry ");
            command.push_str(&quoted(name));
        }
    }
    Ok(command)
}

/// Takes everything out that was read back from the vault. Returns how many helpers did not do their part;
/// each was told.
pub(super) fn remove(haul: &ImportPlan, cx: &mut CommandContext) -> Result<usize, CommandError> {
    let troubles = (0..haul.helpers.len()).filter(|at| !erase(haul, *at, cx)).count();
    remove_logins(haul, cx)?;
    Ok(troubles)
}

/// Returns what of a source is in the vault, and needed there no more.
fn kept(haul: &ImportPlan, source: ImportSource) -> impl Iterator<Item = &Credentials> {
    let found = haul.found.iter().filter(move |found| found.source == source);
    found.filter_map(FoundLogin::credentials).filter(|kept| is_called(haul, kept).unwrap_or_default())
}

/// Has one helper forget what it gave.
fn erase(haul: &ImportPlan, at: usize, cx: &mut CommandContext) -> bool {
    let Some(helper) = haul.helpers.get(at) else { return true };
    let mut erased = 0;
    for credentials in kept(haul, ImportSource::Helper(at)) {
        match helper.erase(credentials) {
            Ok(true) => erased += 1,
            Ok(false) => {
                let key = credentials.key.as_str();
                cx.say(&format!("{} has something else for {key} by now: left there", helper.program()));
            }
            Err(error) => {
                cx.say(&format!("docker-credential-pat: error: {}", CommandError::from(error).line()));
                return false;
            }
        }
    }
    if erased > 0 {
        cx.say(&format!("{erased} erased from {}", helper.program()));
    }
    true
}

/// Takes the plain text out of the client's file as it is now: what has changed meanwhile stays.
fn remove_logins(haul: &ImportPlan, cx: &mut CommandContext) -> Result<(), CommandError> {
    let path = haul.config.path();
    let memory = env::Folders::find()?.setup();
    let _lock = setup::lock(&memory)?;
    let mut config = ConfigFile::read(path.to_owned())?;
    let is_kept = |login: &PlainLogin| {
        login.credentials.as_ref().is_ok_and(|now| {
            kept(haul, ImportSource::File).any(|kept| {
                kept.key == now.key && *kept.user == *now.user && kept.secret.is_same_as(&now.secret)
            })
        })
    };
    let logins = config.logins()?;
    let keys: Vec<&str> =
        logins.iter().filter(|login| is_kept(login)).map(|login| login.key.as_str()).collect();
    if !keys.is_empty() {
        let remains = match haul.owner {
            ConfigOwner::Docker => EntryRemainder::Entry,
            ConfigOwner::Podman => EntryRemainder::Nothing,
        };
        config.remove_logins(&keys, remains)?;
        config.write()?;
        cx.say(&format!("{} taken out of {}", keys.len(), env::tilde(path)));
    }
    let left = kept(haul, ImportSource::File).count().saturating_sub(keys.len());
    if left > 0 {
        cx.say(&format!("{left} changed in {} meanwhile: left there", env::tilde(path)));
    }
    if clean_backup(path)? {
        cx.say(&format!("the secrets in {} are taken out as well", env::tilde(&backup_path(path))));
    }
    Ok(())
}

/// A client that would not find its logins any more.
#[derive(Debug, Error)]
#[error("{} does not call this program for {}: it would be logged out there", path.display(), names.join(", "))]
struct WouldLogOut {
    path: PathBuf,
    /// The client's names of the registries.
    names: Vec<String>,
    /// The command that makes the client call this program.
    install: String,
}

impl Hint for WouldLogOut {
    fn hint(&self) -> Option<String> {
        Some(format!("{}, then import again", self.install))
    }
}
