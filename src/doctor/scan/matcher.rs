//! Finds the secrets of a vault, and strings that begin like tokens, in a text of any length.

use std::io;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::doctor::keys::OpenedContents;
use crate::provider::catalog::CREDENTIAL_TYPES;
use crate::provider::credential_type::CredentialType;

/// The part of a text that is in memory at a time, in bytes.
const WINDOW_BYTES: usize = 64 * 1024;

/// The part of a secret that is compared, in bytes. Windows overlap by this size, so that no border cuts a pattern.
const MAX_PATTERN_BYTES: usize = 1024;

/// The length of the shortest secret that is searched for, in bytes: a shorter one appears in many files by chance.
const MIN_PATTERN_BYTES: usize = 8;

/// The number of first bytes that are checked for a NUL: a file with one there is not text.
const TEXT_CHECK_BYTES: usize = 8 * 1024;

/// The largest part of a file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// The maximum number of matches in one file.
const MAX_MATCHES: usize = 20;

/// The minimum number of characters after a token's prefix, and of different ones among them: `ghp_xxxxxxxxxxxxxxxx`
/// is not a token.
const MIN_BODY_LETTERS: usize = 16;
const MIN_DISTINCT_LETTERS: u32 = 6;

/// The first bytes of a pattern, which rule out most positions of a text quickly.
const HEAD_BYTES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// The secret of the token with this index in the vault.
    Secret(usize),
    /// A text that begins like credentials of this type.
    Marked(&'static CredentialType),
}

/// The result of a search.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SearchReport {
    /// Each match with its line, from 1.
    pub matches: Vec<(SecretMatch, u64)>,
    /// True when the file has more bytes than were read, or more matches than were returned.
    pub is_cut: bool,
}

/// The patterns to search for.
pub struct SecretMatcher {
    /// Sorted by their heads.
    patterns: Vec<Pattern>,
    /// For each hash of a head, whether there is a pattern with that hash.
    heads: Zeroizing<Vec<bool>>,
}

struct Pattern {
    bytes: Zeroizing<Vec<u8>>,
    found: SecretMatch,
}

impl SecretMatcher {
    /// Makes a matcher for the secrets of a vault, plain and in base64 as clients and clusters write them, and for
    /// the prefixes of all credential types.
    pub fn new(contents: &OpenedContents) -> Self {
        let mut patterns = Vec::new();
        for (index, token) in contents.inventory.tokens().iter().enumerate() {
            let Some(secret) = contents.secret(index) else { continue };
            let text = secret.expose().as_bytes();
            let login = Zeroizing::new([token.user.reveal_with(secret).as_bytes(), b":", text].concat());
            for mut bytes in [Zeroizing::new(text.to_vec()), in_base64(text), in_base64(&login)] {
                bytes.truncate(MAX_PATTERN_BYTES);
                if bytes.len() >= MIN_PATTERN_BYTES {
                    patterns.push(Pattern { bytes, found: SecretMatch::Secret(index) });
                }
            }
        }
        for credential_type in CREDENTIAL_TYPES {
            let prefixes =
                credential_type.prefixes.iter().map(|prefix| Zeroizing::new(prefix.as_bytes().to_vec()));
            patterns
                .extend(prefixes.map(|bytes| Pattern { bytes, found: SecretMatch::Marked(credential_type) }));
        }
        patterns.sort_by_key(Pattern::head);
        let mut heads = Zeroizing::new(vec![false; 1 << 16]);
        for pattern in &patterns {
            heads[hash(pattern.head())] = true;
        }
        Self { patterns, heads }
    }

