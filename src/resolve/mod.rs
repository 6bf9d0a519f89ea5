//! Decides which token answers a request, and why: said, fits, newest.
//!
//! [`resolve`] takes a request, the tokens of a vault, the choices that people made with `use`, and the
//! time. It reads nothing else, so the same input always gives the same [`Verdict`].
//!
//! The candidates are the tokens with a scope on the requested registry, and those that a client stored
//! under exactly the requested key. Each step narrows them down. A token that a step sets aside gets the
//! step's [`Reason`]; the token that remains after the last step is the answer.
//!
//! 1. **Obstacles.** Set aside each token whose scopes do not cover the repositories, that a client logged in
//!    with under another profile or Docker configuration folder, or that is inactive, expired or signed out. A
//!    session of Docker Hub is set aside unless its account answers for Docker Hub.
//!
//! **Said:**
//!
//! 2. **Name.** If the request names a token, set aside all others.
//! 3. **Profile.** Unless a choice for the request's own profile applies, keep the tokens that a client
//!    logged in with under that profile.
//! 4. **Choice.** Keep the token of the closest choice. Of two choices, the closer one is for a profile; if
//!    that is equal, for the deeper directory; then for the closer scope; then for a direction.
//!
//! **Fits:**
//!
//! 5. **Permission.** Keep the tokens that may pull, push or delete as requested; if the direction is not
//!    known, those that may pull and push, and the token that was last put in use.
//! 6. **Scope.** Keep the tokens with the closest scope: an exact host is closer than a wildcard, and a
//!    longer path closer than a shorter one. If no repository is known, the whole registry is closer than a
//!    part of it, and all parts are equal.
//!
//! **Newest:**
//!
//! 7. **Folder.** Keep the tokens that a client logged in with under the request's Docker configuration folder.
//! 8. **Replacement.** The last `use` or login replaces every token that came into the vault before it. Logins
//!    after the last `use` that were stored under exactly the requested key remain too.
//! 9. **Least permissions.** If the direction is known, keep the tokens that allow the least. Unknown
//!    permissions count as all three.
//! 10. **Key.** Keep the logins that were stored under exactly the requested key.
//! 11. **Latest.** Keep the token that was put in use last; if none ever was, the one that was added first.
//!
//! Steps 1 and 2 may set every token aside; then nothing answers, and the client continues without
//! credentials. From step 3 on, a step that would set every token aside keeps them all. There is never a tie
//! after step 11, because a vault numbers its tokens.
//!
//! A request can name several repositories. If no token covers all of them, it is resolved for each of them
//! alone, in their order, until a token answers. A build may also need repositories that it does not name, so
//! it is resolved at last as if no repository were known.
//!
//! The cases are in `tests/fixtures/truth-table.txt`, which `tests/it/resolve.rs` checks.

pub mod request;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::path::Path;

use crate::model::choice::Choice;
use crate::model::registry::{DOCKER_HUB_KEY, Key};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token, TokenState};
use crate::model::token_id::TokenId;
use crate::model::turns::{UseEvent, UseKind};
use crate::resolve::request::{FOLDER_PREFIX, Repositories, Request};

/// The number of permissions that exist, which is also the number that unknown permissions count as.
const ALL_PERMISSIONS: usize = 3;

/// The token that answers a request, and the reason why each other candidate does not.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict<'i> {
    /// The token, or `None` when the client continues without credentials.
    pub token: Option<&'i Token>,
    /// Each other candidate, in the order of the steps.
    pub set_aside: Vec<(&'i Token, Reason)>,
    /// The choice that step 4 followed.
    pub choice: Option<&'i Choice>,
    /// The token that would answer if it had not expired and were active and signed in.
    pub missed: Option<MissedToken<'i>>,
}

