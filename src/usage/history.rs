//! How each token was used, as far as the log remembers.

use std::collections::BTreeMap;

use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::usage::record;
use crate::usage::record::LogRecord;
use crate::usage::stats::UsageStats;

/// What is known of every token's use.
#[derive(Debug)]
pub struct UsageHistory {
    entries: BTreeMap<(u32, i64), HistoryEntry>,
    since: Option<Timestamp>,
    now: Timestamp,
}

/// A token's use. Its number and its arrival tell it apart, so that a new name changes nothing, and neither
/// does another vault that begins to count anew.
#[derive(Debug)]
struct HistoryEntry {
    name: String,
    used: UsageStats,
}

impl UsageHistory {
    /// Begins with nothing. What is dated later than now counts, and its date does not: a clock was wrong.
    pub fn until(now: Timestamp) -> Self {
        Self { entries: BTreeMap::new(), since: None, now }
    }

    /// Adds a line of the log, or of its summary.
    pub fn add(&mut self, record: &LogRecord) {
        self.since = self.since.into_iter().chain(record.first_time(self.now)).min();
        let Some(token) = record.id.zip(record.created) else { return };
        let Some(used) = record.stats(self.now) else { return };
        let name = record.token.as_deref().unwrap_or_default();
        match self.entries.get_mut(&token) {
            Some(entry) => {
                entry.used.add(used);
                if entry.name != name {
                    name.clone_into(&mut entry.name);
                }
            }
            None => drop(self.entries.insert(token, HistoryEntry { name: name.to_owned(), used })),
        }
    }

    /// Returns how a token was used; `None` when no use is remembered.
    pub fn stats(&self, token: &Token) -> Option<UsageStats> {
        let entry = self.entries.get(&(token.id.0, token.created.0))?;
        let (first, last) = (entry.used.first.min(self.now), entry.used.last.min(self.now));
        // Of which no date can be believed, it is only known that it was before now.
        let last = if last == UsageStats::UNDATED_LAST { self.now } else { last };
        Some(UsageStats { first, last, ..entry.used.clone() })
    }

    /// Returns since when uses are remembered; `None` when nothing is.
    pub fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Forgets what was used longest ago, but for so many tokens.
    pub(super) fn keep_most_recent(&mut self, tokens: usize) {
        if let Some(surplus) = self.entries.len().checked_sub(tokens).filter(|surplus| *surplus > 0) {
            let mut oldest: Vec<_> =
                self.entries.iter().map(|(token, entry)| (entry.used.last, *token)).collect();
            oldest.sort_unstable();
            for (_, token) in &oldest[..surplus] {
                self.entries.remove(token);
            }
        }
    }

    /// Writes it as lines of the summary.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        for ((id, created), HistoryEntry { name, used }) in &self.entries {
            record::start(out);
            if used.last != UsageStats::UNDATED_LAST {
                record::push_whole(out, "at", used.last.0);
                record::push_whole(out, "first", used.first.0);
            }
            record::push_whole(out, "id", (*id).into());
            record::push_whole(out, "created", *created);
            record::push_text(out, "token", Some(name));
            record::push_text(out, "client", used.client.as_deref());
            record::push_whole(out, "count", whole(used.count));
            record::push_whole(out, "pulls", whole(used.pulls));
            record::push_whole(out, "pushes", whole(used.pushes));
            out.extend_from_slice(b"}\n");
        }
    }
}
