//! `hub rename`: gives a token another label at Docker Hub.

use std::slice;

use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{known, label, life, owner_of};
use crate::hub::api::HubApi;

/// Give a token another label at Docker Hub; its name here stays (see `edit --name`)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Its new label
    label: String,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let label = label(&args.label)?;
    let known = known(slice::from_ref(&args.name), hub, cx)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), cx)?;
    for known in &known {
        life(cx, &signed_in).relabel(known.token.id, &label)?;
        cx.say(&format!("\"{}\" is labelled \"{label}\" at Docker Hub", known.token.name));
    }
    Ok(())
}
