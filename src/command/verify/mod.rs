//! `verify`: whether registries take a token, and what they say of it.

mod output;

use thiserror::Error;

use crate::command::args::find_all;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::http::Http;
use crate::http::endpoint::PlainHttp;
use crate::inventory::TokenChanges;
use crate::model::hint::{Hint, program};
use crate::model::image::Image;
use crate::model::name::Name;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::token::{Token, TokenKind};
use crate::system::sanitize::clean;
use crate::verify::response::{AuthResult, LoginOutcome};
use crate::verify::{LoginRequest, RegistryClient, RegistryError};

/// Ask registries whether they take a token, what it may do there, and how many pulls are left
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The tokens' names
    #[arg(required_unless_present = "all", add = token_names())]
    names: Vec<String>,
    /// Every token that a registry can be asked about
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// What it may do in this repository, such as ghcr.io/acme/app
    #[arg(long, value_name = "[REGISTRY/]PATH")]
    repository: Option<String>,
    /// Send secrets unencrypted too, where a registry is not encrypted: anybody on the way can read them
    #[arg(long)]
    plain_http: bool,
    /// Write JSON: {"version":1,"answers":[…]}
    #[arg(long)]
    json: bool,
}

/// A token with one registry that it may go to, and the repository that is asked about.
struct VerifyTarget<'t> {
    token: &'t Token,
    registry: Registry,
    repository: Option<String>,
}

/// What a registry said of a token.
struct Answered<'t> {
    question: VerifyTarget<'t>,
    answer: Result<AuthResult, RegistryError>,
}

/// Runs the verb.
pub fn run(args: &VerifyArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let now = *cx.now;
    let excerpt = cx.store.excerpt(None)?;
    let inventory = excerpt.inventory();
    let tokens = if args.all { inventory.tokens().to_vec() } else { find_all(inventory, &args.names)? };
    let mut questions = Vec::new();
    for token in &tokens {
        let of_token = questions_about(token, args.repository.as_deref())?;
        if of_token.is_empty() && !args.all {
            return Err(VerifyError::NothingToAsk(token.name.clone()).into());
        }
        questions.extend(of_token);
    }
    let http = Http::default();
    let plain = if args.plain_http { PlainHttp::Anywhere } else { PlainHttp::Loopback };
    let (registries, count) = (RegistryClient { http: &http, plain }, questions.len());
    if count == 0 && !args.json {
        cx.say("there is no token that a registry could be asked about (docker-credential-pat ls)");
        return Ok(());
    }
    let mut answers = Vec::with_capacity(count);
    for (number, question) in questions.into_iter().enumerate() {
        if count > 1 {
            let VerifyTarget { token, registry, .. } = &question;
            let _ =
                writeln!(cx.err, "{} of {count}: {} asks {registry}", number + 1, clean(token.name.as_str()));
        }
        let secret = excerpt.release(question.token)?;
        let login = LoginRequest { user: question.token.user.reveal_with(&secret), secret: &secret };
        let mut tell = |line: &str| drop(writeln!(cx.err, "{}", clean(line)));
        let answer =
            registries.authenticate(&question.registry, login, question.repository.as_deref(), &mut tell);
        answers.push(Answered { question, answer });
    }
    note_ends(&answers, cx)?;
    if args.json { output::write_json(&answers, cx) } else { output::write_table(&answers, now, cx) }?;
    outcome(&answers)
}

/// Refuses a secret that a registry of these scopes does not take, before anything is kept of it.
pub fn refuse_unaccepted(
    scopes: &[Scope],
    user: &str,
    secret: &Secret,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let registries: Vec<_> = scopes.iter().filter_map(Scope::registry).collect();
    if registries.is_empty() {
        return Err(VerifyError::NoRegistry.into());
    }
    let http = Http::default();
    for registry in registries {
        let asking = RegistryClient { http: &http, plain: PlainHttp::Loopback };
        let answer =
            asking.authenticate(registry, LoginRequest { user, secret }, None, &mut |line| cx.say(line))?;
        match answer.outcome {
            LoginOutcome::Accepted => {}
            LoginOutcome::Refused => return Err(VerifyError::Refused(registry.to_string()).into()),
            LoginOutcome::Open => {
                cx.say(&format!("note: {registry} asks for no credentials, so nothing is verified"));
            }
        }
    }
    Ok(())
}

