//! Recognizes the requests that are one use: a client may ask several times during one command.

use std::collections::BTreeMap;

use crate::usage::record;
use crate::usage::record::{CountedDirections, LogRecord};

/// The longest time between two requests of one use, in seconds.
const MAX_GAP_SECONDS: u64 = 10;

/// The maximum number of uses that are kept, so that a busy machine needs no more memory. A use beyond it may count
/// twice.
const MAX_USES: usize = 256;

/// The outcome in a line of the summary that is a recent use, and which other versions of this program ignore.
const RECENT: &str = "recent";

/// The uses that a later line of the log may continue: with the same caller, token and registry, within
/// [`MAX_GAP_SECONDS`].
#[derive(Debug, Default)]
pub(super) struct RecentUses {
    uses: BTreeMap<UseIdentity, RecentUse>,
    /// The time of the last line.
    now: i64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct UseIdentity {
    caller: String,
    id: u32,
    created: i64,
    registry: String,
}

#[derive(Debug)]
struct RecentUse {
    /// The time of the last line of the use.
    last: i64,
    counted: CountedDirections,
}

impl RecentUses {
    /// Marks a record that continues a use. Returns `None` for a line of the summary that is itself a recent use.
    pub(super) fn mark(&mut self, mut record: LogRecord) -> Option<LogRecord> {
        let is_recent = record.outcome.as_deref() == Some(RECENT);
        let identity = UseIdentity::new(&record).filter(|_| is_recent || record.is_given());
        let Some((identity, at)) = identity.zip(record.at) else { return (!is_recent).then_some(record) };
        self.now = at;
        if is_recent {
            let is_counted = |count: Option<u64>| count.is_some_and(|count| count > 0);
            let counted =
                CountedDirections { pull: is_counted(record.pulls), push: is_counted(record.pushes) };
            self.insert(identity, RecentUse { last: at, counted });
            return None;
        }
        let directions = record.directions();
        match self.uses.get_mut(&identity) {
            Some(earlier) if earlier.last.abs_diff(at) <= MAX_GAP_SECONDS => {
                record.continued = Some(earlier.counted);
                earlier.last = at;
                earlier.counted.pull |= directions.pull;
                earlier.counted.push |= directions.push;
            }
            Some(_) | None => self.insert(identity, RecentUse { last: at, counted: directions }),
        }
        Some(record)
    }

    /// Writes a line of the summary for each use that a later line may continue.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (identity, RecentUse { last, counted }) in &self.uses {
            if last.abs_diff(self.now) <= MAX_GAP_SECONDS {
                record::push_start(out);
                record::push_integer(out, "at", *last);
                record::push_integer(out, "id", identity.id.into());
                record::push_integer(out, "created", identity.created);
                record::push_text(out, "registry", Some(&identity.registry));
                record::push_text(out, "caller", Some(&identity.caller));
                record::push_word(out, "outcome", Some(RECENT));
                record::push_integer(out, "pulls", counted.pull.into());
                record::push_integer(out, "pushes", counted.push.into());
                out.extend_from_slice(b"}\n");
            }
        }
    }

    /// Adds a use. When there are too many, the oldest is dropped.
    fn insert(&mut self, identity: UseIdentity, recent: RecentUse) {
        if self.uses.len() >= MAX_USES {
            self.uses.retain(|_, earlier| earlier.last.abs_diff(recent.last) <= MAX_GAP_SECONDS);
        }
        if self.uses.len() >= MAX_USES
            && let Some(oldest) = self.uses.values().map(|earlier| earlier.last).min()
        {
            self.uses.retain(|_, earlier| earlier.last != oldest);
        }
        self.uses.insert(identity, recent);
    }
}

