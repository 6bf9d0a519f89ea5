//! Errors of operations at CODING.

use thiserror::Error;

use crate::coding::api::error::CodingApiError;
use crate::inventory::NameTaken;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::vault::store::StoreError;

/// An error of an operation at CODING.
#[derive(Debug, Error)]
pub enum CodingError {
    #[error(transparent)]
    Api(#[from] CodingApiError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// The vault has tokens of no team, or of these teams.
    #[error("it is not known which team of CODING is meant{}", team_list(.0))]
    UnknownTeam(Vec<String>),
    #[error("\"{name}\" was not stored for {endpoint}, so it is not sent there")]
    NotForEndpoint {
        name: Name,
        /// Scheme, host and port.
        endpoint: String,
    },
    /// The vault alone names an address that is not CODING's own.
    #[error(
        "\"{name}\" was made at {url}, which is not CODING's own address, so no personal access token is sent there"
    )]
    UnnamedEndpoint { name: Name, url: String },
    #[error("it is not known which of CODING's project tokens \"{0}\" is")]
    NotLinked(Name),
    /// The project has no token with that name, user name or number.
    #[error("the project has no token {0:?}")]
    NotFound(String),
    /// Tokens of several teams in one command.
    #[error("these tokens are at several places of CODING")]
    SeveralEndpoints,
    /// CODING did something other than what was asked. It drops a scope whose number it does not know, and interprets an
    /// empty list of scopes as everything, without an expiry.
    #[error("CODING made the token {0}")]
    Exceeds(String),
    #[error("the new token could not be kept, and {outcome}")]
    NotKept {
        source: Box<Self>,
        /// The rest of the sentence: the token is deleted again, or is left at CODING.
        outcome: String,
    },
    /// CODING shows the secrets of project tokens only.
    #[error("\"{0}\" is not a project token of CODING")]
    NotAProjectToken(Name),
    /// A command line would contain the secret.
    #[error("the user name of \"{0}\" is its secret, which no line may hold")]
    UserIsSecret(Name),
}

impl Hint for CodingError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Api(error) => return error.hint(),
            Self::Store(error) => return error.hint(),
            Self::NameTaken(error) => return error.hint(),
            Self::NotKept { source, .. } => return source.hint(),
            Self::Exceeds(_) => {
                "check the number of the repository in --scope, and the time in --expires; CODING may read \
                                 it as China's time, so the token may expire 8 hours early"
                    .to_owned()
            }
            Self::UnknownTeam(_) => {
                "give it with --team, as it stands in TEAM-docker.pkg.coding.net".to_owned()
            }
            Self::NotForEndpoint { name, .. } => format!(
                "{} show {} shows what it is for; leave out --token to be asked for another",
                program(),
                name.as_argument()
            ),
            Self::UnnamedEndpoint { .. } => {
                "if that is your installation of CODING, name it: --url URL, or DOCKER_CREDENTIAL_PAT_CODING_URL".to_owned()
            }
            Self::NotLinked(_) => {
                "give its project with --project, so that it is found by its user name".to_owned()
            }
            Self::NotFound(_) => format!("{} coding tokens --project PROJECT shows them", program()),
            Self::SeveralEndpoints => "name those of one team at a time".to_owned(),
            Self::NotAProjectToken(name) => {
                format!("{} show {} shows what it is", program(), name.as_argument())
            }
            Self::UserIsSecret(name) => format!(
                "{} export {} --format docker-login writes one with the secret",
                program(),
                name.as_argument()
            ),
        })
    }
}

fn team_list(teams: &[String]) -> String {
    if teams.is_empty() { String::new() } else { format!(": the vault has tokens of {}", teams.join(", ")) }
}
