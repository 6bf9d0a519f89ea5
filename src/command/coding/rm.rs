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
        let name = &target.token.name;
        cx.say(&match (report.was_there, report.is_removed_here) {
            (true, true) => format!("deleted \"{name}\" at CODING and here"),
            (true, false) => format!("deleted \"{name}\" at CODING; its new secret is kept here"),
            (false, true) => format!("\"{name}\" was not at CODING any more; deleted here"),
            (false, false) => format!("\"{name}\" was not at CODING any more; its new secret is kept here"),
        });
    }
    Ok(())
}
