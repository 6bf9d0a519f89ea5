//! `ls`: every token, and which are in use.

use crate::command::completions::token_places;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view;
use crate::command::token_view::TokenView;
use crate::inventory::Inventory;
use crate::inventory::in_use::tokens_in_use;
use crate::model::scope::{Scope, ScopeError};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::system::table::{Cell, Table};

const HEADS: [&str; 11] = [
    "NAME",
    "KIND",
    "FOR",
    "USER",
    "ALLOWS",
    "STATE",
    "CREATED",
    "STORED",
    "EXPIRES",
    "LAST-USED",
    "CAME-BY",
];

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["CAME-BY", "STORED", "CREATED", "LAST-USED", "ALLOWS", "KIND", "USER"];

/// List the tokens, and which of them are in use
#[derive(Debug, clap::Args)]
pub struct LsArgs {
    /// Only tokens that may go there
    #[arg(long, short, value_name = "REGISTRY[/PATH]", add = token_places())]
    registry: Option<String>,
    /// Only tokens that have expired
    #[arg(long)]
    expired: bool,
    /// Write JSON: {"version":1,"tokens":[…]}
    #[arg(long)]
    json: bool,
}

/// Runs the verb.
pub fn run(args: &LsArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let inventory = cx.store.inventory()?;
    let tokens = args.select(&inventory, *cx.now)?;
    let used = tokens_in_use(&inventory, *cx.now);
    let history = cx.store.log().history(*cx.now);
    let shown = |token| TokenView::of(token, &inventory, &used, &history, *cx.now);
    let tokens: Vec<_> = tokens.into_iter().map(shown).collect();
    if args.json {
        return token_view::write_json(cx, &tokens);
    }
    if tokens.is_empty() {
        cx.say(match inventory.tokens().len() {
            0 => "no tokens yet: docker login, or docker-credential-pat add",
            _ => "no token is like that; docker-credential-pat ls shows all of them",
        });
        return Ok(());
    }
    let mut table = Table::with_heads(HEADS, LEAST_FIRST);
    for token in &tokens {
        table.push(row(token));
    }
    table.write(&mut *cx.out, cx.screen).map_err(CommandError::output)
}

impl LsArgs {
    /// Returns the tokens that are asked for.
    fn select<'i>(&self, inventory: &'i Inventory, now: Timestamp) -> Result<Vec<&'i Token>, ScopeError> {
        let mut tokens: Vec<_> = inventory.tokens().iter().collect();
        if let Some(text) = &self.registry {
            let holds = |token: &Token| token.keys.iter().any(|key| key.as_str() == text);
            // A key that is no registry address is still one that a client asks for.
            let place = match Scope::parse_typed(text) {
                Err(_) if tokens.iter().any(|token| holds(token)) => None,
                place => Some(place?),
            };
            tokens.retain(|token| holds(token) || place.as_ref().is_some_and(|place| token.may_go_to(place)));
        }
        tokens.retain(|token| !self.expired || token.has_expired(now));
        Ok(tokens)
    }
}

fn row(token: &TokenView<'_>) -> [Cell; HEADS.len()] {
    [
        token.name(),
        token.kind(),
        token.places(),
        token.user(),
        token.permissions(),
        token.state(),
        token.created(),
        token.stored(),
        token.end(),
        token.last_used(),
        token.origin(),
    ]
}
