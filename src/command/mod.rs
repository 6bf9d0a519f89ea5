//! The verbs, one file each, and why a verb is not done.

pub mod activate;
pub mod add;
pub mod completions;
pub mod edit;
pub mod explain;
pub mod given;
pub mod install;
pub mod ls;
pub mod man;
pub mod notices;
pub mod protocol;
pub mod rm;
pub mod rotate;
pub mod show;
pub mod shown;
pub mod status;
pub mod r#use;

use crate::context::ContextError;
use crate::context::TOKEN;
use crate::disk::DiskError;
use crate::docker_config::ConfigError;
use crate::env;
use crate::env::EnvError;
use crate::inventory::Choice;
use crate::inventory::Inventory;
use crate::inventory::NameTaken;
use crate::keeper::Keeper;
use crate::keeper::KeeperError;
use crate::link::LinkError;
use crate::moment::Moment;
use crate::moment::MomentError;
use crate::name::Name;
use crate::name::NameError;
use crate::registry::KeyError;
use crate::scope::ScopeError;
use crate::setup::SetupError;
use crate::table::Screen;
use crate::text::clean;
use crate::token::Direction;
use crate::token::Token;
use crate::tty::TtyError;
use crate::vault::VaultError;
use crate::wire::WireError;
use std::cell::LazyCell;
use std::error::Error as _;
use std::io;
use std::io::Write;
use std::path::Path;
use thiserror::Error;

/// What a verb works with: the vault's keeper, the clock's word, and where to write.
pub struct Desk<'d> {
    /// Keeps the vault.
    pub keeper: Keeper,
    /// The name under which the program was called, without its folder.
    pub called_as: Option<&'d str>,
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
    pub fn new(
        called_as: Option<&'d str>,
        out: &'d mut dyn Write,
        err: &'d mut dyn Write,
    ) -> Result<Self, Failure> {
        Ok(Self {
            keeper: Keeper::find()?,
            called_as,
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

    /// Tells a person that a token has ended, if it has.
    fn say_if_ended(&mut self, token: &Token) {
        if let Some(end) = token.expires.filter(|end| *end <= *self.now) {
            let (end, argument) = (end.relative_to(*self.now), token.name.as_argument());
            self.say(&format!(
                "it expired {end}, and is not given out (docker-credential-pat rotate {argument})"
            ));
        }
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
    /// See [`LinkError`].
    #[error(transparent)]
    Link(#[from] LinkError),
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
    /// A path that is no text cannot be kept.
    #[error("{0} is not valid UTF-8")]
    NotText(String),
    /// Nothing that a client could ask for.
    #[error("{0:?} is no image and no registry")]
    NoImage(String),
    /// See [`ContextError`].
    #[error(transparent)]
    Context(#[from] ContextError),
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
            Self::Link(error) => error.hint(),
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
            Self::NoSuchVerb(_) => Some("docker-credential-pat --help shows every verb".to_owned()),
            Self::Output(_) => Some("connect standard output to something that takes it".to_owned()),
            Self::Wire(_)
            | Self::Name(_)
            | Self::Key(_)
            | Self::Moment(_)
            | Self::Secret(_)
            | Self::NotText(_) => None,
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
    let token = Name::typed(name).ok().and_then(|name| inventory.named(name.as_str()));
    token.or_else(|| inventory.named(name)).ok_or_else(|| Failure::NoSuchToken(name.to_owned()))
}

/// Returns the tokens of those names, each once.
fn find_all(inventory: &Inventory, names: &[String]) -> Result<Vec<Token>, Failure> {
    let mut tokens: Vec<Token> = Vec::new();
    for name in names {
        let token = find(inventory, name)?;
        if tokens.iter().all(|other| other.id != token.id) {
            tokens.push(token.clone());
        }
    }
    Ok(tokens)
}

/// Returns the scopes of a token, or the keys of one that has none, for people.
fn places(token: &Token) -> String {
    let scopes = token.scopes.iter().map(ToString::to_string);
    let keys = token.keys.iter().map(|key| key.as_str().to_owned());
    let places: Vec<_> = if token.scopes.is_empty() { keys.collect() } else { scopes.collect() };
    clean(&places.join(", "))
}

/// Returns what a choice is for, for people: `ghcr.io/acme, pushes, under profile "work", in ~/src`.
fn choice_words(choice: &Choice) -> String {
    let direction = choice.direction.map(|direction| match direction {
        Direction::Pull => "pulls".to_owned(),
        Direction::Push => "pushes".to_owned(),
    });
    let profile = choice.profile.as_ref().map(|profile| format!("under profile \"{profile}\""));
    let directory = choice.directory.as_deref().map(|folder| format!("in {}", env::tilde(Path::new(folder))));
    let scope = Some(choice.scope.to_string());
    [scope, direction, profile, directory].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
