//! What is sent to a server, and who says so.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ureq::http::method::Method as Verb;
use zeroize::Zeroizing;

use crate::http::endpoint::Endpoint;

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Read something.
    Get,
    /// Read what is told of something, and not the thing itself.
    Head,
    /// Do something, or make it.
    Post,
    /// Change something.
    Patch,
    /// Remove something.
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

    /// True when asking changes nothing.
    pub(super) fn only_reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

/// Whether a request may be sent again when it is not known what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Done twice it is as if done once.
    Harmless,
    /// Done twice it would make two of something.
    Never,
}

/// By what a server knows who asks. It shows itself nowhere, and is wiped.
pub struct Authorization(pub(super) Zeroizing<String>);

impl Authorization {
    /// A user name and a secret: <https://www.rfc-editor.org/rfc/rfc7617>.
    pub fn basic(user: &str, secret: &str) -> Self {
        let mut pair = Zeroizing::new(String::with_capacity(user.len() + 1 + secret.len()));
        for part in [user, ":", secret] {
            pair.push_str(part);
        }
        let size = base64::encoded_len(pair.len(), true).unwrap_or_default();
        let mut encoded = Zeroizing::new(vec![0; size]);
        // It has exactly the size that is asked for.
        let length = STANDARD.encode_slice(pair.as_bytes(), &mut encoded).unwrap_or_default();
        Self::of("Basic ", str::from_utf8(&encoded[..length]).unwrap_or_default())
    }

    /// A token of whoever may ask: <https://www.rfc-editor.org/rfc/rfc6750>.
    pub fn bearer(token: &str) -> Self {
        Self::of("Bearer ", token)
    }

    /// A token as CODING's interface takes it.
    pub fn token(token: &str) -> Self {
        Self::of("token ", token)
    }

    fn of(scheme: &str, value: &str) -> Self {
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

/// What is sent to a server.
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    /// What is asked.
    pub method: Method,
    /// Where.
    pub place: &'a Endpoint,
    /// By whom.
    pub authorization: Option<&'a Authorization>,
    /// The types of answer that are understood.
    pub accept: &'static str,
    /// What is said besides, with its type.
    pub body: Option<(&'static str, &'a [u8])>,
    /// Whether it may be sent again.
    pub repeat: Repeat,
}

/// The type of JSON: <https://www.rfc-editor.org/rfc/rfc8259#section-11>.
pub const JSON: &str = "application/json";

impl<'a> HttpRequest<'a> {
    /// A question, which changes nothing.
    pub fn get(place: &'a Endpoint) -> Self {
        let method = Method::Get;
        Self { method, place, authorization: None, accept: JSON, body: None, repeat: Repeat::Harmless }
    }
}
