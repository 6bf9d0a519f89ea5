//! What a client's command line says of one registry, and by which keys each client asks.
//!
//! It only ever chooses among tokens that the registry may get anyway. What is not certain is not known.

mod commands;
pub mod context;
mod keys;
mod options;
pub mod parent;

use crate::client::commands::{Command, Deed, Naming, Program, Which};
pub use crate::client::keys::Client;
use crate::client::options::{Line, Order};
use crate::model::image::Image;
use crate::model::registry::{Address, Registry, covers};
use crate::model::token::Direction;

/// How many words a verb has at most, as `buildx imagetools inspect`.
const MAX_VERB_WORDS: usize = 3;

/// In front of an image on a registry, for skopeo and its family.
const ON_A_REGISTRY: &str = "docker://";

/// What a client is about to do on one registry.
#[derive(Debug, PartialEq, Eq)]
pub struct Errand {
    /// The repository that is named, if exactly one is.
    pub repository: Option<String>,
    /// Which way the image goes; `None` for one that is deleted.
    pub direction: Option<Direction>,
    /// True when the client asks the registry for nothing else than this repository. A build is false:
    /// the images that it starts from are not on its command line.
    pub is_all: bool,
}

impl Errand {
    /// An errand to a registry, where it is not known what else is asked for.
    fn open(repository: Option<String>, direction: Direction) -> Self {
        Self { repository, direction: Some(direction), is_all: false }
    }
}

/// Returns what the client that was started with these words does on the registry of an address, in its
/// repository if it has one; `None` when that cannot be told for certain.
pub fn errand(words: &[&str], at: &Address) -> Option<Errand> {
    let (program, words) = words.split_first()?;
    let program = commands::of_program(file_name(program))?;
    let (command, words) = command(program, words)?;
    let order = if command.deed == Deed::Runs { Order::OptionsFirst } else { Order::Mixed };
    let line = Line::parse(&words, &[command.options, &program.globals], order)?;
    let agreed = || agreed(program.naming, command.deed, &line, at);
    match command.deed {
        Deed::Builds => build(program.naming, &line, at),
        Deed::Lists => Some(Errand::open(None, Direction::Pull)),
        Deed::PushesList => Some(Errand { is_all: false, ..agreed()? }),
        Deed::Pulls(_) | Deed::Runs | Deed::Pushes(_) | Deed::Copies(..) | Deed::Deletes => agreed(),
    }
}

/// An image on a command line and which way it goes.
#[derive(PartialEq, Eq)]
struct Mention {
    registry: Registry,
    repository: Option<String>,
    direction: Option<Direction>,
}

impl Mention {
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
fn command<'w>(program: &Program, words: &[&'w str]) -> Option<(&'static Command, Vec<&'w str>)> {
    let mut verb = Vec::with_capacity(MAX_VERB_WORDS);
    let mut words = words.to_vec();
    while verb.len() < MAX_VERB_WORDS {
        words = Line::parse(&words, &[&program.globals], Order::OptionsFirst)?.rest;
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
fn agreed(naming: Naming, deed: Deed, line: &Line<'_>, at: &Address) -> Option<Errand> {
    let mut here = Vec::new();
    for (which, direction) in moves(deed).into_iter().flatten() {
        here.extend(mentions(naming, &named(which, line), direction)?);
    }
    here.retain(|mention| mention.is_at(at));
    let first = here.pop()?;
    here.iter().all(|other| *other == first).then_some(Errand {
        repository: first.repository,
        direction: first.direction,
        is_all: true,
    })
}

/// Returns which words of the line are images, and which way they go.
fn moves(deed: Deed) -> [Option<(Which, Option<Direction>)>; 2] {
    let pulls = |which| Some((which, Some(Direction::Pull)));
    let pushes = |which| Some((which, Some(Direction::Push)));
    match deed {
        Deed::Pulls(which) => [pulls(which), None],
        Deed::Runs => [pulls(Which::First), None],
        Deed::Pushes(which) => [pushes(which), None],
        Deed::PushesList => [pushes(Which::Last), None],
        Deed::Copies(from, to) => [pulls(from), pushes(to)],
        Deed::Deletes => [Some((Which::First, None)), None],
        Deed::Builds | Deed::Lists => [None, None],
    }
}

/// Returns what a build does: it pulls, and on the registries of its tags it may push.
fn build(naming: Naming, line: &Line<'_>, at: &Address) -> Option<Errand> {
    let tags: Vec<_> = if line.is_on("push")? { line.values(&["t", "tag"]).collect() } else { Vec::new() };
    let mut here = mentions(naming, &tags, Some(Direction::Push))?;
    here.retain(|mention| mention.is_at(at));
    let Some(first) = here.pop() else { return Some(Errand::open(None, Direction::Pull)) };
    let repository = if here.iter().all(|other| *other == first) { first.repository } else { None };
    Some(Errand::open(repository, Direction::Push))
}

fn named<'w>(which: Which, line: &Line<'w>) -> Vec<&'w str> {
    let rest = line.rest.as_slice();
    let words = match which {
        Which::All => Some(rest),
        Which::First => rest.get(..1),
        Which::Last => rest.len().checked_sub(1).and_then(|last| rest.get(last..)),
        Which::ButFirst => rest.get(1..),
        Which::ButLast => rest.split_last().map(|(_, others)| others),
        Which::Option(names) => return line.values(names).collect(),
    };
    words.unwrap_or_default().to_vec()
}

/// Reads words as images; `None` when one of them is none.
fn mentions(naming: Naming, words: &[&str], direction: Option<Direction>) -> Option<Vec<Mention>> {
    let on_registries =
        words.iter().filter(|word| naming != Naming::Transports || word.starts_with(ON_A_REGISTRY));
    on_registries
        .map(|word| {
            let image = Image::parse(word.strip_prefix(ON_A_REGISTRY).unwrap_or(word))?;
            // Another repository may stand for it in the user's list.
            let is_short = naming == Naming::ShortNames && !word.contains('/');
            Some(Mention {
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

    fn parse(line: &str, at: &str) -> Option<Errand> {
        let words: Vec<_> = line.split_ascii_whitespace().collect();
        errand(&words, &Address::parse(at).expect(at))
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
            let errand =
                errand(&[program, "pull", "acme/app"], &Address::parse("docker.io").expect("an address"));
            assert_eq!(errand.is_some(), is_known, "{program}");
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
            assert_eq!(parse(line, at).and_then(|errand| errand.direction), want, "{line} {at}");
        }
    }

    #[test]
    fn a_deletion_goes_neither_way() {
        for line in ["crane delete ghcr.io/acme/app:1", "skopeo delete docker://ghcr.io/acme/app:1"] {
            let repository = Some("acme/app".to_owned());
            let want = Some(Errand { repository, direction: None, is_all: true });
            assert_eq!(parse(line, "ghcr.io"), want, "{line}");
        }
    }
}
