//! The view of a token in `ls` and `show`: the text of each cell, and JSON. Each of the two verbs determines the
//! order of its own cells.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::client::context::profile_words;
use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::inventory::in_use::InUseFor;
use crate::model::choice::Choice;
use crate::model::registry::Key;
use crate::model::remote::Remote;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, PreviousSecret, Token, TokenState};
use crate::model::token_id::TokenId;
use crate::provider::credential_type::{CredentialType, ExpiryRule};
use crate::provider::likely_type;
use crate::system::env;
use crate::system::sanitize::clean;
use crate::system::table::{Cell, Tone};
use crate::usage::history::UsageHistory;
use crate::usage::stats::UsageStats;

/// The version of the JSON of `ls --json` and `show --json`. An additional field does not change it.
const JSON_VERSION: u32 = 1;

/// A token that expires within this many days is highlighted.
const SOON_DAYS: i64 = 7;

/// A token with its use, its choices and its credential type.
pub struct TokenView<'t> {
    pub token: &'t Token,
    in_use_for: Option<InUseFor>,
    choices: Vec<&'t Choice>,
    credential_type: Option<&'static CredentialType>,
    usage: Option<UsageStats>,
    now: Timestamp,
}

/// A token in JSON. Times are in RFC 3339, and `null` means none or not known.
#[derive(Serialize)]
struct TokenJson<'t> {
    name: &'t str,
    kind: &'static str,
    scopes: &'t [Scope],
    keys: Vec<&'t str>,
    user: &'t str,
    label: Option<&'t str>,
    permissions: Option<Vec<&'static str>>,
    state: &'static str,
    in_use: bool,
    in_use_for: Vec<&'static str>,
    choices: &'t [&'t Choice],
    created: Timestamp,
    stored: Timestamp,
    expires: Option<Timestamp>,
    origin: &'static str,
    provider: Option<&'static str>,
    made_at: Option<&'static str>,
    profile: Option<&'t str>,
    last_used: Option<Timestamp>,
    uses: u64,
    remote: Option<&'t Remote>,
    previous_secret: Option<&'t PreviousSecret>,
}

impl<'t> TokenView<'t> {
    pub fn new(
        token: &'t Token,
        inventory: &'t Inventory,
        in_use: &BTreeMap<TokenId, InUseFor>,
        history: &UsageHistory,
        now: Timestamp,
    ) -> Self {
        Self {
            token,
            in_use_for: in_use.get(&token.id).copied(),
            choices: inventory.choices().iter().filter(|choice| choice.token == token.id).collect(),
            credential_type: likely_type(&token.scopes, token.kind, &token.user),
            usage: history.stats(token),
            now,
        }
    }

    pub fn scopes(&self) -> Cell {
        scope_words(self.token).into()
    }

    /// Returns the provider, and the provider's name for this type of credential.
    pub fn credential_type(&self) -> Cell {
        match self.credential_type {
            Some(found) => format!("{}, {}", found.provider.name, found.name).into(),
            None => Cell::unknown(),
        }
    }

    /// Returns the page or command for creating and revoking the token.
    pub fn made_at(&self) -> Cell {
        self.credential_type.map_or_else(Cell::unknown, |found| found.made_at.into())
    }

    pub fn permissions(&self) -> Cell {
        let Some(permissions) = self.token.permissions else { return Cell::unknown() };
        let words = permissions.words().collect::<Vec<_>>().join(", ");
        if words.is_empty() { "nothing".into() } else { words.into() }
    }

    /// Returns whether the token is in use, or else its state.
    pub fn state(&self) -> Cell {
        let state = State::new(self.token, self.now);
        match (self.in_use_for, state, &self.token.profile) {
            (Some(uses), _, _) => Cell::new(uses.description(), Tone::Good),
            (None, State::Active, Some(profile)) => {
                Cell::new(&format!("for {}", profile_words(profile)), Tone::Good)
            }
            (None, State::Active, None) if !self.choices.is_empty() => Cell::new("chosen", Tone::Good),
            (None, State::Expired, _) => Cell::new(state.word(), Tone::Bad),
            (None, State::Active | State::Inactive | State::SignedOut, _) => state.word().into(),
        }
    }

