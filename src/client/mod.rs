//! What a client's command line says of one registry, and by which keys each client asks.
//!
//! It only ever chooses among tokens that the registry may get anyway. What is not certain is not known.

mod commands;
pub mod context;
mod keys;
mod options;
pub mod parent;

use crate::client::commands::{ClientAction, ClientProgram, Command, ImageArguments, ImageSyntax};
pub use crate::client::keys::Client;
use crate::client::options::{OptionOrder, ParsedLine};
use crate::model::image::Image;
use crate::model::registry::{Address, Registry, covers};
use crate::model::token::Direction;

/// How many words a verb has at most, as `buildx imagetools inspect`.
const MAX_VERB_WORDS: usize = 3;

/// In front of an image on a registry, for skopeo and its family.
const ON_A_REGISTRY: &str = "docker://";

/// What a client is about to do on one registry.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientIntent {
    /// The repository that is named, if exactly one is.
    pub repository: Option<String>,
    /// Which way the image goes; `None` for one that is deleted.
    pub direction: Option<Direction>,
    /// True when the client asks the registry for nothing else than this repository. A build is false:
    /// the images that it starts from are not on its command line.
    pub is_all: bool,
}

impl ClientIntent {
    /// An errand to a registry, where it is not known what else is asked for.
    fn open(repository: Option<String>, direction: Direction) -> Self {
        Self { repository, direction: Some(direction), is_all: false }
    }
}

/// Returns what the client that was started with these words does on the registry of an address, in its
/// repository if it has one; `None` when that cannot be told for certain.
pub fn intent(words: &[&str], at: &Address) -> Option<ClientIntent> {
    let (program, words) = words.split_first()?;
    let program = commands::of_program(file_name(program))?;
    let (command, words) = command(program, words)?;
    let order =
        if command.deed == ClientAction::Runs { OptionOrder::OptionsFirst } else { OptionOrder::Mixed };
    let line = ParsedLine::parse(&words, &[command.options, &program.globals], order)?;
    let agreed = || agreed(program.naming, command.deed, &line, at);
    match command.deed {
        ClientAction::Builds => build(program.naming, &line, at),
        ClientAction::Lists => Some(ClientIntent::open(None, Direction::Pull)),
        ClientAction::PushesList => Some(ClientIntent { is_all: false, ..agreed()? }),
        ClientAction::Pulls(_)
        | ClientAction::Runs
        | ClientAction::Pushes(_)
        | ClientAction::Copies(..)
        | ClientAction::Deletes => agreed(),
    }
}

/// An image on a command line and which way it goes.
#[derive(PartialEq, Eq)]
struct MentionedImage {
    registry: Registry,
    repository: Option<String>,
    direction: Option<Direction>,
}

impl MentionedImage {
    fn is_at(&self, at: &Address) -> bool {
        self.registry == *at.registry()
            && match (at.repository(), &self.repository) {
                (Some(asked), Some(named)) => covers(asked, named),
                (None, _) | (_, None) => true,
            }
    }
}

/// Returns the name of a program's file without its folder, on any system.
fn file_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Finds the verb behind the client's own options, and the words that follow it.
fn command<'w>(program: &ClientProgram, words: &[&'w str]) -> Option<(&'static Command, Vec<&'w str>)> {
    let mut verb = Vec::with_capacity(MAX_VERB_WORDS);
    let mut words = words.to_vec();
    while verb.len() < MAX_VERB_WORDS {
        words = ParsedLine::parse(&words, &[&program.globals], OptionOrder::OptionsFirst)?.rest;
        if words.is_empty() {
            return None;
        }
        verb.push(words.remove(0));
        let is_called =
            |command: &&Command| command.verbs.iter().any(|known| known.split(' ').eq(verb.iter().copied()));
        if let Some(command) = program.commands.iter().find(is_called) {
            return Some((command, words));
        }
    }
    None
}

/// Returns the errand in which all that the line says of the address agrees.
fn agreed(
    naming: ImageSyntax,
    deed: ClientAction,
    line: &ParsedLine<'_>,
    at: &Address,
) -> Option<ClientIntent> {
    let mut here = Vec::new();
    for (which, direction) in moves(deed).into_iter().flatten() {
        here.extend(mentions(naming, &named(which, line), direction)?);
    }
    here.retain(|mention| mention.is_at(at));
    let first = here.pop()?;
    here.iter().all(|other| *other == first).then_some(ClientIntent {
        repository: first.repository,
        direction: first.direction,
        is_all: true,
    })
}

/// Returns which words of the line are images, and which way they go.
fn moves(deed: ClientAction) -> [Option<(ImageArguments, Option<Direction>)>; 2] {
    let pulls = |which| Some((which, Some(Direction::Pull)));
    let pushes = |which| Some((which, Some(Direction::Push)));
    match deed {
        ClientAction::Pulls(which) => [pulls(which), None],
        ClientAction::Runs => [pulls(ImageArguments::First), None],
        ClientAction::Pushes(which) => [pushes(which), None],
        ClientAction::PushesList => [pushes(ImageArguments::Last), None],
        ClientAction::Copies(from, to) => [pulls(from), pushes(to)],
        ClientAction::Deletes => [Some((ImageArguments::First, None)), None],
        ClientAction::Builds | ClientAction::Lists => [None, None],
    }
}

