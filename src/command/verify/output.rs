//! What registries said of tokens, for people and as JSON.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::dated;
use crate::command::verify::Answered;
use crate::model::hint::Hint;
use crate::model::timestamp::Timestamp;
use crate::system::sanitize::clean;
use crate::system::table::{Cell, Table, Tone};
use crate::verify::RegistryError;
use crate::verify::response::{AuthResult, LoginOutcome, PullLimit, RepositoryAccess};

/// The version of the JSON that it writes. A new name is no new version.
const JSON_VERSION: u32 = 1;

const HEADS: [&str; 6] = ["NAME", "REGISTRY", "ANSWER", "MAY", "PULLS-LEFT", "EXPIRES"];

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["EXPIRES", "PULLS-LEFT", "MAY"];

fn word(answer: &Result<AuthResult, RegistryError>) -> &'static str {
    match answer {
        Ok(AuthResult { outcome: LoginOutcome::Accepted, .. }) => "accepted",
        Ok(AuthResult { outcome: LoginOutcome::Refused, .. }) => "refused",
        Ok(AuthResult { outcome: LoginOutcome::Open, .. }) => "open",
        Err(_) => "unknown",
    }
}

/// Writes a row for each answer, and why one is missing.
pub(super) fn write_table(
    answers: &[Answered<'_>],
    now: Timestamp,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for Answered { question, answer } in answers {
        let tone = match word(answer) {
            "accepted" => Tone::Good,
            "refused" => Tone::Bad,
            _ => Tone::Warning,
        };
        let reception = answer.as_ref().ok();
        let place = question.repository.as_ref().map(|path| format!("{}/{path}", question.registry));
        let end = reception.and_then(|reception| reception.expires).or(question.token.expires);
        table.push([
            question.token.name.as_str().into(),
            place.unwrap_or_else(|| question.registry.to_string()).into(),
            Cell::new(word(answer), tone),
            reception.map_or_else(|| "-".into(), |reception| rights_words(reception.access).into()),
            reception
                .and_then(|reception| reception.pull_limit)
                .map_or_else(|| "-".into(), |pulls| pulls_words(pulls).into()),
            end.map_or_else(|| "-".into(), |end| dated(end, now).into()),
        ]);
    }
    table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)?;
    for Answered { question, answer } in answers {
        if let Err(error) = answer {
            cx.say(&format!("\"{}\" at {}: {error}", question.token.name, question.registry));
            if let Some(hint) = error.hint() {
                cx.say(&format!("hint: {hint}"));
            }
        }
    }
    Ok(())
}

/// Says what is allowed, and what it is not told of: `pull, not push`.
fn rights_words(rights: RepositoryAccess) -> String {
    let known = [("pull", rights.pull), ("push", rights.push), ("delete", rights.delete)];
    let words: Vec<_> = known
        .into_iter()
        .filter_map(|(word, is_allowed)| {
            Some(if is_allowed? { word.to_owned() } else { format!("not {word}") })
        })
        .collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn pulls_words(pulls: PullLimit) -> String {
    format!("{} of {} in {} h", pulls.remaining, pulls.limit, pulls.seconds / 3600)
}

/// An answer as JSON shows it; `null` means not known.
#[derive(Serialize)]
struct AnswerJson<'a> {
    token: &'a str,
    registry: String,
    repository: Option<&'a str>,
    answer: &'static str,
    pull: Option<bool>,
    push: Option<bool>,
    delete: Option<bool>,
    pulls_left: Option<u64>,
    pulls_limit: Option<u64>,
    pulls_seconds: Option<u64>,
    expires: Option<String>,
    error: Option<String>,
}

impl<'a> AnswerJson<'a> {
    fn of(answered: &'a Answered<'_>) -> Self {
        let Answered { question, answer } = answered;
        let reception = answer.as_ref().ok();
        let rights = reception.map(|reception| reception.access).unwrap_or_default();
        let pulls = reception.and_then(|reception| reception.pull_limit);
        let end = reception.and_then(|reception| reception.expires).or(question.token.expires);
        Self {
            token: question.token.name.as_str(),
            registry: question.registry.to_string(),
            repository: question.repository.as_deref(),
            answer: word(answer),
            pull: rights.pull,
            push: rights.push,
            delete: rights.delete,
            pulls_left: pulls.map(|pulls| pulls.remaining),
            pulls_limit: pulls.map(|pulls| pulls.limit),
            pulls_seconds: pulls.map(|pulls| pulls.seconds),
            expires: end.map(|end| end.to_string()),
            error: answer.as_ref().err().map(|error| clean(&error.to_string())),
        }
    }
}

/// Writes the answers as JSON.
pub(super) fn write_json(answers: &[Answered<'_>], cx: &mut CommandContext) -> Result<(), CommandError> {
    #[derive(Serialize)]
    struct VerifyJson<'a> {
        version: u32,
        answers: Vec<AnswerJson<'a>>,
    }
    let answers = answers.iter().map(AnswerJson::of).collect();
    cx.write_json(&VerifyJson { version: JSON_VERSION, answers })
}
