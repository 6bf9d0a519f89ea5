//! `install` and `uninstall`: make this program the credential helper of Docker or podman, and undo that.

mod handback;
mod takeover;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::install::handback::Handback;
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
use crate::model::registry::{Address, DOCKER_HUB_KEY, Registry, host_as_written};
use crate::model::scope::Scope;
use crate::provider::WELL_KNOWN;
use crate::system::env;
use crate::system::sanitize::error_chain;
use crate::vault::keys::HolderKind;

/// Which set-up is meant
#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Leave existing logins where they are; the client does not find them any more
    #[arg(long)]
    no_import: bool,
}

/// Which set-up is removed
#[derive(Debug, clap::Args)]
pub struct UninstallArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Write logins back into the client's file in plain text where no other helper keeps them
    #[arg(long)]
    plain_text: bool,
}

/// The client's file, and the entries in it
#[derive(Debug, clap::Args)]
struct ClientArgs {
    /// Only for this registry (`credHelpers`); may be given more than once
    #[arg(long, short, value_name = "HOST")]
    registry: Vec<String>,
    /// For podman, skopeo and buildah instead of Docker. They name a helper for each registry:
    /// without --registry, for those that the vault, their files and this program know
    #[arg(long)]
    podman: bool,
    /// Under the name of a profile, whose choices and logins come first: makes the link
    /// docker-credential-pat-PROFILE beside this program
    #[arg(long, requires = "registry", value_parser = args::parse_profile)]
    profile: Option<String>,
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
        } else if copied > 0 {
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

impl ClientArgs {
    fn owner(&self) -> ConfigOwner {
        if self.podman { ConfigOwner::Podman } else { ConfigOwner::Docker }
    }

    fn podman_option(&self) -> &'static str {
        if self.podman { " --podman" } else { "" }
    }

    /// Reads the client's file.
    fn config(&self) -> Result<ConfigFile, CommandError> {
        let path = if self.podman { env::podman_auth()? } else { env::docker_config()? };
        Ok(ConfigFile::read(path)?)
    }

    /// Reads the other files from which the client gets logins, in its order.
    fn other_files(&self) -> Result<Vec<ConfigFile>, CommandError> {
        if !self.podman {
            return Ok(Vec::new());
        }
        let own = env::podman_own_files()?.into_iter().skip(1);
        let files = own.chain(env::docker_config()).map(ConfigFile::read);
        Ok(files.collect::<Result<_, _>>()?)
    }

    /// Returns the entries to set in the client's file.
    fn slots(&self, config: &ConfigFile, inventory: &Inventory) -> Result<Vec<HelperSlot>, CommandError> {
        if self.registry.is_empty() && !self.podman {
            return Ok(vec![HelperSlot::Every]);
        }
        let mut keys = BTreeSet::new();
        for text in &self.registry {
            keys.insert(self.key_as_written(text)?);
        }
        if self.registry.is_empty() {
            let mut logins = config.plain_logins()?;
            for file in self.other_files()? {
                logins.extend(file.plain_logins()?);
            }
            let in_files =
                logins.iter().filter_map(|key| Address::parse(key)).map(|at| at.registry().clone());
            let in_vault = inventory
                .tokens()
                .iter()
                .flat_map(|token| &token.scopes)
                .filter_map(Scope::registry)
                .cloned();
            let well_known = WELL_KNOWN.iter().filter_map(|host| Registry::parse(host));
            keys.extend(in_files.chain(in_vault).chain(well_known).map(|registry| self.key_of(&registry)));
        }
        Ok(keys.into_iter().map(HelperSlot::One).collect())
    }

    /// Returns the entries that name this program now.
    fn current_slots(&self, config: &ConfigFile) -> Result<Vec<HelperSlot>, CommandError> {
        let mut slots = if self.podman { Vec::new() } else { vec![HelperSlot::Every] };
        for key in config.registries_with_helpers()? {
            if config.helper(&key)?.as_deref().is_some_and(HelperName::is_ours) {
                slots.push(HelperSlot::One(key));
            }
        }
        Ok(slots)
    }

    /// Returns the exact key under which the client looks up a registry. Clients keep the port and capitals, and
    /// know Docker Hub by only one name.
    fn key_as_written(&self, text: &str) -> Result<String, CommandError> {
        let address = Address::parse(text).filter(|address| address.repository().is_none());
        let address = address.ok_or_else(|| ArgumentError::NotOneRegistry(text.to_owned()))?;
        let host = host_as_written(text);
        if text == DOCKER_HUB_KEY || host.eq_ignore_ascii_case("docker.io") {
            return Ok(self.key_of(address.registry()));
        }
        Ok(host.to_owned())
    }

    fn key_of(&self, registry: &Registry) -> String {
        if self.podman { registry.as_str() } else { registry.docker_key() }.to_owned()
    }
}

/// Returns the profiles under which a client's file calls this program.
fn configured_profiles(config: &ConfigFile) -> Result<BTreeSet<String>, CommandError> {
    let mut profiles = BTreeSet::new();
    for key in config.registries_with_helpers()? {
        let helper = config.helper(&key)?;
        profiles.extend(helper.as_deref().and_then(HelperName::profile).map(str::to_owned));
    }
    Ok(profiles)
}

/// True when the file of Docker or podman still calls this program for a profile.
fn is_called(profile: &str) -> bool {
    let helper = HelperName::for_profile(Some(profile));
    let files = [env::docker_config(), env::podman_auth()];
    let files = files.into_iter().flatten().filter_map(|path| ConfigFile::read(path).ok());
    let calls = |config: &ConfigFile, key: &str| {
        config.helper(key).is_ok_and(|name| name.as_deref() == Some(helper.as_str()))
    };
    files.into_iter().any(|config| {
        let keys = config.registries_with_helpers().unwrap_or_default();
        keys.iter().any(|key| calls(&config, key))
    })
}

/// Returns the path of the link for a profile, in the folder of the program that clients find.
fn profile_link_path(profile: &str) -> Result<PathBuf, CommandError> {
    let program = match env::find_program(env::PROGRAM) {
        Some(program) => program,
        None => env::this_program()?,
    };
    let name = format!("{}-{profile}{}", env::PROGRAM, std::env::consts::EXE_SUFFIX);
    Ok(program.with_file_name(name))
}

/// Returns notes on registries that have another helper of their own.
fn other_helper_notes(config: &ConfigFile, slots: &[HelperSlot]) -> Result<Vec<String>, CommandError> {
    let mut notes = Vec::new();
    if slots.contains(&HelperSlot::Every) {
        for key in config.registries_with_helpers()? {
            match config.helper(&key)? {
                Some(helper) if !HelperName::is_ours(&helper) && !helper.is_empty() => {
                    notes.push(format!("{key} keeps its own helper, \"{helper}\""));
                }
                Some(_) | None => {}
            }
        }
    }
    Ok(notes)
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
