//! `hub activate` and `hub deactivate`: switch tokens on and off, at Docker Hub and here.

use crate::command::completions::token_names;
use crate::command::hub::sign_in::SignIn;
use crate::command::hub::{account, known_or_not, life, owner_of};
use crate::command::{Desk, Failure, find};
use crate::hub::api::Hub;

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
    sign_in: SignIn,
}

/// Whether a token is to work.
#[derive(Clone, Copy, PartialEq, Eq)]
enum To {
    On,
    Off,
}

/// Switches tokens on.
pub(super) fn activate(args: &Args, hub: &Hub, desk: &mut Desk) -> Result<(), Failure> {
    switch(args, To::On, hub, desk)
}

/// Switches tokens off.
pub(super) fn deactivate(args: &Args, hub: &Hub, desk: &mut Desk) -> Result<(), Failure> {
    switch(args, To::Off, hub, desk)
}

fn switch(args: &Args, to: To, hub: &Hub, desk: &mut Desk) -> Result<(), Failure> {
    let (known, others) = known_or_not(&args.names, &args.id, hub, desk)?;
    let signed_in = args.sign_in.run(hub, owner_of(&known), desk)?;
    let outcome = match to {
        To::On => "is active, at Docker Hub and here",
        To::Off => "is switched off, here and at Docker Hub",
    };
    for known in &known {
        let id = known.token.id;
        match to {
            To::On => life(desk, &signed_in).activate(id)?,
            To::Off => life(desk, &signed_in).deactivate(id)?,
        }
        desk.say(&format!("\"{}\" {outcome}", known.token.name));
        if to == To::On {
            let inventory = desk.keeper.inventory()?;
            desk.say_if_resting(find(&inventory, known.token.name.as_str())?);
        }
    }
    let account = account(args.org.as_ref());
    for id in &others {
        if !signed_in.switch(&account, id, to == To::On)? {
            return Err(Failure::NotForHub(format!("no token at Docker Hub has the ID \"{id}\"")));
        }
        desk.say(&match to {
            To::On => format!("{id} is active at Docker Hub"),
            To::Off => format!("{id} is switched off at Docker Hub"),
        });
    }
    Ok(())
}
