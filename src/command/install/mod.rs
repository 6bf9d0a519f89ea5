//! `install` and `uninstall`: make this program the credential helper of Docker or podman, and undo that.

mod client_args;
mod handback;
mod profile;
mod takeover;

use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::install::client_args::ClientArgs;
use crate::command::install::handback::Handback;
use crate::command::install::profile::{configured_profiles, is_called, profile_link_path};
use crate::command::install::takeover::Takeover;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::helper_name::HelperName;
use crate::docker::installed_clients::is_docker_from_snap;
use crate::docker::setup::{HelperSlot, SetupChange, SetupPlan};
use crate::docker::{profile_link, setup};
use crate::inventory::Inventory;
use crate::model::hint::{Hint, program};
use crate::model::name::quoted;
use crate::system::env;
use crate::system::sanitize::error_chain;
use crate::vault::keys::HolderKind;

/// Options of `install`
#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Leave existing logins where they are; the client does not find them any more
    #[arg(long)]
    no_import: bool,
}

/// Options of `uninstall`
#[derive(Debug, clap::Args)]
pub struct UninstallArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Write logins back into the client's file in plain text where no other helper keeps them
    #[arg(long)]
    plain_text: bool,
}

/// Makes this program the helper, after copying the logins that the client has. After an error the client's file is
/// unchanged.
pub fn install(args: &InstallArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let record = env::Folders::find()?.setup();
    check_path()?;
    let _lock = setup::lock(&record)?;
    let installation = Installation::prepare(args, &record, cx)?;
    if let Some(takeover) = &installation.takeover {
        takeover.confirm(cx)?;
    }
    if let Some(profile) = &args.client.profile {
        let link = profile_link_path(profile)?;
        profile_link::make(&link)?;
        cx.say(&format!("{} calls this program for the profile \"{profile}\"", env::tilde(&link)));
    }
    let holders = make_vault(cx)?;
    let copied = installation.takeover.as_ref().map_or(Ok(0), |takeover| takeover.run(cx))?;
    installation.finish(copied, &args.client, &holders, cx)
}

/// An installation that has changed nothing yet.
struct Installation {
    slots: Vec<HelperSlot>,
    /// The logins to copy; `None` with `--no-import`.
    takeover: Option<Takeover>,
    /// Sentences on registries that keep what they have.
    notes: Vec<String>,
    plan: SetupPlan,
}

impl Installation {
    /// Reads what the client has, and checks that its file can be written.
    fn prepare(args: &InstallArgs, record: &Path, cx: &CommandContext) -> Result<Self, CommandError> {
        let client = &args.client;
        let config = client.config()?;
        let mut slots = client.slots(&config, &cx.store.inventory()?)?;
        let takeover = if args.no_import {
            None
        } else {
            Some(Takeover::find(client.config()?, client.other_files()?, client.owner(), &slots)?)
        };
        let kept = takeover.as_ref().map(|takeover| takeover.kept.clone()).unwrap_or_default();
        let kept = keep_out(&mut slots, kept)?;
        let mut notes = takeover.as_ref().map(|takeover| takeover.notes.clone()).unwrap_or_default();
        notes.extend(other_helper_notes(&config, &slots)?);
        if client.owner() == ConfigOwner::Docker && is_docker_from_snap() {
            notes.push(
                "the docker command here is that of a snap, which finds no helper outside it".to_owned(),
            );
        }
        let helper = HelperName::for_profile(client.profile.as_deref());
        let mut plan = SetupPlan::install(record, config, &slots, &helper, &kept)?;
        if let Some(takeover) = &takeover {
            plan.config.add_entries(&takeover.names_to_enter())?;
        }
        plan.config.check_writable().map_err(|cause| {
            let line = setup_line(&slots, &helper);
            InstallError::Unwritable { cause, line }
        })?;
        Ok(Self { slots, takeover, notes, plan })
    }

