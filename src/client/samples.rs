//! Typical command lines of each client in each direction, for explanations.

use crate::client::keys::Client;
use crate::model::token::Direction;

/// The placeholder for images in a template. A word that contains it is repeated for each image. If two words
/// contain it, the first one stands for the first image, and the second one for the last image.
const IMAGE: &str = "{}";

/// Returns the words of a typical command line with which a client transfers these images; `None` when no
/// such command is known for that direction. The command line of a client that does not name images, such as
/// compose, contains none.
pub fn sample_line(client: Client, direction: Direction, images: &[&str]) -> Option<Vec<String>> {
    let words: Vec<_> = template(client, direction)?.split_ascii_whitespace().collect();
    let places: Vec<_> = (0..words.len()).filter(|index| words[*index].contains(IMAGE)).collect();
    let images_at = |index: usize| match places[..] {
        [from, to] if index == from || index == to => {
            let image = if index == from { images.first() } else { images.last() };
            image.copied().into_iter().collect()
        }
        _ => images.to_vec(),
    };
    let expand = |(index, word): (usize, &str)| -> Vec<String> {
        if word.contains(IMAGE) {
            images_at(index).into_iter().map(|image| word.replace(IMAGE, image)).collect()
        } else {
            vec![word.to_owned()]
        }
    };
    Some(words.iter().copied().enumerate().flat_map(expand).collect())
}

fn template(client: Client, direction: Direction) -> Option<&'static str> {
    use Direction::{Both, Delete, Pull, Push};
    Some(match (client, direction) {
        (Client::Docker, Pull) => "docker pull {}",
        (Client::Docker, Push) => "docker push {}",
        // The base image of a build is named in its Dockerfile.
        (Client::Buildx, Pull) => "docker-buildx buildx build .",
        (Client::Buildx, Push) => "docker-buildx buildx build --push --tag={} .",
        (Client::Buildx, Both) => "docker-buildx buildx imagetools create --tag {} {}",
        (Client::Compose, Pull) => "docker-compose compose pull",
        (Client::Compose, Push) => "docker-compose compose push",
        (Client::Podman, Pull) => "podman pull {}",
        (Client::Podman, Push) => "podman push {}",
        (Client::Skopeo, Pull) => "skopeo inspect docker://{}",
        (Client::Skopeo, Push) => "skopeo copy oci:image docker://{}",
        (Client::Skopeo, Both) => "skopeo copy docker://{} docker://{}",
        (Client::Skopeo, Delete) => "skopeo delete docker://{}",
        (Client::Buildah, Pull) => "buildah pull {}",
        (Client::Buildah, Push) => "buildah push {}",
        (Client::Crane, Pull) => "crane pull {} image.tar",
        (Client::Crane, Push) => "crane push image.tar {}",
        (Client::Crane, Both) => "crane copy {} {}",
        (Client::Crane, Delete) => "crane delete {}",
        (Client::Ko, Pull) => "ko deps {}",
        (Client::Ko, Push | Both) => "ko build ./cmd",
        (Client::Kaniko, Pull) => "executor --no-push",
        (Client::Kaniko, Push) => "executor --destination={}",
        (Client::Cosign, Pull) => "cosign verify {}",
        (Client::Cosign, Push) => "cosign load --dir image {}",
        (Client::Cosign, Both) => "cosign sign {}",
        (Client::Cosign, Delete) => "cosign clean {}",
        (Client::Nerdctl, Pull) => "nerdctl pull {}",
        (Client::Nerdctl, Push) => "nerdctl push {}",
        (Client::Oras, Pull) => "oras pull {}",
        (Client::Oras, Push) => "oras push {} file",
        (Client::Oras, Both) => "oras copy {} {}",
        (Client::Oras, Delete) => "oras manifest delete {}",
        (Client::Regctl, Pull) => "regctl image digest {}",
        (Client::Regctl, Push) => "regctl image import {} image.tar",
        (Client::Regctl, Both) => "regctl image copy {} {}",
        (Client::Regctl, Delete) => "regctl tag delete {}",
        (Client::Helm, Pull) => "helm pull oci://{}",
        (Client::Helm, Push) => "helm push chart.tgz oci://{}",
        (Client::Syft, Pull) => "syft scan registry:{}",
        (Client::Trivy, Pull) => "trivy image {}",
        (Client::Devcontainer, Pull) => "devcontainer up",
        (Client::Buildctl, Pull) => "buildctl build",
        (Client::Buildctl, Push) => "buildctl build --output type=image,push=true,name={}",
        // A Python program whose command line shows nothing.
        (Client::DockerPy, Pull | Push | Both) => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client;
    use crate::model::registry::Address;

    #[test]
    fn every_sample_line_is_understood_as_what_it_is_a_sample_of() {
        let address = Address::parse("ghcr.io").expect("an address");
        let mut count = 0;
        for client in Client::ALL {
            for direction in Direction::ALL {
                let Some(line) = sample_line(client, direction, &["ghcr.io/acme/app:1"]) else { continue };
                count += 1;
                let words: Vec<_> = line.iter().map(String::as_str).collect();
                if client == Client::DockerPy {
                    assert_eq!(client::read_line(&words), None);
                    continue;
                }
                let (reader, transfers) = client::read_line(&words).expect("understood");
                assert_eq!(reader, client, "{line:?}");
                let intent = transfers.intent(&address).expect("an intent");
                let want = if (client, direction) == (Client::Ko, Direction::Push) {
                    Direction::Both
                } else {
                    direction
                };
                assert_eq!(intent.direction, Some(want), "{line:?}");
                let is_named = intent.repositories == ["acme/app"];
                assert_eq!(is_named, line.iter().any(|word| word.contains("ghcr.io/acme/app:1")), "{line:?}");
            }
        }
        assert!(count > 45, "{count}");
    }

    #[test]
    fn several_images_are_placed_as_the_client_expects() {
        let images = ["ghcr.io/a/x", "ghcr.io/a/y"];
        for (client, direction, want) in [
            (Client::Podman, Direction::Pull, "podman pull ghcr.io/a/x ghcr.io/a/y"),
            (
                Client::Buildx,
                Direction::Push,
                "docker-buildx buildx build --push --tag=ghcr.io/a/x --tag=ghcr.io/a/y .",
            ),
            (Client::Crane, Direction::Both, "crane copy ghcr.io/a/x ghcr.io/a/y"),
            (Client::Compose, Direction::Push, "docker-compose compose push"),
        ] {
            let line = sample_line(client, direction, &images).expect(want);
            assert_eq!(line.join(" "), want);
        }
    }
}
