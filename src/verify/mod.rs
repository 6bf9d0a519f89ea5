//! Logs in to registries, and reads the access and the pull limit of a token:
//! <https://distribution.github.io/distribution/spec/api/>.
//!
//! The secret goes only to the host of the registry and to the token endpoint that it names, and only after the
//! registry has asked for it.

pub mod challenge;
pub mod response;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::http::endpoint::{Endpoint, EndpointError, PlainHttp};
use crate::http::{Authorization, Http, HttpError, HttpRequest, JSON, Method, Repeat, Response};
use crate::model::hint::Hint;
use crate::model::registry::Registry;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::IDENTITY_USER;
use crate::provider::hosts::GITHUB;
use crate::system::sanitize::error_chain;
use crate::system::secret_json::unescape;
use crate::verify::challenge::{Challenge, ChallengeError};
use crate::verify::response::{
    AuthResult, LoginOutcome, PullLimit, RepositoryAccess, parse_actions, parse_pull_limit, parse_time,
};

/// The host that serves the images of Docker Hub.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// The repository for which Docker Hub reports the pull limit:
/// <https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit>.
const DOCKER_HUB_PREVIEW: &str = "ratelimitpreview/test";

/// The media types of manifests: <https://github.com/opencontainers/image-spec/blob/main/media-types.md>.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

const FORM: &str = "application/x-www-form-urlencoded";

#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    pub user: &'a str,
    pub secret: &'a Secret,
}

/// A failed check. The field `at` is scheme, host and port.
#[derive(Debug, Error)]
pub enum RegistryError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    #[error("{at} is not a registry: it answers {status}")]
    NoRegistry { at: String, status: u16 },
    #[error("the token endpoint {at} answers {status}")]
    NoToken { at: String, status: u16 },
    /// Neither an acceptance nor a refusal, so it is not known whether the registry accepts the token.
    #[error("{at} answers {status} to the login")]
    NoVerdict { at: String, status: u16 },
    /// Another of these errors, with a part of the secret that the registry repeated masked in its text.
    #[error("{text}")]
    Masked { text: String, hint: Option<String> },
}

impl Hint for RegistryError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Http(error) => error.hint(),
            Self::Endpoint(error) => error.hint(),
            Self::Challenge(_) => Some("the secret was not sent; ask whoever runs the registry".to_owned()),
            Self::NoRegistry { .. } => Some("check host and port".to_owned()),
            Self::Masked { hint, .. } => hint.clone(),
            Self::NoToken { .. } | Self::NoVerdict { .. } => Some("try again later".to_owned()),
        }
    }
}

pub struct RegistryClient<'h> {
    pub http: &'h Http,
    pub plain: PlainHttp,
}

