//! Why Docker Hub does not do what it is asked, in its words as far as they may be shown.

use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

use crate::http::endpoint::EndpointError;
use crate::http::server_text::redact;
use crate::http::{HttpError, Response};
use crate::hub::api::HUB_URL;
use crate::model::hint::Hint;
use crate::system::env::EnvError;
use crate::system::secret_json::unescape;

/// What Docker Hub says, in one way or another, to who signed in with an access token.
const BY_TOKEN: [&str; 3] =
    ["issued from personal access token", "access token may not", "using an access token"];

/// Why Docker Hub does not do what it is asked.
#[derive(Debug, Error)]
pub enum HubApiError {
    #[error(transparent)]
    Env(EnvError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error("nothing is sent to Docker Hub")]
    Place(#[from] EndpointError),
    /// A place that a variable names.
    #[error("{HUB_URL} names {0}, and what the vault has for Docker Hub is not sent there")]
    Elsewhere(String),
    /// The sign-in was made with an access token.
    #[error("Docker Hub lets nobody manage tokens who signed in with an access token")]
    SignedInByToken,
    /// Another user name, password or code.
    #[error("Docker Hub refuses the sign-in: {0}")]
    SignIn(String),
    /// Anything else that it refuses.
    #[error("Docker Hub refuses that ({status}): {why}")]
    Refused {
        /// The status: <https://www.rfc-editor.org/rfc/rfc9110#section-15>.
        status: u16,
        /// Its words, safe for a terminal.
        why: String,
    },
    /// What can stand in no path.
    #[error("{0:?} is no name of an organization and no identity of a token")]
    NotAnId(String),
    /// Pages without an end.
    #[error("Docker Hub lists more tokens than anybody has")]
    TooMany,
}

impl Hint for HubApiError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Env(error) => error.hint(),
            Self::Http(error) => error.hint(),
            Self::Place(error) => Some(format!("{}; {HUB_URL} is the address", error.hint().unwrap_or_default())),
            Self::Elsewhere(_) => {
                Some(format!("run `unset {HUB_URL}`, or sign in there by password (--user, --password-stdin)"))
            }
            Self::SignedInByToken => Some(
                "run `docker login` without -u, which signs in by the browser, or give your password (--user, \
                 --password-stdin)"
                    .to_owned(),
            ),
            Self::SignIn(_) => Some(
                "check Docker ID, password and code; where an organization demands single sign-on, run `docker login` \
                 without -u"
                    .to_owned(),
            ),
            Self::Refused { status: 401, .. } => Some(
                "sign in again: `docker login` without -u, or your password (--user, --password-stdin)"
                    .to_owned(),
            ),
            Self::Refused { status: 403 | 404, .. } => {
                Some("if it is an organization's: check its name, and that your account may manage its tokens".to_owned())
            }
            Self::NotAnId(_) => Some("docker-credential-pat hub tokens shows them".to_owned()),
            Self::Refused { .. } | Self::TooMany => None,
        }
    }
}

impl HubApiError {
    /// True when what was asked has surely not been done.
    pub fn is_undone(&self) -> bool {
        match self {
            Self::Env(_)
            | Self::Place(_)
            | Self::Elsewhere(_)
            | Self::SignedInByToken
            | Self::SignIn(_)
            | Self::NotAnId(_) => true,
            Self::Refused { status, .. } => (400..500).contains(status),
            Self::TooMany => false,
            Self::Http(error) => !error.is_ambiguous(),
        }
    }
}

/// The names under which Docker Hub says what is wrong. Nothing else of an answer is ever shown.
#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// Returns the error for an answer that is none. `sent` are the secrets that it could repeat.
pub(super) fn of(answer: &Response, sent: &[&str]) -> HubApiError {
    let why = why(answer, sent);
    let told = why.to_ascii_lowercase();
    let is_for_tokens = BY_TOKEN.iter().any(|words| told.contains(words));
    match answer.status {
        401 | 403 if is_for_tokens => HubApiError::SignedInByToken,
        status => HubApiError::Refused { status, why },
    }
}

/// Returns what a server says is wrong: cleaned, cut, and without any secret that was sent.
pub(super) fn why(answer: &Response, sent: &[&str]) -> String {
    let told = |words: ErrorBody<'_>| {
        let texts = [words.detail, words.text, words.message].into_iter().flatten();
        texts.filter_map(|raw| unescape(raw).ok()).find(|text| !text.is_empty())
    };
    let text = answer.json::<ErrorBody>().ok().and_then(told);
    text.map_or_else(|| "it does not say why".to_owned(), |text| redact(text, sent))
}
