//! Arguments that several verbs take.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ValueEnum;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::client::context::PROFILE_FORM;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError, PromptError};
use crate::docker::wire::WireError;
use crate::inventory::Inventory;
use crate::model::duration::{Period, duration_words};
use crate::model::hint::{Hint, program};
use crate::model::name::{Name, is_profile};
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Permissions, Token, UserName};
use crate::provider::contains_whole_token;
use crate::provider::hosts::CredentialHosts;
use crate::system::disk::DiskError;
use crate::system::limited_read::{InputError, read_input};
use crate::system::sanitize::clean;
use crate::system::tty::TtyError;
use crate::system::{stdio, tty};
use crate::vault::keys::{cache, passphrase};

/// Where a secret comes from: it is never an argument
#[derive(Debug, clap::Args)]
pub struct SecretArgs {
    /// Read the secret from standard input; a newline at its end is ignored
    #[arg(long, conflicts_with = "secret_file")]
    secret_stdin: bool,
    /// Read the secret from a file; a newline at its end is ignored
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl SecretArgs {
    /// True when the secret comes from a file or standard input, without a prompt.
    #[cfg(feature = "online")]
    pub fn has_source(&self) -> bool {
        self.secret_stdin || self.secret_file.is_some()
    }

    /// Reads the secret, or prompts for it on the terminal. `what` says which secret, and which host it is for.
    pub fn read(&self, what: &str) -> Result<Secret, CommandError> {
        let missing = |source| PromptError::Missing {
            what: "secret",
            option: "--secret-stdin or --secret-file",
            source,
        };
        let text = match read_secret(self.secret_stdin, self.secret_file.as_deref())? {
            Some(text) => text,
            None => tty::ask_hidden(&format!("{} (it does not show): ", clean(what))).map_err(missing)?,
        };
        if text.is_empty() { Err(PromptError::Secret("empty").into()) } else { Ok(Secret::new(text)) }
    }
}

/// Reads a secret of at most 4 MiB of text from standard input or a file; `None` without either.
pub fn read_secret(stdin: bool, file: Option<&Path>) -> Result<Option<Zeroizing<String>>, CommandError> {
    let Some(path) = file else {
        if !stdin {
            return Ok(None);
        }
        let unreadable = |source| WireError::Input(InputError::Read(source));
        return read_text(stdio::stdin().map_err(unreadable)?, unreadable).map(Some);
    };
    let unreadable = DiskError::reading(path);
    read_text(File::open(path).map_err(&unreadable)?, &unreadable).map(Some)
}

/// Where a new passphrase comes from: it is never an argument
#[derive(Debug, clap::Args)]
pub struct NewPassphraseArgs {
    /// Read the passphrase from a file; a newline at its end is ignored
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl NewPassphraseArgs {
    /// Reads the passphrase, or prompts for it twice on the terminal. A weak one gets a warning.
    pub fn read(&self, what: &str, cx: &mut CommandContext) -> Result<Zeroizing<String>, CommandError> {
        let text = self.read_unchecked(what)?;
        if let Some(file) = &self.passphrase_file {
            cx.note_exposure(file);
        }
        if passphrase::is_weak(&text) {
            cx.say(&format!(
                "note: that passphrase is easy to guess; take at least {} characters, {} of them different",
                passphrase::MIN_STRONG_CHARACTERS,
                passphrase::MIN_DIFFERENT_CHARACTERS
            ));
        }
        Ok(text)
    }

    fn read_unchecked(&self, what: &str) -> Result<Zeroizing<String>, CommandError> {
        if let Some(file) = &self.passphrase_file {
            return Ok(passphrase::read_file(file)?);
        }
        let missing =
            |source| PromptError::Missing { what: "passphrase", option: "--passphrase-file", source };
        let text = tty::ask_hidden(&format!("{what} (it does not show): ")).map_err(missing)?;
        if text.is_empty() {
            return Err(PromptError::Secret("empty").into());
        }
        let again = tty::ask_hidden("The same again: ").map_err(missing)?;
        if *text == *again { Ok(text) } else { Err(PromptError::TwoPassphrases.into()) }
    }
}

/// Asks a person to confirm, unless `is_confirmed` is already true.
pub fn confirm(question: &str, is_confirmed: bool) -> Result<(), CommandError> {
    let is_yes = is_confirmed
        || matches!(tty::ask(&format!("{question} [y/N] ")).map_err(no_answer)?.trim(), "y" | "Y" | "yes");
    if is_yes { Ok(()) } else { Err(PromptError::Declined.into()) }
}

/// Asks a person to confirm what is usually wanted: an empty answer is a yes.
pub fn confirm_usual(question: &str) -> Result<(), CommandError> {
    let answer = tty::ask(&format!("{question} [Y/n] ")).map_err(no_answer)?;
    if matches!(answer.trim(), "" | "y" | "Y" | "yes") { Ok(()) } else { Err(PromptError::Declined.into()) }
}

fn no_answer(source: TtyError) -> PromptError {
    match source {
        TtyError::NoTerminal => PromptError::Unconfirmed,
        source => PromptError::Missing { what: "answer", option: "--yes", source },
    }
}

/// Parses the time for which the vault stays open, from 1 s to 30 days: `8h`, `30min`, `1h 30m`.
pub fn parse_unlock_time(text: &str) -> Result<Duration, String> {
    let time = Period::parse(text).and_then(Period::length);
    time.filter(|time| (Duration::from_secs(1)..=cache::MAX_TIME).contains(time)).ok_or_else(|| {
        format!("expected a time such as 30min, 8h, 2d or 1w, at most {}", duration_words(cache::MAX_TIME))
    })
}

/// Reads a secret without its line end into a buffer of exactly its size.
fn read_text<E: Into<CommandError>>(
    input: impl io::Read,
    unreadable: impl FnOnce(io::Error) -> E,
) -> Result<Zeroizing<String>, CommandError> {
    let bytes = read_input(input).map_err(|error| match error {
        InputError::TooLarge => PromptError::Secret("larger than 4 MiB").into(),
        InputError::Read(source) => unreadable(source).into(),
    })?;
    let text = str::from_utf8(&bytes).map_err(|_| PromptError::Secret("not valid UTF-8"))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A permission of a token, as an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PermissionArg {
    /// Pull images (read)
    #[value(alias = "read")]
    Pull,
    /// Push images (write)
    #[value(alias = "write")]
    Push,
    /// Delete
    Delete,
    /// Not known; the token is tried for everything
    Unknown,
}

/// Returns the permissions that the words name: `None` without words, `Some(None)` for `unknown`.
pub fn parse_permissions(words: &[PermissionArg]) -> Option<Option<Permissions>> {
    let has = |word| words.contains(&word);
    let permissions = Permissions {
        pull: has(PermissionArg::Pull),
        push: has(PermissionArg::Push),
        delete: has(PermissionArg::Delete),
        public_only: false,
    };
    (!words.is_empty()).then(|| (!has(PermissionArg::Unknown)).then_some(permissions))
}

/// A field of a token that the vault does not encrypt.
#[derive(Clone, Copy, Debug)]
pub enum PlainField {
    Name,
    UserName,
    Label,
    Registry,
}

/// A secret in a field that the vault does not encrypt. It is not shown.
#[derive(Debug, Error)]
#[error("that {one} begins like a token, and {many} are not encrypted", one = .0.words().0, many = .0.words().1)]
pub struct TokenInPlainField(PlainField);

impl Hint for TokenInPlainField {
    fn hint(&self) -> Option<String> {
        Some(format!("{} add NAME --registry HOST asks for the secret", program()))
    }
}

impl PlainField {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("name", "names"),
            Self::UserName => ("user name", "user names"),
            Self::Label => ("label", "labels"),
            Self::Registry => ("registry", "registries"),
        }
    }