/// A token that another one answers for, because it is not available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissedToken<'i> {
    pub token: &'i Token,
    pub reason: Reason,
    /// True when a person chose the token for this case.
    pub is_chosen: bool,
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
    /// Step 1: a client logged in with it under another Docker configuration folder, or one that was made again since.
    OtherFolder,
    /// Step 1: it is a session of an account that does not answer for Docker Hub.
    OtherAccount,
    /// Step 2: the request names another token.
    NotNamed,
    /// Step 3: a client logged in with another token under this profile.
    NotOfProfile,
    /// Step 4: a person chose another token for this case.
    NotChosen,
    /// Step 5: it may not do what is requested.
    NotAllowed,
    /// Step 6: another token has a closer scope.
    LessSpecific,
    /// Step 7: a client logged in with another token under this Docker configuration folder.
    NotOfFolder,
    /// Step 8: another token was put in use later than this one came.
    Replaced,
    /// Step 9: another token allows less, and that is enough.
    MorePermissions,
    /// Step 10: another token was stored under the requested key.
    OtherKey,
    /// Step 11: another token was put in use later, or added earlier.
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
            Self::OtherFolder => "other-folder",
            Self::OtherAccount => "other-account",
            Self::NotNamed => "not-named",
            Self::NotOfProfile => "not-of-profile",
            Self::NotChosen => "not-chosen",
            Self::NotAllowed => "not-allowed",
            Self::LessSpecific => "less-specific",
            Self::NotOfFolder => "not-of-folder",
            Self::Replaced => "replaced",
            Self::MorePermissions => "more-permissions",
            Self::OtherKey => "other-key",
            Self::NotInUse => "not-in-use",
        }
    }

    /// True for step 1, which sets a token aside regardless of all other tokens.
    pub fn is_obstacle(self) -> bool {
        self <= Self::OtherAccount
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
    let mut tokens: Vec<&Token> = tokens.into_iter().collect();
    // A caller that looks tokens up by their scopes may find one twice.
    tokens.sort_unstable_by_key(|token| token.id);
    tokens.dedup_by_key(|token| token.id);
    if request.key.is_session() {
        return resolve_session(request, &tokens, choices, now);
    }
    tokens.retain(|token| token.concerns(request.key));
    let candidates = Candidates { all: tokens, account: None, choices, now };
    let verdict = candidates.verdict(request);
    match &request.repositories {
        Some(repositories) if verdict.token.is_none() => {
            candidates.verdict_in_part(request, &repositories.value).unwrap_or(verdict)
        }
        _ => verdict,
    }
}

/// Returns the session of Docker Hub's device sign-in that belongs to the account that answers for Docker Hub. The
/// tokens include those for Docker Hub.
fn resolve_session<'i>(
    request: &Request<'_>,
    tokens: &[&'i Token],
    choices: &'i [Choice],
    now: Timestamp,
) -> Verdict<'i> {
    let account = Key::parse(DOCKER_HUB_KEY).ok().and_then(|key| {
        let request = Request { token_name: None, ..request.with_key(&key) };
        resolve(&request, tokens.iter().copied(), choices, now).token
    });
    let all = tokens.iter().copied().filter(|token| token.has_key(request.key)).collect();
    Candidates { all, account: Some(account), choices, now }.verdict(request)
}

/// The tokens that may answer, and all else that does not depend on the repositories.
struct Candidates<'i> {
    all: Vec<&'i Token>,
    /// For a session, the token that answers for Docker Hub.
    account: Option<Option<&'i Token>>,
    choices: &'i [Choice],
    now: Timestamp,
}

