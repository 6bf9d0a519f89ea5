//! `coding rm`: deletes project tokens at CODING, then in the vault.

use crate::coding::api::client::Coding;
use crate::command::coding::target::{Target, Targets};
use crate::command::{Desk, Failure, args};
use crate::model::token::Token;
use crate::system::sanitize::clean;

/// Delete project tokens at CODING, where they work no more, and remove them from the vault
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    targets: Targets,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Runs the verb. A token leaves the vault when it is gone at CODING, one after another: whatever stops it
/// on the way, the same command goes on from there.
pub(super) fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let (coding, targets) = args.targets.open(desk)?;
    let all: Vec<_> = targets.iter().map(|target| clean(target.token.name.as_str())).collect();
    args::agree(&format!("Delete {} at CODING for good?", all.join(", ")), args.yes)?;
    for target in targets {
        let gone = delete(&target, &coding, desk)?;
        let is_removed = desk.keeper.change(|draft| -> Result<_, Failure> {
            // With another secret it is another token, which nothing has deleted.
            let is_other = |token: &Token| token.id == target.token.id && !target.is_still(token);
            let is_removed = !draft.inventory.tokens().iter().any(is_other);
            if is_removed {
                draft.inventory.remove(target.token.id);
            }
            Ok(is_removed)
        })?;
        let here = if is_removed { "and removed it from the vault" } else { "whose new secret is kept here" };
        desk.say(&format!("{gone} \"{}\", {here}", target.token.name));
    }
    Ok(())
}

/// Deletes a token, and sees for itself whether one that cannot be deleted is gone already.
fn delete(target: &Target, coding: &Coding, desk: &mut Desk) -> Result<&'static str, Failure> {
    let Err(error) = coding.delete(target.project, target.id, &mut |line| desk.say(line)) else {
        return Ok("deleted at CODING:");
    };
    match target.told(coding, desk) {
        Ok(None) => Ok("not at CODING any more:"),
        Ok(Some(_)) | Err(_) => Err(error.into()),
    }
}
