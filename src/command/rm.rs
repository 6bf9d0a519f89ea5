//! `rm`: removes tokens and their secrets from the vault.

use crate::command::args::find_all;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::token::Token;

/// Remove tokens from the vault; at their registry they stay as they are
#[derive(Debug, clap::Args)]
pub struct RmArgs {
    /// The tokens' names; all of them go, or none
    #[arg(required = true, add = token_names())]
    names: Vec<String>,
}

/// Runs the verb.
pub fn run(args: &RmArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    find_all(&cx.store.inventory()?, &args.names)?;
    let gone = cx.store.change(|draft| -> Result<_, CommandError> {
        let tokens = find_all(&draft.inventory, &args.names)?;
        for token in &tokens {
            draft.inventory.remove(token.id);
        }
        Ok(tokens)
    })?;
    for token in gone {
        cx.say(&format!("removed \"{}\" from the vault", token.name));
        if let Some(left) = left_there(&token) {
            cx.say(&left);
        }
    }
    Ok(())
}

/// Tells that a token goes on where it was made, as far as that is known, and how it is deleted there.
fn left_there(token: &Token) -> Option<String> {
    let remote = token.remote.as_ref().filter(|_| cfg!(feature = "online"))?;
    Some(if remote.service.is_docker_hub() {
        format!(
            "it is still at Docker Hub (docker-credential-pat {} deletes it)",
            remote.rm_by_id(&remote.id)
        )
    } else {
        "it is still at CODING: delete it there (Project settings > Developer options > Project tokens)"
            .to_owned()
    })
}
