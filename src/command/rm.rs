//! `rm`: removes tokens and their secrets from the vault.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_names;
use crate::command::find_all;

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
    find_all(&desk.keeper.inventory()?, &args.names)?;
    let gone = desk.keeper.change(|draft| -> Result<_, Failure> {
        let tokens = find_all(&draft.inventory, &args.names)?;
        for token in &tokens {
            draft.inventory.remove(token.id);
        }
        Ok(tokens)
    })?;
    for token in gone {
        desk.say(&format!("removed \"{}\" from the vault", token.name));
    }
    Ok(())
}
