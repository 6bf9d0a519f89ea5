//! `show`: the details of one token.

use zeroize::Zeroizing;

use crate::command::args::find;
use crate::command::completions::token_names;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view;
use crate::command::token_view::TokenView;
use crate::model::registry::Key;
use crate::model::secret::Secret;
use crate::system::table::{Cell, Table, Tone};

/// Show everything known about a token
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
    let in_use = cx.tokens_in_use(&inventory)?;
    let history = cx.store.log().history(*cx.now);
    let view = TokenView::new(token, &inventory, &in_use, &history, *cx.now);
    if args.json {
        return token_view::write_json(cx, &[view]);
    }
    let mut table = Table::headless();
    for (head, value) in rows(&view) {
        table.push([Cell::new(head, Tone::Head), value]);
    }
    cx.print_uncut_table(&table)
}

/// Returns the rows, without those of which nothing is known.
fn rows(view: &TokenView<'_>) -> Vec<(&'static str, Cell)> {
    let token = view.token;
    let keys: Vec<_> = token.keys.iter().map(Key::as_str).collect();
    let mut rows = vec![
        ("name", token.name.as_str().into()),
        ("kind", token.kind.word().into()),
        ("for", view.scopes()),
        ("keys", if keys.is_empty() { Cell::unknown() } else { keys.join(", ").into() }),
        ("user", token.user.display_name().into()),
        ("sort", view.credential_type()),
        ("made at", view.made_at()),
        ("secret", "******** (--reveal writes it)".into()),
        ("label", token.label.as_deref().map_or_else(Cell::unknown, Cell::from)),
        ("permissions", view.permissions()),
        ("state", view.state()),
        ("created", view.created()),
        ("last stored", view.stored()),
        ("expires", view.expires_or_provider_note()),
        ("last used", view.last_use()),
        ("used", view.use_count()),
        ("came by", token.origin.word().into()),
    ];
    rows.retain(|(_, value)| !value.is_unknown());
    rows.extend(view.previous_secret());
    rows.extend(view.remote());
    rows.extend(view.choices().into_iter().map(|choice| ("chosen for", choice)));
    rows
}

fn reveal(name: &str, cx: &mut CommandContext) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    let token = find(excerpt.inventory(), name)?;
    let (secret, command) = (excerpt.release(token)?, format!("show {} --reveal", token.name.as_argument()));
    write_secret(&secret, &command, cx)
}

/// Writes a secret and a line end from one buffer, which is wiped. `command` is what reveals the secret.
pub fn write_secret(secret: &Secret, command: &str, cx: &mut CommandContext) -> Result<(), CommandError> {
    let text = secret.expose().as_bytes();
    let mut line = Zeroizing::new(Vec::with_capacity(text.len() + 1));
    line.extend_from_slice(text);
    line.push(b'\n');
    cx.write_exact(&line, command)
}
