//! `explain`: which token a request gets, and why; the way of a `get` without the unsealing.

use crate::client::Client;
use crate::command::Desk;
use crate::command::Failure;
use crate::command::r#use::words;
use crate::context::Context;
use crate::env;
use crate::image::Image;
use crate::index::Index;
use crate::inventory::Inventory;
use crate::moment::Moment;
use crate::registry::Key;
use crate::request::Known;
use crate::request::Repository;
use crate::request::Request;
use crate::request::Source;
use crate::resolve::Reason;
use crate::resolve::Verdict;
use crate::resolve::resolve;
use crate::text;
use crate::text::clean;
use crate::text::write_table;
use crate::token::Direction;
use crate::token::Token;
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

/// Explain which token an image or a registry gets, and why
#[derive(Debug, clap::Args)]
pub struct Args {
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
enum Asked {
    Image(Image),
    Key(Key),
}

impl Asked {
    /// What could be either, such as `registry:5000`, is a registry where the vault knows it as one.
    fn parse(text: &str, inventory: &Inventory) -> Result<Self, Failure> {
        let key = Key::parse(text)?;
        let is_known = || inventory.tokens().iter().any(|token| token.concerns(&key));
        let host = text.split_once(':').map_or(text, |(host, _)| host);
        let is_host = !text.contains('/') && (host.contains(['.', '[']) || host == "localhost" || is_known());
        match Image::parse(text) {
            Some(image) if !is_host => Ok(Self::Image(image)),
            _ if key.address().is_some() || key.is_session() || is_known() => Ok(Self::Key(key)),
            _ => Err(Failure::NoImage(text.to_owned())),
        }
    }

    /// Returns the keys that are sent, one after another until one has an answer.
    fn keys(&self, client: Option<Client>) -> Result<Vec<Key>, Failure> {
        let keys = match (self, client) {
            (Self::Key(key), _) => return Ok(vec![key.clone()]),
            (Self::Image(image), Some(client)) => client.keys(image),
            (Self::Image(image), None) => {
                vec![image.address().registry().docker_key().to_owned()]
            }
        };
        keys.iter().map(|key| Ok(Key::parse(key)?)).collect()
    }
}

/// Runs the verb.
///
/// # Errors
/// When it is neither image nor key, or the vault cannot be read.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let inventory = desk.keeper.inventory()?;
    let context = Context::gather(desk.called_as)?;
    let asked = Asked::parse(&args.asked, &inventory)?;
    let keys = asked.keys(args.client)?;
    let index = Index::of(&inventory);
    let now = *desk.now;
    let mut explanations = keys.iter().map(|key| {
        let request = request(&asked, args, context.request_as_told(key, &inventory));
        let verdict = resolve(&request, index.concerning(key), inventory.choices(), now);
        (request, verdict)
    });
    let first = explanations.next();
    let Some((request, verdict)) = explanations
        .find(|(_, verdict)| verdict.token.is_some())
        .filter(|_| first.as_ref().is_none_or(|(_, verdict)| verdict.token.is_none()))
        .or(first)
    else {
        return Err(Failure::NoImage(args.asked.clone()));
    };
    let explanation = Explanation { asked: &asked, request: &request, verdict: &verdict, now };
    let written =
        if args.json { explanation.write_json(&mut *desk.out) } else { explanation.write(&mut *desk.out) };
    written.map_err(Failure::Output)
}

/// Adds what the client's command line would show of the image.
fn request<'r>(asked: &'r Asked, args: &Args, mut request: Request<'r>) -> Request<'r> {
    let is_shown = args.client.is_none_or(Client::names_image);
    let from = Source::Argument;
    if let Asked::Image(image) = asked
        && is_shown
    {
        let value = Repository { path: image.repository().into(), is_all: true };
        request.repository = request.repository.or(Some(Known { value, from }));
    }
    if is_shown && (args.push || matches!(asked, Asked::Image(_))) {
        let value = if args.push { Direction::Push } else { Direction::Pull };
        request.direction = Some(Known { value, from });
    }
    request
}

