//! The verbs, one file each, and why a verb is not done.

pub mod add;
pub mod completions;
pub mod install;
pub mod ls;
pub mod man;
pub mod protocol;
pub mod rm;
pub mod show;
pub mod status;
pub mod r#use;

use crate::disk::DiskError;
use crate::docker_config::ConfigError;
use crate::env;
use crate::env::EnvError;
use crate::inventory::Inventory;
use crate::inventory::NameTaken;
use crate::keeper::Keeper;
use crate::keeper::KeeperError;
use crate::moment::Moment;
use crate::moment::MomentError;
use crate::name::NameError;
use crate::registry::KeyError;
use crate::scope::ScopeError;
use crate::setup::SetupError;
use crate::table::Screen;
use crate::text::clean;
use crate::token::Token;
use crate::tty::TtyError;
use crate::vault::VaultError;
use crate::wire::WireError;
use std::cell::LazyCell;
use std::error::Error as _;
use std::io;
use std::io::Write;
use thiserror::Error;

/// What a verb works with: the vault's keeper, the clock's word, and where to write.
pub struct Desk<'d> {
    /// Keeps the vault.
    pub keeper: Keeper,
    /// Tells the time, when first asked.
    pub now: LazyCell<Moment>,
    /// For the answer.
    pub out: &'d mut dyn Write,
    /// What the answer is shown on; nothing special unless somebody sets it.
    pub screen: Screen,
    /// For what a person should know besides.
    pub err: &'d mut dyn Write,
}

impl<'d> Desk<'d> {
    /// Sets a desk up for this user, now.
    ///
    /// # Errors
    /// When the environment does not tell where the vault belongs.
    pub fn new(out: &'d mut dyn Write, err: &'d mut dyn Write) -> Result<Self, Failure> {
        Ok(Self {
            keeper: Keeper::find()?,
            now: LazyCell::new(env::now),
            out,
            screen: Screen::default(),
            err,
        })
    }

    /// Tells a person something. What is done is done, even when nobody hears of it.
    fn say(&mut self, line: &str) {
        let _ = writeln!(self.err, "{}", clean(line));
    }
}

/// Why a verb is not done.
#[derive(Debug, Error)]
pub enum Failure {
    /// See [`KeeperError`].
    #[error(transparent)]
    Keeper(#[from] KeeperError),
    /// See [`EnvError`].
    #[error(transparent)]
    Env(#[from] EnvError),
    /// See [`WireError`].
    #[error(transparent)]
    Wire(#[from] WireError),
    /// See [`SetupError`].
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// See [`NameError`].
    #[error(transparent)]
    Name(#[from] NameError),
    /// See [`NameTaken`].
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// See [`ScopeError`].
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// See [`KeyError`].
    #[error(transparent)]
    Key(#[from] KeyError),
    /// See [`MomentError`].
    #[error(transparent)]
    Moment(#[from] MomentError),
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
    /// See [`DiskError`].
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A path or a wildcard where a client knows whole registries only.
    #[error("{0:?} is not one whole registry")]
    NotOneRegistry(String),
    /// No token has this name.
    #[error("there is no token named \"{0}\"")]
    NoSuchToken(String),
    /// No verb has this name.
    #[error("there is no verb {0:?}")]
    NoSuchVerb(String),
    /// Not written whole.
    #[error("cannot write the answer")]
    Output(#[source] io::Error),
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        Self::Keeper(error.into())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Setup(error.into())
    }
}

impl Failure {
    /// Returns the way out.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Keeper(error) => error.hint(),
            Self::Env(error) => Some(error.hint()),
            Self::Setup(error) => error.hint(),
            Self::Disk(error) => error.hint(),
            Self::NameTaken(_) => Some(
                "choose another name, or remove that one first: docker-credential-pat rm NAME".to_owned(),
            ),
            Self::Scope(_) => Some("for example: ghcr.io, docker.io/acme or *.pkg.coding.net".to_owned()),
            Self::NotOneRegistry(_) => {
                Some("name it as you do at login: ghcr.io or localhost:5000".to_owned())
            }
            Self::Missing { option, .. } => {
                (!self.is_interruption()).then(|| format!("give it with {option}"))
            }
            Self::NoSuchToken(_) => Some("docker-credential-pat ls shows every name".to_owned()),
            Self::NoSuchVerb(_) => Some("docker-credential-pat --help shows every verb".to_owned()),
            Self::Output(_) => Some("connect standard output to something that takes it".to_owned()),
            Self::Wire(_) | Self::Name(_) | Self::Key(_) | Self::Moment(_) | Self::Secret(_) => None,
        }
    }

    /// True when a person pressed Ctrl-C.
    #[must_use]
    pub fn is_interruption(&self) -> bool {
        matches!(self, Self::Missing { source: TtyError::Interrupted, .. })
    }

    /// Returns the error and what led to it, in one line that is safe for a terminal.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self.to_string();
        let mut source = self.source();
        while let Some(error) = source {
            line.push_str(": ");
            line.push_str(&error.to_string());
            source = error.source();
        }
        clean(&line)
    }

    /// Tells a person what was not done, and the way out.
    pub fn report(&self, mut err: impl Write) {
        let hint = self.hint().map(|hint| format!("docker-credential-pat: hint: {}\n", clean(&hint)));
        let text = format!("docker-credential-pat: error: {}\n{}", self.line(), hint.unwrap_or_default());
        // Nobody is left to be told when stderr is closed too.
        let _ = err.write_all(text.as_bytes());
    }
}

/// Returns the token of that name.
fn find<'i>(inventory: &'i Inventory, name: &str) -> Result<&'i Token, Failure> {
    inventory.named(name).ok_or_else(|| Failure::NoSuchToken(name.to_owned()))
}

/// Returns the scopes of a token, or the keys of one that has none, for people.
fn places(token: &Token) -> String {
    let scopes = token.scopes.iter().map(ToString::to_string);
    let keys = token.keys.iter().map(|key| key.as_str().to_owned());
    let places: Vec<_> = if token.scopes.is_empty() { keys.collect() } else { scopes.collect() };
    clean(&places.join(", "))
}
