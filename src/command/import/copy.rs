//! Copies a client's logins into the vault, and reads them back.

use std::cell::OnceCell;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::import::ImportError;
use crate::docker::client_logins::{ClientLogins, FoundLogin, LoginSource};
use crate::docker::config::logins::without_account;
use crate::inventory::Inventory;
use crate::model::secret::Secret;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::provider::advice::Advice;
use crate::system::env;
use crate::system::slow_notice::SlowNotice;
use crate::system::table::{Cell, Table, Tone};
use crate::vault::import::{ImportedToken, IncomingLogin, take_over};
use crate::vault::login::user_of;
use crate::vault::store::StoreError;

const HEADS: [&str; 5] = ["FROM", "KEY", "USER", "AS", "WHAT"];

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &["AS", "FROM"];

/// The most logins whose rows are all shown. Of more, a row without anything special is only counted.
const MOST_ROWS: usize = 40;

/// The logins to copy.
pub(in crate::command) struct LoginCopy<'l> {
    logins: &'l ClientLogins,
    /// The logins that were found and are wanted, also those that cannot be copied.
    wanted: Vec<&'l FoundLogin>,
    incoming: Vec<IncomingLogin<'l>>,
    /// For each of the wanted logins, its place among those to copy.
    places: Vec<Option<usize>>,
    /// The profile for which the logins are.
    profile: Option<String>,
}

impl<'l> LoginCopy<'l> {
    /// Plans to copy every login, without a change of any answer.
    pub(in crate::command) fn of_all(logins: &'l ClientLogins) -> Self {
        Self::plan(logins, logins.found.iter().collect(), None, |_| false)
    }

    /// Plans to copy some logins. Those for which `is_logged_in` holds count as logins of the client.
    pub(in crate::command) fn plan(
        logins: &'l ClientLogins,
        wanted: Vec<&'l FoundLogin>,
        profile: Option<String>,
        is_logged_in: impl Fn(&FoundLogin) -> bool,
    ) -> Self {
        // Those that the client gets come first.
        let (first, rest): (Vec<_>, Vec<_>) =
            (0..wanted.len()).partition(|index| wanted[*index].answers.is_some());
        let mut incoming = Vec::new();
        let mut places = vec![None; wanted.len()];
        for index in first.into_iter().chain(rest) {
            let found = wanted[index];
            let Some(credentials) = found.credentials() else { continue };
            places[index] = Some(incoming.len());
            incoming.push(IncomingLogin {
                part: logins.part(found),
                logged_in: found.answers.as_ref().filter(|_| is_logged_in(found)),
                ..IncomingLogin::new(credentials)
            });
        }
        Self { logins, wanted, incoming, places, profile }
    }

    pub(in crate::command) fn is_empty(&self) -> bool {
        self.incoming.is_empty()
    }

    /// Prints the logins, with the token that each becomes. Nothing is changed.
    pub(in crate::command) fn print(&self, cx: &mut CommandContext) -> Result<(), CommandError> {
        let excerpt = cx.store.excerpt(None)?;
        let mut inventory = excerpt.inventory().clone();
        // The key is needed only where a token may have the same secret.
        let unlocked = OnceCell::new();
        let has_secret = |token: &Token, secret: &Secret| {
            let unlocked = unlocked.get_or_init(|| excerpt.unlock().ok().flatten());
            let stored = unlocked.as_ref().and_then(|unlocked| unlocked.release(token).ok());
            stored.is_some_and(|stored| stored.is_same_as(secret))
        };
        let imported =
            take_over(&mut inventory, &self.incoming, self.profile.as_deref(), has_secret, *cx.now);
        let mut table = Table::with_heads(HEADS, LEAST_FIRST);
        let (mut rows, mut new, mut here) = (0, 0, 0);
        for (found, place) in self.wanted.iter().zip(&self.places) {
            let (user, name, result) = match &found.login {
                Ok(credentials) => {
                    let imported = place.and_then(|place| imported.get(place));
                    let token = imported.and_then(|imported| find_token(&inventory, imported.token));
                    let is_new = imported.is_some_and(|imported| imported.is_new);
                    let needs_attention = is_new
                        && token.is_some_and(|token| token.has_expired(*cx.now) || token.is_signed_out());
                    if rows >= MOST_ROWS && !needs_attention {
                        *(if is_new { &mut new } else { &mut here }) += 1;
                        continue;
                    }
                    (
                        user_of(credentials).display_name().into(),
                        token.map_or("-", |token| token.name.as_str()).into(),
                        match token {
                            _ if !is_new => "already here".into(),
                            Some(token) if token.has_expired(*cx.now) => {
                                Cell::new("new, expired", Tone::Warning)
                            }
                            Some(token) if token.is_signed_out() => {
                                Cell::new("new, signed out", Tone::Warning)
                            }
                            Some(_) | None => Cell::new("new", Tone::Good),
                        },
                    )
                }
                Err(obstacle) => {
                    ("-".into(), "-".into(), Cell::new(&format!("cannot: {}", obstacle.words()), Tone::Bad))
                }
            };
            rows += 1;
            table.push([
                self.source_name(found.source).into(),
                without_account(&found.key).as_str().into(),
                user,
                name,
                result,
            ]);
        }
        drop(unlocked);
        cx.print_table(&table)?;
        if new + here > 0 {
            cx.say(&format!("and {} more: {new} new, {here} already here", new + here));
        }
        Ok(())
    }

