//! `hub rotate`: a new token in the place of an old one, at Docker Hub and here.

use std::slice;

use crate::command::completions::token_names;
use crate::command::hub::sign_in::SignIn;
use crate::command::hub::{end, end_words, known, life, owner_of};
use crate::command::{Desk, Failure};
use crate::hub::Known;
use crate::hub::api::Hub;
use crate::hub::rotate::{Fate, How, Old, Rotated};

/// Replace a token by a new one at Docker Hub; stopped at any moment, it goes on when it is called again
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Delete the old one, rather than only switch it off
    #[arg(long)]
    delete_old: bool,
    /// When the new one ends, at most in a year; without it, it lasts as long as the old one did
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    #[command(flatten)]
    sign_in: SignIn,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &Hub, desk: &mut Desk) -> Result<(), Failure> {
    let old = if args.delete_old { Old::Delete } else { Old::Deactivate };
    let how = How { expires: end(args.expires.as_ref(), *desk.now)?, old };
    let known = known(slice::from_ref(&args.name), hub, desk)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), desk)?;
    for known in &known {
        let rotated = life(desk, &signed_in).rotate(known.token.id, &how)?;
        let inventory = desk.keeper.inventory()?;
        let token = inventory.tokens().iter().find(|token| token.id == known.token.id);
        let token = token.unwrap_or(&known.token);
        if rotated.went_on {
            desk.say("a rotation that was stopped went on");
        }
        desk.say(&format!(
            "\"{}\" has its new secret, which {}; the old one {}",
            token.name,
            end_words(token, *desk.now),
            fate(&rotated, known)
        ));
        for name in &rotated.orphaned {
            desk.say(&format!(
                "\"{name}\" has the old secret, which no longer works (docker-credential-pat rm {})",
                name.as_argument()
            ));
        }
        desk.say_if_resting(token);
    }
    Ok(())
}

fn fate(rotated: &Rotated, known: &Known) -> String {
    let and_delete = format!("(docker-credential-pat {} deletes it)", known.remote.rm_by_id(&rotated.old));
    match rotated.fate {
        Fate::Inactive => format!("is switched off at Docker Hub {and_delete}"),
        Fate::Expired => format!("had expired, and can only be deleted {and_delete}"),
        Fate::Deleted => "is deleted at Docker Hub".to_owned(),
        Fate::Gone => "was gone at Docker Hub".to_owned(),
    }
}
