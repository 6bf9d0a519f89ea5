//! What is wrong with the tokens, or could be better. Pure: what is known comes in, findings go out.

use crate::doctor::keys::OpenedContents;
use crate::doctor::{Fact, Findings, Rule, Severity};
use crate::inventory::unfinished_rotation::{UnfinishedRotation, find_unfinished};
use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::secret::Secret;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::{Token, TokenKind, TokenState, UserName};
use crate::provider::advice::SAFER_THAN_A_PASSWORD;
use crate::provider::catalog::CREDENTIAL_TYPES;
use crate::provider::credential_type::{CredentialType, ExpiryRule};
use crate::provider::{find_by_prefix, likely_type};
use crate::usage::stats::UsageStats;

/// A token that nothing has asked for during so many days is not needed.
const UNUSED_DAYS: i64 = 90;

/// What a token was needed for is told after so many days, and so many pulls.
const OBSERVED_DAYS: i64 = 30;
const OBSERVED_PULLS: u64 = 10;

/// More personal access tokens of one Docker ID than a person with a few machines and jobs has. Docker names
/// no number: "excessive token creation may result in throttling or additional charges",
/// <https://docs.docker.com/security/access-tokens/#fair-use>.
const MANY_OF_A_PERSON: usize = 20;

/// How many organization access tokens Docker Hub's plans allow, expired ones and all:
/// <https://docs.docker.com/enterprise/security/access-tokens/>.
const TEAM_PLAN: usize = 10;
const BUSINESS_PLAN: usize = 100;

/// A user name this long that begins as a token does is one, in bytes.
const TOKEN_BYTES: usize = 20;

/// So much of a password gives it away, in letters.
const TELLING_LETTERS: usize = 4;

/// What has been noted of the use of tokens.
pub struct KnownUsage<'u> {
    /// Since when it has been noted.
    pub since: Timestamp,
    /// Returns what is known of a token; `None` when it was never given out.
    pub of: &'u dyn Fn(&Token) -> Option<UsageStats>,
}

static EXPIRED: Rule = Rule {
    word: "token-expired",
    severity: Severity::Warning,
    what: "token \"%1\" expired %2",
    why: "its registry does not take it, and it is not given out",
    mend: "docker-credential-pat %3 %1",
    repair: None,
};
static ENDS_SOON: Rule = Rule {
    word: "token-ends-soon",
    what: "token \"%1\" ends %2",
    why: "from then on its registry does not take it",
    ..EXPIRED
};
static NEVER_ENDS: Rule = Rule {
    word: "token-never-ends",
    severity: Severity::Note,
    what: "no end is known of token \"%1\", and %2 can give it one",
    why: "a token that leaks and never ends is good for as long as nobody notices",
    mend: "docker-credential-pat rotate %1 --expires 90d, with a new one from %3",
    ..EXPIRED
};
static NEVER_ENDS_OF_HUB: Rule =
    Rule { mend: "docker-credential-pat hub rotate %1 --expires 90d", ..NEVER_ENDS };