    /// Writes the client's file, and says what was done and what is next.
    fn finish(
        mut self,
        copied: usize,
        client: &ClientArgs,
        holders: &str,
        cx: &mut CommandContext,
    ) -> Result<(), CommandError> {
        let path = env::tilde(self.plan.config.path());
        let changes = std::mem::take(&mut self.plan.changes);
        self.plan.write()?;
        for (slot, change) in self.slots.iter().zip(&changes) {
            cx.say(&change_words(&path, slot, change));
        }
        if copied > 0 {
            cx.say(&format!("{} in the vault, and read back from it", login_count(copied)));
        }
        self.notes.iter().for_each(|note| cx.say(note));
        cx.say(holders);
        let program = program();
        let plain_text = self.takeover.as_ref().and_then(Takeover::plain_text_file).map(env::tilde);
        cx.say(&if let Some(file) = plain_text {
            let podman = client.podman_option();
            format!("next: {program} import{podman} --remove takes the plain text out of {file}")
        } else if copied > 0 || !cx.store.inventory()?.tokens().is_empty() {
            format!("next: {program} ls")
        } else {
            format!("next: {} login, or {program} add", if client.podman { "podman" } else { "docker" })
        });
        Ok(())
    }
}

/// Restores the earlier helper, and gives the client back what it gets from this program now. After an error the
/// client's file is unchanged.
pub fn uninstall(args: &UninstallArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let client = &args.client;
    let record = env::Folders::find()?.setup();
    let _lock = setup::lock(&record)?;
    let config = client.config()?;
    let path = env::tilde(config.path());
    let slots = if client.registry.is_empty() {
        client.current_slots(&config)?
    } else {
        client.slots(&config, &Inventory::default())?
    };
    let profiles = configured_profiles(&config)?;
    let helper = client.profile.as_deref().map(|profile| HelperName::for_profile(Some(profile)));
    let plan = |config| SetupPlan::uninstall(&record, config, &slots, helper.as_ref());
    let future = plan(client.config()?)?.config;
    future.check_writable()?;
    let handback = Handback::find(&config, future, client.other_files()?, client.owner(), cx)?;
    let mut plan = plan(config)?;
    let report = handback.run(&mut plan.config, args.plain_text, cx)?;
    let changes = std::mem::take(&mut plan.changes);
    plan.write()?;
    for (slot, change) in slots.iter().zip(&changes) {
        cx.say(&change_words(&path, slot, change));
    }
    for profile in profiles.iter().chain(&client.profile).filter(|profile| !is_called(profile)) {
        let link = profile_link_path(profile)?;
        if profile_link::remove(&link)? {
            cx.say(&format!("removed {}", env::tilde(&link)));
        }
    }
    let vault = env::tilde(cx.store.path());
    if cx.store.path().exists() {
        cx.say(&format!("the tokens are still in {vault}"));
    }
    handback.report(&report, cx)
}

/// Returns notes on registries that have another helper of their own.
fn other_helper_notes(config: &ConfigFile, slots: &[HelperSlot]) -> Result<Vec<String>, CommandError> {
    if !slots.contains(&HelperSlot::Every) {
        return Ok(Vec::new());
    }
    let is_other = |(_, helper): &(String, String)| !helper.is_empty() && !HelperName::is_ours(helper);
    let others = config.own_helpers()?.into_iter().filter(is_other);
    Ok(others.map(|(key, helper)| format!("{key} keeps its own helper, \"{helper}\"")).collect())
}

/// Removes the slots of registries that keep what they have. Returns those that need an entry because this program
/// becomes the helper for every registry.
fn keep_out(
    slots: &mut Vec<HelperSlot>,
    kept: Vec<(String, String)>,
) -> Result<Vec<(String, String)>, CommandError> {
    if slots.contains(&HelperSlot::Every) {
        return Ok(kept);
    }
    slots.retain(|slot| !kept.iter().any(|(name, _)| matches!(slot, HelperSlot::One(key) if key == name)));
    match kept.first() {
        Some((name, _)) if slots.is_empty() => Err(InstallError::CannotCopy(name.clone()).into()),
        Some(_) | None => Ok(Vec::new()),
    }
}

