//! Checks and texts that `hub` and `coding` share.

use crate::command::args;
use crate::command::error::CommandError;
use crate::command::token_view::dated_cell;
use crate::inventory::{Inventory, NameTaken};
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

/// Returns a clause about a token's expiry, for people.
pub fn expiry_clause(token: &Token, now: Timestamp) -> String {
    match token.expires {
        Some(expires) => format!("ends {}, on {}", expires.relative_to(now), expires.date()),
        None => "does not end".to_owned(),
    }
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
