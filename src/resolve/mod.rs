//! Decides which token answers a request, and why.
//!
//! [`resolve`] takes a request, the tokens of a vault, the choices that people made with `use`, and the
//! time. It reads nothing else, so the same input always gives the same [`Verdict`].
//!
//! The candidates are the tokens with a scope on the requested registry, and those that a client stored
//! under exactly the requested key. Ten steps narrow them down. A token that a step sets aside gets the
//! step's [`Reason`]; the token that remains after the last step is the answer.
//!
//! 1. **Obstacles.** Set aside each token whose scopes do not cover the repository, that a client logged in
//!    with under another profile, or that is inactive, expired or signed out.
//! 2. **Name.** If the request names a token, set aside all others.
//! 3. **Profile.** Unless a choice for the request's own profile applies, keep the tokens that a client
//!    logged in with under that profile.
//! 4. **Choice.** Keep the token of the closest choice. Of two choices, the closer one is for a profile; if
//!    that is equal, for the deeper directory; then for the closer scope; then for a direction.
//! 5. **Permission.** If the direction is known, keep the tokens that may pull, or push. A token of unknown
//!    permissions may do both.
//! 6. **Scope.** Keep the tokens with the closest scope: an exact host is closer than a wildcard, and a
//!    longer path closer than a shorter one. If the repository is not known, the whole registry is closer
//!    than a part of it.
//! 7. **Use.** If the token that was last put in use was put there by a person's `use`, keep it alone.
//! 8. **Least permissions.** If the direction is known, keep the tokens that allow the least. Unknown
//!    permissions count as more than all three.
//! 9. **Key.** Keep the tokens that were stored under exactly the requested key.
//! 10. **Latest.** Keep the token that was put in use last; if none ever was, the one that was added first.
//!
//! Steps 1 and 2 may set every token aside; then nothing answers, and the client continues without
//! credentials. From step 3 on, a step that would set every token aside keeps them all. There is never a tie
//! after step 10, because a vault numbers its tokens.
//!
//! A build names one repository and may ask for others of the same registry. Such a request is resolved for
//! its repository first and, if no token answers, once more as if the repository were not known.
//!
//! The cases are in `tests/fixtures/truth-table.txt`, which `tests/it/resolve.rs` checks.

pub mod request;

use std::cmp::Reverse;
use std::path::Path;

use crate::model::choice::Choice;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Token, TokenState};
use crate::model::token_id::TokenId;
use crate::resolve::request::Request;

/// The token that answers a request, and the reason why each other candidate does not.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict<'i> {
    /// The token, or `None` when the client continues without credentials.
    pub token: Option<&'i Token>,
    /// Each other candidate, in the order of the steps.
    pub set_aside: Vec<(&'i Token, Reason)>,
    /// The choice that step 4 followed.
    pub choice: Option<&'i Choice>,
    /// The token of the closest choice, if it is expired, inactive or signed out.
    pub missed_choice: Option<(&'i Token, Reason)>,
}

impl Verdict<'_> {
    /// Returns the step that set the last rival of the token aside; `None` when it had no rival.
    pub fn decided_by(&self) -> Option<Reason> {
        self.set_aside.last().map(|(_, reason)| *reason).filter(|reason| !reason.is_obstacle())
    }
}

/// The reason why a token does not answer, in the order of the steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Step 1: its scopes are for other repositories.
    OtherRepository,
    Inactive,
    Expired,
    SignedOut,
    /// Step 1: a client logged in with it under another profile.
    OtherProfile,
    /// Step 2: the request names another token.
    NotNamed,
    /// Step 3: a client logged in with another token under this profile.
    NotOfProfile,
    /// Step 4: a person chose another token for this case.
    NotChosen,
    /// Step 5: it may not pull, or not push.
    NotAllowed,
    /// Step 6: another token has a closer scope.
    LessSpecific,
    /// Step 7: a person put another token in use, later than any login.
    NotUsed,
    /// Step 8: another token allows less, and that is enough.
    MorePermissions,
    /// Step 9: another token was stored under the requested key.
    OtherKey,
    /// Step 10: another token was put in use later.
    NotInUse,
}

impl Reason {
    /// Returns the word for the reason in JSON and in the usage log.
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

    /// True for step 1, which sets a token aside regardless of all other tokens.
    pub fn is_obstacle(self) -> bool {
        self <= Self::OtherProfile
    }
}

