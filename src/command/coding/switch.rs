//! `coding enable` and `coding disable`: enable and disable project tokens, at CODING and in the vault.

use crate::coding::api::error::CodingApiError;
use crate::coding::error::CodingError;
use crate::command::coding::session;
use crate::command::coding::target::TargetArgs;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::hint::program;
use crate::model::token::TokenState;

/// Runs either verb.
pub(super) fn run(args: &TargetArgs, to: TokenState, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (client, targets) = args.location.connect(&args.names, cx)?;
    for target in targets {
        let name = &target.token.name;
        let outcome = session(cx, &client).switch(&target, to);
        if let (Err(CodingError::Api(CodingApiError::Refused { .. })), TokenState::Inactive) = (&outcome, to)
        {
            let argument = name.as_argument();
            cx.say(&format!(
                "\"{name}\" still works; {} deactivate {argument} switches it off here, coding rm \
                 {argument} deletes it",
                program()
            ));
        }
        outcome?;
        cx.say(&match to {
            TokenState::Active => format!("\"{name}\" is enabled at CODING and in the vault"),
            TokenState::Inactive => format!("\"{name}\" is disabled at CODING and in the vault"),
        });
    }
    Ok(())
}
