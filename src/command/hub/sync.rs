//! `hub sync`: updates the linked tokens in the vault from Docker Hub.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::session;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::token_view::count_words;
use crate::hub::LinkedToken;
use crate::hub::api::HubApi;
use crate::model::hint::program;

/// Write label, state, expiry, permissions and last use of the known tokens into the vault
#[derive(Debug, clap::Args)]
pub(super) struct HubSyncArgs {
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &HubSyncArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let program = program();
    let linked = LinkedToken::all_from_inventory(&cx.store.inventory()?, hub.custom_url().as_deref());
    if linked.is_empty() {
        cx.say(&format!(
            "no token here is known to be one of Docker Hub's ({program} hub create, or hub link)"
        ));
        return Ok(());
    }
    let mut owners: Vec<_> = linked.iter().filter_map(LinkedToken::owner).collect();
    owners.dedup();
    let owner = if let [owner] = owners.as_slice() { Some(*owner) } else { None };
    let client = args.sign_in.run(hub, owner, cx)?;
    let report = session(cx, &client).sync()?;
    cx.say(&format!(
        "compared {} with Docker Hub; {} changed here",
        count_words(report.compared),
        report.changed.len()
    ));
    for (name, properties) in &report.changed {
        cx.say(&format!("\"{name}\": new {}", properties.join(", ")));
    }
    for name in &report.switched_off {
        cx.say(&format!(
            "\"{name}\" is inactive there, so it is switched off here ({program} hub activate {})",
            name.as_argument()
        ));
    }
    for name in &report.without_registry {
        cx.say(&format!("\"{name}\" opens no registry, so it is switched off here"));
    }
    for name in &report.gone {
        cx.say(&format!(
            "\"{name}\" no longer exists there ({program} rm {} removes it here)",
            name.as_argument()
        ));
    }
    for (name, owner) in &report.other_owners {
        cx.say(&format!("\"{name}\" is a token of {owner} ({program} hub sync --user {owner})"));
    }
    Ok(())
}
