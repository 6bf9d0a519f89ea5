//! Messages on stderr during a `store` or an `erase`: a login that does not answer, and the rest after a logout.

use crate::client::context::{TOKEN_NAME, profile_words};
use crate::command::get_warnings::case_arguments;
use crate::command::token_view::{choice_words, scope_words};
use crate::inventory::logout::LogoutReport;
use crate::model::hint::program;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::resolve::request::Request;
use crate::resolve::{Reason, Verdict};

/// Reports that the token of a login does not answer the key that was logged in to, and why. `None` when it answers.
pub fn other_answer(login: TokenId, request: &Request<'_>, verdict: &Verdict<'_>) -> Option<String> {
    // Docker stores a session before the account to which it belongs.
    if request.key.is_session() {
        return None;
    }
    let (token, reason) = *verdict.set_aside.iter().find(|(token, _)| token.id == login)?;
    let (name, program) = (&token.name, program());
    let instead = match verdict.token {
        Some(answer) => format!("\"{}\" answers for {}", answer.name, request.key.as_str()),
        None => format!("nothing answers for {}", request.key.as_str()),
    };
    Some(match (reason, verdict.choice) {
        (Reason::NotChosen, Some(choice)) => {
            let case = case_arguments(choice);
            let chosen = verdict.token.map(|answer| answer.name.as_argument()).unwrap_or_default();
            format!(
                "stored \"{name}\", but {instead}: it is chosen for {} ({program} use --clear {chosen}{case})",
                choice_words(choice)
            )
        }
        (Reason::NotNamed, _) => {
            format!("stored \"{name}\", but {TOKEN_NAME} names another token (`unset {TOKEN_NAME}`)")
        }
        (Reason::LessSpecific | Reason::OtherRepository, _) => {
            format!("\"{name}\" is for {} only; otherwise, {instead}", scope_words(token))
        }
        (Reason::OtherFolder, _) => format!(
            "stored \"{name}\", but {instead}: config.json in this folder is newer than the login and has no entry \
             for it yet"
        ),
        _ => format!("stored \"{name}\", but {instead} ({program} explain {})", request.key.as_str()),
    })
}

/// Reports what a logout kept and which choices are gone. `answer` is the token that the same client gets afterwards.
pub fn logout(report: &LogoutReport, request: &Request<'_>, answer: Option<&Token>) -> Vec<String> {
    let program = program();
    let mut lines = Vec::new();
    for token in &report.kept {
        let (name, argument) = (&token.name, token.name.as_argument());
        lines.push(format!(
            "kept \"{name}\", signed out of {}: {program} use {argument}, or {program} rm {argument}",
            request.key.as_str()
        ));
    }
    for (name, choice) in &report.removed_choices {
        lines.push(format!(
            "\"{name}\" was chosen for {}; after the next login: {program} use {}{}",
            choice_words(choice),
            name.as_argument(),
            case_arguments(choice)
        ));
    }
    if let Some(answer) = answer {
        let origin = match (&answer.profile, request.own_profile()) {
            (None, Some(own)) => format!(", which is not a login of {},", profile_words(own)),
            _ => String::new(),
        };
        lines.push(format!("\"{}\"{origin} still answers for {}", answer.name, request.key.as_str()));
    }
    lines
}
