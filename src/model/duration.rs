//! A length of time that a person writes: `12h`, `90d`, `2w`, `6mo`, `1y` or `1h 30min`.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};

/// The length of a day, in seconds.
pub const DAY: i64 = 24 * 60 * 60;

/// A length of time that is not negative. Months and years follow the calendar when it starts at a time; alone, they
/// have 30 and 365 days.
#[derive(Clone, Copy, Debug)]
pub struct Period(Span);

/// A period with the unit `m`, which people use for minutes and for months.
#[derive(Debug, PartialEq, Eq)]
pub struct AmbiguousUnit {
    /// The text with `mo`.
    pub months: String,
    /// The text with `min`.
    pub minutes: String,
}

impl Period {
    /// Reads a period in which `m` means minutes, as [`jiff::fmt::friendly`] and ISO 8601 do.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|span: &Span| !span.is_negative()).map(Self)
    }

    /// Reads a period that can be as long as years, in which `m` would be ambiguous.
    pub fn parse_long(text: &str) -> Result<Option<Self>, AmbiguousUnit> {
        let minutes = with_unit(text, "min");
        if minutes != text && Self::parse(&minutes).is_some() {
            return Err(AmbiguousUnit { months: with_unit(text, "mo"), minutes });
        }
        Ok(Self::parse(text))
    }

    /// Returns the time this long after another, in seconds since the start of 1970; `None` beyond the year 9999.
    pub fn after(self, start: i64) -> Option<i64> {
        Self::shift(start, self.0)
    }

    /// Returns the time this long before another, in seconds since the start of 1970; `None` before the calendar begins.
    pub fn before(self, end: i64) -> Option<i64> {
        Self::shift(end, self.0.negate())
    }

    /// Returns the length.
    pub fn length(self) -> Option<Duration> {
        let days = i64::from(self.0.get_years()) * 365 + i64::from(self.0.get_months()) * 30;
        let rest = self.0.years(0).months(0).to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
        Duration::try_from(rest.checked_add(jiff::SignedDuration::from_secs(days * DAY))?).ok()
    }

    fn shift(seconds: i64, span: Span) -> Option<i64> {
        let time = jiff::Timestamp::from_second(seconds).ok()?.to_zoned(TimeZone::UTC);
        Some(time.checked_add(span).ok()?.timestamp().as_second())
    }
}

/// Returns a length for people: `8h`, `1h 30min`, `2d`. A part of a second does not count.
pub fn duration_words(time: Duration) -> String {
    let seconds = time.as_secs();
    let parts =
        [(seconds / 86400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<_> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if words.is_empty() { "0s".to_owned() } else { words.join(" ") }
}

/// Returns the text with another unit in place of each `m`. ISO 8601 (`P6M`, `PT6M`) has a place for each of the two.
fn with_unit(text: &str, unit: &str) -> String {
    if text.trim_start().starts_with(['P', 'p']) {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    let is_letter =
        |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|letter| letter.is_alphabetic());
    let mut changed = String::new();
    for (at, letter) in letters.iter().enumerate() {
        if matches!(letter, 'm' | 'M') && !is_letter(at.checked_sub(1)) && !is_letter(Some(at + 1)) {
            changed.push_str(unit);
        } else {
            changed.push(*letter);
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_000_000; // 2026-11-18T11:06:40Z

    #[test]
    fn every_unit_counts_from_a_time_and_as_a_length() {
        for (text, after, before, seconds) in [
            ("30min", "2026-11-18T11:36:40Z", "2026-11-18T10:36:40Z", 30 * 60),
            ("30m", "2026-11-18T11:36:40Z", "2026-11-18T10:36:40Z", 30 * 60),
            ("12h", "2026-11-18T23:06:40Z", "2026-11-17T23:06:40Z", 12 * 3600),
            ("90d", "2027-02-16T11:06:40Z", "2026-08-20T11:06:40Z", 90 * 86400),
            ("2w", "2026-12-02T11:06:40Z", "2026-11-04T11:06:40Z", 14 * 86400),
            ("6mo", "2027-05-18T11:06:40Z", "2026-05-18T11:06:40Z", 180 * 86400),
            ("1y", "2027-11-18T11:06:40Z", "2025-11-18T11:06:40Z", 365 * 86400),
            ("1y 6mo", "2028-05-18T11:06:40Z", "2025-05-18T11:06:40Z", 545 * 86400),
            ("90 days", "2027-02-16T11:06:40Z", "2026-08-20T11:06:40Z", 90 * 86400),
            ("0d", "2026-11-18T11:06:40Z", "2026-11-18T11:06:40Z", 0),
        ] {
            let period = Period::parse(text).expect(text);
            let words = |time: Option<i64>| {
                jiff::Timestamp::from_second(time.expect(text)).expect("a time").to_string()
            };
            let times = [period.after(NOW), period.before(NOW)].map(words);
            assert_eq!(times, [after, before], "{text}");
            assert_eq!(period.length(), Some(Duration::from_secs(seconds)), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_periods() {
        for text in ["", "d", "90", "-1d", "1d ago", "6x", "99999999999d", "1.5d", "2027-01-31", "m"] {
            assert!(Period::parse(text).is_none(), "{text}");
            assert!(Period::parse_long(text).is_ok_and(|period| period.is_none()), "{text}");
        }
        let longest = Period::parse("9000y").expect("a period");
        assert_eq!(longest.after(NOW), None);
    }

    #[test]
    fn m_is_ambiguous_where_months_are_possible() {
        for (text, months, minutes) in [
            ("6m", "6mo", "6min"),
            ("6M", "6mo", "6min"),
            ("6 m", "6 mo", "6 min"),
            ("1y6m", "1y6mo", "1y6min"),
        ] {
            let want = AmbiguousUnit { months: months.to_owned(), minutes: minutes.to_owned() };
            assert_eq!(Period::parse_long(text).map(|_| ()), Err(want), "{text}");
        }
        for text in ["6mo", "6min", "P6M", "PT6M", "6 months"] {
            assert!(Period::parse_long(text).is_ok_and(|period| period.is_some()), "{text}");
        }
    }

    #[test]
    fn words_have_no_part_that_is_zero() {
        for (seconds, want) in
            [(0, "0s"), (8 * 3600, "8h"), (5400, "1h 30min"), (30 * 86400, "30d"), (86400 + 61, "1d 1min 1s")]
        {
            assert_eq!(duration_words(Duration::from_secs(seconds)), want);
        }
    }
}
