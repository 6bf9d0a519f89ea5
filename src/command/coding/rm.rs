//! `coding rm`: deletes project tokens at CODING, then in the vault.

use crate::coding::api::client::CodingClient;
use crate::command::args;
use crate::command::coding::target::{ProjectTarget, TargetArgs};
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::token::Token;
use crate::system::sanitize::clean;

/// Delete project tokens at CODING, where they work no more, and remove them from the vault
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    targets: TargetArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Runs the verb. A token leaves the vault when it is gone at CODING, one after another: whatever stops it
/// on the way, the same command goes on from there.
pub(super) fn run(args: &Args, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (coding, targets) = args.targets.open(cx)?;
    let all: Vec<_> = targets.iter().map(|target| clean(target.token.name.as_str())).collect();
    args::confirm(&format!("Delete {} at CODING for good?", all.join(", ")), args.yes)?;
    for target in targets {
        let gone = delete(&target, &coding, cx)?;
        let is_removed = cx.store.change(|draft| -> Result<_, CommandError> {
            // With another secret it is another token, which nothing has deleted.
            let is_other = |token: &Token| token.id == target.token.id && !target.is_still(token);
            let is_removed = !draft.inventory.tokens().iter().any(is_other);
            if is_removed {
                draft.inventory.remove(target.token.id);
            }
            Ok(is_removed)
        })?;
        let here = if is_removed { "and removed it from the vault" } else { "whose new secret is kept here" };
        cx.say(&format!("{gone} \"{}\", {here}", target.token.name));
    }
    Ok(())
}

/// Deletes a token, and sees for itself whether one that cannot be deleted is gone already.
fn delete(
    target: &ProjectTarget,
    coding: &CodingClient,
    cx: &mut CommandContext,
) -> Result<&'static str, CommandError> {
    let Err(error) = coding.delete(target.project, target.id, &mut |line| cx.say(line)) else {
        return Ok("deleted at CODING:");
    };
    match target.fetch(coding, cx) {
        Ok(None) => Ok("not at CODING any more:"),
        Ok(Some(_)) | Err(_) => Err(error.into()),
    }
}
