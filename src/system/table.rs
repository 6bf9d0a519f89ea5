//! Rows in columns that fit the screen they are for.

use std::io;
use std::io::Write;

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::system::sanitize::clean;

/// What an answer is shown on. Without a terminal nothing is cut and nothing is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// How many letters fit into a line; `None` when there is no end to it.
    pub width: Option<usize>,
    /// True when colours show.
    pub has_colour: bool,
}

/// What a cell stresses by its colour. Its text says the same: not everybody sees colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// The head of a column or of a row.
    Head,
    /// This is what counts.
    Good,
    /// Something is due soon.
    Warning,
    /// This does not work any more.
    Bad,
}

/// A text that is safe for a terminal, with its tone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

/// Rows of cells, with or without a line of heads.
#[derive(Debug)]
pub struct Table<const COLUMNS: usize> {
    heads: Option<[&'static str; COLUMNS]>,
    least_first: &'static [&'static str],
    rows: Vec<[Cell; COLUMNS]>,
}

/// Between two columns.
const GAP: usize = 2;

/// A column is left out for want of room rather than another is shortened below this.
const COMFORTABLE: usize = 20;

/// Stands for what was cut off.
const CUT: char = '…';

impl Cell {
    /// Makes a cell of any text.
    pub fn new(text: &str, tone: Tone) -> Self {
        Self { text: clean(text), tone }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text, Tone::Plain)
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
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
    /// Starts a table with a line of heads. Where it is too wide, the columns of `least_first` are left
    /// out in this order.
    pub fn with_heads(heads: [&'static str; COLUMNS], least_first: &'static [&'static str]) -> Self {
        Self { heads: Some(heads), least_first, rows: Vec::new() }
    }

    /// Starts a table of rows alone.
    pub fn headless() -> Self {
        Self { heads: None, least_first: &[], rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push(&mut self, row: [Cell; COLUMNS]) {
        self.rows.push(row);
    }

    /// Writes the table.
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

    /// Returns how wide each column may be so that all of them fit; `None` for one that is left out.
    fn fit(&self, natural: [usize; COLUMNS], limit: usize) -> [Option<usize>; COLUMNS] {
        let mut widths = natural.map(Some);
        let mut least_first = self.least_first.iter();
        while total(comfortable(widths)) > limit
            && let Some(least) = least_first.next()
        {
            if let Some(at) = self.heads.iter().flatten().position(|head| head == least) {
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

/// The first column gets twice the room of any other: what stands there is typed again elsewhere.
fn share(column: usize) -> usize {
    if column == 0 { 2 } else { 1 }
}

fn comfortable<const COLUMNS: usize>(mut widths: [Option<usize>; COLUMNS]) -> [Option<usize>; COLUMNS] {
    for (at, width) in widths.iter_mut().enumerate() {
        *width = width.map(|width| width.min(COMFORTABLE * share(at)));
    }
    widths
}

/// Returns how wide a line with these columns is.
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

/// Returns the text, or as much of its beginning as fits with a sign that there was more.
fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut room = width.saturating_sub(CUT.width().unwrap_or_default());
    let fits = |letter: &char| {
        let left = room.checked_sub(width_within(*letter));
        left.map(|left| room = left).is_some()
    };
    text.chars().take_while(fits).chain([CUT]).collect()
}

/// Returns the most that a letter adds to the width of a text: U+FE0F makes the one before it an emoji, two wide.
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
    fn columns_line_up_whatever_the_script() {
        let mut table = Table::with_heads(["NAME", "USER"], &[]);
        table.push(["字字字".into(), "a".into()]);
        table.push(["b".into(), "c".into()]);
        assert_eq!(written(&table, Screen::default()), "NAME    USER\n字字字  a\nb       c\n");
    }

    #[test]
    fn a_narrow_screen_leaves_columns_out_then_shortens_the_longest_cells() {
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
    fn letters_that_are_wider_together_are_shortened_too() {
        let mut table = Table::with_heads(["USER", "STATE"], &[]);
        table.push(["\u{2601}\u{fe0f}".repeat(40).into(), "in use".into()]);
        for width in 4..=60 {
            let text = written(&table, Screen { width: Some(width), has_colour: false });
            assert!(text.lines().all(|line| line.width() <= width), "{width}: {text}");
        }
    }

    #[test]
    fn colours_are_around_the_text_alone_and_only_where_they_show() {
        let mut table = Table::headless();
        table.push([Cell::new("in use", Tone::Good), Cell::new("x", Tone::Plain)]);
        table.push([Cell::new("expired", Tone::Bad), Cell::from("y")]);
        assert_eq!(written(&table, Screen::default()), "in use   x\nexpired  y\n");
        let screen = Screen { width: None, has_colour: true };
        assert_eq!(written(&table, screen), "\x1b[32min use\x1b[0m   x\n\x1b[31mexpired\x1b[0m  y\n");
    }

    #[test]
    fn no_cell_steers_the_terminal() {
        let mut table = Table::headless();
        table.push(["\x1b[31m\u{202e}\n".into(), String::from("\u{9b}").into()]);
        assert_eq!(written(&table, Screen::default()), "\\u{1b}[31m\\u{202e}\\u{a}  \\u{9b}\n");
    }
}
