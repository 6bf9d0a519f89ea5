//! Which token answers a request, and why.

pub mod request;

use std::cmp::Reverse;
use std::path::Path;

use crate::model::choice::Choice;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token, TokenState};
use crate::model::token_id::TokenId;
use crate::resolve::request::Request;

/// The token that a request gets, and what was decided about every token that concerns it.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict<'i> {
    /// The token, or `None` when the client goes on without credentials.
    pub token: Option<&'i Token>,
    /// Each other token that concerns the request, with why it was not taken, in the order of the steps.
    pub set_aside: Vec<(&'i Token, Reason)>,
    /// What a person decided for this case.
    pub choice: Option<&'i Choice>,
    /// The token that was chosen for this case and cannot be given, with why.
    pub missed_choice: Option<(&'i Token, Reason)>,
}

impl Verdict<'_> {
    /// Returns why the last rival of the token was not taken; `None` when it had none.
    pub fn decided_by(&self) -> Option<Reason> {
        self.set_aside.last().map(|(_, reason)| *reason).filter(|reason| !reason.is_obstacle())
    }
}

/// Why a token was not taken. The order is that of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Its scopes are for other repositories.
    OtherRepository,
    /// A person switched it off.
    Inactive,
    /// It has ended.
    Expired,
    /// Its registry was signed out.
    SignedOut,
    /// It was logged in with under another profile.
    OtherProfile,
    /// Another token was named as the only one.
    NotNamed,
    /// Another token was logged in with under this profile.
    NotOfProfile,
    /// A person chose another token for this case.
    NotChosen,
    /// It is known not to allow what is asked.
    NotAllowed,
    /// Another token's scope fits more closely.
    LessSpecific,
    /// A person put another token in use, later than any login.
    NotUsed,
    /// Another token is enough, and allows less.
    MorePermissions,
    /// Another token was stored under the very key that was sent.
    OtherKey,
    /// Another token was put in use later.
    NotInUse,
}

impl Reason {
    /// Returns the word for it in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::OtherRepository => "other-repository",
            Self::Inactive => "inactive",
            Self::Expired => "expired",
            Self::SignedOut => "signed-out",
            Self::OtherProfile => "other-profile",
            Self::NotNamed => "not-named",
            Self::NotOfProfile => "not-of-profile",
            Self::NotChosen => "not-chosen",
            Self::NotAllowed => "not-allowed",
            Self::LessSpecific => "less-specific",
            Self::NotUsed => "not-used",
            Self::MorePermissions => "more-permissions",
            Self::OtherKey => "other-key",
            Self::NotInUse => "not-in-use",
        }
    }

    /// True when the token could not have been taken whatever other tokens there are.
    pub fn is_obstacle(self) -> bool {
        self <= Self::OtherProfile
    }
}

/// Returns the one token that answers a request, of any that are given, and the reasons.
///
/// The same tokens in another order give the same verdict. Each step narrows what the one before
/// has left; the token that is in use decides last, so there is never a tie.
pub fn resolve<'i>(
    request: &Request<'_>,
    tokens: impl IntoIterator<Item = &'i Token>,
    choices: &'i [Choice],
    now: Timestamp,
) -> Verdict<'i> {
    let mut tokens: Vec<&Token> = tokens.into_iter().filter(|token| token.concerns(request.key)).collect();
    // Whoever looks them up by their scopes may find one twice.
    tokens.sort_unstable_by_key(|token| token.id);
    tokens.dedup_by_key(|token| token.id);
    if request.is_open() {
        let verdict = weigh(request, tokens.clone(), choices, now);
        if verdict.token.is_some() {
            return verdict;
        }
        return weigh(&request.without_repository(), tokens, choices, now);
    }
    weigh(request, tokens, choices, now)
}

