//! Warnings on stderr during a `get`: a token that has expired or is switched off, a push that will fail, a token
//! that expires soon.
//!
//! Verbs for people report such a token after a change, with `CommandContext::note_restrictions`.

use crate::client::context::TOKEN;
use crate::command::token_view::scope_words;
use crate::model::choice::Choice;
use crate::model::hint::program;
use crate::model::name::quoted;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::resolve::request::Request;
use crate::resolve::{Reason, Verdict};

/// The maximum number of tokens that one `get` warns about.
const MAX_LINES: usize = 5;

/// Warns about each token that does not answer because it expired or is inactive.
pub fn missed_tokens(request: &Request<'_>, verdict: &Verdict<'_>, now: Timestamp) -> Vec<String> {
    let is_allowed =
        |token: &Token| request.token_name.is_none_or(|named| named.value == token.name.as_str());
    let missed = verdict.set_aside.iter().filter(|(token, _)| is_allowed(token));
    let mut lines: Vec<String> = missed
        .filter(|(_, reason)| *reason != Reason::SignedOut || request.token_name.is_some())
        .filter_map(|(token, reason)| {
            let (reason, command) = missed_reason(token, *reason, now)?;
            let (name, scopes) = (&token.name, scope_words(token));
            Some(format!("token \"{name}\" for {scopes} {reason}; going on without credentials ({command})"))
        })
        .collect();
    if lines.len() > MAX_LINES {
        let more = lines.len() - MAX_LINES;
        lines.truncate(MAX_LINES);
        lines.push(format!("and {more} more tokens like that ({} ls)", program()));
    }
    lines
}

/// Warns that a token answers instead of the one that a person chose.
pub fn missed_choice(verdict: &Verdict<'_>, now: Timestamp) -> Option<String> {
    let (answer, (chosen, reason)) = verdict.token.zip(verdict.missed_choice)?;
    let (reason, command) = missed_reason(chosen, reason, now)?;
    let (name, answer) = (&chosen.name, &answer.name);
    Some(format!("token \"{name}\" is chosen here, but {reason}; going on with \"{answer}\" ({command})"))
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
        (
            Reason::Expired
            | Reason::OtherRepository
            | Reason::OtherProfile
            | Reason::NotNamed
            | Reason::NotOfProfile
            | Reason::NotChosen
            | Reason::NotAllowed
            | Reason::LessSpecific
            | Reason::NotUsed
            | Reason::MorePermissions
            | Reason::OtherKey
            | Reason::NotInUse,
            _,
        ) => return None,
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

/// Warns that a push will fail because the token that answered does not allow it.
pub fn push_refusal(request: &Request<'_>, verdict: &Verdict<'_>) -> Option<String> {
    let answer = verdict.token?;
    if request.direction() != Some(Direction::Push) || answer.may_allow(Direction::Push) {
        return None;
    }
    let may_push = |(token, _): &&(&Token, Reason)| token.may_allow(Direction::Push);
    let alternative = match verdict.set_aside.iter().rfind(may_push) {
        None => format!("no other token here may push ({} add)", program()),
        Some((other, reason)) => push_alternative(other, *reason, verdict.choice),
    };
    Some(format!("token \"{}\" for {} may not push; {alternative}", answer.name, scope_words(answer)))
}

/// Returns a clause about a token that allows pushes, with the reason why it did not answer.
fn push_alternative(other: &Token, reason: Reason, choice: Option<&Choice>) -> String {
    let (program, name, argument) = (program(), &other.name, other.name.as_argument());
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
        Reason::OtherProfile => format!("\"{name}\" may, but under its profile only"),
        Reason::NotNamed => format!("\"{name}\" may, but {TOKEN} names another"),
        Reason::NotChosen => {
            let case = choice.map(case_arguments).unwrap_or_default();
            format!("\"{name}\" may, but another one is chosen ({program} use {argument}{case} --push)")
        }
        Reason::NotOfProfile => {
            format!("\"{name}\" may, but another one was logged in with under this profile")
        }
        // These do not occur: a token that allows pushes comes before one that does not.
        Reason::NotAllowed
        | Reason::LessSpecific
        | Reason::NotUsed
        | Reason::MorePermissions
        | Reason::OtherKey
        | Reason::NotInUse => format!("\"{name}\" may ({program} use {argument} --push)"),
    }
}

/// Returns the arguments of `use` for the case of a choice, without its direction.
fn case_arguments(choice: &Choice) -> String {
    let profile = choice.profile.as_ref().map(|profile| format!(" --profile {}", quoted(profile)));
    let directory = choice.directory.as_ref().map(|folder| format!(" --dir {}", quoted(folder)));
    format!(" {}{}{}", choice.scope, profile.unwrap_or_default(), directory.unwrap_or_default())
}

/// Warns about a token that expires within this many days; 0 means never.
pub fn expires_soon(token: &Token, now: Timestamp, days: i64) -> Option<String> {
    let expires = token.expires.filter(|expires| days > 0 && expires.is_within(days, now))?;
    Some(format!(
        "token \"{}\" for {} ends {}, on {} ({} {} {})",
        token.name,
        scope_words(token),
        expires.relative_to(now),
        expires.date(),
        program(),
        token.rotating_verb(),
        token.name.as_argument(),
    ))
}
