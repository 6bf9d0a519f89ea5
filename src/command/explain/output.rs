//! An explanation for people.

use std::io;
use std::io::Write;
use std::path::Path;

use indexmap::IndexMap;
use serde::Serialize;

use crate::client::Client;
use crate::client::context::{TOKEN_NAME, profile_words};
use crate::command::get_warnings;
use crate::command::token_view::choice_words;
use crate::model::hint::program;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Origin, Token, TokenKind, UserName};
use crate::model::turns::UseKind;
use crate::provider::credential_type::CredentialType;
use crate::provider::likely_type;
use crate::resolve::guess::Guess;
use crate::resolve::request::{Request, RequestSource};
use crate::resolve::{Reason, Verdict};
use crate::system::env;
use crate::system::sanitize::clean;
use crate::system::table::{Cell, Screen, Table, Tone};

pub(super) struct Explanation<'e> {
    pub(super) request: &'e Request<'e>,
    pub(super) verdict: &'e Verdict<'e>,
    /// The command line of the client, if the request is that of a client.
    pub(super) sample: Option<&'e str>,
    /// The keys that each client tries, in order, until one has an answer.
    pub(super) clients: &'e [(Client, Vec<String>)],
    pub(super) now: Timestamp,
}

/// The decision about one token, as `explain --json` shows it.
#[derive(Serialize)]
pub(super) struct Decision<'e> {
    name: &'e str,
    #[serde(rename = "is_given")]
    answers: bool,
    /// The word for the reason why the token does not answer.
    reason: Option<&'static str>,
    /// The reason, for people.
    why: String,
}

