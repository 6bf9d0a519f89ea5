//! `hub rm`: deletes tokens at Docker Hub, and then here.

use crate::command::args;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{account, known_or_not, life, owner_of};
use crate::hub::api::HubApi;
use crate::system::sanitize::clean;

/// Delete tokens at Docker Hub for good, and take them out of the vault
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tokens' names
    #[arg(required_unless_present = "id", add = token_names())]
    names: Vec<String>,
    /// One by its ID at Docker Hub, in the vault or not; may be given more than once
    #[arg(long)]
    id: Vec<String>,
    /// The organization whose it is
    #[arg(long, value_name = "ORGANIZATION", requires = "id")]
    org: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (known, others) = known_or_not(&args.names, &args.id, hub, cx)?;
    let names = known.iter().map(|known| known.token.name.as_str());
    let all: Vec<_> = names.chain(others.iter().map(String::as_str)).map(clean).collect();
    args::confirm(&format!("Delete {} at Docker Hub for good?", all.join(", ")), args.yes)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), cx)?;
    for known in &known {
        life(cx, &signed_in).remove(known.token.id)?;
        cx.say(&format!("deleted \"{}\" at Docker Hub and here", known.token.name));
    }
    let account = account(args.org.as_ref());
    for id in &others {
        let was_there = signed_in.delete(&account, id)?;
        let outcome = if was_there { "is deleted" } else { "is not there, or not any more" };
        cx.say(&format!("{id} {outcome} at Docker Hub"));
    }
    Ok(())
}
