//! Text for people: safe for a terminal, in columns.

use std::io;
use std::io::Write;
use unicode_width::UnicodeWidthStr;

/// Returns the text with everything that could steer a terminal, or hide, shown as an escape.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmless(letter) { clean.push(letter) } else { clean.extend(letter.escape_unicode()) }
    }
    clean
}

/// Writes rows in columns, each as wide as its widest cell.
///
/// # Errors
/// When it cannot be written.
pub fn write_table<const COLUMNS: usize>(mut out: impl Write, rows: &[[String; COLUMNS]]) -> io::Result<()> {
    let mut widths = [0; COLUMNS];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    for row in rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', width - cell.width() + 2));
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// Control characters steer a terminal; marks of direction and width make a line read as another:
/// <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>.
fn is_harmless(letter: char) -> bool {
    !letter.is_control()
        && !matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        for (text, want) in [
            ("plain é 字", "plain é 字"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\nb\r\0", "a\\u{a}b\\u{d}\\u{0}"),
            ("\u{202e}gpj", "\\u{202e}gpj"),
            ("\u{9b}1m", "\\u{9b}1m"),
        ] {
            assert_eq!(clean(text), want);
        }
    }

    #[test]
    fn columns_line_up_whatever_the_script() {
        let rows = [["NAME", "USER"], ["字字字", "a"], ["b", "c"]].map(|row| row.map(str::to_owned));
        let mut out = Vec::new();
        write_table(&mut out, &rows).expect("memory");
        assert_eq!(String::from_utf8(out).expect("text"), "NAME    USER\n字字字  a\nb       c\n");
    }
}
