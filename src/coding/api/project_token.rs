//! Project tokens in the form of CODING's API.
//!
//! The fields are those of `ProjectToken` in CODING's own service. The public reference leaves their types open: a
//! number may be sent as a number or as text, and a content may be sent with or without `Data` around it.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::model::timestamp::Timestamp;
use crate::model::token::Permissions;

/// The offset of China's time zone from UTC, in seconds. CODING does not document the time zone of its texts. Of the
/// two possible zones, this one makes a token expire earlier, which is the safe error.
const CHINA_OFFSET: i64 = 8 * 60 * 60;

/// The first time that means never, in seconds: 9999-12-30. CODING itself writes 9999-12-31.
const NEVER: i64 = 253_402_128_000;

/// The largest number that counts as seconds; a larger one is in milliseconds.
const MAX_SECONDS: i64 = 100_000_000_000;

/// The format of a time in a request: `2027-01-31 23:59:59`.
const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// A token of a project, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectToken {
    pub id: u64,
    pub name: String,
    /// The user name to log in with, which CODING chooses.
    pub user: String,
    pub scopes: Vec<ProjectScope>,
    /// `None` when CODING does not report it.
    pub enabled: Option<bool>,
    pub created: Option<Timestamp>,
    /// `None` means never or not reported.
    pub expires: Option<Timestamp>,
    pub last_used: Option<Timestamp>,
}

impl ProjectToken {
    /// Converts a token from an answer; `None` when it has no ID or no user name.
    pub(super) fn from_raw(raw: &RawProjectToken<'_>) -> Option<Self> {
        Some(Self {
            id: parse_number(raw.id?)?,
            name: raw.token_name.clone().unwrap_or_default(),
            user: raw.user_name.clone().filter(|user| !user.is_empty()).or(raw.global_key.clone())?,
            scopes: raw.scopes.iter().flatten().map(ProjectScope::from_answer).collect(),
            enabled: raw.enabled,
            created: raw.created_at.and_then(parse_timestamp),
            expires: raw.expire_at.and_then(parse_timestamp),
            last_used: raw.last_activity_at.and_then(parse_timestamp),
        })
    }
}

/// A token in an answer. It borrows from the answer, so that the parser makes no copy of a secret.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RawProjectToken<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    token_name: Option<String>,
    user_name: Option<String>,
    global_key: Option<String>,
    #[serde(borrow)]
    pub(super) token: Option<&'a RawValue>,
    enabled: Option<bool>,
    #[serde(borrow, alias = "ExpiredAt")]
    expire_at: Option<&'a RawValue>,
    #[serde(borrow)]
    created_at: Option<&'a RawValue>,
    #[serde(borrow)]
    last_activity_at: Option<&'a RawValue>,
    scopes: Option<Vec<ScopeAnswer>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ScopeAnswer {
    value: String,
    text: Option<String>,
    target: Option<Value>,
}

/// A scope of a project token: one permission, for all repositories of the project or for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectScope {
    /// CODING's name for the scope, such as `artifact_r`. The case is kept, because CODING distinguishes it.
    pub value: String,
    /// The number of the only repository; `None` means all repositories of the project.
    pub target: Option<u64>,
    /// The name of the permission on CODING's pages.
    text: Option<String>,
}

impl ProjectScope {
    /// Parses `artifact_rw`, or `artifact_rw:123` for one repository. The names are listed in
    /// <https://coding.net/help/openapi>, "项目令牌".
    pub fn parse(text: &str) -> Result<Self, String> {
        let (value, target) = match text.split_once(':') {
            Some((value, target)) => (value, Some(target)),
            None => (text, None),
        };
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let target = target.map(str::parse::<u64>).transpose();
        match target {
            Ok(target) if !value.is_empty() && value.bytes().all(is_word) && target != Some(0) => {
                Ok(Self { value: value.to_owned(), target, text: None })
            }
            Ok(_) | Err(_) => {
                Err("want a scope such as artifact_r, artifact_rw or artifact_rw:123".to_owned())
            }
        }
    }

    fn from_answer(answer: &ScopeAnswer) -> Self {
        let target = answer.target.as_ref().and_then(|target| number(&target.to_string()));
        Self { value: answer.value.clone(), target: target.filter(|id| *id > 0), text: answer.text.clone() }
    }

    /// Returns the scope in the form of a request.
    pub fn json(&self) -> Value {
        match self.target {
            Some(target) => json!({ "Value": self.value, "Target": target }),
            None => json!({ "Value": self.value }),
        }
    }

    fn description(&self) -> &str {
        match self.value.to_ascii_lowercase().as_str() {
            "artifact_r" => "pull",
            "artifact_rw" => "pull and push",
            "artifact_version_props_rw" => "properties of artifacts",
            "depot_read" => "read code",
            "depot_write" => "write code",
            "merge_request_rw" => "merge requests",
            "release_rw" => "releases",
            _ => self.text.as_deref().filter(|text| !text.is_empty()).unwrap_or(&self.value),
        }
    }
}

