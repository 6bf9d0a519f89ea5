//! The calls of CODING's API about accounts, projects and project tokens.
//!
//! Each call is `POST /open-api?Action=NAME` with JSON in both directions, and an error arrives in an answer with
//! status 200: <https://coding.net/help/openapi>. The calls for project tokens are not in that reference. They have
//! the names that CODING's service uses, and the service's answer is passed on.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::coding::api::error::CodingApiError;
use crate::coding::api::project_token::{ProjectToken, RawProjectToken, parse_number};
use crate::coding::api::request::{
    ProjectTokenRequest, ServiceError, content, response_body, token_with_secret,
};
use crate::http::endpoint::Endpoint;
use crate::http::list_limits::ListLimits;
use crate::http::short_text::short_text;
use crate::http::{Authorization, Http, HttpRequest, JSON, Method, Repeat, Response};
use crate::model::secret::Secret;
use crate::model::token::TokenState;

/// The prefixes of error codes that concern the personal access token; all others concern the request.
const UNAUTHORIZED: [&str; 2] = ["AuthFailure", "Unauthorized"];

/// The message of an error that concerns the permissions of the personal access token.
const MISSING_PERMISSION: &str = "current scope does not support access";

/// The message of an error for a personal access token that CODING does not know. Its code is that of a missing object.
const UNKNOWN_TOKEN: &str = "authorization invalid";

/// The number of tokens to request per page.
const PAGE_SIZE: u64 = 100;

/// The account to which a personal access token belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodingAccount {
    /// The name that people know the account by.
    pub name: String,
    pub user: String,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub id: u64,
    /// The name, which is part of the path of the project's images.
    pub name: String,
}

/// CODING's API at one endpoint, with one personal access token.
pub struct CodingClient {
    http: Http,
    endpoint: Endpoint,
    token: Secret,
    progress: fn(&str),
}

impl CodingClient {
    /// Makes a client that sends a personal access token to this endpoint and nowhere else, and reports waits
    /// to `progress`.
    pub fn new(endpoint: Endpoint, token: Secret, progress: fn(&str)) -> Self {
        Self { http: Http::default(), endpoint, token, progress }
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the account of the personal access token.
    pub fn account(&self) -> Result<CodingAccount, CodingApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AccountJson {
            user: CodingUser,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct CodingUser {
            #[serde(default, deserialize_with = "short_text")]
            name: Option<String>,
            #[serde(deserialize_with = "short_text")]
            global_key: String,
        }
        let answer = self.send("DescribeCodingCurrentUser", json!({}), Repeat::Harmless);
        let answer = answer.map_err(|error| match error {
            CodingApiError::Refused { code, message, .. } => self.unauthorized(&code, &message),
            other => other,
        })?;
        let AccountJson { user } = content(&answer)?;
        Ok(CodingAccount { name: user.name.unwrap_or_default(), user: user.global_key })
    }

    /// Finds a project by its name or number.
    pub fn project(&self, name_or_number: &str) -> Result<Project, CodingApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct FoundJson<'a> {
            #[serde(borrow)]
            project: ProjectJson<'a>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct ProjectJson<'a> {
            #[serde(borrow)]
            id: &'a RawValue,
            #[serde(deserialize_with = "short_text")]
            name: String,
        }
        let (action, fields) = match name_or_number.parse::<u64>() {
            Ok(id) => ("DescribeOneProject", json!({ "ProjectId": id })),
            Err(_) => ("DescribeProjectByName", json!({ "ProjectName": name_or_number })),
        };
        let answer = self.send(action, fields, Repeat::Harmless)?;
        let FoundJson { project } = content(&answer)?;
        let id = parse_number(project.id).ok_or_else(|| answer.unexpected())?;
        Ok(Project { id, name: project.name })
    }

    /// Returns every token of a project. In its names, each part of a secret of this session is masked.
    pub fn tokens(&self, project: u64) -> Result<Vec<ProjectToken>, CodingApiError> {
        let mut tokens = self.read_tokens(project)?;
        let masker = self.http.secrets().masker();
        for token in &mut tokens {
            for name in [&mut token.name, &mut token.user] {
                *name = masker.mask(name).to_string();
            }
        }
        Ok(tokens)
    }

