//! `rotate`: a new secret for the same token.

use thiserror::Error;

use crate::command::args;
use crate::command::args::{SecretArgs, find};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
#[cfg(feature = "online")]
use crate::command::verify;
use crate::inventory::TokenChanges;
use crate::model::hint::{Hint, program};
use crate::model::name::Name;
use crate::model::token::UserName;
use crate::provider::advice::remarks;
use crate::provider::{Credential, recognize};
use crate::vault::login::people;

/// Give a token a new secret and a new end; its name, scopes, choices and label stay
#[derive(Debug, clap::Args)]
pub struct RotateArgs {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    #[command(flatten)]
    secret: SecretArgs,
    /// When the new secret ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Take it only if every registry does
    #[cfg(feature = "online")]
    #[arg(long)]
    verify: bool,
}

/// Runs the verb. The old secret is gone only when the new one is on the disk.
pub fn run(args: &RotateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let now = *cx.now;
    let told = args::parse_expiry(args.expires.as_ref(), now)?;
    let inventory = cx.store.inventory()?;
    let was_linked = find(&inventory, &args.name)?.remote.is_some();
    let secret = args.secret.read("New secret", &args.name)?;
    #[cfg(feature = "online")]
    if args.verify {
        let token = find(&inventory, &args.name)?;
        verify::refuse_unaccepted(&token.scopes, token.user.reveal_with(&secret), &secret, cx)?;
    }
    let (token, remarks) = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = find(&draft.inventory, &args.name)?.clone();
        // One that no longer opens is none that could come again; this mends it.
        if draft.secret(&token).is_ok_and(|old| old.is_same_as(&secret)) {
            return Err(SameSecret(token.name).into());
        }
        let user = token.user.reveal_with(&secret);
        let seen = Credential { keys: &token.keys, scopes: &token.scopes, user, secret: secret.expose() };
        let recognized = recognize(&seen);
        // What only the host suggests is no reason to forget what a person said.
        let kind = recognized.kind.filter(|_| recognized.is_marked).unwrap_or(token.kind);
        let user = Some(UserName::of(user, &secret));
        draft.inventory.amend(token.id, TokenChanges { user, ..TokenChanges::default() })?;
        draft.inventory.renew(token.id, kind, told.unwrap_or(recognized.end), now);
        draft.inventory.adopt(token.id);
        draft.set_secret(token.id, &secret)?;
        let remarks = remarks(&seen, &people(&draft.inventory, Some(token.id)));
        Ok((find(&draft.inventory, &args.name)?.clone(), remarks))
    })?;
    let end = match token.expires {
        Some(end) if end <= now => format!("ended {}, on {}", end.relative_to(now), end.date()),
        Some(end) => format!("ends {}, on {}", end.relative_to(now), end.date()),
        None if told.is_some() => "does not end".to_owned(),
        None => "has no known end".to_owned(),
    };
    cx.say(&format!("\"{}\" has its new secret, which {end}", token.name));
    cx.print_advice(&remarks);
    if cfg!(feature = "online") && was_linked {
        let argument = token.name.as_argument();
        cx.say(&format!(
            "which token it is where it was made is not known any more (docker-credential-pat hub link \
             {argument}); at Docker Hub, docker-credential-pat hub rotate {argument} does all of it"
        ));
    }
    cx.note_if_unusable(&token);
    Ok(())
}

/// The new secret is the old one.
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
