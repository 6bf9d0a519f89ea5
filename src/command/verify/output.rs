//! The answers of registries as a table and as JSON.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::dated_cell;
use crate::command::verify::{VerifyAnswer, VerifyTarget};
use crate::model::hint::Hint;
use crate::model::timestamp::Timestamp;
use crate::system::sanitize::clean;
use crate::system::table::{BRIEF, Cell, Table, Tone};
use crate::verify::RegistryError;
use crate::verify::response::{AuthResult, LoginOutcome, PullLimit, RepositoryAccess};

/// The version of the JSON format. An additional field does not change it.
const JSON_VERSION: u32 = 1;

const HEADS: [&str; 6] = ["NAME", "REGISTRY", "ANSWER", "MAY", "PULLS-LEFT", "EXPIRES"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &[BRIEF, "EXPIRES", "PULLS-LEFT", "MAY"];

fn word(result: &Result<AuthResult, RegistryError>) -> &'static str {
    match result {
        Ok(AuthResult { outcome: LoginOutcome::Accepted, .. }) => "accepted",
        Ok(AuthResult { outcome: LoginOutcome::Refused, .. }) => "refused",
        Ok(AuthResult { outcome: LoginOutcome::Open, .. }) => "open",
        Err(_) => "unknown",
    }
}

/// Writes a row for each answer, then the error of each registry that did not answer.
pub(super) fn write_table(
    answers: &[VerifyAnswer<'_>],
    now: Timestamp,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let or_dash = |text: Option<String>| Cell::from(text.unwrap_or_else(|| "-".to_owned()));
    let mut table = Table::with_heads(HEADS, LEAST_FIRST).keep_whole(&["NAME"]);
    for answer in answers {
        let VerifyAnswer { target: VerifyTarget { token, registry, repository }, result } = answer;
        let tone = match word(result) {
            "accepted" => Tone::Good,
            "refused" => Tone::Bad,
            _ => Tone::Warning,
        };
        let scope = match repository {
            Some(path) => format!("{registry}/{path}"),
            None => registry.to_string(),
        };
        let expiry = answer.reported_expiry().or(token.expires);
        let result = result.as_ref().ok();
        table.push([
            token.name.as_str().into(),
            scope.into(),
            Cell::new(word(&answer.result), tone),
            or_dash(result.map(|result| access_words(result.access))),
            or_dash(result.and_then(|result| result.pull_limit).map(pulls_words)),
            expiry.map_or_else(|| "-".into(), |expiry| dated_cell(expiry, now, Tone::Plain)),
        ]);
    }
    cx.print_table(&table)?;
    for VerifyAnswer { target, result } in answers {
        if let Err(error) = result {
            cx.say(&format!("\"{}\" at {}: {error}", target.token.name, target.registry));
            if let Some(hint) = error.hint() {
                cx.say(&format!("hint: {hint}"));
            }
        }
    }
    Ok(())
}

/// Returns what is known about access, such as `pull, not push`.
fn access_words(access: RepositoryAccess) -> String {
    let actions = [("pull", access.pull), ("push", access.push), ("delete", access.delete)];
    // Only a push would show whether an account may push.
    let unknown = access.pull == Some(true) && access.push.is_none();
    let words: Vec<_> = actions
        .into_iter()
        .filter_map(|(word, is_allowed)| {
            Some(if is_allowed? { word.to_owned() } else { format!("not {word}") })
        })
        .chain(unknown.then(|| "push unknown".to_owned()))
        .collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn pulls_words(pulls: PullLimit) -> String {
    format!("{} of {} in {} h", pulls.remaining, pulls.limit, pulls.seconds / 3600)
}

#[derive(Serialize)]
struct VerifyJson<'a> {
    version: u32,
    answers: Vec<AnswerJson<'a>>,
}

/// An answer in `verify --json`. `null` means not known.
#[derive(Serialize)]
struct AnswerJson<'a> {
    token: &'a str,
    registry: &'a str,
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
    fn new(answer: &'a VerifyAnswer<'_>) -> Self {
        let VerifyAnswer { target: VerifyTarget { token, registry, repository }, result } = answer;
        let access = result.as_ref().map(|result| result.access).unwrap_or_default();
        let pulls = result.as_ref().ok().and_then(|result| result.pull_limit);
        Self {
            token: token.name.as_str(),
            registry: registry.as_str(),
            repository: repository.as_deref(),
            answer: word(result),
            pull: access.pull,
            push: access.push,
            delete: access.delete,
            pulls_left: pulls.map(|pulls| pulls.remaining),
            pulls_limit: pulls.map(|pulls| pulls.limit),
            pulls_seconds: pulls.map(|pulls| pulls.seconds),
            expires: answer.reported_expiry().or(token.expires).map(|expiry| expiry.to_string()),
            error: result.as_ref().err().map(|error| clean(&error.to_string())),
        }
    }
}

pub(super) fn write_json(answers: &[VerifyAnswer<'_>], cx: &mut CommandContext) -> Result<(), CommandError> {
    let answers = answers.iter().map(AnswerJson::new).collect();
    cx.write_json(&VerifyJson { version: JSON_VERSION, answers })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_right_to_push_is_named_beside_the_right_to_pull() {
        let access = |pull, push| access_words(RepositoryAccess { pull, push, delete: None });
        for (pull, push, want) in [
            (Some(true), None, "pull, push unknown"),
            (Some(true), Some(false), "pull, not push"),
            (Some(false), None, "not pull"),
            (None, None, "-"),
        ] {
            assert_eq!(access(pull, push), want);
        }
    }
}
