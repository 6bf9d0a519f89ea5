//! The surroundings of a command: the vault, the clock, and the streams that it writes to.

use std::cell::LazyCell;
#[cfg(feature = "online")]
use std::io;
use std::io::Write;

use serde::Serialize;

pub use crate::command::error::ArgumentError;
use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenState};
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
    pub fn say(&mut self, line: &str) {
        say(&mut *self.err, line);
    }

    /// Writes an answer for programs: one line of JSON.
    pub fn write_json(&mut self, answer: &impl Serialize) -> Result<(), CommandError> {
        sanitize::write_json(&mut *self.out, answer)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(CommandError::output)
    }

    /// Tells a person what is worth knowing of a secret that came in.
    pub fn print_advice(&mut self, remarks: &[Advice]) {
        for remark in remarks {
            self.say(&format!("note: {remark}"));
        }
    }

    /// Tells a person which clients go on getting another token: most name only the registry, and then a
    /// token for all of it comes first.
    pub fn note_unaffected_clients(
        &mut self,
        token: &Token,
        inventory: &Inventory,
    ) -> Result<(), CommandError> {
        for registry in token.scopes.iter().filter_map(Scope::registry) {
            let key = Key::parse(registry.docker_key())?;
            let request = Request::from_key(&key);
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
    pub fn note_if_unusable(&mut self, token: &Token) {
        let argument = token.name.as_argument();
        if token.state == TokenState::Inactive {
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
pub fn say(err: &mut dyn Write, line: &str) {
    let _ = writeln!(err, "{}", clean(line));
}

/// Tells a person what is waited for over the network.
#[cfg(feature = "online")]
pub fn print_progress(line: &str) {
    say(&mut io::stderr(), line);
}