    /// Copies the logins in one change, opens the vault again and compares every secret with that of its source.
    /// Returns the number of new tokens.
    pub(in crate::command) fn copy(&self, cx: &mut CommandContext) -> Result<usize, CommandError> {
        let notice = SlowNotice::start(format!("copying {} logins into the vault", self.count()));
        let imported = self.add_all(cx)?;
        self.read_back(&imported, cx)?;
        drop(notice);
        let inventory = cx.store.inventory()?;
        for imported in imported.iter().filter(|imported| imported.is_new) {
            if let Some(token) = find_token(&inventory, imported.token).filter(|token| token.is_signed_out())
            {
                cx.note_signed_out(token);
            }
        }
        Ok(imported.iter().filter(|imported| imported.is_new).count())
    }

    /// Returns the number of logins that can be copied.
    pub(in crate::command) fn count(&self) -> usize {
        self.incoming.len()
    }

    /// Adds all logins, and prints advice about the new ones, each piece of advice once.
    fn add_all(&self, cx: &mut CommandContext) -> Result<Vec<ImportedToken>, CommandError> {
        let now = *cx.now;
        let (imported, advice) = cx.store.change(|draft| -> Result<_, CommandError> {
            let mut inventory = draft.inventory.clone();
            let has_secret = |token: &Token, secret: &Secret| {
                draft.secret(token).is_ok_and(|stored| stored.is_same_as(secret))
            };
            let imported =
                take_over(&mut inventory, &self.incoming, self.profile.as_deref(), has_secret, now);
            draft.inventory = inventory;
            let mut advice: Vec<Advice> = Vec::new();
            for (incoming, imported) in self.incoming.iter().zip(&imported).filter(|(_, token)| token.is_new)
            {
                draft.set_secret(imported.token, &incoming.login.credentials.secret)?;
                for item in incoming.login.advice(&draft.inventory, Some(imported.token)) {
                    if !advice.contains(&item) {
                        advice.push(item);
                    }
                }
            }
            Ok((imported, advice))
        })?;
        cx.print_advice(&advice);
        Ok(imported)
    }

    fn read_back(&self, imported: &[ImportedToken], cx: &CommandContext) -> Result<(), CommandError> {
        let excerpt = cx.store.excerpt(None)?;
        let unlocked = excerpt.unlock()?;
        for (incoming, imported) in self.incoming.iter().zip(imported) {
            let credentials = incoming.login.credentials;
            let is_kept = |token: &Token| -> Result<bool, StoreError> {
                let is_for_it = incoming.part.is_some() || token.has_key(&credentials.key);
                let is_same = is_for_it && token.user == user_of(credentials);
                let Some(unlocked) = unlocked.as_ref().filter(|_| is_same) else { return Ok(false) };
                Ok(unlocked.release(token)?.is_same_as(&credentials.secret))
            };
            let token = find_token(excerpt.inventory(), imported.token);
            if !token.map(is_kept).transpose()?.unwrap_or_default() {
                return Err(ImportError::NotReadBack(credentials.key.as_str().to_owned()).into());
            }
        }
        Ok(())
    }

    /// Returns the name of a source, for people.
    fn source_name(&self, source: LoginSource) -> String {
        match source {
            LoginSource::File(index) => {
                self.logins.files.get(index).map(|file| env::tilde(file.config.path())).unwrap_or_default()
            }
            LoginSource::Helper(index) => {
                self.logins.helpers.get(index).map(|helper| helper.program().to_owned()).unwrap_or_default()
            }
        }
    }
}

fn find_token(inventory: &Inventory, id: TokenId) -> Option<&Token> {
    inventory.find(id)
}
