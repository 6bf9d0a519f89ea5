//! Finds the secrets of a vault, and strings that begin like tokens, in a text of any length.

use std::io;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::doctor::keys::OpenedContents;
use crate::doctor::scan::base64_run;
use crate::doctor::scan::base64_run::RunCursor;
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

/// The number of times that base64 is decoded: a Kubernetes secret has Docker's file in base64, which has logins in base64.
const MAX_DEPTH: u32 = 3;

/// The first bytes of a pattern, which rule out most positions of a text quickly.
const HEAD_BYTES: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// The secret of the token with this index in the vault.
    Secret(usize),
    /// A text that begins like credentials of this type.
    Marked(&'static CredentialType),
}

/// A match in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct LocatedMatch {
    pub secret: SecretMatch,
    /// From 1.
    pub line: u64,
    /// True when the file has the secret in base64.
    pub is_encoded: bool,
}

/// The result of a search.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SearchReport {
    pub matches: Vec<LocatedMatch>,
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
    secret: SecretMatch,
    is_encoded: bool,
}

impl SearchReport {
    /// Adds a match. Base64 is searched as it is and decoded, but each secret is reported once in a line.
    fn add(&mut self, secret: SecretMatch, line: u64, is_encoded: bool) {
        let mut of_line = self.matches.iter().rev().take_while(|found| found.line == line);
        if !is_encoded || !of_line.any(|found| found.secret == secret) {
            self.matches.push(LocatedMatch { secret, line, is_encoded });
        }
    }
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
            let plain = (Zeroizing::new(text.to_vec()), false);
            for (mut bytes, is_encoded) in [plain, (in_base64(text), true), (in_base64(&login), true)] {
                bytes.truncate(MAX_PATTERN_BYTES);
                if bytes.len() >= MIN_PATTERN_BYTES {
                    patterns.push(Pattern { bytes, secret: SecretMatch::Secret(index), is_encoded });
                }
            }
        }
        for credential_type in CREDENTIAL_TYPES {
            let prefixes =
                credential_type.prefixes.iter().map(|prefix| Zeroizing::new(prefix.as_bytes().to_vec()));
            let secret = SecretMatch::Marked(credential_type);
            patterns.extend(prefixes.map(|bytes| Pattern { bytes, secret, is_encoded: false }));
        }
        patterns.sort_by_key(Pattern::head);
        let mut heads = Zeroizing::new(vec![false; 1 << 16]);
        for pattern in &patterns {
            heads[hash(pattern.head())] = true;
        }
        Self { patterns, heads }
    }

    /// Searches a text and what it has in base64, window by window. Nothing is found in a file that is not text.
    pub fn search(&self, text: impl Read) -> io::Result<SearchReport> {
        let mut text = text.take(MAX_FILE_BYTES);
        let mut window = Zeroizing::new(vec![0; WINDOW_BYTES + MAX_PATTERN_BYTES]);
        let (mut filled, mut line, mut previous) = (0, 1, None);
        let mut run = RunCursor::default();
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
                if let Some(encoded) = run.at(position, &window[..filled]) {
                    // The next window has the whole run, unless it is longer than a window.
                    if encoded.end == filled && !is_last && position > 0 {
                        run.restart(position);
                        break;
                    }
                    self.search_encoded(&window[encoded], MAX_DEPTH, &mut |secret| {
                        line += lines_in(&window[counted..position]);
                        counted = position;
                        report.add(secret, line, true);
                    });
                }
                let step = match self.match_at(&window[position..filled], previous) {
                    Some((pattern, length)) => {
                        line += lines_in(&window[counted..position]);
                        counted = position;
                        report.add(pattern.secret, line, pattern.is_encoded);
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
            run.shift(position, filled);
            filled -= position;
        }
        report.matches.truncate(MAX_MATCHES);
        Ok(report)
    }

    /// Searches what a run of base64 decodes to, and base64 in that, down to a depth.
    fn search_encoded(&self, encoded: &[u8], depth: u32, found: &mut dyn FnMut(SecretMatch)) {
        let Some(text) = base64_run::decode(encoded) else { return };
        let (mut position, mut previous, mut run) = (0, None, RunCursor::default());
        while position < text.len() {
            if depth > 1
                && let Some(encoded) = run.at(position, &text)
            {
                self.search_encoded(&text[encoded], depth - 1, found);
            }
            let step = self.match_at(&text[position..], previous).map_or(1, |(pattern, length)| {
                found(pattern.secret);
                length
            });
            position += step;
            previous = text.get(position - 1).copied();
        }
    }

    /// Returns the match at the start of a text, with its length in bytes.
    #[inline]
    fn match_at(&self, text: &[u8], previous: Option<u8>) -> Option<(&Pattern, usize)> {
        let head = u32::from_le_bytes(*text.first_chunk::<HEAD_BYTES>()?);
        if self.heads[hash(head)] { self.match_with_head(head, text, previous) } else { None }
    }

    /// Does the part of [`match_at`](Self::match_at) that is rare. A call for each byte instead would make a search take
    /// 1.6 times as long.
    #[inline(never)]
    fn match_with_head(&self, head: u32, text: &[u8], previous: Option<u8>) -> Option<(&Pattern, usize)> {
        let start = self.patterns.partition_point(|pattern| pattern.head() < head);
        let alike = self.patterns.get(start..)?.iter().take_while(|pattern| pattern.head() == head);
        let mut marked = None;
        for pattern in alike.filter(|pattern| text.starts_with(&pattern.bytes)) {
            match pattern.secret {
                SecretMatch::Secret(_) => return Some((pattern, pattern.bytes.len())),
                SecretMatch::Marked(_) => marked = Some(pattern),
            }
        }
        let marked = marked.filter(|_| !previous.is_some_and(|letter| letter.is_ascii_alphanumeric()))?;
        let length = body_length(text.get(marked.bytes.len()..)?)?;
        Some((marked, marked.bytes.len() + length))
    }
}

