//! The use of each token, according to the log.

use std::collections::BTreeMap;

use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::usage::record;
use crate::usage::record::LogRecord;
use crate::usage::stats::UsageStats;

/// The use of every token in the log.
#[derive(Debug)]
pub struct UsageHistory {
    /// Keyed by the number of the token and the time at which it was added to the vault. So a new name changes
    /// nothing, and another vault with the same numbers has other tokens.
    entries: BTreeMap<(u32, i64), HistoryEntry>,
    since: Option<Timestamp>,
    now: Timestamp,
}

#[derive(Debug)]
struct HistoryEntry {
    name: String,
    stats: UsageStats,
}

impl UsageHistory {
    /// Makes an empty history. A use with a date after `now` counts without its date, because a clock was wrong.
    pub fn new(now: Timestamp) -> Self {
        Self { entries: BTreeMap::new(), since: None, now }
    }

    /// Adds a line of the log, or of its summary.
    pub fn add(&mut self, record: &LogRecord) {
        self.since = self.since.into_iter().chain(record.first_time(self.now)).min();
        let Some(token) = record.id.zip(record.created) else { return };
        let Some(stats) = record.stats(self.now) else { return };
        let name = record.token.as_deref().unwrap_or_default();
        match self.entries.get_mut(&token) {
            Some(entry) => {
                entry.stats.add(stats);
                name.clone_into(&mut entry.name);
            }
            None => drop(self.entries.insert(token, HistoryEntry { name: name.to_owned(), stats })),
        }
    }

    /// Returns the use of a token; `None` when no use is known.
    pub fn stats(&self, token: &Token) -> Option<UsageStats> {
        let entry = self.entries.get(&(token.id.0, token.created.0))?;
        let (first, last) = (entry.stats.first.min(self.now), entry.stats.last.min(self.now));
        // A use without a date happened before now.
        let last = if last == UsageStats::UNDATED_LAST { self.now } else { last };
        Some(UsageStats { first, last, ..entry.stats.clone() })
    }

    /// Returns the time of the first record.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Keeps the tokens that were used last, and drops the others.
    pub(super) fn keep_most_recent(&mut self, tokens: usize) {
        let surplus = self.entries.len().saturating_sub(tokens);
        let mut oldest: Vec<_> =
            self.entries.iter().map(|(token, entry)| (entry.stats.last, *token)).collect();
        oldest.sort_unstable();
        for (_, token) in &oldest[..surplus] {
            self.entries.remove(token);
        }
    }

    /// Writes the lines of the summary.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let integer = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for ((id, created), HistoryEntry { name, stats }) in &self.entries {
            record::push_start(out);
            if stats.last != UsageStats::UNDATED_LAST {
                record::push_integer(out, "at", stats.last.0);
                record::push_integer(out, "first", stats.first.0);
            }
            record::push_integer(out, "id", (*id).into());
            record::push_integer(out, "created", *created);
            record::push_text(out, "token", Some(name));
            record::push_text(out, "client", stats.client.as_deref());
            record::push_integer(out, "count", integer(stats.count));
            record::push_integer(out, "pulls", integer(stats.pulls));
            record::push_integer(out, "pushes", integer(stats.pushes));
            out.extend_from_slice(b"}\n");
        }
    }
}
