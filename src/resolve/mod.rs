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
//!    known, those that may pull and push, and the token that was last put in use. For a pull, a token that may
//!    pull only what is public counts after all others, unless it was last put in use.
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

mod closeness;
pub mod guess;
mod obstacle;
pub mod request;
mod steps;

use std::borrow::Cow;

use crate::model::choice::Choice;
use crate::model::registry::{DOCKER_HUB_KEY, Key};
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::model::token_id::TokenId;
use crate::resolve::closeness::ChoiceRank;
use crate::resolve::obstacle::find_obstacle;
use crate::resolve::request::{Repositories, Request};
use crate::resolve::steps::Steps;

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

/// A token that does not answer because it is not available.
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
    let candidates = Candidates { all: tokens, other_accounts: Vec::new(), choices, now };
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
    let all: Vec<_> = tokens.iter().copied().filter(|token| token.has_key(request.key)).collect();
    let is_strange = |token: &&&Token| account.is_none_or(|account| account.user != token.user);
    let other_accounts = all.iter().filter(is_strange).map(|token| token.id).collect();
    Candidates { all, other_accounts, choices, now }.verdict(request)
}

/// The tokens that may answer, and all else that does not depend on the repositories.
struct Candidates<'i> {
    all: Vec<&'i Token>,
    /// The sessions of accounts that do not answer for Docker Hub.
    other_accounts: Vec<TokenId>,
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
        let mut last: Option<Verdict<'_>> = None;
        for repositories in attempts {
            let verdict = self.verdict(&request.with_repositories(repositories));
            if verdict.token.is_some() {
                return Some(verdict);
            }
            // The first token that is missed is the one that would have answered.
            last = last.filter(|last| last.missed.is_some()).or(Some(verdict));
        }
        last
    }

    fn verdict(&self, request: &Request<'_>) -> Verdict<'i> {
        let mut verdict = self.run_steps(request, Availability::Required);
        let is_unavailable = |(token, reason): &&(&Token, Reason)| match reason {
            Reason::Inactive | Reason::Expired => true,
            Reason::SignedOut => self.is_wanted(token, request),
            _ => false,
        };
        if verdict.set_aside.iter().any(|other| is_unavailable(&other)) {
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
            let other_account = self.other_accounts.contains(&token.id).then_some(Reason::OtherAccount);
            find_obstacle(token, request, self.now).or(other_account).filter(|reason| match reason {
                Reason::Inactive | Reason::Expired => !is_assumed,
                Reason::SignedOut => !is_assumed || !self.is_wanted(token, request),
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

    /// True when the request names the token, or a choice of the token applies.
    fn is_wanted(&self, token: &Token, request: &Request<'_>) -> bool {
        let is_named = request.token_name.is_some_and(|named| named.value == token.name.as_str());
        is_named || self.is_chosen(token, request)
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
