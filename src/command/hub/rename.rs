//! `hub rename`: gives a token another label at Docker Hub.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_names;
use crate::command::hub::known;
use crate::command::hub::label;
use crate::command::hub::life;
use crate::command::hub::owner_of;
use crate::command::hub::sign_in::SignIn;
use crate::hub::api::Hub;
use std::slice;

/// Give a token another label at Docker Hub; its name here stays (see `edit --name`)
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Its new label
    label: String,
    #[command(flatten)]
    sign_in: SignIn,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such token, here or there, Docker Hub refuses, or the vault cannot be changed.
pub(super) fn run(args: &Args, hub: &Hub, desk: &mut Desk) -> Result<(), Failure> {
    let label = label(&args.label)?;
    let known = known(slice::from_ref(&args.name), hub, desk)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), desk)?;
    for known in &known {
        life(desk, &signed_in).relabel(known.token.id, &label)?;
        desk.say(&format!("\"{}\" is labelled \"{label}\" at Docker Hub", known.token.name));
    }
    Ok(())
}
