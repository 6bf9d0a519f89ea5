//! Lays rows out in columns that fit the screen.

use std::collections::HashMap;
use std::io;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::system::sanitize::clean;

/// The width and colour support of the output. Without a terminal nothing is cut or coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// The width of a line in columns; `None` for no limit.
    pub width: Option<usize>,
    pub has_colour: bool,
    /// True for a terminal, which acts on control characters.
    pub is_terminal: bool,
}

/// The emphasis of a cell. The text says the same as the colour, for people who cannot see colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    /// The heading of a column or of a row.
    Head,
    Good,
    Warning,
    Bad,
}

/// A text that is safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    /// The start of the text that says enough when the screen is narrow.
    brief: Option<String>,
    is_unknown: bool,
    tone: Tone,
}

/// Rows of cells, with or without a line of headings.
#[derive(Debug)]
pub struct Table<const COLUMNS: usize> {
    heads: Option<[&'static str; COLUMNS]>,
    drop_order: &'static [&'static str],
    /// The columns that are never cut: people copy their texts into other commands.
    is_whole: [bool; COLUMNS],
    rows: Vec<[Cell; COLUMNS]>,
}

/// The width of each column, `None` for one that is dropped, and whether cells with a short form show it.
#[derive(Clone, Copy)]
struct ColumnWidths<const COLUMNS: usize> {
    widths: [Option<usize>; COLUMNS],
    is_brief: bool,
}

/// The step in an order of columns to drop at which cells show their short form.
pub const BRIEF: &str = "";

/// The number of spaces between two columns.
const GAP: usize = 2;

/// The width, in columns, below which no column is shortened as long as another one can be dropped.
const COMFORTABLE: usize = 20;

/// The smallest width of a cell that is cut beside a column that is not: less would say nothing, and the screen breaks the
/// line anyway.
const MIN_BESIDE_WHOLE: usize = 6;

/// The mark of a text that was cut.
const ELLIPSIS: char = '…';

impl Cell {
    pub fn new(text: &str, tone: Tone) -> Self {
        Self { text: clean(text), brief: None, is_unknown: false, tone }
    }

    /// Makes a cell of which a narrow screen shows only the start.
    pub fn with_brief(brief: &str, rest: &str, tone: Tone) -> Self {
        Self { text: clean(&format!("{brief}{rest}")), brief: Some(clean(brief)), is_unknown: false, tone }
    }

    /// Makes the cell of a value that is not known, or that is not there.
    pub fn unknown() -> Self {
        Self { is_unknown: true, ..Self::from("-") }
    }

    pub fn is_unknown(&self) -> bool {
        self.is_unknown
    }

    fn shown(&self, is_brief: bool) -> &str {
        self.brief.as_deref().filter(|_| is_brief).unwrap_or(&self.text)
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text.as_ref(), Tone::Plain)
    }
}

