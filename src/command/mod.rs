//! The verbs, one file each, and what they share.

pub mod activate;
pub mod add;
pub mod args;
pub mod backup;
#[cfg(feature = "online")]
pub mod coding;
#[cfg(feature = "extras")]
pub mod completions;
#[cfg(not(feature = "extras"))]
#[path = "completions/none.rs"]
pub mod completions;
pub mod doctor;
pub mod edit;
pub mod error;
pub mod explain;
pub mod export;
pub mod get_warnings;
#[cfg(feature = "online")]
pub mod hub;
pub mod import;
pub mod install;
pub mod key;
pub mod ls;
#[cfg(feature = "extras")]
pub mod man;
pub mod protocol;
pub mod rm;
pub mod rotate;
pub mod show;
pub mod status;
pub mod token_view;
pub mod unlock;
pub mod usage;
pub mod r#use;
#[cfg(feature = "online")]
pub mod verify;

use std::cell::LazyCell;
#[cfg(feature = "online")]
use std::io;
use std::io::Write;
use std::path::Path;

use serde::Serialize;

pub use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::model::choice::Choice;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token, TokenState};
use crate::provider::advice::Advice;
use crate::resolve::request::Request;
use crate::resolve::resolve;
use crate::system::sanitize::clean;
use crate::system::table::Screen;
use crate::system::{env, sanitize};
use crate::vault::store::VaultStore;

/// What a verb works with: the vault's keeper, the clock's word, and where to write.
pub struct CommandContext<'d> {
    /// Keeps the vault.
    pub store: VaultStore,
    /// The name under which the program was called, without its folder.
    pub called_as: Option<&'d str>,
    /// Tells the time, when first asked.
    pub now: LazyCell<Timestamp>,
    /// For the answer.
    pub out: &'d mut dyn Write,
    /// What the answer is shown on; nothing special unless somebody sets it.
    pub screen: Screen,
    /// For what a person should know besides.
    pub err: &'d mut dyn Write,
}

impl<'d> CommandContext<'d> {
    /// Sets a desk up for this user, now.
    pub fn new(
        called_as: Option<&'d str>,
        out: &'d mut dyn Write,
        err: &'d mut dyn Write,
    ) -> Result<Self, CommandError> {
        Ok(Self {
            store: VaultStore::find()?,
            called_as,
            now: LazyCell::new(env::now),
            out,
            screen: Screen::default(),
            err,
        })
    }

    /// Tells a person something. What is done is done, even when nobody hears of it.
    fn say(&mut self, line: &str) {
        say(&mut *self.err, line);
    }

    /// Writes an answer for programs: one line of JSON.
    fn write_json(&mut self, answer: &impl Serialize) -> Result<(), CommandError> {
        sanitize::write_json(&mut *self.out, answer)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(CommandError::Output)
    }

    /// Tells a person what is worth knowing of a secret that came in.
    fn print_advice(&mut self, remarks: &[Advice]) {
        for remark in remarks {
            self.say(&format!("note: {remark}"));
        }
    }

    /// Tells a person which clients go on getting another token: most name only the registry, and then a
    /// token for all of it comes first.
    fn note_unaffected_clients(&mut self, token: &Token, inventory: &Inventory) -> Result<(), CommandError> {
        for registry in token.scopes.iter().filter_map(Scope::registry) {
            let key = Key::parse(registry.docker_key())?;
            let request = Request::of(&key);
            match resolve(&request, inventory.tokens(), inventory.choices(), *self.now).token {
                Some(other) if other.id != token.id => {
                    self.say(&format!("clients that name only {registry} go on getting \"{}\"", other.name));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Tells a person that a token is not given out, if it is not.
    fn note_if_unusable(&mut self, token: &Token) {
        let argument = token.name.as_argument();
        if token.standing == TokenState::Inactive {
            self.say(&format!("it is switched off (docker-credential-pat activate {argument})"));
        } else if token.is_signed_out() {
            self.say(&format!("it is signed out (docker-credential-pat activate {argument})"));
        }
        if let Some(profile) = &token.profile {
            self.say(&format!(
                "it is for profile \"{profile}\" only (docker-credential-pat use {argument} makes it everybody's)"
            ));
        }
        if let Some(end) = token.expires.filter(|end| *end <= *self.now) {
            let end = end.relative_to(*self.now);
            self.say(&format!(
                "it expired {end}, and is not given out (docker-credential-pat {} {argument})",
                token.rotating_verb()
            ));
        }
    }
}

/// Tells a person something while the desk is in use.
fn say(err: &mut dyn Write, line: &str) {
    let _ = writeln!(err, "{}", clean(line));
}

/// Tells a person what is waited for over the network.
#[cfg(feature = "online")]
fn tell(line: &str) {
    say(&mut io::stderr(), line);
}

/// Returns the token of that name.
fn find<'i>(inventory: &'i Inventory, name: &str) -> Result<&'i Token, CommandError> {
    let token = Name::typed(name).ok().and_then(|name| inventory.named(name.as_str()));
    token.or_else(|| inventory.named(name)).ok_or_else(|| CommandError::NoSuchToken(name.to_owned()))
}

/// Returns the tokens of those names, each once.
fn find_all(inventory: &Inventory, names: &[String]) -> Result<Vec<Token>, CommandError> {
    let mut tokens: Vec<Token> = Vec::new();
    for name in names {
        let token = find(inventory, name)?;
        if tokens.iter().all(|other| other.id != token.id) {
            tokens.push(token.clone());
        }
    }
    Ok(tokens)
}

/// Returns how many tokens there are, for people.
fn count_words(count: usize) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

/// Returns the scopes of a token, or the keys of one that has none, for people.
fn places(token: &Token) -> String {
    let scopes = token.scopes.iter().map(ToString::to_string);
    let keys = token.keys.iter().map(|key| key.as_str().to_owned());
    let places: Vec<_> = if token.scopes.is_empty() { keys.collect() } else { scopes.collect() };
    clean(&places.join(", "))
}

/// Returns what a choice is for, for people: `ghcr.io/acme, pushes, under profile "work", in ~/src`.
fn choice_words(choice: &Choice) -> String {
    let direction = choice.direction.map(|direction| match direction {
        Direction::Pull => "pulls".to_owned(),
        Direction::Push => "pushes".to_owned(),
    });
    let profile = choice.profile.as_ref().map(|profile| format!("under profile \"{profile}\""));
    let directory = choice.directory.as_deref().map(|folder| format!("in {}", env::tilde(Path::new(folder))));
    let scope = Some(choice.scope.to_string());
    [scope, direction, profile, directory].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