impl UseIdentity {
    /// Returns the identity of the use of a record; `None` when the caller or the token is not known.
    fn new(record: &LogRecord) -> Option<Self> {
        Some(Self {
            caller: record.caller.clone()?,
            id: record.id?,
            created: record.created?,
            registry: record.registry.clone().unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::timestamp::Timestamp;
    use crate::usage::record::UnreadLines;

    /// Returns a line of a `get`.
    fn line(at: i64, caller: &str, id: u32, registry: &str, direction: &str) -> String {
        let caller = if caller.is_empty() { String::new() } else { format!(",\"caller\":\"{caller}\"") };
        format!(
            "{{\"version\":1,\"at\":{at},\"verb\":\"get\",\"id\":{id},\"created\":1,\"registry\":\"{registry}\",\
             \"direction\":\"{direction}\"{caller},\"outcome\":\"given\"}}\n"
        )
    }

    /// Adds lines, and returns the numbers of uses, pulls and pushes.
    fn count(uses: &mut RecentUses, text: &str) -> (u64, u64, u64) {
        let mut sum = (0, 0, 0);
        UnreadLines::default().visit_lines(text.as_bytes(), &mut |record| {
            let stats = uses.mark(record).and_then(|record| record.stats(Timestamp(1_800_000_000)));
            sum = stats.map_or(sum, |stats| (sum.0 + stats.count, sum.1 + stats.pulls, sum.2 + stats.pushes));
        });
        sum
    }

    #[test]
    fn lines_of_one_caller_within_ten_seconds_are_one_use() {
        let one = || line(100, "7:1", 1, "ghcr.io", "pull");
        for (case, lines, want) in [
            ("the same second", [one(), one(), one()], (1, 1, 0)),
            (
                "each within 10 s of the one before",
                [one(), line(110, "7:1", 1, "ghcr.io", "pull"), line(120, "7:1", 1, "ghcr.io", "pull")],
                (1, 1, 0),
            ),
            (
                "11 s later",
                [one(), line(111, "7:1", 1, "ghcr.io", "pull"), line(112, "7:1", 1, "ghcr.io", "pull")],
                (2, 2, 0),
            ),
            (
                "another direction",
                [one(), line(101, "7:1", 1, "ghcr.io", "push"), line(102, "7:1", 1, "ghcr.io", "both")],
                (1, 1, 1),
            ),
            (
                "a direction that is known later",
                [line(100, "7:1", 1, "ghcr.io", "unknown"), one(), line(101, "7:1", 1, "ghcr.io", "unknown")],
                (1, 1, 0),
            ),
            (
                "another process with the same id",
                [one(), line(100, "7:2", 1, "ghcr.io", "pull"), one()],
                (2, 2, 0),
            ),
            ("another token", [one(), line(100, "7:1", 2, "ghcr.io", "pull"), one()], (2, 2, 0)),
            ("another registry", [one(), line(100, "7:1", 1, "quay.io", "pull"), one()], (2, 2, 0)),
            (
                "no caller",
                [one(), line(100, "", 1, "ghcr.io", "pull"), line(100, "", 1, "ghcr.io", "pull")],
                (3, 3, 0),
            ),
            ("lines that change places", [line(103, "7:1", 1, "ghcr.io", "pull"), one(), one()], (1, 1, 0)),
        ] {
            assert_eq!(count(&mut RecentUses::default(), &lines.concat()), want, "{case}");
        }
    }

    #[test]
    fn a_use_is_continued_after_the_summary() {
        let mut before = RecentUses::default();
        let old = line(80, "6:1", 1, "ghcr.io", "pull");
        let first = line(100, "7:1", 1, "ghcr.io", "pull");
        assert_eq!(count(&mut before, &(old + &first)), (2, 2, 0));
        let mut summary = Vec::new();
        before.write(&mut summary);
        let summary = String::from_utf8(summary).expect("UTF-8");
        assert_eq!(summary.lines().count(), 1, "an old use is not written: {summary}");
        let mut after = RecentUses::default();
        assert_eq!(count(&mut after, &summary), (0, 0, 0));
        assert_eq!(count(&mut after, &line(105, "7:1", 1, "ghcr.io", "push")), (0, 0, 1));
        assert_eq!(count(&mut after, &line(200, "7:1", 1, "ghcr.io", "push")), (1, 0, 1));
    }

    #[test]
    fn the_number_of_uses_that_are_kept_is_limited() {
        let mut uses = RecentUses::default();
        for number in 0..3 * MAX_USES {
            let at = 100 + i64::try_from(number / 100).expect("small");
            count(&mut uses, &line(at, &format!("{number}:1"), 1, "ghcr.io", "pull"));
            assert!(uses.uses.len() <= MAX_USES);
        }
        let last = format!("{}:1", 3 * MAX_USES - 1);
        assert_eq!(count(&mut uses, &line(110, &last, 1, "ghcr.io", "pull")), (0, 0, 0));
    }
}
