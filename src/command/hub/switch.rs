//! `hub activate` and `hub deactivate`: switch tokens on and off, at Docker Hub and in the vault.

use crate::command::args::find;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::target::TokenTargetArgs;
use crate::command::hub::{NotForHub, session};
use crate::hub::api::HubApi;
use crate::model::token::TokenState;

/// Which tokens
#[derive(Debug, clap::Args)]
pub(super) struct HubSwitchArgs {
    #[command(flatten)]
    target: TokenTargetArgs,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs either verb.
pub(super) fn run(
    args: &HubSwitchArgs,
    to: TokenState,
    hub: &HubApi,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let mut targets = args.target.find(hub, cx)?;
    let client = args.sign_in.run(hub, targets.owner(), cx)?;
    targets.look_up(&client, cx)?;
    for linked in &targets.linked {
        let (id, name) = (linked.token.id, &linked.token.name);
        match to {
            TokenState::Active => {
                session(cx, &client).activate(id)?;
                cx.say(&format!("\"{name}\" is active, at Docker Hub and here"));
                let inventory = cx.store.inventory()?;
                cx.note_restrictions(find(&inventory, name.as_str())?);
            }
            TokenState::Inactive => {
                session(cx, &client).deactivate(id)?;
                cx.say(&format!("\"{name}\" is switched off, here and at Docker Hub"));
            }
        }
    }
    for other in &targets.others {
        let name = other.description();
        if !client.switch(&targets.account, &other.id, to == TokenState::Active)? {
            return Err(NotForHub(format!("no token at Docker Hub has the ID \"{}\"", other.id)).into());
        }
        cx.say(&match to {
            TokenState::Active => format!("{name} is active at Docker Hub"),
            TokenState::Inactive => format!("{name} is switched off at Docker Hub"),
        });
    }
    Ok(())
}
