//! One question to CODING's interface, and its answer taken out of what is around it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::coding::api::error::CodingApiError;
use crate::coding::api::project_token::{ProjectScope, ProjectToken, RawProjectToken, end_text};
use crate::http::{Repeat, Response};
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::system::secret_json::unescape;

/// What is asked. None of it is secret.
pub(super) struct CodingRequest {
    pub(super) action: &'static str,
    pub(super) fields: Value,
    pub(super) repeat: Repeat,
}

impl CodingRequest {
    /// One that may be asked twice: it changes nothing, or comes to the same.
    pub(super) fn harmless(action: &'static str, fields: Value) -> Self {
        Self { action, fields, repeat: Repeat::Harmless }
    }

    /// One that would make two of something.
    pub(super) fn once(action: &'static str, fields: Value) -> Self {
        Self { action, fields, repeat: Repeat::Never }
    }
}

/// What a token is to be.
#[derive(Clone, Debug)]
pub struct ProjectTokenRequest {
    /// What it is to be called.
    pub name: String,
    /// What it may do; never empty, since CODING takes that for everything, without an end.
    pub grants: Vec<ProjectScope>,
    /// When it is to end.
    pub expires: Option<Timestamp>,
}

impl ProjectTokenRequest {
    /// Returns it as a request has it.
    pub(super) fn json(&self) -> Value {
        let scopes: Vec<_> = self.grants.iter().map(ProjectScope::json).collect();
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
pub(super) struct ResponseBody<'a> {
    pub(super) error: Option<Complaint>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    project_token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Complaint {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

pub(super) fn outcome(answer: &Response) -> Result<ResponseBody<'_>, CodingApiError> {
    let Envelope { response } = answer.json()?;
    serde_json::from_str(response.get()).map_err(|_| answer.unexpected().into())
}

/// Reads what is in an answer, with `Data` around it or without.
pub(super) fn read<'a, T: Deserialize<'a>>(answer: &'a Response) -> Result<T, CodingApiError> {
    let ResponseBody { data, .. } = outcome(answer)?;
    let Envelope { response } = answer.json()?;
    let inner = data.filter(|data| data.get().starts_with('{')).unwrap_or(response);
    // The parser's own words could quote a secret.
    serde_json::from_str(inner.get()).map_err(|_| answer.unexpected().into())
}

/// Reads a token with its secret.
pub(super) fn token_with_secret(answer: &Response) -> Result<(ProjectToken, Secret), CodingApiError> {
    let told: RawProjectToken<'_> = match outcome(answer)?.project_token {
        Some(wrapped) => serde_json::from_str(wrapped.get()).map_err(|_| answer.unexpected())?,
        None => read(answer)?,
    };
    let token = ProjectToken::of(&told).ok_or_else(|| answer.unexpected())?;
    let secret = told.token.and_then(|raw| unescape(raw).ok()).filter(|secret| !secret.is_empty());
    let secret = secret.ok_or_else(|| answer.unexpected())?;
    Ok((token, Secret::new(secret)))
}
