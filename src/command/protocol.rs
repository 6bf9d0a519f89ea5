//! Docker's own verbs: get, store, erase, list.
//!
//! Clients read the answer, and the error too, on stdout; a person reads stderr.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::places;
use crate::inventory::Index;
use crate::login::log_in;
use crate::moment::Moment;
use crate::registry::KeyError;
use crate::resolve::Reason;
use crate::resolve::Request;
use crate::resolve::Verdict;
use crate::resolve::resolve;
use crate::token::Token;
use crate::token::User;
use crate::wire;
use crate::wire::NOT_FOUND;
use crate::wire::WireError;
use std::io::Write;

/// A verb of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Gives the credentials for a key.
    Get,
    /// Keeps credentials.
    Store,
    /// Signs a registry out.
    Erase,
    /// Gives every key with its user name.
    List,
}

/// How a verb ended, when nothing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// There are no such credentials, and the client has been told so.
    NotFound,
}

impl Verb {
    /// Returns the verb that Docker calls by this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        match word {
            "get" => Some(Self::Get),
            "store" => Some(Self::Store),
            "erase" => Some(Self::Erase),
            "list" => Some(Self::List),
            _ => None,
        }
    }

    /// True when there is something to say on stdout even when all goes well.
    #[must_use]
    pub fn has_answer(self) -> bool {
        matches!(self, Self::Get | Self::List)
    }

    /// Returns what to tell a person who called it by hand and now sees nothing happen.
    #[must_use]
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

/// Does what a client asks.
///
/// # Errors
/// When it cannot be done; the vault is then as it was.
pub fn run(verb: Verb, input: &[u8], desk: &mut Desk) -> Result<Outcome, Failure> {
    match verb {
        Verb::Get => get(input, desk),
        Verb::Store => store(input, desk),
        Verb::Erase => erase(input, desk),
        // What clients send with it means nothing.
        Verb::List => list(desk),
    }
}

/// Tells client and person why a verb was not done.
pub fn refuse(failure: &Failure, mut out: impl Write, err: impl Write) {
    let line = failure.line();
    let told = out.write_all(format!("{line}\n").as_bytes());
    // These are part of the protocol, and no more is to be said about them.
    let is_protocol = matches!(failure, Failure::Wire(WireError::Key(KeyError::Empty) | WireError::NoUser));
    if !is_protocol || told.is_err() {
        failure.report(err);
    }
}

fn get(input: &[u8], desk: &mut Desk) -> Result<Outcome, Failure> {
    let key = wire::parse_key(input)?;
    let excerpt = desk.keeper.excerpt(Some(&key))?;
    let tokens = excerpt.inventory().tokens();
    // Where nothing ends the clock is not asked: its first answer costs more than reading the key.
    let now = if tokens.iter().any(|token| token.expires.is_some()) { *desk.now } else { Moment(0) };
    let verdict = resolve(Request::of(&key), tokens, now);
    if let Some(token) = verdict.token {
        let secret = excerpt.release(token)?;
        let user = match &token.user {
            User::Named(name) => name,
            User::SameAsSecret => secret.expose(),
        };
        wire::write_credentials(&mut *desk.out, &key, user, &secret).map_err(Failure::Output)?;
        return Ok(Outcome::Done);
    }
    excerpt.confirm()?;
    for line in misses(&verdict, desk) {
        desk.say(&line);
    }
    writeln!(desk.out, "{NOT_FOUND}").map_err(Failure::Output)?;
    Ok(Outcome::NotFound)
}

fn store(input: &[u8], desk: &mut Desk) -> Result<Outcome, Failure> {
    let credentials = wire::parse_credentials(input)?;
    desk.keeper.change(|draft| -> Result<_, Failure> { Ok(log_in(draft, &credentials, *desk.now)?) })?;
    Ok(Outcome::Done)
}

fn erase(input: &[u8], desk: &mut Desk) -> Result<Outcome, Failure> {
    let key = wire::parse_key(input)?;
    let excerpt = desk.keeper.excerpt(Some(&key))?;
    excerpt.confirm()?;
    // Most logouts ask four times for what went the first time: nothing to lock or write for then.
    if excerpt.inventory().tokens().is_empty() {
        return Ok(Outcome::Done);
    }
    let out = desk.keeper.change(|draft| -> Result<_, Failure> { Ok(draft.inventory.sign_out(&key)) })?;
    for name in out.kept {
        desk.say(&format!(
            "docker-credential-pat: kept \"{name}\", which you added, but no longer give it out for {key} \
             (docker-credential-pat use {name})",
            key = key.as_str()
        ));
    }
    Ok(Outcome::Done)
}

fn list(desk: &mut Desk) -> Result<Outcome, Failure> {
    let inventory = desk.keeper.inventory()?;
    let index = Index::of(&inventory);
    let keys = inventory.keys();
    let users: Vec<(&str, &str)> = keys
        .iter()
        .filter_map(|key| {
            let token = resolve(Request::of(key), index.concerning(key), *desk.now).token?;
            Some((key.as_str(), token.user.shown()))
        })
        .collect();
    wire::write_list(&mut *desk.out, &users).map_err(Failure::Output)?;
    Ok(Outcome::Done)
}

/// Returns a line for each token that would have answered, had it not ended or been switched off.
fn misses(verdict: &Verdict<'_>, desk: &Desk) -> Vec<String> {
    let line = |(token, reason): &(&Token, Reason)| {
        let why = match (reason, token.expires) {
            (Reason::Expired, Some(end)) => format!("expired {}", end.relative_to(*desk.now)),
            (Reason::Inactive, _) => "is switched off".to_owned(),
            _ => return None,
        };
        let (name, places) = (&token.name, places(token));
        Some(format!(
            "docker-credential-pat: token \"{name}\" for {places} {why}; going on without credentials \
             (docker-credential-pat show {name})"
        ))
    };
    verdict.set_aside.iter().filter_map(line).collect()
}
