//! The images that a command transfers, as far as its command line shows them.

use crate::model::image::Image;
use crate::model::registry::{Address, Registry, covers};
use crate::model::token::Direction;

/// The prefix of an image on a registry, for skopeo, podman and buildah.
const DOCKER_TRANSPORT: &str = "docker://";

/// The prefix of a chart on a registry, for helm.
const OCI_SCHEME: &str = "oci://";

/// The syntax that a client expects for image names.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageSyntax {
    Docker,
    /// A name of one word is looked up in the user's list of short names and on several registries:
    /// <https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md>
    ShortNames,
    /// Only names with `docker://` are on a registry:
    /// <https://github.com/containers/image/blob/main/docs/containers-transports.5.md>
    Transports,
    /// A name may have several tags, as in `ghcr.io/acme/app:1,latest`: <https://oras.land/docs/commands/oras_push>
    SeveralTags,
    /// Names with `ocidir://` are folders: <https://regclient.org/usage/regctl/>
    OrLayout,
    /// Only names with `oci://` are on a registry: <https://helm.sh/docs/topics/registries/>
    Oci,
}

impl ImageSyntax {
    /// Returns the image in a word without its prefix; `None` when the image is not on a registry.
    fn strip_prefix(self, word: &str) -> Option<&str> {
        let with_transport = word.strip_prefix(DOCKER_TRANSPORT);
        match self {
            Self::Docker => Some(word),
            Self::SeveralTags => word.split(',').next(),
            Self::OrLayout => {
                (!word.starts_with("ocidir://") && !word.starts_with("ocifile://")).then_some(word)
            }
            Self::ShortNames => Some(with_transport.unwrap_or(word)),
            Self::Transports => with_transport,
            Self::Oci => word.strip_prefix(OCI_SCHEME),
        }
    }
}

/// A client's intent for one registry: the repositories and the direction.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientIntent {
    /// The repositories that the command line names, in its order. Empty if it does not show one of them, or
    /// names none.
    pub repositories: Vec<String>,
    pub direction: Option<Direction>,
    /// True when the client may also need other repositories. A build needs its base images, which are not on
    /// the command line.
    pub may_need_more: bool,
}

/// An image that a command pulls, pushes or deletes.
#[derive(Debug, PartialEq, Eq)]
struct Transfer {
    registry: Registry,
    /// `None` if the command line does not show it.
    repository: Option<String>,
    direction: Direction,
}

/// The images that a command transfers.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Transfers {
    named: Vec<Transfer>,
    /// The direction of images that the command line does not name, on any registry; `None` if it names them all.
    others: Option<Direction>,
}

impl Transfers {
    /// Returns the transfers of a command that does not name its images.
    pub(super) fn others(direction: Direction) -> Self {
        Self { named: Vec::new(), others: Some(direction) }
    }

    /// Adds images that the command line does not name.
    pub(super) fn and_others(self, direction: Direction) -> Self {
        Self { others: Some(direction), ..self }
    }

    /// Adds those images in the words that are on a registry; `None` when a word is not a valid image name.
    pub(super) fn add(&mut self, syntax: ImageSyntax, words: &[&str], direction: Direction) -> Option<()> {
        for word in words.iter().filter_map(|word| syntax.strip_prefix(word)) {
            let image = Image::parse(word)?;
            // The user's list of short names may replace the name with another repository.
            let is_short = syntax == ImageSyntax::ShortNames && !word.contains('/');
            let repository = (!is_short).then(|| image.repository().to_owned());
            self.add_repository(image.address().registry().clone(), repository, direction);
        }
        Some(())
    }

    /// Adds a repository; `None` stands for one that the command line does not show.
    pub(super) fn add_repository(
        &mut self,
        registry: Registry,
        repository: Option<String>,
        direction: Direction,
    ) {
        self.named.push(Transfer { registry, repository, direction });
    }

    /// Returns the registries of the named images, without duplicates.
    pub fn registries(&self) -> Vec<&Registry> {
        let mut registries: Vec<&Registry> = Vec::new();
        for transfer in &self.named {
            if !registries.contains(&&transfer.registry) {
                registries.push(&transfer.registry);
            }
        }
        registries
    }

    /// Returns the intent for the registry of an address, or for its repository if it has one; `None` when the command
    /// line shows no intent.
    pub fn intent(&self, address: &Address) -> Option<ClientIntent> {
        let images: Vec<_> = self.named.iter().filter(|transfer| transfer.is_at(address)).collect();
        let may_need_more = self.others.is_some();
        let Some(first) = images.first() else {
            let direction = self.others?;
            return Some(ClientIntent {
                repositories: Vec::new(),
                direction: Some(direction),
                may_need_more,
            });
        };
        let mut directions = images.iter().map(|image| image.direction);
        let direction = directions.try_fold(first.direction, Direction::and);
        Some(ClientIntent { repositories: repositories_of(&images), direction, may_need_more })
    }
}

impl Transfer {
    fn is_at(&self, address: &Address) -> bool {
        self.registry == *address.registry()
            && match (address.repository(), &self.repository) {
                (Some(requested), Some(named)) => covers(requested, named),
                (None, _) | (_, None) => true,
            }
    }
}

/// Returns the repositories of the images, without duplicates; an empty list when one of them is not known.
fn repositories_of(images: &[&Transfer]) -> Vec<String> {
    let mut repositories = Vec::new();
    for image in images {
        let Some(repository) = &image.repository else { return Vec::new() };
        if !repositories.contains(repository) {
            repositories.push(repository.clone());
        }
    }
    repositories
}
