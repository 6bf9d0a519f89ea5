//! The contents of requests to CODING's API, and of its answers.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::coding::api::error::CodingApiError;
use crate::coding::api::project_scope::ProjectScope;
use crate::coding::api::project_token::{ProjectToken, RawProjectToken, expiry_text};
use crate::http::Response;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::system::secret_json::unescape;

/// The properties of a token to create or change.
#[derive(Clone, Debug)]
pub struct ProjectTokenRequest {
    pub name: String,
    /// Never empty: CODING interprets an empty list as every scope, without an expiry.
    pub scopes: Vec<ProjectScope>,
    pub expires: Option<Timestamp>,
}

impl ProjectTokenRequest {
    /// Returns the fields of a request.
    pub(super) fn json(&self) -> Value {
        let scopes: Vec<_> = self.scopes.iter().map(ProjectScope::json).collect();
        json!({ "TokenName": self.name, "Scopes": scopes, "ExpiredAt": expiry_text(self.expires) })
    }
}

/// The outer object of every answer: <https://coding.net/help/openapi>.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "Response", borrow)]
    response: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ResponseBody<'a> {
    pub(super) error: Option<ServiceError>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    project_token: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ServiceError {
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
}

/// Parses the outer parts of an answer.
pub(super) fn response_body(answer: &Response) -> Result<ResponseBody<'_>, CodingApiError> {
    let Envelope { response } = answer.json()?;
    serde_json::from_str(response.get()).map_err(|_| answer.unexpected().into())
}

/// Parses the content of an answer, with or without `Data` around it.
pub(super) fn content<'a, T: Deserialize<'a>>(answer: &'a Response) -> Result<T, CodingApiError> {
    let ResponseBody { data, .. } = response_body(answer)?;
    let Envelope { response } = answer.json()?;
    let inner = data.filter(|data| data.get().starts_with('{')).unwrap_or(response);
    // The parser's own error could quote a secret.
    serde_json::from_str(inner.get()).map_err(|_| answer.unexpected().into())
}

/// Parses a token with its secret. The token is the content, or is in the content as `ProjectToken`.
pub(super) fn token_with_secret(answer: &Response) -> Result<(ProjectToken, Secret), CodingApiError> {
    let ResponseBody { project_token, .. } = content(answer)?;
    let raw: RawProjectToken<'_> = match project_token {
        Some(wrapped) => serde_json::from_str(wrapped.get()).map_err(|_| answer.unexpected())?,
        None => content(answer)?,
    };
    let token = ProjectToken::from_raw(&raw).ok_or_else(|| answer.unexpected())?;
    let secret = raw.token.and_then(|raw| unescape(raw).ok()).filter(|secret| !secret.is_empty());
    Ok((token, Secret::new(secret.ok_or_else(|| answer.unexpected())?)))
}
