//! How a token is shown: in the cells of a table, and as JSON.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::inventory::Inventory;
use crate::inventory::in_use::InUseFor;
use crate::model::choice::Choice;
use crate::model::registry::Key;
use crate::model::remote::Remote;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token, TokenState};
use crate::model::token_id::TokenId;
use crate::provider::credential_type::{CredentialType, ExpiryRule};
use crate::provider::sort_of;
use crate::system::env;
use crate::system::sanitize::clean;
use crate::system::table::{Cell, Tone};
use crate::usage::history::UsageHistory;
use crate::usage::stats::UsageStats;

/// The version of the JSON that `ls --json` and `show --json` write. A new name is no new version.
const JSON_VERSION: u32 = 1;

/// A token that ends within so many days is pointed out.
const SOON_DAYS: i64 = 7;

/// A token with all that is told of it.
pub struct TokenView<'t> {
    token: &'t Token,
    uses: Option<InUseFor>,
    choices: Vec<&'t Choice>,
    sort: Option<&'static CredentialType>,
    history: Option<UsageStats>,
    now: Timestamp,
}

/// A token as JSON shows it. Moments are in RFC 3339, and `null` means none or not known.
#[derive(Serialize)]
struct TokenJson<'t> {
    name: &'t str,
    kind: &'static str,
    scopes: Vec<String>,
    keys: Vec<&'t str>,
    user: &'t str,
    label: Option<&'t str>,
    permissions: Option<Vec<&'static str>>,
    state: &'static str,
    in_use: bool,
    in_use_to: Vec<&'static str>,
    choices: Vec<ChoiceJson<'t>>,
    created: String,
    stored: String,
    expires: Option<String>,
    origin: &'static str,
    provider: Option<&'static str>,
    made_at: Option<&'static str>,
    profile: Option<&'t str>,
    last_used: Option<String>,
    uses: u64,
    remote: Option<RemoteJson<'t>>,
}

/// What a token is at the service that made it, as JSON shows it.
#[derive(Serialize)]
struct RemoteJson<'t> {
    service: &'static str,
    at: Option<&'t str>,
    owner: &'t str,
    id: &'t str,
    last_used: Option<String>,
}

impl<'t> RemoteJson<'t> {
    fn of(remote: &'t Remote) -> Self {
        Self {
            service: remote.service.word(),
            at: remote.at.as_deref(),
            owner: &remote.owner,
            id: &remote.id,
            last_used: remote.last_used.map(|at| at.to_string()),
        }
    }
}

/// A person's choice as JSON shows it; `null` means whatever it is.
#[derive(Serialize)]
struct ChoiceJson<'t> {
    scope: String,
    profile: Option<&'t str>,
    directory: Option<&'t str>,
    direction: Option<&'static str>,
}

impl<'t> TokenView<'t> {
    /// Puts together what is told of one token of an inventory, of which those are in use and were used so.
    pub fn of(
        token: &'t Token,
        inventory: &'t Inventory,
        used: &BTreeMap<TokenId, InUseFor>,
        history: &UsageHistory,
        now: Timestamp,
    ) -> Self {
        let choices = inventory.choices().iter().filter(|choice| choice.token == token.id).collect();
        let sort = sort_of(&token.scopes, token.kind, &token.user);
        let history = history.stats(token);
        Self { token, uses: used.get(&token.id).copied(), choices, sort, history, now }
    }