impl fmt::Display for ProjectScope {
    /// Writes the permission for people: `pull and push (of 123)`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.description())?;
        self.target.map_or(Ok(()), |target| write!(out, " (of {target})"))
    }
}

/// Returns the permissions on images that scopes grant; `None` when none of them is for images.
pub fn permissions(scopes: &[ProjectScope]) -> Option<Permissions> {
    let has = |value: &str| scopes.iter().any(|scope| scope.value.eq_ignore_ascii_case(value));
    let push = has("artifact_rw");
    (push || has("artifact_r")).then_some(Permissions { pull: true, push, delete: false })
}

/// Returns an expiry in the form of a request; empty means never. The time is in UTC: CODING then shows the date
/// that a person entered, and if CODING reads it as China's time, the token expires no later than intended.
pub fn expiry_text(expires: Option<Timestamp>) -> String {
    let expires = expires.and_then(|expires| jiff::Timestamp::from_second(expires.0).ok());
    expires.map(|at| TimeZone::UTC.to_datetime(at).strftime(TIME_FORMAT).to_string()).unwrap_or_default()
}

/// Returns the earliest time that CODING may have read from an expiry that was sent.
pub fn earliest_expiry(expires: Timestamp) -> Timestamp {
    Timestamp(expires.0 - CHINA_OFFSET)
}

/// Parses a number that is sent as a number or as text.
pub(super) fn parse_number(raw: &RawValue) -> Option<u64> {
    number(raw.get())
}

fn number(text: &str) -> Option<u64> {
    text.trim_matches('"').parse().ok()
}

/// Parses a time: milliseconds or seconds since 1970, or `2027-01-31 23:59:59`. `None` means never or unreadable.
fn parse_timestamp(raw: &RawValue) -> Option<Timestamp> {
    let text = raw.get().trim_matches('"');
    let seconds = match text.parse::<i64>() {
        Ok(number) if number > MAX_SECONDS => number / 1000,
        Ok(number) => number,
        Err(_) => TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?.as_second() - CHINA_OFFSET,
    };
    (1..NEVER - CHINA_OFFSET).contains(&seconds).then_some(Timestamp(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_in_any_form_is_parsed_as_the_earliest_possible() {
        for (json, want) in [
            ("1801439999000", Some("2027-01-31T23:59:59Z")),
            ("\"1801439999000\"", Some("2027-01-31T23:59:59Z")),
            ("1801439999", Some("2027-01-31T23:59:59Z")),
            ("\"2027-02-01 07:59:59\"", Some("2027-01-31T23:59:59Z")),
            ("\"9999-12-31 00:00:00\"", None),
            ("253402214400000", None),
            ("253402185600000", None),
            ("0", None),
            ("null", None),
            ("\"soon\"", None),
        ] {
            let raw: Box<RawValue> = serde_json::from_str(json).expect(json);
            assert_eq!(parse_timestamp(&raw).map(|at| at.to_string()).as_deref(), want, "{json}");
        }
        let expires = Timestamp(1_801_439_999);
        assert_eq!(expiry_text(Some(expires)), "2027-01-31 23:59:59");
        assert_eq!(expiry_text(None), "");
        assert!(earliest_expiry(expires) < expires);
    }

    #[test]
    fn a_scope_is_a_word_with_or_without_the_number_of_a_repository() {
        for (text, want) in [
            ("artifact_r", Some(("pull", json!({ "Value": "artifact_r" })))),
            ("ARTIFACT_RW", Some(("pull and push", json!({ "Value": "ARTIFACT_RW" })))),
            ("artifact_rw:7", Some(("pull and push (of 7)", json!({ "Value": "artifact_rw", "Target": 7 })))),
            ("wiki_rw", Some(("wiki_rw", json!({ "Value": "wiki_rw" })))),
            ("", None),
            (":7", None),
            ("artifact_rw:", None),
            ("artifact_rw:0", None),
            ("artifact_rw:x", None),
            ("a b", None),
        ] {
            let parsed = ProjectScope::parse(text).ok().map(|scope| (scope.to_string(), scope.json()));
            assert_eq!(parsed, want.map(|(words, json)| (words.to_owned(), json)), "{text}");
        }
    }

    #[test]
    fn artifact_scopes_grant_permissions_on_images_and_others_none() {
        for (texts, want) in [
            (&["artifact_r"][..], Some((true, false))),
            (&["artifact_r", "ARTIFACT_RW:7"], Some((true, true))),
            (&["depot_read"], None),
        ] {
            let scopes: Vec<_> = texts.iter().map(|text| ProjectScope::parse(text).expect(text)).collect();
            let permissions = permissions(&scopes);
            assert_eq!(permissions.map(|granted| (granted.pull, granted.push)), want, "{texts:?}");
        }
    }
}
