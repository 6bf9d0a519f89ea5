//! What is told of uses: as a table, and as JSON.

use crate::command::Desk;
use crate::command::Failure;
use crate::command::shown::dated;
use crate::command::usage::By;
use crate::command::usage::rows::Row;
use crate::command::usage::rows::Rows;
use crate::moment::Moment;
use crate::table::Table;
use crate::text::push_json;
use crate::text::push_number;
use crate::usage::line::Skipped;
use crate::used::Used;

/// The version of the JSON that is written. A new name is no new version.
const JSON_VERSION: u64 = 1;

/// What a narrow terminal does without, and in which order.
const LEAST_FIRST: &[&str] = &["LAST CLIENT", "LAST TOKEN"];

/// How high the uses of a part of the time stand, beside those of the other parts.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Stands for no use at all.
const NONE: char = '·';

/// How long the bar of the busiest day is, in letters.
const LONGEST: u64 = 20;

/// Returns the rows as a table.
#[must_use]
pub fn table(rows: &Rows<'_>) -> Table<5> {
    let (name, other) = match rows.by {
        By::Token => ("TOKEN", "LAST CLIENT"),
        By::Client => ("CLIENT", "LAST TOKEN"),
        By::Day => ("DAY", "LAST CLIENT"),
        By::Registry => ("REGISTRY", "LAST CLIENT"),
    };
    let heads = [name, "USES", "LAST USED", other, rows.span()];
    let mut table = Table::with_heads(heads, LEAST_FIRST);
    let busiest = rows.all().iter().map(|row| row.used.count).max().unwrap_or_default();
    for row in rows.all() {
        let used = &row.used;
        let bar =
            if rows.by == By::Day { bar(used.count, busiest) } else { skyline(&row.parts(rows.days())) };
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

/// Writes the rows as JSON. Moments are in RFC 3339, and `null` means none or not known.
///
/// # Errors
/// When it cannot be written.
pub fn write_json(rows: &Rows<'_>, skipped: Skipped, desk: &mut Desk) -> Result<(), Failure> {
    // A derived writer would be ten times as large.
    let mut out = b"{\"version\":".to_vec();
    push_number(&mut out, JSON_VERSION);
    push(&mut out, "noted", if desk.keeper.log().is_off() { b"false" } else { b"true" });
    push_text(&mut out, "by", Some(rows.by.word()));
    push_text(&mut out, "since", rows.since.map(|since| since.to_string()).as_deref());
    push(&mut out, "rows", b"[");
    for (at, row) in rows.all().iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_row(&mut out, row, rows);
    }
    out.push(b']');
    push_count(&mut out, "not_found", rows.not_found);
    push_count(&mut out, "damaged_lines", skipped.damaged);
    push_count(&mut out, "lines_of_other_versions", skipped.other_version);
    out.extend_from_slice(b"}\n");
    desk.out.write_all(&out).map_err(Failure::Output)
}

fn push_row(out: &mut Vec<u8>, row: &Row, rows: &Rows<'_>) {
    let used = &row.used;
    out.extend_from_slice(b"{\"name\":");
    push_json(out, &row.name);
    let is_here: &[u8] = if row.is_here { b"true" } else { b"false" };
    push(out, "in_vault", if rows.by == By::Token { is_here } else { b"null" });
    push_count(out, "uses", used.count);
    push_count(out, "pulls", used.pulls);
    push_count(out, "pushes", used.pushes);
    let first = Some(used.first).filter(|first| *first != Used::NEVER_FIRST);
    push_text(out, "first_used", first.map(|first| first.to_string()).as_deref());
    push_text(out, "last_used", last(used).map(|last| last.to_string()).as_deref());
    push_text(out, "last_client", used.client.as_deref().filter(|_| rows.by != By::Client));
    push(out, "per_day", b"[");
    for (at, count) in row.days(rows.days()).iter().enumerate().filter(|_| rows.by != By::Day) {
        if at > 0 {
            out.push(b',');
        }
        push_number(out, *count);
    }
    out.extend_from_slice(b"]}");
}

/// Adds a name and its value, or how that begins.
fn push(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    out.push(b',');
    push_json(out, name);
    out.push(b':');
    out.extend_from_slice(value);
}

fn push_text(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    push(out, name, if text.is_some() { b"" } else { b"null" });
    if let Some(text) = text {
        push_json(out, text);
    }
}

fn push_count(out: &mut Vec<u8>, name: &str, count: u64) {
    push(out, name, b"");
    push_number(out, count);
}

fn last(used: &Used) -> Option<Moment> {
    Some(used.last).filter(|last| *last != Used::NEVER_LAST)
}

/// Returns how often, and which way of the times at which it is known.
fn times(used: &Used) -> String {
    let Used { count, pulls, pushes, .. } = used;
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
