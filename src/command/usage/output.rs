//! The rows of `usage` as a table and as JSON.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::dated_cell;
use crate::command::usage::GroupBy;
use crate::command::usage::rows::{LAST_DAYS_HEAD, SINCE_HEAD, UsageRow, UsageRows};
use crate::model::timestamp::Timestamp;
use crate::system::table::{BRIEF, Table, Tone};
use crate::usage::record::UnreadLines;
use crate::usage::stats::UsageStats;

/// The version of the JSON format. An additional field does not change it.
const JSON_VERSION: u32 = 1;

/// The columns that a narrow terminal omits, in this order.
const LEAST_FIRST: &[&str] = &[BRIEF, "LAST-USED", "LAST-CLIENT", "LAST-TOKEN", LAST_DAYS_HEAD, SINCE_HEAD];

/// The characters of a skyline, from the lowest to the highest.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The character for a part without any use.
const NO_USE: char = '·';

/// The length of the bar for the busiest day, in characters.
const MAX_BAR: u64 = 20;

/// The answer of `usage --json`. Times are in RFC 3339, and `null` means none or not known.
#[derive(Serialize)]
struct UsageJson<'r> {
    version: u32,
    noted: bool,
    by: GroupBy,
    since: Option<String>,
    rows: Vec<RowJson<'r>>,
    not_found: u64,
    damaged_lines: u64,
    lines_of_other_versions: u64,
}

#[derive(Serialize)]
struct RowJson<'r> {
    name: &'r str,
    in_vault: Option<bool>,
    uses: u64,
    pulls: u64,
    pushes: u64,
    first_used: Option<String>,
    last_used: Option<String>,
    last_client: Option<&'r str>,
    per_day: &'r [u64],
}

pub fn table(rows: &UsageRows<'_>) -> Table<5> {
    let (name, other) = match rows.by {
        GroupBy::Token => ("TOKEN", "LAST-CLIENT"),
        GroupBy::Client => ("CLIENT", "LAST-TOKEN"),
        GroupBy::Day => ("DAY", "LAST-CLIENT"),
        GroupBy::Registry => ("REGISTRY", "LAST-CLIENT"),
    };
    let heads = [name, "USES", "LAST-USED", other, rows.span()];
    let mut table = Table::with_heads(heads, LEAST_FIRST).keep_whole(&["TOKEN", rows.span()]);
    let busiest = rows.all().iter().map(|row| row.stats.count).max().unwrap_or_default();
    for row in rows.all() {
        let stats = &row.stats;
        let bar = if rows.by == GroupBy::Day {
            bar(stats.count, busiest)
        } else {
            skyline(&row.parts(rows.days()))
        };
        table.push([
            row.display_name().into(),
            count_words(stats).into(),
            last_use(stats).map_or_else(|| "never".into(), |last| dated_cell(last, rows.now, Tone::Plain)),
            stats.client.as_deref().unwrap_or("-").into(),
            bar.into(),
        ]);
    }
    table
}

pub fn write_json(
    rows: &UsageRows<'_>,
    unread: UnreadLines,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let answer = UsageJson {
        version: JSON_VERSION,
        noted: !cx.store.log().is_off(),
        by: rows.by,
        since: rows.since.map(|since| since.to_string()),
        rows: rows.all().iter().map(|row| row_json(row, rows)).collect(),
        not_found: rows.not_found,
        damaged_lines: unread.damaged,
        lines_of_other_versions: unread.other_version,
    };
    cx.write_json(&answer)
}

fn row_json<'r>(row: &'r UsageRow, rows: &UsageRows<'_>) -> RowJson<'r> {
    let stats = &row.stats;
    RowJson {
        name: &row.name,
        in_vault: (rows.by == GroupBy::Token).then_some(row.is_here),
        uses: stats.count,
        pulls: stats.pulls,
        pushes: stats.pushes,
        first_used: (stats.first != UsageStats::UNDATED_FIRST).then(|| stats.first.to_string()),
        last_used: last_use(stats).map(|last| last.to_string()),
        last_client: stats.client.as_deref().filter(|_| rows.by != GroupBy::Client),
        per_day: if rows.by == GroupBy::Day { &[] } else { row.days(rows.days()) },
    }
}

fn last_use(stats: &UsageStats) -> Option<Timestamp> {
    Some(stats.last).filter(|last| *last != UsageStats::UNDATED_LAST)
}

/// Returns the number of uses, with the numbers of pulls and pushes if any direction is known.
fn count_words(stats: &UsageStats) -> String {
    let UsageStats { count, pulls, pushes, .. } = stats;
    if (*pulls, *pushes) == (0, 0) {
        count.to_string()
    } else {
        format!("{count}, {pulls} pull, {pushes} push")
    }
}

/// Returns the bar for one day.
fn bar(count: u64, busiest: u64) -> String {
    let letters = (count.saturating_mul(MAX_BAR)).div_ceil(busiest.max(1)).min(MAX_BAR);
    (0..letters).map(|_| '█').collect()
}

/// Returns a character for each part of the period; more uses make a higher one.
fn skyline(parts: &[u64]) -> String {
    let highest = parts.iter().copied().max().unwrap_or_default().max(1);
    let steps = u64::try_from(HEIGHTS.len()).unwrap_or_default();
    let height = |count: &u64| match count.saturating_mul(steps).div_ceil(highest) {
        0 => NO_USE,
        height => usize::try_from(height - 1).ok().and_then(|at| HEIGHTS.get(at)).copied().unwrap_or('█'),
    };
    parts.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_part_gets_the_highest_letter_and_the_longest_bar() {
        for (parts, want) in [(&[][..], ""), (&[0, 0], "··"), (&[0, 1, 8, 4], "·▁█▄"), (&[1], "█")]
        {
            assert_eq!(skyline(parts), want, "{parts:?}");
        }
        assert_eq!((bar(0, 9).as_str(), bar(1, 100).as_str()), ("", "█"));
        assert_eq!(bar(9, 9).chars().count(), 20);
        assert_eq!(bar(u64::MAX, u64::MAX).chars().count(), 1, "and no overflow");
    }
}
