//! Lays rows out in columns that fit the screen.

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
    tone: Tone,
}

/// Rows of cells, with or without a line of headings.
#[derive(Debug)]
pub struct Table<const COLUMNS: usize> {
    heads: Option<[&'static str; COLUMNS]>,
    drop_order: &'static [&'static str],
    rows: Vec<[Cell; COLUMNS]>,
}

/// The number of spaces between two columns.
const GAP: usize = 2;

/// The width, in columns, below which no column is shortened as long as another one can be dropped.
const COMFORTABLE: usize = 20;

/// The mark of a text that was cut.
const ELLIPSIS: char = '…';

impl Cell {
    pub fn new(text: &str, tone: Tone) -> Self {
        Self { text: clean(text), tone }
    }

    fn width(&self) -> usize {
        self.text.width()
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
    /// order.
    pub fn with_heads(heads: [&'static str; COLUMNS], drop_order: &'static [&'static str]) -> Self {
        Self { heads: Some(heads), drop_order, rows: Vec::new() }
    }

    /// Makes a table without headings.
    pub fn headless() -> Self {
        Self { heads: None, drop_order: &[], rows: Vec::new() }
    }

    pub fn push(&mut self, row: [Cell; COLUMNS]) {
        self.rows.push(row);
    }

    pub fn write(&self, mut out: impl Write, screen: Screen) -> io::Result<()> {
        let heads = self.heads.map(|heads| heads.map(|head| Cell::new(head, Tone::Head)));
        let rows = || heads.iter().chain(&self.rows);
        let natural = rows().fold([0; COLUMNS], |mut widths, row| {
            widths.iter_mut().zip(row).for_each(|(width, cell)| *width = cell.width().max(*width));
            widths
        });
        let widths = screen.width.map_or(natural.map(Some), |limit| self.fit(natural, limit));
        for row in rows() {
            writeln!(out, "{}", line(row, &widths, screen.has_colour))?;
        }
        Ok(())
    }

    /// Returns the widths with which the columns fit the limit; `None` for a dropped column.
    fn fit(&self, natural: [usize; COLUMNS], limit: usize) -> [Option<usize>; COLUMNS] {
        let mut widths = natural.map(Some);
        let mut drop_order = self.drop_order.iter();
        while total(comfortable(widths)) > limit
            && let Some(dropped) = drop_order.next()
        {
            if let Some(at) = self.heads.iter().flatten().position(|head| head == dropped) {
                widths[at] = None;
            }
        }
        while total(widths) > limit {
            let can_shrink = (0..COLUMNS).filter(|at| widths[*at] > Some(1));
            let longest = can_shrink.max_by_key(|at| widths[*at].map(|width| width / share(*at)));
            let Some(width) = longest.and_then(|at| widths[at].as_mut()) else { break };
            *width -= 1;
        }
        widths
    }
}

/// Returns the weight of a column. The first counts twice: people copy its texts into other commands.
fn share(column: usize) -> usize {
    if column == 0 { 2 } else { 1 }
}

fn comfortable<const COLUMNS: usize>(mut widths: [Option<usize>; COLUMNS]) -> [Option<usize>; COLUMNS] {
    for (at, width) in widths.iter_mut().enumerate() {
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
    widths: &[Option<usize>; COLUMNS],
    has_colour: bool,
) -> String {
    let (mut line, mut blanks) = (String::new(), 0);
    for (cell, width) in row.iter().zip(widths).filter_map(|(cell, width)| Some((cell, (*width)?))) {
        let text = shortened(&cell.text, width);
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

/// Returns the text, cut with an ellipsis if it is wider than `width`.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(ELLIPSIS.width().unwrap_or_default());
    let fits = |letter: &char| {
        let rest = room.checked_sub(width_within(*letter));
        rest.map(|rest| room = rest).is_some()
    };
    text.chars().take_while(fits).chain([ELLIPSIS]).collect()
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
            (Some(39), "alice@registry.example  registry.examp…"),
            (Some(24), "alice@registry…  regist…"),
            (Some(1), "…  …"),
        ] {
            let text = written(&tokens(), Screen { width, has_colour: false });
            let row = text.lines().nth(1).expect("a row");
            assert_eq!(row, want, "{width:?}");
        }
    }

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for width in 4..=60 {
            let text = written(&tokens(), Screen { width: Some(width), has_colour: false });
            assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
        }
    }

    #[test]
    fn emoji_with_a_variation_selector_are_shortened_to_the_screen() {
        let mut table = Table::with_heads(["USER", "STATE"], &[]);
        table.push(["\u{2601}\u{fe0f}".repeat(40).into(), "in use".into()]);
        for width in 4..=60 {
            let text = written(&table, Screen { width: Some(width), has_colour: false });
            assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
        }
    }

    #[test]
    fn colours_surround_the_text_only_and_only_on_a_screen_that_has_them() {
        let mut table = Table::headless();
        table.push([Cell::new("in use", Tone::Good), Cell::new("x", Tone::Plain)]);
        table.push([Cell::new("expired", Tone::Bad), Cell::from("y")]);
        assert_eq!(written(&table, Screen::default()), "in use   x\nexpired  y\n");
        let screen = Screen { width: None, has_colour: true };
        assert_eq!(written(&table, screen), "\x1b[32min use\x1b[0m   x\n\x1b[31mexpired\x1b[0m  y\n");
    }

    #[test]
    fn cells_escape_control_characters() {
        let mut table = Table::headless();
        table.push(["\x1b[31m\u{202e}\n".into(), String::from("\u{9b}").into()]);
        assert_eq!(written(&table, Screen::default()), "\\u{1b}[31m\\u{202e}\\u{a}  \\u{9b}\n");
    }
}
