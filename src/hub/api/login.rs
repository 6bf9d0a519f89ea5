//! Sign-ins at Docker Hub: by password and second factor, or with a token.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::json_body::json;
use crate::http::{Method, Response};
use crate::hub::api::client::HubClient;
use crate::hub::api::error::HubApiError;
use crate::hub::api::{ApiCall, HubApi, error};
use crate::model::secret::Secret;
use crate::system::secret_json::unescape;

/// The result of a step of a sign-in by password. The secrets are never written anywhere.
#[derive(Debug)]
pub enum LoginStep {
    /// The sign-in is complete; the secret is its bearer token.
    Done(Secret),
    /// The second factor is required; it is sent together with this secret.
    SecondFactor(Secret),
}

#[derive(Deserialize)]
struct LoginAnswer<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    login_2fa_token: Option<&'a RawValue>,
}

impl HubApi {
    /// Returns a client for an existing sign-in.
    pub fn client(&self, user: String, bearer: Secret) -> HubClient<'_> {
        self.http.secrets().add(bearer.expose());
        HubClient::new(self, user, bearer)
    }

    /// Signs in by password. This is the only call that reports a second factor:
    /// <https://docs.docker.com/reference/api/hub/latest/#tag/authentication-api/operation/PostUsersLogin>.
    pub fn sign_in(&self, user: &str, password: &Secret) -> Result<LoginStep, HubApiError> {
        #[derive(Serialize)]
        struct PasswordBody<'a> {
            username: &'a str,
            password: &'a str,
        }
        let body = json(&PasswordBody { username: user, password: password.expose() });
        self.http.secrets().add(password.expose());
        self.step("/v2/users/login", &body)
    }

    /// Completes a sign-in with the second factor.
    pub fn confirm_second_factor(&self, pending: &Secret, code: &Secret) -> Result<Secret, HubApiError> {
        #[derive(Serialize)]
        struct SecondFactorBody<'a> {
            login_2fa_token: &'a str,
            code: &'a str,
        }
        let body = json(&SecondFactorBody { login_2fa_token: pending.expose(), code: code.expose() });
        for secret in [pending, code] {
            self.http.secrets().add(secret.expose());
        }
        match self.step("/v2/users/2fa-login", &body)? {
            LoginStep::Done(bearer) => Ok(bearer),
            LoginStep::SecondFactor(_) => Err(HubApiError::SignIn("it asks for one more code".to_owned())),
        }
    }

    /// True when Docker Hub accepts a secret for an account. Docker Hub records this as a use of the token.
    pub fn accepts(&self, user: &str, secret: &Secret) -> Result<bool, HubApiError> {
        #[derive(Serialize)]
        struct AccessTokenBody<'a> {
            identifier: &'a str,
            secret: &'a str,
        }
        let body = json(&AccessTokenBody { identifier: user, secret: secret.expose() });
        self.http.secrets().add(secret.expose());
        let answer = self.post("/v2/auth/token", &body)?;
        match answer.status {
            200 => Ok(true),
            401 | 403 => Ok(false),
            _ => Err(error::from_response(&answer, self.http.secrets())),
        }
    }

    fn step(&self, path: &str, body: &[u8]) -> Result<LoginStep, HubApiError> {
        let answer = self.post(path, body)?;
        let body: Option<LoginAnswer> = answer.json().ok();
        let secret = |raw: Option<&RawValue>| raw.and_then(|raw| unescape(raw).ok()).map(Secret::new);
        let (token, pending) = body.map_or((None, None), |body| (body.token, body.login_2fa_token));
        match answer.status {
            200 => secret(token).map(LoginStep::Done).ok_or_else(|| answer.unexpected().into()),
            400 | 401 | 403 => match secret(pending).filter(|pending| !pending.expose().is_empty()) {
                Some(pending) => Ok(LoginStep::SecondFactor(pending)),
                None => Err(HubApiError::SignIn(error::server_text(&answer, self.http.secrets()))),
            },
            _ => Err(error::from_response(&answer, self.http.secrets())),
        }
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<Response, HubApiError> {
        self.send(&ApiCall { body: Some(body), ..ApiCall::new(Method::Post, path) })
    }
}
