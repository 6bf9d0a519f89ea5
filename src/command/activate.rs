//! `activate` and `deactivate`: switch tokens on and off.

use crate::command::args::find_all;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::model::hint::program;
use crate::model::remote::Service;
use crate::model::token::{Token, TokenState};
use crate::model::token_id::TokenId;

/// Which tokens
#[derive(Debug, clap::Args)]
pub struct ActivateArgs {
    /// The names of the tokens
    #[arg(required = true, add = token_names())]
    names: Vec<String>,
}

/// Runs `activate`, which also reactivates a token that was signed out.
pub fn activate(args: &ActivateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    change(args, cx, Inventory::activate, "is active")
}

/// Runs `deactivate`.
pub fn deactivate(args: &ActivateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    change(args, cx, Inventory::deactivate, "is switched off, and kept")
}

fn change(
    args: &ActivateArgs,
    cx: &mut CommandContext,
    operation: impl Fn(&mut Inventory, TokenId),
    outcome: &str,
) -> Result<(), CommandError> {
    find_all(&cx.store.inventory()?, &args.names)?;
    let tokens = cx.store.change(|draft| -> Result<_, CommandError> {
        for token in find_all(&draft.inventory, &args.names)? {
            operation(&mut draft.inventory, token.id);
        }
        find_all(&draft.inventory, &args.names)
    })?;
    for token in tokens {
        cx.say(&format!("\"{}\" {outcome}", token.name));
        if token.state == TokenState::Active {
            cx.note_restrictions(&token);
            if let Some((service, verb)) = service_and_verb(&token) {
                let argument = token.name.as_argument();
                cx.say(&format!("if it is off at {service} too: {} {verb} {argument}", program()));
            }
        }
    }
    Ok(())
}

/// Returns the service that made a token, and the verb that switches the token on there. `None` when the service is
/// not known.
fn service_and_verb(token: &Token) -> Option<(&'static str, &'static str)> {
    let remote = token.remote.as_ref().filter(|_| cfg!(feature = "online"))?;
    Some(match remote.service {
        Service::DockerHub | Service::DockerHubOrganization => ("Docker Hub", "hub activate"),
        Service::Coding => ("CODING", "coding enable"),
    })
}
