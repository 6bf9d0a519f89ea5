//! Errors of HTTP requests. The field `at` is scheme, host and port of the server.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::http::CA_FILE;
use crate::model::hint::{Hint, program};

/// A request without a usable answer.
#[derive(Debug, Error)]
pub enum HttpError {
    #[error("cannot reach {at}: {why}")]
    Unreachable { at: String, why: String },
    #[error("{at} gave no answer within {} s", patience.as_secs())]
    Slow { at: String, patience: Duration },
    /// The certificate of the server is not valid.
    #[error("cannot trust {at}: {why}")]
    Untrusted { at: String, why: String },
    /// The answer stopped in the middle, or is not HTTP.
    #[error("the answer of {at} is broken")]
    Broken { at: String },
    /// The headers are larger than 32 KiB, or the body is larger than 1 MiB.
    #[error("the answer of {at} is too large")]
    TooLarge { at: String },
    /// A list with more pages than are read.
    #[error("the list of {at} does not end within {limit}")]
    Endless { at: String, limit: &'static str },
    /// A redirect to another host, or of a request that does more than read.
    #[error("{at} redirects to {to}, to which nothing is sent")]
    Redirected { at: String, to: String },
    /// The answer does not have the documented form.
    #[error("the answer of {at} is not as its interface is described")]
    Unexpected { at: String },
    /// The server asks for a longer pause than this program accepts.
    #[error("{at} asks to wait for {seconds} s")]
    Busy { at: String, seconds: u64 },
    #[error("cannot reach {at} through the proxy: {why}")]
    Proxy { at: String, why: String },
    /// A variable such as `HTTPS_PROXY` is not understood. Its value may hold a password, and is not shown.
    #[error("{variable} is {why}")]
    ProxyVariable { variable: &'static str, why: &'static str },
    /// Without certificates of authorities no server can be verified.
    #[error("no certificates of authorities are on this system")]
    NoAuthorities,
    #[error("{CA_FILE} names {}, in which {why}", path.display())]
    CaFile { path: PathBuf, why: String },
    /// The secret does not fit into a header, for example because of a line end.
    #[error("that secret cannot be sent to {at}: it has characters that a request cannot contain")]
    Unsendable { at: String },
    /// The server would take what is behind the colon for a part of the password.
    #[error("that user name cannot be sent to {at}: it has a colon")]
    ColonInUser { at: String },
}

impl Hint for HttpError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } | Self::Slow { .. } | Self::Proxy { .. } => Some(
                "check the address, the network, and HTTPS_PROXY and NO_PROXY if there is a proxy".to_owned(),
            ),
            Self::ProxyVariable { variable, .. } => Some(format!(
                "set {variable} to an HTTP proxy such as http://proxy.example.com:3128, or run `unset {variable}`"
            )),
            Self::ColonInUser { .. } => {
                Some(format!("`{} edit NAME --user USER` changes the user name of a token", program()))
            }
            Self::Untrusted { .. } => {
                Some(format!("if an authority of your own vouches for it, name its certificate in {CA_FILE}"))
            }
            Self::NoAuthorities => {
                Some(format!("install ca-certificates, or name a file with certificates in {CA_FILE}"))
            }
            Self::CaFile { .. } => Some("name a file with certificates in PEM".to_owned()),
            Self::Busy { .. } => Some("run it again then".to_owned()),
            Self::Redirected { .. } => Some("if that is where it belongs, give that address".to_owned()),
            Self::Broken { .. } | Self::TooLarge { .. } | Self::Endless { .. } | Self::Unexpected { .. } => {
                Some("check that the address is right, and try again later".to_owned())
            }
            Self::Unsendable { .. } => None,
        }
    }
}

impl HttpError {
    /// True when the server may have executed the request although no answer confirms it.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Slow { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. }
            | Self::Endless { .. }
            | Self::Redirected { .. }
            | Self::Unexpected { .. } => true,
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Busy { .. }
            | Self::Proxy { .. }
            | Self::ProxyVariable { .. }
            | Self::ColonInUser { .. }
            | Self::NoAuthorities
            | Self::CaFile { .. }
            | Self::Unsendable { .. } => false,
        }
    }
}
