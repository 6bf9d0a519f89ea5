//! `hub rotate`: a new token in the place of an old one, at Docker Hub and here.

use std::slice;

use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{end_words, known, life, owner_of, parse_hub_expiry};
use crate::hub::LinkedToken;
use crate::hub::api::HubApi;
use crate::hub::rotate::{OldToken, OldTokenOutcome, RotateOptions, RotateReport};

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
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let old = if args.delete_old { OldToken::Delete } else { OldToken::Deactivate };
    let how = RotateOptions { expires: parse_hub_expiry(args.expires.as_ref(), *cx.now)?, old };
    let known = known(slice::from_ref(&args.name), hub, cx)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), cx)?;
    for known in &known {
        let rotated = life(cx, &signed_in).rotate(known.token.id, &how)?;
        let inventory = cx.store.inventory()?;
        let token = inventory.tokens().iter().find(|token| token.id == known.token.id);
        let token = token.unwrap_or(&known.token);
        if rotated.went_on {
            cx.say("a rotation that was stopped went on");
        }
        cx.say(&format!(
            "\"{}\" has its new secret, which {}; the old one {}",
            token.name,
            end_words(token, *cx.now),
            fate(&rotated, known)
        ));
        for name in &rotated.orphaned {
            cx.say(&format!(
                "\"{name}\" has the old secret, which no longer works (docker-credential-pat rm {})",
                name.as_argument()
            ));
        }
        cx.note_restrictions(token);
    }
    Ok(())
}

fn fate(rotated: &RotateReport, known: &LinkedToken) -> String {
    let and_delete = format!("(docker-credential-pat {} deletes it)", known.remote.rm_by_id(&rotated.old));
    match rotated.fate {
        OldTokenOutcome::Inactive => format!("is switched off at Docker Hub {and_delete}"),
        OldTokenOutcome::Expired => format!("had expired, and can only be deleted {and_delete}"),
        OldTokenOutcome::Deleted => "is deleted at Docker Hub".to_owned(),
        OldTokenOutcome::Gone => "was gone at Docker Hub".to_owned(),
    }
}
