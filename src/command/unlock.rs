//! `unlock` and `lock`: keep the vault's key in the kernel's memory for a while, and end that.

use std::time::Duration;

use crate::command::{Desk, Failure, args};
use crate::vault::keys::Sort;
use crate::vault::keys::cache::USUALLY;
use crate::vault::rekey;
use crate::vault::rekey::Unlocked;

/// Keep the vault open for a while, so that nothing is asked meanwhile
#[derive(Debug, clap::Args)]
pub struct UnlockArgs {
    /// For how long: 8h, 30m, 1h 30m; at most 30 days
    #[arg(long = "for", value_name = "TIME", value_parser = args::time)]
    time: Option<Duration>,
}

/// Close the vault again
#[derive(Debug, clap::Args)]
pub struct LockArgs {}

/// Runs `unlock`.
pub fn unlock(args: &UnlockArgs, desk: &mut Desk) -> Result<(), Failure> {
    let time = args.time.unwrap_or(USUALLY);
    match rekey::unlock(&desk.keeper, time)? {
        Unlocked::Always => {
            desk.say("the vault is open always: its key is in a file (docker-credential-pat key status)");
        }
        Unlocked::ForATime => desk.say(&format!("the vault is open for {}", args::time_words(time))),
    }
    Ok(())
}

/// Runs `lock`.
pub fn lock(_args: &LockArgs, desk: &mut Desk) -> Result<(), Failure> {
    let closed = rekey::lock(&desk.keeper)?;
    match (closed.was_open, closed.open.as_slice()) {
        (true, []) => desk.say("the vault is closed"),
        (false, []) => desk.say("the vault was closed already"),
        (_, open) => {
            let names: Vec<_> = open.iter().copied().map(Sort::name).collect();
            let names = names.join(" and ");
            desk.say(&format!(
                "the key is no longer kept in memory, but {names} gives it without asking you"
            ));
        }
    }
    Ok(())
}
