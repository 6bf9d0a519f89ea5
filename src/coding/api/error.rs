//! Errors of CODING's API.

use thiserror::Error;

use crate::http::HttpError;
use crate::http::endpoint::EndpointError;
use crate::model::hint::{Hint, program};

/// An error of CODING's API. Texts from the server are shortened, safe for a terminal, and without the token that
/// was sent. The field `at` is the scheme, host and port of the server.
#[derive(Debug, Error)]
pub enum CodingApiError {
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    #[error("CODING refuses {action}: {code}: {message}")]
    Refused { action: &'static str, code: String, message: String },
    /// The personal access token may not be used for the call.
    #[error(
        "the personal access token lacks {permission}, which CODING needs for {action} ({code}: {message})"
    )]
    MissingPermission { action: &'static str, permission: &'static str, code: String, message: String },
    /// CODING does not accept the personal access token.
    #[error("{at} does not accept that personal access token ({why})")]
    Unauthorized { at: String, why: String },
    /// An answer without the body that CODING's answers have.
    #[error("{at} answers {status} to {action}")]
    Status { at: String, action: &'static str, status: u16 },
    /// A request to create a token that was not answered but may have been executed.
    #[error("it is not known whether CODING has made the token \"{name}\"")]
    Unconfirmed {
        /// The name that the token would have at CODING.
        name: String,
        source: Box<Self>,
    },
}

impl Hint for CodingApiError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Http(error) => return error.hint(),
            Self::Endpoint(error) => return error.hint(),
            Self::Refused { code, .. } if code == "UnknownAction" => {
                "this CODING does not offer that here; do it at CODING: Project settings > Developer options > \
                 Project tokens"
            }
            Self::Refused { action: "DescribeProjectByName", .. } => {
                "check the name of the project, as it stands in its address, and that the personal access token \
                 may see it"
            }
            Self::Refused { .. } => {
                "the personal access token needs rights on project tokens, and the account those of the \
                 project's administrator; all of it can be done at CODING: Project settings > Developer \
                 options > Project tokens"
            }
            Self::MissingPermission { .. } => {
                "add it at CODING: Personal account settings > Access tokens > Edit; the commands of coding need \
                 project:token:rw, project:profile:ro and user:profile:ro, and the account has to be an \
                 administrator of the project"
            }
            Self::Unauthorized { .. } => {
                "it may have ended, be for another team, or be held to other addresses; make a new one at \
                 CODING: Personal account settings > Access tokens"
            }
            Self::Status { .. } => "check the address, and try again later",
            Self::Unconfirmed { .. } => {
                return Some(format!(
                    "{} coding tokens shows it if it is there; at CODING it can be seen again and deleted: \
                     Project settings > Developer options > Project tokens",
                    program()
                ));
            }
        };
        Some(hint.to_owned())
    }
}

impl CodingApiError {
    /// True when the request may have been executed although no answer confirms it.
    pub(super) fn is_ambiguous(&self) -> bool {
        match self {
            Self::Http(error) => error.is_ambiguous(),
            // An answer that is not a refusal also leaves the outcome open.
            Self::Status { status, .. } => !(300..500).contains(status),
            Self::Endpoint(_)
            | Self::Refused { .. }
            | Self::MissingPermission { .. }
            | Self::Unauthorized { .. }
            | Self::Unconfirmed { .. } => false,
        }
    }
}
