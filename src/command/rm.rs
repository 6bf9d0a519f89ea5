//! `rm`: removes tokens and their secrets from the vault.

use crate::command::args::find_all;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::hint::program;
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
    let removed = cx.store.change(|draft| -> Result<_, CommandError> {
        let tokens = find_all(&draft.inventory, &args.names)?;
        for token in &tokens {
            draft.inventory.remove(token.id);
        }
        Ok(tokens)
    })?;
    for token in removed {
        cx.say(&format!("removed \"{}\" from the vault", token.name));
        if let Some(note) = remote_note(&token) {
            cx.say(&note);
        }
    }
    Ok(())
}

/// Returns a note that a token still exists at its service, and how to delete it there. `None` when the service is
/// not known.
fn remote_note(token: &Token) -> Option<String> {
    let remote = token.remote.as_ref().filter(|_| cfg!(feature = "online"))?;
    Some(if remote.service.is_docker_hub() {
        let verb = remote.rm_by_id(&remote.id);
        format!("it is still at Docker Hub ({} {verb} deletes it)", program())
    } else {
        "it is still at CODING: delete it there (Project settings > Developer options > Project tokens)"
            .to_owned()
    })
}
