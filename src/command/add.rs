//! `add`: brings a token into the vault. Its secret is never an argument.

use crate::command::Desk;
use crate::command::Failure;
use crate::disk::DiskError;
use crate::inventory::Arrival;
use crate::moment::Moment;
use crate::name::Name;
use crate::provider::Seen;
use crate::provider::recognize;
use crate::resolve::in_use;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::streams;
use crate::text::clean;
use crate::token::Kind;
use crate::token::Origin;
use crate::token::Permissions;
use crate::token::User;
use crate::tty;
use crate::wire;
use clap::ValueEnum;
use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Add a token: its secret is asked for on the terminal, or read from a file or standard input
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A name of your choice for it
    name: String,
    /// Where it may go: a registry, a registry and path, or *.domain; may be given more than once
    #[arg(long, short, required = true, value_name = "REGISTRY[/PATH]")]
    registry: Vec<String>,
    /// The user name that goes with it
    #[arg(long, short)]
    user: Option<String>,
    /// Read the secret from standard input; line ends at its end do not count
    #[arg(long, conflicts_with = "secret_file")]
    secret_stdin: bool,
    /// Read the secret from a file; line ends at its end do not count
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// What sort of token it is, where its beginning does not tell
    #[arg(long)]
    kind: Option<KindWord>,
    /// What it is known to allow; not known is allowed
    #[arg(long, value_delimiter = ',')]
    permission: Vec<PermissionWord>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z or 90d
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// A note for yourself
    #[arg(long)]
    label: Option<String>,
}

/// The kinds that a person can bring.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindWord {
    Pat,
    Organization,
    Project,
    Password,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PermissionWord {
    Read,
    Write,
    Delete,
}

impl From<KindWord> for Kind {
    fn from(word: KindWord) -> Self {
        match word {
            KindWord::Pat => Self::Pat,
            KindWord::Organization => Self::Organization,
            KindWord::Project => Self::Project,
            KindWord::Password => Self::Password,
        }
    }
}

/// Runs the verb.
///
/// # Errors
/// When something given is unfit, something is missing, or the vault cannot be changed.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let name = Name::parse(&args.name)?;
    let scopes: BTreeSet<_> =
        args.registry.iter().map(|text| Scope::parse_typed(text)).collect::<Result<_, _>>()?;
    let scopes: Vec<_> = scopes.into_iter().collect();
    let expires = args.expires.as_ref().map(|text| Moment::parse_end(text, *desk.now)).transpose()?;
    // Asked before the secret: what is known to be wrong is told before anything is typed.
    if desk.keeper.inventory()?.named(name.as_str()).is_some() {
        return Err(crate::inventory::NameTaken(name).into());
    }
    let user = user(args)?;
    let secret = secret(args)?;
    let seen = Seen { keys: &[], scopes: &scopes, user: &user, secret: secret.expose() };
    let kind = args.kind.map_or_else(|| recognize(&seen).kind.unwrap_or(Kind::Password), Kind::from);
    let is_used = desk.keeper.change(|draft| -> Result<_, Failure> {
        let arrival = Arrival {
            name: name.clone(),
            kind,
            user: User::of(&user, &secret),
            scopes,
            keys: Vec::new(),
            label: args.label.clone(),
            permissions: permissions(&args.permission),
            expires,
            origin: Origin::Add,
        };
        let id = draft.inventory.add(arrival, *desk.now)?;
        draft.keep(id, &secret)?;
        Ok(in_use(&draft.inventory, *desk.now).contains(&id))
    })?;
    let line = match (expires, is_used) {
        (Some(end), _) if end <= *desk.now => {
            format!("added \"{name}\", which expired {} and is not given out", end.relative_to(*desk.now))
        }
        (_, true) => format!("added \"{name}\", which is in use"),
        (_, false) => format!("added \"{name}\"; another token is in use (docker-credential-pat use {name})"),
    };
    desk.say(&line);
    Ok(())
}

fn user(args: &Args) -> Result<String, Failure> {
    let missing = |source| Failure::Missing { what: "user name", option: "--user", source };
    let user = match &args.user {
        Some(user) => user.clone(),
        None => {
            tty::ask(&format!("User name for {}: ", clean(&args.registry.join(", ")))).map_err(missing)?
        }
    };
    if user.is_empty() { Err(Failure::Wire(wire::WireError::NoUser)) } else { Ok(user) }
}

fn secret(args: &Args) -> Result<Secret, Failure> {
    let missing =
        |source| Failure::Missing { what: "secret", option: "--secret-stdin or --secret-file", source };
    let text = if args.secret_stdin {
        text_of(streams::stdin().map_err(wire::WireError::Read)?)?
    } else if let Some(path) = &args.secret_file {
        let unreadable = |source| DiskError::Read { path: path.clone(), source };
        text_of(File::open(path).map_err(unreadable)?)?
    } else {
        tty::ask_hidden(&format!("Secret for \"{}\" (it does not show): ", clean(&args.name)))
            .map_err(missing)?
    };
    if text.is_empty() { Err(Failure::Secret("empty")) } else { Ok(Secret::new(text)) }
}

/// Reads a secret that was written as a line of text, into a buffer of exactly its size.
fn text_of(input: impl io::Read) -> Result<Zeroizing<String>, Failure> {
    let bytes = wire::read_input(input)?;
    let text = str::from_utf8(&bytes).map_err(|_| Failure::Secret("not valid UTF-8"))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

fn permissions(words: &[PermissionWord]) -> Option<Permissions> {
    let mut permissions = Permissions::default();
    for word in words {
        match word {
            PermissionWord::Read => permissions.read = true,
            PermissionWord::Write => permissions.write = true,
            PermissionWord::Delete => permissions.delete = true,
        }
    }
    (!words.is_empty()).then_some(permissions)
}
