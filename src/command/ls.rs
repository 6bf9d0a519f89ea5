//! `ls`: lists the tokens and shows which ones are in use. `HEADS` is the order of the columns, and `token_view`
//! writes the cells.

use crate::client::context::Context;
use crate::command::completions::token_scopes;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view;
use crate::command::token_view::{TokenView, choice_words, chosen_name};
use crate::inventory::Inventory;
use crate::model::choice::Choice;
use crate::model::hint::program;
use crate::model::registry::{DOCKER_HUB_KEY, Key};
use crate::model::scope::{Scope, ScopeError};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::provider::mask_secrets;
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

/// The maximum number of choices for directories to show.
const MOST_CHOICES: usize = 8;

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
    note_directory_choices(&tokens, &inventory, cx)
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

/// Notes each choice for a directory of a listed token, first those that apply here. The table is the same in every
/// directory.
fn note_directory_choices(
    tokens: &[TokenView<'_>],
    inventory: &Inventory,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let listed = |choice: &&Choice| {
        choice.directory.is_some() && tokens.iter().any(|view| view.token.id == choice.token)
    };
    let choices: Vec<&Choice> = inventory.choices().iter().filter(listed).collect();
    if choices.is_empty() {
        return Ok(());
    }
    let context = Context::from_environment(cx.called_as)?;
    let any_key = Key::parse(DOCKER_HUB_KEY)?;
    let request = context.stated_request(&any_key, inventory);
    let is_here = |choice: &&Choice| choice.directory.is_some() && request.is_at_place_of(choice);
    // Of two that apply here, the one for the deeper directory is followed.
    let is_followed = |choice: &&Choice| {
        let same_case = |other: &&Choice| {
            (&other.scope, &other.profile, other.direction)
                == (&choice.scope, &choice.profile, choice.direction)
        };
        inventory.choices().iter().filter(is_here).filter(same_case).all(|other| {
            other.directory.as_ref().map(String::len) <= choice.directory.as_ref().map(String::len)
        })
    };
    let (here, elsewhere): (Vec<_>, Vec<_>) = choices.into_iter().partition(is_here);
    let here = here.into_iter().filter(is_followed).map(|choice| ("here, ", choice));
    let mut notes = here.chain(elsewhere.into_iter().map(|choice| ("", choice)));
    for (place, choice) in notes.by_ref().take(MOST_CHOICES) {
        let name = chosen_name(choice, inventory);
        cx.say(&format!("{place}{name} is chosen for {}", choice_words(choice)));
    }
    match notes.count() {
        0 => {}
        more => {
            cx.say(&format!("more choices for directories, not shown: {more} ({} show NAME)", program()));
        }
    }
    Ok(())
}

impl LsArgs {
    /// Says that no token matches the arguments.
    fn nothing_found(&self) -> String {
        match self.registry.as_deref().map(mask_secrets) {
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
