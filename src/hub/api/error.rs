//! Errors of Docker Hub's API, with Docker Hub's own texts where they may be shown.
//!
//! `from_response` determines the error in an answer. If the error concerns a token in the vault, such as one that
//! is gone or has expired, `hub::change` converts it to a `HubError`.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::http::endpoint::EndpointError;
use crate::http::server_text::SessionSecrets;
use crate::http::{HttpError, Response};
use crate::hub::api::{HUB_URL, HubAccount};
use crate::model::hint::{Hint, program};
use crate::system::env::EnvError;
use crate::system::secret_json::unescape;

/// Phrases in Docker Hub's errors for a person who signed in with an access token, a person's or an organization's.
const SIGNED_IN_BY_TOKEN: [&str; 4] = [
    "issued from personal access token",
    "issued from organization access token",
    "access token may not",
    "using an access token",
];

/// Words in Docker Hub's refusal of one more token than an organization can have. Docker publishes no text for it.
const LIMIT_WORDS: [&str; 5] = ["limit", "maximum", "quota", "exceed", "too many"];

/// The numbers of tokens that an organization can have, by its plan:
/// <https://docs.docker.com/security/access-tokens/organization-access-tokens/>.
const PLAN_LIMITS: &str = "10 with Docker Team, 100 with Docker Business";

/// The words about a repository that does not exist.
const UNKNOWN_PATH: &str = "unknown path";

/// An error of Docker Hub's API.
#[derive(Debug, Error)]
pub enum HubApiError {
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("nothing is sent to Docker Hub")]
    Endpoint(#[from] EndpointError),
    /// A variable names another host.
    #[error("{HUB_URL} names {0}, and what the vault has for Docker Hub is not sent there")]
    OtherHost(String),
    #[error("Docker Hub lets nobody manage tokens who signed in with an access token")]
    SignedInByToken,
    /// A wrong user name, password or code.
    #[error("Docker Hub refuses the sign-in: {0}")]
    SignIn(String),
    /// An organization has as many tokens as its plan allows.
    #[error("Docker Hub makes no more tokens for {organization} ({status}): {why}")]
    NoRoom {
        organization: String,
        status: u16,
        /// Docker Hub's text, safe for a terminal.
        why: String,
    },
    #[error("Docker Hub refuses that ({status}): {why}")]
    Refused {
        status: u16,
        /// Docker Hub's text, safe for a terminal.
        why: String,
    },
    /// A name or an ID that is not a plain segment of a path.
    #[error("{0:?} is neither the name of an organization nor the ID of a token")]
    NotAnId(String),
}

impl Hint for HubApiError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Env(error) => return error.hint(),
            Self::Http(error) => return error.hint(),
            Self::Endpoint(error) => {
                return Some(format!("{}; {HUB_URL} is the address", error.hint().unwrap_or_default()));
            }
            Self::OtherHost(_) => {
                return Some(format!(
                    "run `unset {HUB_URL}`, or sign in there by password (--user, --password-stdin)"
                ));
            }
            Self::NotAnId(_) => return Some(format!("{} hub tokens shows them", program())),
            Self::NoRoom { organization, .. } => {
                let program = program();
                return Some(format!(
                    "there can be {PLAN_LIMITS}, and those that have expired or are switched off count: \
                     {program} hub tokens --org {organization} lists them, and {program} hub rm --org {organization} \
                     ID deletes one"
                ));
            }
            Self::SignedInByToken => {
                "run `docker login` without -u, which signs in by the browser, or give your password (--user, \
                 --password-stdin)"
            }
            Self::SignIn(_) => {
                "check Docker ID, password and code; where an organization demands single sign-on, run `docker login` \
                 without -u"
            }
            Self::Refused { status: 401, .. } => {
                "sign in again: `docker login` without -u, or your password (--user, --password-stdin); \
                 `docker-credential-pat lock` forgets one that is kept in memory"
            }
            Self::Refused { status: 403 | 404, .. } => {
                "if it is an organization's: check its name, and that your account may manage its tokens"
            }
            Self::Refused { status: 400, why } if why.contains(UNKNOWN_PATH) => {
                "the organization has no such repository that your account may see: check its name in --repository, or \
                 create the repository first"
            }
            Self::Refused { .. } => return None,
        };
        Some(hint.to_owned())
    }
}

impl HubApiError {
    /// Returns the same error about the creation of a token, as one of an organization without room if it is that.
    pub(super) fn of_creation(self, account: &HubAccount) -> Self {
        match (self, account) {
            (Self::Refused { status, why }, HubAccount::Organization(organization))
                if (400..500).contains(&status) && names_limit(&why) =>
            {
                Self::NoRoom { organization: organization.clone(), status, why }
            }
            (error, _) => error,
        }
    }

    /// True when the request has certainly not been executed.
    pub fn is_undone(&self) -> bool {
        match self {
            Self::Env(_)
            | Self::Endpoint(_)
            | Self::OtherHost(_)
            | Self::SignedInByToken
            | Self::SignIn(_)
            | Self::NotAnId(_)
            | Self::NoRoom { .. } => true,
            Self::Refused { status, .. } => (400..500).contains(status),
            Self::Http(error) => !error.is_ambiguous(),
        }
    }
}

fn names_limit(why: &str) -> bool {
    let lowercase = why.to_ascii_lowercase();
    LIMIT_WORDS.iter().any(|word| lowercase.contains(word))
}

/// The fields that hold the text of an error. Nothing else in an answer is ever shown.
#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// Returns the error in an answer, which could repeat these secrets.
pub(super) fn from_response(answer: &Response, secrets: &SessionSecrets) -> HubApiError {
    let why = server_text(answer, secrets);
    let lowercase = why.to_ascii_lowercase();
    let is_token_sign_in = SIGNED_IN_BY_TOKEN.iter().any(|phrase| lowercase.contains(phrase));
    match answer.status {
        401 | 403 if is_token_sign_in => HubApiError::SignedInByToken,
        status => HubApiError::Refused { status, why },
    }
}

/// Returns the text of an error: safe for a terminal, shortened, and without any of these secrets.
pub(super) fn server_text(answer: &Response, secrets: &SessionSecrets) -> String {
    let first_text = |body: ErrorBody<'_>| {
        let texts = [body.detail, body.text, body.message].into_iter().flatten();
        texts.filter_map(|raw| unescape(raw).ok()).find(|text| !text.is_empty())
    };
    let text = answer.json::<ErrorBody>().ok().and_then(first_text);
    text.map_or_else(|| "it does not say why".to_owned(), |text| secrets.redact(&text))
}
