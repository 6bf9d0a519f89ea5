//! What is wrong with the tokens, or could be better. Pure: what is known comes in, findings go out.

use crate::checkup::Finding;
use crate::checkup::Rule;
use crate::checkup::Severity;
use crate::checkup::keys::Contents;
use crate::moment::DAY;
use crate::moment::Moment;
use crate::provider::marked;
use crate::provider::remark::SAFER_THAN_A_PASSWORD;
use crate::provider::sort::End;
use crate::provider::sort_of;
use crate::provider::table::SORTS;
use crate::registry::Registry;
use crate::scope::Scope;
use crate::secret::Secret;
use crate::token::Kind;
use crate::token::Standing;
use crate::token::Token;
use crate::token::User;
use crate::used::Used;

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
pub struct Usage<'u> {
    /// Since when it has been noted.
    pub since: Moment,
    /// Returns what is known of a token; `None` when it was never given out.
    pub of: &'u dyn Fn(&Token) -> Option<Used>,
}

const EXPIRED: Rule = Rule {
    word: "token-expired",
    severity: Severity::Warning,
    what: "token \"%\" expired %",
    why: "it is not given out any more, and its registry does not take it",
    mend: "docker-credential-pat rotate %",
};
const ENDS_SOON: Rule = Rule {
    word: "token-ends-soon",
    severity: Severity::Warning,
    what: "token \"%\" ends %",
    why: "from then on its registry does not take it",
    mend: "docker-credential-pat rotate %",
};
const NEVER_ENDS: Rule = Rule {
    word: "token-never-ends",
    severity: Severity::Note,
    what: "no end is known of token \"%\", and % can give it one",
    why: "a token that leaks and never ends is good for as long as nobody notices",
    mend: "docker-credential-pat rotate % --expires 90d, with a new one from %",
};
const UNUSED: Rule = Rule {
    word: "token-unused",
    severity: Severity::Warning,
    what: "token \"%\" was % 90 days",
    why: "what nobody needs can still leak",
    mend: "docker-credential-pat rm %, and revoke it where it was made",
};
const WIDER_THAN_NEEDED: Rule = Rule {
    word: "token-wider-than-needed",
    severity: Severity::Note,
    what: "token \"%\" may %, and was only ever seen to pull",
    why: "whoever gets hold of it can change your images",
    mend: "docker-credential-pat rotate %, with a new one that may only read",
};
const PASSWORD: Rule = Rule {
    word: "password",
    severity: Severity::Warning,
    what: "\"%\" is a password, and % has tokens",
    why: SAFER_THAN_A_PASSWORD,
    mend: "docker-credential-pat rotate %, with a token from %",
};
const OPENS_NOTHING: Rule = Rule {
    word: "token-opens-nothing",
    severity: Severity::Problem,
    what: "token \"%\" is a % of %, and no registry takes that",
    why: "whatever is pulled or pushed with it is refused",
    mend: "docker-credential-pat rotate %, with a token for registries",
};
const SAME_SECRET: Rule = Rule {
    word: "same-secret",
    severity: Severity::Warning,
    what: "tokens \"%\" and \"%\" have the same secret",
    why: "when one of them gets a new secret, the other goes on with the old one",
    mend: "docker-credential-pat rm %, after edit % --registry has given its registries to the other",
};
const USER_IS_TOKEN: Rule = Rule {
    word: "user-name-is-token",
    severity: Severity::Problem,
    what: "the user name of % looks like a token, and user names stand open in the vault",
    why: "whoever may read the vault, or a backup of it, has that token",
    mend: "docker-credential-pat edit % --user NAME; revoke that token where it was made",
};
const KEY_HAS_PASSWORD: Rule = Rule {
    word: "key-with-password",
    severity: Severity::Problem,
    what: "% was stored under an address with a password in it, and addresses stand open in the vault",
    why: "whoever may read the vault, or a backup of it, has that password",
    mend: "docker-credential-pat rm %; change that password, and log in with the bare host name",
};
const MANY: Rule = Rule {
    word: "many-tokens",
    severity: Severity::Warning,
    what: "% tokens of \"%\" at Docker Hub are here, of which % are %",
    why: "Docker may slow down or charge accounts with more, and refuses new ones beyond a plan's number",
    mend: "docker-credential-pat rm NAME, for each that nothing needs; revoke it where it was made",
};