    pub fn created(&self) -> Cell {
        dated_cell(self.token.created, self.now, Tone::Plain)
    }

    /// Returns the time when the secret was last stored.
    pub fn stored(&self) -> Cell {
        dated_cell(self.token.stored, self.now, Tone::Plain)
    }

    pub fn expires(&self) -> Cell {
        let Some(expires) = self.token.expires else { return Cell::unknown() };
        let tone = match expires {
            _ if self.token.has_expired(self.now) => Tone::Bad,
            _ if expires.is_within(SOON_DAYS, self.now) => Tone::Warning,
            _ => Tone::Plain,
        };
        dated_cell(expires, self.now, tone)
    }

    /// Returns the expiry, or what is known of it without a date.
    pub fn expires_or_provider_note(&self) -> Cell {
        // Docker Hub reports the expiry of each token that has one.
        if self.token.expires.is_none() && self.token.is_on_docker_hub() {
            return "never".into();
        }
        let rule = self.credential_type.filter(|_| self.token.expires.is_none()).map(|found| found.expiry);
        let hours = |count: u8| if count == 1 { "1 hour".to_owned() } else { format!("{count} hours") };
        match rule {
            Some(ExpiryRule::AtProvider) => "not known here; it shows where it is made".into(),
            Some(ExpiryRule::Hours(count)) => format!("about {} after it was made", hours(count)).into(),
            Some(ExpiryRule::WithJob) => "when its job ends".into(),
            Some(ExpiryRule::JobOrHours(count)) => {
                format!("when its job ends; without a job, about {} after it was made", hours(count)).into()
            }
            Some(ExpiryRule::InSecret | ExpiryRule::None) | None => self.expires(),
        }
    }

    pub fn last_used(&self) -> Cell {
        self.usage.as_ref().map_or_else(Cell::unknown, |usage| dated_cell(usage.last, self.now, Tone::Plain))
    }

    /// Returns the time of the last use, and the client.
    pub fn last_use(&self) -> Cell {
        let Some(usage) = &self.usage else { return Cell::unknown() };
        let client = usage.client.as_ref().map(|client| format!(", by {client}"));
        (dated(usage.last, self.now) + &client.unwrap_or_default()).into()
    }

    pub fn use_count(&self) -> Cell {
        let Some(usage) = &self.usage else { return Cell::unknown() };
        let times = if usage.count == 1 { "once".to_owned() } else { format!("{} times", usage.count) };
        format!("{times} since {}", usage.first.date()).into()
    }

    /// Returns rows about the service that created the token, with the last use that the service reported; none if
    /// the service is not known.
    pub fn remote(&self) -> Vec<(&'static str, Cell)> {
        let Some(remote) = &self.token.remote else { return Vec::new() };
        let words = format!("{}, {}", remote.service.describe_owner(&remote.owner), remote.id);
        let used = remote.last_used.map(|time| ("last used there", dated(time, self.now).into()));
        [("made by", words.into())].into_iter().chain(used).collect()
    }

    /// Returns a row about the secret before the current one, if it is kept.
    pub fn previous_secret(&self) -> Option<(&'static str, Cell)> {
        let previous = self.token.previous.as_ref()?;
        let words = format!(
            "stored {}, kept until {} (rotate --undo)",
            previous.stored.date(),
            previous.kept_until().date()
        );
        Some(("previous secret", words.into()))
    }

    pub fn choices(&self) -> Vec<Cell> {
        self.choices.iter().map(|choice| choice_words(choice).into()).collect()
    }

