//! Why CODING did not do what it was asked, and the way out.

use thiserror::Error;

use crate::http::HttpError;
use crate::http::endpoint::EndpointError;
use crate::model::hint::Hint;

/// Why CODING did not do what it was asked.
#[derive(Debug, Error)]
pub enum CodingApiError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Place(#[from] EndpointError),
    /// It says so itself. What it says is safe for a terminal, short, and without the token that was sent.
    #[error("CODING refuses {action}: {code}: {message}")]
    Refused {
        /// What was asked.
        action: &'static str,
        /// Its word for what is wrong.
        code: String,
        /// What it says about it.
        message: String,
    },
    /// It does not know the personal access token.
    #[error("{at} does not take that personal access token ({why})")]
    NotLetIn {
        /// Scheme, host and port.
        at: String,
        /// What it says.
        why: String,
    },
    /// An answer that is none.
    #[error("{at} answers {status} to {action}")]
    Status {
        /// Scheme, host and port.
        at: String,
        /// What was asked.
        action: &'static str,
        /// The status of its answer.
        status: u16,
    },
    /// A request to make a token of which it is not known what became.
    #[error("it is not known whether CODING has made the token \"{name}\"")]
    Lost {
        /// What it would be called there.
        name: String,
        /// Why there is no answer.
        #[source]
        source: Box<Self>,
    },
    /// More than anybody has.
    #[error("the project has more than {0} tokens")]
    TooMany(u64),
}

impl Hint for CodingApiError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Http(error) => error.hint(),
            Self::Place(error) => error.hint(),
            Self::Refused { code, .. } if code == "UnknownAction" => Some(
                "this CODING does not offer that here; do it at CODING: Project settings > Developer options > \
                 Project tokens"
                    .to_owned(),
            ),
            Self::Refused { action: "DescribeProjectByName", .. } => Some(
                "check the name of the project, as it stands in its address, and that the personal access token \
                 may see it"
                    .to_owned(),
            ),
            Self::Refused { .. } => Some(
                "the personal access token needs rights on project tokens, and the account those of the \
                 project's administrator; all of it can be done at CODING: Project settings > Developer \
                 options > Project tokens"
                    .to_owned(),
            ),
            Self::NotLetIn { .. } => Some(
                "it may have ended, be for another team, or be held to other addresses; make a new one at \
                 CODING: Personal account settings > Access tokens"
                    .to_owned(),
            ),
            Self::Status { .. } | Self::TooMany(_) => Some("check the address, and try again later".to_owned()),
            Self::Lost { .. } => Some(
                "docker-credential-pat coding tokens shows it if it is there; at CODING it can be seen again \
                 and deleted: Project settings > Developer options > Project tokens"
                    .to_owned(),
            ),
        }
    }
}

impl CodingApiError {
    /// True when a request may have been done although no answer says so.
    pub(super) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Http(error) => error.is_ambiguous(),
            // Of one that is no refusal nothing is known either.
            Self::Status { status, .. } => !(300..500).contains(status),
            Self::Place(_)
            | Self::Refused { .. }
            | Self::NotLetIn { .. }
            | Self::Lost { .. }
            | Self::TooMany(_) => false,
        }
    }
}
