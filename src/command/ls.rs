//! `ls`: lists the tokens and shows which ones are in use. `HEADS` is the order of the columns, and `token_view`
//! writes the cells.

use crate::command::completions::token_scopes;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view;
use crate::command::token_view::TokenView;
use crate::inventory::Inventory;
use crate::model::hint::program;
use crate::model::scope::{Scope, ScopeError};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::provider::mask_tokens;
use crate::system::table::{BRIEF, Cell, Table};

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

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] =
    &["STORED", "CREATED", "LAST-USED", "CAME-BY", BRIEF, "ALLOWS", "KIND", "EXPIRES", "USER"];

/// List tokens and show which are in use
#[derive(Debug, clap::Args)]
pub struct LsArgs {
    /// Only tokens for this registry
    #[arg(long, short, value_name = "REGISTRY[/PATH]", add = token_scopes())]
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
    let in_use = cx.tokens_in_use(&inventory)?;
    let history = cx.store.log().history(*cx.now);
    let view = |token| TokenView::new(token, &inventory, &in_use, &history, *cx.now);
    let tokens: Vec<_> = tokens.into_iter().map(view).collect();
    if args.json {
        return token_view::write_json(cx, &tokens);
    }
    if tokens.is_empty() {
        let program = program();
        let no_home = cx.store.refuse_no_home().err();
        cx.say(&match (inventory.tokens().len(), no_home) {
            (_, Some(error)) => format!("no tokens: {error}"),
            (0, None) => format!("no tokens yet: docker login, or {program} add"),
            (_, None) => format!("{} ({program} ls)", args.nothing_found()),
        });
        return Ok(());
    }
    let mut table = Table::with_heads(HEADS, LEAST_FIRST).keep_whole(&["NAME"]);
    for token in &tokens {
        table.push(row(token));
    }
    cx.print_table(&table)?;
    note_logins_for_parts(&inventory, cx);
    note_directory_choices(&inventory, cx);
    Ok(())
}

/// Notes each token that a client logged in with for more than the token is for.
fn note_logins_for_parts(inventory: &Inventory, cx: &mut CommandContext) {
    for token in inventory.tokens() {
        if let Some(key) = token.key_beyond_scopes() {
            let (name, scopes) = (&token.name, token_view::scope_words(token));
            cx.say(&format!(
                "a client logged in to {} with \"{name}\", which is for {scopes} only",
                key.as_str()
            ));
        }
    }
}

/// Notes that some tokens are in use in certain directories only. The listing is the same in every directory.
fn note_directory_choices(inventory: &Inventory, cx: &mut CommandContext) {
    let count = inventory.choices().iter().filter(|choice| choice.directory.is_some()).count();
    let choices = match count {
        0 => return,
        1 => "1 choice for a directory does not count here".to_owned(),
        _ => format!("{count} choices for directories do not apply here"),
    };
    cx.say(&format!("{choices} ({} explain IMAGE, in that directory, follows it)", program()));
}

impl LsArgs {
    /// Says that no token matches the arguments.
    fn nothing_found(&self) -> String {
        match self.registry.as_deref().map(mask_tokens) {
            None => "no token has expired".to_owned(),
            Some(registry) if self.expired => format!("no token for {registry} has expired"),
            Some(registry) => format!("no token is for {registry}"),
        }
    }

    /// Returns the tokens that match the arguments.
    fn select<'i>(&self, inventory: &'i Inventory, now: Timestamp) -> Result<Vec<&'i Token>, ScopeError> {
        let mut tokens: Vec<_> = inventory.tokens().iter().collect();
        if let Some(text) = &self.registry {
            let has_key = |token: &Token| token.keys.iter().any(|key| key.as_str() == text);
            // A client can ask for a key that is not a registry address.
            let scope = match Scope::parse_typed(text) {
                Err(_) if tokens.iter().any(|token| has_key(token)) => None,
                scope => Some(scope?),
            };
            tokens
                .retain(|token| has_key(token) || scope.as_ref().is_some_and(|scope| token.may_go_to(scope)));
        }
        tokens.retain(|token| !self.expired || token.has_expired(now));
        Ok(tokens)
    }
}

fn row(view: &TokenView<'_>) -> [Cell; HEADS.len()] {
    let token = view.token;
    [
        token.name.as_str().into(),
        token.kind.word().into(),
        view.scopes(),
        token.user.display_name().into(),
        view.permissions(),
        view.state(),
        view.created(),
        view.stored(),
        view.expires(),
        view.last_used(),
        token.origin.word().into(),
    ]
}
