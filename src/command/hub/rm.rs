//! `hub rm`: deletes tokens at Docker Hub, then in the vault.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::session;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::target::{HubTargets, OtherToken, TokenTargetArgs};
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
    let mut targets = args.target.find(hub, cx)?;
    // The question comes before the sign-in, unless the tokens have to be looked up first.
    let is_known = !targets.has_unknown();
    if is_known {
        args.confirm(&targets)?;
    }
    let client = args.sign_in.run(hub, targets.owner(), cx)?;
    targets.look_up(&client, cx)?;
    if !is_known {
        args.confirm(&targets)?;
    }
    for linked in &targets.linked {
        session(cx, &client).remove(linked.token.id)?;
        cx.say(&format!("deleted \"{}\" at Docker Hub and here", linked.token.name));
    }
    for other in &targets.others {
        let was_there = client.delete(&targets.account, &other.id)?;
        let outcome = if was_there { "is deleted" } else { "is not there, or not any more" };
        cx.say(&format!("{} {outcome} at Docker Hub", other.description()));
    }
    Ok(())
}

impl HubRmArgs {
    fn confirm(&self, targets: &HubTargets) -> Result<(), CommandError> {
        let here = targets.linked.iter().map(|linked| linked.token.name.to_string());
        let names: Vec<String> = here.chain(targets.others.iter().map(OtherToken::description)).collect();
        confirm_deletion(names.iter().map(String::as_str), "Docker Hub", self.yes)
    }
}