impl RegistryClient<'_> {
    /// Logs in to a registry, and reads the access to a repository. A refused login is a result, not an error.
    pub fn authenticate(
        &self,
        registry: &Registry,
        login: LoginRequest<'_>,
        repository: Option<&str>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<AuthResult, RegistryError> {
        // A registry may know the secret from an earlier login, and chooses the host of its token endpoint.
        let secrets = self.http.secrets();
        secrets.add(login.secret.expose());
        self.try_login(registry, login, repository, progress).map_err(|error| {
            let text = error_chain(&error);
            let masked = secrets.mask(&text);
            let (text, hint) = (masked.to_string(), (text != *masked).then(|| error.hint()));
            hint.map_or(error, |hint| RegistryError::Masked { text, hint })
        })
    }

    fn try_login(
        &self,
        registry: &Registry,
        login: LoginRequest<'_>,
        repository: Option<&str>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<AuthResult, RegistryError> {
        let (root, response) = self.probe(registry, progress)?;
        let challenge = match response.status {
            200 => return Ok(AuthResult { outcome: LoginOutcome::Open, ..AuthResult::default() }),
            401 => Challenge::from_headers(response.headers("www-authenticate"), &root)?,
            status => return Err(RegistryError::NoRegistry { at: root.to_string(), status }),
        };
        let mut attempt = LoginAttempt { http: self.http, root, challenge, login, progress, expires: None };
        let mut result = attempt.log_in(repository)?;
        if result.outcome == LoginOutcome::Accepted {
            let preview = registry.is_docker_hub().then_some(DOCKER_HUB_PREVIEW);
            if let Some(repository) = repository.or(preview) {
                result.pull_limit = attempt.pull_limit(repository)?;
            }
        }
        // Anybody else could switch a token off everywhere with this header.
        let is_accepted = result.outcome == LoginOutcome::Accepted;
        result.expires = attempt.expires.filter(|_| is_accepted && GITHUB.owns(registry.as_str()));
        Ok(result)
    }

    /// Sends a request without credentials, which shows whether a registry answers and how it authenticates. Falls
    /// back to plain HTTP on this machine, and if a person has allowed it.
    fn probe(
        &self,
        registry: &Registry,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(Endpoint, Response), RegistryError> {
        let host = if registry.is_docker_hub() { DOCKER_HUB_API } else { registry.as_str() };
        let encrypted = Endpoint::parse(&format!("https://{host}/v2/"), self.plain)?;
        let plain = Endpoint::parse(&format!("http://{host}/v2/"), self.plain);
        let repeat = if plain.is_ok() { Repeat::Never } else { Repeat::Harmless };
        let outcome = self.http.send(&HttpRequest { repeat, ..HttpRequest::get(&encrypted) }, progress);
        let (error, plain) = match (outcome, plain) {
            (Ok(response), _) => return Ok((encrypted, response)),
            (
                Err(
                    error @ (HttpError::Broken { .. }
                    | HttpError::Unreachable { .. }
                    | HttpError::Slow { .. }),
                ),
                Ok(plain),
            ) => (error, plain),
            (Err(error), _) => return Err(error.into()),
        };
        let response = self.http.send(&HttpRequest::get(&plain), progress)?;
        // An HTTPS server answers 400 to plain HTTP. The first error is then the cause.
        if response.status == 400 { Err(error.into()) } else { Ok((plain, response)) }
    }
}

/// One login at one registry.
struct LoginAttempt<'v> {
    http: &'v Http,
    root: Endpoint,
    challenge: Challenge,
    login: LoginRequest<'v>,
    progress: &'v mut dyn FnMut(&str),
    expires: Option<Timestamp>,
}

/// The authorization for a scope.
struct Grant {
    authorization: Authorization,
    /// The permitted actions in the repository; `None` when they are not readable.
    actions: Option<Vec<String>>,
}

impl LoginAttempt<'_> {
    fn log_in(&mut self, repository: Option<&str>) -> Result<AuthResult, RegistryError> {
        let scope = |actions: &str| repository.map(|repository| format!("repository:{repository}:{actions}"));
        // Some token endpoints grant the permitted part of a scope; others refuse a scope that is too large.
        let scopes = [scope("pull,push,delete"), scope("pull"), None];
        let scopes = if repository.is_some() { &scopes[..] } else { &scopes[2..] };
        let mut grant = None;
        for scope in scopes {
            grant = self.authorize(scope.as_deref())?;
            if grant.is_some() {
                break;
            }
        }
        let Some(grant) = grant else { return Ok(AuthResult::default()) };
        let root = self.root.clone();
        match self.send(Method::Get, &root, &grant)?.status {
            200 => {}
            401 | 403 => return Ok(AuthResult::default()),
            status => return Err(RegistryError::NoVerdict { at: root.to_string(), status }),
        }
        let access = repository.map(|repository| self.access(repository, &grant)).transpose()?;
        Ok(AuthResult {
            outcome: LoginOutcome::Accepted,
            access: access.unwrap_or_default(),
            ..AuthResult::default()
        })
    }

    /// Gets the authorization for a scope; `None` when the login is refused.
    fn authorize(&mut self, scope: Option<&str>) -> Result<Option<Grant>, RegistryError> {
        let LoginRequest { user, secret } = self.login;
        let Challenge::Bearer { realm, service } = self.challenge.clone() else {
            let authorization = Authorization::basic(user, secret.expose(), &self.root)?;
            return Ok(Some(Grant { authorization, actions: None }));
        };
        let response = if user == IDENTITY_USER {
            self.exchange(&realm, service.as_deref(), scope)?
        } else {
            let endpoint = realm.with_path(&query(&realm, service.as_deref(), scope))?;
            let basic = Authorization::basic(user, secret.expose(), &endpoint)?;
            let request = HttpRequest { authorization: Some(&basic), ..HttpRequest::get(&endpoint) };
            self.http.send(&request, self.progress)?
        };
        match response.status {
            200 => {}
            400 | 401 | 403 => return Ok(None),
            status => return Err(RegistryError::NoToken { at: realm.to_string(), status }),
        }
        self.note_expiry(&realm, &response);
        let token = parse_token(&response)?;
        Ok(Some(Grant { actions: parse_actions(&token), authorization: Authorization::bearer(&token) }))
    }

    /// Exchanges an identity token for a bearer token:
    /// <https://distribution.github.io/distribution/spec/auth/oauth/>.
    fn exchange(
        &mut self,
        realm: &Endpoint,
        service: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Response, RegistryError> {
        let secret = self.login.secret.expose();
        let mut form = Zeroizing::new(String::with_capacity(secret.len() * 3 + 1024));
        form.push_str("grant_type=refresh_token&client_id=docker-credential-pat");
        let parameters = [("service", service), ("scope", scope), ("refresh_token", Some(secret))];
        for (name, value) in parameters.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            form.push('&');
            form.push_str(name);
            form.push('=');
            form.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        }
        let body = Some((FORM, form.as_bytes()));
        let request = HttpRequest { method: Method::Post, body, ..HttpRequest::get(realm) };
        Ok(self.http.send(&request, self.progress)?)
    }

    fn access(&mut self, repository: &str, grant: &Grant) -> Result<RepositoryAccess, RegistryError> {
        if let Some(actions) = &grant.actions {
            let may = |action: &str| Some(actions.iter().any(|granted| granted == action || granted == "*"));
            return Ok(RepositoryAccess { pull: may("pull"), push: may("push"), delete: may("delete") });
        }
        // Only a push would show whether the token may push.
        let endpoint = self.root.with_path(&format!("/v2/{repository}/tags/list?n=1"))?;
        let pull = match self.send(Method::Get, &endpoint, grant)?.status {
            200 => Some(true),
            401 | 403 => Some(false),
            _ => None,
        };
        Ok(RepositoryAccess { pull, ..RepositoryAccess::default() })
    }

    /// Reads the pull limit with a HEAD request, which does not count as a pull.
    fn pull_limit(&mut self, repository: &str) -> Result<Option<PullLimit>, RegistryError> {
        let scope = format!("repository:{repository}:pull");
        let Some(grant) = self.authorize(Some(&scope))? else { return Ok(None) };
        let endpoint = self.root.with_path(&format!("/v2/{repository}/manifests/latest"))?;
        let response = self.send(Method::Head, &endpoint, &grant)?;
        Ok(parse_pull_limit(response.header("ratelimit-limit"), response.header("ratelimit-remaining")))
    }

    fn send(
        &mut self,
        method: Method,
        endpoint: &Endpoint,
        grant: &Grant,
    ) -> Result<Response, RegistryError> {
        let authorization = Some(&grant.authorization);
        let accept = if method == Method::Head { MANIFESTS } else { JSON };
        let request = HttpRequest { method, authorization, accept, ..HttpRequest::get(endpoint) };
        let response = self.http.send(&request, self.progress)?;
        self.note_expiry(endpoint, &response);
        Ok(response)
    }

    /// Reads the expiry that GitHub reports, unless another host than the registry's own reports it:
    /// <https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/>.
    fn note_expiry(&mut self, from: &Endpoint, response: &Response) {
        if !from.is_same_origin(&self.root) {
            return;
        }
        let expires = response.header("github-authentication-token-expiration").and_then(parse_time);
        self.expires = self.expires.or(expires);
    }
}

/// Returns path and query of a token endpoint for a service and a scope.
fn query(realm: &Endpoint, service: Option<&str>, scope: Option<&str>) -> String {
    let mut query = realm.path_and_query().to_owned();
    for (name, value) in [("service", service), ("scope", scope)] {
        let Some(value) = value else { continue };
        query.push(if query.contains('?') { '&' } else { '?' });
        query.push_str(name);
        query.push('=');
        query.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    query
}

/// The raw JSON values, borrowed from the answer so that the parser does not copy the token.
#[derive(Deserialize)]
struct TokenAnswer<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
}

fn parse_token(response: &Response) -> Result<Zeroizing<String>, HttpError> {
    let answer: TokenAnswer<'_> = response.json()?;
    let token = answer.token.filter(|raw| !matches!(raw.get(), "\"\"" | "null")).or(answer.access_token);
    unescape(token.ok_or_else(|| response.unexpected())?).map_err(|_| response.unexpected())
}
