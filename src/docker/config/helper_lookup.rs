//! Finds the helper that a client calls for a registry.

use crate::docker::config::{ConfigError, ConfigFile};
use crate::model::registry::{Address, DOCKER_HUB_KEY, Key, Registry, host_as_written};

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
}

impl ConfigFile {
    /// Returns the helper that the client calls for a key. Only Docker reads `credsStore`:
    /// <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>.
    pub fn helper_for(&self, key: &Key, owner: ConfigOwner) -> Result<Option<String>, ConfigError> {
        match (self.helper(owner.lookup_name(key))?, owner) {
            (None, ConfigOwner::Docker) => self.store(),
            (helper, ConfigOwner::Docker | ConfigOwner::Podman) => Ok(helper),
        }
    }
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
}