impl<'i> Candidates<'i> {
    /// Resolves a request for its repositories one by one, and at last for any repository if it may need more; `None`
    /// when it has only one repository.
    fn verdict_in_part<'r>(
        &self,
        request: &Request<'r>,
        Repositories { paths, may_need_more }: &Repositories<'r>,
    ) -> Option<Verdict<'i>> {
        let single = |path: &Cow<'r, str>| Some(Repositories::one(path.clone()));
        let singles = paths.iter().filter(|_| paths.len() > 1).map(single);
        let attempts = singles.chain(may_need_more.then_some(None));
        let mut last = None;
        for repositories in attempts {
            let verdict = self.verdict(&request.with_repositories(repositories));
            if verdict.token.is_some() {
                return Some(verdict);
            }
            last = Some(verdict);
        }
        last
    }

    fn verdict(&self, request: &Request<'_>) -> Verdict<'i> {
        let mut verdict = self.run_steps(request, Availability::Required);
        let is_unavailable = |(token, reason): &&(&Token, Reason)| match reason {
            Reason::Inactive | Reason::Expired => true,
            Reason::SignedOut => self.is_chosen(token, request),
            _ => false,
        };
        if verdict.token.is_some() && verdict.set_aside.iter().any(|other| is_unavailable(&other)) {
            let wanted = self.run_steps(request, Availability::Assumed);
            let missed = verdict.set_aside.iter().find(|(token, _)| Some(*token) == wanted.token);
            verdict.missed = missed.filter(is_unavailable).map(|(token, reason)| MissedToken {
                token,
                reason: *reason,
                is_chosen: wanted.choice.is_some_and(|choice| choice.token == token.id),
            });
        }
        verdict
    }

    fn run_steps(&self, request: &Request<'_>, availability: Availability) -> Verdict<'i> {
        let mut steps = Steps { remaining: self.all.clone(), set_aside: Vec::new() };
        steps.set_aside_if(|token| {
            let is_assumed = availability == Availability::Assumed;
            let is_of_account =
                self.account.is_none_or(|account| account.is_some_and(|account| account.user == token.user));
            let other_account = (!is_of_account).then_some(Reason::OtherAccount);
            find_obstacle(token, request, self.now).or(other_account).filter(|reason| match reason {
                Reason::Inactive | Reason::Expired => !is_assumed,
                Reason::SignedOut => !is_assumed || !self.is_chosen(token, request),
                _ => true,
            })
        });
        let choice = steps.follow_what_was_said(request, self.choices);
        steps.keep_what_fits(request);
        steps.keep_newest(request);
        let Steps { remaining, mut set_aside } = steps;
        set_aside.sort_by_key(|(token, reason)| (*reason, token.id));
        Verdict { token: remaining.first().copied(), set_aside, choice, missed: None }
    }

    /// True when a choice of the token applies.
    fn is_chosen(&self, token: &Token, request: &Request<'_>) -> bool {
        let mut choices = self.choices.iter().filter(|choice| choice.token == token.id);
        choices.any(|choice| ChoiceRank::new(choice, request).is_some())
    }
}

/// The way in which step 1 treats tokens that are expired or inactive, or chosen and signed out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Availability {
    Required,
    Assumed,
}

/// The tokens that may still answer, and those that a step has set aside.
struct Steps<'i> {
    remaining: Vec<&'i Token>,
    set_aside: Vec<(&'i Token, Reason)>,
}

