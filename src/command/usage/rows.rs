//! What the log tells, counted by token, client, day or registry.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::command::usage::GroupBy;
use crate::inventory::Inventory;
use crate::model::timestamp::{DAY, Timestamp};
use crate::model::token::Token;
use crate::usage::record::LogRecord;
use crate::usage::stats::UsageStats;

/// How many letters the days have at most.
const MAX_PARTS: usize = 30;

/// The most days that are told apart, ten years.
const MAX_DAYS: i64 = 3653;

/// Rows that grow while the log is read.
pub struct UsageRows<'t> {
    /// What a row stands for.
    pub by: GroupBy,
    /// Nothing before it counts.
    pub since: Option<Timestamp>,
    /// When it is told.
    pub now: Timestamp,
    /// How often a client asked for a token and there was none.
    pub not_found: u64,
    only: Option<&'t Token>,
    first_day: i64,
    all: Vec<UsageRow>,
    /// Where among all rows that of a token or a name is.
    places: BTreeMap<(Option<Identity>, String), usize>,
}

/// By what a token is told from others.
type Identity = (u32, i64);

/// A token, a client, a day or a registry, and how it was used.
pub struct UsageRow {
    /// What it is called.
    pub name: String,
    /// False for a token that is no longer in the vault.
    pub is_here: bool,
    /// How it was used; of a client, the name is that of the token that it got last.
    pub used: UsageStats,
    /// How often on each day, as far as days are told apart.
    days: Vec<u64>,
}

impl UsageRow {
    fn new(name: &str, is_here: bool) -> Self {
        let used = UsageStats {
            count: 0,
            first: UsageStats::UNDATED_FIRST,
            last: UsageStats::UNDATED_LAST,
            client: None,
            pulls: 0,
            pushes: 0,
        };
        Self { name: name.to_owned(), is_here, used, days: Vec::new() }
    }

    /// Returns its name for people.
    pub fn words(&self) -> String {
        if self.is_here { self.name.clone() } else { format!("{} (removed)", self.name) }
    }

    /// Returns how often on each of so many days, or nothing where there was no use.
    pub fn days(&self, count: usize) -> &[u64] {
        &self.days[..self.days.len().min(count)]
    }

    /// Returns how often in each part of so many days, which are no more than a line has room for.
    pub fn parts(&self, days: usize) -> Vec<u64> {
        let size = days.div_ceil(MAX_PARTS).max(1);
        let mut parts = vec![0; days.div_ceil(size)];
        for (day, count) in self.days(days).iter().enumerate() {
            parts[day / size] += count;
        }
        parts
    }
}

impl<'t> UsageRows<'t> {
    /// Begins with the tokens of the vault, where rows are tokens: one that was never used is told too.
    pub fn new(
        by: GroupBy,
        only: Option<&'t Token>,
        since: Option<Timestamp>,
        days: i64,
        inventory: &Inventory,
        now: Timestamp,
    ) -> Self {
        let first_day = since.map_or(day(now) - days + 1, day).max(day(now) - MAX_DAYS + 1);
        let is_meant = |token: &&Token| only.is_none_or(|only| only.id == token.id);
        let tokens = inventory.tokens().iter().filter(|_| by == GroupBy::Token).filter(is_meant);
        let all: Vec<_> = tokens.clone().map(|token| UsageRow::new(token.name.as_str(), true)).collect();
        let places = tokens.map(|token| (Some(identity(token)), String::new())).zip(0..).collect();
        Self { by, since, now, not_found: 0, only, first_day, all, places }
    }

    /// Adds a line of the log.
    pub fn add(&mut self, record: &LogRecord) {
        let moment = record.time(self.now);
        // What was folded is of no day, no registry and many clients.
        let is_folded = record.count.is_some();
        if is_folded && (self.by != GroupBy::Token || self.since.is_some()) {
            return;
        }
        if self.since.is_some_and(|since| moment.is_none_or(|moment| moment < since)) {
            return;
        }
        let token = record.id.zip(record.created);
        if self.only.is_some_and(|only| token != Some(identity(only))) {
            return;
        }
        let Some(mut used) = record.stats(self.now) else {
            self.not_found += u64::from(record.is_not_found());
            return;
        };
        if self.by == GroupBy::Client {
            used.client.clone_from(&record.token);
        }
        let first_day = self.first_day;
        let Some(row) = self.row_of(record, token, moment) else { return };
        if let Some(at) = moment.and_then(|moment| usize::try_from(day(moment) - first_day).ok())
            && !is_folded
        {
            if row.days.len() <= at {
                row.days.resize(at + 1, 0);
            }
            row.days[at] += used.count;
        }
        row.used.add(used);
    }

    /// Returns the row that a line belongs to; `None` for what has no day where rows are days.
    fn row_of(
        &mut self,
        record: &LogRecord,
        token: Option<Identity>,
        moment: Option<Timestamp>,
    ) -> Option<&mut UsageRow> {
        let day = moment.filter(|_| self.by == GroupBy::Day).map(Timestamp::date);
        let name = match self.by {
            GroupBy::Token => record.token.as_deref(),
            GroupBy::Client => record.client.as_deref(),
            GroupBy::Day => Some(day.as_deref()?),
            GroupBy::Registry => record.registry.as_deref(),
        };
        let name = name.unwrap_or("-");
        let token = token.filter(|_| self.by == GroupBy::Token);
        let place = (token, if token.is_some() { String::new() } else { name.to_owned() });
        let at = *self.places.entry(place).or_insert_with(|| {
            self.all.push(UsageRow::new(name, token.is_none()));
            self.all.len() - 1
        });
        self.all.get_mut(at)
    }

    /// Puts days in their order, and all else in that of its last use.
    pub fn sort(&mut self) {
        match self.by {
            GroupBy::Day => self.all.sort_by(|one, other| one.name.cmp(&other.name)),
            GroupBy::Token | GroupBy::Client | GroupBy::Registry => {
                self.all.sort_by_key(|row| Reverse(row.used.last));
            }
        }
    }

    /// Returns the rows.
    pub fn all(&self) -> &[UsageRow] {
        &self.all
    }

    /// True when nothing is known of any use.
    pub fn is_empty(&self) -> bool {
        self.all.iter().all(|row| row.used.count == 0)
    }

    /// Returns how many days are told apart.
    pub fn days(&self) -> usize {
        usize::try_from(day(self.now) - self.first_day + 1).unwrap_or(1)
    }

    /// Returns what stands above their bars.
    pub fn span(&self) -> &'static str {
        match (self.by, self.since) {
            (GroupBy::Day, _) => "",
            (GroupBy::Token | GroupBy::Client | GroupBy::Registry, None) => "LAST-30-DAYS",
            (GroupBy::Token | GroupBy::Client | GroupBy::Registry, Some(_)) => "SINCE-THEN",
        }
    }
}

fn identity(token: &Token) -> Identity {
    (token.id.0, token.created.0)
}

/// Returns the day since the start of 1970 in UTC.
fn day(moment: Timestamp) -> i64 {
    moment.0.div_euclid(DAY)
}
