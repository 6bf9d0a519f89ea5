//! What a person is told on stderr at a `get`: why there is nothing, what cannot work, what ends soon.

use crate::client::context::TOKEN;
use crate::command::token_view::places;
use crate::model::choice::Choice;
use crate::model::name::quoted;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::resolve::request::Request;
use crate::resolve::{Reason, Verdict};

/// The most tokens that are told of at once.
const MAX_LINES: usize = 5;

/// Tells of each token that would have answered, had it not ended or been switched off.
pub fn missed_tokens(request: &Request<'_>, verdict: &Verdict<'_>, now: Timestamp) -> Vec<String> {
    let is_meant = |token: &Token| request.token_name.is_none_or(|named| named.value == token.name.as_str());
    let missed = verdict.set_aside.iter().filter(|(token, _)| is_meant(token));
    let mut lines: Vec<String> = missed
        .filter(|(_, reason)| *reason != Reason::SignedOut || request.token_name.is_some())
        .filter_map(|(token, reason)| {
            let (why, way_out) = why_missed(token, *reason, now)?;
            let (name, places) = (&token.name, places(token));
            Some(format!("token \"{name}\" for {places} {why}; going on without credentials ({way_out})"))
        })
        .collect();
    if lines.len() > MAX_LINES {
        let more = lines.len() - MAX_LINES;
        lines.truncate(MAX_LINES);
        lines.push(format!("and {more} more tokens like that (docker-credential-pat ls)"));
    }
    lines
}

/// Tells that another token is given than the one that a person chose for this case.
pub fn missed_choice(verdict: &Verdict<'_>, now: Timestamp) -> Option<String> {
    let (given, (chosen, reason)) = verdict.token.zip(verdict.missed_choice)?;
    let (why, way_out) = why_missed(chosen, reason, now)?;
    let (name, given) = (&chosen.name, &given.name);
    Some(format!("token \"{name}\" is chosen here, but {why}; going on with \"{given}\" ({way_out})"))
}

/// Returns why a token is not given that would be otherwise, and the way out.
fn why_missed(token: &Token, reason: Reason, now: Timestamp) -> Option<(String, String)> {
    let (why, verb) = match (reason, token.expires) {
        (Reason::Expired, Some(end)) => (format!("expired {}", end.relative_to(now)), token.rotating_verb()),
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
    Some((why, format!("docker-credential-pat {verb} {}", token.name.as_argument())))
}

/// True when a token that was named as the only one is not for what was asked, or not there.
pub fn is_named_elsewhere(named: &str, verdict: &Verdict<'_>) -> bool {
    let is_resting = |(token, reason): &(&Token, Reason)| {
        token.name.as_str() == named
            && matches!(reason, Reason::Inactive | Reason::Expired | Reason::SignedOut)
    };
    verdict.token.is_none_or(|token| token.name.as_str() != named)
        && !verdict.set_aside.iter().any(is_resting)
}

/// Tells why a push will be refused: the token that was given may not write.
pub fn push_refusal(request: &Request<'_>, verdict: &Verdict<'_>) -> Option<String> {
    let given = verdict.token?;
    if request.direction() != Some(Direction::Push) || given.may_allow(Direction::Push) {
        return None;
    }
    let may_push = |(token, _): &&(&Token, Reason)| token.may_allow(Direction::Push);
    let why = match verdict.set_aside.iter().rfind(may_push) {
        None => "no other token here may push (docker-credential-pat add)".to_owned(),
        Some((other, reason)) => why_not_the_other(other, *reason, verdict.choice),
    };
    Some(format!("token \"{}\" for {} may not push; {why}", given.name, places(given)))
}

fn why_not_the_other(other: &Token, reason: Reason, choice: Option<&Choice>) -> String {
    let (name, argument) = (&other.name, other.name.as_argument());
    match reason {
        Reason::Inactive => {
            format!("\"{name}\" may, but is switched off (docker-credential-pat activate {argument})")
        }
        Reason::Expired => {
            let verb = other.rotating_verb();
            format!("\"{name}\" may, but has expired (docker-credential-pat {verb} {argument})")
        }
        Reason::SignedOut => {
            format!("\"{name}\" may, but was signed out (docker-credential-pat activate {argument})")
        }
        Reason::OtherRepository => format!("\"{name}\" may, but only in {}", places(other)),
        Reason::OtherProfile => format!("\"{name}\" may, but under its profile only"),
        Reason::NotNamed => format!("\"{name}\" may, but {TOKEN} names another"),
        Reason::NotChosen => {
            let case = choice.map(case_of).unwrap_or_default();
            format!(
                "\"{name}\" may, but another one is chosen (docker-credential-pat use {argument}{case} --push)"
            )
        }
        Reason::NotOfProfile => {
            format!("\"{name}\" may, but another one was logged in with under this profile")
        }
        // Whatever may push comes before what may not, so that none of these stands behind one that may not.
        Reason::NotAllowed
        | Reason::LessSpecific
        | Reason::NotUsed
        | Reason::MorePermissions
        | Reason::OtherKey
        | Reason::NotInUse => format!("\"{name}\" may (docker-credential-pat use {argument} --push)"),
    }
}

/// Returns the arguments of `use` that stand for the case of a choice, but for its direction.
fn case_of(choice: &Choice) -> String {
    let profile = choice.profile.as_ref().map(|profile| format!(" --profile {}", quoted(profile)));
    let directory = choice.directory.as_ref().map(|folder| format!(" --dir {}", quoted(folder)));
    format!(" {}{}{}", choice.scope, profile.unwrap_or_default(), directory.unwrap_or_default())
}

/// Tells that a token ends soon: within that many days, of which 0 is never.
pub fn of_end(token: &Token, now: Timestamp, days: i64) -> Option<String> {
    let end = token.expires.filter(|end| days > 0 && end.is_within(days, now))?;
    let (name, argument) = (&token.name, token.name.as_argument());
    Some(format!(
        "token \"{name}\" for {} ends {}, on {} (docker-credential-pat {} {argument})",
        places(token),
        end.relative_to(now),
        end.date(),
        token.rotating_verb(),
    ))
}
