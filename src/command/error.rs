//! Why a verb is not done, and the way out.

use std::io;
use std::io::Write;
use std::path::PathBuf;

use thiserror::Error;

use crate::client::context::{ContextError, TOKEN};
#[cfg(feature = "online")]
use crate::coding::api::error::CodingApiError;
#[cfg(feature = "online")]
use crate::coding::error::CodingError;
use crate::docker::config::ConfigError;
use crate::docker::other_helper::HelperError;
use crate::docker::profile_link::ProfileLinkError;
use crate::docker::setup::SetupError;
use crate::docker::wire::WireError;
#[cfg(feature = "online")]
use crate::hub::api::error::HubApiError;
#[cfg(feature = "online")]
use crate::hub::error::HubError;
use crate::inventory::NameTaken;
use crate::model::name::{Name, NameError};
use crate::model::registry::KeyError;
use crate::model::scope::ScopeError;
use crate::model::timestamp::TimestampError;
use crate::resolve::Reason;
use crate::system::disk::DiskError;
use crate::system::env::EnvError;
use crate::system::sanitize::{clean, line_of};
use crate::system::tty::TtyError;
use crate::vault::VaultError;
use crate::vault::backup::BackupError;
use crate::vault::keys::passphrase::PassphraseError;
use crate::vault::rekey::RekeyError;
use crate::vault::store::StoreError;
#[cfg(feature = "online")]
use crate::verify::RegistryError;

