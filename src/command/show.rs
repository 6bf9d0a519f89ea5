//! `show`: all that is known of one token.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::find;
use crate::command::ls::TokenJson;
use crate::command::ls::end;
use crate::command::ls::state;
use crate::command::ls::write_json;
use crate::command::places;
use crate::in_use::in_use;
use crate::text::clean;
use crate::text::write_table;
use zeroize::Zeroizing;

/// Show all that is known of a token
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The token's name
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
    let is_used = in_use(&inventory, *desk.now).contains_key(&token.id);
    if args.json {
        return write_json(desk, vec![TokenJson::of(token, is_used, *desk.now)]);
    }
    let permissions = token.permissions.map_or_else(
        || "not known".to_owned(),
        |permissions| permissions.words().collect::<Vec<_>>().join(", "),
    );
    let keys: Vec<_> = token.keys.iter().map(crate::registry::Key::as_str).collect();
    let state = if is_used {
        format!("{}, in use", state(token, *desk.now))
    } else {
        state(token, *desk.now).to_owned()
    };
    let rows = [
        ["name", token.name.as_str()],
        ["kind", token.kind.word()],
        ["for", &places(token)],
        ["keys", &keys.join(", ")],
        ["user", token.user.shown()],
        ["secret", "******** (--reveal writes it)"],
        ["label", token.label.as_deref().unwrap_or("-")],
        ["permissions", &permissions],
        ["state", &state],
        ["created", &token.created.date()],
        ["last stored", &token.stored.date()],
        ["expires", &end(token, *desk.now)],
        ["came by", token.origin.word()],
    ]
    .map(|row| row.map(clean));
    write_table(&mut *desk.out, &rows).map_err(Failure::Output)
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
