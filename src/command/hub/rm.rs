//! `hub rm`: deletes tokens at Docker Hub, then in the vault.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::session;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::target::TokenTargetArgs;
use crate::command::remote_tokens::confirm_deletion;
use crate::hub::api::HubApi;

/// Delete tokens at Docker Hub for good, and take them out of the vault
#[derive(Debug, clap::Args)]
pub(super) struct HubRmArgs {
    #[command(flatten)]
    target: TokenTargetArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &HubRmArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let targets = args.target.find(hub, cx)?;
    let names = targets.linked.iter().map(|linked| linked.token.name.as_str());
    confirm_deletion(names.chain(targets.ids.iter().map(String::as_str)), "Docker Hub", args.yes)?;
    let client = args.sign_in.run(hub, targets.owner(), cx)?;
    for linked in &targets.linked {
        session(cx, &client).remove(linked.token.id)?;
        cx.say(&format!("deleted \"{}\" at Docker Hub and here", linked.token.name));
    }
    for id in &targets.ids {
        let was_there = client.delete(&targets.account, id)?;
        let outcome = if was_there { "is deleted" } else { "is not there, or not any more" };
        cx.say(&format!("{id} {outcome} at Docker Hub"));
    }
    Ok(())
}
