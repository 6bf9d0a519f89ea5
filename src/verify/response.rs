//! What a registry says to a login, and how it is read off its answers.

use serde::Deserialize;

use crate::model::timestamp::Timestamp;
use crate::provider::expiry::claims;

/// What a registry says to a login.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthResult {
    /// Whether it takes it.
    pub outcome: LoginOutcome,
    /// What it allows in the repository that was asked about.
    pub access: RepositoryAccess,
    /// How many pulls it allows.
    pub pull_limit: Option<PullLimit>,
    /// When the secret ends, as the registry tells it.
    pub expires: Option<Timestamp>,
}

/// Whether a registry takes a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginOutcome {
    /// It does.
    Accepted,
    /// It does not.
    #[default]
    Refused,
    /// It asks nobody, so there is nothing to know.
    Open,
}

/// What may be done in a repository; `None` where the registry does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepositoryAccess {
    /// Pull.
    pub pull: Option<bool>,
    /// Push.
    pub push: Option<bool>,
    /// Delete.
    pub delete: Option<bool>,
}

/// How many pulls a registry allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullLimit {
    /// How many are left.
    pub remaining: u64,
    /// How many there are in all.
    pub limit: u64,
    /// In how long a time, in seconds.
    pub seconds: u64,
}

/// What a registry's token says that it is for:
/// <https://distribution.github.io/distribution/spec/auth/jwt/>.
#[derive(Deserialize)]
struct Claims {
    access: Option<Vec<GrantedAccess>>,
}

#[derive(Deserialize)]
struct GrantedAccess {
    actions: Vec<String>,
}

/// Returns what may be done in the one repository that was asked for; `None` where that cannot be read.
pub(super) fn actions_of(token: &str) -> Option<Vec<String>> {
    let claims: Claims = serde_json::from_slice(&claims(token)?).ok()?;
    Some(claims.access?.into_iter().flat_map(|access| access.actions).collect())
}

/// Reads `100;w=21600`: <https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit>.
pub(super) fn pulls_of(limit: Option<&str>, remaining: Option<&str>) -> Option<PullLimit> {
    let number = |text: &str| text.split(';').next()?.trim().parse().ok();
    let (limit, remaining) = (limit?, remaining?);
    let seconds = limit.split(";w=").nth(1)?.trim().parse().ok()?;
    Some(PullLimit { remaining: number(remaining)?, limit: number(limit)?, seconds })
}

/// Reads `2027-10-07 19:07:53 UTC` and `2027-10-07 21:07:53 +0200`.
pub(super) fn moment_of(text: &str) -> Option<Timestamp> {
    let (time, zone) = text.trim().rsplit_once(' ')?;
    let zone = if zone == "UTC" { "Z" } else { zone };
    format!("{time}{zone}").parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_ends_are_read_as_they_are_told() {
        let pulls = |limit, left| pulls_of(Some(limit), Some(left));
        assert_eq!(
            pulls("100;w=21600", "76;w=21600"),
            Some(PullLimit { remaining: 76, limit: 100, seconds: 21_600 })
        );
        for (limit, left) in [("100", "76"), ("x;w=1", "1"), ("1;w=x", "1"), ("", "")] {
            assert_eq!(pulls(limit, left), None, "{limit} {left}");
        }
        for (text, want) in [
            ("2021-10-07 19:07:53 UTC", Some(1_633_633_673)),
            ("2021-10-07 21:07:53 +0200", Some(1_633_633_673)),
            ("soon", None),
        ] {
            assert_eq!(moment_of(text).map(|at| at.0), want, "{text}");
        }
    }

    #[test]
    fn a_registrys_token_tells_what_it_is_for() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6ImEvYiIsImFjdGlvbnMiOlsicHVsbCJdfV19.c2ln";
        assert_eq!(actions_of(jwt), Some(vec!["pull".to_owned()]));
        assert_eq!(actions_of("opaque"), None);
    }
}
