//! Finds the helper that a client calls for a registry.

use crate::docker::config::{ConfigError, ConfigFile};
use crate::docker::helper_name::HelperName;
use crate::docker::podman_registries::helpers_of_podman;
use crate::model::registry::{Address, DOCKER_HUB_KEY, Key, Registry, host_as_written};
use crate::system::env;

/// The clients that a configuration file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigOwner {
    /// Docker and the clients that read its `config.json`.
    Docker,
    /// Podman, skopeo and buildah.
    Podman,
}

impl ConfigOwner {
    /// Returns the name in `credHelpers` that the client looks up for a key: the host as written, or the client's
    /// only name for Docker Hub.
    pub fn lookup_name(self, key: &Key) -> &str {
        let host = host_as_written(key.as_str());
        match self {
            Self::Docker => {
                let is_docker_hub = key.as_str() == DOCKER_HUB_KEY || host.eq_ignore_ascii_case("docker.io");
                if is_docker_hub || key.is_session() { DOCKER_HUB_KEY } else { host }
            }
            Self::Podman => {
                let is_docker_hub = key.address().map(Address::registry).is_some_and(Registry::is_docker_hub);
                if is_docker_hub || key.is_session() { "docker.io" } else { host }
            }
        }
    }

    /// True when the client, which looks a registry up under `name`, accepts the login in the entry `key` where there
    /// is no entry under that name: Docker takes the host of any entry
    /// (<https://github.com/docker/cli/blob/master/cli/config/credentials/file_store.go>), podman only that of an
    /// address with a scheme, and any name of Docker Hub
    /// (<https://github.com/containers/image/blob/main/pkg/docker/config/config.go>, `normalizeAuthFileKey`).
    pub fn accepts(self, key: &Key, name: &str) -> bool {
        let text = key.as_str();
        match self {
            Self::Docker => host_as_written(text) == name,
            Self::Podman => (!text.contains('/') || text.contains("://")) && self.lookup_name(key) == name,
        }
    }
}

impl ConfigFile {
    /// Returns the helper that the client calls for a key; `None` when it reads the file. Only Docker reads
    /// `credsStore`: <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>.
    pub fn helper_for(&self, key: &Key, owner: ConfigOwner) -> Result<Option<String>, ConfigError> {
        let helper = match (self.helper(owner.lookup_name(key))?, owner) {
            (None, ConfigOwner::Docker) => self.store_in_effect()?,
            (None, ConfigOwner::Podman) => {
                helpers_of_podman().into_iter().find(|name| HelperName::is_ours(name))
            }
            (helper, ConfigOwner::Docker | ConfigOwner::Podman) => helper,
        };
        // Clients write an empty name for "none".
        Ok(helper.filter(|name| !name.is_empty()))
    }

    /// True when the client calls this helper, for every registry or for one.
    pub fn names_helper(&self, name: &str) -> bool {
        let is_store = self.store_in_effect().is_ok_and(|store| store.as_deref() == Some(name));
        let mut own = self.registries_with_helpers().unwrap_or_default().into_iter();
        is_store || own.any(|key| self.helper(&key).is_ok_and(|helper| helper.as_deref() == Some(name)))
    }

    /// Returns the helper that Docker calls for every registry: the one that the file names, or the one that Docker
    /// finds by itself where the file says nothing about logins.
    pub fn store_in_effect(&self) -> Result<Option<String>, ConfigError> {
        match self.store()? {
            None => self.store_found_by_docker(),
            store => Ok(store),
        }
    }

    /// Returns the helper that Docker uses when its file says nothing about logins, if that helper is installed:
    /// <https://github.com/docker/cli/blob/master/cli/config/credentials/default_store_linux.go>.
    pub fn store_found_by_docker(&self) -> Result<Option<String>, ConfigError> {
        let says_nothing = self.registries_with_helpers()?.is_empty() && self.entry_names()?.is_empty();
        Ok(if says_nothing { default_store() } else { None })
    }
}

/// Returns the platform's helper, if it is installed.
fn default_store() -> Option<String> {
    let name = if cfg!(windows) {
        "wincred"
    } else if cfg!(target_os = "macos") {
        "osxkeychain"
    } else if env::find_program("pass").is_some() {
        "pass"
    } else {
        "secretservice"
    };
    env::find_program(&format!("docker-credential-{name}")).map(|_| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docker_and_podman_look_a_registry_up_under_their_own_names() {
        for (key, docker, podman) in [
            ("https://index.docker.io/v1/", "https://index.docker.io/v1/", "docker.io"),
            ("docker.io", "https://index.docker.io/v1/", "docker.io"),
            ("https://index.docker.io/v1/refresh-token", "https://index.docker.io/v1/", "docker.io"),
            ("registry-1.docker.io", "registry-1.docker.io", "docker.io"),
            ("https://GHCR.io/v1/", "GHCR.io", "GHCR.io"),
            ("localhost:5000/acme", "localhost:5000", "localhost:5000"),
        ] {
            let parsed = Key::parse(key).expect(key);
            assert_eq!(
                (ConfigOwner::Docker.lookup_name(&parsed), ConfigOwner::Podman.lookup_name(&parsed)),
                (docker, podman)
            );
        }
    }

    #[test]
    fn clients_accept_entries_under_other_spellings() {
        for (key, name, docker, podman) in [
            ("https://ghcr.io/v1/", "ghcr.io", true, true),
            ("http://ghcr.io", "ghcr.io", true, true),
            ("ghcr.io/acme", "ghcr.io", true, false),
            ("https://GHCR.io", "ghcr.io", false, false),
            ("docker.io", DOCKER_HUB_KEY, false, false),
            ("https://index.docker.io/v1/", "docker.io", false, true),
            ("index.docker.io", "docker.io", false, true),
        ] {
            let key = Key::parse(key).expect(key);
            let accepts = |owner: ConfigOwner| owner.accepts(&key, name);
            assert_eq!(
                (accepts(ConfigOwner::Docker), accepts(ConfigOwner::Podman)),
                (docker, podman),
                "{key:?}"
            );
        }
    }
}
