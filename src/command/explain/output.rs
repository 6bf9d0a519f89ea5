//! An explanation in words.

use std::io;
use std::io::Write;

use indexmap::IndexMap;

use crate::client::Client;
use crate::command::get_warnings;
use crate::command::token_view::choice_words;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token, TokenKind, UserName};
use crate::provider::credential_type::CredentialType;
use crate::provider::likely_type;
use crate::resolve::request::{Request, RequestSource};
use crate::resolve::{Reason, Verdict};
use crate::system::env;
use crate::system::sanitize::clean;
use crate::system::table::{Cell, Screen, Table, Tone};

/// All that is to be told.
pub(super) struct Explanation<'e> {
    /// What was asked, as it is understood.
    pub(super) request: &'e Request<'e>,
    /// What was decided.
    pub(super) verdict: &'e Verdict<'e>,
    /// The keys that each client sends, one after another until one has an answer.
    pub(super) clients: &'e [(Client, Vec<String>)],
    /// When.
    pub(super) now: Timestamp,
}

/// One token, and what was decided about it.
pub(super) struct Decision<'e> {
    /// The token.
    pub(super) token: &'e Token,
    /// Why it is not given; `None` for the one that is.
    pub(super) reason: Option<Reason>,
    /// The same in words.
    pub(super) why: String,
}

impl<'e> Explanation<'e> {
    /// Returns what was decided of each token, the one that is given first, then those that came closest.
    pub(super) fn decisions(&self) -> Vec<Decision<'e>> {
        let given = self.verdict.token.map(|token| Decision { token, reason: None, why: self.why_given() });
        let others = self.verdict.set_aside.iter().rev().map(|(token, reason)| Decision {
            token,
            reason: Some(*reason),
            why: why_not(token, *reason, self.request.direction(), self.now),
        });
        given.into_iter().chain(others).collect()
    }

    fn why_given(&self) -> String {
        let direction = self.request.direction().map_or("this", Direction::word);
        match self.verdict.decided_by() {
            None => "the only one that may go there".to_owned(),
            Some(Reason::NotNamed) => "the one that is named".to_owned(),
            Some(Reason::NotChosen) => match self.verdict.choice {
                Some(choice) => format!("chosen for {}", choice_words(choice)),
                None => "chosen".to_owned(),
            },
            Some(Reason::NotOfProfile) => "logged in with under this profile".to_owned(),
            Some(Reason::NotAllowed) => format!("the one that may {direction}"),
            Some(Reason::LessSpecific) => "its scope fits most closely".to_owned(),
            Some(Reason::NotUsed) => "put in use, later than any login".to_owned(),
            Some(Reason::MorePermissions) => "enough for it, and allows least".to_owned(),
            Some(Reason::OtherKey) => "stored under the very key that is sent".to_owned(),
            Some(
                Reason::NotInUse
                | Reason::OtherRepository
                | Reason::Inactive
                | Reason::Expired
                | Reason::SignedOut
                | Reason::OtherProfile,
            ) => "in use: the last login, else the first that came".to_owned(),
        }
    }

    /// Writes it for people.
    pub(super) fn write(&self, mut out: impl Write, screen: Screen) -> io::Result<()> {
        let mut known = Table::headless();
        for (head, text) in self.known() {
            known.push([Cell::new(head, Tone::Head), text.into()]);
        }
        known.write(&mut out, screen)?;
        match self.verdict.token {
            Some(token) => writeln!(out, "\n\"{}\" is given", clean(token.name.as_str()))?,
            None => writeln!(out, "\nno token is given: clients go on without credentials")?,
        }
        if let (None, Some(sort)) = (self.verdict.token, self.sort()) {
            writeln!(
                out,
                "{} makes tokens at {}; docker-credential-pat add brings one in",
                sort.provider.name, sort.made_at
            )?;
        }
        if let Some(line) = get_warnings::push_refusal(self.request, self.verdict) {
            writeln!(out, "{}", clean(&line))?;
        }
        let mut tokens = Table::headless();
        for Decision { token, reason, why } in self.decisions() {
            let (word, tone) =
                if reason.is_none() { ("given", Tone::Good) } else { ("not given", Tone::Plain) };
            tokens.push([token.name.as_str().into(), Cell::new(word, tone), why.into()]);
        }
        tokens.write(&mut out, screen)?;
        // A key that is cut off is none.
        let whole = Screen { width: None, ..screen };
        let mut clients = Table::headless();
        for (keys, names) in self.clients_by_keys() {
            clients.push([format!("sent by {}", names.join(", ")).into(), keys.into()]);
        }
        if self.clients.is_empty() { Ok(()) } else { writeln!(out).and_then(|()| clients.write(out, whole)) }
    }

    /// Returns what is known of the request, with where it is known from.
    fn known(&self) -> Vec<(&'static str, String)> {
        let Request { key, token_name: named, profile, repository, direction, directory } = self.request;
        let told = |text: &str, from: RequestSource| format!("{text} ({})", source(from));
        let not_known = || "not known".to_owned();
        let mut rows = vec![("key", key.as_str().to_owned())];
        if let Some(address) = key.address() {
            let repository = repository.as_ref().map(|known| told(&known.value.path, known.from));
            let direction = direction.map(|known| told(known.value.word(), known.from));
            rows.push(("registry", address.registry().to_string()));
            rows.push(("repository", repository.unwrap_or_else(not_known)));
            rows.push(("direction", direction.unwrap_or_else(not_known)));
        }
        rows.extend(profile.map(|known| ("profile", told(known.value, known.from))));
        rows.extend(directory.map(|known| ("directory", told(&env::tilde(known.value), known.from))));
        rows.extend(named.map(|known| ("token", told(known.value, known.from))));
        rows
    }

    /// Returns the sort of token that the registry's owner makes for anybody.
    fn sort(&self) -> Option<&'static CredentialType> {
        let scope = Scope::from_address(self.request.key.address()?);
        likely_type(&[scope], TokenKind::Pat, &UserName::Named(String::new()))
    }

    /// Returns which clients send the same keys.
    fn clients_by_keys(&self) -> IndexMap<String, Vec<&'static str>> {
        let mut by_keys: IndexMap<String, Vec<&str>> = IndexMap::new();
        for (client, keys) in self.clients {
            by_keys.entry(keys.join(", then ")).or_default().push(client.word());
        }
        by_keys
    }
}

