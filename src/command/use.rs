//! `use`: puts a token in use, or chooses it for a scope, a profile, a directory, pulls or pushes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::client::context::Context;
use crate::command::args;
use crate::command::args::find;
use crate::command::completions::{token_names, token_scopes};
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::token_view::{choice_words, chosen_name, scope_words};
use crate::inventory::Inventory;
use crate::model::choice::Choice;
use crate::model::hint::{Hint, program};
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::{Direction, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::{Request, RequestSource, Sourced};
use crate::resolve::resolve;
use crate::system::disk::DiskError;
use crate::system::env;

/// Choose which token is used
///
/// With a name alone, clients get this token from now on wherever it may go. With a registry or an option, it is chosen
/// for that case, until you clear the choice.
#[derive(Debug, clap::Args)]
pub struct UseArgs {
    /// The token's name
    #[arg(required_unless_present = "clear", add = token_names())]
    name: Option<String>,
    /// Choose it for this registry, or for a path in one
    #[arg(value_name = "REGISTRY[/PATH]", add = token_scopes())]
    scope: Option<String>,
    /// Choose it under this profile only
    #[arg(long, value_parser = args::parse_profile)]
    profile: Option<String>,
    /// Choose it in and below this directory only
    #[arg(long)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    direction: ChoiceDirectionArgs,
    /// Undo the choice for exactly this case; without a case, all choices
    #[arg(long)]
    clear: bool,
}

#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct ChoiceDirectionArgs {
    /// Choose it for pulls only
    #[arg(long)]
    pull: bool,
    /// Choose it for pushes only, and for commands that pull and push
    #[arg(long)]
    push: bool,
    /// Choose it for deletions only
    #[arg(long)]
    delete: bool,
}

impl ChoiceDirectionArgs {
    fn direction(&self) -> Option<Direction> {
        let directions =
            [(self.pull, Direction::Pull), (self.push, Direction::Push), (self.delete, Direction::Delete)];
        directions.into_iter().find_map(|(is_given, direction)| is_given.then_some(direction))
    }
}

/// The case that a token is chosen for. A field that is `None` matches every value.
#[derive(Default, PartialEq, Eq)]
struct ChoiceCase {
    scope: Option<Scope>,
    profile: Option<String>,
    directory: Option<String>,
    direction: Option<Direction>,
}

/// Runs the verb.
pub fn run(args: &UseArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut case = ChoiceCase::parse(args)?;
    let Some(name) = &args.name else { return clear(None, &case, cx) };
    let token = find(&cx.store.inventory()?, name).map(drop);
    if args.clear {
        // With --clear the first argument may be the registry instead of a token.
        let scope = Scope::parse_typed(name).ok().filter(|_| token.is_err() && case.scope.is_none());
        let is_scope = scope.is_some();
        case.scope = case.scope.or(scope);
        return if is_scope {
            clear(None, &case, cx)
        } else {
            token.and_then(|()| clear(Some(name), &case, cx))
        };
    }
    token?;
    let inventory = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = find(&draft.inventory, name)?.clone();
        if case.is_any() {
            draft.inventory.use_everywhere(token.id);
        } else {
            case.choices(&token)?.into_iter().for_each(|choice| draft.inventory.set_choice(choice));
        }
        Ok(draft.inventory.clone())
    })?;
    let token = find(&inventory, name)?;
    if case.is_any() {
        say_in_use(token, &inventory, cx)?;
    } else {
        for choice in case.choices(token)? {
            cx.say(&format!("\"{}\" is chosen for {}", token.name, choice_words(&choice)));
        }
    }
    cx.note_restrictions(token);
    if case.is_any() { cx.note_overriding_tokens(token, &inventory) } else { Ok(()) }
}

/// Reports which requests get a token that was put in use.
fn say_in_use(token: &Token, inventory: &Inventory, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (name, scopes) = (&token.name, scope_words(token));
    match cx.tokens_in_use(inventory)?.get(&token.id) {
        Some(_) => cx.say(&format!("\"{name}\" is in use for {scopes}")),
        None => cx.say(&format!("\"{name}\" was put in use for {scopes}, but no request gets it now")),
    }
    if token.permissions.is_none() || token.may_allow(Direction::Both) {
        return Ok(());
    }
    let unknown = "requests of unknown direction get it too";
    let context = Context::from_environment(cx.called_as)?;
    for registry in token.scopes.iter().filter_map(Scope::registry) {
        let key = Key::parse(registry.docker_key())?;
        for (direction, requests) in [(Direction::Pull, "pulls"), (Direction::Push, "pushes")] {
            let sourced = Sourced { value: direction, from: RequestSource::Argument };
            let request = Request { direction: Some(sourced), ..context.plain_request(&key, inventory) };
            let answer = resolve(&request, inventory.tokens(), inventory.choices(), *cx.now).token;
            if let Some(other) = answer.filter(|other| !token.may_allow(direction) && other.id != token.id) {
                cx.say(&format!("{registry}: {unknown}; {requests} get \"{}\"", other.name));
            }
        }
    }
    Ok(())
}

