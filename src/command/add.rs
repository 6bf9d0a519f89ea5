//! `add`: brings a token into the vault. Its secret is never an argument.

use clap::ValueEnum;

use crate::command::args;
use crate::command::args::{PermissionArg, SecretArgs, find};
use crate::command::context::CommandContext;
use crate::command::error::{CommandError, PromptError};
#[cfg(feature = "online")]
use crate::command::verify;
use crate::inventory::in_use::in_use;
use crate::inventory::{IncomingToken, Inventory};
use crate::model::name::Name;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, TokenKind, UserName};
use crate::provider::advice::remarks;
use crate::provider::{Credential, recognize};
use crate::system::sanitize::clean;
use crate::system::tty;
use crate::vault::login::people;

/// Add a token: its secret is asked for on the terminal, or read from a file or standard input
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// A name of your choice for it
    name: String,
    /// Where it may go: a registry, a registry and path, or *.domain; may be given more than once
    #[arg(long, short, required = true, value_name = "REGISTRY[/PATH]")]
    registry: Vec<String>,
    /// The user name that goes with it
    #[arg(long, short)]
    user: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
    /// What sort of token it is, where its beginning does not tell
    #[arg(long)]
    kind: Option<KindWord>,
    /// What it is known to allow; not known is allowed
    #[arg(long, value_delimiter = ',')]
    permission: Vec<PermissionArg>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// A note for yourself
    #[arg(long)]
    label: Option<String>,
    /// Keep it only if every registry takes it
    #[cfg(feature = "online")]
    #[arg(long)]
    verify: bool,
}

/// The kinds that a person can bring.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum KindWord {
    Pat,
    Organization,
    Project,
    Password,
}

impl From<KindWord> for TokenKind {
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
pub fn run(args: &AddArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let name = Name::typed(&args.name)?;
    let scopes = args::scopes(&args.registry)?;
    let told_end = args::parse_expiry(args.expires.as_ref(), *cx.now)?;
    // Asked before the secret: what is known to be wrong is told before anything is typed.
    if cx.store.inventory()?.named(name.as_str()).is_some() {
        return Err(crate::inventory::NameTaken(name).into());
    }
    let user = user(args)?;
    let secret = args.secret.read("Secret", name.as_str())?;
    #[cfg(feature = "online")]
    if args.verify {
        verify::refuse_unaccepted(&scopes, &user, &secret, cx)?;
    }
    let seen = Credential { keys: &[], scopes: &scopes, user: &user, secret: secret.expose() };
    let recognized = recognize(&seen);
    let kind = args.kind.map_or_else(|| recognized.kind.unwrap_or(TokenKind::Password), TokenKind::from);
    let expires = told_end.unwrap_or(recognized.end);
    let (inventory, remarks) = cx.store.change(|draft| -> Result<_, CommandError> {
        let remarks = remarks(&seen, &people(&draft.inventory, None));
        let arrival = IncomingToken {
            name: name.clone(),
            kind,
            user: UserName::of(&user, &secret),
            scopes: scopes.clone(),
            keys: Vec::new(),
            label: args.label.clone().filter(|label| !label.is_empty()),
            permissions: args::permissions(&args.permission).flatten(),
            expires,
            origin: Origin::Add,
            profile: None,
            remote: None,
        };
        let id = draft.inventory.add(arrival, *cx.now)?;
        draft.set_secret(id, &secret)?;
        Ok((draft.inventory.clone(), remarks))
    })?;
    let token = find(&inventory, name.as_str())?;
    cx.say(&outcome(token, &inventory, *cx.now));
    cx.print_advice(&remarks);
    let is_for_a_part = scopes.iter().any(|scope| scope.path().is_some());
    if is_for_a_part { cx.note_unaffected_clients(token, &inventory) } else { Ok(()) }
}

/// Says whether the token is in use now.
fn outcome(token: &Token, inventory: &Inventory, now: Timestamp) -> String {
    let (name, argument) = (&token.name, token.name.as_argument());
    match (token.expires, in_use(inventory, now).get(&token.id)) {
        (Some(end), _) if end <= now => {
            format!("added \"{name}\", which expired {} and is not given out", end.relative_to(now))
        }
        (_, Some(for_what)) => format!("added \"{name}\", which is {}", for_what.words()),
        (_, None) => {
            format!("added \"{name}\"; another token is in use (docker-credential-pat use {argument})")
        }
    }
}

fn user(args: &AddArgs) -> Result<String, CommandError> {
    let missing = |source| PromptError::Missing { what: "user name", option: "--user", source };
    let user = match &args.user {
        Some(user) => user.clone(),
        None => {
            tty::ask(&format!("User name for {}: ", clean(&args.registry.join(", ")))).map_err(missing)?
        }
    };
    if user.is_empty() { Err(crate::docker::wire::WireError::NoUser.into()) } else { Ok(user) }
}
