//! `rm`: removes tokens and their secrets from the vault.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::find;

/// Remove tokens from the vault; at their registry they stay as they are
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tokens' names; all of them go, or none
    #[arg(required = true)]
    names: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// When one of the tokens is not there, or the vault cannot be changed.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let inventory = desk.keeper.inventory()?;
    args.names.iter().try_for_each(|name| find(&inventory, name).map(drop))?;
    desk.keeper.change(|draft| -> Result<_, Failure> {
        let ids: Result<Vec<_>, _> =
            args.names.iter().map(|name| find(&draft.inventory, name).map(|token| token.id)).collect();
        ids?.into_iter().for_each(|id| draft.inventory.remove(id));
        Ok(())
    })?;
    for name in &args.names {
        desk.say(&format!("removed \"{name}\" from the vault"));
    }
    Ok(())
}
