//! Errors of operations at Docker Hub.

use thiserror::Error;

use crate::hub::api::HUB_URL;
use crate::hub::api::error::HubApiError;
use crate::inventory::NameTaken;
use crate::model::hint::{Hint, program};
use crate::model::listing::list;
use crate::model::name::Name;
use crate::model::timestamp::Timestamp;
use crate::vault::VaultError;
use crate::vault::store::StoreError;

/// An error of an operation at Docker Hub.
#[derive(Debug, Error)]
pub enum HubError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Api(#[from] HubApiError),
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    #[error("it is not known which token at Docker Hub \"{0}\" is")]
    NotLinked(Name),
    /// The token was created at an address of Docker Hub other than the one in use.
    #[error("\"{name}\" was made at {}", url.as_deref().unwrap_or("https://hub.docker.com"))]
    OtherUrl {
        name: Name,
        /// `None` means the usual address.
        url: Option<String>,
    },
    /// The token belongs to a person other than the one who is signed in.
    #[error("\"{name}\" is a token of {owner}, and {user} is signed in")]
    OtherOwner { name: Name, owner: String, user: String },
    /// The token was deleted at Docker Hub.
    #[error("\"{0}\" is gone at Docker Hub")]
    Gone(Name),
    /// An expired token, which Docker Hub allows to be deleted but not changed.
    #[error("\"{name}\" expired on {}, and an expired token can only be deleted", expires.date())]
    Expired { name: Name, expires: Timestamp },
    /// Another process changed the token.
    #[error("the token was changed meanwhile")]
    ChangedMeanwhile,
    /// The token is the successor in an interrupted rotation, which only a rotation of `old` can continue.
    #[error("\"{name}\" is to take the place of \"{old}\"")]
    IsSuccessor { name: Name, old: Name },
    /// Docker Hub did something other than what was asked.
    #[error("Docker Hub made the token {0}")]
    Exceeds(String),
    /// A token was created, but is not in the vault.
    #[error("the new token could not be kept, and {}", if *is_deleted { "was deleted at Docker Hub again" } else { "is left there" })]
    NotKept {
        source: Box<HubError>,
        /// The ID of the new token.
        id: String,
        is_deleted: bool,
    },
    /// A request to create a token that was not answered.
    #[error("Docker Hub did not say whether it created a token; {}", if *is_cleaned_up { "there is none now" } else { "one may be left there" })]
    Unanswered {
        source: HubApiError,
        /// The label that the token would have had.
        label: String,
        /// True when there is certainly no such token now.
        is_cleaned_up: bool,
    },
    #[error("the new secret of \"{0}\" does not work; the old one stays in use, and the new one is deleted")]
    NotWorking(Name),
    /// More than one token has the text as its label or as the beginning of its ID.
    #[error("\"{text}\" is more than one token: {}", list(candidates))]
    Ambiguous { text: String, candidates: Vec<String> },
    /// No single token at Docker Hub fits.
    #[error("{0}")]
    NotIdentified(String),
    /// No use of the secret shows that the named token is the right one.
    #[error("{0}")]
    Unproven(String),
    /// The system has no random numbers.
    #[error("cannot make a label")]
    Random(getrandom::Error),
}

impl From<VaultError> for HubError {
    fn from(error: VaultError) -> Self {
        Self::Store(error.into())
    }
}

impl Hint for HubError {
    fn hint(&self) -> Option<String> {
        let program = program();
        Some(match self {
            Self::Store(error) => return error.hint(),
            Self::Api(error) => return error.hint(),
            Self::NotKept { source, is_deleted: true, .. } => return source.hint(),
            Self::Unanswered { source, is_cleaned_up: true, .. } => return source.hint(),
            Self::Random(_) => return None,
            Self::NameTaken(_) => {
                format!("choose another name; {program} hub rotate NAME gives that one a new secret")
            }
            Self::NotLinked(name) => format!("{program} hub link {} finds out", name.as_argument()),
            Self::OtherUrl { url: Some(_), .. } => format!("set {HUB_URL} to it"),
            Self::OtherUrl { url: None, .. } => format!("run `unset {HUB_URL}`"),
            Self::OtherOwner { owner, .. } => format!("sign in with --user {owner}"),
            Self::Gone(name) => format!(
                "{program} rm {} removes it from the vault; hub create creates a new one",
                name.as_argument()
            ),
            Self::Expired { name, .. } => {
                format!("{program} hub rotate {0} makes a new one, hub rm {0} deletes it", name.as_argument())
            }
            Self::ChangedMeanwhile => format!("{program} ls shows how it is now; then try again"),
            Self::IsSuccessor { old, .. } => format!("{program} hub rotate {}", old.as_argument()),
            Self::NotKept { id, is_deleted: false, .. } => {
                format!("nobody has its secret: {program} hub rm --id {id} deletes it")
            }
            Self::Unanswered { label, is_cleaned_up: false, .. } => format!(
                "look for \"{label}\" in {program} hub tokens; nobody has its secret, and hub rm --id ID deletes it"
            ),
            Self::Exceeds(_) => format!("{program} hub tokens shows what is there; then try again"),
            Self::NotWorking(_) => "try again later".to_owned(),
            Self::NotIdentified(_) => format!("{program} hub tokens shows the ID of each; name one"),
            Self::Ambiguous { .. } => "give more of the ID, or the name here".to_owned(),
            Self::Unproven(_) => "if you are sure all the same, say so with --unproven".to_owned(),
        })
    }
}