    fn read_tokens(&self, project: u64) -> Result<Vec<ProjectToken>, CodingApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct ProjectPage<'a> {
            #[serde(borrow)]
            project_token: Option<Vec<RawProjectToken<'a>>>,
            #[serde(borrow)]
            total_count: Option<&'a RawValue>,
        }
        let (mut tokens, mut seen) = (Vec::new(), BTreeSet::new());
        let mut limits = ListLimits::start();
        let mut number = 0_u64;
        loop {
            number += 1;
            let fields = json!({ "ProjectId": project, "PageNumber": number, "PageSize": PAGE_SIZE });
            let deadline = Some(limits.deadline());
            let answer = self.send_by(deadline, "DescribeProjectTokens", fields, Repeat::Harmless)?;
            let page: ProjectPage<'_> = content(&answer)?;
            limits.count(&answer, page.project_token.as_ref().map_or(0, Vec::len))?;
            let count_before = tokens.len();
            for raw in page.project_token.iter().flatten() {
                let token = ProjectToken::from_raw(raw).ok_or_else(|| answer.unexpected())?;
                if seen.insert(token.id) {
                    tokens.push(token);
                }
            }
            // CODING may return smaller pages than requested, or the last page again and again.
            let total = page.total_count.and_then(parse_number);
            let is_complete = total.is_some_and(|total| seen.len() as u64 >= total);
            if is_complete || tokens.len() == count_before {
                return Ok(tokens);
            }
        }
    }

    /// Creates a token of a project and returns it with its secret. After a [`CodingApiError::Unconfirmed`], the
    /// token may exist nevertheless.
    pub fn create(
        &self,
        project: u64,
        request: &ProjectTokenRequest,
    ) -> Result<(ProjectToken, Secret), CodingApiError> {
        let mut fields = request.json();
        fields["ProjectId"] = json!(project);
        let created = self.send("CreateProjectToken", fields, Repeat::Never);
        let created = created.and_then(|answer| token_with_secret(&answer));
        if let Ok((_, secret)) = &created {
            self.http.secrets().add(secret.expose());
        }
        created.map_err(|error| match error {
            error if error.is_ambiguous() => {
                CodingApiError::Unconfirmed { name: request.name.clone(), source: Box::new(error) }
            }
            error => error,
        })
    }

    /// Deletes a token of a project for good.
    pub fn delete(&self, project: u64, id: u64) -> Result<(), CodingApiError> {
        self.send_about("DeleteProjectToken", project, id, json!({})).map(drop)
    }

    /// Changes all properties of a token, where CODING offers that.
    pub fn modify(&self, project: u64, id: u64, request: &ProjectTokenRequest) -> Result<(), CodingApiError> {
        self.send_about("ModifyProjectToken", project, id, request.json()).map(drop)
    }

    /// Enables or disables a token, where CODING offers that.
    pub fn switch(&self, project: u64, id: u64, to: TokenState) -> Result<(), CodingApiError> {
        let action = match to {
            TokenState::Active => "EnableProjectToken",
            TokenState::Inactive => "DisableProjectToken",
        };
        self.send_about(action, project, id, json!({})).map(drop)
    }

    /// Returns a token's secret again, where CODING offers that.
    pub fn secret(&self, project: u64, id: u64) -> Result<Secret, CodingApiError> {
        let answer = self.send_about("DescribeProjectToken", project, id, json!({}))?;
        Ok(token_with_secret(&answer)?.1)
    }

    /// Sends a repeatable request about one token.
    fn send_about(
        &self,
        action: &'static str,
        project: u64,
        id: u64,
        mut fields: Value,
    ) -> Result<Response, CodingApiError> {
        fields["ProjectId"] = json!(project);
        fields["Id"] = json!(id);
        self.send(action, fields, Repeat::Harmless)
    }

    /// Sends a request, and returns the answer unless it reports an error.
    fn send(&self, action: &'static str, fields: Value, repeat: Repeat) -> Result<Response, CodingApiError> {
        self.send_by(None, action, fields, repeat)
    }

    /// Sends a request that has to be answered by a time.
    fn send_by(
        &self,
        deadline: Option<Instant>,
        action: &'static str,
        mut fields: Value,
        repeat: Repeat,
    ) -> Result<Response, CodingApiError> {
        let url = self.endpoint.with_path(&format!("/open-api?Action={action}"))?;
        let authorization = Authorization::token(self.token.expose());
        fields["Action"] = json!(action);
        let body = fields.to_string();
        let request = HttpRequest {
            method: Method::Post,
            authorization: Some(&authorization),
            body: Some((JSON, body.as_bytes())),
            repeat,
            deadline,
            ..HttpRequest::get(&url)
        };
        let progress = self.progress;
        let answer = self.http.send(&request, &mut |line| progress(line))?;
        let error = response_body(&answer).ok().and_then(|body| body.error).map(|error| self.redact(error));
        let at = || self.endpoint.to_string();
        match (answer.status, error) {
            (_, Some((code, message))) if message.contains(MISSING_PERMISSION) => {
                let permission = needed_permission(action);
                Err(CodingApiError::MissingPermission { action, permission, code, message })
            }
            (200, None) => Ok(answer),
            (status @ (401 | 403), None) => {
                Err(CodingApiError::Unauthorized { at: at(), why: format!("status {status}") })
            }
            (401 | 403, Some((code, message))) => Err(self.unauthorized(&code, &message)),
            (_, Some((code, message)))
                if message.contains(UNKNOWN_TOKEN)
                    || UNAUTHORIZED.iter().any(|word| code.starts_with(word)) =>
            {
                Err(self.unauthorized(&code, &message))
            }
            (_, Some((code, message))) => Err(CodingApiError::Refused { action, code, message }),
            (status, None) => Err(CodingApiError::Status { at: at(), action, status }),
        }
    }

    /// Makes a text of CODING safe to show, without a secret of this session.
    pub fn redact_text(&self, text: &str) -> String {
        self.http.secrets().redact(text)
    }

    fn unauthorized(&self, code: &str, message: &str) -> CodingApiError {
        CodingApiError::Unauthorized { at: self.endpoint.to_string(), why: format!("{code}: {message}") }
    }

    /// Returns the code and the message of an error: shortened, safe for a terminal, and without a secret.
    fn redact(&self, error: ServiceError) -> (String, String) {
        let redact_text = |text: Option<String>| self.redact_text(&text.unwrap_or_default());
        (redact_text(error.code), redact_text(error.message))
    }
}

/// Returns the permission of a personal access token that a call needs:
/// <https://coding.net/docs/member/tokens.html>.
fn needed_permission(action: &str) -> &'static str {
    match action {
        "DescribeCodingCurrentUser" => "user:profile:ro",
        "DescribeOneProject" | "DescribeProjectByName" => "project:profile:ro",
        "DescribeProjectTokens" | "DescribeProjectToken" => "project:token:ro",
        _ => "project:token:rw",
    }
}
