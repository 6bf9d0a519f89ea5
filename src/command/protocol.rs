//! Docker's verbs: get, store, erase and list.
//!
//! Clients read the answer or the error on stdout; a person reads stderr. The usage log is written after both.

use std::cell::LazyCell;
use std::io::Write;
use std::mem::ManuallyDrop;

use crate::client::context::{Context, warning_days};
use crate::client::parent::ParentProcess;
use crate::command::context::{CommandContext, say};
use crate::command::error::{CommandError, NamedTokenError};
use crate::command::{get_warnings, login_messages};
use crate::docker::wire;
use crate::docker::wire::{NOT_FOUND, WireError};
use crate::inventory::index::Index;
use crate::model::hint::{Hint, program};
use crate::model::registry::{Key, KeyError};
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::{Origin, Token};
use crate::resolve::guess::Guess;
use crate::resolve::request::Request;
use crate::resolve::{Reason, Verdict, resolve};
use crate::system::{env, stdio};
use crate::usage::record::{LogEntry, RequestOutcome};
use crate::vault::login::log_in;
use crate::vault::store::VaultStore;

/// A verb of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolVerb {
    Get,
    Store,
    Erase,
    List,
}

/// The result of a verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerbOutcome {
    Done,
    /// There are no such credentials, and the client has received that answer.
    NotFound,
    /// The verb failed, and the client has received the error.
    Refused,
}

impl ProtocolVerb {
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Get, Self::Store, Self::Erase, Self::List].into_iter().find(|verb| verb.word() == word)
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Store => "store",
            Self::Erase => "erase",
            Self::List => "list",
        }
    }

    /// True when the verb writes to stdout even on success.
    pub fn has_answer(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }

    /// Returns the message for a person who runs the verb by hand.
    pub fn note_for_people(self) -> String {
        match self {
            Self::Get => "waiting for a registry, such as ghcr.io; end with Enter and Ctrl-D".to_owned(),
            Self::Erase => "waiting for the registry to sign out; end with Enter and Ctrl-D".to_owned(),
            Self::Store => format!("waiting for JSON, as Docker sends it; `{} add` is for people", program()),
            Self::List => format!("this is JSON for programs; `{} ls` is for people", program()),
        }
    }
}

/// Runs a verb. After an error the vault is unchanged.
pub fn run(verb: ProtocolVerb, input: &[u8], cx: &mut CommandContext) -> VerbOutcome {
    let done = match verb {
        ProtocolVerb::Get => get(input, cx),
        ProtocolVerb::Store => store(input, cx),
        ProtocolVerb::Erase => erase(input, cx),
        // The protocol gives the input of `list` no meaning.
        ProtocolVerb::List => list(cx),
    };
    done.unwrap_or_else(|error| refuse_and_log(verb, input, &error, cx))
}

/// Writes the error of a verb, and logs it.
#[cold]
#[inline(never)]
fn refuse_and_log(
    verb: ProtocolVerb,
    input: &[u8],
    error: &CommandError,
    cx: &mut CommandContext,
) -> VerbOutcome {
    refuse(error, &mut *cx.out, &mut *cx.err);
    let key = match verb {
        ProtocolVerb::Get | ProtocolVerb::Erase => wire::parse_key(input).ok(),
        ProtocolVerb::Store => wire::parse_credentials(input).ok().map(|credentials| credentials.key),
        ProtocolVerb::List => return VerbOutcome::Refused,
    };
    let entry = LogEntry::new(verb.word(), key.as_ref(), RequestOutcome::Failed);
    log(&LogEntry { reason: error.log_word(), ..entry }, cx);
    VerbOutcome::Refused
}

/// Logs a request that is answered.
fn log(entry: &LogEntry<'_>, cx: &CommandContext) {
    if !env::is_usage_off() {
        let parent = ParentProcess::read();
        let client = parent.as_ref().and_then(ParentProcess::name);
        let caller = parent.as_ref().and_then(ParentProcess::caller);
        cx.store.log().append(entry, *cx.now, client.as_deref(), caller);
    }
}

/// Prints warnings, each once for all requests of a caller within ten minutes.
fn warn_once(
    lines: impl IntoIterator<Item = String>,
    store: &VaultStore,
    now: &LazyCell<Timestamp>,
    err: &mut dyn Write,
) {
    // Nearly all requests have no line, and do not read who called.
    let mut caller = None;
    for line in lines {
        let caller = *caller.get_or_insert_with(|| ParentProcess::read().and_then(|parent| parent.caller()));
        if store.warning_record().is_first_for_caller(caller, &line, **now) {
            say(err, &format!("{}: {line}", program()));
        }
    }
}

