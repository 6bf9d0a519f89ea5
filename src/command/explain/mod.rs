//! `explain`: which token a request gets, and why; the way of a `get` without the unsealing.

mod json;
mod output;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::client::Client;
use crate::client::context::Context;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError, NamedTokenError};
use crate::command::explain::output::Explanation;
use crate::command::get_warnings;
use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::image::Image;
use crate::model::registry::Key;
use crate::model::token::Direction;
use crate::resolve::request::{Repository, Request, RequestSource, Sourced};
use crate::resolve::{Verdict, resolve};

/// Explain which token an image or a registry gets, and why
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// An image such as alpine or ghcr.io/acme/app, or a registry as clients send it, such as ghcr.io
    #[arg(value_name = "IMAGE|KEY")]
    asked: String,
    /// As it is pushed; without it, as it is pulled
    #[arg(long)]
    push: bool,
    /// As this client asks, with as much as it shows of the image
    #[arg(long, value_parser = client_parser())]
    client: Option<Client>,
    /// Write JSON
    #[arg(long)]
    json: bool,
}

fn client_parser() -> impl TypedValueParser<Value = Client> {
    let words = PossibleValuesParser::new(Client::ALL.map(Client::word));
    words.try_map(|word| Client::ALL.into_iter().find(|client| client.word() == word).ok_or("not known"))
}

/// What a person asks about.
enum ExplainTarget {
    Image(Image),
    Key(Key),
}

impl ExplainTarget {
    /// What could be either, such as `registry:5000`, is a registry where the vault knows it as one.
    fn parse(text: &str, inventory: &Inventory) -> Result<Self, CommandError> {
        let key = Key::parse(text)?;
        let is_known = || inventory.tokens().iter().any(|token| token.concerns(&key));
        let host = text.split_once(':').map_or(text, |(host, _)| host);
        let is_host = !text.contains('/') && (host.contains(['.', '[']) || host == "localhost" || is_known());
        match Image::parse(text) {
            Some(image) if !is_host => Ok(Self::Image(image)),
            _ if key.is_session() || is_known() => Ok(Self::Key(key)),
            _ if key.address().is_some() && (is_host || text.contains([':', '/'])) => Ok(Self::Key(key)),
            _ => Err(ArgumentError::NoImage(text.to_owned()).into()),
        }
    }

    /// Returns the keys that are sent, one after another until one has an answer.
    fn keys(&self, client: Option<Client>) -> Result<Vec<Key>, CommandError> {
        let keys = match (self, client) {
            (Self::Key(key), _) => return Ok(vec![key.clone()]),
            (Self::Image(image), Some(client)) => client.keys(image),
            (Self::Image(image), None) => {
                vec![image.address().registry().docker_key().to_owned()]
            }
        };
        keys.iter().map(|key| Ok(Key::parse(key)?)).collect()
    }

    /// Returns the keys that each client sends.
    fn clients(&self) -> Vec<(Client, Vec<String>)> {
        match self {
            Self::Image(image) => Client::ALL.map(|client| (client, client.keys(image))).into(),
            Self::Key(_) => Vec::new(),
        }
    }
}

/// Runs the verb.
pub fn run(args: &ExplainArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let context = Context::from_environment(cx.called_as)?;
    let asked = ExplainTarget::parse(&args.asked, &inventory)?;
    let keys = asked.keys(args.client)?;
    let index = Index::of(&inventory);
    let now = *cx.now;
    let answer = |key| {
        let request = request(&asked, args, context.stated_request(key, &inventory));
        let verdict = resolve(&request, index.concerning(key), inventory.choices(), now);
        (request, verdict)
    };
    // The last one decides where none has an answer.
    let has_answer = |(_, verdict): &(_, Verdict<'_>)| verdict.token.is_some();
    let answered = keys.iter().map(answer).find(has_answer).or_else(|| keys.last().map(answer));
    let Some((request, verdict)) = answered else {
        return Err(ArgumentError::NoImage(args.asked.clone()).into());
    };
    // As a `get` refuses it, lest the client go on with nothing.
    if let Some(named) = request.named.filter(|named| get_warnings::is_named_elsewhere(named.value, &verdict))
    {
        let key = request.key.as_str().to_owned();
        return Err(NamedTokenError { name: named.value.to_owned(), key }.into());
    }
    let clients = asked.clients();
    let explanation = Explanation { request: &request, verdict: &verdict, clients: &clients, now };
    let written = if args.json {
        json::write(&explanation, &mut *cx.out)
    } else {
        explanation.write(&mut *cx.out, cx.screen)
    };
    written.map_err(CommandError::output)
}

/// Adds what the client's command line would show of the image.
fn request<'r>(asked: &'r ExplainTarget, args: &ExplainArgs, mut request: Request<'r>) -> Request<'r> {
    let is_shown = args.client.is_none_or(Client::names_image);
    let from = RequestSource::Argument;
    if let ExplainTarget::Image(image) = asked
        && is_shown
    {
        let value = Repository { path: image.repository().into(), is_all: true };
        request.repository = request.repository.or(Some(Sourced { value, from }));
    }
    let shown = match asked {
        _ if !is_shown => None,
        _ if args.push => Some(Direction::Push),
        ExplainTarget::Image(_) => Some(Direction::Pull),
        ExplainTarget::Key(_) => None,
    };
    // What a variable says comes before what a client shows, as in a `get`.
    request.direction = request.direction.or(shown.map(|value| Sourced { value, from }));
    request
}