/// Returns each registry that a token goes to, with the repository there.
fn questions_about<'t>(
    token: &'t Token,
    repository: Option<&str>,
) -> Result<Vec<VerifyTarget<'t>>, CommandError> {
    // Docker Hub's own entries of a sign-in are for no registry.
    if token.kind == TokenKind::Session {
        return Ok(Vec::new());
    }
    let mut registries: Vec<Registry> = token.scopes.iter().filter_map(Scope::registry).cloned().collect();
    registries.dedup();
    let Some(text) = repository else {
        let question = |registry| VerifyTarget { token, registry, repository: None };
        return Ok(registries.into_iter().map(question).collect());
    };
    let no_image = || ArgumentError::NoImage(text.to_owned());
    let image = Image::parse(text).ok_or_else(no_image)?;
    if image.host().is_some() {
        let address = image.address();
        let covers = |scope: &Scope| scope.covers(address.registry(), address.repository());
        let repository = Some(image.repository().to_owned());
        let question = VerifyTarget { token, registry: address.registry().clone(), repository };
        return Ok(token.scopes.iter().any(covers).then_some(question).into_iter().collect());
    }
    let question = |registry: Registry| {
        let image = Image::parse(&format!("{registry}/{text}")).ok_or_else(no_image)?;
        Ok(VerifyTarget { token, registry, repository: Some(image.repository().to_owned()) })
    };
    registries.into_iter().map(question).collect()
}

/// Keeps the ends that registries told, so that a warning comes in time. One that is past is not kept: the
/// token would not be given out any more on the word of a server whose clock may be wrong.
fn note_ends(answers: &[Answered<'_>], cx: &mut CommandContext) -> Result<(), CommandError> {
    let now = *cx.now;
    let end = |answered: &Answered<'_>| answered.answer.as_ref().ok().and_then(|reception| reception.expires);
    let is_news = |answered: &&Answered<'_>| {
        end(answered).is_some_and(|end| end > now && answered.question.token.expires != Some(end))
    };
    let news: Vec<_> = answers.iter().filter(is_news).collect();
    if news.is_empty() {
        return Ok(());
    }
    cx.store.change(|draft| -> Result<_, CommandError> {
        for answered in &news {
            let asked = answered.question.token;
            // A secret that came meanwhile is another one, with its own end.
            let is_same = |token: &Token| token.id == asked.id && token.stored == asked.stored;
            if draft.inventory.tokens().iter().any(is_same) {
                let changes = TokenChanges { expires: Some(end(answered)), ..TokenChanges::default() };
                draft.inventory.amend(asked.id, changes)?;
            }
        }
        Ok(())
    })
}

fn outcome(answers: &[Answered<'_>]) -> Result<(), CommandError> {
    let is_refused = |answered: &&Answered<'_>| matches!(&answered.answer, Ok(reception) if reception.outcome == LoginOutcome::Refused);
    let refused = answers.iter().filter(is_refused).count();
    let unknown = answers.iter().filter(|answered| answered.answer.is_err()).count();
    if refused + unknown == 0 { Ok(()) } else { Err(VerifyError::NotAccepted { refused, unknown }.into()) }
}

/// Registries that were not asked, or did not accept every token.
#[derive(Debug, Error)]
enum VerifyError {
    #[error("{0} does not take that user name and secret; nothing was changed")]
    Refused(String),
    #[error("{}", not_accepted(*refused, *unknown))]
    NotAccepted {
        refused: usize,
        /// The tokens of which the registry said nothing.
        unknown: usize,
    },
    #[error("no registry can be asked about \"{0}\" like that")]
    NothingToAsk(Name),
    /// Only wildcards, or keys that are not registries.
    #[error("there is no one registry that could be asked")]
    NoRegistry,
}

impl Hint for VerifyError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(_) => {
                Some("check user name and secret; without --verify it is kept unasked".to_owned())
            }
            Self::NothingToAsk(_) => {
                Some("name a registry and path that it may go to: --repository ghcr.io/acme/app".to_owned())
            }
            Self::NoRegistry => Some("leave out --verify".to_owned()),
            Self::NotAccepted { refused: 0, .. } => None,
            Self::NotAccepted { .. } => {
                Some(format!("make a new one where it comes from, then {} rotate NAME", program()))
            }
        }
    }
}

fn not_accepted(refused: usize, unknown: usize) -> String {
    match (refused, unknown) {
        (0, unknown) => format!("{unknown} could not be verified"),
        (refused, 0) => format!("{refused} refused"),
        (refused, unknown) => format!("{refused} refused, and {unknown} could not be verified"),
    }
}
