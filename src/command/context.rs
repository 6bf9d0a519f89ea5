//! The context of a command: the vault, the clock, and the streams for answers and messages.

use std::cell::LazyCell;
use std::collections::BTreeMap;
#[cfg(feature = "online")]
use std::io;
use std::io::Write;
use std::path::Path;

use serde::Serialize;
use thiserror::Error;

use crate::client::context::{Context, profile_words};
use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::inventory::in_use::{InUseFor, tokens_in_use};
use crate::model::hint::{Hint, program};
use crate::model::listing::list;
use crate::model::name::quoted;
use crate::model::registry::{DOCKER_HUB_KEY, Key, Registry};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenState};
use crate::model::token_id::TokenId;
use crate::provider::advice::Advice;
use crate::resolve::guess::{Guess, Unknown};
use crate::resolve::resolve;
use crate::system::sanitize::{clean, is_showable};
use crate::system::table::{Screen, Table};
use crate::system::{disk, env, sanitize};
use crate::vault::keys::Holder;
use crate::vault::keys::holders::Holders;
use crate::vault::store::VaultStore;

/// The vault, the clock and the streams of a command.
pub struct CommandContext<'d> {
    pub store: VaultStore,
    /// The name under which the program was called, without its folder.
    pub called_as: Option<&'d str>,
    /// The current time, read once at the first use.
    pub now: LazyCell<Timestamp>,
    /// The stream for the answer.
    pub out: &'d mut dyn Write,
    /// The terminal that shows the answer, if there is one.
    pub screen: Screen,
    /// The stream for messages.
    pub err: &'d mut dyn Write,
}

impl<'d> CommandContext<'d> {
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

    /// Writes a message. A completed command does not fail because its message cannot be written.
    pub fn say(&mut self, line: &str) {
        say(&mut *self.err, line);
    }

    /// Says that a locked vault was read, if it was: somebody else could have written what the command showed.
    pub fn note_unproven(&mut self) {
        if self.store.has_read_unproven() {
            self.say(&format!(
                "the vault is locked, so nothing proves that it is as you left it ({} unlock)",
                program()
            ));
        }
    }

    pub fn write_answer(&mut self, answer: &[u8]) -> Result<(), CommandError> {
        self.out.write_all(answer).map_err(CommandError::output)
    }

    /// Writes an answer with a secret in it, byte for byte. A terminal would act on control characters, and an escaped
    /// secret would be another one, so a terminal gets neither. `command` is what the hint sends elsewhere.
    pub fn write_exact(&mut self, answer: &[u8], command: &str) -> Result<(), CommandError> {
        if self.screen.is_terminal && !str::from_utf8(answer).is_ok_and(is_showable) {
            return Err(ControlCharacters { command: format!("{} {command}", program()) }.into());
        }
        self.write_answer(answer)
    }

    /// Writes an answer for programs: one line of JSON.
    pub fn write_json(&mut self, answer: &impl Serialize) -> Result<(), CommandError> {
        sanitize::write_json(&mut *self.out, answer).map_err(CommandError::output)?;
        self.write_answer(b"\n")
    }

    /// Writes a table that fits the screen, before any message that follows it.
    pub fn print_table<const COLUMNS: usize>(&mut self, table: &Table<COLUMNS>) -> Result<(), CommandError> {
        let written = table.write(&mut *self.out, self.screen);
        written.and_then(|()| self.out.flush()).map_err(CommandError::output)
    }

    /// Writes a table whose cells are never cut, even if the lines are wider than the screen.
    pub fn print_uncut_table<const COLUMNS: usize>(
        &mut self,
        table: &Table<COLUMNS>,
    ) -> Result<(), CommandError> {
        let written = table.write(&mut *self.out, Screen { width: None, ..self.screen });
        written.and_then(|()| self.out.flush()).map_err(CommandError::output)
    }

    /// Notes that a file with a passphrase or a key is within reach of other users, if it is.
    pub fn note_exposure(&mut self, path: &Path) {
        if let Some(exposure) = disk::exposure(path) {
            let remedy = exposure.remedy(&quoted(&path.to_string_lossy()));
            self.say(&format!("note: {} ({remedy})", exposure.about(&env::tilde(path))));
        }
    }

    /// Notes, after a change, that it was made to an older copy of the vault.
    pub fn note_rollback(&mut self) {
        if let Some(rollback) = self.store.accepted_rollback() {
            self.say(&format!(
                "{0}: warning: the vault was replaced by an older copy ({rollback}); what was changed since is lost, and \
                 tokens that were removed since may be in it again ({0} ls)",
                program()
            ));
        }
    }

    /// Returns each holder of the vault's key with its place, for a sentence.
    pub fn key_places(&self, holders: &Holders) -> String {
        let place = |holder: &Holder| match holder {
            Holder::KeyFile => format!("the key file {}", env::tilde(self.store.key_file().path())),
            Holder::File(file) => format!("the key file elsewhere, {}", env::tilde(Path::new(file.path()))),
            Holder::Keyring | Holder::Passphrase(_) | Holder::Command(_) => holder.kind().name().to_owned(),
        };
        list(&holders.list.iter().map(place).collect::<Vec<_>>())
    }