fn clear(name: Option<&str>, case: &ChoiceCase, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (removed, token, inventory) = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = name.map(|name| find(&draft.inventory, name).map(|token| token.id)).transpose()?;
        let removed = draft.inventory.remove_choices(|choice| {
            case.includes(choice, token) && (case.is_any() || case.is_that_of(choice))
        });
        Ok((removed, token, draft.inventory.clone()))
    })?;
    for choice in &removed {
        let name = chosen_name(choice, &inventory);
        cx.say(&format!("{name} is no longer chosen for {}", choice_words(choice)));
    }
    if removed.is_empty() {
        let program = program();
        cx.say(&format!("there was no such choice ({program} show NAME lists those of a token)"));
    }
    for choice in inventory.choices().iter().filter(|choice| case.includes(choice, token)) {
        let name = chosen_name(choice, &inventory);
        cx.say(&format!("{name} is still chosen for {}", choice_words(choice)));
    }
    Ok(())
}

impl ChoiceCase {
    fn parse(args: &UseArgs) -> Result<Self, CommandError> {
        let scope = args.scope.as_deref().map(Scope::parse_typed).transpose()?;
        let directory = args.dir.as_deref().map(|folder| absolute(folder, args.clear)).transpose()?;
        Ok(Self { scope, profile: args.profile.clone(), directory, direction: args.direction.direction() })
    }

    fn is_any(&self) -> bool {
        *self == Self::default()
    }

    /// True for the choice of exactly this case. Without a registry, a choice was made for each scope of the token.
    fn is_that_of(&self, choice: &Choice) -> bool {
        self.profile == choice.profile
            && self.directory == choice.directory
            && self.direction == choice.direction
    }

    /// True for a choice of this case, or of a part of it.
    fn includes(&self, choice: &Choice, token: Option<TokenId>) -> bool {
        token.is_none_or(|token| choice.token == token)
            && self.scope.as_ref().is_none_or(|scope| choice.scope == *scope)
            && (self.profile.is_none() || choice.profile == self.profile)
            && (self.directory.is_none() || choice.directory == self.directory)
            && (self.direction.is_none() || choice.direction == self.direction)
    }

    /// Returns the choices of a token for this case: one for the scope, or one for each scope of the token.
    fn choices(&self, token: &Token) -> Result<Vec<Choice>, CommandError> {
        let scopes = match &self.scope {
            Some(scope) if token.scopes.iter().any(|own| own.overlaps(scope)) => vec![scope.clone()],
            None if !token.scopes.is_empty() => token.scopes.clone(),
            scope => {
                let scope = scope.as_ref().map_or_else(|| scope_words(token), ToString::to_string);
                return Err(ArgumentError::OutOfScope { name: token.name.clone(), scope }.into());
            }
        };
        let choice = |scope| Choice {
            scope,
            token: token.id,
            profile: self.profile.clone(),
            directory: self.directory.clone(),
            direction: self.direction,
        };
        Ok(scopes.into_iter().map(choice).collect())
    }
}

/// Returns the absolute path of a directory with its links resolved, as a process in the directory sees it. With
/// `may_be_missing`, for a path that only has to match an earlier choice, the links of a missing directory are not
/// resolved.
fn absolute(directory: &Path, may_be_missing: bool) -> Result<String, CommandError> {
    let path = match fs::canonicalize(directory) {
        Ok(path) if path.is_dir() => path,
        Ok(path) => return Err(ArgumentError::NoDirectory(path).into()),
        Err(_) if may_be_missing && directory.is_absolute() => directory.to_owned(),
        Err(_) if may_be_missing => env::working_directory()?.join(directory),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(DiskError::NoFolder { path: directory.to_owned() }.into());
        }
        Err(source) => return Err(DiskError::Read { path: directory.to_owned(), source }.into()),
    };
    path.into_os_string().into_string().map_err(|path| NotUtf8Path(path.display().to_string()).into())
}

/// The vault keeps paths as text only.
#[derive(Debug, Error)]
#[error("{0} is not valid UTF-8")]
struct NotUtf8Path(String);

impl Hint for NotUtf8Path {}
