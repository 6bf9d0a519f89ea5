//! `add`: adds a token to the vault. Its secret is never an argument.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::command::args;
use crate::command::args::{PermissionArg, SecretArgs, find};
use crate::command::context::CommandContext;
use crate::command::error::{CommandError, PromptError};
use crate::command::token_view::expiry_words;
#[cfg(feature = "online")]
use crate::command::verify;
use crate::docker::wire::WireError;
use crate::inventory::in_use::InUseFor;
use crate::inventory::{IncomingToken, NameTaken};
use crate::model::hint::program;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token, TokenKind};
use crate::provider::advice::advise;
use crate::provider::hosts::CredentialHosts;
use crate::provider::{Credential, recognize};
use crate::system::sanitize::clean;
use crate::system::tty;
use crate::vault::login::docker_hub_users;

/// Add a token
///
/// The secret is asked for on the terminal, or read from a file or standard input.
#[derive(Debug, clap::Args)]
pub struct AddArgs {
    /// A name of your choice, unique in the vault
    name: String,
    /// A registry that it is for: HOST, HOST/PATH or *.DOMAIN; may be repeated
    #[arg(long, short, required = true, value_name = "REGISTRY[/PATH]")]
    registry: Vec<String>,
    /// The user name to log in with; not needed where the registry accepts only one
    #[arg(long, short)]
    user: Option<String>,
    #[command(flatten)]
    secret: SecretArgs,
    /// The kind of token; by default recognized by how the secret begins
    #[arg(long)]
    kind: Option<TokenKind>,
    /// The permissions of the token, separated by commas. By default, unknown
    #[arg(long, value_delimiter = ',')]
    permission: Vec<PermissionArg>,
    /// Expiry: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// A note for yourself
    #[arg(long)]
    label: Option<String>,
    /// Keep it only if every registry accepts it
    #[cfg(feature = "online")]
    #[arg(long)]
    verify: bool,
}

impl ValueEnum for TokenKind {
    /// Returns the kinds that a person can name.
    fn value_variants<'v>() -> &'v [Self] {
        &[Self::Pat, Self::Organization, Self::Project, Self::Password]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(self.word().into())
    }
}

/// Runs the verb.
pub fn run(args: &AddArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let name = args::parse_name(&args.name)?;
    let label = args::parse_label(args.label.as_deref())?;
    let scopes = args::parse_scopes(&args.registry)?;
    let expires = args::parse_expiry(args.expires.as_deref(), *cx.now)?;
    // The name is checked before a person has to type the secret.
    if cx.store.inventory()?.find_by_name(name.as_str()).is_some() {
        return Err(NameTaken(name).into());
    }
    let user = user(args, &scopes)?;
    let secret = args.secret.read(&format!("Secret for \"{name}\" at {}", args::join_scopes(&scopes)))?;
    let user_name = args::parse_user(&user, &secret)?;
    #[cfg(feature = "online")]
    if args.verify {
        verify::refuse_unaccepted(&scopes, &user, &secret, cx)?;
    }
    let credential = Credential { keys: &[], scopes: &scopes, user: &user, secret: secret.expose() };
    let recognized = recognize(&credential);
    let kind = args.kind.or(recognized.kind).unwrap_or(TokenKind::Password);
    let expires = expires.unwrap_or(recognized.expires);
    let (inventory, advice) = cx.store.change(|draft| -> Result<_, CommandError> {
        let advice = advise(&credential, &recognized, &docker_hub_users(&draft.inventory, None));
        let token = IncomingToken {
            name: name.clone(),
            kind,
            user: user_name.clone(),
            scopes: scopes.clone(),
            keys: Vec::new(),
            label: label.clone(),
            permissions: args::parse_permissions(&args.permission).flatten(),
            expires,
            origin: Origin::Add,
            profile: None,
            remote: None,
        };
        let id = draft.inventory.add(token, *cx.now)?;
        draft.set_secret(id, &secret)?;
        Ok((draft.inventory.clone(), advice))
    })?;
    let token = find(&inventory, name.as_str())?;
    let in_use = cx.tokens_in_use(&inventory)?.get(&token.id).copied();
    cx.say(&outcome(token, in_use, *cx.now));
    cx.print_advice(&advice);
    let has_path = scopes.iter().any(|scope| scope.path().is_some());
    if has_path {
        cx.note_other_answers(token, &inventory)?;
    }
    Ok(())
}

/// Returns a message that says whether the token is now in use.
fn outcome(token: &Token, in_use: Option<InUseFor>, now: Timestamp) -> String {
    let (name, argument) = (&token.name, token.name.as_argument());
    match (token.expires, in_use) {
        (Some(expires), _) if expires <= now => {
            format!("added \"{name}\", which expired {}, so clients do not get it", expires.relative_to(now))
        }
        (expires, Some(in_use)) => {
            let expiry = expires.map(|_| format!(" and {}", expiry_words(token, now))).unwrap_or_default();
            format!("added \"{name}\", which is {}{expiry}", in_use.description())
        }
        (expires, None) => {
            let expiry = expires.map(|_| format!(", which {}", expiry_words(token, now))).unwrap_or_default();
            format!("added \"{name}\"{expiry}; another token is in use ({} use {argument})", program())
        }
    }
}

/// Returns the user name: the only one that a registry takes, the one of the arguments, or else the one typed.
fn user(args: &AddArgs, scopes: &[Scope]) -> Result<String, CommandError> {
    let missing = |source| PromptError::Missing { what: "user name", option: "--user", source };
    let hosts = CredentialHosts::new(&[], scopes);
    let user = match (&args.user, hosts.only_user()) {
        (Some(user), _) => user.clone(),
        (None, Some((_, only))) => only.to_owned(),
        (None, None) => {
            tty::ask(&format!("User name for {}: ", clean(&args.registry.join(", ")))).map_err(missing)?
        }
    };
    if user.is_empty() {
        return Err(WireError::NoUser.into());
    }
    args::refuse_colon(&user)?;
    args::refuse_wrong_user(scopes, &user)?;
    Ok(user)
}