/// Returns what a build does: it pulls, and on the registries of its tags it may push.
fn build(naming: ImageSyntax, line: &ParsedLine<'_>, at: &Address) -> Option<ClientIntent> {
    let tags: Vec<_> = if line.is_on("push")? { line.values(&["t", "tag"]).collect() } else { Vec::new() };
    let mut here = mentions(naming, &tags, Some(Direction::Push))?;
    here.retain(|mention| mention.is_at(at));
    let Some(first) = here.pop() else { return Some(ClientIntent::open(None, Direction::Pull)) };
    let repository = if here.iter().all(|other| *other == first) { first.repository } else { None };
    Some(ClientIntent::open(repository, Direction::Push))
}

fn named<'w>(which: ImageArguments, line: &ParsedLine<'w>) -> Vec<&'w str> {
    let rest = line.rest.as_slice();
    let words = match which {
        ImageArguments::All => Some(rest),
        ImageArguments::First => rest.get(..1),
        ImageArguments::Last => rest.len().checked_sub(1).and_then(|last| rest.get(last..)),
        ImageArguments::ButFirst => rest.get(1..),
        ImageArguments::ButLast => rest.split_last().map(|(_, others)| others),
        ImageArguments::Option(names) => return line.values(names).collect(),
    };
    words.unwrap_or_default().to_vec()
}

/// Reads words as images; `None` when one of them is none.
fn mentions(
    naming: ImageSyntax,
    words: &[&str],
    direction: Option<Direction>,
) -> Option<Vec<MentionedImage>> {
    let on_registries =
        words.iter().filter(|word| naming != ImageSyntax::Transports || word.starts_with(ON_A_REGISTRY));
    on_registries
        .map(|word| {
            let image = Image::parse(word.strip_prefix(ON_A_REGISTRY).unwrap_or(word))?;
            // Another repository may stand for it in the user's list.
            let is_short = naming == ImageSyntax::ShortNames && !word.contains('/');
            Some(MentionedImage {
                registry: image.address().registry().clone(),
                repository: (!is_short).then(|| image.repository().to_owned()),
                direction,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str, at: &str) -> Option<ClientIntent> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        intent(&words, &Address::parse(at).expect(at))
    }

    #[test]
    fn only_what_names_all_that_is_asked_for_is_all() {
        for (line, is_all) in [
            ("docker pull ghcr.io/acme/app", true),
            ("docker push ghcr.io/acme/app", true),
            ("docker run --rm ghcr.io/acme/app sh", true),
            ("podman push app ghcr.io/acme/app", true),
            ("skopeo copy docker://quay.io/acme/app docker://ghcr.io/acme/app", true),
            ("docker manifest create ghcr.io/acme/list ghcr.io/acme/app", true),
            ("docker manifest push ghcr.io/acme/list", false),
            ("docker build .", false),
            ("docker-buildx buildx build -t ghcr.io/acme/app --push .", false),
            ("podman search ghcr.io/app", false),
        ] {
            assert_eq!(parse(line, "ghcr.io").expect(line).is_all, is_all, "{line}");
        }
    }

    #[test]
    fn a_program_is_known_by_its_file_name_wherever_it_lies() {
        for (program, is_known) in [
            ("docker", true),
            ("/usr/bin/docker", true),
            ("./docker", true),
            ("C:\\Docker\\docker.exe", true),
            ("docker.exe", true),
            ("docker-compose", false),
            ("not-docker", false),
            ("/usr/bin/docker/", false),
            ("ko", false),
            ("", false),
        ] {
            let intent =
                intent(&[program, "pull", "acme/app"], &Address::parse("docker.io").expect("an address"));
            assert_eq!(intent.is_some(), is_known, "{program}");
        }
    }

    #[test]
    fn a_key_with_a_repository_is_about_that_repository_only() {
        for (line, at, want) in [
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io/acme/app", Some(Direction::Pull)),
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io/acme/copy", Some(Direction::Push)),
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io", None),
            ("crane copy ghcr.io/acme/app:1 ghcr.io/acme/app:2", "ghcr.io/acme/app", None),
            ("crane digest ghcr.io/acme/app", "ghcr.io/acme", Some(Direction::Pull)),
            ("crane digest ghcr.io/acme/app", "ghcr.io/acm", None),
        ] {
            assert_eq!(parse(line, at).and_then(|intent| intent.direction), want, "{line} {at}");
        }
    }

    #[test]
    fn a_deletion_goes_neither_way() {
        for line in ["crane delete ghcr.io/acme/app:1", "skopeo delete docker://ghcr.io/acme/app:1"] {
            let repository = Some("acme/app".to_owned());
            let want = Some(ClientIntent { repository, direction: None, is_all: true });
            assert_eq!(parse(line, "ghcr.io"), want, "{line}");
        }
    }
}
