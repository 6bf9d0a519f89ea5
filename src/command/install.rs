//! `install` and `uninstall`: make this program the credential helper of Docker or podman, and undo that.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::docker::config::ConfigFile;
use crate::docker::helper_name::HelperName;
use crate::docker::setup::{HelperSlot, SetupChange};
use crate::docker::{profile_link, setup};
use crate::inventory::Inventory;
use crate::model::hint::program;
use crate::model::registry::{Address, DOCKER_HUB_KEY, Registry, host_as_written};
use crate::model::scope::Scope;
use crate::provider::WELL_KNOWN;
use crate::system::env;
use crate::vault::keys::HolderKind;

/// Which set-up is meant
#[derive(Debug, clap::Args)]
pub struct InstallArgs {
    /// Only for this registry (`credHelpers`); may be given more than once
    #[arg(long, short, value_name = "HOST")]
    registry: Vec<String>,
    /// For podman, skopeo and buildah instead of Docker. They name a helper for each registry:
    /// without --registry, for those that the vault, their file and this program know
    #[arg(long)]
    podman: bool,
    /// Under the name of a profile, whose choices and logins come first: makes the link
    /// docker-credential-pat-PROFILE beside this program
    #[arg(long, requires = "registry", value_parser = args::parse_profile)]
    profile: Option<String>,
}

/// Makes this program the helper. After an error the client's file is unchanged.
pub fn install(args: &InstallArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let record = env::Folders::find()?.setup();
    let _lock = setup::lock(&record)?;
    let config = args.config()?;
    let path = env::tilde(config.path());
    let slots = args.slots(&config, &cx.store.inventory()?)?;
    let notes = config_notes(&config, &slots, args.podman)?;
    if let Some(profile) = &args.profile {
        let link = profile_link_path(profile)?;
        profile_link::make(&link)?;
        cx.say(&format!("{} calls this program for the profile \"{profile}\"", env::tilde(&link)));
    }
    let helper = HelperName::for_profile(args.profile.as_deref());
    let changes = setup::install(&record, config, &slots, &helper)?;
    for (slot, change) in slots.iter().zip(&changes) {
        cx.say(&change_words(&path, slot, change));
    }
    cx.say(&make_vault(cx)?);
    for note in notes {
        cx.say(&note);
    }
    let client = if args.podman { "podman" } else { "docker" };
    if env::find_program(env::PROGRAM).is_some() {
        cx.say(&format!("next: {client} login, or {} add", program()));
    } else {
        cx.say("clients will not find this program: add its folder to PATH");
    }
    Ok(())
}

/// Restores the earlier helper. After an error the client's file is unchanged.
pub fn uninstall(args: &InstallArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let record = env::Folders::find()?.setup();
    let _lock = setup::lock(&record)?;
    let config = args.config()?;
    let path = env::tilde(config.path());
    let slots = if args.registry.is_empty() {
        args.current_slots(&config)?
    } else {
        args.slots(&config, &Inventory::default())?
    };
    let profiles = configured_profiles(&config)?;
    let helper = args.profile.as_deref().map(|profile| HelperName::for_profile(Some(profile)));
    let changes = setup::uninstall(&record, config, &slots, helper.as_ref())?;
    for (slot, change) in slots.iter().zip(&changes) {
        cx.say(&change_words(&path, slot, change));
    }
    for profile in profiles.iter().chain(&args.profile).filter(|profile| !is_called(profile)) {
        let link = profile_link_path(profile)?;
        if profile_link::remove(&link)? {
            cx.say(&format!("removed {}", env::tilde(&link)));
        }
    }
    let vault = env::tilde(cx.store.path());
    if cx.store.path().exists() {
        cx.say(&format!("the tokens are still in {vault}"));
    }
    Ok(())
}

impl InstallArgs {
    fn config(&self) -> Result<ConfigFile, CommandError> {
        let path = if self.podman { env::podman_auth()? } else { env::docker_config()? };
        Ok(ConfigFile::read(path)?)
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
            let logins = config.plain_logins()?;
            let in_file = logins.iter().filter_map(|key| Address::parse(key)).map(|at| at.registry().clone());
            let in_vault = inventory
                .tokens()
                .iter()
                .flat_map(|token| &token.scopes)
                .filter_map(Scope::registry)
                .cloned();
            let well_known = WELL_KNOWN.iter().filter_map(|host| Registry::parse(host));
            keys.extend(in_file.chain(in_vault).chain(well_known).map(|registry| self.key_of(&registry)));
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

/// Returns notes on other helpers and on logins in plain text in the same file.
fn config_notes(
    config: &ConfigFile,
    slots: &[HelperSlot],
    is_podman: bool,
) -> Result<Vec<String>, CommandError> {
    let mut notes = Vec::new();
    if slots.contains(&HelperSlot::Every) {
        for key in config.registries_with_helpers()? {
            match config.helper(&key)? {
                Some(helper) if !HelperName::is_ours(&helper) => {
                    notes.push(format!("{key} keeps its own helper, \"{helper}\""));
                }
                Some(_) | None => {}
            }
        }
    }
    let is_affected = |login: &String| {
        let registry = Address::parse(login).map(|address| address.registry().clone());
        slots.iter().any(|slot| match slot {
            HelperSlot::Every => true,
            HelperSlot::One(key) => Address::parse(key).map(|address| address.registry().clone()) == registry,
        })
    };
    let plain: Vec<String> = config.plain_logins()?.into_iter().filter(is_affected).collect();
    if !plain.is_empty() {
        let (path, plain) = (env::tilde(config.path()), plain.join(", "));
        notes.push(format!("{path} holds logins in plain text, which are not asked for any more: {plain}"));
        let podman = if is_podman { " --podman" } else { "" };
        notes.push(format!("{} import{podman} --remove takes them over and out of there", program()));
    }
    Ok(notes)
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
