//! `export`: writes a token in a format for another machine, a cluster or a CI job.

mod formats;

use std::path::PathBuf;

use thiserror::Error;

use crate::command::args::find;
use crate::command::completions::{token_names, token_scopes};
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::export::formats::ExportFormat;
use crate::model::hint::Hint;
use crate::model::name::Name;
use crate::model::registry::{Key, Registry};
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::system::{disk, env};

/// Write a token for another machine, a cluster or a CI job
///
/// The output contains its secret in plain text.
#[derive(Debug, clap::Args)]
pub struct ExportArgs {
    /// The token's name
    #[arg(add = token_names())]
    name: String,
    /// The format
    #[arg(long)]
    format: ExportFormat,
    /// Only for this registry
    #[arg(long, short, add = token_scopes())]
    registry: Option<String>,
    /// Write to a new file that only you can read, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: &ExportArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let excerpt = cx.store.excerpt(None)?;
    let token = find(excerpt.inventory(), &args.name)?.clone();
    let keys = keys(&token, args.registry.as_deref())?;
    let secret = excerpt.release(&token)?;
    drop(excerpt);
    let text = formats::write(args.format, &token, &secret, &keys)?;
    if let Some(path) = &args.output {
        disk::create(path, &text, disk::PRIVATE)?;
    } else {
        let command = format!("export {} --format {}", token.name.as_argument(), args.format.word());
        cx.write_exact(&text, &command)?;
    }
    let output = args.output.as_deref().map_or("this".to_owned(), env::tilde);
    cx.say(&format!("note: {output} contains the secret of \"{}\" in plain text", token.name));
    for scope in token.scopes.iter().filter(|scope| scope.path().is_some()) {
        cx.say(&format!(
            "note: \"{}\" is for {scope} only, but everybody who gets this uses it for all of {}",
            token.name,
            scope.host()
        ));
    }
    cx.note_restrictions(&token);
    Ok(())
}

/// Returns the keys under which Docker looks the token up, or only the key of one registry.
fn keys(token: &Token, registry: Option<&str>) -> Result<Vec<String>, CommandError> {
    if let Some(text) = registry {
        let scope = Scope::parse_typed(text)?;
        let registry = scope.registry().filter(|_| scope.path().is_none());
        let registry = registry.ok_or_else(|| ArgumentError::NotOneRegistry(text.to_owned()))?;
        return if token.may_go_to(&scope) {
            Ok(vec![registry.docker_key().to_owned()])
        } else {
            Err(ArgumentError::OutOfScope { name: token.name.clone(), scope: registry.to_string() }.into())
        };
    }
    if let Some(scope) = token.scopes.iter().find(|scope| scope.is_wildcard()) {
        return Err(WildcardError { name: token.name.clone(), scope: scope.to_string() }.into());
    }
    let registries = token.scopes.iter().filter_map(Scope::registry).map(Registry::docker_key);
    let verbatim = token.keys.iter().filter(|key| key.address().is_none()).map(Key::as_str);
    let mut keys: Vec<String> = Vec::new();
    for key in registries.chain(verbatim) {
        if keys.iter().all(|other| other != key) {
            keys.push(key.to_owned());
        }
    }
    Ok(keys)
}

/// A token for a wildcard, which no client looks up.
#[derive(Debug, Error)]
#[error("\"{name}\" is for every registry of {scope}")]
struct WildcardError {
    name: Name,
    scope: String,
}

impl Hint for WildcardError {
    fn hint(&self) -> Option<String> {
        Some("say which one with --registry".to_owned())
    }
}