/// Returns the token that answers a request, and the reasons.
///
/// The order of the tokens does not matter, and a token that occurs twice counts once. Tokens that are not
/// candidates are ignored.
pub fn resolve<'i>(
    request: &Request<'_>,
    tokens: impl IntoIterator<Item = &'i Token>,
    choices: &'i [Choice],
    now: Timestamp,
) -> Verdict<'i> {
    let mut tokens: Vec<&Token> = tokens.into_iter().filter(|token| token.concerns(request.key)).collect();
    // A caller that looks tokens up by their scopes may find one twice.
    tokens.sort_unstable_by_key(|token| token.id);
    tokens.dedup_by_key(|token| token.id);
    if request.prefers_repository() {
        let verdict = run_steps(request, tokens.clone(), choices, now);
        if verdict.token.is_some() {
            return verdict;
        }
        return run_steps(&request.without_repository(), tokens, choices, now);
    }
    run_steps(request, tokens, choices, now)
}

fn run_steps<'i>(
    request: &Request<'_>,
    tokens: Vec<&'i Token>,
    choices: &'i [Choice],
    now: Timestamp,
) -> Verdict<'i> {
    let mut candidates = Candidates { remaining: tokens, set_aside: Vec::new() };
    let wanted = candidates.closest_choice(request, choices);
    candidates.set_aside_if(|token| find_obstacle(token, request, now));
    if let Some(name) = request.token_name {
        candidates.set_aside_if(|token| (token.name.as_str() != name.value).then_some(Reason::NotNamed));
    }
    let mut choice = candidates.closest_choice(request, choices);
    if choice.is_none_or(|choice| choice.profile.is_none()) {
        candidates.keep_best(Reason::NotOfProfile, |token| token.profile.is_some());
        choice = candidates.closest_choice(request, choices);
    }
    if let Some(choice) = choice {
        candidates.keep_only(choice.token, Reason::NotChosen);
    }
    candidates.keep_best(Reason::NotAllowed, |token| {
        request.direction().is_none_or(|direction| token.may_allow(direction))
    });
    candidates.keep_best(Reason::LessSpecific, |token| token_closeness(token, request));
    let latest = candidates.remaining.iter().copied().max_by_key(|token| recency(token));
    if let Some(used) = latest.filter(|token| token.in_use.is_some_and(|in_use| in_use.by_person)) {
        candidates.keep_only(used.id, Reason::NotUsed);
    }
    if request.direction.is_some() {
        candidates.keep_best(Reason::MorePermissions, |token| Reverse(count_permissions(token)));
    }
    candidates.keep_best(Reason::OtherKey, |token| token.has_key(request.key));
    candidates.keep_best(Reason::NotInUse, recency);

    let Candidates { remaining, mut set_aside } = candidates;
    set_aside.sort_by_key(|(token, reason)| (*reason, token.id));
    let missed_choice = wanted.and_then(|choice| {
        let is_unavailable =
            |reason| matches!(reason, Reason::Expired | Reason::Inactive | Reason::SignedOut);
        let mut missed = set_aside.iter().filter(|(_, reason)| is_unavailable(*reason));
        missed.find(|(token, _)| token.id == choice.token).copied()
    });
    Verdict { token: remaining.first().copied(), set_aside, choice, missed_choice }
}

/// The tokens that may still answer, and those that a step has set aside.
struct Candidates<'i> {
    remaining: Vec<&'i Token>,
    set_aside: Vec<(&'i Token, Reason)>,
}

impl Candidates<'_> {
    fn set_aside_if(&mut self, find_reason: impl Fn(&Token) -> Option<Reason>) {
        let set_aside = &mut self.set_aside;
        self.remaining.retain(|token| {
            let reason = find_reason(token);
            set_aside.extend(reason.map(|reason| (*token, reason)));
            reason.is_none()
        });
    }

    fn keep_only(&mut self, id: TokenId, reason: Reason) {
        self.set_aside_if(|token| (token.id != id).then_some(reason));
    }

    /// Keeps the tokens of the highest rank, so that at least one remains.
    fn keep_best<R: Ord>(&mut self, reason: Reason, rank: impl Fn(&Token) -> R) {
        if self.remaining.len() < 2 {
            return;
        }
        let best = self.remaining.iter().map(|token| rank(token)).max();
        self.set_aside_if(|token| (best.as_ref() != Some(&rank(token))).then_some(reason));
    }

    /// Returns the closest choice of a remaining token.
    fn closest_choice<'c>(&self, request: &Request<'_>, choices: &'c [Choice]) -> Option<&'c Choice> {
        choices
            .iter()
            .filter_map(|choice| Some((ChoiceRank::new(choice, request)?, choice)))
            .filter(|(_, choice)| self.remaining.iter().any(|token| token.id == choice.token))
            .max_by_key(|(rank, choice)| (*rank, choice.token))
            .map(|(_, choice)| choice)
    }
}

