//! How somebody signs in at Docker Hub: by password and second factor, or a token that proves itself.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::http::json_body::json;
use crate::http::{Method, Repeat};
use crate::hub::api::client::HubClient;
use crate::hub::api::error::HubApiError;
use crate::hub::api::{ApiCall, HubApi, error};
use crate::model::secret::Secret;
use crate::system::secret_json::unescape;

/// How far a sign-in by password has come. What it holds is never written anywhere.
#[derive(Debug)]
pub enum LoginStep {
    /// Done: the token of who is signed in.
    In(Secret),
    /// The second factor is wanted; it goes back with this.
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
    /// Goes on as somebody who signed in before.
    pub fn as_before(&self, user: String, bearer: Secret) -> HubClient<'_> {
        HubClient::new(self, user, bearer)
    }

    /// Signs in by password. This is the one way on which a second factor is told of:
    /// <https://docs.docker.com/reference/api/hub/latest/#tag/authentication-api/operation/PostUsersLogin>.
    pub fn sign_in(&self, user: &str, password: &Secret) -> Result<LoginStep, HubApiError> {
        #[derive(Serialize)]
        struct PasswordBody<'a> {
            username: &'a str,
            password: &'a str,
        }
        let body = json(&PasswordBody { username: user, password: password.expose() });
        self.step("/v2/users/login", &body, &[password.expose()])
    }

    /// Gives the second factor.
    pub fn second_factor(&self, pending: &Secret, code: &Secret) -> Result<Secret, HubApiError> {
        #[derive(Serialize)]
        struct Factor<'a> {
            login_2fa_token: &'a str,
            code: &'a str,
        }
        let body = json(&Factor { login_2fa_token: pending.expose(), code: code.expose() });
        match self.step("/v2/users/2fa-login", &body, &[pending.expose(), code.expose()])? {
            LoginStep::In(bearer) => Ok(bearer),
            LoginStep::SecondFactor(_) => Err(HubApiError::SignIn("it asks for one more code".to_owned())),
        }
    }

    /// True when Docker Hub takes a secret for an account; it notes this as a use of the token.
    pub fn knows(&self, user: &str, secret: &Secret) -> Result<bool, HubApiError> {
        #[derive(Serialize)]
        struct AccessTokenBody<'a> {
            identifier: &'a str,
            secret: &'a str,
        }
        let body = json(&AccessTokenBody { identifier: user, secret: secret.expose() });
        let answer = self.post("/v2/auth/token", &body)?;
        match answer.status {
            200 => Ok(true),
            401 | 403 => Ok(false),
            _ => Err(error::of(&answer, &[secret.expose()])),
        }
    }

    fn step(&self, path: &str, body: &[u8], sent: &[&str]) -> Result<LoginStep, HubApiError> {
        let answer = self.post(path, body)?;
        let told: Option<LoginAnswer> = answer.json().ok();
        let secret = |raw: Option<&RawValue>| raw.and_then(|raw| unescape(raw).ok()).map(Secret::new);
        let (token, pending) = told.map_or((None, None), |told| (told.token, told.login_2fa_token));
        match answer.status {
            200 => secret(token).map(LoginStep::In).ok_or_else(|| answer.unexpected().into()),
            400 | 401 | 403 => match secret(pending).filter(|pending| !pending.expose().is_empty()) {
                Some(pending) => Ok(LoginStep::SecondFactor(pending)),
                None => Err(HubApiError::SignIn(error::why(&answer, sent))),
            },
            _ => Err(error::of(&answer, sent)),
        }
    }

    fn post(&self, path: &str, body: &[u8]) -> Result<crate::http::Response, HubApiError> {
        let repeat = Repeat::Harmless;
        self.ask(&ApiCall { method: Method::Post, path, bearer: None, body: Some(body), repeat })
    }
}