/// Fails if clients would not find this program: they would ask it, and get nothing.
fn check_path() -> Result<(), CommandError> {
    if env::find_program(env::PROGRAM).is_some() {
        return Ok(());
    }
    let folder = env::this_program().ok().and_then(|program| program.parent().map(Path::to_owned));
    Err(InstallError::NotInPath(folder).into())
}

/// Returns the line of the client's file that makes this program its helper.
fn setup_line(slots: &[HelperSlot], helper: &HelperName) -> String {
    let helper = helper.as_str();
    let keys: Vec<String> = slots
        .iter()
        .filter_map(|slot| match slot {
            HelperSlot::Every => None,
            HelperSlot::One(key) => Some(format!("\"{key}\": \"{helper}\"")),
        })
        .collect();
    if keys.is_empty() {
        format!("\"credsStore\": \"{helper}\"")
    } else {
        format!("\"credHelpers\": {{{}}}", keys.join(", "))
    }
}

fn login_count(count: usize) -> String {
    if count == 1 { "1 login is".to_owned() } else { format!("{count} logins are") }
}

/// Makes the vault if there is none, so that its key holder is not chosen during a request, and returns a message
/// that names the holders.
fn make_vault(cx: &CommandContext) -> Result<String, CommandError> {
    let holders = cx.store.ensure_vault()?;
    let names = holders.list.iter().map(|holder| match holder.kind() {
        HolderKind::KeyFile => format!("the key file {}", env::tilde(cx.store.key_file().path())),
        kind => kind.name().to_owned(),
    });
    Ok(format!(
        "the key of the vault is kept by {} ({} key status)",
        names.collect::<Vec<_>>().join(" and "),
        program()
    ))
}

fn change_words(path: &str, slot: &HelperSlot, change: &SetupChange) -> String {
    let reach = slot.words();
    match change {
        SetupChange::Set(None) => format!("{path}: this program now keeps the credentials of {reach}"),
        SetupChange::Set(Some(earlier)) => {
            format!("{path}: this program now keeps the credentials of {reach}, instead of \"{earlier}\"")
        }
        SetupChange::AlreadySet => format!("{path}: this program keeps the credentials of {reach} already"),
        SetupChange::Restored(None) => {
            format!("{path}: this program no longer keeps the credentials of {reach}; no helper does")
        }
        SetupChange::Restored(Some(earlier)) => {
            format!("{path}: \"{earlier}\" keeps the credentials of {reach} again")
        }
        SetupChange::Kept(None) => format!("{path}: this program was not the helper for {reach}"),
        SetupChange::Kept(Some(other)) => {
            format!("{path}: \"{other}\" keeps the credentials of {reach}, and stays")
        }
    }
}

#[derive(Debug, Error)]
enum InstallError {
    #[error("clients would not find {}: its folder is not in PATH", env::PROGRAM)]
    NotInPath(Option<PathBuf>),
    #[error("the login at {0} cannot be copied, so nothing was changed")]
    CannotCopy(String),
    /// The line is what `install` would write.
    #[error("{}", error_chain(cause))]
    Unwritable { cause: ConfigError, line: String },
}

impl Hint for InstallError {
    fn hint(&self) -> Option<String> {
        let program = program();
        Some(match self {
            Self::NotInPath(Some(folder)) => {
                let folder = quoted(&folder.to_string_lossy()).into_owned();
                format!(
                    "run this, and add the export to ~/.profile: export PATH={folder}:\"$PATH\" && {program} install"
                )
            }
            Self::NotInPath(None) => {
                format!("add the folder of {program} to PATH, and repeat {program} install")
            }
            Self::CannotCopy(name) => {
                format!("{program} install --registry {} --no-import leaves it behind", quoted(name))
            }
            Self::Unwritable { line, .. } => {
                format!("if another program writes that file, let it write {line}; nothing was changed")
            }
        })
    }
}
