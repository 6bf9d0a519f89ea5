//! `rm`: removes tokens and their secrets from the vault.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_names;
use crate::command::find;
use indexmap::IndexSet;

/// Remove tokens from the vault; at their registry they stay as they are
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tokens' names; all of them go, or none
    #[arg(required = true, add = token_names())]
    names: Vec<String>,
}

/// Runs the verb.
///
/// # Errors
/// When one of the tokens is not there, or the vault cannot be changed.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    // A name that is given twice is one token.
    let names: IndexSet<&String> = args.names.iter().collect();
    let inventory = desk.keeper.inventory()?;
    names.iter().try_for_each(|name| find(&inventory, name).map(drop))?;
    desk.keeper.change(|draft| -> Result<_, Failure> {
        let ids: Result<Vec<_>, _> =
            names.iter().map(|name| find(&draft.inventory, name).map(|token| token.id)).collect();
        ids?.into_iter().for_each(|id| draft.inventory.remove(id));
        Ok(())
    })?;
    for name in names {
        desk.say(&format!("removed \"{name}\" from the vault"));
    }
    Ok(())
}
