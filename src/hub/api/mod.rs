//! Docker Hub's API for access tokens: <https://docs.docker.com/reference/api/hub/latest/>.

pub mod client;
pub mod error;
pub mod login;
pub mod resource;
pub mod token;

use std::time::Instant;

use crate::http::endpoint::{Endpoint, PlainHttp};
use crate::http::{Authorization, Http, HttpRequest, JSON, Method, Repeat, Response};
use crate::hub::api::error::HubApiError;
use crate::model::remote::{Remote, Service};
use crate::model::secret::Secret;
use crate::model::token::TokenKind;
use crate::system::env;

/// The variable that names another address of the API: `https`, or `http` on this machine.
pub const HUB_URL: &str = "DOCKER_CREDENTIAL_PAT_HUB_URL";

const DEFAULT_URL: &str = "https://hub.docker.com";

/// Docker Hub without a sign-in.
pub struct HubApi {
    http: Http,
    endpoint: Endpoint,
    progress: fn(&str),
}

/// The owner of tokens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HubAccount {
    /// The person who is signed in.
    Person,
    /// An organization, by its name.
    Organization(String),
}

impl HubAccount {
    /// Returns the owner of a token in the vault; `None` when Docker Hub did not create the token.
    pub fn from_remote(remote: &Remote) -> Option<Self> {
        match remote.service {
            Service::DockerHub => Some(Self::Person),
            Service::DockerHubOrganization => Some(Self::Organization(remote.owner.clone())),
            Service::Coding => None,
        }
    }

    /// Returns the service that creates the account's tokens.
    pub fn service(&self) -> Service {
        match self {
            Self::Person => Service::DockerHub,
            Self::Organization(_) => Service::DockerHubOrganization,
        }
    }

    /// Returns the kind of the account's tokens.
    pub fn token_kind(&self) -> TokenKind {
        match self {
            Self::Person => TokenKind::Pat,
            Self::Organization(_) => TokenKind::Organization,
        }
    }

    /// Returns the path of the account's tokens.
    fn path(&self) -> Result<String, HubApiError> {
        Ok(match self {
            Self::Person => "/v2/access-tokens".to_owned(),
            Self::Organization(name) => format!("/v2/orgs/{}/access-tokens", path_segment(name)?),
        })
    }
}

/// A call of the API.
struct ApiCall<'a> {
    method: Method,
    path: &'a str,
    bearer: Option<&'a Secret>,
    body: Option<&'a [u8]>,
    repeat: Repeat,
    deadline: Option<Instant>,
}

impl<'a> ApiCall<'a> {
    /// Makes a call without a sign-in and without a body.
    fn new(method: Method, path: &'a str) -> Self {
        Self { method, path, bearer: None, body: None, repeat: Repeat::Harmless, deadline: None }
    }
}

impl HubApi {
    /// Finds the address of Docker Hub. Waits are reported to `progress`.
    pub fn find(progress: fn(&str)) -> Result<Self, HubApiError> {
        let url = env::text(HUB_URL)?;
        let endpoint = Endpoint::parse(url.as_deref().unwrap_or(DEFAULT_URL), PlainHttp::Loopback)?;
        Ok(Self { http: Http::default(), endpoint, progress })
    }

    /// Returns scheme and host, to which passwords and tokens are sent.
    pub fn address(&self) -> String {
        self.endpoint.to_string()
    }

    /// Returns the address of the API, unless it is the usual one.
    pub fn custom_url(&self) -> Option<String> {
        (!self.endpoint.is_at(DEFAULT_URL)).then(|| self.endpoint.to_string())
    }

    /// Checks that secrets of the vault may be sent to the address: it is Docker Hub itself, or on this machine,
    /// which the secrets then do not leave. The secrets were not stored for another address that a variable names.
    pub fn refuse_other_hosts(&self) -> Result<(), HubApiError> {
        match self.custom_url() {
            Some(url) if !self.endpoint.is_loopback() => Err(HubApiError::OtherHost(url)),
            Some(_) | None => Ok(()),
        }
    }

    fn send(&self, call: &ApiCall<'_>) -> Result<Response, HubApiError> {
        let url = self.endpoint.with_path(call.path)?;
        let authorization = call.bearer.map(|token| Authorization::bearer(token.expose()));
        let request = HttpRequest {
            method: call.method,
            authorization: authorization.as_ref(),
            body: call.body.map(|body| (JSON, body)),
            repeat: call.repeat,
            deadline: call.deadline,
            ..HttpRequest::get(&url)
        };
        let progress = self.progress;
        Ok(self.http.send(&request, &mut |line| progress(line))?)
    }
}

/// Checks that a name or an ID is a single plain segment of a path.
fn path_segment(text: &str) -> Result<&str, HubApiError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let is_fit = (1..=100).contains(&text.len()) && text.chars().all(is_plain);
    if is_fit { Ok(text) } else { Err(HubApiError::NotAnId(text.chars().take(100).collect())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_name_is_put_into_a_path() {
        for (name, want) in [
            ("acme", Some("/v2/orgs/acme/access-tokens")),
            ("a-b_C1", Some("/v2/orgs/a-b_C1/access-tokens")),
            ("..", None),
            ("a/b", None),
            ("a?b", None),
            ("a%2fb", None),
            ("", None),
            ("é", None),
        ] {
            let path = HubAccount::Organization(name.to_owned()).path();
            assert_eq!(path.ok().as_deref(), want, "{name}");
        }
    }
}