    fn json(&self) -> TokenJson<'_> {
        let Self { token, in_use_for, choices, credential_type, usage, now } = self;
        TokenJson {
            name: token.name.as_str(),
            kind: token.kind.word(),
            scopes: &token.scopes,
            keys: token.keys.iter().map(Key::as_str).collect(),
            user: token.user.display_name(),
            label: token.label.as_deref(),
            permissions: token.permissions.map(|permissions| permissions.words().collect()),
            state: State::new(token, *now).word(),
            in_use: in_use_for.is_some(),
            in_use_for: in_use_for.unwrap_or_default().words().collect(),
            choices,
            created: token.created,
            stored: token.stored,
            expires: token.expires,
            origin: token.origin.word(),
            provider: credential_type.map(|found| found.provider.name),
            made_at: credential_type.map(|found| found.made_at),
            profile: token.profile.as_deref(),
            last_used: usage.as_ref().map(|usage| usage.last),
            uses: usage.as_ref().map_or(0, |usage| usage.count),
            remote: token.remote.as_ref(),
            previous_secret: token.previous.as_ref(),
        }
    }
}

/// Writes tokens as JSON.
pub fn write_json(cx: &mut CommandContext, tokens: &[TokenView<'_>]) -> Result<(), CommandError> {
    #[derive(Serialize)]
    struct TokensJson<'t> {
        version: u32,
        tokens: Vec<TokenJson<'t>>,
    }
    cx.write_json(&TokensJson { version: JSON_VERSION, tokens: tokens.iter().map(TokenView::json).collect() })
}

/// The state of a token: it answers requests, or there is a reason why it does not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Inactive,
    SignedOut,
    Expired,
}

impl State {
    fn new(token: &Token, now: Timestamp) -> Self {
        match token.state {
            TokenState::Inactive => Self::Inactive,
            TokenState::Active if token.has_expired(now) => Self::Expired,
            TokenState::Active if token.is_signed_out() => Self::SignedOut,
            TokenState::Active => Self::Active,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::SignedOut => "signed-out",
            Self::Expired => "expired",
        }
    }
}

/// Returns a date and its distance from now: `2027-01-31 (in 70 days)`.
fn dated(time: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", time.date(), time.relative_to(now))
}

/// Returns a cell with a date and its distance from now, and the date alone on a narrow terminal.
pub(super) fn dated_cell(time: Timestamp, now: Timestamp, tone: Tone) -> Cell {
    Cell::with_brief(&time.date(), &format!(" ({})", time.relative_to(now)), tone)
}

/// Returns the number of tokens: `1 token`, `12 tokens`.
pub fn count_words(count: usize) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

/// Returns the name of the token of a choice, for people.
pub fn chosen_name(choice: &Choice, inventory: &Inventory) -> String {
    inventory.find(choice.token).map_or_else(|| "a token".to_owned(), |token| format!("\"{}\"", token.name))
}

/// Returns a clause on the expiry of a token: `expires in 90 days, on 2027-01-31`.
pub fn expiry_words(token: &Token, now: Timestamp) -> String {
    match token.expires {
        Some(at) if at <= now => format!("expired {}, on {}", at.relative_to(now), at.date()),
        Some(at) => format!("expires {}, on {}", at.relative_to(now), at.date()),
        None => "has no known expiry".to_owned(),
    }
}

/// Returns the scopes of a token, or the keys of one without scopes.
pub fn scope_words(token: &Token) -> String {
    let words: Vec<String> = if token.scopes.is_empty() {
        token.keys.iter().map(|key| key.as_str().to_owned()).collect()
    } else {
        token.scopes.iter().map(ToString::to_string).collect()
    };
    clean(&words.join(", "))
}

/// Returns the case that a choice is for: `ghcr.io/acme, pushes, under profile "work", in ~/src`.
pub fn choice_words(choice: &Choice) -> String {
    let direction = choice.direction.map(|direction| match direction {
        Direction::Pull => "pulls".to_owned(),
        Direction::Push => "pushes".to_owned(),
        Direction::Delete => "deletions".to_owned(),
        Direction::Both => "pulls and pushes".to_owned(),
    });
    let profile = choice.profile.as_ref().map(|profile| format!("under profile \"{profile}\""));
    let directory = choice.directory.as_deref().map(|folder| format!("in {}", env::tilde(Path::new(folder))));
    let scope = Some(choice.scope.to_string());
    [scope, direction, profile, directory].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