impl Pattern {
    fn head(&self) -> u32 {
        self.bytes.first_chunk::<HEAD_BYTES>().map_or(0, |head| u32::from_le_bytes(*head))
    }
}

/// Returns a number below 2^16 for a head.
#[inline]
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
        report.matches.into_iter().map(|found| (token(found.secret), found.line)).collect()
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

    /// Encodes a text as often as `depth` says.
    fn encoded(text: &str, depth: u32) -> String {
        (0..depth).fold(text.to_owned(), |text, _| {
            String::from_utf8(in_base64(text.as_bytes()).to_vec()).expect("ASCII")
        })
    }

    #[test]
    fn what_base64_has_inside_is_found_down_to_the_depth() {
        let matcher = matcher(&[PAT]);
        let other = "ghp_AbCdEfGhIjKlMnOp";
        for before in ["", "x", "alice:", "{\"auths\":{\"ghcr.io\":{\"auth\":\""] {
            for (secret, want) in [(PAT, Some(0)), (other, None)] {
                // The vault's own is known in base64 too, and may be found one deeper.
                let deepest = if want.is_none() { MAX_DEPTH + 1 } else { MAX_DEPTH };
                for depth in 0..=deepest {
                    let text =
                        format!("a: b\n  data: {}\n", encoded(&format!("{before}{secret}\"}}"), depth));
                    // Before a mark there is no letter.
                    let is_hidden = want.is_none() && before == "x" || depth > MAX_DEPTH;
                    let wanted = if is_hidden { vec![] } else { vec![(want, 2)] };
                    assert_eq!(lines(&matcher, text.as_bytes()), wanted, "{depth} times: {text}");
                    let found = matcher.search(text.as_bytes()).expect("memory").matches;
                    assert!(found.iter().all(|found| found.is_encoded == (depth > 0)), "{text}");
                }
            }
        }
        // A Kubernetes secret: Docker's file in base64, with a login in base64.
        let file = format!(
            "{{\"auths\":{{\"ghcr.io\":{{\"auth\":\"{}==\"}}}}}}",
            encoded("bob:ghp_AbCdEfGhIjKlMnOp", 1)
        );
        let manifest = format!("data:\n  .dockerconfigjson: {}\n", encoded(&file, 1));
        assert_eq!(lines(&matcher, manifest.as_bytes()), [(None, 2)]);
    }

    #[test]
    fn a_secret_in_base64_is_found_once_in_a_line() {
        let matcher = matcher(&[PAT]);
        let login = encoded(&format!("t0:{PAT}"), 1);
        assert_eq!(
            lines(&matcher, format!("{login} {login}\n{login}").as_bytes()),
            [(Some(0), 1), (Some(0), 2)]
        );
        assert_eq!(lines(&matcher, format!("{PAT} {login}").as_bytes()), [(Some(0), 1)]);
    }

    #[test]
    fn a_run_across_windows_is_decoded_as_a_whole() {
        let matcher = matcher(&[PAT]);
        for start in (WINDOW_BYTES - 2000..WINDOW_BYTES + 2000).step_by(397) {
            let run = encoded(&format!("{}{PAT}{}", "#".repeat(1000), "#".repeat(3000)), 1);
            let text = format!("{}\n{run}\n{PAT}", " ".repeat(start));
            assert_eq!(lines(&matcher, text.as_bytes()), [(Some(0), 2), (Some(0), 3)], "{start}");
        }
        // A run that is longer than a window.
        for start in (0..2 * WINDOW_BYTES).step_by(9001) {
            let run = encoded(&format!("{}{PAT}{}", "#".repeat(start), "#".repeat(WINDOW_BYTES)), 1);
            assert_eq!(lines(&matcher, format!("x\n{run}\n").as_bytes()), [(Some(0), 2)], "{start}");
        }
    }
}
