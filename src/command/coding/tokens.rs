//! `coding tokens`: lists the tokens of a project at CODING, and shows which of them are in the vault.

use crate::command::coding::access::CodingAccess;
use crate::command::coding::output::{write_json, write_table};
use crate::command::context::CommandContext;
use crate::command::error::CommandError;

/// List a project's tokens: what they may do, when they end, when they were used, and which are in the vault
#[derive(Debug, clap::Args)]
pub(super) struct CodingTokensArgs {
    /// The project, by name or number
    #[arg(long, value_name = "PROJECT")]
    project: String,
    /// Write JSON: {"version":1,"tokens":[…]}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    access: CodingAccess,
}

/// Runs the verb.
pub(super) fn run(args: &CodingTokensArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let client = args.access.connect(&inventory, cx)?;
    let project = client.project(&args.project)?;
    let tokens = client.tokens(project.id)?;
    if args.json {
        return write_json(&project, &tokens, &inventory, cx);
    }
    if tokens.is_empty() {
        cx.say("the project has no tokens");
        return Ok(());
    }
    write_table(&tokens, &inventory, cx)
}