impl Steps<'_> {
    /// Runs steps 2 to 4, and returns the choice that decided.
    fn follow_what_was_said<'c>(
        &mut self,
        request: &Request<'_>,
        choices: &'c [Choice],
    ) -> Option<&'c Choice> {
        if let Some(name) = request.token_name {
            self.set_aside_if(|token| (token.name.as_str() != name.value).then_some(Reason::NotNamed));
        }
        let mut choice = self.closest_choice(request, choices);
        if let Some(profile) = request.profile
            && choice.is_none_or(|choice| choice.profile.is_none())
        {
            self.keep_best(Reason::NotOfProfile, |token| token.profile.as_deref() == Some(profile.value));
            choice = self.closest_choice(request, choices);
        }
        if let Some(choice) = choice {
            self.keep_only(choice.token, Reason::NotChosen);
        }
        choice
    }

    /// Runs steps 5 and 6.
    fn keep_what_fits(&mut self, request: &Request<'_>) {
        let put_in_use = self.last_put_in_use(request).filter(|_| request.direction.is_none());
        self.keep_best(Reason::NotAllowed, |token| {
            if put_in_use.is_some_and(|(_, id)| id == token.id) {
                return Fit::Known;
            }
            match request.direction() {
                // An unknown permission to delete is a weaker sign than a known one.
                Some(Direction::Delete) if token.permissions.is_none() => Fit::Perhaps,
                direction if token.may_allow(direction.unwrap_or(Direction::Both)) => Fit::Known,
                _ => Fit::No,
            }
        });
        self.keep_best(Reason::LessSpecific, |token| token_closeness(token, request));
    }

    /// Runs steps 7 to 11.
    fn keep_newest(&mut self, request: &Request<'_>) {
        let key = request.key;
        if let Some(folder) = request.config_folder {
            self.keep_best(Reason::NotOfFolder, |token| token.profile.as_ref() == Some(&folder.profile));
        }
        if let Some((latest, id)) = self.last_put_in_use(request) {
            let events = self.remaining.iter().filter_map(|token| token.last_event(key));
            let last_use = events.filter(|event| event.kind == UseKind::Use).map(|event| event.turn).max();
            self.set_aside_if(|token| {
                let came_since = token.arrival() > latest.turn;
                let is_own_spelling = is_login_under_key(token, key)
                    && token.last_event(key).map(|event| event.turn) > last_use;
                (token.id != id && !came_since && !is_own_spelling).then_some(Reason::Replaced)
            });
        }
        if request.direction.is_some() {
            self.keep_best(Reason::MorePermissions, |token| Reverse(count_permissions(token)));
        }
        self.keep_best(Reason::OtherKey, |token| is_login_under_key(token, key));
        self.keep_best(Reason::NotInUse, |token| {
            let turn = token.last_event(key).map(|event| event.turn);
            (turn, Reverse(token.id))
        });
    }

    /// Returns the last `use` or login, and its token. A login that version 0.1 recorded replaces nothing.
    fn last_put_in_use(&self, request: &Request<'_>) -> Option<(UseEvent, TokenId)> {
        let events =
            self.remaining.iter().filter_map(|token| Some((token.last_event(request.key)?, token.id)));
        let last = events.max_by_key(|(event, token)| (event.turn, *token));
        last.filter(|(event, _)| event.kind != UseKind::OldLogin)
    }

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

/// The degree to which a token may do what is requested.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Perhaps,
    Known,
}

/// The closeness of a scope to a request; greater is closer, and the fields count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Closeness {
    /// True when no repository is known and the scope has no path: a token for the whole registry is the safer
    /// guess.
    is_whole: bool,
    wildcards: Reverse<usize>,
    /// The length of the path in bytes; 0 if no repository is known.
    path: usize,
}

impl Closeness {
    /// Returns the closeness of a scope that covers the repository.
    fn new(scope: &Scope, repository: Option<&str>) -> Self {
        Self {
            is_whole: repository.is_none() && scope.path().is_none(),
            wildcards: Reverse(scope.wildcard_count()),
            path: repository.and(scope.path()).map_or(0, str::len),
        }
    }

    /// Returns the closeness of the closest scope that covers a repository, or any repository.
    fn of_closest<'s>(
        scopes: impl Iterator<Item = &'s Scope>,
        request: &Request<'_>,
        repository: Option<&str>,
    ) -> Option<Self> {
        let registry = request.key.address()?.registry();
        let covering = scopes.filter(|scope| scope.covers(registry, repository));
        covering.map(|scope| Self::new(scope, repository)).max()
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
        let is_unknown_part = scope.path().is_some() && request.repositories().is_empty();
        let closeness = scopes_closeness(std::iter::once(scope), request).filter(|_| !is_unknown_part)?;
        let is_same_profile =
            |profile: &String| request.profile.is_some_and(|current| current.value == profile);
        let is_below =
            |folder: &Path| request.directory.is_some_and(|current| current.value.starts_with(folder));
        let folder = directory.as_ref().map(Path::new);
        let applies = direction.is_none_or(|chosen| includes(chosen, request.direction()))
            && profile.as_ref().is_none_or(is_same_profile)
            && folder.is_none_or(is_below);
        applies.then(|| Self {
            has_profile: profile.is_some(),
            depth: folder.map_or(0, |folder| folder.components().count()),
            closeness,
            has_direction: direction.is_some(),
        })
    }
}

