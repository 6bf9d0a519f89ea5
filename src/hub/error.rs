//! Why a step in the life of a token is not done, and the way out.

use thiserror::Error;

use crate::hub::api::HUB_URL;
use crate::hub::api::error::HubApiError;
use crate::inventory::NameTaken;
use crate::model::hint::Hint;
use crate::model::name::Name;
use crate::model::timestamp::Timestamp;
use crate::system::disk::DiskError;
use crate::vault::VaultError;
use crate::vault::store::StoreError;

/// Why a step in the life of a token is not done.
#[derive(Debug, Error)]
pub enum HubError {
    #[error(transparent)]
    Keeper(#[from] StoreError),
    #[error(transparent)]
    Hub(#[from] HubApiError),
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// It is not known which token at Docker Hub it is.
    #[error("it is not known which token at Docker Hub \"{0}\" is")]
    NotLinked(Name),
    /// Made at another Docker Hub than the one that is asked.
    #[error("\"{name}\" was made at {}", at.as_deref().unwrap_or("https://hub.docker.com"))]
    Elsewhere {
        /// The token.
        name: Name,
        /// Where.
        at: Option<String>,
    },
    /// Somebody else's token.
    #[error("\"{name}\" is a token of {owner}, and {user} is signed in")]
    OtherOwner {
        /// The token.
        name: Name,
        /// Whose it is.
        owner: String,
        /// Who is signed in.
        user: String,
    },
    /// Deleted at Docker Hub.
    #[error("\"{0}\" is gone at Docker Hub")]
    Gone(Name),
    /// Docker Hub lets one that has expired be deleted, and nothing more.
    #[error("\"{name}\" expired on {}, and an expired token can only be deleted", end.date())]
    Expired {
        /// The token.
        name: Name,
        /// When.
        end: Timestamp,
    },
    /// Another process changed it.
    #[error("the token was changed by something else meanwhile")]
    Meanwhile,
    /// Only the rotation of the other one goes on.
    #[error("\"{name}\" is to take the place of \"{old}\"")]
    Successor {
        /// The token.
        name: Name,
        /// The other one.
        old: Name,
    },
    /// Made, and not in the vault.
    #[error("the new token could not be kept, and {}", if *is_gone { "was deleted at Docker Hub again" } else { "is left there" })]
    NotKept {
        /// Why it could not be kept.
        #[source]
        source: Box<HubError>,
        /// By what Docker Hub tells it from others.
        id: String,
        /// True when it was deleted again.
        is_gone: bool,
    },
    /// It is not known whether a token was made.
    #[error("Docker Hub did not tell whether it made a token; {}", if *is_clear { "there is none now" } else { "one may be left there" })]
    Unanswered {
        /// What went wrong.
        #[source]
        source: HubApiError,
        /// The label that it would have.
        label: String,
        /// True when there is none, or not any more.
        is_clear: bool,
    },
    /// The new secret is refused.
    #[error("the new secret of \"{0}\" does not work; the old one stays in use, and the new one is deleted")]
    NotWorking(Name),
    /// More than one token, or none, fits what a person named.
    #[error("{0}")]
    NotOne(String),
    /// Nothing shows that a token is the one that a person named.
    #[error("{0}")]
    Unproven(String),
    /// The system gives no random numbers.
    #[error("cannot make a label")]
    Random(getrandom::Error),
}

impl From<VaultError> for HubError {
    fn from(error: VaultError) -> Self {
        Self::Keeper(error.into())
    }
}

impl From<DiskError> for HubError {
    fn from(error: DiskError) -> Self {
        Self::Keeper(error.into())
    }
}

impl Hint for HubError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Keeper(error) => error.hint(),
            Self::Hub(error) => error.hint(),
            Self::NameTaken(_) => Some(
                "choose another name; docker-credential-pat hub rotate NAME gives that one a new secret"
                    .to_owned(),
            ),
            Self::NotLinked(name) => {
                Some(format!("docker-credential-pat hub link {} finds out", name.as_argument()))
            }
            Self::Elsewhere { at: Some(_), .. } => Some(format!("set {HUB_URL} to it")),
            Self::Elsewhere { at: None, .. } => Some(format!("run `unset {HUB_URL}`")),
            Self::OtherOwner { owner, .. } => Some(format!("sign in with --user {owner}")),
            Self::Gone(name) => Some(format!(
                "docker-credential-pat rm {} takes it out of the vault; hub create makes a new one",
                name.as_argument()
            )),
            Self::Expired { name, .. } => Some(format!(
                "docker-credential-pat hub rotate {0} makes a new one, hub rm {0} deletes it",
                name.as_argument()
            )),
            Self::Meanwhile => {
                Some("docker-credential-pat ls shows how it is now; then try again".to_owned())
            }
            Self::Successor { old, .. } => {
                Some(format!("docker-credential-pat hub rotate {}", old.as_argument()))
            }
            Self::NotKept { source, is_gone: true, .. } => source.hint(),
            Self::NotKept { id, is_gone: false, .. } => {
                Some(format!("nobody has its secret: docker-credential-pat hub rm --id {id} deletes it"))
            }
            Self::Unanswered { source, is_clear: true, .. } => source.hint(),
            Self::Unanswered { label, is_clear: false, .. } => Some(format!(
                "look for \"{label}\" in docker-credential-pat hub tokens; nobody has its secret, and hub rm \
                 --id ID deletes it"
            )),
            Self::NotWorking(_) => Some("try again later".to_owned()),
            Self::NotOne(_) => {
                Some("docker-credential-pat hub tokens shows the ID of each; name one".to_owned())
            }
            Self::Unproven(_) => Some("if you are sure all the same, say so with --unproven".to_owned()),
            Self::Random(_) => None,
        }
    }
}