/// Looks at the tokens. Without usage nothing is said of what is used.
pub fn look(
    contents: &Contents,
    usage: Option<&Usage<'_>>,
    warning_days: i64,
    now: Moment,
    findings: &mut Vec<Finding>,
) {
    let tokens = contents.inventory.tokens();
    for (at, token) in tokens.iter().enumerate() {
        let used = usage.and_then(|usage| of_use(token, usage, now));
        let secret = contents.secret(at);
        // What a provider's own page tells of a token comes here as one more line.
        let found = [
            of_end(token, warning_days, now),
            used,
            of_password(token),
            secret.and_then(|secret| of_sort(token, secret)),
            of_user(token),
            of_keys(token),
        ];
        findings.extend(found.into_iter().flatten().map(|finding| about(finding, token)));
    }
    of_same_secrets(contents, findings);
    of_counts(tokens, findings);
}

fn of_end(token: &Token, warning_days: i64, now: Moment) -> Option<Finding> {
    let (name, argument) = (&*shown(token), &*argument(token));
    let is_on = token.standing == Standing::Active;
    match token.expires {
        Some(end) if end <= now => Some(EXPIRED.found(&[name, &end.relative_to(now)], &[argument])),
        Some(end) if is_on && warning_days > 0 && end.is_within(warning_days, now) => {
            Some(ENDS_SOON.found(&[name, &end.relative_to(now)], &[argument]))
        }
        Some(_) => None,
        None => {
            let sort = sort_of(&token.scopes, token.kind, &token.user)?;
            let is_open = sort.end == End::AtProvider && is_on;
            is_open.then(|| NEVER_ENDS.found(&[name, sort.provider.name], &[argument, sort.made_at]))
        }
    }
}

fn of_use(token: &Token, usage: &Usage<'_>, now: Moment) -> Option<Finding> {
    let (name, argument) = (&*shown(token), &*argument(token));
    let used = (usage.of)(token);
    let came = token.created.max(token.stored);
    let (quiet_since, how) = match &used {
        Some(used) => (used.last.max(came), "last used more than"),
        None => (usage.since.max(came), "never used in the last"),
    };
    let is_quiet = !now.is_within(UNUSED_DAYS, quiet_since);
    if is_quiet && token.standing == Standing::Active {
        return Some(UNUSED.found(&[name, how], &[argument]));
    }
    let used = used?;
    let allowed = token.permissions.filter(|allowed| allowed.write || allowed.delete)?;
    let is_observed = used.last.0.saturating_sub(used.first.0) >= OBSERVED_DAYS * DAY;
    // Of a use whose direction nobody told, nothing is known.
    let only_pulls = used.pushes == 0 && used.pulls >= OBSERVED_PULLS && used.pulls == used.count;
    let words = allowed.words().collect::<Vec<_>>().join(", ");
    (is_observed && only_pulls).then(|| WIDER_THAN_NEEDED.found(&[name, &words], &[argument]))
}

/// A password counts where the provider makes tokens that last.
fn of_password(token: &Token) -> Option<Finding> {
    let sort = sort_of(&token.scopes, token.kind, &token.user).filter(|sort| sort.kind == Kind::Password)?;
    let lasts = |end: End| match end {
        End::AtProvider | End::InSecret | End::None => true,
        End::Hours(_) | End::WithJob => false,
    };
    let better = SORTS.iter().find(|other| {
        other.provider == sort.provider
            && other.kind == Kind::Pat
            && other.opens_registries
            && lasts(other.end)
    })?;
    Some(PASSWORD.found(&[&shown(token), sort.provider.name], &[&argument(token), better.made_at]))
}

