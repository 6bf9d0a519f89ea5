//! The client that `install` and `uninstall` are for, and the entries of its file.

use std::collections::BTreeSet;

use crate::command::args;
use crate::command::error::{ArgumentError, CommandError};
use crate::docker::config::ConfigFile;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::helper_name::HelperName;
use crate::docker::setup::HelperSlot;
use crate::inventory::Inventory;
use crate::model::registry::{Address, DOCKER_HUB_KEY, Registry, host_as_written};
use crate::model::scope::Scope;
use crate::provider::WELL_KNOWN;
use crate::system::env;

/// The client's file, and the entries in it
#[derive(Debug, clap::Args)]
pub(super) struct ClientArgs {
    /// Only for this registry (`credHelpers`); may be given more than once
    #[arg(long, short, value_name = "HOST")]
    pub(super) registry: Vec<String>,
    /// For podman, skopeo and buildah instead of Docker. They name a helper for each registry:
    /// without --registry, for those that the vault, their files and this program know
    #[arg(long)]
    pub(super) podman: bool,
    /// Under the name of a profile, whose choices and logins come first: makes the link
    /// docker-credential-pat-PROFILE beside this program
    #[arg(long, requires = "registry", value_parser = args::parse_profile)]
    pub(super) profile: Option<String>,
}

impl ClientArgs {
    pub(super) fn owner(&self) -> ConfigOwner {
        if self.podman { ConfigOwner::Podman } else { ConfigOwner::Docker }
    }

    pub(super) fn podman_option(&self) -> &'static str {
        if self.podman { " --podman" } else { "" }
    }

    /// Reads the client's file.
    pub(super) fn config(&self) -> Result<ConfigFile, CommandError> {
        let path = if self.podman { env::podman_auth()? } else { env::docker_config()? };
        Ok(ConfigFile::read(path)?)
    }

    /// Reads the other files from which the client gets logins, in its order.
    pub(super) fn other_files(&self) -> Result<Vec<ConfigFile>, CommandError> {
        if !self.podman {
            return Ok(Vec::new());
        }
        let own = env::podman_own_files()?.into_iter().skip(1);
        let files = own.chain(env::docker_config()).map(ConfigFile::read);
        Ok(files.collect::<Result<_, _>>()?)
    }

    /// Returns the entries to set in the client's file.
    pub(super) fn slots(
        &self,
        config: &ConfigFile,
        inventory: &Inventory,
    ) -> Result<Vec<HelperSlot>, CommandError> {
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
    pub(super) fn current_slots(&self, config: &ConfigFile) -> Result<Vec<HelperSlot>, CommandError> {
        let mut slots = if self.podman { Vec::new() } else { vec![HelperSlot::Every] };
        let ours = config.own_helpers()?.into_iter().filter(|(_, helper)| HelperName::is_ours(helper));
        slots.extend(ours.map(|(key, _)| HelperSlot::One(key)));
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
