//! What a registry says to a user name and a secret: whether it takes them, what they may do, how often.
//!
//! <https://distribution.github.io/distribution/spec/api/>. The secret goes to the registry's host and to the
//! token endpoint that it names, and only when it has asked for it.

pub mod challenge;
pub mod response;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::http::endpoint::{Endpoint, EndpointError, PlainHttp};
use crate::http::{Authorization, Http, HttpError, HttpRequest, Method, Repeat, Response};
use crate::model::hint::Hint;
use crate::model::registry::Registry;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::IDENTITY_USER;
use crate::system::secret_json::unescape;
use crate::verify::challenge::{Challenge, ChallengeError};
use crate::verify::response::{
    AuthResult, LoginOutcome, PullLimit, RepositoryAccess, actions_of, moment_of, pulls_of,
};

/// Where Docker Hub's images are.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// By this image Docker Hub tells how many pulls are left:
/// <https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit>.
const DOCKER_HUB_PREVIEW: &str = "ratelimitpreview/test";

/// What images are described by: <https://github.com/opencontainers/image-spec/blob/main/media-types.md>.
const MANIFESTS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

const FORM: &str = "application/x-www-form-urlencoded";

/// Who wants to be let in.
#[derive(Clone, Copy)]
pub struct LoginRequest<'a> {
    /// The user name.
    pub user: &'a str,
    /// The secret that goes with it.
    pub secret: &'a Secret,
}

/// Why it cannot be told what a registry says.
#[derive(Debug, Error)]
pub enum RegistryError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Place(#[from] EndpointError),
    #[error(transparent)]
    Challenge(#[from] ChallengeError),
    /// Something else answers there.
    #[error("{at} is no registry: it answers {status}")]
    NoRegistry {
        /// Scheme, host and port.
        at: String,
        /// The status of its answer.
        status: u16,
    },
    /// A token endpoint that does not do its work.
    #[error("the token endpoint {at} answers {status}")]
    NoToken {
        /// Scheme, host and port.
        at: String,
        /// The status of its answer.
        status: u16,
    },
}

impl Hint for RegistryError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Http(error) => error.hint(),
            Self::Place(error) => error.hint(),
            Self::Challenge(_) => Some("the secret was not sent; ask whoever runs the registry".to_owned()),
            Self::NoRegistry { .. } => Some("check host and port".to_owned()),
            Self::NoToken { .. } => Some("try again later".to_owned()),
        }
    }
}

/// Asks registries.
pub struct RegistryClient<'h> {
    /// By which they are asked.
    pub http: &'h Http,
    /// Whether a secret may go to one in the open.
    pub plain: PlainHttp,
}

impl RegistryClient<'_> {
    /// Shows a login to a registry, and asks what it may do in a repository.
    ///
    /// # Errors
    /// When it cannot be told what the registry says; that it refuses is no error.
    pub fn authenticate(
        &self,
        registry: &Registry,
        login: LoginRequest<'_>,
        repository: Option<&str>,
        progress: &mut dyn FnMut(&str),
    ) -> Result<AuthResult, RegistryError> {
        let (root, answer) = self.knock(registry, progress)?;
        let challenge = match answer.status {
            200 => return Ok(AuthResult { outcome: LoginOutcome::Open, ..AuthResult::default() }),
            401 => Challenge::from_headers(answer.headers("www-authenticate"), &root)?,
            status => return Err(RegistryError::NoRegistry { at: root.to_string(), status }),
        };
        let mut visit = LoginAttempt { http: self.http, root, challenge, login, progress, end: None };
        let mut reception = visit.enter(repository)?;
        if reception.outcome == LoginOutcome::Accepted {
            let preview = registry.is_docker_hub().then_some(DOCKER_HUB_PREVIEW);
            if let Some(repository) = repository.or(preview) {
                reception.pull_limit = visit.pulls_left(repository)?;
            }
        }
        reception.expires = visit.end;
        Ok(reception)
    }

    /// Asks a registry for nothing, which shows whether it is one. Within this machine, and where a person
    /// said so, one that is not encrypted will do.
    fn knock(
        &self,
        registry: &Registry,
        progress: &mut dyn FnMut(&str),
    ) -> Result<(Endpoint, Response), RegistryError> {
        let host = if registry.is_docker_hub() { DOCKER_HUB_API } else { registry.as_str() };
        let encrypted = Endpoint::parse(&format!("https://{host}/v2/"), self.plain)?;
        let open = Endpoint::parse(&format!("http://{host}/v2/"), self.plain);
        let repeat = if open.is_ok() { Repeat::Never } else { Repeat::Harmless };
        let answered = self.http.send(&HttpRequest { repeat, ..HttpRequest::get(&encrypted) }, progress);
        let (error, place) = match (answered, open) {
            (Ok(answer), _) => return Ok((encrypted, answer)),
            (
                Err(
                    error @ (HttpError::Broken { .. }
                    | HttpError::Unreachable { .. }
                    | HttpError::Slow { .. }),
                ),
                Ok(open),
            ) => (error, open),
            (Err(error), _) => return Err(error.into()),
        };
        let answer = self.http.send(&HttpRequest::get(&place), progress)?;
        // So an encrypted server answers what is not encrypted: the first error is the one that counts.
        if answer.status == 400 { Err(error.into()) } else { Ok((place, answer)) }
    }
}