/// True when a choice for a direction applies to the direction of a request. A choice for pushes applies to what pulls
/// and pushes.
fn includes(chosen: Direction, requested: Option<Direction>) -> bool {
    requested == Some(chosen) || (chosen, requested) == (Direction::Push, Some(Direction::Both))
}

/// Returns the reason why a token cannot answer, regardless of all other tokens.
fn find_obstacle(token: &Token, request: &Request<'_>, now: Timestamp) -> Option<Reason> {
    if token_closeness(token, request).is_none() {
        return Some(Reason::OtherRepository);
    }
    if let Some(reason) =
        token.profile.as_deref().and_then(|profile| find_other_world(token, profile, request))
    {
        return Some(reason);
    }
    match token.state {
        TokenState::Inactive => Some(Reason::Inactive),
        TokenState::Active if token.has_expired(now) => Some(Reason::Expired),
        TokenState::Active => is_signed_out(token, request).then_some(Reason::SignedOut),
    }
}

/// Returns the reason why the login of a profile or a Docker configuration folder does not answer the request.
fn find_other_world(token: &Token, profile: &str, request: &Request<'_>) -> Option<Reason> {
    if !profile.starts_with(FOLDER_PREFIX) {
        let is_same = request.profile.is_some_and(|current| current.value == profile);
        return (!is_same).then_some(Reason::OtherProfile);
    }
    let folder = request.config_folder.filter(|folder| folder.profile == profile);
    let is_there = folder.is_some_and(|folder| folder.has_login(token, request.key));
    (!is_there).then_some(Reason::OtherFolder)
}

/// True when a token is signed out of one of the requested repositories; if none is known, of all its scopes on the
/// registry.
fn is_signed_out(token: &Token, request: &Request<'_>) -> bool {
    let Some(address) = request.key.address().filter(|_| !token.signed_out.is_empty()) else { return false };
    let registry = address.registry();
    let is_out = |path: &str| token.signed_out.iter().any(|out| out.covers(registry, Some(path)));
    if !request.repositories().is_empty() {
        return request.repositories().iter().any(|path| is_out(path));
    }
    let out_here: Vec<Scope> =
        token.signed_out.iter().filter_map(|out| out.restricted_to(registry)).collect();
    let mut scopes_here = token.scopes.iter().filter_map(|scope| scope.restricted_to(registry));
    scopes_here.all(|scope| out_here.iter().any(|out| out.includes(&scope)))
}

/// Returns the closeness of a token to a request; `None` when its scopes do not cover the request.
fn token_closeness(token: &Token, request: &Request<'_>) -> Option<Closeness> {
    if request.key.address().is_none() {
        let exact = Closeness { is_whole: true, wildcards: Reverse(0), path: 0 };
        return token.has_key(request.key).then_some(exact);
    }
    scopes_closeness(token.scopes.iter(), request)
}

/// Returns the closeness of scopes to a request: that of the least close repository, for which the closest scope
/// counts; `None` when they do not cover every repository.
fn scopes_closeness<'s>(
    scopes: impl Iterator<Item = &'s Scope> + Clone,
    request: &Request<'_>,
) -> Option<Closeness> {
    let closest = |repository| Closeness::of_closest(scopes.clone(), request, repository);
    let Some((first, others)) = request.repositories().split_first() else { return closest(None) };
    others.iter().try_fold(closest(Some(first))?, |least, path| Some(least.min(closest(Some(path))?)))
}

/// Returns the number of permissions.
fn count_permissions(token: &Token) -> usize {
    token.permissions.map_or(ALL_PERMISSIONS, |permissions| permissions.words().count())
}

/// True when a client stored the token under exactly this key, and no person has put it in use since.
fn is_login_under_key(token: &Token, key: &Key) -> bool {
    token.has_key(key) && token.last_event(key).is_none_or(|event| event.kind != UseKind::Use)
}
