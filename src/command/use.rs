//! `use`: puts a token in use, or chooses it for a scope, a profile, a directory, pulls or pushes.

use std::fs;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::command::args;
use crate::command::args::find;
use crate::command::completions::{token_names, token_places};
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::token_view::{choice_words, places};
use crate::model::choice::Choice;
use crate::model::hint::Hint;
use crate::model::scope::Scope;
use crate::model::token::{Direction, Token};
use crate::model::token_id::TokenId;
use crate::system::disk::DiskError;
use crate::system::env;

/// Put a token in use, in the place of others; or choose it for one case, for as long as you do not say
/// otherwise
#[derive(Debug, clap::Args)]
pub struct UseArgs {
    /// The token's name
    #[arg(required_unless_present = "clear", add = token_names())]
    name: Option<String>,
    /// Choose it for this registry or part of one only
    #[arg(value_name = "REGISTRY[/PATH]", add = token_places())]
    scope: Option<String>,
    /// Choose it under this profile only
    #[arg(long, value_parser = args::profile)]
    profile: Option<String>,
    /// Choose it in and below this directory only
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Choose it for pulls only
    #[arg(long, conflicts_with = "push")]
    pull: bool,
    /// Choose it for pushes only
    #[arg(long)]
    push: bool,
    /// Take choices back: those of the token, or all, that are for what else is given
    #[arg(long)]
    clear: bool,
}

/// For which case a token is chosen, as far as it was given.
struct ChoiceCase {
    scope: Option<Scope>,
    profile: Option<String>,
    directory: Option<String>,
    direction: Option<Direction>,
}

/// Runs the verb.
pub fn run(args: &UseArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let mut case = ChoiceCase::of(args)?;
    let Some(name) = &args.name else { return clear(None, &case, cx) };
    let token = find(&cx.store.inventory()?, name).map(drop);
    if args.clear {
        // With --clear the token may be left out in front of the registry.
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
        cx.say(&format!("\"{}\" is in use for {}", token.name, places(token)));
    } else {
        for choice in case.choices(token)? {
            cx.say(&format!("\"{}\" is chosen for {}", token.name, choice_words(&choice)));
        }
    }
    cx.note_if_unusable(token);
    if case.is_any() { cx.note_unaffected_clients(token, &inventory) } else { Ok(()) }
}

fn clear(name: Option<&str>, case: &ChoiceCase, cx: &mut CommandContext) -> Result<(), CommandError> {
    let (gone, inventory) = cx.store.change(|draft| -> Result<_, CommandError> {
        let token = name.map(|name| find(&draft.inventory, name).map(|token| token.id)).transpose()?;
        let gone = draft.inventory.remove_choices(|choice| case.includes(choice, token));
        Ok((gone, draft.inventory.clone()))
    })?;
    for choice in &gone {
        let token = inventory.tokens().iter().find(|token| token.id == choice.token);
        let name = token.map_or("a token", |token| token.name.as_str());
        cx.say(&format!("\"{name}\" is no longer chosen for {}", choice_words(choice)));
    }
    if gone.is_empty() {
        cx.say("there was no such choice (docker-credential-pat show NAME lists those of a token)");
    }
    Ok(())
}

impl ChoiceCase {
    fn of(args: &UseArgs) -> Result<Self, CommandError> {
        let scope = args.scope.as_deref().map(Scope::parse_typed).transpose()?;
        let directory = args.dir.as_deref().map(|folder| absolute(folder, args.clear)).transpose()?;
        let direction = match (args.pull, args.push) {
            (true, _) => Some(Direction::Pull),
            (_, true) => Some(Direction::Push),
            (false, false) => None,
        };
        Ok(Self { scope, profile: args.profile.clone(), directory, direction })
    }

    /// True when nothing was given, so that every case is meant.
    fn is_any(&self) -> bool {
        let Self { scope, profile, directory, direction } = self;
        scope.is_none() && profile.is_none() && directory.is_none() && direction.is_none()
    }

    fn includes(&self, choice: &Choice, token: Option<TokenId>) -> bool {
        token.is_none_or(|token| choice.token == token)
            && self.scope.as_ref().is_none_or(|scope| choice.scope == *scope)
            && (self.profile.is_none() || choice.profile == self.profile)
            && (self.directory.is_none() || choice.directory == self.directory)
            && (self.direction.is_none() || choice.direction == self.direction)
    }

    /// Returns the choices that it makes of a token: for the scope that was given, or each of its own.
    fn choices(&self, token: &Token) -> Result<Vec<Choice>, CommandError> {
        let scopes = match &self.scope {
            Some(scope) if token.scopes.iter().any(|own| own.overlaps(scope)) => vec![scope.clone()],
            None if !token.scopes.is_empty() => token.scopes.clone(),
            Some(scope) => {
                return Err(
                    ArgumentError::OutOfScope { name: token.name.clone(), place: scope.to_string() }.into()
                );
            }
            None => {
                return Err(
                    ArgumentError::OutOfScope { name: token.name.clone(), place: places(token) }.into()
                );
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

/// Returns a directory as the system tells it to a process that is in it: absolute, without links. One
/// that is gone is taken as it is written, where it is only to be found again.
fn absolute(directory: &Path, may_be_gone: bool) -> Result<String, CommandError> {
    let path = match fs::canonicalize(directory) {
        Ok(path) if path.is_dir() => path,
        Ok(path) => return Err(ArgumentError::NoDirectory(path).into()),
        Err(_) if may_be_gone && directory.is_absolute() => directory.to_owned(),
        Err(_) if may_be_gone => env::working_directory()?.join(directory),
        Err(source) => return Err(DiskError::Read { path: directory.to_owned(), source }.into()),
    };
    path.into_os_string().into_string().map_err(|path| NotUtf8Path(path.display().to_string()).into())
}

/// A path that is not text cannot be kept.
#[derive(Debug, Error)]
#[error("{0} is not valid UTF-8")]
struct NotUtf8Path(String);

impl Hint for NotUtf8Path {}