impl<'e> Explanation<'e> {
    /// Returns the decision about each token: first the one that answers, then the others, the closest first.
    pub(super) fn decisions(&self) -> Vec<Decision<'e>> {
        let answer = self.verdict.token.map(|token| Decision {
            name: token.name.as_str(),
            answers: true,
            reason: None,
            why: self.why_it_answers(),
        });
        let others = self.verdict.set_aside.iter().rev().map(|(token, reason)| Decision {
            name: token.name.as_str(),
            answers: false,
            reason: Some(reason.word()),
            why: self.why_not(token, *reason),
        });
        answer.into_iter().chain(others).collect()
    }

    /// Returns the step that decided, as a sentence.
    fn why_it_answers(&self) -> String {
        let Some(answer) = self.verdict.token else { return String::new() };
        let verbs = self.request.direction().map_or("pull and push", Direction::verbs);
        let event = answer.last_event(self.request.key);
        let was_used = event.is_some_and(|event| event.kind == UseKind::Use);
        let was_imported = answer.origin == Origin::Import && event.is_some();
        match self.verdict.decided_by() {
            None => "the only token that may go there".to_owned(),
            Some(Reason::NotNamed) => format!("{TOKEN_NAME} names it"),
            Some(Reason::NotChosen) => match self.verdict.choice {
                Some(choice) => format!("you chose it for {}", choice_words(choice)),
                None => "you chose it".to_owned(),
            },
            Some(Reason::NotOfProfile) => "a client logged in with it under this profile".to_owned(),
            Some(Reason::NotAllowed) => format!("it may {verbs}"),
            Some(Reason::LessSpecific) if self.is_for_a_part(self.last_rival()) => {
                "it is for the whole registry, and the image is not known".to_owned()
            }
            Some(Reason::LessSpecific) => "its scope is the closest".to_owned(),
            Some(Reason::NotOfFolder) => "a client logged in with it under this DOCKER_CONFIG".to_owned(),
            Some(Reason::Replaced | Reason::NotInUse) if was_used => "you put it in use last".to_owned(),
            Some(Reason::Replaced | Reason::NotInUse) if was_imported => {
                "it was imported, and no later login or use comes first".to_owned()
            }
            Some(Reason::Replaced) => "it is the last login, which comes before older tokens".to_owned(),
            Some(Reason::MorePermissions) => "it allows the least that is enough".to_owned(),
            Some(Reason::OtherKey) => "a client stored it under exactly this key".to_owned(),
            Some(Reason::NotInUse) if event.is_some() => "it is the last login".to_owned(),
            Some(Reason::NotInUse) if answer.origin == Origin::Import => "it was imported first".to_owned(),
            // An obstacle is not a step that decides.
            Some(_) => "it was added first".to_owned(),
        }
    }

    /// Returns the reason why another token does not answer.
    fn why_not(&self, token: &Token, reason: Reason) -> String {
        let (direction, now) = (self.request.direction(), self.now);
        let command = |verb: &str| format!("({} {verb} {})", program(), token.name.as_argument());
        match reason {
            Reason::OtherRepository => "for other repositories".to_owned(),
            Reason::Inactive => format!("switched off {}", command("activate")),
            Reason::Expired => {
                let expiry = token.expires.map(|expiry| expiry.relative_to(now)).unwrap_or_default();
                format!("expired {expiry} {}", command(token.rotating_verb()))
            }
            Reason::SignedOut => format!("signed out {}", command("activate")),
            Reason::OtherProfile | Reason::OtherFolder => match &token.profile {
                Some(profile) => format!("for {} only", profile_words(profile)),
                None => "for a profile only".to_owned(),
            },
            Reason::NotOfProfile => "a client logged in with another one under this profile".to_owned(),
            Reason::OtherAccount => "its account is not in use at Docker Hub".to_owned(),
            Reason::NotNamed => "another one is named".to_owned(),
            Reason::NotChosen => "another one is chosen".to_owned(),
            Reason::NotAllowed => {
                let verbs = direction.map_or("pull and push", Direction::verbs);
                let words = token.permissions.map(|allowed| allowed.words().collect::<Vec<_>>().join(", "));
                format!(
                    "may not {verbs}, only {}",
                    words.filter(|words| !words.is_empty()).unwrap_or("nothing".into())
                )
            }
            Reason::LessSpecific if self.is_for_a_part(Some(token)) => {
                "for a part of the registry, and the image is not known".to_owned()
            }
            Reason::LessSpecific => "another one's scope is closer".to_owned(),
            Reason::NotOfFolder => "a client logged in with another one under this DOCKER_CONFIG".to_owned(),
            Reason::Replaced => "a later login or use comes first".to_owned(),
            Reason::MorePermissions => "allows more than needed".to_owned(),
            Reason::OtherKey => "another one was stored under exactly this key".to_owned(),
            Reason::NotInUse => self.what_came_first().to_owned(),
        }
    }

    /// Returns the event that puts the answer before another token that is otherwise equal.
    fn what_came_first(&self) -> &'static str {
        let event = self.verdict.token.and_then(|answer| answer.last_event(self.request.key));
        let is_imported = self.verdict.token.is_some_and(|answer| answer.origin == Origin::Import);
        match event.map(|event| event.kind) {
            Some(UseKind::Use) => "another one was put in use later",
            Some(UseKind::Login | UseKind::OldLogin) if is_imported => "an imported login comes first",
            Some(UseKind::Login | UseKind::OldLogin) => "a client logged in with another one later",
            None if is_imported => "another one was imported first",
            None => "another one was added first",
        }
    }

    /// Returns the token that the last step set aside.
    fn last_rival(&self) -> Option<&Token> {
        self.verdict.set_aside.last().map(|(token, _)| *token)
    }

    /// True for a token for a part of the registry, if the image is not known.
    fn is_for_a_part(&self, token: Option<&Token>) -> bool {
        let Some((token, address)) = token.zip(self.request.key.address()) else { return false };
        let is_whole = |scope: &Scope| scope.path().is_none() && scope.covers(address.registry(), None);
        self.request.repositories().is_empty() && !token.scopes.iter().any(is_whole)
    }

    /// Writes the explanation for people.
    pub(super) fn write(&self, mut out: impl Write, screen: Screen) -> io::Result<()> {
        let mut request = Table::headless();
        for (head, text) in self.request_rows() {
            request.push([Cell::new(head, Tone::Head), text.into()]);
        }
        request.write(&mut out, screen)?;
        match self.verdict.token {
            Some(token) => writeln!(out, "\n\"{}\" is given", clean(token.name.as_str()))?,
            None => writeln!(out, "\nno token is given: clients continue without credentials")?,
        }
        if let (None, Some(kind)) = (self.verdict.token, self.pat_type()) {
            let (provider, made_at) = (kind.provider.name, kind.made_at);
            writeln!(out, "{provider} creates tokens at {made_at}; {} add stores one here", program())?;
        }
        if let Some(line) = self.warning() {
            writeln!(out, "{}", clean(&line))?;
        }
        let mut tokens = Table::headless();
        for Decision { name, answers, why, .. } in self.decisions() {
            let (word, tone) = if answers { ("given", Tone::Good) } else { ("not given", Tone::Plain) };
            tokens.push([name.into(), Cell::new(word, tone), why.into()]);
        }
        tokens.write(&mut out, screen)?;
        // A key that is cut would be a different key.
        let whole = Screen { width: None, ..screen };
        let mut clients = Table::headless();
        for (keys, names) in self.clients_by_keys() {
            clients.push([format!("sent by {}", names.join(", ")).into(), keys.into()]);
        }
        if self.clients.is_empty() { Ok(()) } else { writeln!(out).and_then(|()| clients.write(out, whole)) }
    }

    /// Returns the warning about a request that will be refused, or about an answer that is a guess.
    pub(super) fn warning(&self) -> Option<String> {
        let guess = || get_warnings::guess(&Guess::find(self.request, self.verdict)?, self.request);
        get_warnings::expected_failure(self.request, self.verdict).or_else(guess)
    }

    /// Returns the known parts of the request, each with its source.
    fn request_rows(&self) -> Vec<(&'static str, String)> {
        let Request { key, token_name: named, profile, config_folder, repositories, direction, directory } =
            self.request;
        let with_source = |text: &str, from: RequestSource| format!("{text} ({})", source_words(from));
        let not_known = || "not known".to_owned();
        let mut rows: Vec<_> = self.sample.map(|line| ("command", line.to_owned())).into_iter().collect();
        rows.push(("key", key.as_str().to_owned()));
        if let Some(address) = key.address() {
            let head = if self.request.repositories().len() > 1 { "repositories" } else { "repository" };
            let repositories =
                repositories.as_ref().map(|sourced| with_source(&sourced.value.joined(), sourced.from));
            let direction = direction.map(|sourced| with_source(sourced.value.word(), sourced.from));
            rows.push(("registry", address.registry().to_string()));
            rows.push((head, repositories.unwrap_or_else(not_known)));
            rows.push(("direction", direction.unwrap_or_else(not_known)));
        }
        rows.extend(profile.map(|sourced| ("profile", with_source(sourced.value, sourced.from))));
        rows.extend(config_folder.map(|folder| ("docker config", env::tilde(Path::new(folder.path())))));
        rows.extend(
            directory.map(|sourced| ("directory", with_source(&env::tilde(sourced.value), sourced.from))),
        );
        rows.extend(named.map(|sourced| ("token", with_source(sourced.value, sourced.from))));
        rows
    }

    /// Returns the type of personal access token that the registry's provider has.
    fn pat_type(&self) -> Option<&'static CredentialType> {
        let scope = Scope::from_address(self.request.key.address()?);
        likely_type(&[scope], TokenKind::Pat, &UserName::Named(String::new()))
    }

    /// Returns the clients that send the same keys.
    fn clients_by_keys(&self) -> IndexMap<String, Vec<&'static str>> {
        let mut by_keys: IndexMap<String, Vec<&str>> = IndexMap::new();
        for (client, keys) in self.clients {
            by_keys.entry(keys.join(", then ")).or_default().push(client.word());
        }
        by_keys
    }
}

/// Returns the words for a source.
pub(super) fn source_words(from: RequestSource) -> String {
    match from {
        RequestSource::Key => "from the key".to_owned(),
        RequestSource::Variable(name) => format!("from {name}"),
        RequestSource::ProgramName => "from the program's name".to_owned(),
        RequestSource::CommandLine => "from the client's command line".to_owned(),
        RequestSource::WorkingDirectory => "the working directory".to_owned(),
        RequestSource::Argument => "as asked".to_owned(),
        RequestSource::Default => "the default".to_owned(),
    }
}