impl Tone {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Head => Style::new().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    /// Makes a table with a line of headings. A table that is too wide drops the columns of `drop_order`, in that
    /// order, and shows the short forms of cells from [`BRIEF`] on.
    pub fn with_heads(heads: [&'static str; COLUMNS], drop_order: &'static [&'static str]) -> Self {
        Self { heads: Some(heads), drop_order, is_whole: [false; COLUMNS], rows: Vec::new() }
    }

    /// Makes a table without headings. The first column is never cut.
    pub fn headless() -> Self {
        Self { heads: None, drop_order: &[], is_whole: std::array::from_fn(|at| at == 0), rows: Vec::new() }
    }

    /// Keeps the columns with these headings from being cut. They can still be dropped.
    #[must_use]
    pub fn keep_whole(mut self, heads: &[&str]) -> Self {
        for (is_whole, head) in self.is_whole.iter_mut().zip(self.heads.iter().flatten()) {
            *is_whole |= heads.contains(head);
        }
        self
    }

    pub fn push(&mut self, row: [Cell; COLUMNS]) {
        self.rows.push(row);
    }

    pub fn write(&self, mut out: impl Write, screen: Screen) -> io::Result<()> {
        let heads = self.heads.map(|heads| heads.map(|head| Cell::new(head, Tone::Head)));
        let fit = self.fit_distinct(screen.width);
        for row in heads.iter().chain(&self.rows) {
            writeln!(out, "{}", line(row, &fit, screen.has_colour))?;
        }
        Ok(())
    }

    /// Returns widths that fit the limit, and with which rows that differ look different. Where both are not possible,
    /// lines are wider than the limit.
    fn fit_distinct(&self, limit: Option<usize>) -> ColumnWidths<COLUMNS> {
        let natural = ColumnWidths { widths: self.natural(false).map(Some), is_brief: false };
        let Some(limit) = limit else { return natural };
        let (mut is_whole, mut can_drop) = (self.is_whole, [true; COLUMNS]);
        // Each round protects one more column.
        for _ in 0..=2 * COLUMNS {
            let fit = self.fit(limit, is_whole, can_drop);
            let Some(at) = self.confused_column(&fit) else { return fit };
            if fit.widths[at].is_none() {
                can_drop[at] = false;
            } else {
                is_whole[at] = true;
            }
        }
        natural
    }

    /// Returns the widths with which the columns fit the limit, as far as the protected ones allow.
    fn fit(
        &self,
        limit: usize,
        is_whole: [bool; COLUMNS],
        can_drop: [bool; COLUMNS],
    ) -> ColumnWidths<COLUMNS> {
        let comfortable = |widths| total(comfortable(widths, is_whole));
        let mut widths = self.natural(false).map(Some);
        let mut is_brief = false;
        let mut steps = self.drop_order.iter();
        while comfortable(widths) > limit
            && let Some(step) = steps.next()
        {
            if *step == BRIEF {
                (is_brief, widths) = (true, self.brief(widths));
            } else if let Some(at) = self.heads.iter().flatten().position(|head| head == step)
                && can_drop[at]
            {
                widths[at] = None;
            }
        }
        if total(widths) > limit {
            (is_brief, widths) = (true, self.brief(widths));
        }
        let min = if is_whole.contains(&true) { MIN_BESIDE_WHOLE } else { 1 };
        while total(widths) > limit {
            let can_shrink = (0..COLUMNS).filter(|at| !is_whole[*at] && widths[*at] > Some(min));
            let longest = can_shrink.max_by_key(|at| widths[*at].map(|width| width / share(*at)));
            let Some(width) = longest.and_then(|at| widths[at].as_mut()) else { break };
            *width -= 1;
        }
        ColumnWidths { widths, is_brief }
    }

    /// Returns the widths for short forms, without the columns that are dropped.
    fn brief(&self, widths: [Option<usize>; COLUMNS]) -> [Option<usize>; COLUMNS] {
        let brief = self.natural(true);
        std::array::from_fn(|at| widths[at].map(|_| brief[at]))
    }

    /// Returns the width of the widest text of each column.
    fn natural(&self, is_brief: bool) -> [usize; COLUMNS] {
        std::array::from_fn(|at| {
            let cells = self.rows.iter().map(|row| row[at].shown(is_brief).width());
            cells.chain(self.heads.map(|heads| heads[at].width())).max().unwrap_or_default()
        })
    }

    /// Returns a column in which two rows differ that would look the same.
    fn confused_column(&self, fit: &ColumnWidths<COLUMNS>) -> Option<usize> {
        let mut seen: HashMap<String, &[Cell; COLUMNS]> = HashMap::new();
        self.rows.iter().find_map(|row| {
            let other = *seen.entry(line(row, fit, false)).or_insert(row);
            // A date without its distance is the same date.
            (0..COLUMNS).find(|at| other[*at].shown(true) != row[*at].shown(true))
        })
    }
}

/// Returns the weight of a column. The first counts twice: people copy its texts into other commands.
fn share(column: usize) -> usize {
    if column == 0 { 2 } else { 1 }
}

fn comfortable<const COLUMNS: usize>(
    mut widths: [Option<usize>; COLUMNS],
    is_whole: [bool; COLUMNS],
) -> [Option<usize>; COLUMNS] {
    for (at, width) in widths.iter_mut().enumerate().filter(|(at, _)| !is_whole[*at]) {
        *width = width.map(|width| width.min(COMFORTABLE * share(at)));
    }
    widths
}

/// Returns the width of a line with these columns.
fn total<const COLUMNS: usize>(widths: [Option<usize>; COLUMNS]) -> usize {
    widths.iter().flatten().map(|width| width + GAP).sum::<usize>().saturating_sub(GAP)
}

fn line<const COLUMNS: usize>(
    row: &[Cell; COLUMNS],
    fit: &ColumnWidths<COLUMNS>,
    has_colour: bool,
) -> String {
    let (mut line, mut blanks) = (String::new(), 0);
    for (cell, width) in row.iter().zip(fit.widths).filter_map(|(cell, width)| Some((cell, width?))) {
        let text = shortened(cell.shown(fit.is_brief), width);
        let style = if has_colour { cell.tone.style() } else { Style::new() };
        if !text.is_empty() {
            line.extend(std::iter::repeat_n(' ', blanks));
            line.push_str(&style.render().to_string());
            line.push_str(&text);
            line.push_str(&style.render_reset().to_string());
            blanks = 0;
        }
        blanks += width.saturating_sub(text.width()) + GAP;
    }
    line
}

/// Returns the text, cut with an ellipsis if it is wider than `width`: a name in the middle, because names often differ at
/// their end, and words at the end.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(ELLIPSIS.width().unwrap_or_default());
    let tail_room = if text.contains(' ') { 0 } else { room / 3 };
    let mut tail: Vec<char> = take_fitting(text.chars().rev(), tail_room);
    // A mark without a width belongs to the character before it.
    while tail.last().is_some_and(|letter| letter.width().unwrap_or_default() == 0) {
        tail.pop();
    }
    let head = take_fitting(text.chars(), room - tail_room);
    head.into_iter().chain([ELLIPSIS]).chain(tail.into_iter().rev()).collect()
}

/// Returns the first characters, as many as are at most `room` columns wide.
fn take_fitting(letters: impl Iterator<Item = char>, mut room: usize) -> Vec<char> {
    let fits = |letter: &char| {
        let rest = room.checked_sub(width_within(*letter));
        rest.map(|rest| room = rest).is_some()
    };
    letters.take_while(fits).collect()
}

/// Returns the most columns that a character adds to a text: U+FE0F turns the character before it into an emoji of
/// two columns.
fn width_within(letter: char) -> usize {
    if letter == '\u{fe0f}' { 1 } else { letter.width().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<const COLUMNS: usize>(table: &Table<COLUMNS>, screen: Screen) -> String {
        let mut out = Vec::new();
        table.write(&mut out, screen).expect("memory");
        String::from_utf8(out).expect("text")
    }

    fn tokens() -> Table<4> {
        let mut table = Table::with_heads(["NAME", "KIND", "FOR", "USER"], &["KIND", "USER"]);
        table.push([
            "alice@registry.example".into(),
            "pat".into(),
            "registry.example".into(),
            "alice".into(),
        ]);
        table.push(["字字字".into(), "project".into(), "b".into(), "".into()]);
        table
    }

    #[test]
    fn columns_line_up_with_wide_characters() {
        let mut table = Table::with_heads(["NAME", "USER"], &[]);
        table.push(["字字字".into(), "a".into()]);
        table.push(["b".into(), "c".into()]);
        assert_eq!(written(&table, Screen::default()), "NAME    USER\n字字字  a\nb       c\n");
    }

    #[test]
    fn a_narrow_screen_drops_columns_then_shortens_the_longest_cells() {
        for (width, want) in [
            (None, "alice@registry.example  pat      registry.example  alice"),
            (Some(56), "alice@registry.example  pat      registry.example  alice"),
            (Some(55), "alice@registry.example  registry.example  alice"),
            (Some(46), "alice@registry.example  registry.example"),
            (Some(39), "alice@registry.example  registry.e…mple"),
            (Some(24), "alice@regi…mple  regi…le"),
            (Some(1), "…  …"),
        ] {
            let text = written(&tokens(), Screen { width, has_colour: false, ..Screen::default() });
            let row = text.lines().nth(1).expect("a row");
            assert_eq!(row, want, "{width:?}");
        }
    }

    #[test]
    fn names_are_cut_in_the_middle_and_words_at_the_end() {
        for (text, width, want) in [
            ("alice@very.long.example/app", 15, "alice@very…/app"),
            ("alice@very.long.example/app", 4, "al…p"),
            ("alice@very.long.example/app", 1, "…"),
            ("it may not push", 8, "it may …"),
            ("字字字字字字", 8, "字字…字"),
            ("aaaaaaaaaaaaaaaaae\u{301}", 8, "aaaaa…ae\u{301}"),
        ] {
            assert_eq!(shortened(text, width), want);
        }
    }

    #[test]
    fn a_column_that_is_kept_whole_is_not_cut() {
        let id = "b30bbf97-18c3-4b1a-8d5c-0123456789ab";
        let mut table = Table::with_heads(["LABEL", "SCOPE", "ID"], &["SCOPE"]).keep_whole(&["ID"]);
        table.push(["a label that is long".into(), "Read-only".into(), id.into()]);
        for (width, want) in [(60, "a label that is long  "), (46, "a label…  "), (20, "a lab…  ")] {
            let text = written(&table, Screen { width: Some(width), has_colour: false, ..Screen::default() });
            assert_eq!(text.lines().nth(1), Some(format!("{want}{id}").as_str()), "{width}");
        }
    }

    #[test]
    fn cells_show_their_short_form_from_the_step_that_says_so() {
        let mut table = Table::with_heads(["NAME", "USER", "EXPIRES"], &[BRIEF, "USER"]);
        table.push(["ci".into(), "me".into(), Cell::with_brief("2027-01-31", " (in 66 days)", Tone::Plain)]);
        for (width, want) in [
            (35, "ci    me    2027-01-31 (in 66 days)"),
            (34, "ci    me    2027-01-31"),
            (22, "ci    me    2027-01-31"),
            (21, "ci    2027-01-31"),
        ] {
            let text = written(&table, Screen { width: Some(width), has_colour: false, ..Screen::default() });
            assert_eq!(text.lines().nth(1), Some(want), "{width}");
        }
        table.drop_order = &["USER", BRIEF];
        for (width, want) in [(31, "ci    2027-01-31 (in 66 days)"), (28, "ci    2027-01-31")] {
            let text = written(&table, Screen { width: Some(width), has_colour: false, ..Screen::default() });
            assert_eq!(text.lines().nth(1), Some(want), "{width}");
        }
    }

    #[test]
    fn rows_that_differ_never_look_the_same() {
        let mut table = Table::with_heads(["FOR", "USER", "CREATED"], &["CREATED", "USER"]);
        for (scope, user, created) in [
            ("team-docker.example/one/x/and/more", "alice", "2026-01-01"),
            ("team-docker.example/two/x/and/more", "alice", "2026-01-01"),
            ("team-docker.example/two/x/and/more", "bob", "2026-01-01"),
            ("team-docker.example/two/x/and/more", "bob", "2026-01-02"),
        ] {
            table.push([scope.into(), user.into(), created.into()]);
        }
        // The same row twice stays the same.
        table.push(table.rows[0].clone());
        for width in 1..=60 {
            let text = written(&table, Screen { width: Some(width), has_colour: false, ..Screen::default() });
            let lines: std::collections::BTreeSet<_> = text.lines().skip(1).collect();
            assert_eq!(lines.len(), 4, "{width}: {text}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for width in 4..=60 {
            let text =
                written(&tokens(), Screen { width: Some(width), has_colour: false, ..Screen::default() });
            assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
        }
    }

    #[test]
    fn emoji_with_a_variation_selector_are_shortened_to_the_screen() {
        let mut table = Table::with_heads(["USER", "STATE"], &[]);
        table.push(["\u{2601}\u{fe0f}".repeat(40).into(), "in use".into()]);
        for width in 4..=60 {
            let text = written(&table, Screen { width: Some(width), has_colour: false, ..Screen::default() });
            assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
        }
    }

    #[test]
    fn colours_surround_the_text_only_and_only_on_a_screen_that_has_them() {
        let mut table = Table::headless();
        table.push([Cell::new("in use", Tone::Good), Cell::new("x", Tone::Plain)]);
        table.push([Cell::new("expired", Tone::Bad), Cell::from("y")]);
        assert_eq!(written(&table, Screen::default()), "in use   x\nexpired  y\n");
        let screen = Screen { has_colour: true, ..Screen::default() };
        assert_eq!(written(&table, screen), "\x1b[32min use\x1b[0m   x\n\x1b[31mexpired\x1b[0m  y\n");
    }

    #[test]
    fn cells_escape_control_characters() {
        let mut table = Table::headless();
        table.push(["\x1b[31m\u{202e}\n".into(), String::from("\u{9b}").into()]);
        assert_eq!(written(&table, Screen::default()), "\\u{1b}[31m\\u{202e}\\u{a}  \\u{9b}\n");
    }
}
