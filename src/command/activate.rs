//! `activate` and `deactivate`: switch tokens on and off.

use crate::command::args::find_all;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::model::remote::Service;
use crate::model::token::{Token, TokenState};
use crate::model::token_id::TokenId;

/// Which tokens
#[derive(Debug, clap::Args)]
pub struct ActivateArgs {
    /// The tokens' names; all of them, or none
    #[arg(required = true, add = token_names())]
    names: Vec<String>,
}

/// Gives tokens out again that were switched off or signed out.
pub fn activate(args: &ActivateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    switch(args, cx, Inventory::activate, "is active")
}

/// Keeps tokens without giving them out.
pub fn deactivate(args: &ActivateArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    switch(args, cx, Inventory::deactivate, "is switched off: kept, and not given out")
}

fn switch(
    args: &ActivateArgs,
    cx: &mut CommandContext,
    how: impl Fn(&mut Inventory, TokenId),
    outcome: &str,
) -> Result<(), CommandError> {
    find_all(&cx.store.inventory()?, &args.names)?;
    let tokens = cx.store.change(|draft| -> Result<_, CommandError> {
        let tokens = find_all(&draft.inventory, &args.names)?;
        for token in &tokens {
            how(&mut draft.inventory, token.id);
        }
        find_all(&draft.inventory, &args.names)
    })?;
    for token in tokens {
        cx.say(&format!("\"{}\" {outcome}", token.name));
        if token.state == TokenState::Active {
            cx.note_if_unusable(&token);
            if let Some((place, verb)) = there(&token) {
                let argument = token.name.as_argument();
                cx.say(&format!("if it is off at {place} too: docker-credential-pat {verb} {argument}"));
            }
        }
    }
    Ok(())
}

/// Returns where a token was made, as far as that is known, and the verb that switches it on there too.
fn there(token: &Token) -> Option<(&'static str, &'static str)> {
    let remote = token.remote.as_ref().filter(|_| cfg!(feature = "online"))?;
    Some(match remote.service {
        Service::DockerHub | Service::DockerHubOrganization => ("Docker Hub", "hub activate"),
        Service::Coding => ("CODING", "coding enable"),
    })
}
