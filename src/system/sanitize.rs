//! Makes text safe for a terminal.

use std::error::Error;
use std::io;
use std::io::Write;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use crate::model::name::is_invisible;

/// Escapes control characters and invisible characters.
pub fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_harmless(letter) { clean.push(letter) } else { clean.extend(letter.escape_unicode()) }
    }
    clean
}

/// Applies [`clean`] to each line of a text.
pub fn clean_lines(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("\n")
}

/// True for a text that a terminal shows as it is, in lines and with tabs: [`clean`] would escape nothing else.
pub fn is_showable(text: &str) -> bool {
    text.chars().all(|letter| matches!(letter, '\n' | '\t') || is_harmless(letter))
}

/// Joins an error and its sources into one line, without applying [`clean`].
pub fn error_chain(error: &dyn Error) -> String {
    let (mut line, mut source) = (error_words(error), error.source());
    while let Some(error) = source {
        line.push_str(": ");
        line.push_str(&error_words(error));
        source = error.source();
    }
    line
}

/// Returns the text of an error without the number that the system has for it.
pub fn error_words(error: &dyn Error) -> String {
    let text = error.to_string();
    let number = text.rsplit_once(" (os error ").filter(|(_, end)| end.ends_with(')'));
    number.map_or(text.as_str(), |(words, _)| words).to_owned()
}

/// Writes a value as JSON in which control characters and invisible characters are escaped.
pub fn write_json(out: impl Write, value: &impl Serialize) -> io::Result<()> {
    struct Clean;
    impl Formatter for Clean {
        fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> io::Result<()> {
            // Every `get` runs this, and nearly every text is plain.
            if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
                return out.write_all(text.as_bytes());
            }
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

/// Appends a number in decimal digits. Every `get` runs this, so it does without the formatting machinery.
pub fn push_number(out: &mut Vec<u8>, mut number: u64) {
    let start = out.len();
    loop {
        let digit = u8::try_from(number % 10).unwrap_or_default();
        out.insert(start, b'0' + digit);
        number /= 10;
        if number == 0 {
            return;
        }
    }
}

/// Appends a text as a JSON string in which control characters and invisible characters are escaped.
pub fn push_json(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    // Every `get` runs this, and nearly every text is plain.
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.as_bytes().iter().all(is_plain) {
        out.extend_from_slice(text.as_bytes());
    } else {
        push_escaped(out, text);
    }
    out.push(b'"');
}

#[cold]
#[inline(never)]
fn push_escaped(out: &mut Vec<u8>, text: &str) {
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push(b'\\');
        }
        if is_harmless(letter) {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        for unit in letter.encode_utf16(&mut [0; 2]) {
            // Writing to a `Vec` cannot fail.
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
}

/// False for control characters, which control a terminal, and for marks of direction and width, which make one line
/// look like another.
fn is_harmless(letter: char) -> bool {
    !letter.is_control() && !is_invisible(letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_escapes_control_and_invisible_characters() {
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
    fn a_text_is_showable_without_control_and_invisible_characters() {
        for text in ["", "plain é 字", "two\nlines\tand a tab\n"] {
            assert!(is_showable(text), "{text:?}");
        }
        for text in ["\x1b[31mred", "over\rwritten", "\0", "\x07", "\x7f", "\u{9b}1m", "\u{202e}gpj"] {
            assert!(!is_showable(text), "{text:?}");
        }
    }

    #[test]
    fn an_error_is_told_in_words_and_without_the_systems_number() {
        let error = io::Error::from_raw_os_error(2);
        assert!(error.to_string().contains("os error"), "{error}");
        assert!(!error_chain(&error).contains("os error") && !error_chain(&error).ends_with(' '));
        assert_eq!(error_words(&io::Error::other("a (b)")), "a (b)");
    }

    #[test]
    fn written_json_is_escaped_and_keeps_its_value() {
        let text = "a\u{9b}1m\u{202e}\u{7f}\n\"字\u{e0001}";
        let mut json = Vec::new();
        write_json(&mut json, &text).expect("memory");
        assert_eq!(json, "\"a\\u009b1m\\u202e\\u007f\\n\\\"字\\udb40\\udc01\"".as_bytes());
        assert_eq!(serde_json::from_slice::<String>(&json).expect("JSON"), text);
    }

    #[test]
    fn pushed_json_is_escaped_and_keeps_its_value() {
        for text in ["", "docker", "a\"b\\c", "\0\n\r\t\u{1b}\u{7f}", "\u{9b}\u{202e}字é\u{e0001}\u{fffd}"]
        {
            let mut json = Vec::new();
            push_json(&mut json, text);
            let written = String::from_utf8(json.clone()).expect("UTF-8");
            assert_eq!(clean(&written), written);
            assert_eq!(serde_json::from_slice::<String>(&json).expect("JSON"), text);
        }
    }

    #[test]
    fn numbers_are_pushed_as_digits() {
        for number in [0, 7, 10, 1_800_000_000, u64::MAX] {
            let mut digits = b"x".to_vec();
            push_number(&mut digits, number);
            assert_eq!(digits, format!("x{number}").into_bytes());
        }
    }
}
