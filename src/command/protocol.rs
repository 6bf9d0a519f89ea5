//! Docker's own verbs: get, store, erase, list.
//!
//! Clients read the answer, and the error too, on stdout; a person reads stderr. What was asked is noted when
//! both have it.

use std::io::Write;
use std::mem::ManuallyDrop;

use crate::client::context::{Context, profile, warning_days};
use crate::client::parent::ProgramName;
use crate::command::context::{CommandContext, say};
use crate::command::error::{CommandError, NamedTokenError};
use crate::command::get_warnings;
use crate::docker::wire;
use crate::docker::wire::{NOT_FOUND, WireError};
use crate::inventory::index::Index;
use crate::model::hint::Hint;
use crate::model::registry::{Key, KeyError};
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::{Origin, Token};
use crate::resolve::request::{Request, Sourced};
use crate::resolve::{Reason, Verdict, resolve};
use crate::system::env;
use crate::usage::record;
use crate::usage::record::LogEntry;
use crate::vault::login::log_in;

/// Who speaks, in front of what clients pass on to the terminal among their own lines.
const SPEAKER: &str = "docker-credential-pat";

/// A verb of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolVerb {
    /// Gives the credentials for a key.
    Get,
    /// Keeps credentials.
    Store,
    /// Signs a registry out.
    Erase,
    /// Gives every key with its user name.
    List,
}

/// How a verb ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerbOutcome {
    /// It is done.
    Done,
    /// There are no such credentials, and the client has been told so.
    NotFound,
    /// It could not be done, and client and person have been told why.
    Refused,
}

impl ProtocolVerb {
    /// Returns the verb that Docker calls by this word.
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "get" => Some(Self::Get),
            "store" => Some(Self::Store),
            "erase" => Some(Self::Erase),
            "list" => Some(Self::List),
            _ => None,
        }
    }

    /// Returns the word by which Docker calls it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Store => "store",
            Self::Erase => "erase",
            Self::List => "list",
        }
    }

    /// True when there is something to say on stdout even when all goes well.
    pub fn has_answer(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }

    /// Returns what to tell a person who called it by hand and now sees nothing happen.
    pub fn waits_for(self) -> Option<&'static str> {
        match self {
            Self::Get => Some("waiting for a registry, such as ghcr.io; end with Enter and Ctrl-D"),
            Self::Erase => Some("waiting for the registry to sign out; end with Enter and Ctrl-D"),
            Self::Store => {
                Some("waiting for JSON, as Docker sends it; `docker-credential-pat add` is for people")
            }
            Self::List => None,
        }
    }
}

/// Does what a client asks. When it cannot be done, the vault is as it was.
pub fn run(verb: ProtocolVerb, input: &[u8], cx: &mut CommandContext) -> VerbOutcome {
    let done = match verb {
        ProtocolVerb::Get => get(input, cx),
        ProtocolVerb::Store => store(input, cx),
        ProtocolVerb::Erase => erase(input, cx),
        // What clients send with it means nothing.
        ProtocolVerb::List => list(cx),
    };
    done.unwrap_or_else(|failure| refused(verb, input, &failure, cx))
}

/// Tells why a verb was not done, and notes it.
#[cold]
#[inline(never)]
fn refused(verb: ProtocolVerb, input: &[u8], failure: &CommandError, cx: &mut CommandContext) -> VerbOutcome {
    refuse(failure, &mut *cx.out, &mut *cx.err);
    let key = match verb {
        ProtocolVerb::Get | ProtocolVerb::Erase => wire::parse_key(input).ok(),
        ProtocolVerb::Store => wire::parse_credentials(input).ok().map(|credentials| credentials.key),
        ProtocolVerb::List => return VerbOutcome::Refused,
    };
    let line = LogEntry::of(verb.word(), key.as_ref(), record::RequestOutcome::Failed);
    note(&LogEntry { reason: failure.word(), ..line }, cx);
    VerbOutcome::Refused
}

