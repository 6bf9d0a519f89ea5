//! A point in time, to the second.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use minicbor::{Decode, Encode};
use serde::{Serialize, Serializer};
use thiserror::Error;

pub use crate::model::duration::DAY;
use crate::model::duration::{AmbiguousUnit, Period};
use crate::model::hint::Hint;

/// Seconds since the start of 1970 in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Timestamp(#[n(0)] pub i64);

/// The date that CODING writes for "never".
const NEVER: &str = "9999-12-31";

/// The error for a text that is not a time.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum TimestampError {
    #[error(
        "{0:?} is not a date (2027-01-31), a time (2027-01-31T12:00:00Z), a time from now (12h, 90d, 2w, 6mo, 1y) or `never`"
    )]
    NotAnExpiry(String),
    #[error(
        "{0:?} is not a date (2027-01-31), a time (2027-01-31T12:00:00Z) or a time until now (12h, 30d, 2w, 6mo, 1y)"
    )]
    NotAStart(String),
    #[error("{text:?} is ambiguous: write {months} for months or {minutes} for minutes")]
    Ambiguous { text: String, months: String, minutes: String },
}

impl Timestamp {
    /// Reads an expiry, up to the year 9999:
    ///
    /// - `2027-01-31`, which lasts until the last second of that day in UTC;
    /// - `2027-01-31T12:00:00Z`, a time in RFC 3339 (<https://www.rfc-editor.org/rfc/rfc3339>);
    /// - `12h`, `90d`, `2w`, `6mo` or `1y`, a time after `now`;
    /// - `never` or the last day of 9999, which is `None`.
    pub fn parse_expiry(text: &str, now: Self) -> Result<Option<Self>, TimestampError> {
        let is_time =
            |rest: &str| rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b':' | b' ' | b'T' | b'Z'));
        if text == "never" || text.strip_prefix(NEVER).is_some_and(is_time) {
            return Ok(None);
        }
        Self::parse_finite_expiry(text, now).map(Some)
    }

    /// Reads a time in RFC 3339, without its fraction of a second. A time before 1970, such as Go's zero
    /// `0001-01-01T00:00:00Z`, is `None`.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        text.parse().ok().map(|at: jiff::Timestamp| Self(at.as_second())).filter(|at| at.0 > 0)
    }

    fn parse_finite_expiry(text: &str, now: Self) -> Result<Self, TimestampError> {
        let error = || TimestampError::NotAnExpiry(text.to_owned());
        if let Some(period) = parse_period(text)? {
            return period.after(now.0).map(Self).ok_or_else(error);
        }
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(timestamp.as_second()));
        }
        let last_second = Time::constant(23, 59, 59, 0);
        let date: Date = text.parse().map_err(|_| error())?;
        let expiry = TimeZone::UTC.to_timestamp(date.to_datetime(last_second)).map_err(|_| error())?;
        Ok(Self(expiry.as_second()))
    }

    /// Reads a start: a date, which begins with its first second in UTC; a time in RFC 3339; or a time before `now`,
    /// such as `30d`.
    pub fn parse_since(text: &str, now: Self) -> Result<Self, TimestampError> {
        let error = || TimestampError::NotAStart(text.to_owned());
        if let Some(period) = parse_period(text)? {
            return period.before(now.0).map(Self).ok_or_else(error);
        }
        if let Ok(timestamp) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(timestamp.as_second()));
        }
        let last_second = Self::parse_finite_expiry(text, now).map_err(|_| error())?;
        Ok(Self(last_second.0 - last_second.0.rem_euclid(DAY)))
    }

    /// Returns the date in UTC, such as `2027-01-31`.
    pub fn date(self) -> String {
        self.to_jiff()
            .map_or_else(|| self.0.to_string(), |at| TimeZone::UTC.to_datetime(at).date().to_string())
    }

    /// Returns the distance from the date of `now` in UTC: `3 days ago`, `today`, `in 2 days`.
    pub fn relative_to(self, now: Self) -> String {
        let days = self.0.div_euclid(DAY) - now.0.div_euclid(DAY);
        match days {
            0 => "today".to_owned(),
            1 => "in 1 day".to_owned(),
            -1 => "1 day ago".to_owned(),
            2.. => format!("in {days} days"),
            ..-1 => format!("{} days ago", -days),
        }
    }

    /// True when the time is past, or at most this many days after `now`.
    pub fn is_within(self, days: i64, now: Self) -> bool {
        self.0.saturating_sub(now.0) <= days.saturating_mul(DAY)
    }

    fn to_jiff(self) -> Option<jiff::Timestamp> {
        jiff::Timestamp::from_second(self.0).ok()
    }
}