fn weigh<'i>(
    request: &Request<'_>,
    tokens: Vec<&'i Token>,
    choices: &'i [Choice],
    now: Timestamp,
) -> Verdict<'i> {
    let mut field = Field { left: tokens, set_aside: Vec::new() };
    let wanted = chosen(&field.left, request, choices);
    field.drop_if(|token| obstacle(token, request, now));
    if let Some(named) = request.token_name {
        field.drop_if(|token| (token.name.as_str() != named.value).then_some(Reason::NotNamed));
    }
    let mut choice = chosen(&field.left, request, choices);
    if choice.is_none_or(|choice| choice.profile.is_none()) {
        // Between the choices for a profile and those for all stand its own logins.
        field.keep_best(Reason::NotOfProfile, |token| token.profile.is_some());
        choice = chosen(&field.left, request, choices);
    }
    if let Some(choice) = choice {
        field.drop_if(|token| (token.id != choice.token).then_some(Reason::NotChosen));
    }
    field.keep_best(Reason::NotAllowed, |token| request.direction().is_none_or(|way| token.may_allow(way)));
    field.keep_best(Reason::LessSpecific, |token| specificity(token, request));
    let latest = field.left.iter().copied().max_by_key(|token| usage_rank(token));
    if let Some(used) = latest.filter(|token| token.in_use.is_some_and(|in_use| in_use.chosen)) {
        field.drop_if(|token| (token.id != used.id).then_some(Reason::NotUsed));
    }
    if request.direction.is_some() {
        field.keep_best(Reason::MorePermissions, |token| Reverse(breadth(token)));
    }
    field.keep_best(Reason::OtherKey, |token| token.has_key(request.key));
    field.keep_best(Reason::NotInUse, usage_rank);
    field.set_aside.sort_by_key(|(token, reason)| (*reason, token.id));
    let missed = wanted.and_then(|choice| field.set_aside.iter().find(|(token, _)| token.id == choice.token));
    let missed = missed
        .filter(|(_, reason)| matches!(reason, Reason::Expired | Reason::Inactive | Reason::SignedOut))
        .copied();
    Verdict { token: field.left.first().copied(), set_aside: field.set_aside, choice, missed_choice: missed }
}

/// How closely a scope fits: an exact host before a wildcard, then the longer path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Closeness {
    is_exact_host: bool,
    path: usize,
}

impl Closeness {
    /// Where no repository is known, a token for the whole registry is the safer guess than one for a part.
    fn of(scope: &Scope, repository: Option<&str>) -> Self {
        let path = match (repository, scope.path()) {
            (Some(_), path) => path.map_or(0, str::len),
            (None, path) => usize::from(path.is_none()),
        };
        Self { is_exact_host: !scope.is_wildcard(), path }
    }
}

/// How closely a choice fits; its parts count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    has_profile: bool,
    /// Of its directory, in names; the deepest one counts.
    depth: usize,
    closeness: Closeness,
    has_direction: bool,
}

/// The tokens that are still in question, and those that no longer are.
struct Field<'i> {
    left: Vec<&'i Token>,
    set_aside: Vec<(&'i Token, Reason)>,
}

impl Field<'_> {
    fn drop_if(&mut self, reason: impl Fn(&Token) -> Option<Reason>) {
        let set_aside = &mut self.set_aside;
        self.left.retain(|token| {
            let reason = reason(token);
            set_aside.extend(reason.map(|reason| (*token, reason)));
            reason.is_none()
        });
    }

    fn keep_best<R: Ord>(&mut self, otherwise: Reason, rank: impl Fn(&Token) -> R) {
        if self.left.len() < 2 {
            return;
        }
        let best = self.left.iter().map(|token| rank(token)).max();
        self.drop_if(|token| (best.as_ref() != Some(&rank(token))).then_some(otherwise));
    }
}