fn of_sort(token: &Token, secret: &Secret) -> Option<Finding> {
    let sort = marked(secret.expose()).filter(|sort| !sort.opens_registries)?;
    Some(OPENS_NOTHING.found(&[&shown(token), sort.called, sort.provider.name], &[&argument(token)]))
}

fn of_user(token: &Token) -> Option<Finding> {
    user_token(token)?;
    Some(USER_IS_TOKEN.found(&[&in_sentence(token)], &[&argument(token)]))
}

fn of_keys(token: &Token) -> Option<Finding> {
    key_password(token)?;
    Some(KEY_HAS_PASSWORD.found(&[&in_sentence(token)], &[&argument(token)]))
}

/// Tells of each token whose secret another one before it has.
fn of_same_secrets(contents: &Contents, findings: &mut Vec<Finding>) {
    let tokens = contents.inventory.tokens();
    for (at, token) in tokens.iter().enumerate() {
        let Some(secret) = contents.secret(at) else { continue };
        let is_same = |other: &usize| contents.secret(*other).is_some_and(|its| its.is_same_as(secret));
        if let Some(first) = (0..at).find(is_same).and_then(|first| tokens.get(first)) {
            let (name, other) = (argument(token), shown(first));
            let finding = SAME_SECRET.found(&[&other, &shown(token)], &[&name, &argument(first)]);
            findings.push(about(finding, token));
        }
    }
}

/// Tells of the accounts at Docker Hub with more tokens than are usual or allowed.
fn of_counts(tokens: &[Token], findings: &mut Vec<Finding>) {
    let is_of = |token: &Token, kind: Kind, user: &str| {
        let is_here = token.scopes.iter().filter_map(Scope::registry).any(Registry::is_docker_hub);
        is_here && token.kind == kind && token.user.shown().eq_ignore_ascii_case(user)
    };
    for (at, token) in tokens.iter().enumerate() {
        let user = token.user.shown();
        let before = tokens.iter().take(at).any(|other| is_of(other, token.kind, user));
        if before || !is_of(token, token.kind, user) || user_token(token).is_some() {
            continue;
        }
        let count = tokens.iter().filter(|other| is_of(other, token.kind, user)).count();
        let (limit, how) = match token.kind {
            Kind::Pat if count > MANY_OF_A_PERSON => (MANY_OF_A_PERSON, "usual"),
            Kind::Organization if count > BUSINESS_PLAN => (BUSINESS_PLAN, "allowed by the Business plan"),
            Kind::Organization if count > TEAM_PLAN => (TEAM_PLAN, "allowed by the Team plan"),
            Kind::Pat
            | Kind::Organization
            | Kind::Project
            | Kind::Password
            | Kind::Identity
            | Kind::Session => continue,
        };
        findings.push(MANY.found(&[&count.to_string(), user, &limit.to_string(), how], &[]));
    }
}

fn about(finding: Finding, token: &Token) -> Finding {
    Finding { token: Some(shown(token)), ..finding }
}

/// Returns the user name that is itself a token.
fn user_token(token: &Token) -> Option<&str> {
    match &token.user {
        User::Named(user) => Some(&**user).filter(|user| looks_like_token(user)),
        User::SameAsSecret => None,
    }
}

fn looks_like_token(text: &str) -> bool {
    text.len() >= TOKEN_BYTES && marked(text).is_some()
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
pub(super) fn shown(token: &Token) -> String {
    if is_telling(token) { format!("no. {}", token.id.0) } else { token.name.as_str().to_owned() }
}

fn in_sentence(token: &Token) -> String {
    format!("token \"{}\"", shown(token))
}

/// Returns the name of a token as it is typed in a shell.
pub(super) fn argument(token: &Token) -> String {
    if is_telling(token) { "NAME".to_owned() } else { token.name.as_argument().into_owned() }
}
