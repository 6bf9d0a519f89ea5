//! `coding rm`: deletes project tokens at CODING, then in the vault.

use crate::command::coding::session;
use crate::command::coding::target::TargetArgs;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::remote_tokens::confirm_deletion;

/// Delete project tokens at CODING, where they work no more, and remove them from the vault
#[derive(Debug, clap::Args)]
pub(super) struct CodingRmArgs {
    #[command(flatten)]
    targets: TargetArgs,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Runs the verb. The tokens are removed one after another, so the same command can be repeated after an
/// interruption.
pub(super) fn run(args: &CodingRmArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (client, targets) = args.targets.location.connect(&args.targets.names, cx)?;
    confirm_deletion(targets.iter().map(|target| target.token.name.as_str()), "CODING", args.yes)?;
    for target in targets {
        let report = session(cx, &client).remove(&target)?;
        let there = if report.was_there { "deleted at CODING:" } else { "not at CODING any more:" };
        let here = if report.is_removed_here {
            "and removed it from the vault"
        } else {
            "whose new secret is kept here"
        };
        cx.say(&format!("{there} \"{}\", {here}", target.token.name));
    }
    Ok(())
}
