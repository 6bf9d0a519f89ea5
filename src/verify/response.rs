//! The results of a login at a registry, and the parsers for the registry's answers.

use serde::Deserialize;

use crate::model::timestamp::Timestamp;
use crate::provider::expiry::jwt_claims;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuthResult {
    pub outcome: LoginOutcome,
    pub access: RepositoryAccess,
    pub pull_limit: Option<PullLimit>,
    /// The expiry of the secret, if a registry of GitHub's accepts the secret and reports it.
    pub expires: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LoginOutcome {
    Accepted,
    #[default]
    Refused,
    /// The registry does not require a login.
    Open,
}

/// The permitted actions in a repository; `None` if the registry does not report them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RepositoryAccess {
    pub pull: Option<bool>,
    pub push: Option<bool>,
    pub delete: Option<bool>,
}

/// The pull rate limit of a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PullLimit {
    pub remaining: u64,
    pub limit: u64,
    /// The length of the period, in seconds.
    pub seconds: u64,
}

/// The claims in a token of a registry:
/// <https://distribution.github.io/distribution/spec/auth/jwt/>.
#[derive(Deserialize)]
struct Claims {
    access: Option<Vec<GrantedAccess>>,
}

#[derive(Deserialize)]
struct GrantedAccess {
    actions: Vec<String>,
}

/// Returns the permitted actions in the one repository of the scope; `None` for an opaque token.
pub(super) fn parse_actions(token: &str) -> Option<Vec<String>> {
    let claims: Claims = serde_json::from_slice(&jwt_claims(token)?).ok()?;
    Some(claims.access?.into_iter().flat_map(|access| access.actions).collect())
}

/// Parses the limit `100;w=21600`: <https://docs.docker.com/docker-hub/usage/pulls/#view-pull-rate-and-limit>.
pub(super) fn parse_pull_limit(limit: Option<&str>, remaining: Option<&str>) -> Option<PullLimit> {
    let number = |text: &str| text.split(';').next()?.trim().parse().ok();
    let (limit, remaining) = (limit?, remaining?);
    let seconds = limit.split(";w=").nth(1)?.trim().parse().ok()?;
    Some(PullLimit { remaining: number(remaining)?, limit: number(limit)?, seconds })
}

/// Parses `2027-10-07 19:07:53 UTC` and `2027-10-07 21:07:53 +0200`.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let (time, zone) = text.trim().rsplit_once(' ')?;
    let zone = if zone == "UTC" { "Z" } else { zone };
    format!("{time}{zone}").parse::<jiff::Timestamp>().ok().map(|at| Timestamp(at.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pull_limits_and_expiry_times_are_parsed() {
        let parse = |limit, remaining| parse_pull_limit(Some(limit), Some(remaining));
        assert_eq!(
            parse("100;w=21600", "76;w=21600"),
            Some(PullLimit { remaining: 76, limit: 100, seconds: 21_600 })
        );
        for (limit, remaining) in [("100", "76"), ("x;w=1", "1"), ("1;w=x", "1"), ("", "")] {
            assert_eq!(parse(limit, remaining), None, "{limit} {remaining}");
        }
        for (text, want) in [
            ("2021-10-07 19:07:53 UTC", Some(1_633_633_673)),
            ("2021-10-07 21:07:53 +0200", Some(1_633_633_673)),
            ("soon", None),
        ] {
            assert_eq!(parse_time(text).map(|at| at.0), want, "{text}");
        }
    }

    #[test]
    fn the_actions_of_a_jwt_are_parsed_and_an_opaque_token_has_none() {
        let jwt = "eyJhbGciOiJIUzI1NiJ9.eyJhY2Nlc3MiOlt7InR5cGUiOiJyZXBvc2l0b3J5IiwibmFtZSI6ImEvYiIsImFjdGlvbnMiOlsicHVsbCJdfV19.c2ln";
        assert_eq!(parse_actions(jwt), Some(vec!["pull".to_owned()]));
        assert_eq!(parse_actions("opaque"), None);
    }
}
