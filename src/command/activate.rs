//! `activate` and `deactivate`: switch tokens on and off.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_names;
use crate::command::find_all;
use crate::inventory::Inventory;
use crate::token::Standing;
use crate::token::TokenId;

/// Which tokens
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The tokens' names; all of them, or none
    #[arg(required = true, add = token_names())]
    names: Vec<String>,
}

/// Gives tokens out again that were switched off or signed out.
///
/// # Errors
/// When one of the tokens is not there, or the vault cannot be changed.
pub fn activate(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    switch(args, desk, Inventory::activate, "is active")
}

/// Keeps tokens without giving them out.
///
/// # Errors
/// When one of the tokens is not there, or the vault cannot be changed.
pub fn deactivate(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    switch(args, desk, Inventory::deactivate, "is switched off: kept, and not given out")
}

fn switch(
    args: &Args,
    desk: &mut Desk,
    how: impl Fn(&mut Inventory, TokenId),
    outcome: &str,
) -> Result<(), Failure> {
    find_all(&desk.keeper.inventory()?, &args.names)?;
    let tokens = desk.keeper.change(|draft| -> Result<_, Failure> {
        let tokens = find_all(&draft.inventory, &args.names)?;
        for token in &tokens {
            how(&mut draft.inventory, token.id);
        }
        find_all(&draft.inventory, &args.names)
    })?;
    for token in tokens {
        desk.say(&format!("\"{}\" {outcome}", token.name));
        if token.standing == Standing::Active {
            desk.say_if_resting(&token);
        }
    }
    Ok(())
}
