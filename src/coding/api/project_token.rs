//! What CODING tells of a project's tokens, and in which form it is told when they end.
//!
//! The fields are those of its own service's `ProjectToken`; the public reference leaves their types open, so
//! that a number may come as a number or as text, and what is wrapped in `Data` may come without it.

use std::fmt;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::model::timestamp::Timestamp;
use crate::model::token::Permissions;

/// How far CODING's clock is ahead of UTC, in seconds. Which zone its texts are in is not documented; of the
/// two that they could be in, this one has an end earlier, which is the safe side to err on.
const AHEAD: i64 = 8 * 60 * 60;

/// From here on a moment stands for never, in seconds: 9999-12-30. CODING's word for it is 9999-12-31.
const NEVER: i64 = 253_402_128_000;

/// More than this are milliseconds, less are seconds.
const MOST_SECONDS: i64 = 100_000_000_000;

/// The form of a moment in a request: `2027-01-31 23:59:59`.
const FORM: &str = "%Y-%m-%d %H:%M:%S";

/// A token of a project, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectToken {
    /// By what CODING tells it from others.
    pub id: u64,
    /// What it is called there.
    pub name: String,
    /// The user name that goes with it, which CODING makes.
    pub user: String,
    /// What it may do.
    pub grants: Vec<ProjectScope>,
    /// Whether it works; `None` when it is not told.
    pub enabled: Option<bool>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it ends; `None` is never or not told.
    pub expires: Option<Timestamp>,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

impl ProjectToken {
    /// Reads one; `None` when it has no number or no user name.
    pub(super) fn of(told: &RawProjectToken<'_>) -> Option<Self> {
        let moment = |raw: Option<&RawValue>| raw.and_then(moment_of);
        Some(Self {
            id: number_of(told.id?)?,
            name: told.token_name.clone().unwrap_or_default(),
            user: told.user_name.clone().filter(|user| !user.is_empty()).or(told.global_key.clone())?,
            grants: told.scopes.iter().flatten().map(ProjectScope::of).collect(),
            enabled: told.enabled,
            created: moment(told.created_at),
            expires: moment(told.expire_at),
            last_used: moment(told.last_activity_at),
        })
    }
}

/// A project's token as it is told. It borrows from the answer, so that the parser makes no copy of a secret.
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

/// One thing that a project's token may do: CODING calls it a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectScope {
    /// CODING's word, such as `artifact_r`; with the token's own letters, since it tells them apart.
    pub value: String,
    /// The number of the one repository that it is held to; `None` is all of the project's.
    pub target: Option<u64>,
    /// What CODING calls it on its pages.
    text: Option<String>,
}

impl ProjectScope {
    /// Reads `artifact_rw`, or `artifact_rw:123` for one repository. The words:
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

    fn of(told: &ScopeAnswer) -> Self {
        let target = told.target.as_ref().and_then(|target| number(&target.to_string()));
        Self { value: told.value.clone(), target: target.filter(|id| *id > 0), text: told.text.clone() }
    }

    /// Returns it as a request has it.
    pub fn json(&self) -> Value {
        match self.target {
            Some(target) => json!({ "Value": self.value, "Target": target }),
            None => json!({ "Value": self.value }),
        }
    }

    fn words(&self) -> &str {
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
    /// Writes what it allows, for people: `pull and push, of 123`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.words())?;
        self.target.map_or(Ok(()), |target| write!(out, " (of {target})"))
    }
}

/// Returns what a token with these grants may do with images; `None` when none of them is for images.
pub fn permissions(grants: &[ProjectScope]) -> Option<Permissions> {
    let has = |value: &str| grants.iter().any(|grant| grant.value.eq_ignore_ascii_case(value));
    let write = has("artifact_rw");
    (write || has("artifact_r")).then_some(Permissions { read: true, write, delete: false })
}

/// Writes an end as a request has it, and empty for never. It is in UTC: so the date that a person gave is
/// the one that CODING shows, and wherever its clock stands in China, the token ends no later than was meant.
pub fn end_text(end: Option<Timestamp>) -> String {
    let at = end.and_then(|end| jiff::Timestamp::from_second(end.0).ok());
    at.map(|at| TimeZone::UTC.to_datetime(at).strftime(FORM).to_string()).unwrap_or_default()
}

/// Reads an end that was sent, as CODING may have taken it: at its earliest.
pub fn earliest(end: Timestamp) -> Timestamp {
    Timestamp(end.0 - AHEAD)
}

/// Reads a number that comes as one, or as text.
pub(super) fn number_of(raw: &RawValue) -> Option<u64> {
    number(raw.get())
}

fn number(text: &str) -> Option<u64> {
    text.trim_matches('"').parse().ok()
}

/// Reads a moment: milliseconds or seconds since 1970, or `2027-01-31 23:59:59`. `None` is never or unreadable.
fn moment_of(raw: &RawValue) -> Option<Timestamp> {
    let text = raw.get().trim_matches('"');
    let seconds = match text.parse::<i64>() {
        Ok(number) if number > MOST_SECONDS => number / 1000,
        Ok(number) => number,
        Err(_) => TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok()?.as_second() - AHEAD,
    };
    (1..NEVER - AHEAD).contains(&seconds).then_some(Timestamp(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_in_every_form_and_never_too_late() {
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
            assert_eq!(moment_of(&raw).map(|at| at.to_string()).as_deref(), want, "{json}");
        }
        let end = Timestamp(1_801_439_999);
        assert_eq!((end_text(Some(end)), end_text(None)), ("2027-01-31 23:59:59".to_owned(), String::new()));
        assert!(earliest(end) < end);
    }

    #[test]
    fn a_scope_is_a_word_with_or_without_a_repository() {
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
            let told = ProjectScope::parse(text).ok().map(|grant| (grant.to_string(), grant.json()));
            assert_eq!(told, want.map(|(words, json)| (words.to_owned(), json)), "{text}");
        }
    }

    #[test]
    fn what_a_token_may_do_with_images_is_read_off_its_scopes() {
        let may = |texts: &[&str]| {
            let grants: Vec<_> = texts.iter().map(|text| ProjectScope::parse(text).expect(text)).collect();
            permissions(&grants).map(|may| (may.read, may.write))
        };
        assert_eq!(may(&["artifact_r"]), Some((true, false)));
        assert_eq!(may(&["artifact_r", "ARTIFACT_RW:7"]), Some((true, true)));
        assert_eq!(may(&["depot_read"]), None);
    }
}
