//! Finds the helper that a client calls for a registry.

use std::collections::HashMap;

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

    /// Returns the name under which the client looks up the registry of an entry in its file.
    pub fn name_of_entry(self, entry: &str) -> Option<String> {
        let key = Key::parse(entry).ok()?;
        let is_docker_hub = self.lookup_name(&key) == DOCKER_HUB_KEY;
        Some(match self {
            Self::Docker if !is_docker_hub => host_in_docker(entry).to_owned(),
            Self::Docker | Self::Podman => self.lookup_name(&key).to_owned(),
        })
    }

    /// Returns the name under which the client accepts the login of an entry where there is no entry under that name:
    /// Docker takes the host of any entry
    /// (<https://github.com/docker/cli/blob/master/cli/config/credentials/file_store.go>), podman only that of an
    /// address with a scheme, and any name of Docker Hub
    /// (<https://github.com/containers/image/blob/main/pkg/docker/config/config.go>, `normalizeAuthFileKey`).
    pub fn accepted_name(self, entry: &str) -> Option<String> {
        match self {
            Self::Docker => Some(host_in_docker(entry).to_owned()),
            Self::Podman => {
                let is_address = !entry.contains('/') || entry.contains("://");
                if is_address { self.name_of_entry(entry) } else { None }
            }
        }
    }
}

/// The helpers that a client calls, by the name under which it looks a registry up.
pub struct HelperLookup {
    owner: ConfigOwner,
    own: HashMap<String, String>,
    /// The helper for every other registry.
    store: Option<String>,
}

impl HelperLookup {
    /// Returns the helper that the client calls for a key; `None` when it reads the file.
    pub fn helper_for(&self, key: &Key) -> Option<&str> {
        self.helper_at(self.owner.lookup_name(key))
    }

    /// Returns the helper for a registry that the client looks up under `name`.
    pub fn helper_at(&self, name: &str) -> Option<&str> {
        let helper = self.own.get(name).or(self.store.as_ref());
        // Clients write an empty name for "none".
        helper.map(String::as_str).filter(|helper| !helper.is_empty())
    }

    /// True when the client calls this helper, for every registry or for one.
    pub fn names(&self, helper: &str) -> bool {
        self.store.iter().chain(self.own.values()).any(|name| name == helper)
    }

    /// Returns the helper for every registry without a helper of its own.
    pub fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    pub fn has_own(&self, name: &str) -> bool {
        self.own.contains_key(name)
    }
}

impl ConfigFile {
    /// Returns the helper that the client calls for a key; `None` when it reads the file.
    pub fn helper_for(&self, key: &Key, owner: ConfigOwner) -> Result<Option<String>, ConfigError> {
        Ok(self.helper_lookup(owner)?.helper_for(key).map(str::to_owned))
    }

    /// Reads the helpers. Only Docker reads `credsStore`:
    /// <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>.
    pub fn helper_lookup(&self, owner: ConfigOwner) -> Result<HelperLookup, ConfigError> {
        let store = match owner {
            ConfigOwner::Docker => self.store_in_effect()?,
            ConfigOwner::Podman => helpers_of_podman().into_iter().find(|name| HelperName::is_ours(name)),
        };
        Ok(HelperLookup { owner, own: self.own_helpers()?.into_iter().collect(), store })
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

/// Returns the host of an entry as Docker's `ConvertToHostname` does
/// (<https://github.com/docker/cli/blob/master/cli/config/credentials/file_store.go>): of an address with a scheme,
/// without an account, a query or an empty port, and without the brackets of an IPv6 address that has no port.
fn host_in_docker(entry: &str) -> &str {
    let Some((_, rest)) = entry.split_once("://") else {
        return entry.split_once('/').map_or(entry, |(host, _)| host);
    };
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.strip_suffix(':').unwrap_or(host);
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
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
        for (entry, docker, podman) in [
            ("https://ghcr.io/v1/", "ghcr.io", Some("ghcr.io")),
            ("http://ghcr.io", "ghcr.io", Some("ghcr.io")),
            ("ghcr.io/acme", "ghcr.io", None),
            ("https://GHCR.io", "GHCR.io", Some("GHCR.io")),
            ("docker.io", "docker.io", Some("docker.io")),
            ("https://index.docker.io/v1/", "index.docker.io", Some("docker.io")),
            ("index.docker.io", "index.docker.io", Some("docker.io")),
            ("http://bob:secret@a.io/v1/", "a.io", None),
            ("https://c.io?x=1", "c.io", None),
            ("ftp://b.io:5000/x", "b.io:5000", None),
            ("https://d.io:", "d.io", None),
            ("https://[::2]/v1", "::2", Some("[::2]")),
            ("https://[::2]:5000/v1", "[::2]:5000", Some("[::2]:5000")),
        ] {
            assert_eq!(ConfigOwner::Docker.accepted_name(entry).as_deref(), Some(docker), "{entry}");
            if let Some(podman) = podman {
                assert_eq!(ConfigOwner::Podman.accepted_name(entry).as_deref(), Some(podman), "{entry}");
            }
        }
        assert_eq!(ConfigOwner::Podman.accepted_name("ghcr.io/acme"), None);
    }
}
