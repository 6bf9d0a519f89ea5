//! `coding`: the life of CODING's project tokens without a browser, and the line to log in with.

mod access;
mod create;
mod edit;
mod login_command;
mod rm;
mod show;
mod switch;
mod target;
mod tokens;
mod whoami;

use crate::command::{Desk, Failure};
use crate::model::token::Standing;

/// Make, list, change and delete project tokens at CODING, and show the line to log in with
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    LoginCommand(login_command::Args),
    Tokens(tokens::Args),
    Create(create::Args),
    Edit(edit::Args),
    /// Make project tokens work again, where CODING offers that
    Enable(target::Targets),
    /// Stop project tokens from working until they are enabled, where CODING offers that
    Disable(target::Targets),
    Rm(rm::Args),
    Show(show::Args),
    Whoami(whoami::Args),
}

/// Runs the verb.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    match &args.deed {
        Deed::LoginCommand(args) => login_command::run(args, desk),
        Deed::Tokens(args) => tokens::run(args, desk),
        Deed::Create(args) => create::run(args, desk),
        Deed::Edit(args) => edit::run(args, desk),
        Deed::Enable(args) => switch::run(args, Standing::Active, desk),
        Deed::Disable(args) => switch::run(args, Standing::Inactive, desk),
        Deed::Rm(args) => rm::run(args, desk),
        Deed::Show(args) => show::run(args, desk),
        Deed::Whoami(args) => whoami::run(args, desk),
    }
}
