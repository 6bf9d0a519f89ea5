//! Warnings on stderr during a `get`: a token that has expired or is switched off, a request that will be refused, a
//! token that expires soon.
//!
//! Verbs for people report such a token after a change, with `CommandContext::note_restrictions`.

use crate::client::context::{TOKEN_NAME, profile_words};
use crate::command::token_view::scope_words;
use crate::model::choice::Choice;
use crate::model::hint::program;
use crate::model::name::quoted;
use crate::model::registry::Key;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::resolve::guess::{Guess, Unknown};
use crate::resolve::request::Request;
use crate::resolve::{Reason, Verdict};

/// Warns about the token that would answer if it were not expired, switched off or signed out.
pub fn missed_token(verdict: &Verdict<'_>, now: Timestamp) -> Option<String> {
    let missed = verdict.missed?;
    let (reason, command) = missed_reason(missed.token, missed.reason, now)?;
    let (name, chosen) = (&missed.token.name, if missed.is_chosen { "is chosen here, but " } else { "" });
    let Some(answer) = verdict.token else {
        let scopes = scope_words(missed.token);
        return Some(format!(
            "token \"{name}\" for {scopes} {chosen}{reason}; continuing without credentials ({command})"
        ));
    };
    Some(format!("token \"{name}\" {chosen}{reason}; using \"{}\" ({command})", answer.name))
}

/// Says that a vault without a login for a key was not verified: somebody else could have removed the login.
pub fn unproven(key: &Key) -> String {
    format!(
        "the vault is locked, so nothing proves that it has no login for {} ({} unlock)",
        key.as_str(),
        program()
    )
}

/// Returns the reason why a token does not answer, and the command that changes that. `None` if the token would not
/// have answered anyway.
fn missed_reason(token: &Token, reason: Reason, now: Timestamp) -> Option<(String, String)> {
    let (words, verb) = match (reason, token.expires) {
        (Reason::Expired, Some(expired)) => {
            (format!("expired {}", expired.relative_to(now)), token.rotating_verb())
        }
        (Reason::Inactive, _) => ("is switched off".to_owned(), "activate"),
        (Reason::SignedOut, _) => ("is signed out".to_owned(), "activate"),
        _ => return None,
    };
    Some((words, format!("{} {verb} {}", program(), token.name.as_argument())))
}

/// True when the named token is not for this request, or does not exist.
pub fn is_named_elsewhere(named: &str, verdict: &Verdict<'_>) -> bool {
    let is_unusable = |(token, reason): &(&Token, Reason)| {
        token.name.as_str() == named
            && matches!(reason, Reason::Inactive | Reason::Expired | Reason::SignedOut)
    };
    verdict.token.is_none_or(|token| token.name.as_str() != named)
        && !verdict.set_aside.iter().any(is_unusable)
}

/// Warns that the registry will probably refuse the request, as [`refusal`] and [`partial_answer`] do.
pub fn expected_failure(request: &Request<'_>, verdict: &Verdict<'_>) -> Option<String> {
    refusal(request, verdict).or_else(|| partial_answer(request, verdict))
}

/// Warns that a request will be refused because the token that answers does not allow its direction.
fn refusal(request: &Request<'_>, verdict: &Verdict<'_>) -> Option<String> {
    let (answer, direction) = verdict.token.zip(request.direction())?;
    if answer.may_allow(direction) {
        return None;
    }
    let verbs = direction.verbs();
    let is_able = |(token, _): &&(&Token, Reason)| token.may_allow(direction);
    let alternative = match verdict.set_aside.iter().rfind(is_able) {
        None => format!("no other token here may {verbs} ({} add)", program()),
        Some((other, reason)) => able_alternative(other, *reason, direction, verdict.choice),
    };
    Some(format!("token \"{}\" for {} may not {verbs}; {alternative}", answer.name, scope_words(answer)))
}

/// Warns that no token covers all repositories of the request, such as those of a copy between two projects.
fn partial_answer(request: &Request<'_>, verdict: &Verdict<'_>) -> Option<String> {
    let (answer, repositories) = verdict.token.zip(request.repositories.as_ref())?;
    let registry = request.key.address()?.registry();
    let is_covered = |path: &str| answer.scopes.iter().any(|scope| scope.covers(registry, Some(path)));
    let missing = repositories.value.paths.iter().find(|path| !is_covered(path))?;
    let (name, scopes) = (&answer.name, scope_words(answer));
    Some(format!(
        "token \"{name}\" for {scopes} does not cover {registry}/{missing}, and no token covers all that is named \
         ({} use NAME {registry} --dir .)",
        program()
    ))
}