/// Logs a `get`.
fn log_get(request: &Request<'_>, verdict: &Verdict<'_>, cx: &CommandContext) {
    let outcome = verdict.token.map_or(RequestOutcome::NotFound, |_| RequestOutcome::Given);
    // Without an answer, the reason is that of the token that came closest.
    let reason = verdict.decided_by().or(verdict.set_aside.last().map(|(_, reason)| *reason));
    let repositories = request.repositories.as_ref().map(|repositories| repositories.value.joined());
    let entry = LogEntry {
        token: verdict.token,
        repository: repositories.as_deref(),
        direction: request.direction(),
        reason: reason.map(Reason::word),
        ..LogEntry::new(ProtocolVerb::Get.word(), Some(request.key), outcome)
    };
    log(&entry, cx);
}

/// Writes an error for the client and for a person.
pub fn refuse(error: &CommandError, mut out: impl Write, err: impl Write) {
    // A person who runs the verb by hand reads both streams on the same terminal.
    if stdio::stdout_is_terminal() {
        error.report(err);
        return;
    }
    let written = out.write_all(format!("{}\n", error.line()).as_bytes());
    // Clients know these two errors of the protocol, and handle them.
    let is_protocol =
        matches!(error.downcast_ref(), Some(WireError::Key(KeyError::Empty) | WireError::NoUser));
    if !is_protocol || written.is_err() {
        error.report(err);
    }
}

fn get(input: &[u8], cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let key = wire::parse_key(input)?;
    let context = Context::from_environment(cx.called_as)?;
    let excerpt = cx.store.excerpt(Some(&key))?;
    let inventory = excerpt.inventory();
    // Without an expiry the clock is not read: the first reading costs more than reading the key.
    let has_expiry = inventory.tokens().iter().any(|token| token.expires.is_some());
    let now = if has_expiry { *cx.now } else { Timestamp(0) };
    let request = context.request(&key, inventory);
    let verdict = resolve(&request, inventory.tokens(), inventory.choices(), now);
    let Some(token) = verdict.token else {
        let is_proven = excerpt.confirm()?;
        if let Some(named) =
            request.token_name.filter(|named| get_warnings::is_named_elsewhere(named.value, &verdict))
        {
            return Err(NamedTokenError::new(named.value, &key, &cx.store.inventory()?).into());
        }
        let unproven = (!is_proven).then(|| get_warnings::unproven(&key));
        let lines = [get_warnings::missed_token(&verdict, *cx.now), unproven];
        warn_once(lines.into_iter().flatten(), &cx.store, &cx.now, &mut *cx.err);
        writeln!(cx.out, "{NOT_FOUND}").map_err(CommandError::output)?;
        log_get(&request, &verdict, cx);
        return Ok(VerbOutcome::NotFound);
    };
    let secret = excerpt.release(token)?;
    let user = token.user.reveal_with(&secret);
    wire::write_credentials(&mut *cx.out, &key, user, &secret).map_err(CommandError::output)?;
    let failure = get_warnings::expected_failure(&request, &verdict);
    let guess = if failure.is_none() { guess_warning(&request, &verdict, cx) } else { None };
    let lines = [get_warnings::missed_token(&verdict, now), failure];
    warn_once(lines.into_iter().flatten(), &cx.store, &cx.now, &mut *cx.err);
    if let Some(line) = guess {
        say(&mut *cx.err, &format!("{}: {line}", program()));
    }
    if let Some(line) = expiry_warning(token, cx) {
        say(&mut *cx.err, &format!("{}: {line}", program()));
    }
    log_get(&request, &verdict, cx);
    Ok(VerbOutcome::Done)
}

/// Returns the warning about an answer that is a guess, once a day for a registry.
fn guess_warning(request: &Request<'_>, verdict: &Verdict<'_>, cx: &CommandContext) -> Option<String> {
    let guess = Guess::find(request, verdict)?;
    let line = get_warnings::guess(&guess, request)?;
    let registry = request.key.address()?.registry();
    cx.store.warning_record().is_first_guess_today(registry, *cx.now).then_some(line)
}

