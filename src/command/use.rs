//! `use`: puts a token in use for its scopes.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_names;
use crate::command::find;
use crate::command::places;
use crate::registry::Key;
use crate::resolve::Request;
use crate::resolve::resolve;
use crate::scope::Scope;

/// Put a token in use, in the place of others for the same registry
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such token, or the vault cannot be changed.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    find(&desk.keeper.inventory()?, &args.name)?;
    let inventory = desk.keeper.change(|draft| -> Result<_, Failure> {
        let id = find(&draft.inventory, &args.name)?.id;
        draft.inventory.choose(id);
        Ok(draft.inventory.clone())
    })?;
    let token = find(&inventory, &args.name)?;
    desk.say(&format!("\"{}\" is in use for {}", args.name, places(token)));
    if let Some(end) = token.expires.filter(|end| *end <= *desk.now) {
        desk.say(&format!("but it expired {}, and is not given out", end.relative_to(*desk.now)));
        return Ok(());
    }
    // Most clients name only the registry; then a token for all of it comes first.
    for registry in token.scopes.iter().filter(|scope| scope.path().is_some()).filter_map(Scope::registry) {
        let key = Key::parse(registry.docker_key())?;
        match resolve(Request::of(&key), inventory.tokens(), *desk.now).token {
            Some(other) if other.id != token.id => {
                desk.say(&format!("clients that name only {registry} go on getting \"{}\"", other.name));
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}