static UNUSED: Rule = Rule {
    word: "token-unused",
    what: "token \"%1\" was %2 90 days",
    why: "what nobody needs can still leak",
    mend: "docker-credential-pat rm %1, and revoke it where it was made",
    ..EXPIRED
};
static WIDER_THAN_NEEDED: Rule = Rule {
    word: "token-wider-than-needed",
    severity: Severity::Note,
    what: "token \"%1\" may %2, and was only ever seen to pull",
    why: "whoever gets hold of it can change your images",
    mend: "docker-credential-pat rotate %1, with a new one that may only read",
    ..EXPIRED
};
static PASSWORD: Rule = Rule {
    word: "password",
    what: "\"%1\" is a password, and %2 has tokens",
    why: SAFER_THAN_A_PASSWORD,
    mend: "docker-credential-pat rotate %1, with a token from %3",
    ..EXPIRED
};
static OPENS_NOTHING: Rule = Rule {
    word: "token-opens-nothing",
    severity: Severity::Problem,
    what: "token \"%1\" is a %2 of %3, and no registry takes that",
    why: "whatever is pulled or pushed with it is refused",
    mend: "docker-credential-pat rotate %1, with a token for registries",
    ..EXPIRED
};
static SAME_SECRET: Rule = Rule {
    word: "same-secret",
    what: "tokens \"%2\" and \"%1\" have the same secret",
    why: "when one of them gets a new secret, the other goes on with the old one",
    mend: "docker-credential-pat edit %2 --registry …, with the registries of both, then rm %1",
    ..EXPIRED
};
static USER_IS_TOKEN: Rule = Rule {
    word: "user-name-is-token",
    severity: Severity::Problem,
    what: "the user name of token \"%1\" looks like a token, and user names stand open in the vault",
    why: "whoever may read the vault, or a backup of it, has it",
    mend: "docker-credential-pat edit %1 --user USER; revoke that token where it was made",
    ..EXPIRED
};
static KEY_HAS_PASSWORD: Rule = Rule {
    word: "key-with-password",
    what: "token \"%1\" was stored under an address with a password, and addresses stand open in the vault",
    mend: "docker-credential-pat rm %1; change that password, and log in with the bare host name",
    ..USER_IS_TOKEN
};
static ROTATION: Rule = Rule {
    word: "rotation-stopped",
    what: "%2",
    why: "a token that nobody needs may still open your repositories",
    mend: "docker-credential-pat %3",
    ..EXPIRED
};
static MANY: Rule = Rule {
    word: "many-tokens",
    what: "%1 tokens of \"%2\" at Docker Hub are here, and %3 are %4",
    why: "Docker may slow down or charge an account with more, or refuse new ones",
    mend: "docker-credential-pat rm NAME, for each that nothing needs; revoke it where it was made",
    ..EXPIRED
};

/// Looks at the tokens. Without usage nothing is said of what is used.
pub fn check(
    contents: &OpenedContents,
    usage: Option<&KnownUsage<'_>>,
    warning_days: i64,
    now: Timestamp,
    findings: &mut Findings,
) {
    for (at, token) in contents.inventory.tokens().iter().enumerate() {
        of_end(token, warning_days, now, findings);
        if let Some(usage) = usage {
            of_use(token, usage, now, findings);
        }
        of_password(token, findings);
        of_open_text(token, findings);
        if let Some(secret) = contents.secret(at) {
            of_secret(token, secret, findings);
            of_same_secret(at, token, secret, contents, findings);
        }
        of_count(at, token, contents.inventory.tokens(), findings);
        if let Some(UnfinishedRotation { description, command }) = find_unfinished(token, &contents.inventory)
        {
            findings.add(&ROTATION, &[Fact::Token(token), Fact::Text(&description), Fact::Text(&command)]);
        }
    }
}

fn of_end(token: &Token, warning_days: i64, now: Timestamp, findings: &mut Findings) {
    let is_on = token.state == TokenState::Active;
    let verb = Fact::Text(token.rotating_verb());
    let sort = likely_type(&token.scopes, token.kind, &token.user);
    match (token.expires, sort) {
        (Some(end), _) if end <= now => {
            findings.add(&EXPIRED, &[Fact::Token(token), Fact::When(end, now), verb]);
        }
        (Some(end), _) if is_on && warning_days > 0 && end.is_within(warning_days, now) => {
            findings.add(&ENDS_SOON, &[Fact::Token(token), Fact::When(end, now), verb]);
        }
        (None, Some(sort)) if is_on && sort.expiry == ExpiryRule::AtProvider => {
            let facts = [Fact::Token(token), Fact::Text(sort.provider.name), Fact::Text(sort.made_at)];
            findings.add(if token.is_on_docker_hub() { &NEVER_ENDS_OF_HUB } else { &NEVER_ENDS }, &facts);
        }
        (Some(_) | None, _) => {}
    }
}

fn of_use(token: &Token, usage: &KnownUsage<'_>, now: Timestamp, findings: &mut Findings) {
    // Docker asks for its own entries of a sign-in at logout, and keeps them in order itself.
    if token.kind == TokenKind::Session {
        return;
    }
    let used = (usage.of)(token);
    let came = token.created.max(token.stored);
    let (quiet_since, how) = match &used {
        Some(used) => (used.last.max(came), "last used more than"),
        None => (usage.since.max(came), "never used in the last"),
    };
    if token.state == TokenState::Active && !now.is_within(UNUSED_DAYS, quiet_since) {
        findings.add(&UNUSED, &[Fact::Token(token), Fact::Text(how)]);
        return;
    }
    let Some((used, allowed)) = used.zip(token.permissions) else { return };
    let is_observed = used.last.0.saturating_sub(used.first.0) >= OBSERVED_DAYS * DAY;
    // Of a use whose direction nobody told, nothing is known.
    let only_pulls = used.pushes == 0 && used.pulls >= OBSERVED_PULLS && used.pulls == used.count;
    if is_observed && only_pulls && (allowed.write || allowed.delete) {
        let words = allowed.words().collect::<Vec<_>>().join(", ");
        findings.add(&WIDER_THAN_NEEDED, &[Fact::Token(token), Fact::Text(&words)]);
    }
}

