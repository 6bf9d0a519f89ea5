//! Determines from a client's command line which image the client is about to pull or push, and lists the keys of
//! each client.
//!
//! The result only chooses among tokens that may be sent to the registry anyway. An ambiguous command line counts as
//! unknown.

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

/// The maximum number of words in a verb, as in `buildx imagetools inspect`.
const MAX_VERB_WORDS: usize = 3;

/// The prefix of an image on a registry, for skopeo, podman and buildah.
const DOCKER_TRANSPORT: &str = "docker://";

/// A client's intent for one registry: the repositories and the direction.
#[derive(Debug, PartialEq, Eq)]
pub struct ClientIntent {
    /// The repositories that the command line names, in its order. Empty if it does not name them all.
    pub repositories: Vec<String>,
    pub direction: Option<Direction>,
    /// True when the client may need other repositories too, as a build does, whose base images are not on its command
    /// line.
    pub may_need_more: bool,
}

impl ClientIntent {
    /// Makes an intent that may include other repositories.
    fn partial(repositories: Vec<String>, direction: Direction) -> Self {
        Self { repositories, direction: Some(direction), may_need_more: true }
    }
}

/// Returns the intent that a client's command line shows for the registry of an address, or for the repository if
/// the address has one; `None` when the intent is not certain.
pub fn intent(words: &[&str], address: &Address) -> Option<ClientIntent> {
    let (program, words) = words.split_first()?;
    let program = commands::find_program(file_name(program))?;
    let (command, words) = find_command(program, words)?;
    let order =
        if command.action == ClientAction::Run { OptionOrder::OptionsFirst } else { OptionOrder::Mixed };
    let line = ParsedLine::parse(&words, &[command.options, &program.globals], order)?;
    match command.action {
        ClientAction::Build => build_intent(program.syntax, &line, address),
        ClientAction::List => Some(ClientIntent::partial(Vec::new(), Direction::Pull)),
        action => {
            let intent = named_intent(program.syntax, action, &line, address)?;
            Some(ClientIntent { may_need_more: action == ClientAction::PushList, ..intent })
        }
    }
}

#[derive(PartialEq, Eq)]
struct CommandLineImage {
    registry: Registry,
    /// `None` if the command line does not show it.
    repository: Option<String>,
    direction: Direction,
}

impl CommandLineImage {
    fn is_at(&self, address: &Address) -> bool {
        self.registry == *address.registry()
            && match (address.repository(), &self.repository) {
                (Some(requested), Some(named)) => covers(requested, named),
                (None, _) | (_, None) => true,
            }
    }
}

/// Returns the file name of a program, for paths of any system.
fn file_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Finds the command after the global options and returns it with the words after its verb.
fn find_command<'w>(program: &ClientProgram, words: &[&'w str]) -> Option<(&'static Command, Vec<&'w str>)> {
    let mut verb = Vec::with_capacity(MAX_VERB_WORDS);
    let mut words = words.to_vec();
    while verb.len() < MAX_VERB_WORDS {
        words = ParsedLine::parse(&words, &[&program.globals], OptionOrder::OptionsFirst)?.arguments;
        if words.is_empty() {
            return None;
        }
        verb.push(words.remove(0));
        let has_verb =
            |command: &&Command| command.verbs.iter().any(|other| other.split(' ').eq(verb.iter().copied()));
        if let Some(command) = program.commands.iter().find(has_verb) {
            return Some((command, words));
        }
    }
    None
}

/// Returns the intent for all images at the address; `None` when the line names none there.
fn named_intent(
    syntax: ImageSyntax,
    action: ClientAction,
    line: &ParsedLine<'_>,
    address: &Address,
) -> Option<ClientIntent> {
    let mut images = Vec::new();
    for (selection, direction) in image_arguments(action).into_iter().flatten() {
        images.extend(parse_images(syntax, &select_words(selection, line), direction)?);
    }
    images.retain(|image| image.is_at(address));
    let directions = images.iter().map(|image| Some(image.direction));
    let direction = directions.reduce(|one, other| one?.and(other?))?;
    Some(ClientIntent { repositories: repositories_of(&images), direction, may_need_more: false })
}

/// Returns the repositories of the images, each once; none when one of them is not known.
fn repositories_of(images: &[CommandLineImage]) -> Vec<String> {
    let mut repositories = Vec::new();
    for image in images {
        let Some(repository) = &image.repository else { return Vec::new() };
        if !repositories.contains(repository) {
            repositories.push(repository.clone());
        }
    }
    repositories
}

/// Returns the image arguments of an action, with their directions.
fn image_arguments(action: ClientAction) -> [Option<(ImageArguments, Direction)>; 2] {
    let pull = |selection| Some((selection, Direction::Pull));
    let push = |selection| Some((selection, Direction::Push));
    match action {
        ClientAction::Pull(selection) => [pull(selection), None],
        ClientAction::Run => [pull(ImageArguments::First), None],
        ClientAction::Push(selection) => [push(selection), None],
        ClientAction::PushList => [push(ImageArguments::Last), None],
        ClientAction::Copy(from, to) => [pull(from), push(to)],
        ClientAction::Delete => [Some((ImageArguments::First, Direction::Delete)), None],
        ClientAction::Build | ClientAction::List => [None, None],
    }
}

