//! `edit`: changes the name, scopes and other details of a token, but not its secret.

use clap::ArgGroup;
use thiserror::Error;

use crate::command::args;
use crate::command::args::{PermissionArg, WrongUser, find};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::scope_words;
use crate::docker::wire::WireError;
use crate::inventory::TokenChanges;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::model::scope::Scope;
use crate::model::token::{Token, UserName};
use crate::provider;
use crate::vault::draft::Draft;

/// Change a token's name, label, registries, permissions or user name
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
pub struct EditArgs {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Another name
    #[arg(long = "name", value_name = "NEW-NAME", group = "change")]
    new_name: Option<String>,
    /// Another note for yourself; an empty one removes it
    #[arg(long, group = "change")]
    label: Option<String>,
    /// A registry that it is for, replacing all earlier ones; may be repeated
    #[arg(long, short, value_name = "REGISTRY[/PATH]", group = "change")]
    registry: Vec<String>,
    /// The permissions of the token, separated by commas
    #[arg(long, value_delimiter = ',', group = "change")]
    permission: Vec<PermissionArg>,
    /// Another user name
    #[arg(long, short, group = "change")]
    user: Option<String>,
    /// Expiry: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN", group = "change")]
    expires: Option<String>,
    /// Correct a wrong expiry for a token whose provider sets it
    #[arg(long, requires = "expires")]
    note_only: bool,
}

/// Runs the verb.
pub fn run(args: &EditArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let expires = args::parse_expiry(args.expires.as_deref(), *cx.now)?;
    let name = args.new_name.as_deref().map(args::parse_name).transpose()?;
    let label = args.label.as_deref().map(|label| args::parse_label(Some(label))).transpose()?;
    let scopes = args::parse_scopes(&args.registry)?;
    find(&cx.store.inventory()?, &args.name)?;
    let token = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = find(&draft.inventory, &args.name)?.clone();
        if let Some(provider) = fixed_expiry_provider(&token).filter(|_| expires.is_some() && !args.note_only)
        {
            return Err(FixedExpiry { name: token.name, provider }.into());
        }
        refuse_wrong_user(args, &token, &scopes)?;
        let changes = TokenChanges {
            user: args.user.as_ref().map(|user| user_of(draft, &token, user)).transpose()?,
            name,
            scopes: (!scopes.is_empty()).then_some(scopes),
            label,
            permissions: args::parse_permissions(&args.permission),
            expires,
        };
        let is_persons =
            changes.scopes.is_some() || changes.permissions.is_some() || changes.expires.is_some();
        draft.inventory.edit(token.id, changes)?;
        if is_persons {
            draft.inventory.keep_at_logout(token.id);
        }
        Ok(draft.inventory.tokens().iter().find(|other| other.id == token.id).cloned().unwrap_or(token))
    })?;
    cx.say(&format!("changed \"{}\", for {}", token.name, scope_words(&token)));
    cx.note_restrictions(&token);
    Ok(())
}

/// Refuses a user name that one of the registries never takes, where the user name or the registries change.
fn refuse_wrong_user(args: &EditArgs, token: &Token, scopes: &[Scope]) -> Result<(), WrongUser> {
    let user = match (&args.user, &token.user) {
        (Some(user), _) | (None, UserName::Named(user)) => user,
        (None, UserName::SameAsSecret) => return Ok(()),
    };
    let scopes = if scopes.is_empty() && args.user.is_some() { &token.scopes } else { scopes };
    args::refuse_wrong_user(scopes, user)
}

/// Returns the provider if it fixes the expiry of such a token at creation.
fn fixed_expiry_provider(token: &Token) -> Option<&'static str> {
    let credential_type = provider::likely_type(&token.scopes, token.kind, &token.user)?;
    credential_type.has_fixed_expiry.then_some(credential_type.provider.name)
}

fn user_of(draft: &Draft, token: &Token, user: &str) -> Result<UserName, CommandError> {
    if user.is_empty() {
        return Err(WireError::NoUser.into());
    }
    args::refuse_colon(user)?;
    args::parse_user(user, &draft.secret(token)?)
}

/// The expiry of this token cannot change, because the provider fixed it.
#[derive(Debug, Error)]
#[error("the end of \"{name}\" cannot be changed: {provider} fixes it when it makes a token")]
struct FixedExpiry {
    name: Name,
    provider: &'static str,
}

impl Hint for FixedExpiry {
    fn hint(&self) -> Option<String> {
        Some(format!(
            "make a new token at {} and run `{} rotate {}`; if only the note of it here is wrong, say so with \
             --note-only",
            self.provider,
            program(),
            self.name.as_argument()
        ))
    }
}