/// A password counts where the provider makes tokens that last.
fn of_password(token: &Token, findings: &mut Findings) {
    let Some(sort) = likely_type(&token.scopes, token.kind, &token.user) else { return };
    let lasts = |end: ExpiryRule| match end {
        ExpiryRule::AtProvider | ExpiryRule::InSecret | ExpiryRule::None => true,
        ExpiryRule::Hours(_) | ExpiryRule::WithJob => false,
    };
    let is_better = |other: &&CredentialType| {
        let is_token = other.kind == TokenKind::Pat && other.opens_registries && lasts(other.expiry);
        other.provider == sort.provider && is_token
    };
    if let (TokenKind::Password, Some(better)) = (sort.kind, CREDENTIAL_TYPES.iter().find(is_better)) {
        let facts = [Fact::Token(token), Fact::Text(sort.provider.name), Fact::Text(better.made_at)];
        findings.add(&PASSWORD, &facts);
    }
}

/// Tells of what is secret and stands open.
fn of_open_text(token: &Token, findings: &mut Findings) {
    if has_token_for_user(token) {
        findings.add(&USER_IS_TOKEN, &[Fact::Token(token)]);
    }
    if key_password(token).is_some() {
        findings.add(&KEY_HAS_PASSWORD, &[Fact::Token(token)]);
    }
}

fn of_secret(token: &Token, secret: &Secret, findings: &mut Findings) {
    if let Some(sort) = find_by_prefix(secret.expose()).filter(|sort| !sort.opens_registries) {
        let facts = [Fact::Token(token), Fact::Text(sort.name), Fact::Text(sort.provider.name)];
        findings.add(&OPENS_NOTHING, &facts);
    }
}

/// Tells that another token before this one has its secret.
fn of_same_secret(
    at: usize,
    token: &Token,
    secret: &Secret,
    contents: &OpenedContents,
    findings: &mut Findings,
) {
    let mut before = contents.inventory.tokens().iter().take(at).enumerate();
    let has_it = |at: usize| contents.secret(at).is_some_and(|its| its.is_same_as(secret));
    if let Some((_, other)) = before.find(|(at, _)| has_it(*at)) {
        findings.add(&SAME_SECRET, &[Fact::Token(token), Fact::Token(other)]);
    }
}

/// Tells, at the first of them, that an account at Docker Hub has more tokens than are usual or allowed.
fn of_count(at: usize, token: &Token, tokens: &[Token], findings: &mut Findings) {
    let user = token.user.display_name();
    let is_alike = |other: &&Token| {
        let is_here = other.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
        is_here && other.kind == token.kind && other.user.display_name().eq_ignore_ascii_case(user)
    };
    let limits: &[(usize, &str)] = match token.kind {
        TokenKind::Pat => &[(MANY_OF_A_PERSON, "usual")],
        TokenKind::Organization => {
            &[(BUSINESS_PLAN, "what Business allows"), (TEAM_PLAN, "what the Team plan allows")]
        }
        TokenKind::Project | TokenKind::Password | TokenKind::Identity | TokenKind::Session => return,
    };
    if has_token_for_user(token) || tokens.iter().take(at).any(|other| is_alike(&other)) {
        return;
    }
    let count = tokens.iter().filter(is_alike).count();
    if let Some((limit, how)) = limits.iter().find(|(limit, _)| count > *limit) {
        let number = |count: usize| Fact::Line(count as u64);
        findings.add(&MANY, &[number(count), Fact::Text(user), number(*limit), Fact::Text(how)]);
    }
}

/// True when the user name is itself a token, and stands open.
fn has_token_for_user(token: &Token) -> bool {
    match &token.user {
        UserName::Named(user) => looks_like_token(user),
        UserName::SameAsSecret => false,
    }
}