/// Returns where something is known from.
pub(super) fn source(from: RequestSource) -> String {
    match from {
        RequestSource::Key => "from the key".to_owned(),
        RequestSource::Variable(name) => format!("from {name}"),
        RequestSource::ProgramName => "from the program's name".to_owned(),
        RequestSource::CommandLine => "from the client's command line".to_owned(),
        RequestSource::WorkingDirectory => "the working directory".to_owned(),
        RequestSource::Argument => "as asked".to_owned(),
    }
}

fn why_not(token: &Token, reason: Reason, direction: Option<Direction>, now: Timestamp) -> String {
    let way_out = |verb: &str| format!("(docker-credential-pat {verb} {})", token.name.as_argument());
    match reason {
        Reason::OtherRepository => "for other repositories".to_owned(),
        Reason::Inactive => format!("switched off {}", way_out("activate")),
        Reason::Expired => {
            let end = token.expires.map(|end| end.relative_to(now)).unwrap_or_default();
            format!("expired {end} {}", way_out(token.rotating_verb()))
        }
        Reason::SignedOut => format!("signed out {}", way_out("activate")),
        Reason::OtherProfile => match &token.profile {
            Some(profile) => format!("for profile \"{profile}\" only"),
            None => "for a profile only".to_owned(),
        },
        Reason::NotOfProfile => "another one was logged in with under this profile".to_owned(),
        Reason::NotNamed => "another one is named".to_owned(),
        Reason::NotChosen => "another one is chosen".to_owned(),
        Reason::NotAllowed => format!("may not {}", direction.map_or("do this", Direction::word)),
        Reason::LessSpecific => "another one's scope fits more closely".to_owned(),
        Reason::NotUsed => "another one was put in use".to_owned(),
        Reason::MorePermissions => "allows more than it takes".to_owned(),
        Reason::OtherKey => "another one was stored under the very key that is sent".to_owned(),
        Reason::NotInUse => "another one is in use".to_owned(),
    }
}
