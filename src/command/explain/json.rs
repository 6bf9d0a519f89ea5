//! An explanation as JSON.

use std::collections::BTreeMap;
use std::io;
use std::io::Write;

use serde::Serialize;

use crate::command::explain::output::{Explanation, source};
use crate::command::get_warnings;
use crate::resolve::Reason;
use crate::resolve::request::{Request, RequestSource};
use crate::system::sanitize;

/// The version of the JSON that `explain --json` writes. A new name is no new version.
const JSON_VERSION: u32 = 1;

/// What `explain --json` writes. `null` means none or not known.
#[derive(Serialize)]
struct ExplanationJson<'e> {
    version: u32,
    request: RequestJson<'e>,
    /// The name of the token that is given, or null.
    token: Option<&'e str>,
    /// What will not work with it.
    warning: Option<String>,
    tokens: Vec<DecisionJson<'e>>,
    /// The keys that each client sends, one after another until one has an answer.
    keys: BTreeMap<&'static str, &'e Vec<String>>,
}

#[derive(Serialize)]
struct RequestJson<'e> {
    key: &'e str,
    registry: Option<&'e str>,
    repository: Option<KnownJson<&'e str>>,
    direction: Option<KnownJson<&'static str>>,
    profile: Option<KnownJson<&'e str>>,
    directory: Option<KnownJson<String>>,
    named: Option<KnownJson<&'e str>>,
}

#[derive(Serialize)]
struct KnownJson<T> {
    value: T,
    from: String,
}

#[derive(Serialize)]
struct DecisionJson<'e> {
    name: &'e str,
    is_given: bool,
    /// See [`Reason::word`]; null for the token that is given.
    reason: Option<&'static str>,
    why: &'e str,
}

impl<T> KnownJson<T> {
    fn of(value: T, from: RequestSource) -> Self {
        Self { value, from: source(from) }
    }
}

/// Writes an explanation.
pub(super) fn write(explanation: &Explanation<'_>, mut out: impl Write) -> io::Result<()> {
    let decisions = explanation.decisions();
    let Request { key, token_name: named, profile, repository, direction, directory } = explanation.request;
    let tokens = decisions.iter().map(|decision| DecisionJson {
        name: decision.token.name.as_str(),
        is_given: decision.reason.is_none(),
        reason: decision.reason.map(Reason::word),
        why: &decision.why,
    });
    let directory = directory.map(|known| KnownJson::of(known.value.display().to_string(), known.from));
    let json = ExplanationJson {
        version: JSON_VERSION,
        request: RequestJson {
            key: key.as_str(),
            registry: key.address().map(|address| address.registry().as_str()),
            repository: repository.as_ref().map(|known| KnownJson::of(&*known.value.path, known.from)),
            direction: direction.map(|known| KnownJson::of(known.value.word(), known.from)),
            profile: profile.map(|known| KnownJson::of(known.value, known.from)),
            directory,
            named: named.map(|known| KnownJson::of(known.value, known.from)),
        },
        token: explanation.verdict.token.map(|token| token.name.as_str()),
        warning: get_warnings::push_refusal(explanation.request, explanation.verdict),
        tokens: tokens.collect(),
        keys: explanation.clients.iter().map(|(client, keys)| (client.word(), keys)).collect(),
    };
    sanitize::write_json(&mut out, &json)?;
    writeln!(out)
}
