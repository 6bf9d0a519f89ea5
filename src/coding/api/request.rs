//! One question to CODING's interface, and its answer taken out of what is around it.

use crate::coding::api::client::Coding;
use crate::coding::api::client::Tell;
use crate::coding::api::client::Wish;
use crate::coding::api::error::CodingError;
use crate::coding::api::project_token::Grant;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::api::project_token::Told;
use crate::coding::api::project_token::end_text;
use crate::http::Answer;
use crate::http::Authorization;
use crate::http::JSON;
use crate::http::Method;
use crate::http::Repeat;
use crate::http::Request;
use crate::http::server_text::shown;
use crate::model::secret::Secret;
use crate::system::secret_json::unescape;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

/// By these words an error says that it does not know who asks; the others are about what is asked.
const NOT_LET_IN: [&str; 2] = ["AuthFailure", "Unauthorized"];

/// What is asked. None of it is secret.
pub(super) struct Question {
    action: &'static str,
    fields: Value,
    repeat: Repeat,
}

impl Question {
    /// One that may be asked twice: it changes nothing, or comes to the same.
    pub(super) fn harmless(action: &'static str, fields: Value) -> Self {
        Self { action, fields, repeat: Repeat::Harmless }
    }

    /// One that would make two of something.
    pub(super) fn once(action: &'static str, fields: Value) -> Self {
        Self { action, fields, repeat: Repeat::Never }
    }
}

impl Wish {
    /// Returns it as a request has it.
    pub(super) fn json(&self) -> Value {
        let scopes: Vec<_> = self.grants.iter().map(Grant::json).collect();
        json!({ "TokenName": self.name, "Scopes": scopes, "ExpiredAt": end_text(self.expires) })
    }
}

/// Every answer has this around it: <https://coding.net/help/openapi>.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "Response", borrow)]
    response: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outcome<'a> {
    error: Option<Complaint>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    project_token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Complaint {
    code: Option<String>,
    message: Option<String>,
}

impl Coding {
    /// Asks, and sees whether the answer is an error.
    pub(super) fn ask(&self, question: &Question, tell: Tell<'_>) -> Result<Answer, CodingError> {
        let Question { action, fields, repeat } = question;
        let place = self.place.at(&format!("/open-api?Action={action}"))?;
        let authorization = Authorization::token(self.token.expose());
        let mut body = fields.clone();
        body["Action"] = json!(action);
        let body = body.to_string();
        let request = Request {
            method: Method::Post,
            authorization: Some(&authorization),
            body: Some((JSON, body.as_bytes())),
            repeat: *repeat,
            ..Request::get(&place)
        };
        let answer = self.http.send(&request, tell)?;
        let complaint = outcome(&answer).ok().and_then(|outcome| outcome.error).map(|error| self.said(error));
        match (answer.status, complaint) {
            (200, None) => Ok(answer),
            (401 | 403, complaint) => {
                let why = complaint.map_or_else(
                    || format!("status {}", answer.status),
                    |(code, message)| format!("{code}: {message}"),
                );
                Err(CodingError::NotLetIn { at: self.place.to_string(), why })
            }
            (_, Some((code, message))) if NOT_LET_IN.iter().any(|word| code.starts_with(word)) => {
                Err(CodingError::NotLetIn { at: self.place.to_string(), why: format!("{code}: {message}") })
            }
            (_, Some((code, message))) => Err(CodingError::Refused { action, code, message }),
            (status, None) => Err(CodingError::Status { at: self.place.to_string(), action, status }),
        }
    }

    /// Returns code and words of an error: short, safe for a terminal, and without the token that was sent.
    fn said(&self, complaint: Complaint) -> (String, String) {
        let fit =
            |text: Option<String>| shown(Zeroizing::new(text.unwrap_or_default()), &[self.token.expose()]);
        (fit(complaint.code), fit(complaint.message))
    }
}

fn outcome(answer: &Answer) -> Result<Outcome<'_>, CodingError> {
    let Envelope { response } = answer.json()?;
    serde_json::from_str(response.get()).map_err(|_| answer.unexpected().into())
}

/// Reads what is in an answer, with `Data` around it or without.
pub(super) fn read<'a, T: Deserialize<'a>>(answer: &'a Answer) -> Result<T, CodingError> {
    let Outcome { data, .. } = outcome(answer)?;
    let Envelope { response } = answer.json()?;
    let inner = data.filter(|data| data.get().starts_with('{')).unwrap_or(response);
    // The parser's own words could quote a secret.
    serde_json::from_str(inner.get()).map_err(|_| answer.unexpected().into())
}

/// Reads a token with its secret.
pub(super) fn token_with_secret(answer: &Answer) -> Result<(ProjectToken, Secret), CodingError> {
    let told: Told<'_> = match outcome(answer)?.project_token {
        Some(wrapped) => serde_json::from_str(wrapped.get()).map_err(|_| answer.unexpected())?,
        None => read(answer)?,
    };
    let token = ProjectToken::of(&told).ok_or_else(|| answer.unexpected())?;
    let secret = told.token.and_then(|raw| unescape(raw).ok()).filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| answer.unexpected())?;
    Ok((token, Secret::new(secret)))
}
