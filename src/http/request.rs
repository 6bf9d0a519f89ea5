//! HTTP requests and their authorization.

use std::fmt;
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::method::Method as Verb;
use zeroize::Zeroizing;

use crate::http::HttpError;
use crate::http::endpoint::Endpoint;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Patch,
    Delete,
}

impl Method {
    pub(super) fn verb(self) -> Verb {
        match self {
            Self::Get => Verb::GET,
            Self::Head => Verb::HEAD,
            Self::Post => Verb::POST,
            Self::Patch => Verb::PATCH,
            Self::Delete => Verb::DELETE,
        }
    }

    pub(super) fn is_read_only(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// The effect of sending a request again while its outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Two requests have the same effect as one.
    Harmless,
    /// A second request could have a second effect, such as another new token.
    Never,
}

/// The value of an `Authorization` header. It is wiped, and `Debug` does not show it.
pub struct Authorization(pub(super) Zeroizing<String>);

impl Authorization {
    /// Encodes user name and secret: <https://www.rfc-editor.org/rfc/rfc7617>. The name ends at the first colon, so one
    /// with a colon cannot be sent.
    pub fn basic(user: &str, secret: &str, to: &Endpoint) -> Result<Self, HttpError> {
        if user.contains(':') {
            return Err(HttpError::ColonInUser { at: to.to_string() });
        }
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + secret.len()));
        for part in [user, ":", secret] {
            pair.push_str(part);
        }
        let size = base64::encoded_len(pair.len(), true).unwrap_or_default();
        let mut encoded = Zeroizing::new(vec![0; size]);
        // Encoding cannot fail: the buffer has exactly the size for it.
        let length = STANDARD.encode_slice(pair.as_bytes(), &mut encoded).unwrap_or_default();
        Ok(Self::new("Basic ", str::from_utf8(&encoded[..length]).unwrap_or_default()))
    }

    /// Uses a bearer token: <https://www.rfc-editor.org/rfc/rfc6750>.
    pub fn bearer(token: &str) -> Self {
        Self::new("Bearer ", token)
    }

    /// Uses a token in the form that CODING's API expects.
    pub fn token(token: &str) -> Self {
        Self::new("token ", token)
    }

    /// Returns the value without its scheme.
    pub(super) fn credentials(&self) -> &str {
        self.0.split_once(' ').map_or(self.0.as_str(), |(_, value)| value)
    }

    fn new(scheme: &str, value: &str) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(scheme.len() + value.len()));
        text.push_str(scheme);
        text.push_str(value);
        Self(text)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Authorization(..)")
    }
}

#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    pub method: Method,
    pub endpoint: &'a Endpoint,
    pub authorization: Option<&'a Authorization>,
    /// The accepted media types of the answer.
    pub accept: &'static str,
    /// The media type and the bytes of the body.
    pub body: Option<(&'static str, &'a [u8])>,
    pub repeat: Repeat,
    /// The time by which the answer has to be there, with all repetitions; `None` means the usual limits.
    pub deadline: Option<Instant>,
}

/// The media type of JSON: <https://www.rfc-editor.org/rfc/rfc8259#section-11>.
pub const JSON: &str = "application/json";

impl<'a> HttpRequest<'a> {
    pub fn get(endpoint: &'a Endpoint) -> Self {
        let method = Method::Get;
        Self {
            method,
            endpoint,
            authorization: None,
            accept: JSON,
            body: None,
            repeat: Repeat::Harmless,
            deadline: None,
        }
    }
}
