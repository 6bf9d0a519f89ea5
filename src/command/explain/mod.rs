//! `explain`: shows the token that a request gets, and why. It decides as `get` does, but does not decrypt
//! any secret.

mod json;
mod output;

use std::iter;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use thiserror::Error;

use crate::client;
use crate::client::context::Context;
use crate::client::{Client, Transfers};
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError, NamedTokenError};
use crate::command::explain::output::Explanation;
use crate::command::get_warnings;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::installed_clients::{AskedElsewhere, asked_elsewhere, installed};
use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::hint::{Hint, program};
use crate::model::image::Image;
use crate::model::name::quoted;
use crate::model::registry::Key;
use crate::model::token::Direction;
use crate::resolve::request::{Repositories, Request, RequestSource, Sourced};
use crate::resolve::{Verdict, resolve};
use crate::system::env;

/// Show which token an image or a command gets, and why
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// An image such as alpine or ghcr.io/acme/app, or a registry as clients send it, such as ghcr.io
    #[arg(value_name = "IMAGE|KEY", required_unless_present = "line")]
    target: Option<String>,
    /// More images of the same registry, for a command that names several
    #[arg(value_name = "IMAGE")]
    others: Vec<String>,
    #[command(flatten)]
    direction: RequestDirectionArgs,
    /// Explain the request of this client, with what its typical command line shows
    #[arg(long, value_parser = client_parser(), conflicts_with = "line")]
    client: Option<Client>,
    /// Write JSON
    #[arg(long)]
    json: bool,
    /// Explain the requests of this command, such as docker push ghcr.io/acme/app, without running it
    #[arg(last = true, value_name = "COMMAND", conflicts_with_all = ["pull", "push", "delete"])]
    line: Vec<String>,
}

#[derive(Debug, clap::Args)]
struct RequestDirectionArgs {
    /// Explain a pull (the default); with --push, a command that both pulls and pushes, such as a copy
    #[arg(long)]
    pull: bool,
    /// Explain a push
    #[arg(long)]
    push: bool,
    /// Explain a deletion
    #[arg(long, conflicts_with_all = ["pull", "push"])]
    delete: bool,
}

impl ExplainArgs {
    /// Refuses a command without `--` before it: its words would be read as images.
    fn refuse_bare_command(&self) -> Result<(), BareCommand> {
        let words: Vec<&str> = self.target.iter().chain(&self.others).map(String::as_str).collect();
        match client::read_line(&words) {
            Some((_, transfers)) if !transfers.registries().is_empty() => Err(BareCommand(words.join(" "))),
            Some(_) | None => Ok(()),
        }
    }
}

impl RequestDirectionArgs {
    fn direction(&self) -> Option<Direction> {
        match (self.delete, self.pull, self.push) {
            (true, _, _) => Some(Direction::Delete),
            (false, true, true) => Some(Direction::Both),
            (false, true, false) => Some(Direction::Pull),
            (false, false, true) => Some(Direction::Push),
            (false, false, false) => None,
        }
    }
}

fn client_parser() -> impl TypedValueParser<Value = Client> {
    let words = PossibleValuesParser::new(Client::ALL.map(Client::word));
    words.try_map(|word| Client::ALL.into_iter().find(|client| client.word() == word).ok_or("not known"))
}

/// The prefixes with which skopeo and helm name an image on a registry.
const IMAGE_PREFIXES: [&str; 2] = ["docker://", "oci://"];

/// The subject of the explanation: images of one registry, or a key.
enum ExplainTarget {
    Images(Image, Vec<Image>),
    Key(Key),
}

impl ExplainTarget {
    /// Reads an image or a key. A text that could be either, such as `registry:5000`, counts as a registry if the
    /// vault has a token for it. An image may have the prefix that skopeo or helm requires.
    fn parse(text: &str, inventory: &Inventory) -> Result<Self, CommandError> {
        if without_prefix(text) != text {
            let image =
                Image::parse(without_prefix(text)).ok_or_else(|| ArgumentError::NoImage(text.to_owned()))?;
            return Ok(Self::Images(image, Vec::new()));
        }
        let key = Key::parse(text)?;
        let is_key = inventory.tokens().iter().any(|token| token.has_key(&key)) || text.contains("://");
        if !is_key && is_upper_case(text) {
            return Err(UpperCase(text.to_owned()).into());
        }
        let has_token = || inventory.tokens().iter().any(|token| token.concerns(&key));
        let host = text.split_once(':').map_or(text, |(host, _)| host);
        let is_host =
            !text.contains('/') && (host.contains(['.', '[']) || host == "localhost" || has_token());
        match Image::parse(text) {
            Some(image) if !is_host => Ok(Self::Images(image, Vec::new())),
            _ if key.is_session() || has_token() => Ok(Self::Key(key)),
            _ if key.address().is_some() && (is_host || text.contains([':', '/'])) => Ok(Self::Key(key)),
            _ => Err(ArgumentError::NoImage(text.to_owned()).into()),
        }
    }

