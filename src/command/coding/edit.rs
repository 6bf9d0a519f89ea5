//! `coding edit`: changes a project token's name, scopes or expiry, where CODING offers that.

use std::slice;

use clap::ArgGroup;

use crate::coding::api::project_scope::{ProjectScope, open_no_registry, scopes_description};
use crate::coding::change::ProjectTokenChanges;
use crate::command::args;
use crate::command::coding::session;
use crate::command::coding::target::TargetLocationArgs;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::model::hint::program;
use crate::model::timestamp::Timestamp;
use crate::model::token::TokenState;

/// Change what a project token is called, what it may do or when it ends, where CODING offers that
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
pub(super) struct CodingEditArgs {
    /// The token's name in the vault
    #[arg(add = token_names())]
    name: String,
    /// What it is to be called at CODING
    #[arg(long, value_name = "NAME", group = "change")]
    token_name: Option<String>,
    /// What it may do from now on, in the place of all before
    #[arg(long, value_name = "SCOPE[:REPOSITORY]", value_parser = ProjectScope::parse, group = "change")]
    scope: Vec<ProjectScope>,
    /// Expiry: 2027-01-31, 2027-01-31T12:00:00Z, a time from now (12h, 90d, 2w, 6mo, 1y) or never
    #[arg(long, value_name = "WHEN", group = "change")]
    expires: Option<String>,
    #[command(flatten)]
    location: TargetLocationArgs,
}

/// Runs the verb.
pub(super) fn run(args: &CodingEditArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let expires = args::parse_coming_expiry(args.expires.as_deref(), *cx.now)?;
    args::parse_label(args.token_name.as_deref())?;
    let (client, targets) = args.location.connect(slice::from_ref(&args.name), cx)?;
    for target in targets {
        let changes = ProjectTokenChanges {
            name: args.token_name.clone(),
            scopes: Some(args.scope.clone()).filter(|scopes| !scopes.is_empty()),
            expires,
        };
        let edited = session(cx, &client).edit(&target, changes)?;
        let expires = edited.expires.map_or_else(|| "never".to_owned(), Timestamp::date);
        cx.say(&format!(
            "changed \"{}\": at CODING \"{}\", it may {}; it expires: {expires}",
            target.token.name,
            edited.name,
            scopes_description(&edited.scopes)
        ));
        let (program, name) = (program(), &target.token.name);
        let opens_registry = !open_no_registry(&edited.scopes);
        if !opens_registry {
            cx.say(&format!("\"{name}\" opens no registry now, so it is switched off here"));
        } else if target.token.scopes.is_empty() {
            cx.say(&format!(
                "it is not known here where it may go ({program} edit {} --registry TEAM-docker.pkg.coding.net/PROJECT)",
                name.as_argument()
            ));
        } else if target.token.state == TokenState::Inactive {
            cx.say(&format!("\"{name}\" is switched off here ({program} activate {})", name.as_argument()));
        }
    }
    Ok(())
}
