//! The uses in the log, counted by token, client, day or registry.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::command::usage::GroupBy;
use crate::inventory::Inventory;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::Token;
use crate::usage::record::LogRecord;
use crate::usage::stats::UsageStats;

/// The maximum length of a skyline, in characters.
const MAX_PARTS: usize = 30;

/// The maximum number of days that are counted separately: ten years.
const MAX_DAYS: i64 = 3653;

/// The rows of an answer, which grow while the log is read.
pub struct UsageRows<'t> {
    pub by: GroupBy,
    /// The start of the period that counts.
    pub since: Option<Timestamp>,
    pub now: Timestamp,
    /// The number of requests that found no token.
    pub not_found: u64,
    only: Option<&'t Token>,
    first_day: i64,
    all: Vec<UsageRow>,
    /// The index of the row of each token or name.
    indexes: BTreeMap<(Option<TokenIdentity>, String), usize>,
}

/// The heading of a skyline of 30 days, as wide as the skyline, so that its end is above today.
pub const LAST_DAYS_HEAD: &str = "LAST-30-DAYS             TODAY";

/// The heading of a skyline since another time.
pub const SINCE_HEAD: &str = "SINCE-THEN-UNTIL-TODAY";

/// The number of a token and the time when it was created: a number alone can occur again in another vault.
type TokenIdentity = (u32, i64);

/// The use of one token, client, day or registry.
pub struct UsageRow {
    pub name: String,
    /// False for a token that is no longer in the vault.
    pub is_here: bool,
    /// The statistics; for a client, `client` holds the name of the token that it got last.
    pub stats: UsageStats,
    /// The uses on each day, from the first one that counts.
    days: Vec<u64>,
}

impl UsageRow {
    fn new(name: &str, is_here: bool) -> Self {
        let stats = UsageStats {
            count: 0,
            first: UsageStats::UNDATED_FIRST,
            last: UsageStats::UNDATED_LAST,
            client: None,
            pulls: 0,
            pushes: 0,
        };
        Self { name: name.to_owned(), is_here, stats, days: Vec::new() }
    }

    pub fn display_name(&self) -> String {
        if self.is_here { self.name.clone() } else { format!("{} (removed)", self.name) }
    }

    /// Returns the uses on each of at most `count` days; unused days at the end are missing.
    pub fn days(&self, count: usize) -> &[u64] {
        &self.days[..self.days.len().min(count)]
    }

    /// Divides this many days into parts that fit on a line, and returns the uses in each part. The last part ends with
    /// today; the first one may have fewer days than the others.
    pub fn parts(&self, days: usize) -> Vec<u64> {
        let size = days.div_ceil(MAX_PARTS).max(1);
        let mut parts = vec![0; days.div_ceil(size)];
        let missing = parts.len() * size - days;
        for (day, count) in self.days(days).iter().enumerate() {
            parts[(day + missing) / size] += count;
        }
        parts
    }
}

impl<'t> UsageRows<'t> {
    /// Starts the rows. Rows by token begin with those of the vault, so that unused ones appear as well.
    pub fn new(
        by: GroupBy,
        only: Option<&'t Token>,
        since: Option<Timestamp>,
        days: i64,
        inventory: &Inventory,
        now: Timestamp,
    ) -> Self {
        let first_day = since.map_or(day(now) - days + 1, day).max(day(now) - MAX_DAYS + 1);
        let is_selected = |token: &&Token| only.is_none_or(|only| only.id == token.id);
        let tokens = inventory.tokens().iter().filter(|_| by == GroupBy::Token).filter(is_selected);
        let all: Vec<_> = tokens.clone().map(|token| UsageRow::new(token.name.as_str(), true)).collect();
        let indexes = tokens.map(|token| (Some(identity(token)), String::new())).zip(0..).collect();
        Self { by, since, now, not_found: 0, only, first_day, all, indexes }
    }