/// Notes a request, which has its answer by now.
fn note(line: &LogEntry<'_>, cx: &CommandContext) {
    if !env::is_usage_off() {
        let client = ProgramName::from_parent();
        let client = client.as_ref().map(ProgramName::text);
        cx.store.log().append(line, *cx.now, client.as_deref());
    }
}

/// Returns what is noted of a `get`.
fn error_chain<'l>(key: &'l Key, request: &'l Request<'_>, verdict: &Verdict<'l>) -> LogEntry<'l> {
    let outcome = verdict.token.map_or(record::RequestOutcome::NotFound, |_| record::RequestOutcome::Given);
    // Where none is given, the one that came closest tells why.
    let reason = verdict.decided_by().or(verdict.set_aside.last().map(|(_, reason)| *reason));
    LogEntry {
        token: verdict.token,
        repository: request.repository(),
        direction: request.direction(),
        reason: reason.map(Reason::word),
        ..LogEntry::of(ProtocolVerb::Get.word(), Some(key), outcome)
    }
}

/// Tells client and person why a verb was not done.
pub fn refuse(failure: &CommandError, mut out: impl Write, err: impl Write) {
    let line = failure.line();
    let told = out.write_all(format!("{line}\n").as_bytes());
    // These are part of the protocol, and no more is to be said about them.
    let is_protocol =
        matches!(failure.downcast_ref(), Some(WireError::Key(KeyError::Empty) | WireError::NoUser));
    if !is_protocol || told.is_err() {
        failure.report(err);
    }
}

fn get(input: &[u8], cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let key = wire::parse_key(input)?;
    let context = Context::from_environment(cx.called_as)?;
    let excerpt = cx.store.excerpt(Some(&key))?;
    let inventory = excerpt.inventory();
    // Where nothing ends the clock is not asked: its first answer costs more than reading the key.
    let ends = inventory.tokens().iter().any(|token| token.expires.is_some());
    let now = if ends { *cx.now } else { Timestamp(0) };
    let request = context.request(&key, inventory);
    let verdict = resolve(&request, inventory.tokens(), inventory.choices(), now);
    let Some(token) = verdict.token else {
        excerpt.confirm()?;
        if let Some(named) =
            request.named.filter(|named| get_warnings::is_named_elsewhere(named.value, &verdict))
        {
            return Err(NamedTokenError { name: named.value.to_owned(), key: key.as_str().to_owned() }.into());
        }
        let lines = get_warnings::missed_tokens(&request, &verdict, *cx.now);
        for line in lines {
            say(&mut *cx.err, &format!("{SPEAKER}: {line}"));
        }
        writeln!(cx.out, "{NOT_FOUND}").map_err(CommandError::output)?;
        note(&error_chain(&key, &request, &verdict), cx);
        return Ok(VerbOutcome::NotFound);
    };
    let secret = excerpt.release(token)?;
    let user = token.user.reveal_with(&secret);
    wire::write_credentials(&mut *cx.out, &key, user, &secret).map_err(CommandError::output)?;
    let lines = [
        get_warnings::missed_choice(&verdict, now),
        get_warnings::push_refusal(&request, &verdict),
        warning_of_end(token, cx),
    ];
    for line in lines.into_iter().flatten() {
        say(&mut *cx.err, &format!("{SPEAKER}: {line}"));
    }
    note(&error_chain(&key, &request, &verdict), cx);
    Ok(VerbOutcome::Done)
}

/// Returns a warning of a token that ends soon, once a day.
fn warning_of_end(token: &Token, cx: &CommandContext) -> Option<String> {
    // What a login brought for less than a day is renewed by whatever brought it.
    let is_passing =
        |end: Timestamp| token.origin == Origin::Store && end.0.saturating_sub(token.stored.0) < DAY;
    if token.expires.is_none_or(is_passing) {
        return None;
    }
    let days = match warning_days() {
        Ok(days) => days,
        // The answer is given already, and this is no reason to take it back.
        Err(error) => return Some(format!("{error}: {}", error.hint().unwrap_or_default())),
    };
    let line = get_warnings::of_end(token, *cx.now, days);
    line.filter(|_| cx.store.daily_warnings().is_first_today(token.id, *cx.now))
}

