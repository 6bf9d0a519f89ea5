//! Checks the tokens themselves. The findings depend only on the contents and the recorded usage.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::doctor::keys::OpenedContents;
use crate::doctor::token_name::{argument, display_name, has_token_for_user, key_password};
use crate::doctor::{Finding, Severity};
use crate::inventory::Inventory;
use crate::inventory::unfinished_rotation::{UnfinishedRotation, find_unfinished};
use crate::model::hint::program;
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::{Token, TokenKind, TokenState};
use crate::provider::advice::SAFER_THAN_A_PASSWORD;
use crate::provider::catalog::CREDENTIAL_TYPES;
use crate::provider::credential_type::{CredentialType, ExpiryRule};
use crate::provider::{contains_whole_token, find_by_prefix, likely_type};
use crate::usage::stats::UsageStats;

/// The number of days without any request after which a token counts as unused.
const UNUSED_DAYS: i64 = 90;

/// The numbers of days of use and of pulls after which a token that never pushed counts as one that only pulls.
const OBSERVED_DAYS: i64 = 30;
const OBSERVED_PULLS: u64 = 10;

/// A number of personal access tokens that exceeds the needs of a person with a few machines and jobs. Docker does
/// not publish a number: "excessive token creation may result in throttling or additional charges",
/// <https://docs.docker.com/security/access-tokens/#fair-use>.
const MANY_OF_A_PERSON: usize = 20;

/// The numbers of organization access tokens that Docker Hub's plans allow, including expired ones:
/// <https://docs.docker.com/enterprise/security/access-tokens/>.
const TEAM_PLAN: usize = 10;
const BUSINESS_PLAN: usize = 100;

/// The recorded use of tokens.
pub struct UsageLookup<'u> {
    /// The start of the record.
    pub since: Timestamp,
    /// Returns the use of one token; `None` when it was never used.
    pub stats: &'u dyn Fn(&Token) -> Option<UsageStats>,
}

/// Checks every token. Without `usage` nothing is reported about unused tokens.
pub fn check(
    contents: &OpenedContents,
    usage: Option<&UsageLookup<'_>>,
    warning_days: i64,
    now: Timestamp,
    findings: &mut Vec<Finding>,
) {
    let shared = SharedSecrets::new(contents);
    let counts = count_at_docker_hub(contents.inventory.tokens());
    for (index, token) in contents.inventory.tokens().iter().enumerate() {
        findings.extend(check_expiry(token, warning_days, now));
        findings.extend(usage.and_then(|usage| check_use(token, usage, now)));
        findings.extend(check_password(token));
        check_plain_fields(token, findings);
        if let Some(secret) = contents.secret(index) {
            findings.extend(check_kind(token, secret));
            findings.extend(check_shared_secret(index, token, secret, contents, &shared));
        }
        findings.extend(check_count(index, token, &counts));
        findings.extend(check_rotation(token, &contents.inventory));
    }
}

fn check_expiry(token: &Token, warning_days: i64, now: Timestamp) -> Option<Finding> {
    let is_on = token.state == TokenState::Active;
    let (name, argument) = (display_name(token), argument(token));
    let credential_type = likely_type(&token.scopes, token.kind, &token.user);
    match (token.expires, credential_type) {
        (Some(expiry), _) if expiry <= now => Some(Finding {
            kind: "token-expired",
            severity: Severity::Warning,
            what: format!("token \"{name}\" expired {}", expiry.relative_to(now)),
            why: "its registry refuses it, so clients do not get it",
            mend: format!("{} {} {argument}", program(), token.rotating_verb()),
            ..Finding::about_token(token)
        }),
        (Some(expiry), _) if is_on && warning_days > 0 && expiry.is_within(warning_days, now) => {
            Some(Finding {
                kind: "token-ends-soon",
                severity: Severity::Warning,
                what: format!("token \"{name}\" expires {}", expiry.relative_to(now)),
                why: "from then on its registry refuses it",
                mend: format!("{} {} {argument}", program(), token.rotating_verb()),
                ..Finding::about_token(token)
            })
        }
        (None, Some(CredentialType { provider, made_at, expiry: ExpiryRule::AtProvider, .. })) if is_on => {
            Some(Finding {
                kind: "token-never-ends",
                what: format!("token \"{name}\" has no recorded expiry, and {} can set one", provider.name),
                why: "a leaked token that never expires works until somebody notices",
                mend: if token.is_on_docker_hub() {
                    format!("{} hub rotate {argument} --expires 90d", program())
                } else {
                    format!("{} rotate {argument} --expires 90d, with a new one from {made_at}", program())
                },
                ..Finding::about_token(token)
            })
        }
        (Some(_) | None, _) => None,
    }
}

