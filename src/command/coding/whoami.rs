//! `coding whoami`: shows the account of the personal access token.

use crate::command::coding::access::CodingAccess;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::system::sanitize::clean;

/// Report whether CODING accepts the personal access token, and whose it is; nothing is changed
#[derive(Debug, clap::Args)]
pub(super) struct CodingWhoamiArgs {
    #[command(flatten)]
    access: CodingAccess,
}

/// Runs the verb.
pub(super) fn run(args: &CodingWhoamiArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let client = args.access.connect(&cx.store.inventory()?, cx)?;
    let account = client.account()?;
    let line = clean(&format!("{} ({}) at {}", account.user, account.name, client.endpoint()));
    writeln!(cx.out, "{line}").map_err(CommandError::output)
}
