//! `verify`: asks registries whether they accept a token, and what it may do there.

mod output;

use thiserror::Error;

use crate::command::args::find_all;
use crate::command::completions::token_names;
use crate::command::context::{CommandContext, say};
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
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenKind};
use crate::verify::response::{AuthResult, LoginOutcome};
use crate::verify::{LoginRequest, RegistryClient, RegistryError};

/// Ask registries whether they accept a token
///
/// Also shows what the token may do there, and how many pulls are left, where the registry says so.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// The tokens' names
    #[arg(required_unless_present = "all", add = token_names())]
    names: Vec<String>,
    /// Ask about every token that has a registry
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Also ask what it may do in this repository, such as ghcr.io/acme/app
    #[arg(long, value_name = "[REGISTRY/]PATH")]
    repository: Option<String>,
    /// Send secrets unencrypted to registries without TLS: anybody on the network can read them
    #[arg(long)]
    plain_http: bool,
    /// Write JSON: {"version":1,"answers":[…]}
    #[arg(long)]
    json: bool,
}

/// A token, a registry that it may go to, and the repository to ask about.
struct VerifyTarget<'t> {
    token: &'t Token,
    registry: Registry,
    repository: Option<String>,
}

/// The answer of a registry about one target.
struct VerifyAnswer<'t> {
    target: VerifyTarget<'t>,
    result: Result<AuthResult, RegistryError>,
}

impl VerifyAnswer<'_> {
    fn is_refused(&self) -> bool {
        self.result.as_ref().is_ok_and(|result| result.outcome == LoginOutcome::Refused)
    }

    fn is_accepted(&self) -> bool {
        self.result.as_ref().is_ok_and(|result| result.outcome == LoginOutcome::Accepted)
    }

    /// Returns the expiry that the registry reported.
    fn reported_expiry(&self) -> Option<Timestamp> {
        self.result.as_ref().ok().and_then(|result| result.expires)
    }
}

/// Runs the verb.
pub fn run(args: &VerifyArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let now = *cx.now;
    let excerpt = cx.store.excerpt(None)?;
    let inventory = excerpt.inventory();
    let tokens = if args.all { inventory.tokens().to_vec() } else { find_all(inventory, &args.names)? };
    let mut targets = Vec::new();
    for token in &tokens {
        let of_token = targets_for(token, args.repository.as_deref())?;
        if of_token.is_empty() && !args.all {
            return Err(VerifyError::NothingToAsk(token.name.clone()).into());
        }
        targets.extend(of_token);
    }
    let http = Http::default();
    let plain = if args.plain_http { PlainHttp::Anywhere } else { PlainHttp::Loopback };
    let (registries, count) = (RegistryClient { http: &http, plain }, targets.len());
    if count == 0 && !args.json {
        cx.say(&format!("there is no token to verify ({} ls)", program()));
        return Ok(());
    }
    // The whole vault is verified before the first request.
    let unlocked = excerpt.unlock()?;
    let mut answers = Vec::with_capacity(count);
    for (index, target) in targets.into_iter().enumerate() {
        let VerifyTarget { token, registry, repository } = &target;
        if count > 1 {
            let number = index + 1;
            say(&mut *cx.err, &format!("{number} of {count}: {} asks {registry}", token.name));
        }
        let Some(unlocked) = &unlocked else { break };
        let secret = unlocked.release(token)?;
        let login = LoginRequest { user: token.user.reveal_with(&secret), secret: &secret };
        let mut progress = |line: &str| say(&mut *cx.err, line);
        let result = registries.authenticate(registry, login, repository.as_deref(), &mut progress);
        answers.push(VerifyAnswer { target, result });
    }
    record_answers(&answers, cx)?;
    if args.json { output::write_json(&answers, cx) } else { output::write_table(&answers, now, cx) }?;
    check_answers(&answers)
}

/// Refuses a secret that a registry of these scopes does not accept, before any part of it is stored.
pub fn refuse_unaccepted(
    scopes: &[Scope],
    user: &str,
    secret: &Secret,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let mut registries = scopes.iter().filter_map(Scope::registry).peekable();
    if registries.peek().is_none() {
        return Err(VerifyError::NoRegistry.into());
    }
    let http = Http::default();
    let client = RegistryClient { http: &http, plain: PlainHttp::Loopback };
    for registry in registries {
        let login = LoginRequest { user, secret };
        match client.authenticate(registry, login, None, &mut |line| cx.say(line))?.outcome {
            LoginOutcome::Accepted => {}
            LoginOutcome::Refused => return Err(VerifyError::Refused(registry.to_string()).into()),
            LoginOutcome::Open => {
                cx.say(&format!("note: {registry} asks for no credentials, so nothing is verified"));
            }
        }
    }
    Ok(())
}