fn parse_period(text: &str) -> Result<Option<Period>, TimestampError> {
    Period::parse_long(text).map_err(|AmbiguousUnit { months, minutes }| TimestampError::Ambiguous {
        text: text.to_owned(),
        months,
        minutes,
    })
}

impl fmt::Display for Timestamp {
    /// Writes the time in RFC 3339, such as `2027-01-31T23:59:59Z`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_jiff() {
            Some(timestamp) => timestamp.fmt(out),
            None => self.0.fmt(out),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Hint for TimestampError {}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_000_000); // 2026-11-18T11:06:40Z

    #[test]
    fn an_expiry_is_a_date_a_time_or_a_period() {
        for (text, want) in [
            ("2027-01-31", "2027-01-31T23:59:59Z"),
            ("2027-01-31T12:00:00Z", "2027-01-31T12:00:00Z"),
            ("2027-01-31T12:00:00+02:00", "2027-01-31T10:00:00Z"),
            ("90d", "2027-02-16T11:06:40Z"),
            ("0d", "2026-11-18T11:06:40Z"),
            ("12h", "2026-11-18T23:06:40Z"),
            ("6mo", "2027-05-18T11:06:40Z"),
            ("1y", "2027-11-18T11:06:40Z"),
        ] {
            let expiry = Timestamp::parse_expiry(text, NOW).expect(text).expect(text);
            assert_eq!(expiry.to_string(), want, "{text}");
        }
        for text in ["never", "9999-12-31", "9999-12-31 00:00:00"] {
            assert_eq!(Timestamp::parse_expiry(text, NOW), Ok(None), "{text}");
        }
        for text in [
            "",
            "d",
            "-1d",
            "tomorrow",
            "2027-02-30",
            "99999999999d",
            "9999-12-31junk",
            "4000000000d",
            "31.1.2027",
            "90",
            "9000y",
            "6m",
        ] {
            assert!(Timestamp::parse_expiry(text, NOW).is_err(), "{text}");
        }
        let message = Timestamp::parse_expiry("6m", NOW).expect_err("ambiguous").to_string();
        assert_eq!(message, "\"6m\" is ambiguous: write 6mo for months or 6min for minutes");
    }

    #[test]
    fn a_start_is_a_date_a_time_or_a_period() {
        for (text, want) in [
            ("2026-10-31", Some("2026-10-31T00:00:00Z")),
            ("2026-10-31T12:00:00+02:00", Some("2026-10-31T10:00:00Z")),
            ("30d", Some("2026-10-19T11:06:40Z")),
            ("0d", Some("2026-11-18T11:06:40Z")),
            ("d", None),
            ("12h", Some("2026-11-17T23:06:40Z")),
            ("2w", Some("2026-11-04T11:06:40Z")),
            ("6m", None),
            ("-1d", None),
            ("never", None),
            ("", None),
        ] {
            let start = Timestamp::parse_since(text, NOW).ok().map(|start| start.to_string());
            assert_eq!(start.as_deref(), want, "{text}");
        }
    }

    #[test]
    fn a_distance_is_a_number_of_days() {
        for (seconds, want) in [
            (0, "today"),
            (12 * 60 * 60, "today"),
            (13 * 60 * 60, "in 1 day"),
            (DAY, "in 1 day"),
            (7 * DAY, "in 7 days"),
            (-DAY, "1 day ago"),
            (-12 * 60 * 60, "1 day ago"),
            (-3 * DAY - 5, "3 days ago"),
        ] {
            assert_eq!(Timestamp(NOW.0 + seconds).relative_to(NOW), want);
        }
    }

    #[test]
    fn near_and_past_times_are_within_the_days() {
        for (seconds, want) in [(-DAY, true), (0, true), (7 * DAY, true), (7 * DAY + 1, false)] {
            assert_eq!(Timestamp(NOW.0 + seconds).is_within(7, NOW), want, "{seconds}");
        }
        assert!(Timestamp(i64::MIN).is_within(7, NOW) && !Timestamp(i64::MAX).is_within(7, Timestamp(-1)));
    }

    #[test]
    fn a_time_outside_the_calendar_is_shown_as_a_number() {
        assert_eq!(Timestamp(i64::MAX).to_string(), i64::MAX.to_string());
        assert_eq!(Timestamp(i64::MIN).date(), i64::MIN.to_string());
        assert!(Timestamp(i64::MIN).relative_to(NOW).ends_with("days ago"));
    }
}