/// Why a verb is not done.
#[derive(Debug, Error)]
pub enum CommandError {
    #[error(transparent)]
    Keeper(#[from] StoreError),
    #[error(transparent)]
    Env(#[from] EnvError),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Link(#[from] ProfileLinkError),
    #[error(transparent)]
    Setup(#[from] SetupError),
    #[error(transparent)]
    KeyLife(#[from] RekeyError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[cfg(feature = "online")]
    #[error(transparent)]
    Hub(#[from] HubApiError),
    #[cfg(feature = "online")]
    #[error(transparent)]
    Life(#[from] HubError),
    /// Something given that Docker Hub does not take.
    #[cfg(feature = "online")]
    #[error("{0}")]
    NotForHub(String),
    /// A person said no.
    #[error("nothing was changed")]
    Declined,
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// A new passphrase that was typed in two ways.
    #[error("the two passphrases are not the same")]
    TwoPassphrases,
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    #[error(transparent)]
    Scope(#[from] ScopeError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Moment(#[from] TimestampError),
    /// A text that names no beginning.
    #[error("{0:?} is no date (2027-01-31) and no number of days (30d)")]
    NoStart(String),
    /// Nobody there to ask for what is missing.
    #[error("no {what} was given")]
    Missing {
        /// What is missing.
        what: &'static str,
        /// The option that gives it.
        option: &'static str,
        /// Why it cannot be asked for.
        #[source]
        source: TtyError,
    },
    /// A file or a stream with a secret that cannot be used.
    #[error("the secret is {0}")]
    Secret(&'static str),
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A path or a wildcard where a client knows whole registries only.
    #[error("{0:?} is not one whole registry")]
    NotOneRegistry(String),
    /// No token has this name.
    #[error("there is no token named \"{0}\"")]
    NoSuchToken(String),
    /// The one token that was named is not for what was asked.
    #[error("{TOKEN} names \"{name}\", which is no token for {key}")]
    NotForIt {
        /// The name.
        name: String,
        /// What was asked.
        key: String,
    },
    /// A choice that could never hold.
    #[error("\"{name}\" may not go to {place}")]
    OutOfScope {
        /// The token.
        name: Name,
        /// Where it was to be chosen for.
        place: String,
    },
    /// The provider decides on a token's end when it makes it.
    #[error("the end of \"{name}\" cannot be changed: {provider} fixes it when it makes a token")]
    FixedEnd {
        /// The token.
        name: Name,
        /// The provider.
        provider: &'static str,
    },
    /// A new secret that is the old one.
    #[error("that is the secret that \"{0}\" has already")]
    SameSecret(Name),
    /// A file where a directory is meant.
    #[error("{} is no directory", .0.display())]
    NoDirectory(PathBuf),
    /// A path that is no text cannot be kept.
    #[error("{0} is not valid UTF-8")]
    NotText(String),
    /// Nothing that a client could ask for.
    #[error("{0:?} is no image and no registry")]
    NoImage(String),
    #[error(transparent)]
    Context(#[from] ContextError),
    /// No verb has this name.
    #[error("there is no verb {0:?}")]
    NoSuchVerb(String),
    #[error(transparent)]
    Helper(#[from] HelperError),
    /// What this program keeps needs no import.
    #[error("\"{0}\" is this program itself")]
    OwnHelper(String),
    /// Whoever reads the file would find nothing any more.
    #[error("{} does not call this program for {}: it would be logged out there", path.display(), names.join(", "))]
    WouldLogOut {
        /// The client's file.
        path: PathBuf,
        /// Its names of the registries.
        names: Vec<String>,
        /// The command by which it calls this program.
        install: String,
    },
    /// A format has no room for a token.
    #[error("\"{name}\" cannot be written like that: {why}")]
    Unexportable {
        /// The token.
        name: Name,
        /// Why not.
        why: &'static str,
        /// What has room for it.
        instead: &'static str,
    },
    /// No client looks a wildcard up.
    #[error("\"{name}\" is for every registry of {scope}")]
    Wildcard {
        /// The token.
        name: Name,
        /// Its scope.
        scope: String,
    },
    /// The vault does not give back what it took.
    #[error("what was taken over for {0} does not come back from the vault; nothing is taken out elsewhere")]
    NotReadBack(String),
    #[cfg(feature = "online")]
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A registry that does not take a secret.
    #[cfg(feature = "online")]
    #[error("{0} does not take that user name and secret; nothing was changed")]
    Refused(String),
    /// Not every registry took its token.
    #[cfg(feature = "online")]
    #[error("{}", not_accepted(*refused, *unknown))]
    NotAccepted {
        /// How many refused it.
        refused: usize,
        /// Of how many it could not be told.
        unknown: usize,
    },
    /// A token that no registry can be asked about.
    #[cfg(feature = "online")]
    #[error("no registry can be asked about \"{0}\" like that")]
    NothingToAsk(Name),
    /// Only wildcards, or keys that are no registries.
    #[cfg(feature = "online")]
    #[error("there is no one registry that could be asked")]
    NoRegistryToAsk,
    #[cfg(feature = "online")]
    #[error(transparent)]
    Coding(#[from] CodingError),
    /// Something could not be taken over, or out; all else is done.
    #[error("{}", not_all(*left, *troubles))]
    NotAll {
        /// How many logins.
        left: usize,
        /// How many helpers.
        troubles: usize,
    },
    /// A check-up with problems or warnings.
    #[error("{wrong} {} wrong", if *wrong == 1 { "thing is" } else { "things are" })]
    Unwell {
        /// How many.
        wrong: usize,
        /// How many of them can be mended without losing anything.
        fixable: usize,
    },
    /// The feature is not built in.
    #[error("this program was built without the search for secrets")]
    NoScan,
    /// Not written whole.
    #[error("cannot write the answer")]
    Output(#[source] io::Error),
}

impl From<VaultError> for CommandError {
    fn from(error: VaultError) -> Self {
        Self::Keeper(error.into())
    }
}

impl From<ConfigError> for CommandError {
    fn from(error: ConfigError) -> Self {
        Self::Setup(error.into())
    }
}

#[cfg(feature = "online")]
impl From<CodingApiError> for CommandError {
    fn from(error: CodingApiError) -> Self {
        CodingError::from(error).into()
    }
}

impl CommandError {
    /// Returns the way out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Keeper(error) => error.hint(),
            Self::Env(error) => Some(error.hint()),
            Self::Setup(error) => error.hint(),
            Self::Link(error) => error.hint(),
            Self::KeyLife(error) => error.hint(),
            Self::Backup(error) => error.hint(),
            #[cfg(feature = "online")]
            Self::Hub(error) => error.hint(),
            #[cfg(feature = "online")]
            Self::Life(error) => error.hint(),
            #[cfg(feature = "online")]
            Self::NotForHub(_) => None,
            Self::Passphrase(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::NameTaken(_) => Some(
                "choose another name; docker-credential-pat rotate NAME gives that one a new secret"
                    .to_owned(),
            ),
            Self::Scope(_) => Some("for example: ghcr.io, docker.io/acme or *.pkg.coding.net".to_owned()),
            Self::NotOneRegistry(_) => {
                Some("name it as you do at login: ghcr.io or localhost:5000".to_owned())
            }
            Self::Missing { option, .. } => {
                (!self.is_interruption()).then(|| format!("give it with {option}"))
            }
            Self::NoSuchToken(_) => Some("docker-credential-pat ls shows every name".to_owned()),
            Self::NotForIt { .. } => Some(format!("name another one, or run `unset {TOKEN}`")),
            Self::OutOfScope { name, .. } => Some(format!(
                "docker-credential-pat show {0} tells where it may go, edit {0} --registry changes it",
                name.as_argument()
            )),
            Self::FixedEnd { name, provider } => Some(format!(
                "make a new token at {provider} and run `docker-credential-pat rotate {}`; if only the note \
                 of it here is wrong, say so with --note-only",
                name.as_argument()
            )),
            Self::SameSecret(name) => Some(format!(
                "make a new one where it comes from; docker-credential-pat edit {} changes all else",
                name.as_argument()
            )),
            Self::NoImage(_) => Some("for example: alpine, ghcr.io/acme/app or ghcr.io".to_owned()),
            Self::Context(error) => Some(error.hint()),
            Self::WouldLogOut { install, .. } => Some(format!("{install}, then import again")),
            Self::Unexportable { instead, .. } => Some((*instead).to_owned()),
            Self::Wildcard { .. } => Some("say which one with --registry".to_owned()),
            Self::NotReadBack(_) => Some("docker-credential-pat ls shows what is here".to_owned()),
            Self::NoSuchVerb(_) => Some("docker-credential-pat --help shows every verb".to_owned()),
            Self::Output(_) => Some("connect standard output to something that takes it".to_owned()),
            Self::Unwell { fixable, .. } => {
                (*fixable > 0).then(|| format!("docker-credential-pat doctor --fix mends {fixable} of them"))
            }
            Self::NoScan => Some("use the release of docker-credential-pat that has it".to_owned()),
            Self::TwoPassphrases => Some("nothing was changed; try again".to_owned()),
            #[cfg(feature = "online")]
            Self::Registry(error) => error.hint(),
            #[cfg(feature = "online")]
            Self::Refused(_) => {
                Some("check user name and secret; without --verify it is kept unasked".to_owned())
            }
            #[cfg(feature = "online")]
            Self::NothingToAsk(_) => {
                Some("name a registry and path that it may go to: --repository ghcr.io/acme/app".to_owned())
            }
            #[cfg(feature = "online")]
            Self::Coding(trouble) => trouble.hint(),
            #[cfg(feature = "online")]
            Self::NoRegistryToAsk => Some("leave out --verify".to_owned()),
            #[cfg(feature = "online")]
            Self::NotAccepted { refused, .. } => (*refused > 0).then(|| {
                "make a new one where it comes from, then docker-credential-pat rotate NAME".to_owned()
            }),
            Self::Declined
            | Self::Wire(_)
            | Self::Name(_)
            | Self::Key(_)
            | Self::Moment(_)
            | Self::NoStart(_)
            | Self::Secret(_)
            | Self::NoDirectory(_)
            | Self::Helper(_)
            | Self::OwnHelper(_)
            | Self::NotAll { .. }
            | Self::NotText(_) => None,
        }
    }

    /// True when a person pressed Ctrl-C.
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Missing { source: TtyError::Interrupted, .. })
    }

    /// Returns a word for what went wrong with a request, where there is one.
    pub fn word(&self) -> Option<&'static str> {
        if matches!(self, Self::NotForIt { .. }) {
            return Some(Reason::NotNamed.word());
        }
        if matches!(self, Self::Keeper(StoreError::Locked { .. } | StoreError::Key { .. })) {
            return Some("locked");
        }
        matches!(self, Self::Output(_)).then_some("not-read")
    }

    /// Returns the error and what led to it, in one line that is safe for a terminal.
    pub fn line(&self) -> String {
        clean(&line_of(self))
    }

    /// Tells a person what was not done, and the way out.
    pub fn report(&self, mut err: impl Write) {
        let hint = self.hint().map(|hint| format!("docker-credential-pat: hint: {}\n", clean(&hint)));
        let text = format!("docker-credential-pat: error: {}\n{}", self.line(), hint.unwrap_or_default());
        // Nobody is left to be told when stderr is closed too.
        let _ = err.write_all(text.as_bytes());
    }
}

#[cfg(feature = "online")]
fn not_accepted(refused: usize, unknown: usize) -> String {
    match (refused, unknown) {
        (0, unknown) => format!("{unknown} could not be verified"),
        (refused, 0) => format!("{refused} refused"),
        (refused, unknown) => format!("{refused} refused, and {unknown} could not be verified"),
    }
}

fn not_all(left: usize, troubles: usize) -> String {
    let troubles = match troubles {
        0 => return format!("{left} could not be taken over, and stay where they are"),
        1 => "1 helper did not do all that it was asked".to_owned(),
        _ => format!("{troubles} helpers did not do all that they were asked"),
    };
    if left == 0 { troubles } else { format!("{left} could not be taken over, and {troubles}") }
}
