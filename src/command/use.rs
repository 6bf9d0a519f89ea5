//! `use`: puts a token in use for its scopes.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::find;
use crate::command::places;
use crate::text::clean;

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
    let (places, end) = desk.keeper.change(|draft| -> Result<_, Failure> {
        let token = find(&draft.inventory, &args.name)?;
        let (id, places, end) = (token.id, places(token), token.expires);
        draft.inventory.put_in_use(id, true);
        Ok((places, end))
    })?;
    let name = clean(&args.name);
    writeln!(desk.err, "\"{name}\" is in use for {places}").map_err(Failure::Output)?;
    match end {
        Some(end) if end <= desk.now => {
            let ago = end.relative_to(desk.now);
            writeln!(desk.err, "but it expired {ago}, and is not given out").map_err(Failure::Output)
        }
        Some(_) | None => Ok(()),
    }
}
