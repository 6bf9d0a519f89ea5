//! Why a server has given no answer, and the way out.

use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::http::CA_FILE;
use crate::model::hint::Hint;

/// Why a server has given no answer.
#[derive(Debug, Error)]
pub enum HttpError {
    /// Not to be found, or closed to us.
    #[error("cannot reach {at}: {why}")]
    Unreachable {
        /// Scheme, host and port.
        at: String,
        /// What the system says.
        why: String,
    },
    /// Not done within the time.
    #[error("{at} gave no answer within {} s", patience.as_secs())]
    Slow {
        /// Scheme, host and port.
        at: String,
        /// How long it was waited for.
        patience: Duration,
    },
    /// Somebody else may be answering.
    #[error("cannot trust {at}: {why}")]
    Untrusted {
        /// Scheme, host and port.
        at: String,
        /// What is wrong with its certificate.
        why: String,
    },
    /// It ended in the middle, or is no HTTP.
    #[error("the answer of {at} is broken")]
    Broken {
        /// Scheme, host and port.
        at: String,
    },
    /// Larger than anything that a server has to say.
    #[error("the answer of {at} is too large")]
    TooLarge {
        /// Scheme, host and port.
        at: String,
    },
    /// It sends us elsewhere.
    #[error("{at} sends to {to}, where nothing is sent")]
    Redirected {
        /// Scheme, host and port.
        at: String,
        /// Where to.
        to: String,
    },
    /// An answer to another question.
    #[error("the answer of {at} is not as its interface is described")]
    Unexpected {
        /// Scheme, host and port.
        at: String,
    },
    /// It wants to be left alone for longer than anybody waits.
    #[error("{at} asks to wait for {seconds} s")]
    Busy {
        /// Scheme, host and port.
        at: String,
        /// How long, in seconds.
        seconds: u64,
    },
    /// The proxy that the environment names.
    #[error("cannot reach {at} through the proxy: {why}")]
    Proxy {
        /// Scheme, host and port.
        at: String,
        /// What it says.
        why: String,
    },
    /// Nothing to know any server by.
    #[error("no certificates of authorities are on this system")]
    NoAuthorities,
    /// A file with certificates that cannot be used.
    #[error("{CA_FILE} names {}, in which {why}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A secret that no header can carry, such as one with a line end.
    #[error("that secret cannot be sent to {at}: it has letters that no request has")]
    Unsendable {
        /// Scheme, host and port.
        at: String,
    },
}

impl Hint for HttpError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } | Self::Slow { .. } | Self::Proxy { .. } => Some(
                "check the address, the network, and HTTPS_PROXY and NO_PROXY if there is a proxy".to_owned(),
            ),
            Self::Untrusted { .. } => {
                Some(format!("if an authority of your own vouches for it, name its certificate in {CA_FILE}"))
            }
            Self::NoAuthorities => {
                Some(format!("install ca-certificates, or name a file with certificates in {CA_FILE}"))
            }
            Self::CaFile { .. } => Some("name a file with certificates in PEM".to_owned()),
            Self::Busy { .. } => Some("run it again then".to_owned()),
            Self::Redirected { .. } => Some("if that is where it belongs, give that address".to_owned()),
            Self::Broken { .. } | Self::TooLarge { .. } | Self::Unexpected { .. } => {
                Some("check that the address is right, and try again later".to_owned())
            }
            Self::Unsendable { .. } => None,
        }
    }
}

impl HttpError {
    /// True when what was asked may have been done although no answer says so.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::Slow { .. }
            | Self::Broken { .. }
            | Self::TooLarge { .. }
            | Self::Redirected { .. }
            | Self::Unexpected { .. } => true,
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::Busy { .. }
            | Self::Proxy { .. }
            | Self::NoAuthorities
            | Self::CaFile { .. }
            | Self::Unsendable { .. } => false,
        }
    }
}
