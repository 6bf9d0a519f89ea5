//! `hub activate` and `hub deactivate`: switch tokens on and off, at Docker Hub and here.

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::{NotForHub, account, known_or_not, life, owner_of};
use crate::hub::api::HubApi;

/// Which tokens
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The tokens' names
    #[arg(required_unless_present = "id", add = token_names())]
    names: Vec<String>,
    /// One by its ID at Docker Hub, in the vault or not; may be given more than once
    #[arg(long)]
    id: Vec<String>,
    /// The organization whose it is
    #[arg(long, value_name = "ORGANIZATION", requires = "id")]
    org: Option<String>,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Whether a token is to work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TargetState {
    On,
    Off,
}

/// Switches tokens on.
pub(super) fn activate(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    switch(args, TargetState::On, hub, cx)
}

/// Switches tokens off.
pub(super) fn deactivate(args: &Args, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    switch(args, TargetState::Off, hub, cx)
}

fn switch(args: &Args, to: TargetState, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (known, others) = known_or_not(&args.names, &args.id, hub, cx)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), cx)?;
    let outcome = match to {
        TargetState::On => "is active, at Docker Hub and here",
        TargetState::Off => "is switched off, here and at Docker Hub",
    };
    for known in &known {
        let id = known.token.id;
        match to {
            TargetState::On => life(cx, &signed_in).activate(id)?,
            TargetState::Off => life(cx, &signed_in).deactivate(id)?,
        }
        cx.say(&format!("\"{}\" {outcome}", known.token.name));
        if to == TargetState::On {
            let inventory = cx.store.inventory()?;
            cx.note_restrictions(find(&inventory, known.token.name.as_str())?);
        }
    }
    let account = account(args.org.as_ref());
    for id in &others {
        if !signed_in.switch(&account, id, to == TargetState::On)? {
            return Err(NotForHub(format!("no token at Docker Hub has the ID \"{id}\"")).into());
        }
        cx.say(&match to {
            TargetState::On => format!("{id} is active at Docker Hub"),
            TargetState::Off => format!("{id} is switched off at Docker Hub"),
        });
    }
    Ok(())
}
