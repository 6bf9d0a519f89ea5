//! Docker Hub's calls about tokens: <https://docs.docker.com/reference/api/hub/latest/>.

pub mod client;
pub mod error;
pub mod login;
pub mod token;

use crate::http::endpoint::{Endpoint, PlainHttp};
use crate::http::{Authorization, Http, HttpRequest, JSON, Method, Repeat, Response};
use crate::hub::api::error::HubApiError;
use crate::model::remote::{Remote, Service};
use crate::model::secret::Secret;
use crate::system::env;
use crate::system::env::EnvError;

/// Names another address of Docker Hub's interface: `https`, or `http` within this machine.
pub const HUB_URL: &str = "DOCKER_CREDENTIAL_PAT_HUB_URL";

const USUAL_URL: &str = "https://hub.docker.com";

/// Docker Hub, whoever asks.
pub struct HubApi {
    http: Http,
    base: Endpoint,
    progress: fn(&str),
}

/// Whose tokens are meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HubAccount {
    /// Those of the person who is signed in.
    Person,
    /// Those of an organization.
    Organization(String),
}

impl HubAccount {
    /// Returns the account that a token in the vault is of; `None` when Docker Hub did not make it.
    pub fn of(remote: &Remote) -> Option<Self> {
        match remote.service {
            Service::DockerHub => Some(Self::Person),
            Service::DockerHubOrganization => Some(Self::Organization(remote.owner.clone())),
            Service::Coding => None,
        }
    }

    /// Returns who makes its tokens.
    pub fn service(&self) -> Service {
        match self {
            Self::Person => Service::DockerHub,
            Self::Organization(_) => Service::DockerHubOrganization,
        }
    }

    /// Returns the path of its tokens.
    fn path(&self) -> Result<String, HubApiError> {
        Ok(match self {
            Self::Person => "/v2/access-tokens".to_owned(),
            Self::Organization(name) => format!("/v2/orgs/{}/access-tokens", plain(name)?),
        })
    }
}

/// One call, with who makes it and what it says.
struct ApiCall<'a> {
    method: Method,
    path: &'a str,
    bearer: Option<&'a Secret>,
    body: Option<&'a [u8]>,
    repeat: Repeat,
}

impl HubApi {
    /// Finds where Docker Hub is. What is waited for goes to `progress`.
    pub fn find(progress: fn(&str)) -> Result<Self, HubApiError> {
        let url = env::text(HUB_URL)?;
        let base = Endpoint::parse(url.as_deref().unwrap_or(USUAL_URL), PlainHttp::Loopback)?;
        Ok(Self { http: Http::default(), base, progress })
    }

    /// Returns where it is, when it is not where it usually is.
    pub fn at(&self) -> Option<String> {
        (!self.base.is_at(USUAL_URL)).then(|| self.base.to_string())
    }

    /// Sees that what the vault has for Docker Hub may be sent here: to Docker Hub itself, and within this
    /// machine, where it stays. Whoever sets a variable may mean another place, and nobody stored it for that.
    pub fn refuse_elsewhere(&self) -> Result<(), HubApiError> {
        match self.at() {
            Some(at) if !self.base.is_loopback() => Err(HubApiError::Elsewhere(at)),
            Some(_) | None => Ok(()),
        }
    }

    fn ask(&self, call: &ApiCall<'_>) -> Result<Response, HubApiError> {
        let place = self.base.with_path(call.path)?;
        let authorization = call.bearer.map(|token| Authorization::bearer(token.expose()));
        let request = HttpRequest {
            method: call.method,
            authorization: authorization.as_ref(),
            body: call.body.map(|body| (JSON, body)),
            repeat: call.repeat,
            ..HttpRequest::get(&place)
        };
        let progress = self.progress;
        Ok(self.http.send(&request, &mut |line| progress(line))?)
    }
}

impl From<EnvError> for HubApiError {
    fn from(error: EnvError) -> Self {
        Self::Env(error)
    }
}

/// Returns a name or an identity as it may stand in a path: nothing that leads elsewhere.
fn plain(text: &str) -> Result<&str, HubApiError> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let is_fit = (1..=100).contains(&text.len()) && text.chars().all(is_plain);
    if is_fit { Ok(text) } else { Err(HubApiError::NotAnId(text.chars().take(100).collect())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_path_leads_elsewhere() {
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
