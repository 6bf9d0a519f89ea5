//! `show`: all that is known of one token.

use std::io::Write;

use zeroize::Zeroizing;

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view;
use crate::command::token_view::TokenView;
use crate::inventory::in_use::tokens_in_use;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::system::table::{Cell, Screen, Table, Tone};

/// Show all that is known of a token
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
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
pub fn run(args: &ShowArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    if args.reveal {
        return reveal(&args.name, cx);
    }
    let inventory = cx.store.inventory()?;
    let token = find(&inventory, &args.name)?;
    let used = tokens_in_use(&inventory, *cx.now);
    let history = cx.store.log().history(*cx.now);
    let shown = TokenView::of(token, &inventory, &used, &history, *cx.now);
    if args.json {
        return token_view::write_json(cx, &[shown]);
    }
    let mut table = Table::headless();
    for (head, value) in rows(&shown) {
        table.push([Cell::new(head, Tone::Head), value]);
    }
    // All that is known is shown whole, however narrow the screen.
    table.write(&mut *cx.out, Screen { width: None, ..cx.screen }).map_err(CommandError::output)
}

fn rows(shown: &TokenView<'_>) -> Vec<(&'static str, Cell)> {
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

fn reveal(name: &str, cx: &mut CommandContext) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    let secret = excerpt.release(find(excerpt.inventory(), name)?)?;
    write_secret(&secret, cx.out)
}

/// Writes a secret and a line end, from one buffer that is wiped.
pub fn write_secret(secret: &Secret, out: &mut dyn Write) -> Result<(), CommandError> {
    let text = secret.expose().as_bytes();
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text);
    line.push(b'\n');
    out.write_all(&line).map_err(CommandError::output)
}
