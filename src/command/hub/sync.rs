//! `hub sync`: writes down here what Docker Hub tells of the tokens that are known.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::life;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::token_view::count_words;
use crate::hub::LinkedToken;
use crate::hub::api::HubApi;

/// Write label, state, end, permissions and last use of the known tokens into the vault
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let at = hub.at();
    let known: Vec<_> =
        inventory.tokens().iter().filter_map(|token| LinkedToken::of(token, at.as_deref()).ok()).collect();
    if known.is_empty() {
        cx.say(
            "no token here is known to be one of Docker Hub's (docker-credential-pat hub create, or hub link)",
        );
        return Ok(());
    }
    let mut owners: Vec<_> = known.iter().filter_map(LinkedToken::owner).collect();
    owners.dedup();
    let owner = if let [owner] = owners.as_slice() { Some(*owner) } else { None };
    let signed_in = args.sign_in.run(hub, owner, cx)?;
    let synced = life(cx, &signed_in).sync()?;
    cx.say(&format!(
        "compared {} with Docker Hub; {} changed here",
        count_words(synced.compared),
        synced.changed.len()
    ));
    for name in &synced.switched_off {
        cx.say(&format!(
            "\"{name}\" is inactive there, so it is switched off here (docker-credential-pat hub activate {})",
            name.as_argument()
        ));
    }
    for name in &synced.gone {
        cx.say(&format!(
            "\"{name}\" is gone there (docker-credential-pat rm {} takes it out here)",
            name.as_argument()
        ));
    }
    for (name, owner) in &synced.others {
        cx.say(&format!("\"{name}\" is a token of {owner} (docker-credential-pat hub sync --user {owner})"));
    }
    Ok(())
}
