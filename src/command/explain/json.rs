//! An explanation as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::explain::output::{Decision, Explanation, source_words};
use crate::resolve::request::{ConfigFolder, Request, RequestSource};

/// The version of the JSON format. An additional field does not change it.
const JSON_VERSION: u32 = 1;

/// The answer of `explain --json`. `null` means none or not known.
#[derive(Serialize)]
struct ExplanationJson<'e> {
    version: u32,
    request: RequestJson<'e>,
    /// The name of the token that answers.
    token: Option<&'e str>,
    warning: Option<String>,
    tokens: Vec<Decision<'e>>,
    /// The keys that each client tries, in order.
    keys: BTreeMap<&'static str, &'e Vec<String>>,
}

#[derive(Serialize)]
struct RequestJson<'e> {
    /// The command line of the client, with `--client`.
    command: Option<&'e str>,
    key: &'e str,
    registry: Option<SourcedJson<&'e str>>,
    /// Several are separated by commas.
    repository: Option<SourcedJson<Cow<'e, str>>>,
    direction: Option<SourcedJson<&'static str>>,
    profile: Option<SourcedJson<&'e str>>,
    docker_config: Option<&'e str>,
    directory: Option<SourcedJson<String>>,
    named: Option<SourcedJson<&'e str>>,
}

#[derive(Serialize)]
struct SourcedJson<T> {
    value: T,
    from: String,
}

impl<T> SourcedJson<T> {
    fn new(value: T, from: RequestSource) -> Self {
        Self { value, from: source_words(from) }
    }
}

pub(super) fn write(explanation: &Explanation<'_>, cx: &mut CommandContext) -> Result<(), CommandError> {
    let Request { key, token_name: named, profile, config_folder, repositories, direction, directory } =
        explanation.request;
    cx.write_json(&ExplanationJson {
        version: JSON_VERSION,
        request: RequestJson {
            command: explanation.sample,
            key: key.as_str(),
            registry: key
                .address()
                .map(|address| SourcedJson::new(address.registry().as_str(), RequestSource::Key)),
            repository: repositories
                .as_ref()
                .map(|sourced| SourcedJson::new(sourced.value.joined(), sourced.from)),
            direction: direction.map(|sourced| SourcedJson::new(sourced.value.word(), sourced.from)),
            profile: profile.map(|sourced| SourcedJson::new(sourced.value, sourced.from)),
            docker_config: config_folder.map(ConfigFolder::path),
            directory: directory
                .map(|sourced| SourcedJson::new(sourced.value.display().to_string(), sourced.from)),
            named: named.map(|sourced| SourcedJson::new(sourced.value, sourced.from)),
        },
        token: explanation.verdict.token.map(|token| token.name.as_str()),
        warning: explanation.warning(),
        tokens: explanation.decisions(),
        keys: explanation.clients.iter().map(|(client, keys)| (client.word(), keys)).collect(),
    })
}
