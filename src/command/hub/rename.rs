//! `hub rename`: changes a token's label at Docker Hub.

use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::target::linked_token;
use crate::command::hub::{parse_label, session};
use crate::hub::api::HubApi;

/// Give a token another label at Docker Hub; its name here stays (see `edit --name`)
#[derive(Debug, clap::Args)]
pub(super) struct HubRenameArgs {
    /// The token: by name here, by ID at Docker Hub (or how it begins, at least 4 characters), or by label there
    #[arg(value_name = "NAME|ID|LABEL", add = token_names())]
    name: String,
    /// Its new label
    label: String,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &HubRenameArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let label = parse_label(&args.label)?;
    let linked = linked_token(&args.name, hub, cx)?;
    let client = args.sign_in.run(hub, linked.owner(), cx)?;
    session(cx, &client).relabel(linked.token.id, &label)?;
    cx.say(&format!("\"{}\" is labelled \"{label}\" at Docker Hub", linked.token.name));
    Ok(())
}
