//! `coding enable` and `coding disable`: whether project tokens work, at CODING and here.

use crate::coding::api::error::CodingError;
use crate::command::coding::target::Targets;
use crate::command::{Desk, Failure};
use crate::model::token::Standing;

/// Switches tokens on or off at CODING, then here.
pub(super) fn run(args: &Targets, to: Standing, desk: &mut Desk) -> Result<(), Failure> {
    let (coding, targets) = args.open(desk)?;
    for target in targets {
        let name = &target.token.name;
        let done = coding.switch(target.project, target.id, to, &mut |line| desk.say(line));
        if let (Err(CodingError::Refused { .. }), Standing::Inactive) = (&done, to) {
            let argument = name.as_argument();
            desk.say(&format!(
                "\"{name}\" still works; docker-credential-pat deactivate {argument} keeps it from being given out \
                 here, coding rm {argument} deletes it"
            ));
        }
        done?;
        desk.keeper.change(|draft| -> Result<_, Failure> {
            match to {
                Standing::Active => draft.inventory.activate(target.token.id),
                Standing::Inactive => draft.inventory.deactivate(target.token.id),
            }
            Ok(())
        })?;
        desk.say(&match to {
            Standing::Active => format!("\"{name}\" is enabled at CODING, and given out again"),
            Standing::Inactive => format!("\"{name}\" is disabled at CODING, and not given out"),
        });
    }
    Ok(())
}
