//! `coding edit`: changes a project token's name, scopes or end, where CODING offers that.

use std::slice;

use clap::ArgGroup;

use crate::coding::api::project_token::{ProjectScope, permissions};
use crate::coding::api::request::ProjectTokenRequest;
use crate::coding::error::CodingError;
use crate::coding::team::Team;
use crate::command::args;
use crate::command::coding::target::{TargetLocationArgs, remote};
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::inventory::TokenChanges;
use crate::model::timestamp::Timestamp;

/// Change what a project token is called, what it may do or when it ends, where CODING offers that
#[derive(Debug, clap::Args)]
#[command(group(ArgGroup::new("change").required(true).multiple(true)))]
pub(super) struct Args {
    /// The token's name in the vault
    #[arg(add = token_names())]
    name: String,
    /// What it is to be called at CODING
    #[arg(long, value_name = "NAME", group = "change")]
    token_name: Option<String>,
    /// What it may do from now on, in the place of all before
    #[arg(long, value_name = "SCOPE[:REPOSITORY]", value_parser = ProjectScope::parse, group = "change")]
    scope: Vec<ProjectScope>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN", group = "change")]
    expires: Option<String>,
    #[command(flatten)]
    place: TargetLocationArgs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, cx: &mut CommandContext) -> Result<(), CommandError> {
    let end = args::parse_expiry(args.expires.as_ref(), *cx.now)?;
    let (coding, targets) = args.place.open(slice::from_ref(&args.name), cx)?;
    for target in targets {
        let gone = || CodingError::NoneThere(args.name.clone());
        let before = target.fetch(&coding, cx)?.ok_or_else(gone)?;
        // All of it is sent: what is left out could be taken for everything, or for never.
        let wish = ProjectTokenRequest {
            name: args.token_name.clone().unwrap_or(before.name),
            grants: if args.scope.is_empty() { before.grants } else { args.scope.clone() },
            expires: end.unwrap_or(before.expires),
        };
        coding.modify(target.project, target.id, &wish, &mut |line| cx.say(line))?;
        let after = target.fetch(&coding, cx)?.ok_or_else(gone)?;
        let changes = TokenChanges {
            permissions: Some(permissions(&after.grants)),
            expires: Some(after.expires),
            ..TokenChanges::default()
        };
        let noted = remote(&coding, Team::all_of(&target.token).next().as_ref(), target.project, &after);
        cx.store.change(|draft| -> Result<_, CommandError> {
            draft.inventory.edit(target.token.id, changes)?;
            draft.inventory.set_remote(target.token.id, Some(noted));
            Ok(())
        })?;
        let end = after.expires.map_or_else(|| "never".to_owned(), Timestamp::date);
        let may: Vec<_> = after.grants.iter().map(ToString::to_string).collect();
        cx.say(&format!(
            "changed \"{}\": at CODING \"{}\", it may {}; it ends: {end}",
            target.token.name,
            after.name,
            may.join(", ")
        ));
    }
    Ok(())
}
