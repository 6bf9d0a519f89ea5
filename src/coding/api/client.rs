//! CODING's interface: whose a personal access token is, and the life of a project's tokens.
//!
//! `POST /open-api?Action=NAME` with JSON both ways; what went wrong stands in an answer of status 200:
//! <https://coding.net/help/openapi>. Whether it changes a token, switches it off or shows its secret again
//! is not described there: those are asked for as its service calls them, and what it says is told.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::coding::api::error::CodingApiError;
use crate::coding::api::project_token::{ProjectToken, RawProjectToken};
use crate::coding::api::request::{
    CodingRequest, Complaint, ProjectTokenRequest, outcome, read, token_with_secret,
};
use crate::http::endpoint::Endpoint;
use crate::http::server_text::redact;
use crate::http::{Authorization, Http, HttpRequest, JSON, Method, Response};
use crate::model::secret::Secret;
use crate::model::token::TokenState;

/// By these words an error says that it does not know who asks; the others are about what is asked.
const NOT_LET_IN: [&str; 2] = ["AuthFailure", "Unauthorized"];

/// How many tokens are asked for at once.
const PAGE: u64 = 100;

/// How often more are asked for: 5,000 tokens are more than any project has.
const MAX_PAGES: u64 = 50;

/// The account to which a personal access token belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodingAccount {
    /// The name by which people know it.
    pub name: String,
    /// Its user name.
    pub user: String,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// By what CODING tells it from others.
    pub id: u64,
    /// Its name, which is in the path of its images.
    pub name: String,
}

/// CODING's interface, asked with one personal access token.
pub struct CodingClient {
    http: Http,
    place: Endpoint,
    token: Secret,
}

/// Tells a person what is waited for.
type Progress<'t> = &'t mut dyn FnMut(&str);

impl CodingClient {
    /// Turns to an interface with a personal access token, which goes there and nowhere else.
    pub fn at(place: Endpoint, token: Secret) -> Self {
        Self { http: Http::default(), place, token }
    }

    /// Asks, and sees whether the answer is an error.
    fn ask(&self, question: &CodingRequest, progress: Progress<'_>) -> Result<Response, CodingApiError> {
        let CodingRequest { action, fields, repeat } = question;
        let place = self.place.with_path(&format!("/open-api?Action={action}"))?;
        let authorization = Authorization::token(self.token.expose());
        let mut body = fields.clone();
        body["Action"] = json!(action);
        let body = body.to_string();
        let request = HttpRequest {
            method: Method::Post,
            authorization: Some(&authorization),
            body: Some((JSON, body.as_bytes())),
            repeat: *repeat,
            ..HttpRequest::get(&place)
        };
        let answer = self.http.send(&request, progress)?;
        let complaint = outcome(&answer).ok().and_then(|outcome| outcome.error).map(|error| self.said(error));
        match (answer.status, complaint) {
            (200, None) => Ok(answer),
            (401 | 403, complaint) => {
                let why = complaint.map_or_else(
                    || format!("status {}", answer.status),
                    |(code, message)| format!("{code}: {message}"),
                );
                Err(CodingApiError::NotLetIn { at: self.place.to_string(), why })
            }
            (_, Some((code, message))) if NOT_LET_IN.iter().any(|word| code.starts_with(word)) => {
                Err(CodingApiError::NotLetIn {
                    at: self.place.to_string(),
                    why: format!("{code}: {message}"),
                })
            }
            (_, Some((code, message))) => Err(CodingApiError::Refused { action, code, message }),
            (status, None) => Err(CodingApiError::Status { at: self.place.to_string(), action, status }),
        }
    }

    /// Returns code and words of an error: short, safe for a terminal, and without the token that was sent.
    fn said(&self, complaint: Complaint) -> (String, String) {
        let fit =
            |text: Option<String>| redact(Zeroizing::new(text.unwrap_or_default()), &[self.token.expose()]);
        (fit(complaint.code), fit(complaint.message))
    }

    /// Returns where it is.
    pub fn place(&self) -> &Endpoint {
        &self.place
    }

    /// Asks whose the personal access token is, which changes nothing.
    pub fn account(&self, progress: Progress<'_>) -> Result<CodingAccount, CodingApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct AccountJson {
            user: CodingUser,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct CodingUser {
            name: Option<String>,
            global_key: String,
        }
        let question = CodingRequest::harmless("DescribeCodingCurrentUser", json!({}));
        let answer = self.ask(&question, progress).map_err(|error| match error {
            CodingApiError::Refused { code, message, .. } => {
                CodingApiError::NotLetIn { at: self.place.to_string(), why: format!("{code}: {message}") }
            }
            other => other,
        })?;
        let AccountJson { user } = read(&answer)?;
        Ok(CodingAccount { name: user.name.unwrap_or_default(), user: user.global_key })
    }