/// All that is to be told.
struct Explanation<'e> {
    asked: &'e Asked,
    request: &'e Request<'e>,
    verdict: &'e Verdict<'e>,
    now: Moment,
}

/// One token, and what was decided about it.
struct Decision<'e> {
    token: &'e Token,
    reason: Option<Reason>,
    why: String,
}

/// What `explain --json` writes, version 1.
#[derive(Serialize)]
struct ExplanationJson<'e> {
    version: u32,
    request: RequestJson<'e>,
    /// The name of the token that is given, or null.
    token: Option<&'e str>,
    tokens: Vec<DecisionJson<'e>>,
    /// The keys that each client sends, one after another until one has an answer.
    keys: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Serialize)]
struct RequestJson<'e> {
    key: &'e str,
    registry: Option<&'e str>,
    repository: Option<KnownJson<&'e str>>,
    direction: Option<KnownJson<&'static str>>,
    profile: Option<KnownJson<&'e str>>,
    directory: Option<KnownJson<String>>,
    named: Option<KnownJson<&'e str>>,
}

#[derive(Serialize)]
struct KnownJson<T> {
    value: T,
    from: String,
}

#[derive(Serialize)]
struct DecisionJson<'e> {
    name: &'e str,
    is_given: bool,
    /// See [`Reason::word`]; null for the token that is given.
    reason: Option<&'static str>,
    why: &'e str,
}

impl<T> KnownJson<T> {
    fn of(value: T, from: Source) -> Self {
        Self { value, from: source(from) }
    }
}

