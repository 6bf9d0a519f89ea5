//! `hub rotate`: replaces a token with a new one, at Docker Hub and in the vault.

use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::sign_in::SignInArgs;
use crate::command::hub::target::linked_token;
use crate::command::hub::{parse_hub_expiry, session};
use crate::command::remote_tokens::expiry_clause;
use crate::hub::LinkedToken;
use crate::hub::api::HubApi;
use crate::hub::rotate::{OldTokenAction, OldTokenOutcome, RotateOptions, RotateReport, SuccessorExpiry};
use crate::model::hint::program;

/// Replace a token with a new one at Docker Hub; can be stopped at any time; run it again to resume
#[derive(Debug, clap::Args)]
pub(super) struct HubRotateArgs {
    /// The token: by name here, by ID at Docker Hub (or how it begins, at least 4 characters), or by label there
    #[arg(value_name = "NAME|ID|LABEL", add = token_names())]
    name: String,
    /// Delete the old one, rather than only switch it off
    #[arg(long)]
    delete_old: bool,
    /// Expiry of the new token, within a year; by default, it lasts as long as the old one did
    #[arg(long, value_name = "WHEN")]
    expires: Option<String>,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &HubRotateArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let options = RotateOptions {
        expires: match &args.expires {
            Some(text) => SuccessorExpiry::Fixed(parse_hub_expiry(text, *cx.now)?),
            None => SuccessorExpiry::SameLifetime,
        },
        old_token: if args.delete_old { OldTokenAction::Delete } else { OldTokenAction::Deactivate },
    };
    let linked = linked_token(&args.name, hub, cx)?;
    let client = args.sign_in.run(hub, linked.owner(), cx)?;
    let report = session(cx, &client).rotate(linked.token.id, &options)?;
    let inventory = cx.store.inventory()?;
    let token = inventory.tokens().iter().find(|token| token.id == linked.token.id);
    let token = token.unwrap_or(&linked.token);
    if report.was_resumed {
        cx.say("a rotation that was stopped went on");
    }
    cx.say(&format!(
        "\"{}\" has its new secret, which {}; the old one {}",
        token.name,
        expiry_clause(token, *cx.now),
        old_token_clause(&report, &linked)
    ));
    for name in &report.orphaned {
        cx.say(&format!(
            "\"{name}\" has the old secret, which no longer works ({} rm {})",
            program(),
            name.as_argument()
        ));
    }
    cx.note_restrictions(token);
    Ok(())
}

fn old_token_clause(report: &RotateReport, linked: &LinkedToken) -> String {
    let how_to_delete = format!("({} {} deletes it)", program(), linked.remote.rm_by_id(&report.old_id));
    match report.old_token {
        OldTokenOutcome::Inactive => format!("is switched off at Docker Hub {how_to_delete}"),
        OldTokenOutcome::Expired => format!("had expired, and can only be deleted {how_to_delete}"),
        OldTokenOutcome::Deleted => "is deleted at Docker Hub".to_owned(),
        OldTokenOutcome::Gone => "was gone at Docker Hub".to_owned(),
    }
}