fn looks_like_token(text: &str) -> bool {
    text.len() >= TOKEN_BYTES && find_by_prefix(text).is_some()
}

/// Returns the password in a key that a client stored the token under.
fn key_password(token: &Token) -> Option<&str> {
    token.keys.iter().find_map(|key| {
        let rest = key.as_str().split_once("://").map_or(key.as_str(), |(_, rest)| rest);
        let (account, _) = rest.rsplit_once('@')?;
        account.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
    })
}

/// True when the name, which may have been made of user name and key, gives away what stands open in these.
fn is_telling(token: &Token) -> bool {
    let name = token.name.as_str();
    let head = |password: &str| password.chars().take(TELLING_LETTERS).collect::<String>();
    looks_like_token(name) || key_password(token).is_some_and(|password| name.contains(&head(password)))
}

/// Returns the name of a token, for people.
pub(super) fn display_name(token: &Token) -> String {
    if is_telling(token) { format!("no. {}", token.id.0) } else { token.name.as_str().to_owned() }
}

/// Returns the name of a token as it is typed in a shell.
pub(super) fn argument(token: &Token) -> String {
    if is_telling(token) { "NAME".to_owned() } else { token.name.as_argument().into_owned() }
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

    fn used(last: i64, days: i64, pulls: u64, pushes: u64, untold: u64) -> UsageStats {
        let count = pulls + pushes + untold;
        UsageStats { count, first: ago(last + days), last: ago(last), client: None, pulls, pushes }
    }

    /// Returns the words of what is found of a token that came so many days ago and may do this.
    fn words(came: i64, permissions: Permissions, usage: Option<&KnownUsage<'_>>) -> Vec<&'static str> {
        let mut token = inventory(&[("ci", "registry.example", Origin::Add)]).tokens()[0].clone();
        (token.created, token.stored, token.permissions) = (ago(came), ago(came), Some(permissions));
        let mut findings = Findings::default();
        if let Some(usage) = usage {
            of_use(&token, usage, NOW, &mut findings);
        }
        findings.0.iter().map(|finding| finding.rule.word).collect()
    }

    #[test]
    fn what_nobody_asks_for_is_told_once_that_can_be_known() {
        for (came, since, last, is_told) in [
            (200, 200, None, true),
            (200, 10, None, false),
            (10, 200, None, false),
            (200, 200, Some(91), true),
            (200, 200, Some(89), false),
            (10, 200, Some(91), false),
        ] {
            let of = |_: &Token| last.map(|last| used(last, 0, 1, 0, 0));
            let found = words(came, Permissions::default(), Some(&KnownUsage { since: ago(since), of: &of }));
            assert_eq!(found.contains(&UNUSED.word), is_told, "{came} {since} {last:?}");
        }
        assert!(words(200, Permissions::default(), None).is_empty(), "nothing is noted of any use");
    }

    #[test]
    fn docker_s_own_entries_of_a_sign_in_need_no_use() {
        let mut token = inventory(&[("hub", "docker.io", Origin::Store)]).tokens()[0].clone();
        (token.created, token.stored, token.kind) = (ago(200), ago(200), TokenKind::Session);
        let mut findings = Findings::default();
        of_use(&token, &KnownUsage { since: ago(200), of: &|_| None }, NOW, &mut findings);
        assert!(findings.0.is_empty());
    }

    #[test]
    fn what_is_only_pulled_with_need_not_write() {
        let reads = Permissions { read: true, ..Permissions::default() };
        let writes = Permissions { write: true, ..reads };
        for (allowed, days, pulls, pushes, untold, is_told) in [
            (writes, 31, 10, 0, 0, true),
            (reads, 31, 10, 0, 0, false),
            (writes, 29, 10, 0, 0, false),
            (writes, 31, 9, 0, 0, false),
            (writes, 31, 10, 1, 0, false),
            (writes, 31, 10, 0, 1, false),
        ] {
            let of = |_: &Token| Some(used(1, days, pulls, pushes, untold));
            let found = words(200, allowed, Some(&KnownUsage { since: ago(200), of: &of }));
            assert_eq!(found.contains(&WIDER_THAN_NEEDED.word), is_told, "{days} {pulls} {pushes} {untold}");
        }
    }
}