    /// Searches a text, window by window. Nothing is found in a file that is not text.
    pub fn search(&self, text: impl Read) -> io::Result<SearchReport> {
        let mut text = text.take(MAX_FILE_BYTES);
        let mut window = Zeroizing::new(vec![0; WINDOW_BYTES + MAX_PATTERN_BYTES]);
        let (mut filled, mut line, mut previous) = (0, 1, None);
        let mut report = SearchReport::default();
        for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
            filled += fill(&mut text, &mut window[filled..])?;
            let is_last = filled < window.len();
            if is_first && window[..filled.min(TEXT_CHECK_BYTES)].contains(&0) {
                break;
            }
            let end = if is_last { filled } else { filled - MAX_PATTERN_BYTES };
            let (mut position, mut counted) = (0, 0);
            while position < end {
                let step = match self.match_at(&window[position..filled], previous) {
                    Some((found, length)) => {
                        line += lines_in(&window[counted..position]);
                        counted = position;
                        report.matches.push((found, line));
                        length
                    }
                    None => 1,
                };
                position += step;
                previous = Some(window[position - 1]);
            }
            line += lines_in(&window[counted..position]);
            report.is_cut = text.limit() == 0 || report.matches.len() > MAX_MATCHES;
            if is_last || report.is_cut {
                break;
            }
            window.copy_within(position..filled, 0);
            filled -= position;
        }
        report.matches.truncate(MAX_MATCHES);
        Ok(report)
    }

    /// Returns the match at the start of a text, with its length in bytes.
    fn match_at(&self, text: &[u8], previous: Option<u8>) -> Option<(SecretMatch, usize)> {
        let head = u32::from_le_bytes(*text.first_chunk::<HEAD_BYTES>()?);
        if !self.heads[hash(head)] {
            return None;
        }
        let start = self.patterns.partition_point(|pattern| pattern.head() < head);
        let alike = self.patterns.get(start..)?.iter().take_while(|pattern| pattern.head() == head);
        let mut marked = None;
        for pattern in alike.filter(|pattern| text.starts_with(&pattern.bytes)) {
            match pattern.found {
                SecretMatch::Secret(_) => return Some((pattern.found, pattern.bytes.len())),
                SecretMatch::Marked(_) => marked = Some(pattern),
            }
        }
        let marked = marked.filter(|_| !previous.is_some_and(|letter| letter.is_ascii_alphanumeric()))?;
        let length = body_length(text.get(marked.bytes.len()..)?)?;
        Some((marked.found, marked.bytes.len() + length))
    }
}

impl Pattern {
    fn head(&self) -> u32 {
        self.bytes.first_chunk::<HEAD_BYTES>().map_or(0, |head| u32::from_le_bytes(*head))
    }
}