/// Warns that the answer to a request is a guess, and names the command that chooses a token.
pub fn guess(guess: &Guess<'_>, request: &Request<'_>) -> Option<String> {
    let registry = request.key.address()?.registry();
    let (name, scopes, program) = (&guess.answer.name, scope_words(guess.answer), program());
    let other = guess.others.first()?;
    let argument = if guess.others.len() == 1 { other.name.as_argument() } else { "NAME".into() };
    let why = match (guess.unknown, &guess.others[..]) {
        (Unknown::Repository, [other]) => {
            format!("the image is not known; \"{}\" is for {}", other.name, scope_words(other))
        }
        (Unknown::Repository, others) => {
            format!("the image is not known; {} tokens are for other parts of the registry", others.len())
        }
        (Unknown::Direction, _) => {
            let verb = if guess.answer.may_allow(Direction::Push) { "pull" } else { "push" };
            format!("the direction is not known; this token may not {verb}, but \"{}\" may", other.name)
        }
    };
    Some(format!(
        "token \"{name}\" for {scopes} is a guess: {why} ({program} use {argument} {registry} --dir .)"
    ))
}

/// Returns a clause about a token that allows the direction, with the reason why it did not answer.
fn able_alternative(other: &Token, reason: Reason, direction: Direction, choice: Option<&Choice>) -> String {
    let (program, name, argument) = (program(), &other.name, other.name.as_argument());
    // A choice for pushes applies to what pulls and pushes.
    let option = if direction == Direction::Both { Direction::Push } else { direction }.word();
    match reason {
        Reason::Inactive => {
            format!("\"{name}\" may, but is switched off ({program} activate {argument})")
        }
        Reason::Expired => {
            let verb = other.rotating_verb();
            format!("\"{name}\" may, but has expired ({program} {verb} {argument})")
        }
        Reason::SignedOut => {
            format!("\"{name}\" may, but was signed out ({program} activate {argument})")
        }
        Reason::OtherRepository => format!("\"{name}\" may, but only in {}", scope_words(other)),
        Reason::OtherProfile | Reason::OtherFolder => match &other.profile {
            Some(profile) => format!("\"{name}\" may, but only for {}", profile_words(profile)),
            None => format!("\"{name}\" may, but under its profile only"),
        },
        Reason::OtherAccount | Reason::NotNamed => {
            format!("\"{name}\" may, but {TOKEN_NAME} names another")
        }
        Reason::NotChosen => {
            let case = choice.map(case_arguments).unwrap_or_default();
            format!("\"{name}\" may, but another one is chosen ({program} use {argument}{case} --{option})")
        }
        Reason::NotOfProfile => {
            format!("\"{name}\" may, but a client logged in with another one under this profile")
        }
        // These do not occur: a token that allows the direction comes before one that does not.
        Reason::NotAllowed
        | Reason::LessSpecific
        | Reason::NotOfFolder
        | Reason::Replaced
        | Reason::MorePermissions
        | Reason::OtherKey
        | Reason::NotInUse => format!("\"{name}\" may ({program} use {argument} --{option})"),
    }
}

/// Returns the arguments of `use` for the case of a choice, without its direction.
pub fn case_arguments(choice: &Choice) -> String {
    let profile = choice.profile.as_ref().map(|profile| format!(" --profile {}", quoted(profile)));
    let directory = choice.directory.as_ref().map(|folder| format!(" --dir {}", quoted(folder)));
    format!(" {}{}{}", choice.scope, profile.unwrap_or_default(), directory.unwrap_or_default())
}

/// Warns about a token that expires within this many days; 0 means never.
pub fn expires_soon(token: &Token, now: Timestamp, days: i64) -> Option<String> {
    let expires = token.expires.filter(|expires| days > 0 && expires.is_within(days, now))?;
    Some(format!(
        "token \"{}\" for {} expires {}, on {} ({} {} {})",
        token.name,
        scope_words(token),
        expires.relative_to(now),
        expires.date(),
        program(),
        token.rotating_verb(),
        token.name.as_argument(),
    ))
}