fn store(input: &[u8], cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let credentials = wire::parse_credentials(input)?;
    let profile = profile(cx.called_as)?;
    let profile = profile.as_ref().map(|known| known.value.as_str());
    let now = *cx.now;
    let (token, remarks) = cx.store.change(|draft| -> Result<_, CommandError> {
        let (id, remarks) = log_in(draft, &credentials, profile, now)?;
        Ok((draft.inventory.tokens().iter().find(|token| token.id == id).cloned(), remarks))
    })?;
    for remark in remarks {
        cx.say(&format!("{SPEAKER}: {remark}"));
    }
    let line =
        LogEntry::of(ProtocolVerb::Store.word(), Some(&credentials.key), record::RequestOutcome::Stored);
    note(&LogEntry { token: token.as_ref(), ..line }, cx);
    Ok(VerbOutcome::Done)
}

fn erase(input: &[u8], cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let key = wire::parse_key(input)?;
    let known = profile(cx.called_as)?;
    let profile = known.as_ref().map(|known| Sourced { value: known.value.as_str(), from: known.from });
    let excerpt = cx.store.excerpt(Some(&key))?;
    excerpt.confirm()?;
    // Most logouts ask four times for what went the first time: nothing to lock or write for then.
    if excerpt.inventory().tokens().is_empty() {
        note(&LogEntry::of(ProtocolVerb::Erase.word(), Some(&key), record::RequestOutcome::NotFound), cx);
        return Ok(VerbOutcome::Done);
    }
    let now = *cx.now;
    let (out, heir) = cx.store.change(|draft| -> Result<_, CommandError> {
        let out = draft.inventory.sign_out(&key, profile.map(|known| known.value));
        let request = Request { profile, ..Request::of(&key) };
        let heir = resolve(&request, draft.inventory.tokens(), draft.inventory.choices(), now).token;
        Ok((out, heir.map(|token| token.name.clone())))
    })?;
    let is_meant = |token: &&Token| out.removed.contains(&token.id) || out.kept.contains(&token.name);
    let token = excerpt.inventory().tokens().iter().find(is_meant).cloned();
    drop(excerpt);
    for name in &out.kept {
        cx.say(&format!(
            "{SPEAKER}: kept \"{name}\", which you added, but no longer give it out for {key} \
             (docker-credential-pat activate {argument})",
            key = key.as_str(),
            argument = name.as_argument()
        ));
    }
    // Without its own login a profile gets what all others do, which is not what a logout suggests.
    if let (Some(profile), Some(heir), false) = (profile, heir, out.removed.is_empty()) {
        let (profile, key) = (profile.value, key.as_str());
        cx.say(&format!("{SPEAKER}: \"{heir}\", no login of profile \"{profile}\", answers for {key} now"));
    }
    let line = LogEntry::of(ProtocolVerb::Erase.word(), Some(&key), record::RequestOutcome::SignedOut);
    note(&LogEntry { token: token.as_ref(), ..line }, cx);
    Ok(VerbOutcome::Done)
}

fn list(cx: &mut CommandContext) -> Result<VerbOutcome, CommandError> {
    let context = Context::from_environment(cx.called_as)?;
    // Nothing of it is a secret, and the process ends: to free thousands of names would be for nobody.
    let inventory = ManuallyDrop::new(cx.store.inventory()?);
    let index = Index::of(&inventory);
    let keys = ManuallyDrop::new(inventory.keys());
    let users: Vec<(&str, &str)> = keys
        .iter()
        .filter_map(|key| {
            // Whoever lists asks for every key then: no one image is meant.
            let request = context.stated_request(key, &inventory);
            let token = resolve(&request, index.concerning(key), inventory.choices(), *cx.now).token?;
            Some((key.as_str(), token.user.display_name()))
        })
        .collect();
    wire::write_list(&mut *cx.out, &users).map_err(CommandError::output)?;
    Ok(VerbOutcome::Done)
}
