//! `rm`: removes tokens and their secrets from the vault, or everything that is for a registry.

use thiserror::Error;

use crate::command::args;
use crate::command::args::find_all;
use crate::command::completions::{token_names, token_scopes};
use crate::command::context::CommandContext;
use crate::command::error::{ArgumentError, CommandError};
use crate::command::token_view::scope_words;
use crate::inventory::registry_removal::RegistryRemoval;
use crate::model::hint::{Hint, program};
use crate::model::registry::Address;
use crate::model::scope::Scope;
use crate::model::token::Token;
use crate::system::sanitize::clean;

/// Remove tokens from the vault; they stay valid at their registry
#[derive(Debug, clap::Args)]
pub struct RmArgs {
    /// The names of the tokens
    #[arg(required_unless_present = "registry", conflicts_with = "registry", add = token_names())]
    names: Vec<String>,
    /// Remove everything for this registry, in all profiles
    #[arg(long, short, value_name = "REGISTRY[/PATH]", add = token_scopes())]
    registry: Option<String>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
}

/// Runs the verb.
pub fn run(args: &RmArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    match &args.registry {
        Some(registry) => remove_registry(registry, args.yes, cx),
        None => remove_tokens(args, cx),
    }
}

fn remove_tokens(args: &RmArgs, cx: &mut CommandContext) -> Result<(), CommandError> {
    let tokens = find_all(&cx.store.inventory()?, &args.names)?;
    args::confirm(&format!("Remove {} from the vault?", secrets_of(&tokens)), args.yes)?;
    let removed = cx.store.change(|draft| -> Result<_, CommandError> {
        let tokens = find_all(&draft.inventory, &args.names)?;
        for token in &tokens {
            draft.inventory.remove(token.id);
        }
        Ok(tokens)
    })?;
    report_removed(&removed, cx);
    Ok(())
}

fn remove_registry(text: &str, is_confirmed: bool, cx: &mut CommandContext) -> Result<(), CommandError> {
    let scope = Scope::parse_typed(text)?;
    let address = Address::parse(text).filter(|_| !scope.is_wildcard());
    let address = address.ok_or_else(|| ArgumentError::NotOneRegistry(text.to_owned()))?;
    let expected = cx.store.inventory()?.remove_registry(&address);
    if expected.is_empty() {
        cx.say(&format!("no token is for {scope} alone, and nothing was removed"));
        report_kept(&expected.kept, &scope, cx);
        return Ok(());
    }
    args::confirm(&removal_question(&expected, &scope), is_confirmed)?;
    let removal = cx.store.change(|draft| -> Result<_, CommandError> {
        let removal = draft.inventory.remove_registry(&address);
        // A person has agreed to nothing else.
        if removal != expected && !is_confirmed { Err(ChangedVault.into()) } else { Ok(removal) }
    })?;
    report_removed(&removal.removed, cx);
    for Token { name, scopes, .. } in &removal.narrowed {
        let is_there = |scope: &&Scope| !scope.is_wildcard() && scope.lies_within(&address);
        let rest: Vec<_> = scopes.iter().filter(|scope| !is_there(scope)).map(Scope::to_string).collect();
        cx.say(&format!("took {scope} from \"{name}\", which is still for {}", rest.join(", ")));
    }
    for token in &removal.signed_out {
        cx.say(&format!("\"{}\" for {} is signed out of {scope}", token.name, scope_words(token)));
    }
    report_kept(&removal.kept, &scope, cx);
    Ok(())
}

/// Returns the question before everything at a registry is removed.
fn removal_question(removal: &RegistryRemoval, scope: &Scope) -> String {
    let RegistryRemoval { removed, narrowed, signed_out, kept: _ } = removal;
    let deeds = [
        (removed, format!("remove {} from the vault", secrets_of(removed))),
        (narrowed, format!("take {scope} from {}", names_of(narrowed))),
        (signed_out, format!("sign {} out of {scope}", names_of(signed_out))),
    ];
    let deeds = deeds.into_iter().filter(|(tokens, _)| !tokens.is_empty()).map(|(_, deed)| deed);
    let mut question = deeds.collect::<Vec<_>>().join(", ");
    // The first letter is ASCII.
    question[..1].make_ascii_uppercase();
    question + "?"
}

/// Returns the names of tokens with their secrets: `"ci" and its secret`.
fn secrets_of(tokens: &[Token]) -> String {
    let secrets = if tokens.len() == 1 { "its secret" } else { "their secrets" };
    format!("{} and {secrets}", names_of(tokens))
}

fn names_of(tokens: &[Token]) -> String {
    let names: Vec<_> = tokens.iter().map(|token| format!("\"{}\"", clean(token.name.as_str()))).collect();
    names.join(", ")
}

fn report_removed(tokens: &[Token], cx: &mut CommandContext) {
    for token in tokens {
        cx.say(&format!("removed \"{}\" from the vault", token.name));
        if let Some(note) = remote_note(token) {
            cx.say(&note);
        }
    }
}

fn report_kept(tokens: &[Token], scope: &Scope, cx: &mut CommandContext) {
    for token in tokens {
        let (name, scopes) = (&token.name, scope_words(token));
        cx.say(&format!("kept \"{name}\" for {scopes}, which is for more than {scope}"));
    }
}

/// Returns a note that a token still exists at its service, and how to delete it there. `None` when the service is
/// not known.
fn remote_note(token: &Token) -> Option<String> {
    let remote = token.remote.as_ref().filter(|_| cfg!(feature = "online"))?;
    Some(if remote.service.is_docker_hub() {
        let verb = remote.rm_by_id(&remote.id);
        format!("it is still at Docker Hub ({} {verb} deletes it)", program())
    } else {
        "it is still at CODING: delete it there (Project settings > Developer options > Project tokens)"
            .to_owned()
    })
}

/// Another process changed the vault after the question.
#[derive(Debug, Error)]
#[error("the vault was changed in the meantime; nothing was removed")]
struct ChangedVault;

impl Hint for ChangedVault {
    fn hint(&self) -> Option<String> {
        Some("run it again".to_owned())
    }
}
