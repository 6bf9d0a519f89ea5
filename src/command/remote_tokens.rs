//! Checks and texts that `hub` and `coding` share.

use crate::command::args;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::{dated_cell, expiry_words};
use crate::inventory::in_use::InUseFor;
use crate::inventory::precedence::WiderToken;
use crate::inventory::{Inventory, NameTaken};
use crate::model::hint::program;
use crate::model::listing::list;
use crate::model::name::Name;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::sanitize::clean;
use crate::system::table::{Cell, Tone};

/// The version of the JSON lists. An additional field does not change it.
pub const JSON_VERSION: u32 = 1;

/// Checks that no token of the vault has this name.
pub fn ensure_free_name(name: &Name, inventory: &Inventory) -> Result<(), NameTaken> {
    inventory.find_by_name(name.as_str()).map_or(Ok(()), |_| Err(NameTaken(name.clone())))
}

/// Asks a person to confirm the deletion of tokens at a service.
pub fn confirm_deletion<'n>(
    names: impl Iterator<Item = &'n str>,
    service: &str,
    yes: bool,
) -> Result<(), CommandError> {
    let names: Vec<_> = names.map(clean).collect();
    args::confirm(&format!("Delete {} at {service} for good?", names.join(", ")), yes)
}

/// Returns a clause about the requests that a new token gets: `is in use to pull`.
pub fn in_use_clause(
    token: &Token,
    inventory: &Inventory,
    cx: &CommandContext,
) -> Result<String, CommandError> {
    if token.scopes.is_empty() {
        return Ok("opens no registry".to_owned());
    }
    let in_use = cx.tokens_in_use(inventory)?.get(&token.id).copied();
    Ok(format!("is {}", in_use.map_or("not in use", InUseFor::description)))
}

/// Names the tokens that stay in use beside a new one, and the command that changes this.
pub fn say_wider(token: &Token, wider: &[WiderToken], cx: &mut CommandContext) {
    if wider.is_empty() {
        return;
    }
    let names = wider.iter().map(|other| format!("\"{}\" ({})", other.name, other.scope)).collect::<Vec<_>>();
    let verb = if wider.len() == 1 { "stays" } else { "stay" };
    cx.say(&format!(
        "{} may do more, and {verb} in use for the rest ({} use {} changes that)",
        list(&names),
        program(),
        token.name.as_argument()
    ));
}

/// Returns a clause about a token's expiry at a service, which is known.
pub fn expiry_clause(token: &Token, now: Timestamp) -> String {
    token.expires.map_or_else(|| "does not expire".to_owned(), |_| expiry_words(token, now))
}

/// Returns a time as a list shows it, or `missing` if there is none.
pub fn dated_or(missing: &str, time: Option<Timestamp>, now: Timestamp, tone: Tone) -> Cell {
    time.map_or_else(|| Cell::new(missing, tone), |time| dated_cell(time, now, tone))
}

/// Returns the word for a token's state as `ls` shows it; `None` when it is not known.
pub fn state_word(
    expires: Option<Timestamp>,
    is_active: Option<bool>,
    now: Timestamp,
) -> Option<&'static str> {
    if expires.is_some_and(|expires| expires <= now) {
        return Some("expired");
    }
    is_active.map(|is_active| if is_active { "active" } else { "inactive" })
}