/// The closeness of a scope to a request; greater is closer, and the fields count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Closeness {
    is_exact_host: bool,
    /// The length of the path in bytes. If the repository is not known: 1 without a path, 0 with one, because
    /// a token for the whole registry is the safer guess.
    path: usize,
}

impl Closeness {
    fn new(scope: &Scope, repository: Option<&str>) -> Self {
        let path = match (repository, scope.path()) {
            (Some(_), path) => path.map_or(0, str::len),
            (None, path) => usize::from(path.is_none()),
        };
        Self { is_exact_host: !scope.is_wildcard(), path }
    }
}

/// The closeness of a choice to a request; greater is closer, and the fields count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct ChoiceRank {
    has_profile: bool,
    /// The number of names in the path of its directory.
    depth: usize,
    closeness: Closeness,
    has_direction: bool,
}

impl ChoiceRank {
    /// Ranks a choice; `None` when it is for another case.
    fn new(choice: &Choice, request: &Request<'_>) -> Option<Self> {
        let Choice { scope, profile, directory, direction, token: _ } = choice;
        let address = request.key.address()?;
        let covers = match (scope.path(), request.repository()) {
            (Some(_), None) => false,
            (_, repository) => scope.covers(address.registry(), repository),
        };
        let is_same_profile =
            |profile: &String| request.profile.is_some_and(|current| current.value == profile);
        let is_below =
            |folder: &Path| request.directory.is_some_and(|current| current.value.starts_with(folder));
        let folder = directory.as_ref().map(Path::new);
        let applies = covers
            && direction.is_none_or(|direction| request.direction() == Some(direction))
            && profile.as_ref().is_none_or(is_same_profile)
            && folder.is_none_or(is_below);
        applies.then(|| Self {
            has_profile: profile.is_some(),
            depth: folder.map_or(0, |folder| folder.components().count()),
            closeness: Closeness::new(scope, request.repository()),
            has_direction: direction.is_some(),
        })
    }
}

/// Returns the reason why a token cannot answer, regardless of all other tokens.
fn find_obstacle(token: &Token, request: &Request<'_>, now: Timestamp) -> Option<Reason> {
    if token_closeness(token, request).is_none() {
        return Some(Reason::OtherRepository);
    }
    let profile = request.profile.map(|current| current.value);
    if token.profile.is_some() && token.profile.as_deref() != profile {
        return Some(Reason::OtherProfile);
    }
    match token.state {
        TokenState::Inactive => Some(Reason::Inactive),
        TokenState::Active if token.has_expired(now) => Some(Reason::Expired),
        TokenState::Active => is_signed_out(token, request).then_some(Reason::SignedOut),
    }
}

/// True when a token is signed out of the requested repository; if that is not known, of all its scopes on
/// the registry.
fn is_signed_out(token: &Token, request: &Request<'_>) -> bool {
    let Some(address) = request.key.address().filter(|_| !token.signed_out.is_empty()) else { return false };
    let registry = address.registry();
    if request.repository.is_some() {
        return token.signed_out.iter().any(|out| out.covers(registry, request.repository()));
    }
    let out_here: Vec<Scope> =
        token.signed_out.iter().filter_map(|out| out.restricted_to(registry)).collect();
    let mut scopes_here = token.scopes.iter().filter_map(|scope| scope.restricted_to(registry));
    scopes_here.all(|scope| out_here.iter().any(|out| out.includes(&scope)))
}

/// Returns the closeness of the token's closest scope; `None` when no scope covers the request.
fn token_closeness(token: &Token, request: &Request<'_>) -> Option<Closeness> {
    let Some(address) = request.key.address() else {
        return token.has_key(request.key).then_some(Closeness { is_exact_host: true, path: 0 });
    };
    let repository = request.repository();
    let covering = token.scopes.iter().filter(|scope| scope.covers(address.registry(), repository));
    covering.map(|scope| Closeness::new(scope, repository)).max()
}

/// Returns the number of permissions; unknown permissions count as more than all.
fn count_permissions(token: &Token) -> usize {
    token.permissions.map_or(usize::MAX, |permissions| permissions.words().count())
}

/// Ranks tokens by their last login or `use`, and those that were never in use by their age.
fn recency(token: &Token) -> (u64, Reverse<TokenId>) {
    (token.in_use.map_or(0, |in_use| in_use.turn), Reverse(token.id))
}