    /// Returns the token itself.
    pub fn token(&self) -> &'t Token {
        self.token
    }

    /// Returns its name.
    pub fn name(&self) -> Cell {
        self.token.name.as_str().into()
    }

    /// Returns what sort of credential it is.
    pub fn kind(&self) -> Cell {
        self.token.kind.word().into()
    }

    /// Returns where it may go.
    pub fn places(&self) -> Cell {
        places(self.token).into()
    }

    /// Returns the user name that goes with it.
    pub fn user(&self) -> Cell {
        self.token.user.display_name().into()
    }

    /// Returns what it is called where it comes from.
    pub fn sort(&self) -> Cell {
        self.sort.map_or_else(|| "-".into(), |sort| format!("{}, {}", sort.provider.name, sort.called).into())
    }

    /// Returns where it is made and revoked.
    pub fn made_at(&self) -> Cell {
        self.sort.map_or("-", |sort| sort.made_at).into()
    }

    /// Returns what it is known to allow.
    pub fn permissions(&self) -> Cell {
        let words = self.token.permissions.map(|known| known.words().collect::<Vec<_>>().join(", "));
        words.map_or_else(
            || "-".into(),
            |words| if words.is_empty() { "nothing".into() } else { words.into() },
        )
    }

    /// Returns its state: first whether it is in use, which is asked most.
    pub fn state(&self) -> Cell {
        let state = State::of(self.token, self.now);
        match (self.uses, state, &self.token.profile) {
            (Some(uses), _, _) => Cell::new(uses.words(), Tone::Good),
            (None, State::Active, Some(profile)) => Cell::new(&format!("for profile {profile}"), Tone::Good),
            (None, State::Active, None) if !self.choices.is_empty() => Cell::new("chosen", Tone::Good),
            (None, State::Expired, _) => Cell::new(state.word(), Tone::Bad),
            (None, State::Active | State::Inactive | State::SignedOut, _) => Cell::from(state.word()),
        }
    }

    /// Returns when it came.
    pub fn created(&self) -> Cell {
        dated(self.token.created, self.now).into()
    }

    /// Returns when its secret was last stored.
    pub fn stored(&self) -> Cell {
        dated(self.token.stored, self.now).into()
    }

    /// Returns when it ends.
    pub fn end(&self) -> Cell {
        let Some(end) = self.token.expires else { return Cell::from("-") };
        let tone = match end {
            _ if self.token.has_expired(self.now) => Tone::Bad,
            _ if end.is_within(SOON_DAYS, self.now) => Tone::Warning,
            _ => Tone::Plain,
        };
        Cell::new(&dated(end, self.now), tone)
    }

    /// Returns when it ends, or whether its provider tells.
    pub fn end_or_where(&self) -> Cell {
        match (self.token.expires, self.sort) {
            (None, Some(sort)) if sort.end == ExpiryRule::AtProvider => {
                "not known here; it shows where it is made".into()
            }
            (Some(_) | None, _) => self.end(),
        }
    }

    /// Returns when it was last given out.
    pub fn last_used(&self) -> Cell {
        self.history.as_ref().map_or_else(|| "-".into(), |used| dated(used.last, self.now).into())
    }

    /// Returns when it was last given out, and to which client.
    pub fn last_use(&self) -> Cell {
        let Some(used) = &self.history else { return Cell::from("-") };
        let client = used.client.as_ref().map(|client| format!(", by {client}"));
        (dated(used.last, self.now) + &client.unwrap_or_default()).into()
    }

    /// Returns how often it was given out.
    pub fn times_used(&self) -> Cell {
        let Some(used) = &self.history else { return Cell::from("-") };
        let times = if used.count == 1 { "once".to_owned() } else { format!("{} times", used.count) };
        format!("{times} since {}", used.first.date()).into()
    }

    /// Returns who brought it.
    pub fn origin(&self) -> Cell {
        self.token.origin.word().into()
    }

    /// Returns what it is at the service that made it, and when it was last used as that tells; nothing where
    /// that is not known.
    pub fn remote(&self) -> Vec<(&'static str, Cell)> {
        let Some(remote) = &self.token.remote else { return Vec::new() };
        let words = format!("{}, {}", remote.service.owner_words(&remote.owner), remote.id);
        let used = remote.last_used.map(|at| ("last used there", dated(at, self.now).into()));
        [("made by", words.into())].into_iter().chain(used).collect()
    }

    /// Returns for what it was chosen.
    pub fn choices(&self) -> Vec<Cell> {
        self.choices.iter().map(|choice| choice_words(choice).into()).collect()
    }

    fn json(&self) -> TokenJson<'t> {
        let Self { token, uses, choices, sort, history, now } = self;
        let uses = uses.unwrap_or_default();
        let to = [(uses.pull, Direction::Pull), (uses.push, Direction::Push)];
        TokenJson {
            name: token.name.as_str(),
            kind: token.kind.word(),
            scopes: token.scopes.iter().map(ToString::to_string).collect(),
            keys: token.keys.iter().map(Key::as_str).collect(),
            user: token.user.display_name(),
            label: token.label.as_deref(),
            permissions: token.permissions.map(|permissions| permissions.words().collect()),
            state: State::of(token, *now).word(),
            in_use: self.uses.is_some(),
            in_use_to: to.into_iter().filter(|(is_used, _)| *is_used).map(|(_, way)| way.word()).collect(),
            choices: choices.iter().copied().map(ChoiceJson::of).collect(),
            created: token.created.to_string(),
            stored: token.stored.to_string(),
            expires: token.expires.map(|end| end.to_string()),
            origin: token.origin.word(),
            provider: sort.map(|sort| sort.provider.name),
            made_at: sort.map(|sort| sort.made_at),
            profile: token.profile.as_deref(),
            last_used: history.as_ref().map(|used| used.last.to_string()),
            uses: history.as_ref().map_or(0, |used| used.count),
            remote: token.remote.as_ref().map(RemoteJson::of),
        }
    }
}

impl<'t> ChoiceJson<'t> {
    fn of(choice: &'t Choice) -> Self {
        Self {
            scope: choice.scope.to_string(),
            profile: choice.profile.as_deref(),
            directory: choice.directory.as_deref(),
            direction: choice.direction.map(Direction::word),
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
    let listing = TokensJson { version: JSON_VERSION, tokens: tokens.iter().map(TokenView::json).collect() };
    cx.write_json(&listing)
}

/// Whether a token is given out, and why not.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Active,
    Inactive,
    SignedOut,
    Expired,
}

impl State {
    fn of(token: &Token, now: Timestamp) -> Self {
        match token.standing {
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

/// Returns a date and how far it is from now: `2027-01-31 (in 70 days)`.
pub(super) fn dated(moment: Timestamp, now: Timestamp) -> String {
    format!("{} ({})", moment.date(), moment.relative_to(now))
}

/// Returns how many tokens there are, for people.
pub fn count_words(count: usize) -> String {
    if count == 1 { "1 token".to_owned() } else { format!("{count} tokens") }
}

/// Returns the scopes of a token, or the keys of one that has none, for people.
pub fn places(token: &Token) -> String {
    let scopes = token.scopes.iter().map(ToString::to_string);
    let keys = token.keys.iter().map(|key| key.as_str().to_owned());
    let places: Vec<_> = if token.scopes.is_empty() { keys.collect() } else { scopes.collect() };
    clean(&places.join(", "))
}

/// Returns what a choice is for, for people: `ghcr.io/acme, pushes, under profile "work", in ~/src`.
pub fn choice_words(choice: &Choice) -> String {
    let direction = choice.direction.map(|direction| match direction {
        Direction::Pull => "pulls".to_owned(),
        Direction::Push => "pushes".to_owned(),
    });
    let profile = choice.profile.as_ref().map(|profile| format!("under profile \"{profile}\""));
    let directory = choice.directory.as_deref().map(|folder| format!("in {}", env::tilde(Path::new(folder))));
    let scope = Some(choice.scope.to_string());
    [scope, direction, profile, directory].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