/// Returns the warning about a token that expires soon, once a day.
fn expiry_warning(token: &Token, cx: &CommandContext) -> Option<String> {
    // A login that lasts less than a day is renewed by the program that created it.
    let is_temporary =
        |expires: Timestamp| token.origin == Origin::Store && expires.0.saturating_sub(token.stored.0) < DAY;
    if token.expires.is_none_or(is_temporary) {
        return None;
    }
    let days = match warning_days() {
        Ok(days) => days,
        // The client has its answer, so this error does not fail the request.
        Err(error) => return Some(format!("{error}: {}", error.hint().unwrap_or_default())),
    };
    let line = get_warnings::expires_soon(token, *cx.now, days);
    line.filter(|_| cx.store.warning_record().is_first_today(token.id, *cx.now))
}

fn store(input: &[u8], cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let credentials = wire::parse_credentials(input)?;
    let key = &credentials.key;
    let context = Context::for_change(cx.called_as)?;
    let now = *cx.now;
    let (report, inventory) = cx.store.change(|draft| -> Result<_, CommandError> {
        let request = context.stated_request(key, &draft.inventory);
        let report = log_in(draft, &credentials, &request, now)?;
        Ok((report, draft.inventory.clone()))
    })?;
    for advice in report.advice {
        cx.say(&format!("{}: {advice}", program()));
    }
    let request = context.stated_request(key, &inventory);
    let verdict = resolve(&request, inventory.tokens(), inventory.choices(), now);
    if let Some(line) = login_messages::other_answer(report.token, &request, &verdict) {
        cx.say(&format!("{}: {line}", program()));
    }
    let token = inventory.tokens().iter().find(|token| token.id == report.token);
    log(
        &LogEntry { token, ..LogEntry::new(ProtocolVerb::Store.word(), Some(key), RequestOutcome::Stored) },
        cx,
    );
    Ok(VerbOutcome::Done)
}

fn erase(input: &[u8], cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let key = wire::parse_key(input)?;
    let context = Context::from_profile(cx.called_as)?;
    // Docker sends several `erase` calls for one logout, and the first signs everything out. The others need no lock
    // and no write.
    if is_unknown(&key, cx)? {
        if cx.store.has_read_unproven() {
            cx.say(&format!("{}: {}", program(), get_warnings::unproven(&key)));
        }
        log(&LogEntry::new(ProtocolVerb::Erase.word(), Some(&key), RequestOutcome::NotFound), cx);
        return Ok(VerbOutcome::Done);
    }
    let now = *cx.now;
    let (logout, inventory) = cx.store.change(|draft| -> Result<_, CommandError> {
        let request = context.plain_request(&key, &draft.inventory);
        let logout = draft.inventory.sign_out(&request, now);
        Ok((logout, draft.inventory.clone()))
    })?;
    let request = context.plain_request(&key, &inventory);
    let answer = resolve(&request, inventory.tokens(), inventory.choices(), now).token;
    for line in login_messages::logout(&logout, &request, answer) {
        cx.say(&format!("{}: {line}", program()));
    }
    let token = logout.removed.first().or(logout.kept.first());
    let entry = LogEntry::new(ProtocolVerb::Erase.word(), Some(&key), RequestOutcome::SignedOut);
    log(&LogEntry { token, ..entry }, cx);
    Ok(VerbOutcome::Done)
}

/// True when no token concerns the key. The vault is closed again on return: on Windows, a file that is open cannot be
/// replaced.
fn is_unknown(key: &Key, cx: &CommandContext) -> Result<bool, CommandError> {
    if key.address().is_some_and(|address| address.registry().is_docker_hub()) {
        // A logout from Docker Hub also ends the sessions, which have keys of their own.
        let inventory = cx.store.inventory()?;
        let mut keys = inventory.tokens().iter().flat_map(|token| &token.keys);
        let has_session = keys.any(Key::is_session);
        return Ok(!has_session && !inventory.tokens().iter().any(|token| token.concerns(key)));
    }
    let excerpt = cx.store.excerpt(Some(key))?;
    excerpt.confirm()?;
    Ok(excerpt.inventory().tokens().is_empty())
}

fn list(cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let context = Context::for_change(cx.called_as)?;
    // The process exits next and none of this is secret, so freeing thousands of names is wasted time.
    let inventory = ManuallyDrop::new(cx.store.inventory()?);
    let index = Index::new(&inventory);
    let keys = ManuallyDrop::new(inventory.keys());
    let users: Vec<(&str, &str)> = keys
        .iter()
        .filter_map(|key| {
            // A listing is for every key, not for one image.
            let request = context.stated_request(key, &inventory);
            let token = resolve(&request, index.concerning(key), inventory.choices(), *cx.now).token?;
            Some((key.as_str(), token.user.display_name()))
        })
        .collect();
    wire::write_list(&mut *cx.out, &users).map_err(CommandError::output)?;
    Ok(VerbOutcome::Done)
}
