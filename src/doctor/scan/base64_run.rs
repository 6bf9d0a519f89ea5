//! Runs of base64 in a text, with or without padding, in the standard or the URL-safe alphabet.

use std::ops::Range;

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::NO_PAD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

/// The length of the shortest run that is decoded. Shorter words are frequent, and no token fits in one.
const MIN_CHARACTERS: usize = 16;

/// Accepts unused bits in the last character: a run may be cut from a longer text.
const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);
const STANDARD_ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL_SAFE_ENGINE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// The classes of the characters of both alphabets; zero for all other bytes.
const UPPER: u8 = 1;
const LOWER: u8 = 2;
const DIGIT: u8 = 4;
const STANDARD_ONLY: u8 = 8;
const URL_SAFE_ONLY: u8 = 16;
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'A'..=b'Z' => UPPER,
            b'a'..=b'z' => LOWER,
            b'0'..=b'9' => DIGIT,
            b'+' | b'/' => STANDARD_ONLY,
            b'-' | b'_' => URL_SAFE_ONLY,
            _ => 0,
        };
        if byte == u8::MAX {
            break classes;
        }
        byte += 1;
    }
};

/// A cursor through the runs of a text.
#[derive(Debug, Default)]
pub(super) struct RunCursor {
    /// The start and end of the last run.
    start: usize,
    end: usize,
    /// The number of characters before the next group of four, in a run that is longer than the text.
    skipped: usize,
}

impl RunCursor {
    /// Returns the run at a position, if one starts there that is long enough.
    #[inline]
    pub(super) fn at(&mut self, position: usize, text: &[u8]) -> Option<Range<usize>> {
        let is_start = position >= self.end && CLASSES[usize::from(*text.get(position)?)] != 0;
        if is_start { self.find(position, text) } else { None }
    }

    #[inline(never)]
    fn find(&mut self, position: usize, text: &[u8]) -> Option<Range<usize>> {
        let (mut length, mut classes) = (0, 0);
        for byte in text.get(position..)? {
            let class = CLASSES[usize::from(*byte)];
            if class == 0 {
                break;
            }
            (length, classes) = (length + 1, classes | class);
        }
        self.end = position + length;
        if length < MIN_CHARACTERS || !may_be_encoded(classes) {
            return None;
        }
        self.start = self.end.min(position + std::mem::take(&mut self.skipped));
        Some(self.start..self.end)
    }

    /// Forgets the last run, so that it is returned again at this position.
    pub(super) fn restart(&mut self, position: usize) {
        self.end = position;
    }

    /// Follows a text whose first bytes are dropped. A run up to the end of the text continues.
    pub(super) fn shift(&mut self, dropped: usize, text_length: usize) {
        if self.end == text_length {
            self.end = 0;
            self.skipped = (self.start % 4 + 4 - dropped % 4) % 4;
        } else {
            self.end = self.end.saturating_sub(dropped);
        }
    }
}

/// True for a run with capital and small letters and of one alphabet, as long base64 of text always is. Most other runs
/// in source code are names in lower case and paths.
fn may_be_encoded(classes: u8) -> bool {
    const LETTERS: u8 = UPPER | LOWER;
    const BOTH: u8 = STANDARD_ONLY | URL_SAFE_ONLY;
    classes & LETTERS == LETTERS && classes & BOTH != BOTH
}

/// Decodes a run.
pub(super) fn decode(run: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_url_safe = run.iter().any(|byte| CLASSES[usize::from(*byte)] == URL_SAFE_ONLY);
    let engine = if is_url_safe { &URL_SAFE_ENGINE } else { &STANDARD_ENGINE };
    // One character of a group is less than a byte.
    let whole = if run.len() % 4 == 1 { run.len() - 1 } else { run.len() };
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(whole)]);
    let length = engine.decode_slice(run.get(..whole)?, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_decoded() {
        for (run, want) in [
            ("Y2FuYXJ5LW9mLW9uZQ", Some("canary-of-one")),
            ("Y2FuYXJ5LW9mLW9uZ", Some("canary-of-on")),
            ("Y2FuYXJ5LW9mLW9uZR", Some("canary-of-one")),
            ("Y2FuYXJ5LW9mLW9uZQA", Some("canary-of-one\0")),
            ("Y2FuYXJ5LW9mLW9uZQAAA", Some("canary-of-one\0\0")),
            ("PT8-Pz8_", Some("=?>??\u{3f}")),
            ("PT8+Pz8/", Some("=?>??\u{3f}")),
            ("PT8+Pz8_", None),
            ("", Some("")),
        ] {
            assert_eq!(
                decode(run.as_bytes()).as_deref().map(Vec::as_slice),
                want.map(str::as_bytes),
                "{run}"
            );
        }
    }

    #[test]
    fn a_run_that_continues_keeps_its_groups() {
        let text = "Aa".repeat(20).into_bytes();
        for dropped in 1..24 {
            let mut cursor = RunCursor::default();
            assert_eq!(cursor.at(0, &text), Some(0..40));
            cursor.shift(dropped, 40);
            let range = cursor.at(0, &text).expect("it continues");
            assert_eq!(((range.start + dropped) % 4, range.end), (0, 40), "{dropped}");
            cursor.shift(dropped, 40);
            let again = cursor.at(0, &text).expect("it continues again");
            assert_eq!((again.start + 2 * dropped) % 4, 0, "{dropped} twice");
        }
    }
}
