//! Why something is not done at CODING, and the way out.

use thiserror::Error;

use crate::coding::api::error::CodingApiError;
use crate::model::hint::Hint;
use crate::model::name::Name;

/// Why something is not done at CODING.
#[derive(Debug, Error)]
pub enum CodingError {
    #[error(transparent)]
    Refusal(#[from] CodingApiError),
    /// Nothing tells which team is meant.
    #[error("it is not known which team of CODING is meant{}", several(.0))]
    NoTeam(Vec<String>),
    /// A secret that was stored for elsewhere.
    #[error("\"{name}\" was not stored for {there}, so it is not sent there")]
    NotForThere {
        /// The token.
        name: Name,
        /// Scheme, host and port.
        there: String,
    },
    /// A token of which it is not known what it is at CODING.
    #[error("it is not known which of CODING's project tokens \"{0}\" is")]
    NotKnownThere(Name),
    /// Nothing of that name, user name or number.
    #[error("the project has no token {0:?}")]
    NoneThere(String),
    /// Tokens of several teams at once.
    #[error("these tokens are at several places of CODING")]
    Apart,
    /// Only the secret of a project's token can be seen again.
    #[error("\"{0}\" is no project token of CODING")]
    NoProjectToken(Name),
    /// A line that would have the secret in it.
    #[error("the user name of \"{0}\" is its secret, which no line may hold")]
    SecretUser(Name),
}

impl Hint for CodingError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Refusal(error) => error.hint(),
            Self::NoTeam(_) => {
                Some("give it with --team, as it stands in TEAM-docker.pkg.coding.net".to_owned())
            }
            Self::NotForThere { name, .. } => Some(format!(
                "docker-credential-pat show {} tells what it is for; leave out --token to be asked for another",
                name.as_argument()
            )),
            Self::NotKnownThere(_) => {
                Some("give its project with --project, so that it is found by its user name".to_owned())
            }
            Self::NoneThere(_) => {
                Some("docker-credential-pat coding tokens --project PROJECT shows them".to_owned())
            }
            Self::Apart => Some("name those of one team at a time".to_owned()),
            Self::NoProjectToken(name) => {
                Some(format!("docker-credential-pat show {} tells what it is", name.as_argument()))
            }
            Self::SecretUser(name) => Some(format!(
                "docker-credential-pat export {} --format docker-login writes one with the secret",
                name.as_argument()
            )),
        }
    }
}

fn several(teams: &[String]) -> String {
    if teams.is_empty() { String::new() } else { format!(": the vault has tokens of {}", teams.join(", ")) }
}