fn check_use(token: &Token, usage: &UsageLookup<'_>, now: Timestamp) -> Option<Finding> {
    // Docker requests the entries of its own sign-in at logout, and maintains them itself.
    if token.kind == TokenKind::Session {
        return None;
    }
    let stats = (usage.stats)(token);
    let arrived = token.created.max(token.stored);
    let (quiet_since, use_words) = match &stats {
        Some(stats) => (stats.last.max(arrived), "last used more than"),
        None => (usage.since.max(arrived), "never used in the last"),
    };
    let (name, argument) = (display_name(token), argument(token));
    if token.state == TokenState::Active && !now.is_within(UNUSED_DAYS, quiet_since) {
        return Some(Finding {
            kind: "token-unused",
            severity: Severity::Warning,
            what: format!("token \"{name}\" was {use_words} {UNUSED_DAYS} days"),
            why: "what nobody needs can still leak",
            mend: format!("{} rm {argument}, and revoke it where it was made", program()),
            ..Finding::about_token(token)
        });
    }
    let (stats, permissions) = stats.zip(token.permissions)?;
    let is_observed = stats.last.0.saturating_sub(stats.first.0) >= OBSERVED_DAYS * DAY;
    // A use of unknown direction may have been a push.
    let only_pulls = stats.pushes == 0 && stats.pulls >= OBSERVED_PULLS && stats.pulls == stats.count;
    let words = permissions.words().collect::<Vec<_>>().join(", ");
    (is_observed && only_pulls && (permissions.push || permissions.delete)).then(|| Finding {
        kind: "token-wider-than-needed",
        what: format!("token \"{name}\" may {words}, and was only ever seen to pull"),
        why: "somebody who gets it can change your images",
        mend: format!("{} rotate {argument}, with a new one that may only pull", program()),
        ..Finding::about_token(token)
    })
}

/// Reports a password if the provider offers long-lived tokens.
fn check_password(token: &Token) -> Option<Finding> {
    let credential_type = likely_type(&token.scopes, token.kind, &token.user)?;
    let lasts = |expiry: ExpiryRule| match expiry {
        ExpiryRule::AtProvider | ExpiryRule::InSecret | ExpiryRule::None => true,
        ExpiryRule::Hours(_) | ExpiryRule::WithJob | ExpiryRule::JobOrHours(_) => false,
    };
    let is_better = |other: &&CredentialType| {
        let is_token = other.kind == TokenKind::Pat && other.opens_registries && lasts(other.expiry);
        other.provider == credential_type.provider && is_token
    };
    let better =
        CREDENTIAL_TYPES.iter().find(is_better).filter(|_| credential_type.kind == TokenKind::Password)?;
    let name = display_name(token);
    Some(Finding {
        kind: "password",
        severity: Severity::Warning,
        what: format!("\"{name}\" is a password, and {} has tokens", credential_type.provider.name),
        why: SAFER_THAN_A_PASSWORD,
        mend: format!("{} rotate {}, with a token from {}", program(), argument(token), better.made_at),
        ..Finding::about_token(token)
    })
}

/// Reports secrets in the fields that the vault does not encrypt.
fn check_plain_fields(token: &Token, findings: &mut Vec<Finding>) {
    let (name, argument) = (display_name(token), argument(token));
    let finding = |kind, what, mend| Finding {
        kind,
        severity: Severity::Problem,
        what,
        why: "everybody who can read the vault, or a backup of it, has it",
        mend,
        ..Finding::about_token(token)
    };
    let has_token = contains_whole_token;
    let fields = [
        ("user-name-is-token", "user name", "user names", "--user USER", has_token_for_user(token)),
        ("name-is-token", "name", "names", "--name NEW-NAME", has_token(token.name.as_str())),
        ("label-is-token", "label", "labels", "--label ''", token.label.as_deref().is_some_and(has_token)),
        (
            "registry-is-token",
            "registry",
            "registries",
            "--registry HOST",
            token.scopes.iter().any(|scope| has_token(&scope.to_string())),
        ),
    ];
    for (kind, field, many, option, _) in fields.into_iter().filter(|(.., is_token)| *is_token) {
        findings.push(finding(
            kind,
            format!("the {field} of token \"{name}\" looks like a token, and {many} are not encrypted"),
            format!("{} edit {argument} {option}; revoke that token where it was made", program()),
        ));
    }
    if key_password(token).is_some() {
        findings.push(finding(
            "key-with-password",
            format!(
                "token \"{name}\" was stored under an address with a password, and addresses are not \
                 encrypted"
            ),
            format!("{} rm {argument}; change that password, and log in with the bare host name", program()),
        ));
    }
}