    /// Writes advice on a secret that was added.
    pub fn print_advice(&mut self, advice: &[Advice]) {
        for advice in advice {
            self.say(&format!("note: {advice}"));
        }
    }

    /// Returns the tokens that clients get under the profile and the Docker configuration folder of this process. The
    /// working directory does not count.
    pub fn tokens_in_use(&self, inventory: &Inventory) -> Result<BTreeMap<TokenId, InUseFor>, CommandError> {
        let context = Context::from_environment(self.called_as)?;
        let any_key = Key::parse(DOCKER_HUB_KEY)?;
        Ok(tokens_in_use(inventory, &context.stated_request(&any_key, inventory), *self.now))
    }

    /// Notes each registry of a new token for which clients get a guess or another token.
    pub fn note_other_answers(&mut self, token: &Token, inventory: &Inventory) -> Result<(), CommandError> {
        let guessed = self.note_guesses(token, inventory)?;
        self.note_overriding_tokens_except(&guessed, token, inventory)
    }

    /// Notes each registry of a token for which clients that do not name the image get a guess: one token,
    /// while others are for other parts of the registry. Returns these registries.
    fn note_guesses<'t>(
        &mut self,
        token: &'t Token,
        inventory: &Inventory,
    ) -> Result<Vec<&'t Registry>, CommandError> {
        let mut guessed = Vec::new();
        let context = Context::from_profile(self.called_as)?;
        for registry in token.scopes.iter().filter(|scope| scope.path().is_some()).filter_map(Scope::registry)
        {
            let key = Key::parse(registry.docker_key())?;
            let request = context.plain_request(&key, inventory);
            let verdict = resolve(&request, inventory.tokens(), inventory.choices(), *self.now);
            let guess = Guess::find(&request, &verdict).filter(|guess| guess.unknown == Unknown::Repository);
            if let Some(Guess { answer, .. }) = guess {
                let (name, program) = (&answer.name, program());
                self.say(&format!(
                    "clients that do not name the image, such as compose, get \"{name}\" for \
                     {registry}; to choose a token for a directory: {program} use NAME {registry} --dir DIR"
                ));
                guessed.push(registry);
            }
        }
        Ok(guessed)
    }

    /// Notes each registry of a token for which clients still get another token.
    ///
    /// Most clients name only the registry, and then a token for the whole registry takes precedence.
    pub fn note_overriding_tokens(
        &mut self,
        token: &Token,
        inventory: &Inventory,
    ) -> Result<(), CommandError> {
        self.note_overriding_tokens_except(&[], token, inventory)
    }

    fn note_overriding_tokens_except(
        &mut self,
        except: &[&Registry],
        token: &Token,
        inventory: &Inventory,
    ) -> Result<(), CommandError> {
        let context = Context::from_environment(self.called_as)?;
        let registries = token.scopes.iter().filter_map(Scope::registry);
        for registry in registries.filter(|registry| !except.contains(registry)) {
            let key = Key::parse(registry.docker_key())?;
            let request = context.plain_request(&key, inventory);
            let verdict = resolve(&request, inventory.tokens(), inventory.choices(), *self.now);
            if let Some(other) = verdict.token.filter(|other| other.id != token.id) {
                self.say(&format!("clients that name only {registry} get \"{}\"", other.name));
            }
        }
        Ok(())
    }

    /// Notes a token that came in signed out, because another one answered its registry before.
    pub fn note_signed_out(&mut self, token: &Token) {
        let places = token.signed_out.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        self.say(&format!(
            "\"{}\" is signed out at {places}, where another token answers; to put it in use: {} use {}",
            token.name,
            program(),
            token.name.as_argument()
        ));
    }

    /// Notes each reason why a token does not answer requests, or only those of its profile.
    pub fn note_restrictions(&mut self, token: &Token) {
        let (program, argument) = (program(), token.name.as_argument());
        if token.state == TokenState::Inactive {
            self.say(&format!("it is switched off ({program} activate {argument})"));
        } else if token.is_signed_out() {
            self.say(&format!("it is signed out ({program} activate {argument})"));
        }
        if let Some(profile) = &token.profile {
            let place = profile_words(profile);
            self.say(&format!("it is for {place} only ({program} use {argument} puts it in use everywhere)"));
        }
        if let Some(expires) = token.expires.filter(|expires| *expires <= *self.now) {
            self.say(&format!(
                "it expired {}, so clients do not get it ({program} {} {argument})",
                expires.relative_to(*self.now),
                token.rotating_verb()
            ));
        }
    }
}

/// The answer has characters that control a terminal, and standard output is one.
#[derive(Debug, Error)]
#[error("cannot show that on a terminal: it has control characters or invisible characters")]
struct ControlCharacters {
    command: String,
}

impl Hint for ControlCharacters {
    fn hint(&self) -> Option<String> {
        let command = &self.command;
        Some(format!("`{command} > FILE` writes it as it is, and `{command} | cat -v` shows it escaped"))
    }
}

/// Writes a message, for callers that hold a borrow of the context.
pub fn say(err: &mut dyn Write, line: &str) {
    let _ = writeln!(err, "{}", clean(line));
}

/// Writes a message about a request over the network that is under way.
#[cfg(feature = "online")]
pub fn print_progress(line: &str) {
    say(&mut io::stderr(), line);
}
