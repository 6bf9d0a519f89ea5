//! `rotate`: a new secret for the same token.

use crate::command::args::SecretFrom;
use crate::command::completions::token_names;
#[cfg(feature = "online")]
use crate::command::verify;
use crate::command::{Desk, Failure, args, find};
use crate::inventory::Changes;
use crate::model::token::User;
use crate::provider::advice::remarks;
use crate::provider::{Seen, recognize};
use crate::vault::login::people;

/// Give a token a new secret and a new end; its name, scopes, choices and label stay
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    #[command(flatten)]
    secret: SecretFrom,
    /// When the new secret ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    /// Take it only if every registry does
    #[cfg(feature = "online")]
    #[arg(long)]
    verify: bool,
}

/// Runs the verb. The old secret is gone only when the new one is on the disk.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let now = *desk.now;
    let told = args::end(args.expires.as_ref(), now)?;
    let inventory = desk.keeper.inventory()?;
    let was_linked = find(&inventory, &args.name)?.remote.is_some();
    let secret = args.secret.read("New secret", &args.name)?;
    #[cfg(feature = "online")]
    if args.verify {
        let token = find(&inventory, &args.name)?;
        verify::refuse_unaccepted(&token.scopes, token.user.beside(&secret), &secret, desk)?;
    }
    let (token, remarks) = desk.keeper.change(|draft| -> Result<_, Failure> {
        let token = find(&draft.inventory, &args.name)?.clone();
        // One that no longer opens is none that could come again; this mends it.
        if draft.secret(&token).is_ok_and(|old| old.is_same_as(&secret)) {
            return Err(Failure::SameSecret(token.name));
        }
        let user = token.user.beside(&secret);
        let seen = Seen { keys: &token.keys, scopes: &token.scopes, user, secret: secret.expose() };
        let recognized = recognize(&seen);
        // What only the host suggests is no reason to forget what a person said.
        let kind = recognized.kind.filter(|_| recognized.is_marked).unwrap_or(token.kind);
        let user = Some(User::of(user, &secret));
        draft.inventory.amend(token.id, Changes { user, ..Changes::default() })?;
        draft.inventory.renew(token.id, kind, told.unwrap_or(recognized.end), now);
        draft.inventory.adopt(token.id);
        draft.keep(token.id, &secret)?;
        let remarks = remarks(&seen, &people(&draft.inventory, Some(token.id)));
        Ok((find(&draft.inventory, &args.name)?.clone(), remarks))
    })?;
    let end = match token.expires {
        Some(end) if end <= now => format!("ended {}, on {}", end.relative_to(now), end.date()),
        Some(end) => format!("ends {}, on {}", end.relative_to(now), end.date()),
        None if told.is_some() => "does not end".to_owned(),
        None => "has no known end".to_owned(),
    };
    desk.say(&format!("\"{}\" has its new secret, which {end}", token.name));
    desk.say_notes(&remarks);
    if cfg!(feature = "online") && was_linked {
        let argument = token.name.as_argument();
        desk.say(&format!(
            "which token it is where it was made is not known any more (docker-credential-pat hub link \
             {argument}); at Docker Hub, docker-credential-pat hub rotate {argument} does all of it"
        ));
    }
    desk.say_if_resting(&token);
    Ok(())
}
