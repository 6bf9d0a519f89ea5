//! `rotate`: gives a token a new secret.

use thiserror::Error;

use crate::command::args;
use crate::command::args::{SecretArgs, find};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::expiry_words;
#[cfg(feature = "online")]
use crate::command::verify;
use crate::inventory::TokenChanges;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::model::token::UserName;
use crate::provider::advice::advise;
use crate::provider::{Credential, recognize};
use crate::vault::login::docker_hub_users;
use crate::vault::store::StoreError;

/// Give a token a new secret
///
/// Its name, scopes, choices and label stay. The previous secret is kept for 30 days.
#[derive(Debug, clap::Args)]
pub struct RotateArgs {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    #[command(flatten)]
    secret: SecretArgs,
    /// Go back to the previous secret; run it again to return
    #[arg(long, conflicts_with_all = ["secret_stdin", "secret_file", "expires"])]
    undo: bool,
    /// Expiry of the new secret: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Keep it only if every registry accepts it
    #[cfg(feature = "online")]
    #[arg(long, conflicts_with = "undo")]
    verify: bool,
}

/// Runs the verb. The old secret is kept until the new one is on disk.
pub fn run(args: &RotateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    if args.undo {
        return undo(&args.name, cx);
    }
    let now = *cx.now;
    let expires = args::parse_expiry(args.expires.as_deref(), now)?;
    #[cfg(feature = "online")]
    if args.verify {
        cx.store.require_proof()?;
    }
    let inventory = cx.store.inventory()?;
    let token = find(&inventory, &args.name)?;
    let was_linked = token.remote.is_some();
    let places = args::join_scopes(&token.scopes);
    let secret = args.secret.read(&format!("New secret for \"{}\" at {places}", token.name))?;
    #[cfg(feature = "online")]
    if args.verify {
        let token = find(&inventory, &args.name)?;
        verify::refuse_unaccepted(&token.scopes, token.user.reveal_with(&secret), &secret, cx)?;
    }
    let (token, advice) = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = find(&draft.inventory, &args.name)?.clone();
        // A secret that cannot be opened counts as different; the new one replaces it.
        if draft.secret(&token).is_ok_and(|old| old.is_same_as(&secret)) {
            return Err(SameSecret(token.name).into());
        }
        let user = token.user.reveal_with(&secret);
        let credential =
            Credential { keys: &token.keys, scopes: &token.scopes, user, secret: secret.expose() };
        let recognized = recognize(&credential);
        // A kind that only the host suggests does not replace the kind that a person named.
        let kind = recognized.kind.filter(|_| recognized.has_prefix).unwrap_or(token.kind);
        let user = Some(UserName::new(user, &secret));
        draft.keep_previous(token.id, now);
        draft.inventory.edit(token.id, TokenChanges { user, ..TokenChanges::default() })?;
        draft.inventory.renew(token.id, kind, expires.unwrap_or(recognized.expires), now);
        draft.inventory.keep_at_logout(token.id);
        draft.set_secret(token.id, &secret)?;
        let users = docker_hub_users(&draft.inventory, Some(token.id));
        let advice = advise(&credential, &recognized, &users);
        Ok((find(&draft.inventory, &args.name)?.clone(), advice))
    })?;
    let expiry = match token.expires {
        None if expires.is_some() => "does not expire".to_owned(),
        _ => expiry_words(&token, now),
    };
    cx.say(&format!("\"{}\" has its new secret, which {expiry}", token.name));
    cx.print_advice(&advice);
    if cfg!(feature = "online") && was_linked {
        let (program, argument) = (program(), token.name.as_argument());
        cx.say(&format!(
            "which token it is where it was made is not known any more ({program} hub link {argument}); at \
             Docker Hub, {program} hub rotate {argument} does all of it"
        ));
    }
    cx.note_restrictions(&token);
    Ok(())
}

/// Exchanges the secret of a token and the one before it.
fn undo(name: &str, cx: &mut CommandContext) -> Result<(), CommandError> {
    let now = *cx.now;
    find(&cx.store.inventory()?, name)?;
    let token = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = find(&draft.inventory, name)?.clone();
        // A damaged previous secret must not replace one that works.
        if token.previous.is_some() {
            draft.previous_secret(&token).map_err(StoreError::from)?;
        }
        if !draft.restore_previous(token.id, now) {
            return Err(NoPreviousSecret(token.name).into());
        }
        draft.inventory.keep_at_logout(token.id);
        Ok(find(&draft.inventory, name)?.clone())
    })?;
    cx.say(&format!("\"{}\" has its previous secret again, which {}", token.name, expiry_words(&token, now)));
    cx.note_restrictions(&token);
    Ok(())
}

/// No previous secret of the token is kept.
#[derive(Debug, Error)]
#[error("the vault keeps no previous secret of \"{0}\"")]
struct NoPreviousSecret(Name);

impl Hint for NoPreviousSecret {
    fn hint(&self) -> Option<String> {
        let Self(name) = self;
        Some(format!("{} rotate {} gives it a new one", program(), name.as_argument()))
    }
}

/// The new secret is the same as the old one.
#[derive(Debug, Error)]
#[error("that is the secret that \"{0}\" has already")]
struct SameSecret(Name);

impl Hint for SameSecret {
    fn hint(&self) -> Option<String> {
        let Self(name) = self;
        Some(format!(
            "make a new one where it comes from; {} edit {} changes all else",
            program(),
            name.as_argument()
        ))
    }
}
