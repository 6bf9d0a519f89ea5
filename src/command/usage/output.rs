//! What is told of uses: as a table, and as JSON.

use serde::Serialize;

use crate::command::context::CommandContext;
use crate::command::error::CommandError;
use crate::command::token_view::dated;
use crate::command::usage::GroupBy;
use crate::command::usage::rows::{UsageRow, UsageRows};
use crate::model::timestamp::Timestamp;
use crate::system::table::Table;
use crate::usage::record::UnreadLines;
use crate::usage::stats::UsageStats;

/// The version of the JSON that is written. A new name is no new version.
const JSON_VERSION: u32 = 1;

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["LAST-CLIENT", "LAST-TOKEN"];

/// How high the uses of a part of the time stand, beside those of the other parts.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Stands for no use at all.
const NONE: char = '·';

/// How long the bar of the busiest day is, in letters.
const LONGEST: u64 = 20;

/// The answer as JSON shows it. Moments are in RFC 3339, and `null` means none or not known.
#[derive(Serialize)]
struct UsageJson<'r> {
    version: u32,
    noted: bool,
    by: &'static str,
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

/// Returns the rows as a table.
pub fn table(rows: &UsageRows<'_>) -> Table<5> {
    let (name, other) = match rows.by {
        GroupBy::Token => ("TOKEN", "LAST-CLIENT"),
        GroupBy::Client => ("CLIENT", "LAST-TOKEN"),
        GroupBy::Day => ("DAY", "LAST-CLIENT"),
        GroupBy::Registry => ("REGISTRY", "LAST-CLIENT"),
    };
    let heads = [name, "USES", "LAST-USED", other, rows.span()];
    let mut table = Table::with_heads(heads, LEAST_FIRST);
    let busiest = rows.all().iter().map(|row| row.used.count).max().unwrap_or_default();
    for row in rows.all() {
        let used = &row.used;
        let bar =
            if rows.by == GroupBy::Day { bar(used.count, busiest) } else { skyline(&row.parts(rows.days())) };
        table.push([
            row.words().into(),
            times(used).into(),
            last(used).map_or_else(|| "never".into(), |last| dated(last, rows.now).into()),
            used.client.as_deref().unwrap_or("-").into(),
            bar.into(),
        ]);
    }
    table
}

/// Writes the rows as JSON.
pub fn write_json(
    rows: &UsageRows<'_>,
    skipped: UnreadLines,
    cx: &mut CommandContext,
) -> Result<(), CommandError> {
    let answer = UsageJson {
        version: JSON_VERSION,
        noted: !cx.store.log().is_off(),
        by: rows.by.word(),
        since: rows.since.map(|since| since.to_string()),
        rows: rows.all().iter().map(|row| row_json(row, rows)).collect(),
        not_found: rows.not_found,
        damaged_lines: skipped.damaged,
        lines_of_other_versions: skipped.other_version,
    };
    cx.write_json(&answer)
}

fn row_json<'r>(row: &'r UsageRow, rows: &UsageRows<'_>) -> RowJson<'r> {
    let used = &row.used;
    RowJson {
        name: &row.name,
        in_vault: (rows.by == GroupBy::Token).then_some(row.is_here),
        uses: used.count,
        pulls: used.pulls,
        pushes: used.pushes,
        first_used: (used.first != UsageStats::UNDATED_FIRST).then(|| used.first.to_string()),
        last_used: last(used).map(|last| last.to_string()),
        last_client: used.client.as_deref().filter(|_| rows.by != GroupBy::Client),
        per_day: if rows.by == GroupBy::Day { &[] } else { row.days(rows.days()) },
    }
}

fn last(used: &UsageStats) -> Option<Timestamp> {
    Some(used.last).filter(|last| *last != UsageStats::UNDATED_LAST)
}

/// Returns how often, and which way of the times at which it is known.
fn times(used: &UsageStats) -> String {
    let UsageStats { count, pulls, pushes, .. } = used;
    if (*pulls, *pushes) == (0, 0) {
        count.to_string()
    } else {
        format!("{count}, {pulls} pull, {pushes} push")
    }
}

/// Returns a bar for one of the days.
fn bar(count: u64, busiest: u64) -> String {
    let letters = (count.saturating_mul(LONGEST)).div_ceil(busiest.max(1)).min(LONGEST);
    (0..letters).map(|_| '█').collect()
}

/// Returns a letter for each part of the time, the higher the more uses.
fn skyline(parts: &[u64]) -> String {
    let highest = parts.iter().copied().max().unwrap_or_default().max(1);
    let steps = u64::try_from(HEIGHTS.len()).unwrap_or_default();
    let height = |count: &u64| match count.saturating_mul(steps).div_ceil(highest) {
        0 => NONE,
        height => usize::try_from(height - 1).ok().and_then(|at| HEIGHTS.get(at)).copied().unwrap_or('█'),
    };
    parts.iter().map(height).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skyline_is_as_high_as_its_busiest_part() {
        for (parts, want) in [(&[][..], ""), (&[0, 0], "··"), (&[0, 1, 8, 4], "·▁█▄"), (&[1], "█")]
        {
            assert_eq!(skyline(parts), want, "{parts:?}");
        }
        assert_eq!((bar(0, 9).as_str(), bar(1, 100).as_str()), ("", "█"));
        assert_eq!(bar(9, 9).chars().count(), 20);
        assert_eq!(bar(u64::MAX, u64::MAX).chars().count(), 1, "and no overflow");
    }
}