    /// Finds a project by its name, or by its number.
    pub fn project(&self, named: &str, progress: Progress<'_>) -> Result<Project, CodingApiError> {
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
            name: String,
        }
        let question = match named.parse::<u64>() {
            Ok(id) => CodingRequest::harmless("DescribeOneProject", json!({ "ProjectId": id })),
            Err(_) => CodingRequest::harmless("DescribeProjectByName", json!({ "ProjectName": named })),
        };
        let answer = self.ask(&question, progress)?;
        let FoundJson { project } = read(&answer)?;
        let id =
            crate::coding::api::project_token::number_of(project.id).ok_or_else(|| answer.unexpected())?;
        Ok(Project { id, name: project.name })
    }

    /// Returns every token of a project.
    pub fn tokens(&self, project: u64, progress: Progress<'_>) -> Result<Vec<ProjectToken>, CodingApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct ProjectPage<'a> {
            #[serde(borrow)]
            project_token: Option<Vec<RawProjectToken<'a>>>,
            #[serde(borrow)]
            total_count: Option<&'a RawValue>,
        }
        let (mut tokens, mut seen) = (Vec::new(), BTreeSet::new());
        for number in 1..=MAX_PAGES {
            let fields = json!({ "ProjectId": project, "PageNumber": number, "PageSize": PAGE });
            let answer = self.ask(&CodingRequest::harmless("DescribeProjectTokens", fields), progress)?;
            let page: ProjectPage<'_> = read(&answer)?;
            let before = tokens.len();
            for told in page.project_token.iter().flatten() {
                let token = ProjectToken::of(told).ok_or_else(|| answer.unexpected())?;
                if seen.insert(token.id) {
                    tokens.push(token);
                }
            }
            // It may give fewer at once than it was asked for, or the last page again and again.
            let total = page.total_count.and_then(crate::coding::api::project_token::number_of);
            let is_all = total.is_some_and(|total| seen.len() as u64 >= total);
            if is_all || tokens.len() == before {
                return Ok(tokens);
            }
        }
        Err(CodingApiError::TooMany(PAGE * MAX_PAGES))
    }

    /// Makes a token of a project, and returns it with its secret.
    ///
    /// # Errors
    /// [`CodingApiError::Lost`] when it may have been made all the same.
    pub fn create(
        &self,
        project: u64,
        wish: &ProjectTokenRequest,
        progress: Progress<'_>,
    ) -> Result<(ProjectToken, Secret), CodingApiError> {
        let mut fields = wish.json();
        fields["ProjectId"] = json!(project);
        let question = CodingRequest::once("CreateProjectToken", fields);
        let made = self.ask(&question, progress).and_then(|answer| token_with_secret(&answer));
        made.map_err(|error| match error {
            error if error.is_ambiguous() => {
                CodingApiError::Lost { name: wish.name.clone(), source: Box::new(error) }
            }
            error => error,
        })
    }

    /// Deletes a token of a project; it works nowhere any more.
    pub fn delete(&self, project: u64, id: u64, progress: Progress<'_>) -> Result<(), CodingApiError> {
        let fields = json!({ "ProjectId": project, "Id": id });
        self.ask(&CodingRequest::harmless("DeleteProjectToken", fields), progress).map(drop)
    }

    /// Makes of a token what is wished, where the interface offers that.
    pub fn modify(
        &self,
        project: u64,
        id: u64,
        wish: &ProjectTokenRequest,
        progress: Progress<'_>,
    ) -> Result<(), CodingApiError> {
        let mut fields = wish.json();
        fields["ProjectId"] = json!(project);
        fields["Id"] = json!(id);
        self.ask(&CodingRequest::harmless("ModifyProjectToken", fields), progress).map(drop)
    }

    /// Switches a token on or off, where the interface offers that.
    pub fn switch(
        &self,
        project: u64,
        id: u64,
        to: TokenState,
        progress: Progress<'_>,
    ) -> Result<(), CodingApiError> {
        let action = match to {
            TokenState::Active => "EnableProjectToken",
            TokenState::Inactive => "DisableProjectToken",
        };
        let fields = json!({ "ProjectId": project, "Id": id });
        self.ask(&CodingRequest::harmless(action, fields), progress).map(drop)
    }

    /// Asks for a token's secret again, where the interface offers that.
    pub fn secret(&self, project: u64, id: u64, progress: Progress<'_>) -> Result<Secret, CodingApiError> {
        let fields = json!({ "ProjectId": project, "Id": id });
        let answer = self.ask(&CodingRequest::harmless("DescribeProjectToken", fields), progress)?;
        Ok(token_with_secret(&answer)?.1)
    }
}
