//! `show`: all that is known of one token.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::completions::token_names;
use crate::command::find;
use crate::command::ls::TokenJson;
use crate::command::ls::dated;
use crate::command::ls::end_cell;
use crate::command::ls::state;
use crate::command::ls::state_cell;
use crate::command::ls::write_json;
use crate::command::places;
use crate::moment::Moment;
use crate::resolve::in_use;
use crate::table::Cell;
use crate::table::Screen;
use crate::table::Table;
use crate::table::Tone;
use crate::token::Token;
use zeroize::Zeroizing;

/// Show all that is known of a token
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// Write the secret, and nothing else
    #[arg(long)]
    reveal: bool,
    /// Write JSON, as `ls --json` does for one token; never with the secret
    #[arg(long, conflicts_with = "reveal")]
    json: bool,
}

/// Runs the verb.
///
/// # Errors
/// When there is no such token, or its secret does not open.
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    if args.reveal {
        return reveal(&args.name, desk);
    }
    let inventory = desk.keeper.inventory()?;
    let token = find(&inventory, &args.name)?;
    let is_used = in_use(&inventory, *desk.now).contains(&token.id);
    if args.json {
        return write_json(desk, vec![TokenJson::of(token, is_used, *desk.now)]);
    }
    let mut table = Table::headless();
    for (head, value) in rows(token, is_used, *desk.now) {
        table.push([Cell::new(head, Tone::Head), value]);
    }
    // All that is known is shown whole, however narrow the screen.
    table.write(&mut *desk.out, Screen { width: None, ..desk.screen }).map_err(Failure::Output)
}

fn rows(token: &Token, is_used: bool, now: Moment) -> [(&'static str, Cell); 13] {
    let permissions = token.permissions.map_or_else(
        || "not known".to_owned(),
        |permissions| permissions.words().collect::<Vec<_>>().join(", "),
    );
    let keys: Vec<_> = token.keys.iter().map(crate::registry::Key::as_str).collect();
    let state = if is_used {
        Cell::new(&format!("{}, in use", state(token, now)), Tone::Good)
    } else {
        state_cell(token, false, now)
    };
    [
        ("name", token.name.as_str().into()),
        ("kind", token.kind.word().into()),
        ("for", places(token).into()),
        ("keys", keys.join(", ").into()),
        ("user", token.user.shown().into()),
        ("secret", "******** (--reveal writes it)".into()),
        ("label", token.label.as_deref().unwrap_or("-").into()),
        ("permissions", permissions.into()),
        ("state", state),
        ("created", dated(token.created, now).into()),
        ("last stored", dated(token.stored, now).into()),
        ("expires", end_cell(token, now)),
        ("came by", token.origin.word().into()),
    ]
}

/// Writes the secret and a line end, from one buffer that is wiped.
fn reveal(name: &str, desk: &mut Desk) -> Result<(), Failure> {
    let excerpt = desk.keeper.excerpt(None)?;
    let secret = excerpt.release(find(excerpt.inventory(), name)?)?;
    let text = secret.expose().as_bytes();
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text);
    line.push(b'\n');
    desk.out.write_all(&line).map_err(Failure::Output)
}
