//! `coding enable` and `coding disable`: whether project tokens work, at CODING and here.

use crate::coding::api::error::CodingApiError;
use crate::command::coding::target::TargetArgs;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::token::TokenState;

/// Switches tokens on or off at CODING, then here.
pub(super) fn run(args: &TargetArgs, to: TokenState, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (coding, targets) = args.open(cx)?;
    for target in targets {
        let name = &target.token.name;
        let done = coding.switch(target.project, target.id, to, &mut |line| cx.say(line));
        if let (Err(CodingApiError::Refused { .. }), TokenState::Inactive) = (&done, to) {
            let argument = name.as_argument();
            cx.say(&format!(
                "\"{name}\" still works; docker-credential-pat deactivate {argument} keeps it from being given out \
                 here, coding rm {argument} deletes it"
            ));
        }
        done?;
        cx.store.change(|draft| -> Result<_, CommandError> {
            match to {
                TokenState::Active => draft.inventory.activate(target.token.id),
                TokenState::Inactive => draft.inventory.deactivate(target.token.id),
            }
            Ok(())
        })?;
        cx.say(&match to {
            TokenState::Active => format!("\"{name}\" is enabled at CODING, and given out again"),
            TokenState::Inactive => format!("\"{name}\" is disabled at CODING, and not given out"),
        });
    }
    Ok(())
}
