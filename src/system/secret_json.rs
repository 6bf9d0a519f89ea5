//! Reads and writes JSON that holds secrets without leaving copies in memory.

use std::io;
use std::io::Write;

use serde_json::value::RawValue;
use thiserror::Error;
use zeroize::Zeroizing;

/// A JSON value that is not a readable string. The message of the parser is dropped: it could quote a secret.
#[derive(Debug, Error)]
pub enum JsonStringError {
    /// Another JSON value, or an unknown escape.
    #[error("not a JSON string")]
    NotAString,
    /// Half of a surrogate pair, which is not a character.
    #[error("a \\u escape that is not a character")]
    LoneSurrogate,
}

/// Decodes a JSON string in two passes, first to count its bytes, then to fill a buffer of exactly that size.
/// A buffer that grows would leave copies behind.
pub fn unescape(raw: &RawValue) -> Result<Zeroizing<String>, JsonStringError> {
    let quoted = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let quoted = quoted.ok_or(JsonStringError::NotAString)?;
    let mut length = 0;
    for_each_part(quoted, |part| length += part.len())?;
    let mut text = Zeroizing::new(String::with_capacity(length));
    for_each_part(quoted, |part| text.push_str(part))?;
    Ok(text)
}

/// Visits the decoded parts of a JSON string that is passed without its quotes:
/// <https://www.rfc-editor.org/rfc/rfc8259#section-7>.
fn for_each_part(mut rest: &str, mut visit: impl FnMut(&str)) -> Result<(), JsonStringError> {
    while let Some((plain, escape)) = rest.split_once('\\') {
        visit(plain);
        let letter = escape.chars().next().ok_or(JsonStringError::NotAString)?;
        rest = &escape[letter.len_utf8()..];
        match letter {
            '"' | '\\' | '/' => visit(&escape[..1]),
            'b' => visit("\u{8}"),
            'f' => visit("\u{c}"),
            'n' => visit("\n"),
            'r' => visit("\r"),
            't' => visit("\t"),
            'u' => {
                let (unit, after) = code_unit(rest)?;
                let (character, after) = character(unit, after)?;
                rest = after;
                visit(character.encode_utf8(&mut [0; 4]));
            }
            _ => return Err(JsonStringError::NotAString),
        }
    }
    visit(rest);
    Ok(())
}

/// Reads the four digits of a `\u` escape.
fn code_unit(text: &str) -> Result<(u16, &str), JsonStringError> {
    let (digits, rest) = text.split_at_checked(4).ok_or(JsonStringError::NotAString)?;
    let unit = u16::from_str_radix(digits, 16).map_err(|_| JsonStringError::NotAString)?;
    Ok((unit, rest))
}

/// Decodes the character of a UTF-16 unit, with the escape after it if the unit is half of a surrogate pair.
fn character(unit: u16, rest: &str) -> Result<(char, &str), JsonStringError> {
    if let Some(character) = char::from_u32(unit.into()) {
        return Ok((character, rest));
    }
    let (low, rest) = code_unit(rest.strip_prefix("\\u").ok_or(JsonStringError::LoneSurrogate)?)?;
    match char::decode_utf16([unit, low]).next() {
        Some(Ok(character)) => Ok((character, rest)),
        Some(Err(_)) | None => Err(JsonStringError::LoneSurrogate),
    }
}

/// Runs a writer twice, first to count its bytes, then to fill one wiped buffer of exactly that size.
pub fn write_exact(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut size = Size(0);
    write(&mut size)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.0));
    write(&mut *bytes)?;
    Ok(bytes)
}

/// A writer that counts the bytes.
struct Size(usize);

impl Write for Size {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