/// One login at one registry.
struct LoginAttempt<'v> {
    http: &'v Http,
    root: Endpoint,
    challenge: Challenge,
    login: LoginRequest<'v>,
    progress: &'v mut dyn FnMut(&str),
    end: Option<Timestamp>,
}

/// What a token endpoint has given.
struct BearerToken {
    authorization: Authorization,
    /// What it allows in the repository; `None` where it cannot be read.
    actions: Option<Vec<String>>,
}

impl LoginAttempt<'_> {
    fn enter(&mut self, repository: Option<&str>) -> Result<AuthResult, RegistryError> {
        let scope = |actions: &str| repository.map(|repository| format!("repository:{repository}:{actions}"));
        // Some give what they may of what is asked for, others nothing when it is too much.
        let wishes = [scope("pull,push,delete"), scope("pull"), None];
        let asks = if repository.is_some() { &wishes[..] } else { &wishes[2..] };
        let mut pass = None;
        for scope in asks {
            pass = self.pass(scope.as_deref())?;
            if pass.is_some() {
                break;
            }
        }
        let Some(pass) = pass else { return Ok(AuthResult::default()) };
        let root = self.root.clone();
        if self.ask(Method::Get, &root, &pass)?.status == 401 {
            return Ok(AuthResult::default());
        }
        let rights = repository.map(|repository| self.rights(repository, &pass)).transpose()?;
        Ok(AuthResult {
            outcome: LoginOutcome::Accepted,
            access: rights.unwrap_or_default(),
            ..AuthResult::default()
        })
    }

    /// Gets what opens the registry for a scope; `None` when the login is refused.
    fn pass(&mut self, scope: Option<&str>) -> Result<Option<BearerToken>, RegistryError> {
        let LoginRequest { user, secret } = self.login;
        let Challenge::Bearer { realm, service } = self.challenge.clone() else {
            let authorization = Authorization::basic(user, secret.expose());
            return Ok(Some(BearerToken { authorization, actions: None }));
        };
        let answer = if user == IDENTITY_USER {
            self.exchange(&realm, service.as_deref(), scope)?
        } else {
            let place = realm.with_path(&query(&realm, service.as_deref(), scope))?;
            let basic = Authorization::basic(user, secret.expose());
            let request = HttpRequest { authorization: Some(&basic), ..HttpRequest::get(&place) };
            self.http.send(&request, self.progress)?
        };
        match answer.status {
            200 => {}
            400 | 401 | 403 => return Ok(None),
            status => return Err(RegistryError::NoToken { at: realm.to_string(), status }),
        }
        self.note_end(&answer);
        let token = token_of(&answer)?;
        Ok(Some(BearerToken { actions: actions_of(&token), authorization: Authorization::bearer(&token) }))
    }

    /// Gives an identity token for a pass: <https://distribution.github.io/distribution/spec/auth/oauth/>.
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

    fn rights(&mut self, repository: &str, pass: &BearerToken) -> Result<RepositoryAccess, RegistryError> {
        if let Some(actions) = &pass.actions {
            let may = |action: &str| Some(actions.iter().any(|given| given == action || given == "*"));
            return Ok(RepositoryAccess { pull: may("pull"), push: may("push"), delete: may("delete") });
        }
        // Whether it may push is not to be known without pushing.
        let place = self.root.with_path(&format!("/v2/{repository}/tags/list?n=1"))?;
        let pull = match self.ask(Method::Get, &place, pass)?.status {
            200 => Some(true),
            401 | 403 => Some(false),
            _ => None,
        };
        Ok(RepositoryAccess { pull, ..RepositoryAccess::default() })
    }

    /// Asks by a request that counts as no pull.
    fn pulls_left(&mut self, repository: &str) -> Result<Option<PullLimit>, RegistryError> {
        let Some(pass) = self.pass(Some(&format!("repository:{repository}:pull")))? else { return Ok(None) };
        let place = self.root.with_path(&format!("/v2/{repository}/manifests/latest"))?;
        let answer = self.ask(Method::Head, &place, &pass)?;
        Ok(pulls_of(answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")))
    }

    fn ask(
        &mut self,
        method: Method,
        place: &Endpoint,
        pass: &BearerToken,
    ) -> Result<Response, RegistryError> {
        let authorization = Some(&pass.authorization);
        let accept = if method == Method::Head { MANIFESTS } else { crate::http::JSON };
        let answer = self
            .http
            .send(&HttpRequest { method, authorization, accept, ..HttpRequest::get(place) }, self.progress)?;
        self.note_end(&answer);
        Ok(answer)
    }

    /// GitHub tells it so: <https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens/>.
    fn note_end(&mut self, answer: &Response) {
        let told = answer.header("github-authentication-token-expiration").and_then(moment_of);
        self.end = self.end.or(told);
    }
}

/// Returns path and query of a token endpoint for a request.
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

/// Borrows from the answer, so that the parser makes no copy of the token.
#[derive(Deserialize)]
struct TokenAnswer<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    access_token: Option<&'a RawValue>,
}

fn token_of(answer: &Response) -> Result<Zeroizing<String>, HttpError> {
    let told: TokenAnswer<'_> = answer.json()?;
    let token = told.token.filter(|raw| !matches!(raw.get(), "\"\"" | "null")).or(told.access_token);
    unescape(token.ok_or_else(|| answer.unexpected())?).map_err(|_| answer.unexpected())
}
