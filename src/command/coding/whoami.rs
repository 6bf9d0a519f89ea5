//! `coding whoami`: whether CODING takes the personal access token, and whose it is.

use crate::command::coding::access::CodingAccess;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::system::sanitize::clean;

/// Tell whether CODING takes the personal access token, and whose it is; nothing is changed
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    access: CodingAccess,
}

/// Runs the verb.
pub(super) fn run(args: &Args, cx: &mut CommandContext) -> Result<(), CommandError> {
    let place = args.access.place(&cx.store.inventory()?)?;
    let coding = args.access.open(place, cx)?;
    let account = coding.account(&mut |line| cx.say(line))?;
    let line = clean(&format!("{} ({}) at {}", account.user, account.name, coding.place()));
    writeln!(cx.out, "{line}").map_err(CommandError::output)
}