    /// Adds more images of the same registry.
    fn with_others(self, texts: &[String]) -> Result<Self, CommandError> {
        if texts.is_empty() {
            return Ok(self);
        }
        let Self::Images(first, _) = self else { return Err(OtherTarget(texts[0].clone()).into()) };
        let registry = first.address().registry();
        let parse = |text: &String| {
            let image =
                Image::parse(without_prefix(text)).filter(|image| image.address().registry() == registry);
            match image {
                None if is_upper_case(text) => Err(CommandError::from(UpperCase(text.clone()))),
                image => image.ok_or_else(|| OtherTarget(text.clone()).into()),
            }
        };
        let others = texts.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self::Images(first, others))
    }

    /// Returns the key for the one registry whose images a command line names.
    fn of_line(read: Option<(Client, Transfers)>) -> Result<Self, LineError> {
        let (_, transfers) = read.ok_or(LineError::Unknown)?;
        match transfers.registries()[..] {
            [] => Err(LineError::NoImage),
            [registry] => Ok(Self::Key(Key::parse(registry.docker_key()).map_err(|_| LineError::NoImage)?)),
            ref registries => {
                let names = registries.iter().map(ToString::to_string).collect::<Vec<_>>();
                Err(LineError::Registries(names.join(", ")))
            }
        }
    }

    fn images(&self) -> Vec<&Image> {
        match self {
            Self::Images(image, others) => iter::once(image).chain(others).collect(),
            Self::Key(_) => Vec::new(),
        }
    }

    /// Returns the images as they were typed, without a prefix.
    fn names<'a>(&self, args: &'a ExplainArgs) -> Vec<&'a str> {
        match self {
            Self::Images(..) => {
                args.target.iter().chain(&args.others).map(|text| without_prefix(text)).collect()
            }
            Self::Key(_) => Vec::new(),
        }
    }

    /// Returns the keys that the client tries, in order, until one has an answer.
    fn keys(&self, client: Option<Client>, direction: Direction) -> Result<Vec<Key>, CommandError> {
        let keys = match (self, client) {
            (Self::Key(key), _) => return Ok(vec![key.clone()]),
            (Self::Images(image, _), Some(client)) => client.keys(image, direction),
            (Self::Images(image, _), None) => vec![image.address().registry().docker_key().to_owned()],
        };
        keys.iter().map(|key| Ok(Key::parse(key)?)).collect()
    }

    /// Returns the keys that each client sends.
    fn clients(&self, direction: Direction) -> Vec<(Client, Vec<String>)> {
        match self {
            Self::Images(image, _) => {
                Client::ALL.map(|client| (client, client.keys(image, direction))).into()
            }
            Self::Key(_) => Vec::new(),
        }
    }
}

/// True for an image whose only error is a capital letter in its name.
fn is_upper_case(text: &str) -> bool {
    let parses = |text: &str| text.contains('/') && Image::parse(without_prefix(text)).is_some();
    !parses(text) && parses(&text.to_lowercase())
}

/// Removes the prefix with which skopeo or helm marks an image on a registry.
fn without_prefix(text: &str) -> &str {
    IMAGE_PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text)
}

