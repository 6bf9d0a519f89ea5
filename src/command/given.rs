//! What more than one verb takes as arguments.

use crate::command::Failure;
use crate::context::PROFILE_FORM;
use crate::disk::DiskError;
use crate::moment::Moment;
use crate::name::is_profile;
use crate::secret::Secret;
use crate::streams;
use crate::text::clean;
use crate::token::Permissions;
use crate::tty;
use crate::wire;
use crate::wire::WireError;
use clap::ValueEnum;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Where a secret comes from: it is never an argument
#[derive(Debug, clap::Args)]
pub struct SecretFrom {
    /// Read the secret from standard input; line ends at its end do not count
    #[arg(long, conflicts_with = "secret_file")]
    secret_stdin: bool,
    /// Read the secret from a file; line ends at its end do not count
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl SecretFrom {
    /// Reads the secret, or asks for it on the terminal.
    ///
    /// # Errors
    /// When it cannot be read, is empty or no text, or nobody is there to ask.
    pub fn read(&self, what: &str, name: &str) -> Result<Secret, Failure> {
        let missing =
            |source| Failure::Missing { what: "secret", option: "--secret-stdin or --secret-file", source };
        let text = if self.secret_stdin {
            text_of(streams::stdin().map_err(WireError::Read)?)?
        } else if let Some(path) = &self.secret_file {
            let unreadable = |source| DiskError::Read { path: path.clone(), source };
            text_of(File::open(path).map_err(unreadable)?).map_err(|failure| match failure {
                Failure::Wire(WireError::Read(source)) => unreadable(source).into(),
                other => other,
            })?
        } else {
            tty::ask_hidden(&format!("{what} for \"{}\" (it does not show): ", clean(name)))
                .map_err(missing)?
        };
        if text.is_empty() { Err(Failure::Secret("empty")) } else { Ok(Secret::new(text)) }
    }
}

/// Reads a secret that was written as a line of text, into a buffer of exactly its size.
fn text_of(input: impl io::Read) -> Result<Zeroizing<String>, Failure> {
    let bytes = wire::read_input(input).map_err(|error| match error {
        WireError::TooLarge => Failure::Secret("larger than 4 MiB"),
        other => other.into(),
    })?;
    let text = str::from_utf8(&bytes).map_err(|_| Failure::Secret("not valid UTF-8"))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// What a token is known to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PermissionWord {
    /// Pull
    Read,
    /// Push
    Write,
    /// Delete
    Delete,
    /// Nothing is known of it, and then everything is tried
    Unknown,
}

/// Returns what the words say together: `None` where nothing was given, `Some(None)` for not known.
#[must_use]
pub fn permissions(words: &[PermissionWord]) -> Option<Option<Permissions>> {
    let has = |word| words.contains(&word);
    let permissions = Permissions {
        read: has(PermissionWord::Read),
        write: has(PermissionWord::Write),
        delete: has(PermissionWord::Delete),
    };
    (!words.is_empty()).then(|| (!has(PermissionWord::Unknown)).then_some(permissions))
}

/// Reads when a token ends: `None` where nothing was given, `Some(None)` for never.
///
/// # Errors
/// See [`Moment::parse_end`].
pub fn end(text: Option<&String>, now: Moment) -> Result<Option<Option<Moment>>, Failure> {
    Ok(text.map(|text| Moment::parse_end(text, now)).transpose()?)
}

/// Takes the name of a profile.
///
/// # Errors
/// When it is none.
pub fn profile(text: &str) -> Result<String, &'static str> {
    is_profile(text).then(|| text.to_owned()).ok_or(PROFILE_FORM)
}
