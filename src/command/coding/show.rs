//! `coding show`: a project token as CODING knows it, and its secret, which may be seen again there.

use std::slice;

use crate::coding::api::client::Coding;
use crate::coding::api::project_token::ProjectToken;
use crate::coding::error::CodingTrouble;
use crate::command::coding::access::remote_of;
use crate::command::coding::target::TargetPlace;
use crate::command::coding::tokens::write_table;
use crate::command::completions::token_names;
use crate::command::show::write_secret;
use crate::command::{Desk, Failure};
use crate::inventory::Inventory;
use crate::model::token::{Kind, Token};

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
    place: TargetPlace,
}

/// Runs the verb.
pub(super) fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let excerpt = desk.keeper.excerpt(None)?;
    match excerpt.inventory().named(&args.name).cloned() {
        Some(token) if !is_of_project(&token) => Err(CodingTrouble::NoProjectToken(token.name).into()),
        Some(token) if args.reveal => {
            let secret = excerpt.release(&token)?;
            write_secret(&secret, desk.out)
        }
        Some(_) => {
            let (coding, targets) = args.place.open(slice::from_ref(&args.name), desk)?;
            let mut tokens = Vec::new();
            for target in targets {
                let gone = || CodingTrouble::NoneThere(args.name.clone());
                tokens.push(target.told(&coding, desk)?.ok_or_else(gone)?);
            }
            let inventory = desk.keeper.inventory()?;
            write_table(&tokens, &inventory, desk)
        }
        None => {
            let inventory = excerpt.inventory().clone();
            show_there(args, &inventory, desk)
        }
    }
}

fn is_of_project(token: &Token) -> bool {
    token.kind == Kind::Project || remote_of(token).is_some()
}

/// Shows a token that is not in the vault.
fn show_there(args: &Args, inventory: &Inventory, desk: &mut Desk) -> Result<(), Failure> {
    let Some(project) = &args.place.project else {
        return Err(Failure::NoSuchToken(args.name.clone()));
    };
    let place = args.place.access.place(inventory)?;
    let coding = args.place.access.open(place, desk)?;
    let project = coding.project(project, &mut |line| desk.say(line))?.id;
    let token = find_there(&args.name, project, &coding, desk)?;
    if args.reveal {
        let secret = coding.secret(project, token.id, &mut |line| desk.say(line))?;
        return write_secret(&secret, desk.out);
    }
    write_table(slice::from_ref(&token), inventory, desk)
}

fn find_there(name: &str, project: u64, coding: &Coding, desk: &mut Desk) -> Result<ProjectToken, Failure> {
    let tokens = coding.tokens(project, &mut |line| desk.say(line))?;
    // A user name is one token's alone; a name need not be.
    let is_user = |token: &&ProjectToken| token.user == name;
    let mut named = tokens.iter().filter(|token| token.name == name);
    let found = tokens.iter().find(is_user).or_else(|| named.next().filter(|_| named.next().is_none()));
    found.cloned().ok_or_else(|| CodingTrouble::NoneThere(name.to_owned()).into())
}