/// Runs the verb.
pub fn run(args: &ExplainArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let context = Context::from_environment(cx.called_as)?;
    let typed: Vec<_> = args.line.iter().map(String::as_str).collect();
    args.refuse_bare_command()?;
    let target = match &args.target {
        Some(text) => ExplainTarget::parse(text, &inventory)?.with_others(&args.others)?,
        None => ExplainTarget::of_line(client::read_line(&typed))?,
    };
    let direction = args.direction.direction().unwrap_or(Direction::Pull);
    let sample =
        args.client.map(|client| sample_line(client, direction, &target.names(args))).transpose()?.flatten();
    let sample_words: Option<Vec<_>> =
        sample.as_ref().map(|sample| sample.iter().map(String::as_str).collect());
    let words = if typed.is_empty() { sample_words.as_deref() } else { Some(&typed[..]) };
    let read = words.and_then(client::read_line);
    let client = args.client.or(read.as_ref().map(|(client, _)| *client));
    let keys = target.keys(client, direction)?;
    let index = Index::new(&inventory);
    let now = *cx.now;
    let answer = |key| {
        let request = match words {
            Some(_) => {
                let transfers = read.as_ref().map(|(_, transfers)| transfers);
                context.request_of_transfers(key, &inventory, transfers)
            }
            None => request(&target, args, context.stated_request(key, &inventory)),
        };
        let verdict = resolve(&request, index.concerning(key), inventory.choices(), now);
        (request, verdict)
    };
    // If no key has an answer, the last one is explained.
    let has_answer = |(_, verdict): &(_, Verdict<'_>)| verdict.token.is_some();
    let answered = keys.iter().map(answer).find(has_answer).or_else(|| keys.last().map(answer));
    let Some((request, verdict)) = answered else {
        return Err(LineError::NoImage.into());
    };
    // `get` refuses this as well, so that the client does not continue without credentials.
    if let Some(named) =
        request.token_name.filter(|named| get_warnings::is_named_elsewhere(named.value, &verdict))
    {
        return Err(NamedTokenError::new(named.value, request.key, &inventory).into());
    }
    let clients = target.clients(direction);
    let sample = sample.map(|words| words.join(" "));
    let explanation = Explanation {
        request: &request,
        verdict: &verdict,
        sample: sample.as_deref(),
        clients: &clients,
        now,
    };
    if args.json {
        return json::write(&explanation, cx);
    }
    explanation.write(&mut *cx.out, cx.screen).map_err(CommandError::output)?;
    note_clients_that_ask_elsewhere(client, request.key, cx);
    Ok(())
}

/// Names each installed client, or only the one that is explained, if it does not use this program for a key.
fn note_clients_that_ask_elsewhere(client: Option<Client>, key: &Key, cx: &mut CommandContext) {
    let is_podman = |client| matches!(client, Client::Podman | Client::Skopeo | Client::Buildah);
    for (owner, name, option) in
        [(ConfigOwner::Docker, "Docker", ""), (ConfigOwner::Podman, "podman", " --podman")]
    {
        let is_meant = client.is_none_or(|client| is_podman(client) == (owner == ConfigOwner::Podman));
        if !is_meant || installed(owner).is_empty() {
            continue;
        }
        if let Some(AskedElsewhere { config, helper, is_found }) = asked_elsewhere(owner, key) {
            let config = env::tilde(&config);
            let reason = match helper {
                None => format!("{config} names no helper"),
                Some(helper) if is_found => {
                    format!("{config} names no helper, and {name} found \"{helper}\" in PATH")
                }
                Some(helper) => format!("{config} names \"{helper}\""),
            };
            cx.say(&format!(
                "{name} does not use this program for {}: {reason} ({} install{option})",
                key.as_str(),
                program()
            ));
        }
    }
}

/// Returns a typical command line with which the client transfers the images; `None` when the command line
/// would show nothing without an image.
fn sample_line(
    client: Client,
    direction: Direction,
    images: &[&str],
) -> Result<Option<Vec<String>>, LineError> {
    let line =
        client::sample_line(client, direction, images).ok_or(LineError::NoCommand { client, direction })?;
    let words: Vec<_> = line.iter().map(String::as_str).collect();
    let says_nothing = images.is_empty()
        && client::read_line(&words).is_some_and(|(_, transfers)| transfers == Transfers::default());
    Ok((!says_nothing).then_some(line))
}

/// Adds the images and the direction as arguments, for no client in particular.
fn request<'r>(target: &'r ExplainTarget, args: &ExplainArgs, mut request: Request<'r>) -> Request<'r> {
    let from = RequestSource::Argument;
    let images = target.images();
    if !images.is_empty() {
        let paths = images.into_iter().map(|image| image.repository().into()).collect();
        let value = Repositories { paths, may_need_more: false };
        request.repositories = request.repositories.or(Some(Sourced { value, from }));
    }
    let asked = args.direction.direction().map(|value| Sourced { value, from });
    let default = Sourced { value: Direction::Pull, from: RequestSource::Default };
    let direction = match target {
        ExplainTarget::Images(..) => asked.or(Some(default)),
        ExplainTarget::Key(_) => asked,
    };
    // A variable takes precedence over the command line, as in a `get`.
    request.direction = request.direction.or(direction);
    request
}

/// A command whose requests cannot be explained.
#[derive(Debug, Error)]
enum LineError {
    #[error("the command is not understood, so nothing is known about its requests")]
    Unknown,
    #[error("the command does not name an image")]
    NoImage,
    #[error("the command names images of several registries: {0}")]
    Registries(String),
    #[error("no {} command is known for the direction {}", .client.word(), .direction.word())]
    NoCommand { client: Client, direction: Direction },
}

impl Hint for LineError {
    fn hint(&self) -> Option<String> {
        let program = program();
        Some(match self {
            Self::Unknown => format!("name only the registry: {program} explain REGISTRY"),
            Self::NoImage | Self::Registries(_) => {
                format!("name the registry: {program} explain REGISTRY -- COMMAND")
            }
            Self::NoCommand { direction: Direction::Both, .. } => {
                format!("omit the client: {program} explain IMAGE --pull --push")
            }
            Self::NoCommand { direction, .. } => {
                format!("omit the client: {program} explain IMAGE --{}", direction.word())
            }
        })
    }
}

/// A command that is not marked as one.
#[derive(Debug, Error)]
#[error("\"{0}\" is a command, not an image")]
struct BareCommand(String);

impl Hint for BareCommand {
    fn hint(&self) -> Option<String> {
        Some(format!("{} explain -- {}", program(), self.0))
    }
}

/// An image that no registry has.
#[derive(Debug, Error)]
#[error("{0:?} is not an image: its name must be lower case")]
struct UpperCase(String);

impl Hint for UpperCase {
    fn hint(&self) -> Option<String> {
        Some(format!("{} explain {}", program(), quoted(&self.0.to_lowercase())))
    }
}

/// An additional argument that is not an image of the same registry.
#[derive(Debug, Error)]
#[error("{0:?} is not an image of the same registry")]
struct OtherTarget(String);

impl Hint for OtherTarget {
    fn hint(&self) -> Option<String> {
        Some(format!("a client sends a request for each registry: {} explain {}", program(), quoted(&self.0)))
    }
}
