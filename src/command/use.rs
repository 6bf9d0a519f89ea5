//! `use`: puts a token in use for its scopes.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::find;
use crate::command::places;

/// Put a token in use, in the place of others for the same registry
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token's name
    name: String,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such token, or the vault cannot be changed.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    find(&desk.keeper.inventory()?, &args.name)?;
    let (places, end) = desk.keeper.change(|draft| -> Result<_, Failure> {
        let token = find(&draft.inventory, &args.name)?;
        let (id, places, end) = (token.id, places(token), token.expires);
        draft.inventory.choose(id);
        Ok((places, end))
    })?;
    desk.say(&format!("\"{}\" is in use for {places}", args.name));
    if let Some(end) = end.filter(|end| *end <= *desk.now) {
        desk.say(&format!("but it expired {}, and is not given out", end.relative_to(*desk.now)));
    }
    Ok(())
}
