//! Makes the texts of servers safe to show: a server may repeat what was sent to it, whole or in parts.

use std::cell::RefCell;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::http::json_body::json;
use crate::system::sanitize::clean;

/// The longest text that is shown, in characters.
const MAX_LETTERS: usize = 200;

/// The longest beginning of a text that is searched for secrets before it is shortened, in characters.
const MAX_SEARCHED: usize = 4096;

/// The length of the shortest part of a secret that is masked, in bytes; a shorter secret is masked as a whole.
const MIN_PART: usize = 8;

/// The length of the shortest secret that is masked, in bytes. With a shorter one, the gaps in the words would show it.
const MIN_SECRET: usize = 4;

const MASK: &str = "***";

/// The secrets of a session with a server: those that were sent to it and those that it created.
#[derive(Default)]
pub struct SessionSecrets(RefCell<Vec<Zeroizing<String>>>);

impl SessionSecrets {
    pub fn add(&self, secret: &str) {
        let mut secrets = self.0.borrow_mut();
        if secret.len() >= MIN_SECRET && secrets.iter().all(|known| known.as_str() != secret) {
            secrets.push(Zeroizing::new(secret.to_owned()));
        }
    }

    /// Masks each part of a secret in a text, makes the text safe for a terminal, and shortens it.
    pub fn redact(&self, text: &str) -> String {
        let end_of = |text: &str, letters| text.char_indices().nth(letters).map(|(at, _)| at);
        let text = self.mask(end_of(text, MAX_SEARCHED).map_or(text, |end| &text[..end]));
        end_of(&text, MAX_LETTERS).map_or_else(|| clean(&text), |end| clean(&text[..end]) + "…")
    }

    /// Masks each part of a secret in a text.
    pub fn mask(&self, text: &str) -> Zeroizing<String> {
        self.masker().mask(text)
    }

    /// Prepares the secrets for masking them in many texts.
    pub fn masker(&self) -> Masker {
        let secrets = self.0.borrow();
        let forms: Vec<_> = secrets.iter().flat_map(|secret| forms(secret)).collect();
        let (short, long): (Vec<_>, Vec<_>) = forms.into_iter().partition(|form| form.len() < MIN_PART);
        // Exactly the size that is needed: a buffer that grows would leave copies behind.
        let count = long.iter().map(|form| form.len() - MIN_PART + 1).sum();
        let mut parts: Zeroizing<Vec<[u8; MIN_PART]>> = Zeroizing::new(Vec::with_capacity(count));
        for form in &long {
            parts.extend(form.windows(MIN_PART).filter_map(|part| <[u8; MIN_PART]>::try_from(part).ok()));
        }
        parts.sort_unstable();
        Masker { short, parts }
    }
}

/// The bytes to mask in texts, in lower case.
pub struct Masker {
    /// The secrets that are masked as a whole.
    short: Vec<Zeroizing<Vec<u8>>>,
    /// The parts of all other secrets, sorted.
    parts: Zeroizing<Vec<[u8; MIN_PART]>>,
}

impl Masker {
    /// Replaces what a text has in common with a secret, from eight bytes on, in upper or lower case: the secret as it
    /// is, as in JSON or as in an address. The header of a request is a secret of its own, in base64.
    pub fn mask(&self, text: &str) -> Zeroizing<String> {
        let searched = lowercase(text);
        let mut is_secret = vec![false; text.len()];
        for (at, part) in searched.windows(MIN_PART).enumerate() {
            if self.parts.binary_search_by(|known| known.as_slice().cmp(part)).is_ok() {
                is_secret[at..at + MIN_PART].fill(true);
            }
        }
        for form in &self.short {
            for (at, part) in searched.windows(form.len()).enumerate() {
                if part == form.as_slice() {
                    is_secret[at..at + part.len()].fill(true);
                }
            }
        }
        let mut masked = Zeroizing::new(String::with_capacity(text.len()));
        let mut was_secret = false;
        for (at, letter) in text.char_indices() {
            let is_secret = is_secret[at..at + letter.len_utf8()].contains(&true);
            match (is_secret, was_secret) {
                (false, _) => masked.push(letter),
                (true, false) => masked.push_str(MASK),
                (true, true) => {}
            }
            was_secret = is_secret;
        }
        masked
    }
}

/// Returns the forms in which a server may repeat a secret, in lower case.
fn forms(secret: &str) -> [Zeroizing<Vec<u8>>; 3] {
    let quoted = json(&secret);
    let escaped = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut encoded = Zeroizing::new(String::with_capacity(secret.len() * 3));
    encoded.extend(utf8_percent_encode(secret, NON_ALPHANUMERIC));
    [lowercase(secret), Zeroizing::new(escaped.to_ascii_lowercase()), lowercase(&encoded)]
}

fn lowercase(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn redact(secrets: &[&str], text: &str) -> String {
        let known = SessionSecrets::default();
        for secret in secrets {
            known.add(secret);
        }
        known.redact(text)
    }

    #[test]
    fn secrets_are_masked_and_the_text_is_cleaned_and_cut() {
        for (text, want) in [
            ("plain", "plain".to_owned()),
            ("pw is hunter2, hunter2", "pw is ***, ***".to_owned()),
            ("\u{1b}[31mred", "\\u{1b}[31mred".to_owned()),
            (&"x".repeat(1000), "x".repeat(200) + "…"),
            (&format!("{}hunter2", "x".repeat(195)), format!("{}***", "x".repeat(195))),
            (&format!("é{}", "字".repeat(10_000)), format!("é{}…", "字".repeat(199))),
        ] {
            assert_eq!(redact(&["hunter2", "", "pw"], text), want);
        }
    }

    #[test]
    fn a_secret_is_masked_in_plain_and_in_json_form() {
        for (secret, text) in [
            ("canary", "no canary!"),
            ("can\"ary\\", "no can\"ary\\!"),
            ("can\"ary\\", r#"no {"password":"can\"ary\\"}"#),
            ("\"canary\"", r#"no {"password":"\"canary\""}"#),
        ] {
            let redacted = redact(&["", secret], text);
            assert!(redacted.contains("***") && !redacted.contains("can"), "{redacted}");
        }
    }

    #[test]
    fn each_part_of_eight_bytes_is_masked_in_every_form() {
        const SECRET: &str = "CANARY+secret/%41of\"me";
        let basic = STANDARD.encode(format!("alice:{SECRET}"));
        for (text, want) in [
            ("it begins with CANARY+secr", "it begins with ***"),
            ("it ends in /%41of\"me.", "it ends in ***."),
            ("split: CANARY+s-ecret/%41", "split: ***-***"),
            ("in lower case: canary+secret", "in lower case: ***"),
            ("in an address: CANARY%2Bsecret%2f%2541of%22me", "in an address: ***"),
            ("seven are a word: CANARY+", "seven are a word: CANARY+"),
            (&format!("sent: {basic}"), "sent: ***"),
            (&format!("sent: {}", &basic[8..20]), "sent: ***"),
        ] {
            assert_eq!(redact(&[SECRET, &basic], text), want);
        }
    }
}