/// Returns each registry that a token may go to, with the repository there.
fn targets_for<'t>(
    token: &'t Token,
    repository: Option<&str>,
) -> Result<Vec<VerifyTarget<'t>>, CommandError> {
    // The entries of a sign-in at Docker Hub are not for a registry.
    if token.kind == TokenKind::Session {
        return Ok(Vec::new());
    }
    let mut registries: Vec<Registry> = token.scopes.iter().filter_map(Scope::registry).cloned().collect();
    registries.dedup();
    let Some(text) = repository else {
        let target = |registry| VerifyTarget { token, registry, repository: None };
        return Ok(registries.into_iter().map(target).collect());
    };
    let no_image = || ArgumentError::NoImage(text.to_owned());
    let image = Image::parse(text).ok_or_else(no_image)?;
    if image.host().is_some() {
        let address = image.address();
        let covers = |scope: &Scope| scope.covers(address.registry(), address.repository());
        let repository = Some(image.repository().to_owned());
        let target = VerifyTarget { token, registry: address.registry().clone(), repository };
        return Ok(token.scopes.iter().any(covers).then_some(target).into_iter().collect());
    }
    let target = |registry: Registry| {
        let image = Image::parse(&format!("{registry}/{text}")).ok_or_else(no_image)?;
        Ok(VerifyTarget { token, registry, repository: Some(image.repository().to_owned()) })
    };
    registries.into_iter().map(target).collect()
}

/// Records what the registries reported: expiries, so that a warning is given in time, and that every registry of a
/// token accepts its secret, so that the previous one is not needed. An expiry in the past is not stored: the token
/// would no longer be used, on the word of a server whose clock may be wrong.
fn record_answers(answers: &[VerifyAnswer<'_>], cx: &mut CommandContext) -> Result<(), CommandError> {
    let now = *cx.now;
    let is_new = |(token, expiry): &(&Token, Timestamp)| *expiry > now && token.expires != Some(*expiry);
    let expiries = answers.iter().filter_map(|answer| Some((answer.target.token, answer.reported_expiry()?)));
    let expiries: Vec<_> = expiries.filter(is_new).collect();
    let is_proven = |token: &Token| {
        // Every registry of the token has to be asked; one with a wildcard cannot be.
        token.scopes.iter().all(|scope| {
            let mut of_token = answers.iter().filter(|answer| answer.target.token.id == token.id);
            of_token.any(|answer| answer.is_accepted() && scope.registry() == Some(&answer.target.registry))
        })
    };
    let tokens = answers.iter().map(|answer| answer.target.token);
    let proven: Vec<_> = tokens.filter(|token| token.previous.is_some() && is_proven(token)).collect();
    if expiries.is_empty() && proven.is_empty() {
        return Ok(());
    }
    cx.store.change(|draft| -> Result<_, CommandError> {
        let tokens = draft.inventory.tokens().to_vec();
        // A secret that was stored in the meantime has its own expiry.
        let is_same = |verified: &Token| {
            tokens.iter().any(|token| token.id == verified.id && token.stored == verified.stored)
        };
        for (verified, expiry) in expiries.into_iter().filter(|(token, _)| is_same(token)) {
            let changes = TokenChanges { expires: Some(Some(expiry)), ..TokenChanges::default() };
            draft.inventory.edit(verified.id, changes)?;
        }
        for verified in proven.into_iter().filter(|token| is_same(token)) {
            draft.inventory.set_previous(verified.id, None);
        }
        Ok(())
    })
}

fn check_answers(answers: &[VerifyAnswer<'_>]) -> Result<(), CommandError> {
    let refused = answers.iter().filter(|answer| answer.is_refused()).count();
    let unknown = answers.iter().filter(|answer| answer.result.is_err()).count();
    if refused + unknown == 0 { Ok(()) } else { Err(VerifyError::NotAccepted { refused, unknown }.into()) }
}

/// Registries that could not be asked, or did not accept every token.
#[derive(Debug, Error)]
enum VerifyError {
    #[error("{0} does not accept that user name and secret; nothing was changed")]
    Refused(String),
    #[error("{}", not_accepted(*refused, *unknown))]
    NotAccepted {
        refused: usize,
        /// The number of tokens that a registry did not answer about.
        unknown: usize,
    },
    #[error("no registry can be asked about \"{0}\" like that")]
    NothingToAsk(Name),
    /// The token has only wildcards, or keys that are not registries.
    #[error("there is no registry to ask")]
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