/// Reports a secret of a kind that no registry accepts.
fn check_kind(token: &Token, secret: &Secret) -> Option<Finding> {
    let credential_type = find_by_prefix(secret.expose()).filter(|kind| !kind.opens_registries)?;
    let name = display_name(token);
    Some(Finding {
        kind: "token-opens-nothing",
        severity: Severity::Problem,
        what: format!(
            "token \"{name}\" is a {} of {}, which no registry accepts",
            credential_type.name, credential_type.provider.name
        ),
        why: "every pull and push with it is refused",
        mend: format!("{} rotate {}, with a token for registries", program(), argument(token)),
        ..Finding::about_token(token)
    })
}

/// The positions of the tokens by a hash of their secrets, so that only few secrets are compared.
struct SharedSecrets {
    hasher: RandomState,
    positions: HashMap<u64, Vec<usize>>,
}

impl SharedSecrets {
    fn new(contents: &OpenedContents) -> Self {
        let mut shared = Self { hasher: RandomState::new(), positions: HashMap::new() };
        for index in 0..contents.inventory.tokens().len() {
            if let Some(secret) = contents.secret(index) {
                shared.positions.entry(shared.hasher.hash_one(secret.expose())).or_default().push(index);
            }
        }
        shared
    }

    /// Returns the positions of the tokens that may have this secret, in their order.
    fn candidates(&self, secret: &Secret) -> &[usize] {
        self.positions.get(&self.hasher.hash_one(secret.expose())).map_or(&[], Vec::as_slice)
    }
}

/// Reports a token with the same secret as an earlier one.
fn check_shared_secret(
    index: usize,
    token: &Token,
    secret: &Secret,
    contents: &OpenedContents,
    shared: &SharedSecrets,
) -> Option<Finding> {
    let has_it = |index: &&usize| contents.secret(**index).is_some_and(|stored| stored.is_same_as(secret));
    let first = shared.candidates(secret).iter().take_while(|other| **other < index).find(has_it)?;
    let other = contents.inventory.tokens().get(*first)?;
    let name = display_name(token);
    Some(Finding {
        kind: "same-secret",
        severity: Severity::Warning,
        what: format!("tokens \"{}\" and \"{name}\" have the same secret", display_name(other)),
        why: "when one of them gets a new secret, the other keeps the old one",
        mend: format!(
            "{} edit {} --registry …, with the registries of both, then rm {}",
            program(),
            argument(other),
            argument(token)
        ),
        ..Finding::about_token(token)
    })
}

/// Counts the tokens of each kind and user at Docker Hub, and remembers the position of the first one.
fn count_at_docker_hub(tokens: &[Token]) -> HashMap<(&'static str, String), (usize, usize)> {
    let mut counts = HashMap::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.scopes.iter().filter_map(Scope::registry).any(Registry::accepts_docker_hub_tokens) {
            counts.entry(account(token)).or_insert((index, 0)).1 += 1;
        }
    }
    counts
}

fn account(token: &Token) -> (&'static str, String) {
    (token.kind.word(), token.user.display_name().to_ascii_lowercase())
}

