//! `show`: all that is known of one token.

use std::io::Write;

use zeroize::Zeroizing;

use crate::command::completions::token_names;
use crate::command::token_view::Shown;
use crate::command::{Desk, Failure, find, token_view};
use crate::inventory::in_use::in_use;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::system::table::{Cell, Screen, Table, Tone};

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
pub fn run(args: &Args, desk: &mut Desk) -> Result<(), Failure> {
    if args.reveal {
        return reveal(&args.name, desk);
    }
    let inventory = desk.keeper.inventory()?;
    let token = find(&inventory, &args.name)?;
    let used = in_use(&inventory, *desk.now);
    let history = desk.keeper.log().history(*desk.now);
    let shown = Shown::of(token, &inventory, &used, &history, *desk.now);
    if args.json {
        return token_view::write_json(desk, &[shown]);
    }
    let mut table = Table::headless();
    for (head, value) in rows(&shown) {
        table.push([Cell::new(head, Tone::Head), value]);
    }
    // All that is known is shown whole, however narrow the screen.
    table.write(&mut *desk.out, Screen { width: None, ..desk.screen }).map_err(Failure::Output)
}

fn rows(shown: &Shown<'_>) -> Vec<(&'static str, Cell)> {
    let token = shown.token();
    let keys: Vec<_> = token.keys.iter().map(Key::as_str).collect();
    let mut rows = vec![
        ("name", shown.name()),
        ("kind", shown.kind()),
        ("for", shown.places()),
        ("keys", if keys.is_empty() { "-".into() } else { keys.join(", ").into() }),
        ("user", shown.user()),
        ("sort", shown.sort()),
        ("made at", shown.made_at()),
        ("secret", "******** (--reveal writes it)".into()),
        ("label", token.label.as_deref().unwrap_or("-").into()),
        ("permissions", shown.permissions()),
        ("state", shown.state()),
        ("created", shown.created()),
        ("last stored", shown.stored()),
        ("expires", shown.end_or_where()),
        ("last used", shown.last_use()),
        ("used", shown.times_used()),
        ("came by", shown.origin()),
    ];
    rows.extend(shown.remote());
    rows.extend(shown.choices().into_iter().map(|choice| ("chosen for", choice)));
    rows
}

fn reveal(name: &str, desk: &mut Desk) -> Result<(), Failure> {
    let excerpt = desk.keeper.excerpt(None)?;
    let secret = excerpt.release(find(excerpt.inventory(), name)?)?;
    write_secret(&secret, desk.out)
}

/// Writes a secret and a line end, from one buffer that is wiped.
pub fn write_secret(secret: &Secret, out: &mut dyn Write) -> Result<(), Failure> {
    let text = secret.expose().as_bytes();
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text);
    line.push(b'\n');
    out.write_all(&line).map_err(Failure::Output)
}