impl<'e> Explanation<'e> {
    fn decisions(&self) -> Vec<Decision<'e>> {
        let given = self.verdict.token.map(|token| Decision { token, reason: None, why: self.why_given() });
        let others = self.verdict.set_aside.iter().rev().map(|(token, reason)| Decision {
            token,
            reason: Some(*reason),
            why: why_not(token, *reason, self.request.direction(), self.now),
        });
        given.into_iter().chain(others).collect()
    }

    fn why_given(&self) -> String {
        let direction = self.request.direction().map_or("this", Direction::word);
        match self.verdict.decided_by() {
            None => "the only one that may go there".to_owned(),
            Some(Reason::NotNamed) => "the one that is named".to_owned(),
            Some(Reason::NotChosen) => match self.verdict.choice {
                Some(choice) => format!("chosen for {}", words(choice)),
                None => "chosen".to_owned(),
            },
            Some(Reason::NotAllowed) => format!("the one that may {direction}"),
            Some(Reason::LessSpecific) => "its scope fits most closely".to_owned(),
            Some(Reason::NotUsed) => "put in use, later than any login".to_owned(),
            Some(Reason::MorePermissions) => "enough for it, and allows least".to_owned(),
            Some(Reason::OtherKey) => "stored under the very key that is sent".to_owned(),
            Some(
                Reason::NotInUse
                | Reason::OtherRepository
                | Reason::Inactive
                | Reason::Expired
                | Reason::SignedOut,
            ) => "in use: the last login, else the first that came".to_owned(),
        }
    }

    fn clients(&self) -> BTreeMap<&'static str, Vec<String>> {
        match self.asked {
            Asked::Image(image) => {
                Client::ALL.into_iter().map(|client| (client.word(), client.keys(image))).collect()
            }
            Asked::Key(_) => BTreeMap::new(),
        }
    }

    /// Returns what is known of the request, with where it is known from.
    fn known(&self) -> Vec<[String; 2]> {
        let Request { key, named, profile, repository, direction, directory } = self.request;
        let told = |text: &str, from: Source| format!("{} ({})", clean(text), source(from));
        let not_known = || "not known".to_owned();
        let mut rows = vec![["key", clean(key.as_str()).as_str()].map(str::to_owned)];
        let mut row = |name: &str, text: String| rows.push([name.to_owned(), text]);
        if let Some(address) = key.address() {
            row("registry", address.registry().to_string());
            let repository = repository.as_ref().map(|known| told(&known.value.path, known.from));
            row("repository", repository.unwrap_or_else(not_known));
            let direction = direction.map(|known| told(known.value.word(), known.from));
            row("direction", direction.unwrap_or_else(not_known));
        }
        if let Some(known) = profile {
            row("profile", told(known.value, known.from));
        }
        if let Some(known) = directory {
            row("directory", told(&env::tilde(known.value), known.from));
        }
        if let Some(known) = named {
            row("token", told(known.value, known.from));
        }
        rows
    }

    fn write(&self, mut out: impl io::Write) -> io::Result<()> {
        write_table(&mut out, &self.known())?;
        writeln!(out)?;
        let decisions = self.decisions();
        let line = |decision: &Decision<'_>| {
            let taken = if decision.reason.is_none() { "given" } else { "not given" };
            [clean(decision.token.name.as_str()), taken.to_owned(), decision.why.clone()]
        };
        match self.verdict.token {
            Some(token) => writeln!(out, "\"{}\" is given", clean(token.name.as_str()))?,
            None => writeln!(out, "no token is given: clients go on without credentials")?,
        }
        if !decisions.is_empty() {
            writeln!(out)?;
            write_table(&mut out, &decisions.iter().map(line).collect::<Vec<_>>())?;
        }
        let mut by_keys: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for (client, keys) in self.clients() {
            by_keys.entry(keys.join(", then ")).or_default().push(client);
        }
        if !by_keys.is_empty() {
            writeln!(out)?;
            let rows: Vec<_> = by_keys
                .iter()
                .map(|(keys, clients)| [format!("{} send", clients.join(", ")), clean(keys)])
                .collect();
            write_table(&mut out, &rows)?;
        }
        Ok(())
    }

    fn write_json(&self, mut out: impl io::Write) -> io::Result<()> {
        let decisions = self.decisions();
        let Request { key, named, profile, repository, direction, directory } = self.request;
        let tokens = decisions.iter().map(|decision| DecisionJson {
            name: decision.token.name.as_str(),
            is_given: decision.reason.is_none(),
            reason: decision.reason.map(Reason::word),
            why: &decision.why,
        });
        let json = ExplanationJson {
            version: 1,
            request: RequestJson {
                key: key.as_str(),
                registry: key.address().map(|address| address.registry().as_str()),
                repository: repository.as_ref().map(|known| KnownJson::of(&*known.value.path, known.from)),
                direction: direction.map(|known| KnownJson::of(known.value.word(), known.from)),
                profile: profile.map(|known| KnownJson::of(known.value, known.from)),
                directory: directory
                    .map(|known| KnownJson::of(known.value.display().to_string(), known.from)),
                named: named.map(|known| KnownJson::of(known.value, known.from)),
            },
            token: self.verdict.token.map(|token| token.name.as_str()),
            tokens: tokens.collect(),
            keys: self.clients(),
        };
        text::write_json(&mut out, &json)?;
        writeln!(out)
    }
}

fn source(from: Source) -> String {
    match from {
        Source::Key => "from the key".to_owned(),
        Source::Variable(name) => format!("from {name}"),
        Source::ProgramName => "from the program's name".to_owned(),
        Source::CommandLine => "from the client's command line".to_owned(),
        Source::WorkingDirectory => "the working directory".to_owned(),
        Source::Argument => "as asked".to_owned(),
    }
}

fn why_not(token: &Token, reason: Reason, direction: Option<Direction>, now: Moment) -> String {
    let text = match reason {
        Reason::OtherRepository => "for other repositories",
        Reason::Inactive => "switched off",
        Reason::Expired => {
            let end = token.expires.map(|end| end.relative_to(now)).unwrap_or_default();
            return format!("expired {end}");
        }
        Reason::SignedOut => "signed out",
        Reason::NotNamed => "another one is named",
        Reason::NotChosen => "another one is chosen",
        Reason::NotAllowed => {
            return format!("may not {}", direction.map_or("do this", Direction::word));
        }
        Reason::LessSpecific => "another one's scope fits more closely",
        Reason::NotUsed => "another one was put in use",
        Reason::MorePermissions => "allows more than it takes",
        Reason::OtherKey => "another one was stored under the very key that is sent",
        Reason::NotInUse => "another one is in use",
    };
    text.to_owned()
}
