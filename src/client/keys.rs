//! The keys with which each client requests the credentials of an image.

use crate::model::image::Image;
use crate::model::registry::DOCKER_HUB_KEY;
use crate::model::token::Direction;

/// The default port of a registry.
const HTTPS_PORT: &str = ":443";

/// A client that calls credential helpers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Docker,
    /// The builder, which `docker build` also runs.
    Buildx,
    Compose,
    Podman,
    Skopeo,
    Buildah,
    Crane,
    Ko,
    Kaniko,
    Cosign,
    Nerdctl,
    DockerPy,
    Oras,
    Regctl,
    Helm,
    Syft,
    Trivy,
    /// The command line of dev containers.
    Devcontainer,
    Buildctl,
}

impl Client {
    /// Every client, the most common first.
    pub const ALL: [Self; 19] = [
        Self::Docker,
        Self::Buildx,
        Self::Compose,
        Self::Podman,
        Self::Skopeo,
        Self::Buildah,
        Self::Crane,
        Self::Ko,
        Self::Kaniko,
        Self::Cosign,
        Self::Nerdctl,
        Self::DockerPy,
        Self::Oras,
        Self::Regctl,
        Self::Helm,
        Self::Syft,
        Self::Trivy,
        Self::Devcontainer,
        Self::Buildctl,
    ];

    /// Returns the name for the command line and for JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Buildx => "buildx",
            Self::Compose => "compose",
            Self::Podman => "podman",
            Self::Skopeo => "skopeo",
            Self::Buildah => "buildah",
            Self::Crane => "crane",
            Self::Ko => "ko",
            Self::Kaniko => "kaniko",
            Self::Cosign => "cosign",
            Self::Nerdctl => "nerdctl",
            Self::DockerPy => "docker-py",
            Self::Oras => "oras",
            Self::Regctl => "regctl",
            Self::Helm => "helm",
            Self::Syft => "syft",
            Self::Trivy => "trivy",
            Self::Devcontainer => "devcontainer",
            Self::Buildctl => "buildctl",
        }
    }

    /// Returns the keys that the client sends to transfer an image, in order. The client stops at the first
    /// key that has an answer.
    pub fn keys(self, image: &Image, direction: Direction) -> Vec<String> {
        let host = if image.is_on_default_registry() { None } else { image.host() };
        let host_key = || vec![host.unwrap_or(DOCKER_HUB_KEY).to_owned()];
        match self {
            Self::Docker | Self::Compose | Self::DockerPy | Self::Devcontainer | Self::Regctl => host_key(),
            Self::Buildx | Self::Buildctl => vec![replace_hub_host(host).to_owned()],
            // To push, kaniko sends only the host. To pull, it uses a library that also sends the repository.
            Self::Kaniko if direction == Direction::Push => host_key(),
            // Oras has one alias for Docker Hub and sends every other host as written.
            Self::Oras | Self::Helm => {
                vec![replace_hub_host(image.host().filter(|host| *host != "docker.io")).to_owned()]
            }
            Self::Podman | Self::Skopeo | Self::Buildah => vec![host.unwrap_or("docker.io").to_owned()],
            Self::Crane | Self::Ko | Self::Kaniko | Self::Cosign | Self::Syft | Self::Trivy => vec![
                format!("{}/{}", host.unwrap_or("index.docker.io"), image.repository()),
                host.unwrap_or(DOCKER_HUB_KEY).to_owned(),
            ],
            Self::Nerdctl => host.map_or_else(|| vec![DOCKER_HUB_KEY.to_owned()], nerdctl_keys),
        }
    }
}

/// Replaces the host that serves the images of Docker Hub with its key, as `BuildKit` and oras do:
/// <https://github.com/moby/buildkit/blob/master/session/auth/authprovider/authprovider.go>,
/// <https://github.com/oras-project/oras-go/blob/main/registry/remote/credentials/registry.go>
fn replace_hub_host(host: Option<&str>) -> &str {
    host.filter(|host| *host != "registry-1.docker.io").unwrap_or(DOCKER_HUB_KEY)
}

/// Returns the keys that nerdctl tries for one host:
/// <https://github.com/containerd/nerdctl/blob/main/pkg/imgutil/dockerconfigresolver/registryurl.go>
fn nerdctl_keys(host: &str) -> Vec<String> {
    let has_port = host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    let with_port = if has_port { host.to_owned() } else { format!("{host}{HTTPS_PORT}") };
    let without_port = with_port.strip_suffix(HTTPS_PORT);
    [Some(with_port.as_str()), without_port]
        .into_iter()
        .flatten()
        .flat_map(|host| [host.to_owned(), format!("https://{host}"), format!("http://{host}")])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HUB: &str = DOCKER_HUB_KEY;

    #[test]
    fn each_client_sends_its_own_keys_for_an_image() {
        use Client::{Buildx, Crane, Docker, DockerPy, Nerdctl, Oras, Podman, Skopeo};
        for (client, image, want) in [
            (Docker, "alpine", vec![HUB]),
            (Docker, "index.docker.io/a/b", vec![HUB]),
            (Docker, "registry-1.docker.io/a/b", vec!["registry-1.docker.io"]),
            (Docker, "GHCR.io:443/acme/app:1", vec!["GHCR.io:443"]),
            (Docker, "127.0.0.1:15500/acme/app", vec!["127.0.0.1:15500"]),
            (Buildx, "docker.io/acme/app", vec![HUB]),
            (Buildx, "registry-1.docker.io/a/b", vec![HUB]),
            (DockerPy, "acme/app", vec![HUB]),
            (Oras, "ghcr.io/acme/app", vec!["ghcr.io"]),
            (Oras, "docker.io/acme/app", vec![HUB]),
            (Oras, "index.docker.io/acme/app", vec!["index.docker.io"]),
            (Podman, "alpine", vec!["docker.io"]),
            (Podman, "index.docker.io/a/b", vec!["docker.io"]),
            (Skopeo, "quay.io/acme/app", vec!["quay.io"]),
            (Crane, "alpine", vec!["index.docker.io/library/alpine", HUB]),
            (Crane, "ghcr.io/acme/app:1", vec!["ghcr.io/acme/app", "ghcr.io"]),
            (Crane, "127.0.0.1:15500/acme/app", vec!["127.0.0.1:15500/acme/app", "127.0.0.1:15500"]),
            (Nerdctl, "alpine", vec![HUB]),
            (
                Nerdctl,
                "ghcr.io/acme/app",
                vec![
                    "ghcr.io:443",
                    "https://ghcr.io:443",
                    "http://ghcr.io:443",
                    "ghcr.io",
                    "https://ghcr.io",
                    "http://ghcr.io",
                ],
            ),
            (Nerdctl, "[::1]:5000/app", vec!["[::1]:5000", "https://[::1]:5000", "http://[::1]:5000"]),
        ] {
            let parsed = Image::parse(image).expect(image);
            assert_eq!(client.keys(&parsed, Direction::Pull), want, "{} {image}", client.word());
        }
    }

    #[test]
    fn the_names_of_clients_are_unique() {
        let mut words = Client::ALL.map(Client::word);
        words.sort_unstable();
        assert!(words.windows(2).all(|pair| pair[0] != pair[1]), "{words:?}");
    }
}