/// Returns a number below 2^16 for a head.
fn hash(head: u32) -> usize {
    // Similar heads get numbers far apart: https://en.wikipedia.org/wiki/Hash_function#Fibonacci_hashing
    (head.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// Returns the length of a token after its prefix, in bytes; `None` for a text that cannot be one.
fn body_length(text: &[u8]) -> Option<usize> {
    let is_of_token = |letter: &u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.');
    let length = text.iter().take_while(|letter| is_of_token(letter)).count();
    let letters = text.get(..length)?.iter().fold(0_u128, |seen, letter| seen | 1 << (letter & 127));
    (length >= MIN_BODY_LETTERS && letters.count_ones() >= MIN_DISTINCT_LETTERS).then_some(length)
}

#[expect(clippy::naive_bytecount, reason = "not worth a crate: reading from the disk takes longer")]
fn lines_in(text: &[u8]) -> u64 {
    text.iter().filter(|letter| **letter == b'\n').count() as u64
}

/// Fills a buffer, or only a part of it at the end of the text. Returns the number of bytes that were read.
fn fill(text: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match text.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Returns bytes in base64, without padding.
fn in_base64(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(vec![0; bytes.len().div_ceil(3) * 4]);
    let length = STANDARD_NO_PAD.encode_slice(bytes, &mut text).unwrap_or_default();
    text.truncate(length);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Inventory;
    use crate::inventory::tests::incoming_token;
    use crate::model::secret::Secret;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;

    const PAT: &str = "dckr_pat_AbCdEfGhIjKlMnOpQrStUvWxYz1";

    fn matcher(secrets: &[&str]) -> SecretMatcher {
        let mut contents = OpenedContents { inventory: Inventory::default(), secrets: Vec::new() };
        for (index, secret) in secrets.iter().enumerate() {
            contents.inventory.add_with_free_name(
                incoming_token(&format!("t{index}"), "ghcr.io", Origin::Add),
                Timestamp(0),
            );
            contents.secrets.push(Some(Secret::new(Zeroizing::new((*secret).to_owned()))));
        }
        SecretMatcher::new(&contents)
    }

    fn lines(matcher: &SecretMatcher, text: &[u8]) -> Vec<(Option<usize>, u64)> {
        let token = |found| match found {
            SecretMatch::Secret(index) => Some(index),
            SecretMatch::Marked(_) => None,
        };
        let report = matcher.search(text).expect("memory");
        report.matches.into_iter().map(|(found, line)| (token(found), line)).collect()
    }

    #[test]
    fn a_whole_secret_is_found_plain_and_in_base64() {
        let matcher = matcher(&["canary-of-one", "canary-of-two-and-more", "tiny"]);
        for (text, want) in [
            ("a\nx=canary-of-one\n", vec![(Some(0), 2)]),
            ("canary-of-on", vec![]),
            ("canary-of-two-and-more canary-of-one", vec![(Some(1), 1), (Some(0), 1)]),
            ("Y2FuYXJ5LW9mLW9uZQ==", vec![(Some(0), 1)]), // canary-of-one
            ("\"auth\": \"dDA6Y2FuYXJ5LW9mLW9uZQ==\"", vec![(Some(0), 1)]), // t0:canary-of-one
            ("tiny", vec![]),
            ("dGlueQ==", vec![]),
            ("dDI6dGlueQ==", vec![(Some(2), 1)]), // t2:tiny, which is not found by chance
        ] {
            assert_eq!(lines(&matcher, text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn a_mark_is_found_where_a_token_follows() {
        let matcher = matcher(&[PAT]);
        for (text, want) in [
            ("ghp_AbCdEfGhIjKlMnOp", 1),
            ("token=ghp_AbCdEfGhIjKlMnOp;", 1),
            ("ghp_AbCdEfGhIjKlMn", 0),
            ("xghp_AbCdEfGhIjKlMnOp", 0),
            ("ghp_xxxxxxxxxxxxxxxxxxxx", 0),
            ("ghp_ AbCdEfGhIjKlMnOp", 0),
            ("SIE-glpat-AbCdEfGhIjKlMnOp", 1),
            ("dckr_oat_AbCdEfGhIjKlMnOp\nghp_AbCdEfGhIjKlMnOp", 2),
            ("ghp_AbCdEfGhIjKlMnOpghp_AbCdEfGhIjKlMnOp", 1),
            ("", 0),
            ("ghp", 0),
        ] {
            assert_eq!(lines(&matcher, text.as_bytes()).len(), want, "{text}");
        }
        assert_eq!(lines(&matcher, PAT.as_bytes()), [(Some(0), 1)], "the vault's own comes first");
    }

    #[test]
    fn a_secret_across_two_windows_is_found_once() {
        let matcher = matcher(&[PAT, &"long secret ".repeat(500)]);
        for start in (0..2 * (WINDOW_BYTES + MAX_PATTERN_BYTES)).step_by(509) {
            let mut text = vec![b'\n'; start];
            text.extend_from_slice(PAT.as_bytes());
            text.extend_from_slice(&vec![b'\n'; WINDOW_BYTES]);
            assert_eq!(lines(&matcher, &text), [(Some(0), start as u64 + 1)], "{start}");
        }
        let text = [&vec![b' '; WINDOW_BYTES - 5], "long secret ".repeat(500).as_bytes()].concat();
        assert_eq!(lines(&matcher, &text).first(), Some(&(Some(1), 1)));
    }

    #[test]
    fn a_binary_file_is_skipped_and_too_many_matches_are_cut() {
        let matcher = matcher(&[PAT]);
        assert_eq!(lines(&matcher, [b"\0", PAT.as_bytes()].concat().as_slice()), []);
        let late = [&vec![b' '; TEXT_CHECK_BYTES], b"\0".as_slice(), PAT.as_bytes()].concat();
        assert_eq!(lines(&matcher, &late).len(), 1);
        let many = matcher.search([PAT, "\n"].concat().repeat(30).as_bytes()).expect("memory");
        assert_eq!((many.matches.len(), many.is_cut), (MAX_MATCHES, true));
    }
}
