//! `unlock` and `lock`: keep the vault's key in kernel memory for a limited time, and remove it.

use std::time::Duration;

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
#[cfg(feature = "online")]
use crate::hub::kept_sign_in;
use crate::model::duration::duration_words;
use crate::model::hint::program;
use crate::vault::keys::HolderKind;
use crate::vault::keys::cache::DEFAULT_TIME;
use crate::vault::rekey;
use crate::vault::rekey::UnlockResult;

/// Keep the vault open for a while
#[derive(Debug, clap::Args)]
pub struct UnlockArgs {
    /// For how long: 30min, 8h, 1h 30min, 2d or 1w; at most 30 days
    #[arg(long = "for", value_name = "TIME", value_parser = args::parse_unlock_time)]
    time: Option<Duration>,
}

/// Close the vault and forget the sign-in at Docker Hub
#[derive(Debug, clap::Args)]
pub struct LockArgs {}

/// Runs `unlock`.
pub fn unlock(args: &UnlockArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let time = args.time.unwrap_or(DEFAULT_TIME);
    match rekey::unlock(&cx.store, time)? {
        UnlockResult::AlwaysOpen => {
            let files = cx.store.holders()?.unwrap_or_default().file_holders();
            let places = cx.key_places(&files);
            cx.say(&format!("the vault is always open: its key is in {places} ({} key status)", program()));
        }
        UnlockResult::KeyCached => cx.say(&format!(
            "the vault is open for {}: its key is in the kernel's memory until then ({} lock removes it)",
            duration_words(time),
            program()
        )),
    }
    Ok(())
}

/// Runs `lock`.
pub fn lock(_args: &LockArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let closed = rekey::lock(&cx.store)?;
    #[cfg(feature = "online")]
    if kept_sign_in::forget(&cx.store) {
        cx.say("the sign-in at Docker Hub is no longer kept in memory");
    }
    match (closed.was_open, closed.unattended_holders.as_slice()) {
        (true, []) => cx.say("the vault is closed"),
        (false, []) => cx.say("the vault was closed already"),
        (_, open) => {
            let names: Vec<_> = open.iter().copied().map(HolderKind::name).collect();
            let names = names.join(" and ");
            cx.say(&format!(
                "the key is no longer kept in memory, but {names} returns it without asking you"
            ));
        }
    }
    Ok(())
}
