//! `coding`: manages CODING's project tokens without a browser, and writes the line to log in with.

mod access;
mod create;
mod edit;
mod login_command;
mod output;
mod rm;
mod show;
mod switch;
mod target;
mod tokens;
mod whoami;

use crate::coding::CodingSession;
use crate::coding::api::client::CodingClient;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::token::TokenState;

/// Facts about the service that a person should know before a token is made there.
const ENDING: &str = "CODING is being shut down: its free edition closed on 2025-09-01, and all of it is switched off on \
     2028-09-30. Tencent points to CNB, whose tokens `add NAME --registry docker.cnb.cool/ORGANIZATION` keeps. \
     The calls for project tokens are in no published reference of CODING; what it answers is shown.";

/// Manage project tokens at CODING; for CNB, see `add`
#[derive(Debug, clap::Args)]
#[command(after_help = ENDING)]
pub struct CodingArgs {
    #[command(subcommand)]
    verb: CodingVerb,
}

#[derive(Debug, clap::Subcommand)]
enum CodingVerb {
    LoginCommand(login_command::CodingLoginCommandArgs),
    #[command(aliases = ["ls", "list"])]
    Tokens(tokens::CodingTokensArgs),
    Create(create::CodingCreateArgs),
    Edit(edit::CodingEditArgs),
    /// Make project tokens work again, where CODING offers that
    #[command(visible_alias = "activate")]
    Enable(target::TargetArgs),
    /// Stop project tokens from working until they are enabled, where CODING offers that
    #[command(visible_alias = "deactivate")]
    Disable(target::TargetArgs),
    #[command(aliases = ["remove", "delete"])]
    Rm(rm::CodingRmArgs),
    Show(show::CodingShowArgs),
    Whoami(whoami::CodingWhoamiArgs),
}

/// Runs the verb.
pub fn run(args: &CodingArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    cx.store.require_proof()?;
    match &args.verb {
        CodingVerb::LoginCommand(args) => login_command::run(args, cx),
        CodingVerb::Tokens(args) => tokens::run(args, cx),
        CodingVerb::Create(args) => create::run(args, cx),
        CodingVerb::Edit(args) => edit::run(args, cx),
        CodingVerb::Enable(args) => switch::run(args, TokenState::Active, cx),
        CodingVerb::Disable(args) => switch::run(args, TokenState::Inactive, cx),
        CodingVerb::Rm(args) => rm::run(args, cx),
        CodingVerb::Show(args) => show::run(args, cx),
        CodingVerb::Whoami(args) => whoami::run(args, cx),
    }
}

fn session<'s>(cx: &'s CommandContext, client: &'s CodingClient) -> CodingSession<'s> {
    CodingSession { store: &cx.store, client, now: *cx.now }
}
