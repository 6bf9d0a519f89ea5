//! `explain`: shows the token that a request gets, and why. It decides as `get` does, but decrypts no secret.

mod json;
mod output;

use std::iter;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use thiserror::Error;

use crate::client::Client;
use crate::client::context::Context;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError, NamedTokenError};
use crate::command::explain::output::Explanation;
use crate::command::get_warnings;
use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::hint::{Hint, program};
use crate::model::image::Image;
use crate::model::name::quoted;
use crate::model::registry::Key;
use crate::model::token::Direction;
use crate::resolve::request::{Repositories, Request, RequestSource, Sourced};
use crate::resolve::{Verdict, resolve};

/// Explain which token an image or a registry gets, and why
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// An image such as alpine or ghcr.io/acme/app, or a registry as clients send it, such as ghcr.io
    #[arg(value_name = "IMAGE|KEY")]
    target: String,
    /// More images of the same registry, for a command that names several
    #[arg(value_name = "IMAGE")]
    others: Vec<String>,
    #[command(flatten)]
    direction: RequestDirectionArgs,
    /// Explain the request of this client, with as much as it shows of the image
    #[arg(long, value_parser = client_parser())]
    client: Option<Client>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct RequestDirectionArgs {
    /// Explain a pull, which is the default; with --push, a command that pulls and pushes, such as a copy
    #[arg(long)]
    pull: bool,
    /// Explain a push
    #[arg(long)]
    push: bool,
    /// Explain a deletion
    #[arg(long, conflicts_with_all = ["pull", "push"])]
    delete: bool,
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

/// The images of one registry, or the key, to explain.
enum ExplainTarget {
    Images(Image, Vec<Image>),
    Key(Key),
}

impl ExplainTarget {
    /// Reads an image or a key. A text that could be either, such as `registry:5000`, counts as a registry if the
    /// vault has a token for it.
    fn parse(text: &str, inventory: &Inventory) -> Result<Self, CommandError> {
        let key = Key::parse(text)?;
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

    /// Adds images of the same registry.
    fn with_others(self, texts: &[String]) -> Result<Self, CommandError> {
        if texts.is_empty() {
            return Ok(self);
        }
        let Self::Images(first, _) = self else { return Err(OtherTarget(texts[0].clone()).into()) };
        let registry = first.address().registry();
        let parse = |text: &String| {
            let image = Image::parse(text).filter(|image| image.address().registry() == registry);
            image.ok_or_else(|| OtherTarget(text.clone()))
        };
        let others = texts.iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self::Images(first, others))
    }

    /// Returns the keys that the client tries, in order, until one has an answer.
    fn keys(&self, client: Option<Client>) -> Result<Vec<Key>, CommandError> {
        let keys = match (self, client) {
            (Self::Key(key), _) => return Ok(vec![key.clone()]),
            (Self::Images(image, _), Some(client)) => client.keys(image),
            (Self::Images(image, _), None) => vec![image.address().registry().docker_key().to_owned()],
        };
        keys.iter().map(|key| Ok(Key::parse(key)?)).collect()
    }

    /// Returns the keys that each client sends.
    fn clients(&self) -> Vec<(Client, Vec<String>)> {
        match self {
            Self::Images(image, _) => Client::ALL.map(|client| (client, client.keys(image))).into(),
            Self::Key(_) => Vec::new(),
        }
    }
}

/// Runs the verb.
pub fn run(args: &ExplainArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let context = Context::from_environment(cx.called_as)?;
    let target = ExplainTarget::parse(&args.target, &inventory)?.with_others(&args.others)?;
    let keys = target.keys(args.client)?;
    let index = Index::new(&inventory);
    let now = *cx.now;
    let answer = |key| {
        let request = request(&target, args, context.stated_request(key, &inventory));
        let verdict = resolve(&request, index.concerning(key), inventory.choices(), now);
        (request, verdict)
    };
    // If no key has an answer, the last one is explained.
    let has_answer = |(_, verdict): &(_, Verdict<'_>)| verdict.token.is_some();
    let answered = keys.iter().map(answer).find(has_answer).or_else(|| keys.last().map(answer));
    let Some((request, verdict)) = answered else {
        return Err(ArgumentError::NoImage(args.target.clone()).into());
    };
    // `get` refuses this as well, so that the client does not continue without credentials.
    if let Some(named) =
        request.token_name.filter(|named| get_warnings::is_named_elsewhere(named.value, &verdict))
    {
        return Err(NamedTokenError::new(named.value, request.key, &inventory).into());
    }
    let clients = target.clients();
    let explanation = Explanation { request: &request, verdict: &verdict, clients: &clients, now };
    if args.json {
        json::write(&explanation, cx)
    } else {
        explanation.write(&mut *cx.out, cx.screen).map_err(CommandError::output)
    }
}

/// Adds the details of the images that the client's command line would show.
fn request<'r>(target: &'r ExplainTarget, args: &ExplainArgs, mut request: Request<'r>) -> Request<'r> {
    let names_image = args.client.is_none_or(Client::names_image);
    let from = RequestSource::Argument;
    if let ExplainTarget::Images(image, others) = target
        && names_image
    {
        let paths = iter::once(image).chain(others).map(|image| image.repository().into()).collect();
        let value = Repositories { paths, may_need_more: false };
        request.repositories = request.repositories.or(Some(Sourced { value, from }));
    }
    let direction = match target {
        _ if !names_image => None,
        ExplainTarget::Images(..) => args.direction.direction().or(Some(Direction::Pull)),
        ExplainTarget::Key(_) => args.direction.direction(),
    };
    // A variable takes precedence over the command line, as in a `get`.
    request.direction = request.direction.or(direction.map(|value| Sourced { value, from }));
    request
}

/// An additional argument that is not an image of the same registry.
#[derive(Debug, Error)]
#[error("{0:?} is not an image of the same registry")]
struct OtherTarget(String);

impl Hint for OtherTarget {
    fn hint(&self) -> Option<String> {
        Some(format!("a client asks for each registry by itself: {} explain {}", program(), quoted(&self.0)))
    }
}