/// Reports that an account at Docker Hub has more tokens than are usual or allowed. The finding is about the first
/// of these tokens.
fn check_count(
    index: usize,
    token: &Token,
    counts: &HashMap<(&'static str, String), (usize, usize)>,
) -> Option<Finding> {
    let user = token.user.display_name();
    let limits: &[(usize, &str)] = match token.kind {
        TokenKind::Pat => &[(MANY_OF_A_PERSON, "usual")],
        TokenKind::Organization => {
            &[(BUSINESS_PLAN, "what Business allows"), (TEAM_PLAN, "what the Team plan allows")]
        }
        TokenKind::Project | TokenKind::Password | TokenKind::Identity | TokenKind::Session => return None,
    };
    if has_token_for_user(token) {
        return None;
    }
    let (_, count) = counts.get(&account(token)).copied().filter(|(first, _)| *first == index)?;
    let (limit, words) = limits.iter().find(|(limit, _)| count > *limit)?;
    Some(Finding {
        kind: "many-tokens",
        severity: Severity::Warning,
        what: format!("{count} tokens of \"{user}\" at Docker Hub are here, and {limit} are {words}"),
        why: "Docker may slow down or charge an account with more, or refuse new ones",
        mend: format!("{} rm NAME, for each that nothing needs; revoke it where it was made", program()),
        line: Some(count as u64),
        ..Finding::default()
    })
}

fn check_rotation(token: &Token, inventory: &Inventory) -> Option<Finding> {
    let UnfinishedRotation { description, command } = find_unfinished(token, inventory)?;
    Some(Finding {
        kind: "rotation-stopped",
        severity: Severity::Warning,
        what: description,
        why: "a token that nobody needs may still open your repositories",
        mend: format!("{} {command}", program()),
        ..Finding::about_token(token)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::inventory;
    use crate::model::token::{Origin, Permissions};

    const NOW: Timestamp = Timestamp(1_795_000_000);

    fn ago(days: i64) -> Timestamp {
        Timestamp(NOW.0 - days * DAY)
    }

    /// Returns uses over this many days, the last one `last` days ago.
    fn stats(last: i64, days: i64, pulls: u64, pushes: u64, undirected: u64) -> UsageStats {
        let count = pulls + pushes + undirected;
        UsageStats { count, first: ago(last + days), last: ago(last), client: None, pulls, pushes }
    }

    /// Returns the kind of finding for a token that was added this many days ago with these permissions.
    fn kind(arrived: i64, permissions: Permissions, usage: &UsageLookup<'_>) -> Option<&'static str> {
        let mut token = inventory(&[("ci", "registry.example", Origin::Add)]).tokens()[0].clone();
        (token.created, token.stored, token.permissions) = (ago(arrived), ago(arrived), Some(permissions));
        check_use(&token, usage, NOW).map(|finding| finding.kind)
    }

    #[test]
    fn a_token_without_use_in_90_recorded_days_is_unused() {
        for (arrived, since, last, want) in [
            (200, 200, None, true),
            (200, 10, None, false),
            (10, 200, None, false),
            (200, 200, Some(91), true),
            (200, 200, Some(89), false),
            (10, 200, Some(91), false),
        ] {
            let stats = |_: &Token| last.map(|last| stats(last, 0, 1, 0, 0));
            let usage = UsageLookup { since: ago(since), stats: &stats };
            let want = want.then_some("token-unused");
            assert_eq!(kind(arrived, Permissions::default(), &usage), want, "{arrived} {since} {last:?}");
        }
    }

    #[test]
    fn without_a_record_of_use_no_token_is_unused() {
        let contents = OpenedContents {
            inventory: inventory(&[("ci", "registry.example", Origin::Add)]),
            secrets: Vec::new(),
        };
        let mut findings = Vec::new();
        check(&contents, None, 7, NOW, &mut findings);
        assert!(findings.is_empty(), "{findings:?}");
    }

    #[test]
    fn a_session_of_docker_without_use_is_not_reported() {
        let mut token = inventory(&[("hub", "docker.io", Origin::Store)]).tokens()[0].clone();
        (token.created, token.stored, token.kind) = (ago(200), ago(200), TokenKind::Session);
        let usage = UsageLookup { since: ago(200), stats: &|_| None };
        assert!(check_use(&token, &usage, NOW).is_none());
    }

    #[test]
    fn a_token_that_only_pulled_but_may_write_is_wider_than_needed() {
        let pulls_only = Permissions { pull: true, ..Permissions::default() };
        let pushes = Permissions { push: true, ..pulls_only };
        for (permissions, days, pulls, pushes, undirected, want) in [
            (pushes, 31, 10, 0, 0, true),
            (pulls_only, 31, 10, 0, 0, false),
            (pushes, 29, 10, 0, 0, false),
            (pushes, 31, 9, 0, 0, false),
            (pushes, 31, 10, 1, 0, false),
            (pushes, 31, 10, 0, 1, false),
        ] {
            let stats = |_: &Token| Some(stats(1, days, pulls, pushes, undirected));
            let usage = UsageLookup { since: ago(200), stats: &stats };
            let want = want.then_some("token-wider-than-needed");
            assert_eq!(kind(200, permissions, &usage), want, "{days} {pulls} {pushes} {undirected}");
        }
    }
}
