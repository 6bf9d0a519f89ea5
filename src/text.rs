//! Text for people: safe for a terminal.

use crate::name::is_invisible;
use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::ser::Serializer;
use std::error::Error;
use std::io;
use std::io::Write;

/// Returns the text with everything that could steer a terminal, or hide, shown as an escape.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmless(letter) { clean.push(letter) } else { clean.extend(letter.escape_unicode()) }
    }
    clean
}

/// Returns a text of several lines, each of them [clean].
#[must_use]
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// Returns an error's text and all that led to it, in one line. It may hold what is not [clean].
#[must_use]
pub fn line_of(error: &impl Error) -> String {
    with_sources(error.to_string(), error.source())
}

fn with_sources(mut line: String, mut source: Option<&dyn Error>) -> String {
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error.to_string());
        source = error.source();
    }
    line
}

/// Writes a value as JSON with everything that could steer a terminal, or hide, as an escape.
///
/// # Errors
/// When it cannot be written.
pub fn write_json(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    struct Clean;
    impl Formatter for Clean {
        fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
            let mut rest = text;
            while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| !is_harmless(*letter)) {
                out.write_all(&rest.as_bytes()[..at])?;
                letter.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
                rest = &rest[at + letter.len_utf8()..];
            }
            out.write_all(rest.as_bytes())
        }
    }
    Ok(value.serialize(&mut Serializer::with_formatter(out, Clean))?)
}

/// Control characters steer a terminal; marks of direction and width make a line read as another.
fn is_harmless(letter: char) -> bool {
    !letter.is_control() && !is_invisible(letter)
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
        assert_eq!(clean_lines("a\nb\r\n\x1b"), "a\nb\\u{d}\n\\u{1b}");
    }

    #[test]
    fn json_is_the_same_value_in_harmless_letters() {
        let text = "a\u{9b}1m\u{202e}\u{7f}\n\"字\u{e0001}";
        let mut json = Vec::new();
        write_json(&mut json, &text).expect("memory");
        assert_eq!(json, "\"a\\u009b1m\\u202e\\u007f\\n\\\"字\\udb40\\udc01\"".as_bytes());
        assert_eq!(serde_json::from_slice::<String>(&json).expect("JSON"), text);
    }
}