    /// Adds a line of the log.
    pub fn add(&mut self, record: &LogRecord) {
        let time = record.time(self.now);
        // A folded record has no day, no registry and many clients.
        let is_folded = record.count.is_some();
        if is_folded && (self.by != GroupBy::Token || self.since.is_some()) {
            return;
        }
        if self.since.is_some_and(|since| time.is_none_or(|time| time < since)) {
            return;
        }
        let token = record.id.zip(record.created);
        if self.only.is_some_and(|only| token != Some(identity(only))) {
            return;
        }
        let Some(mut stats) = record.stats(self.now) else {
            self.not_found += u64::from(record.is_not_found());
            return;
        };
        if self.by == GroupBy::Client {
            stats.client.clone_from(&record.token);
        }
        let first_day = self.first_day;
        let Some(row) = self.row_for(record, token, time) else { return };
        // A use counts where its first line is.
        if record.continued.is_some() && row.stats.count == 0 {
            return;
        }
        if let Some(index) = time.and_then(|time| usize::try_from(day(time) - first_day).ok())
            && !is_folded
        {
            if row.days.len() <= index {
                row.days.resize(index + 1, 0);
            }
            row.days[index] += stats.count;
        }
        row.stats.add(stats);
    }

    /// Returns the row that a line belongs to; `None` for a line without a day when the rows are days, and for one
    /// that continues a use of another row.
    fn row_for(
        &mut self,
        record: &LogRecord,
        token: Option<TokenIdentity>,
        time: Option<Timestamp>,
    ) -> Option<&mut UsageRow> {
        let day = time.filter(|_| self.by == GroupBy::Day).map(Timestamp::date);
        let name = match self.by {
            GroupBy::Token => record.token.as_deref(),
            GroupBy::Client => record.client.as_deref(),
            GroupBy::Day => Some(day.as_deref()?),
            GroupBy::Registry => record.registry.as_deref(),
        };
        let name = name.unwrap_or("-");
        let token = token.filter(|_| self.by == GroupBy::Token);
        let key = (token, if token.is_some() { String::new() } else { name.to_owned() });
        if record.continued.is_some() && !self.indexes.contains_key(&key) {
            return None;
        }
        let index = *self.indexes.entry(key).or_insert_with(|| {
            self.all.push(UsageRow::new(name, token.is_none()));
            self.all.len() - 1
        });
        self.all.get_mut(index)
    }

    /// Sorts days by date, and all other rows by their last use, the latest first.
    pub fn sort(&mut self) {
        match self.by {
            GroupBy::Day => self.all.sort_by(|one, other| one.name.cmp(&other.name)),
            GroupBy::Token | GroupBy::Client | GroupBy::Registry => {
                self.all.sort_by_key(|row| Reverse(row.stats.last));
            }
        }
    }

    pub fn all(&self) -> &[UsageRow] {
        &self.all
    }

    /// True when no row has any use.
    pub fn is_empty(&self) -> bool {
        self.all.iter().all(|row| row.stats.count == 0)
    }

    /// Returns the number of days that are counted separately.
    pub fn days(&self) -> usize {
        usize::try_from(day(self.now) - self.first_day + 1).unwrap_or(1)
    }

    /// Returns the heading of the column of bars, in which the last character stands for today, or for the last days.
    pub fn span(&self) -> &'static str {
        match (self.by, self.since) {
            (GroupBy::Day, _) => "",
            (GroupBy::Token | GroupBy::Client | GroupBy::Registry, None) => LAST_DAYS_HEAD,
            (GroupBy::Token | GroupBy::Client | GroupBy::Registry, Some(_)) => SINCE_HEAD,
        }
    }
}

fn identity(token: &Token) -> TokenIdentity {
    (token.id.0, token.created.0)
}

/// Returns the number of days since the start of 1970 in UTC.
fn day(time: Timestamp) -> i64 {
    time.0.div_euclid(DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_ends_with_today() {
        let row = |days: &[u64]| UsageRow { days: days.to_vec(), ..UsageRow::new("ci", true) };
        let parts = row(&[1, 0, 5]).parts(30);
        assert_eq!((parts.len(), parts[0], parts[2]), (30, 1, 5));
        let mut days = vec![1; 45];
        days[44] = 7;
        let parts = row(&days).parts(45);
        assert_eq!((parts.len(), parts[0], parts[1], parts[22]), (23, 1, 2, 8), "today is in a full part");
    }

    #[test]
    fn the_heading_ends_above_today() {
        assert_eq!(LAST_DAYS_HEAD.len(), MAX_PARTS);
    }
}
