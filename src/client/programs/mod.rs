//! One table for each client: its commands, their options, and the images that each command transfers.
//!
//! An option that is missing from its table makes a command line unknown: the next word may or may not be its
//! value. The tables deliberately omit options that make a command transfer images that its command line does
//! not name, or that give its arguments another meaning. `tests/fixtures/client-options.txt` lists the
//! options that the programs themselves print, and `tests/it/client.rs` compares the tables with it.

mod buildah;
mod buildctl;
mod buildx;
mod compose;
mod cosign;
mod crane;
mod devcontainer;
mod docker;
mod helm;
mod kaniko;
mod ko;
mod nerdctl;
mod oras;
mod podman;
mod regctl;
mod skopeo;
mod syft;
mod table;
mod trivy;

use crate::client::keys::Client;
use crate::client::options::{OptionOrder, ParsedLine};
use crate::client::programs::table::{Action, ClientProgram, Command, ImageWords};
use crate::client::transfers::Transfers;
use crate::model::token::Direction;

/// The maximum number of words in a verb, as in `buildx imagetools inspect`.
const MAX_VERB_WORDS: usize = 3;

static PROGRAMS: [&ClientProgram; 19] = [
    &docker::DOCKER,
    &buildx::BUILDX,
    &compose::COMPOSE,
    &podman::PODMAN,
    &skopeo::SKOPEO,
    &buildah::BUILDAH,
    &crane::CRANE,
    &nerdctl::NERDCTL,
    &oras::ORAS,
    &regctl::REGCTL,
    &helm::HELM,
    &cosign::COSIGN,
    &ko::KO,
    &kaniko::EXECUTOR,
    &kaniko::WARMER,
    &syft::SYFT,
    &trivy::TRIVY,
    &devcontainer::DEVCONTAINER,
    &buildctl::BUILDCTL,
];

/// The clients that an interpreter runs, each with the start of the interpreter's name.
static SCRIPTS: [(&str, &ClientProgram); 2] =
    [("python", &compose::COMPOSE), ("node", &devcontainer::DEVCONTAINER)];

/// Returns the client of a command line and the images that it transfers; `None` when the line is not
/// understood.
pub(super) fn read(words: &[&str]) -> Option<(Client, Transfers)> {
    let (program, words) = find_program(words)?;
    read_command(program, words)
}

/// Finds the client that a command line runs, and returns it with the words after its name.
fn find_program<'w, 'l>(words: &'l [&'w str]) -> Option<(&'static ClientProgram, &'l [&'w str])> {
    let (first, words) = words.split_first()?;
    let name = file_name(first);
    if let Some(program) = PROGRAMS.iter().find(|program| program.names.contains(&name)) {
        return Some((program, words));
    }
    let has_options = words.first().is_some_and(|word| is_interpreter_option(word));
    let (script, words) = words.get(usize::from(has_options)..)?.split_first()?;
    let script = file_name(script);
    let mut scripts = SCRIPTS.iter().filter(|(start, _)| name.starts_with(start));
    let (_, program) = scripts.find(|(_, program)| program.names.contains(&script))?;
    Some((program, words))
}

/// True for Python options without a value, which the first line of a script may contain.
fn is_interpreter_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| letters.chars().all(|letter| "BEIOPsu".contains(letter)))
}

/// Returns the file name of a program without `.exe`, for the paths of any operating system.
fn file_name(program: &str) -> &str {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn read_command(program: &'static ClientProgram, words: &[&str]) -> Option<(Client, Transfers)> {
    let (command, words) = find_command(program, words)?;
    let line = || ParsedLine::parse(&words, &[command.options, &program.globals], command.order);
    let named = |images: &[(ImageWords, Direction)], mut transfers: Transfers| {
        let line = line()?;
        for (words, direction) in images {
            transfers.add(program.syntax, &words.select(&line), *direction)?;
        }
        Some(transfers)
    };
    let transfers = match command.action {
        Action::Images(images) => named(images, Transfers::default()),
        Action::ImagesAndOthers(images, others) => named(images, Transfers::others(others)),
        Action::Others(others) => named(&[], Transfers::others(others)),
        Action::Custom(read) => read(&line()?),
        Action::Program(other) => return read_command(other, &words),
    };
    Some((program.client, transfers?))
}

/// Finds the command after the global options and returns it with the words after its verb. If a line has no
/// known verb, returns the command of the program that needs none, if there is one.
fn find_command<'w>(program: &ClientProgram, all: &[&'w str]) -> Option<(&'static Command, Vec<&'w str>)> {
    let find = |verb: &[&str]| {
        let is_verb = |other: &str| other.split_terminator(' ').eq(verb.iter().copied());
        program.commands.iter().find(|command| command.verbs.iter().any(|other| is_verb(other)))
    };
    let mut verb = Vec::with_capacity(MAX_VERB_WORDS);
    let mut words = all.to_vec();
    while verb.len() < MAX_VERB_WORDS {
        let line = ParsedLine::parse(&words, &[&program.globals], OptionOrder::OptionsFirst);
        words = line.map(|line| line.arguments).unwrap_or_default();
        if words.is_empty() {
            break;
        }
        verb.push(words.remove(0));
        if let Some(command) = find(&verb) {
            return Some((command, words));
        }
    }
    Some((find(&[])?, all.to_vec()))
}