/// Returns what keeps a token from being given out at all.
fn obstacle(token: &Token, request: &Request<'_>, now: Timestamp) -> Option<Reason> {
    if specificity(token, request).is_none() {
        return Some(Reason::OtherRepository);
    }
    let profile = request.profile.map(|known| known.value);
    if token.profile.is_some() && token.profile.as_deref() != profile {
        return Some(Reason::OtherProfile);
    }
    match token.state {
        TokenState::Inactive => Some(Reason::Inactive),
        TokenState::Active if token.has_expired(now) => Some(Reason::Expired),
        TokenState::Active => is_signed_out(token, request).then_some(Reason::SignedOut),
    }
}

/// True when a token was signed out of where the request goes: where the repository is not known, out of
/// all that it may have there.
fn is_signed_out(token: &Token, request: &Request<'_>) -> bool {
    let Some(address) = request.key.address().filter(|_| !token.signed_out.is_empty()) else { return false };
    let registry = address.registry();
    if request.repository.is_some() {
        return token.signed_out.iter().any(|out| out.covers(registry, request.repository()));
    }
    let out_here: Vec<Scope> =
        token.signed_out.iter().filter_map(|out| out.restricted_to(registry)).collect();
    let is_out = |place: Scope| out_here.iter().any(|out| out.includes(&place));
    token.scopes.iter().filter_map(|scope| scope.restricted_to(registry)).all(is_out)
}

/// Returns what a person decided of these tokens for this case: under the profile, for the deepest
/// directory, for the closest scope, for the direction.
fn chosen<'c>(left: &[&Token], request: &Request<'_>, choices: &'c [Choice]) -> Option<&'c Choice> {
    let is_left = |choice: &&Choice| left.iter().any(|token| token.id == choice.token);
    let ranked = choices.iter().filter_map(|choice| Some((rank_of(choice, request)?, choice)));
    ranked
        .filter(|(_, choice)| is_left(choice))
        .max_by_key(|(rank, choice)| (*rank, choice.token))
        .map(|(_, choice)| choice)
}

/// How closely a choice fits, greater is closer; `None` when it is for another case.
fn rank_of(choice: &Choice, request: &Request<'_>) -> Option<Rank> {
    let Choice { scope, profile, directory, direction, token: _ } = choice;
    let address = request.key.address()?;
    let is_there = match (scope.path(), request.repository()) {
        (Some(_), None) => false,
        (_, repository) => scope.covers(address.registry(), repository),
    };
    let is_asked = |direction: &Direction| request.direction() == Some(*direction);
    let has_profile = |profile: &String| request.profile.is_some_and(|known| known.value == profile);
    let is_below = |folder: &Path| request.directory.is_some_and(|known| known.value.starts_with(folder));
    let folder = directory.as_ref().map(Path::new);
    let fits = is_there
        && direction.as_ref().is_none_or(is_asked)
        && profile.as_ref().is_none_or(has_profile)
        && folder.is_none_or(is_below);
    let depth = folder.map_or(0, |folder| folder.components().count());
    fits.then(|| Rank {
        has_profile: profile.is_some(),
        depth,
        closeness: Closeness::of(scope, request.repository()),
        has_direction: direction.is_some(),
    })
}

/// How closely a token fits: by the closest of its scopes.
fn specificity(token: &Token, request: &Request<'_>) -> Option<Closeness> {
    let Some(address) = request.key.address() else {
        return token.has_key(request.key).then_some(Closeness { is_exact_host: true, path: 0 });
    };
    let repository = request.repository();
    let covering = token.scopes.iter().filter(|scope| scope.covers(address.registry(), repository));
    covering.map(|scope| Closeness::of(scope, repository)).max()
}

/// How much a token allows; of one of which nothing is known, more than all.
fn breadth(token: &Token) -> usize {
    token.permissions.map_or(usize::MAX, |permissions| permissions.words().count())
}

/// The last login or `use`; among those never used, the first that came.
fn usage_rank(token: &Token) -> (u64, Reverse<TokenId>) {
    (token.in_use.map_or(0, |in_use| in_use.turn), Reverse(token.id))
}
