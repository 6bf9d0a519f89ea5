//! `coding whoami`: whether CODING takes the personal access token, and whose it is.

use crate::command::coding::access::Access;
use crate::command::{Desk, Failure};
use crate::system::sanitize::clean;

/// Tell whether CODING takes the personal access token, and whose it is; nothing is changed
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    access: Access,
}

/// Runs the verb.
pub(super) fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let place = args.access.place(&desk.keeper.inventory()?)?;
    let coding = args.access.open(place, desk)?;
    let account = coding.account(&mut |line| desk.say(line))?;
    let line = clean(&format!("{} ({}) at {}", account.user, account.name, coding.place()));
    writeln!(desk.out, "{line}").map_err(Failure::Output)
}