    /// Refuses a text with a token in it.
    pub fn refuse_token(self, text: &str) -> Result<(), TokenInPlainField> {
        if contains_whole_token(text) { Err(TokenInPlainField(self)) } else { Ok(()) }
    }
}

/// Parses the name of a new token.
pub fn parse_name(text: &str) -> Result<Name, CommandError> {
    PlainField::Name.refuse_token(text)?;
    Ok(Name::parse_typed(text)?)
}

/// Parses a label; an empty text means no label.
pub fn parse_label(text: Option<&str>) -> Result<Option<String>, TokenInPlainField> {
    let text = text.unwrap_or_default();
    PlainField::Label.refuse_token(text)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Parses a user name. At a few registries it is the token itself, which the vault then keeps only as the secret.
pub fn parse_user(user: &str, secret: &Secret) -> Result<UserName, CommandError> {
    let user = UserName::new(user, secret);
    if let UserName::Named(user) = &user {
        PlainField::UserName.refuse_token(user)?;
    }
    Ok(user)
}

/// Parses scopes, and drops duplicates.
pub fn parse_scopes(texts: &[String]) -> Result<Vec<Scope>, CommandError> {
    let mut scopes = BTreeSet::new();
    for text in texts {
        PlainField::Registry.refuse_token(text)?;
        scopes.insert(Scope::parse_typed(text)?);
    }
    Ok(scopes.into_iter().collect())
}

/// Joins scopes for a question to a person.
pub fn join_scopes(scopes: &[Scope]) -> String {
    scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Refuses a user name with a colon.
pub fn refuse_colon(user: &str) -> Result<(), ColonInUser> {
    if user.contains(':') { Err(ColonInUser) } else { Ok(()) }
}

/// A user name with a colon, at which Basic authentication ends it. It is not shown: a password may follow.
#[derive(Debug, Error)]
#[error("a user name cannot contain \":\", which separates it from the secret")]
pub struct ColonInUser;

impl Hint for ColonInUser {
    fn hint(&self) -> Option<String> {
        Some(format!("{} add NAME --registry HOST --user USER asks for the secret", program()))
    }
}

/// Refuses a user name that one of the registries never takes.
pub fn refuse_wrong_user(scopes: &[Scope], user: &str) -> Result<(), WrongUser> {
    match CredentialHosts::new(&[], scopes).only_user() {
        Some((host, only)) if user != only => Err(WrongUser { host: host.to_owned(), only }),
        Some(_) | None => Ok(()),
    }
}

/// A user name that a registry never takes. It is not shown, because it may be a secret in the wrong place.
#[derive(Debug, Error)]
#[error("{host} accepts no user name but {only}")]
pub struct WrongUser {
    host: String,
    only: &'static str,
}

impl Hint for WrongUser {
    fn hint(&self) -> Option<String> {
        Some(format!("give --user {}", self.only))
    }
}

/// Parses an expiry: `None` without a text, `Some(None)` for never.
pub fn parse_expiry(text: Option<&str>, now: Timestamp) -> Result<Option<Option<Timestamp>>, CommandError> {
    Ok(text.map(|text| Timestamp::parse_expiry(text, now)).transpose()?)
}

/// Parses the expiry of a token at a service as [`parse_expiry`] does. A time that is past is an error.
#[cfg(feature = "online")]
pub fn parse_coming_expiry(
    text: Option<&str>,
    now: Timestamp,
) -> Result<Option<Option<Timestamp>>, CommandError> {
    let expires = parse_expiry(text, now)?;
    if expires.flatten().is_some_and(|expires| expires <= now) {
        return Err(PastExpiry(text.unwrap_or_default().to_owned()).into());
    }
    Ok(expires)
}

/// An expiry that has passed.
#[cfg(feature = "online")]
#[derive(Debug, Error)]
#[error("{0:?} is in the past")]
struct PastExpiry(String);

#[cfg(feature = "online")]
impl Hint for PastExpiry {
    fn hint(&self) -> Option<String> {
        Some("give a later time, such as --expires 90d".to_owned())
    }
}

/// Checks the name of a profile.
pub fn parse_profile(text: &str) -> Result<String, &'static str> {
    is_profile(text).then(|| text.to_owned()).ok_or(PROFILE_FORM)
}

/// Finds a token by its name.
pub fn find<'i>(inventory: &'i Inventory, name: &str) -> Result<&'i Token, CommandError> {
    let token = Name::parse_typed(name).ok().and_then(|name| inventory.find_by_name(name.as_str()));
    token
        .or_else(|| inventory.find_by_name(name))
        .ok_or_else(|| ArgumentError::NoSuchToken(name.to_owned()).into())
}

/// Finds tokens by their names, and drops duplicates.
pub fn find_all(inventory: &Inventory, names: &[String]) -> Result<Vec<Token>, CommandError> {
    let mut tokens: Vec<Token> = Vec::new();
    for name in names {
        let token = find(inventory, name)?;
        if tokens.iter().all(|other| other.id != token.id) {
            tokens.push(token.clone());
        }
    }
    Ok(tokens)
}
