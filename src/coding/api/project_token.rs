//! Project tokens in the form of CODING's API.
//!
//! The fields are those of `ProjectToken` in CODING's own service. The public reference leaves their types open: a
//! number may be sent as a number or as text, and a content may be sent with or without `Data` around it.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::coding::api::project_scope::{ProjectScope, ScopeAnswer};
use crate::http::short_text::short_text;
use crate::model::timestamp::Timestamp;

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
    /// True when CODING reports that the token does not expire.
    pub is_endless: bool,
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
            is_endless: raw
                .expire_at
                .is_some_and(|raw| raw.get() != "null" && parse_timestamp(raw).is_none()),
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
    #[serde(default, deserialize_with = "short_text")]
    token_name: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
    user_name: Option<String>,
    #[serde(default, deserialize_with = "short_text")]
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
}
