//! `coding edit`: changes a project token's name, scopes or end, where CODING offers that.

use std::slice;

use clap::ArgGroup;

use crate::coding::api::project_token::{Grant, permissions};
use crate::coding::api::request::Wish;
use crate::coding::error::CodingTrouble;
use crate::coding::team::Team;
use crate::command::coding::target::{TargetPlace, remote};
use crate::command::completions::token_names;
use crate::command::{Desk, Failure, args};
use crate::inventory::Changes;
use crate::model::timestamp::Moment;

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
    #[arg(long, value_name = "SCOPE[:REPOSITORY]", value_parser = Grant::parse, group = "change")]
    scope: Vec<Grant>,
    /// When it ends: 2027-01-31, 2027-01-31T12:00:00Z, 90d or never
    #[arg(long, value_name = "WHEN", group = "change")]
    expires: Option<String>,
    #[command(flatten)]
    place: TargetPlace,
}

/// Runs the verb.
pub(super) fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    let end = args::end(args.expires.as_ref(), *desk.now)?;
    let (coding, targets) = args.place.open(slice::from_ref(&args.name), desk)?;
    for target in targets {
        let gone = || CodingTrouble::NoneThere(args.name.clone());
        let before = target.told(&coding, desk)?.ok_or_else(gone)?;
        // All of it is sent: what is left out could be taken for everything, or for never.
        let wish = Wish {
            name: args.token_name.clone().unwrap_or(before.name),
            grants: if args.scope.is_empty() { before.grants } else { args.scope.clone() },
            expires: end.unwrap_or(before.expires),
        };
        coding.modify(target.project, target.id, &wish, &mut |line| desk.say(line))?;
        let after = target.told(&coding, desk)?.ok_or_else(gone)?;
        let changes = Changes {
            permissions: Some(permissions(&after.grants)),
            expires: Some(after.expires),
            ..Changes::default()
        };
        let noted = remote(&coding, Team::all_of(&target.token).next().as_ref(), target.project, &after);
        desk.keeper.change(|draft| -> Result<_, Failure> {
            draft.inventory.amend(target.token.id, changes)?;
            draft.inventory.recognize(target.token.id, Some(noted));
            Ok(())
        })?;
        let end = after.expires.map_or_else(|| "never".to_owned(), Moment::date);
        let may: Vec<_> = after.grants.iter().map(ToString::to_string).collect();
        desk.say(&format!(
            "changed \"{}\": at CODING \"{}\", it may {}; it ends: {end}",
            target.token.name,
            after.name,
            may.join(", ")
        ));
    }
    Ok(())
}
