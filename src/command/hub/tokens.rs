//! `hub tokens`: lists the tokens of an account at Docker Hub, and shows which of them are in the vault.

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::hub::account;
use crate::command::hub::output::{TokenRow, write_json, write_table};
use crate::command::hub::sign_in::SignInArgs;
use crate::command::token_view::count_words;
use crate::hub::api::{HubAccount, HubApi};
use crate::hub::kept_token;
use crate::hub::label_marker::unmarked_label;
use crate::inventory::Inventory;
use crate::model::hint::program;
use crate::model::remote::Rotation;
use crate::model::token::Token;

/// List the tokens at Docker Hub, and which of them are in the vault
#[derive(Debug, clap::Args)]
pub(super) struct HubTokensArgs {
    /// Those of an organization
    #[arg(long, value_name = "ORGANIZATION")]
    org: Option<String>,
    /// Write JSON: {"version":1,"account":…,"tokens":[…]}
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    sign_in: SignInArgs,
}

/// Runs the verb.
pub(super) fn run(args: &HubTokensArgs, hub: &HubApi, cx: &mut CommandContext) -> Result<(), CommandError> {
    let account = account(args.org.as_ref());
    let client = args.sign_in.run(hub, None, cx)?;
    let all = client.list(&account)?;
    let inventory = cx.store.inventory()?;
    let (url, now) = (hub.custom_url(), *cx.now);
    let row =
        |listed| TokenRow::new(listed, kept_token(&inventory, &account, url.as_deref(), &listed.id), now);
    let rows: Vec<_> = all.iter().map(row).collect();
    let account = match &account {
        HubAccount::Person => client.user(),
        HubAccount::Organization(name) => name,
    };
    if args.json {
        return write_json(account, &rows, cx);
    }
    if !rows.is_empty() {
        write_table(&rows, cx)?;
    }
    let count = rows.iter().filter(|row| row.name.is_some()).count();
    cx.say(&format!("{} of {account} at Docker Hub, {count} of them here", count_words(rows.len())));
    for row in rows.iter().filter(|row| is_lost(row, &inventory)) {
        cx.say(&format!(
            "note: \"{}\" was being made when that was stopped, and nobody has its secret ({} hub rm --id {})",
            row.label,
            program(),
            row.id
        ));
    }
    Ok(())
}

/// True for a token whose creation was interrupted, unless a rotation will continue it.
fn is_lost(row: &TokenRow<'_>, inventory: &Inventory) -> bool {
    let label = row.label;
    let is_rotating = |token: &Token| {
        let rotation = token.remote.as_ref().and_then(|remote| remote.rotation.as_ref());
        matches!(rotation, Some(Rotation::Making { label: making }) if making == label)
    };
    row.name.is_none() && unmarked_label(label).is_some() && !inventory.tokens().iter().any(is_rotating)
}
