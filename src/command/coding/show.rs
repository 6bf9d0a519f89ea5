//! `coding show`: a project token as CODING knows it, and its secret, which may be seen again there.

use std::slice;

use crate::coding::api::client::CodingClient;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::error::CodingError;
use crate::command::coding::access::remote_of;
use crate::command::coding::target::TargetLocationArgs;
use crate::command::coding::tokens::write_table;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::show::write_secret;
use crate::inventory::Inventory;
use crate::model::token::{Token, TokenKind};

/// Show a project token as CODING knows it, or with --reveal its secret
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Its name in the vault; for one that is not there, its name or user name at CODING, with --project
    #[arg(add = token_names())]
    name: String,
    /// Write the secret, and nothing else: from the vault, else from CODING where it offers that
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    place: TargetLocationArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, cx: &mut CommandContext) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    match excerpt.inventory().find_by_name(&args.name).cloned() {
        Some(token) if !is_of_project(&token) => Err(CodingError::NoProjectToken(token.name).into()),
        Some(token) if args.reveal => {
            let secret = excerpt.release(&token)?;
            write_secret(&secret, cx.out)
        }
        Some(_) => {
            let (coding, targets) = args.place.open(slice::from_ref(&args.name), cx)?;
            let mut tokens = Vec::new();
            for target in targets {
                let gone = || CodingError::NoneThere(args.name.clone());
                tokens.push(target.fetch(&coding, cx)?.ok_or_else(gone)?);
            }
            let inventory = cx.store.inventory()?;
            write_table(&tokens, &inventory, cx)
        }
        None => {
            let inventory = excerpt.inventory().clone();
            show_there(args, &inventory, cx)
        }
    }
}

fn is_of_project(token: &Token) -> bool {
    token.kind == TokenKind::Project || remote_of(token).is_some()
}

/// Shows a token that is not in the vault.
fn show_there(args: &Args, inventory: &Inventory, cx: &mut CommandContext) -> Result<(), CommandError> {
    let Some(project) = &args.place.project else {
        return Err(ArgumentError::NoSuchToken(args.name.clone()).into());
    };
    let place = args.place.access.place(inventory)?;
    let coding = args.place.access.open(place, cx)?;
    let project = coding.project(project, &mut |line| cx.say(line))?.id;
    let token = find_there(&args.name, project, &coding, cx)?;
    if args.reveal {
        let secret = coding.secret(project, token.id, &mut |line| cx.say(line))?;
        return write_secret(&secret, cx.out);
    }
    write_table(slice::from_ref(&token), inventory, cx)
}

fn find_there(
    name: &str,
    project: u64,
    coding: &CodingClient,
    cx: &mut CommandContext,
) -> Result<ProjectToken, CommandError> {
    let tokens = coding.tokens(project, &mut |line| cx.say(line))?;
    // A user name is one token's alone; a name need not be.
    let is_user = |token: &&ProjectToken| token.user == name;
    let mut named = tokens.iter().filter(|token| token.name == name);
    let found = tokens.iter().find(is_user).or_else(|| named.next().filter(|_| named.next().is_none()));
    found.cloned().ok_or_else(|| CodingError::NoneThere(name.to_owned()).into())
}
