//! `coding show`: shows a project token as CODING has it, or its secret.

use std::slice;

use crate::coding::coding_remote;
use crate::coding::error::CodingError;
use crate::command::coding::output::write_table;
use crate::command::coding::session;
use crate::command::coding::target::TargetLocationArgs;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::show::write_secret;
use crate::inventory::Inventory;
use crate::model::name::quoted;
use crate::model::token::{Token, TokenKind};

/// Show a project token as CODING knows it, or with --reveal its secret
#[derive(Debug, clap::Args)]
pub(super) struct CodingShowArgs {
    /// Its name in the vault; for one that is not there, its name or user name at CODING, with --project
    #[arg(add = token_names())]
    name: String,
    /// Write the secret, and nothing else: from the vault, else from CODING where it offers that
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    location: TargetLocationArgs,
}

/// Runs the verb.
pub(super) fn run(args: &CodingShowArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    match excerpt.inventory().find_by_name(&args.name).cloned() {
        Some(token) if !is_project_token(&token) => Err(CodingError::NotAProjectToken(token.name).into()),
        Some(token) if args.reveal => {
            let secret = excerpt.release(&token)?;
            write_secret(&secret, &command(args), cx)
        }
        Some(_) => {
            let (client, targets) = args.location.connect(slice::from_ref(&args.name), cx)?;
            let gone = || CodingError::NotFound(args.name.clone());
            let session = session(cx, &client);
            let tokens: Result<Vec<_>, _> =
                targets.iter().map(|target| session.fetch(target)?.ok_or_else(gone)).collect();
            write_table(&tokens?, &cx.store.inventory()?, cx)
        }
        None => {
            let inventory = excerpt.inventory().clone();
            show_unknown(args, &inventory, cx)
        }
    }
}

/// Returns the command that reveals the secret.
fn command(args: &CodingShowArgs) -> String {
    format!("coding show {} --reveal", quoted(&args.name))
}

fn is_project_token(token: &Token) -> bool {
    token.kind == TokenKind::Project || coding_remote(token).is_some()
}

/// Shows a token that is not in the vault.
fn show_unknown(
    args: &CodingShowArgs,
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let Some(project) = &args.location.project else {
        return Err(ArgumentError::NoSuchToken(args.name.clone()).into());
    };
    let client = args.location.access.connect(inventory, cx)?;
    let project = client.project(project)?.id;
    let token = session(cx, &client).find(project, &args.name)?;
    if args.reveal {
        return write_secret(&client.secret(project, token.id)?, &command(args), cx);
    }
    write_table(slice::from_ref(&token), inventory, cx)
}