/// Returns the intent of a build. It pulls, and may push to the registries of its tags.
fn build_intent(syntax: ImageSyntax, line: &ParsedLine<'_>, address: &Address) -> Option<ClientIntent> {
    let tags: Vec<_> = if line.is_on("push")? { line.values(&["t", "tag"]).collect() } else { Vec::new() };
    let mut images = parse_images(syntax, &tags, Direction::Push)?;
    images.retain(|image| image.is_at(address));
    let direction = if images.is_empty() { Direction::Pull } else { Direction::Push };
    Some(ClientIntent::partial(repositories_of(&images), direction))
}

fn select_words<'w>(selection: ImageArguments, line: &ParsedLine<'w>) -> Vec<&'w str> {
    let arguments = line.arguments.as_slice();
    let words = match selection {
        ImageArguments::All => Some(arguments),
        ImageArguments::First => arguments.get(..1),
        ImageArguments::Last => arguments.len().checked_sub(1).and_then(|last| arguments.get(last..)),
        ImageArguments::ButFirst => arguments.get(1..),
        ImageArguments::ButLast => arguments.split_last().map(|(_, others)| others),
        ImageArguments::Option(names) => return line.values(names).collect(),
    };
    words.unwrap_or_default().to_vec()
}

/// Parses words as images and omits those that are not on a registry; `None` when a word is not an image.
fn parse_images(syntax: ImageSyntax, words: &[&str], direction: Direction) -> Option<Vec<CommandLineImage>> {
    let on_registries =
        words.iter().filter(|word| syntax != ImageSyntax::Transports || word.starts_with(DOCKER_TRANSPORT));
    on_registries
        .map(|word| {
            let image = Image::parse(word.strip_prefix(DOCKER_TRANSPORT).unwrap_or(word))?;
            // The user's list of short names may replace the name with another repository.
            let is_short = syntax == ImageSyntax::ShortNames && !word.contains('/');
            Some(CommandLineImage {
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
    fn an_intent_may_need_more_when_the_line_does_not_name_everything() {
        for (line, may_need_more) in [
            ("docker pull ghcr.io/acme/app", false),
            ("docker push ghcr.io/acme/app", false),
            ("docker run --rm ghcr.io/acme/app sh", false),
            ("podman push app ghcr.io/acme/app", false),
            ("skopeo copy docker://quay.io/acme/app docker://ghcr.io/acme/app", false),
            ("docker manifest create ghcr.io/acme/list ghcr.io/acme/app", false),
            ("docker manifest push ghcr.io/acme/list", true),
            ("docker build .", true),
            ("docker-buildx buildx build -t ghcr.io/acme/app --push .", true),
            ("podman search ghcr.io/app", true),
        ] {
            assert_eq!(parse(line, "ghcr.io").expect(line).may_need_more, may_need_more, "{line}");
        }
    }

    #[test]
    fn a_program_is_recognized_by_its_file_name_in_any_folder() {
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
    fn a_key_with_a_repository_gets_the_intent_for_that_repository_only() {
        for (line, at, want) in [
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io/acme/app", Some(Direction::Pull)),
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io/acme/copy", Some(Direction::Push)),
            ("crane copy ghcr.io/acme/app ghcr.io/acme/copy", "ghcr.io", Some(Direction::Both)),
            ("crane copy ghcr.io/acme/app:1 ghcr.io/acme/app:2", "ghcr.io/acme/app", Some(Direction::Both)),
            ("crane digest ghcr.io/acme/app", "ghcr.io/acme", Some(Direction::Pull)),
            ("crane digest ghcr.io/acme/app", "ghcr.io/acm", None),
        ] {
            assert_eq!(parse(line, at).and_then(|intent| intent.direction), want, "{line} {at}");
        }
    }

    #[test]
    fn a_line_that_names_several_images_is_read_as_a_whole() {
        for (line, repositories, direction) in [
            ("podman pull ghcr.io/b/x ghcr.io/a/y ghcr.io/b/x:2", &["b/x", "a/y"][..], Direction::Pull),
            ("skopeo copy docker://ghcr.io/a/x docker://ghcr.io/a/y", &["a/x", "a/y"], Direction::Both),
            ("skopeo copy docker://ghcr.io/a/x docker://quay.io/a/y", &["a/x"], Direction::Pull),
            ("crane delete ghcr.io/acme/app:1", &["acme/app"], Direction::Delete),
            ("skopeo delete docker://ghcr.io/acme/app:1", &["acme/app"], Direction::Delete),
            ("docker buildx build --push -t ghcr.io/a/x -t ghcr.io/a/y .", &["a/x", "a/y"], Direction::Push),
        ] {
            let intent = parse(line, "ghcr.io").expect(line);
            assert_eq!(intent.repositories, repositories, "{line}");
            assert_eq!(intent.direction, Some(direction), "{line}");
        }
    }
}
