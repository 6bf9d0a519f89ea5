//! What is looked for in a text, however long that is, and on which lines it stands.

use std::io;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use crate::doctor::keys::OpenedContents;
use crate::provider::catalog::CREDENTIAL_TYPES;
use crate::provider::credential_type::CredentialType;

/// So much of a text is in memory at a time, in bytes.
const WINDOW_BYTES: usize = 64 * 1024;

/// So much of a secret is compared, in bytes. Windows overlap by as much, so that none is cut at a border.
const LONGEST_BYTES: usize = 1024;

/// What is shorter stands in many a file by chance, in bytes.
const SHORTEST_BYTES: usize = 8;

/// Where this much of a file has a NUL in it, it is no text, in bytes.
const LOOK_BYTES: usize = 8 * 1024;

/// No more than this is read of a file, in bytes.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The most places that are told of in one file.
const MAX_PLACES: usize = 20;

/// Behind its mark a token has at least so many letters, of which so many differ: `ghp_xxxxxxxxxxxxxxxx` is none.
const BODY_LETTERS: usize = 16;
const DISTINCT_LETTERS: u32 = 6;

/// By so many bytes it is decided quickly that nothing begins at a place.
const HEAD_BYTES: usize = 4;

/// What was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretMatch {
    /// The secret of the token at this place in the vault.
    Secret(usize),
    /// What begins as the tokens of this sort do.
    Marked(&'static CredentialType),
}

/// What came of a search.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SearchReport {
    /// What was met, and on which line, from 1.
    pub places: Vec<(SecretMatch, u64)>,
    /// True when there is more than was looked at or is told of.
    pub is_cut: bool,
}

/// What is looked for.
pub struct SecretMatcher {
    /// In the order of their heads.
    needles: Vec<Pattern>,
    /// Of each number that is made of a head, whether there is a needle with it.
    heads: Zeroizing<Vec<bool>>,
}

struct Pattern {
    bytes: Zeroizing<Vec<u8>>,
    met: SecretMatch,
}

impl SecretMatcher {
    /// Takes the secrets of a vault, as they are and as clients and clusters write them down in base64, and the
    /// marks of all sorts.
    pub fn of(contents: &OpenedContents) -> Self {
        let mut needles = Vec::new();
        for (at, token) in contents.inventory.tokens().iter().enumerate() {
            let Some(secret) = contents.secret(at) else { continue };
            let text = secret.expose().as_bytes();
            let login = Zeroizing::new([token.user.reveal_with(secret).as_bytes(), b":", text].concat());
            for mut bytes in [Zeroizing::new(text.to_vec()), in_base64(text), in_base64(&login)] {
                bytes.truncate(LONGEST_BYTES);
                if bytes.len() >= SHORTEST_BYTES {
                    needles.push(Pattern { bytes, met: SecretMatch::Secret(at) });
                }
            }
        }
        for sort in CREDENTIAL_TYPES {
            let marks = sort.prefixes.iter().map(|mark| Zeroizing::new(mark.as_bytes().to_vec()));
            needles.extend(marks.map(|bytes| Pattern { bytes, met: SecretMatch::Marked(sort) }));
        }
        needles.sort_by_key(Pattern::head);
        let mut heads = Zeroizing::new(vec![false; 1 << 16]);
        for needle in &needles {
            heads[number_of(needle.head())] = true;
        }
        Self { needles, heads }
    }

    /// Looks through a text in windows of one size. What is no text has nothing in it.
    pub fn search(&self, text: impl Read) -> io::Result<SearchReport> {
        let mut text = text.take(MAX_BYTES);
        let mut window = Zeroizing::new(vec![0; WINDOW_BYTES + LONGEST_BYTES]);
        let (mut filled, mut line, mut before) = (0, 1, None);
        let mut searched = SearchReport::default();
        for is_first in std::iter::once(true).chain(std::iter::repeat(false)) {
            filled += fill(&mut text, &mut window[filled..])?;
            let is_end = filled < window.len();
            if is_first && window[..filled.min(LOOK_BYTES)].contains(&0) {
                break;
            }
            let end = if is_end { filled } else { filled - LONGEST_BYTES };
            let (mut at, mut counted) = (0, 0);
            while at < end {
                let step = match self.met_at(&window[at..filled], before) {
                    Some((met, length)) => {
                        line += lines_in(&window[counted..at]);
                        counted = at;
                        searched.places.push((met, line));
                        length
                    }
                    None => 1,
                };
                at += step;
                before = Some(window[at - 1]);
            }
            line += lines_in(&window[counted..at]);
            searched.is_cut = text.limit() == 0 || searched.places.len() > MAX_PLACES;
            if is_end || searched.is_cut {
                break;
            }
            window.copy_within(at..filled, 0);
            filled -= at;
        }
        searched.places.truncate(MAX_PLACES);
        Ok(searched)
    }

    /// Returns what a text begins with, and how long that is in bytes.
    fn met_at(&self, text: &[u8], before: Option<u8>) -> Option<(SecretMatch, usize)> {
        let head = u32::from_le_bytes(*text.first_chunk::<HEAD_BYTES>()?);
        if !self.heads[number_of(head)] {
            return None;
        }
        let start = self.needles.partition_point(|needle| needle.head() < head);
        let alike = self.needles.get(start..)?.iter().take_while(|needle| needle.head() == head);
        let mut marked = None;
        for needle in alike.filter(|needle| text.starts_with(&needle.bytes)) {
            match needle.met {
                SecretMatch::Secret(_) => return Some((needle.met, needle.bytes.len())),
                SecretMatch::Marked(_) => marked = Some(needle),
            }
        }
        let marked = marked.filter(|_| !before.is_some_and(|letter| letter.is_ascii_alphanumeric()))?;
        let length = body_length(text.get(marked.bytes.len()..)?)?;
        Some((marked.met, marked.bytes.len() + length))
    }
}

impl Pattern {
    fn head(&self) -> u32 {
        self.bytes.first_chunk::<HEAD_BYTES>().map_or(0, |head| u32::from_le_bytes(*head))
    }
}

/// Returns a number below 2^16 that is made of a head.
fn number_of(head: u32) -> usize {
    // Spreads alike heads apart: https://en.wikipedia.org/wiki/Hash_function#Fibonacci_hashing
    (head.wrapping_mul(0x9e37_79b1) >> 16) as usize
}

/// Returns how long the rest of a token is, in bytes; `None` when it can be none.
fn body_length(text: &[u8]) -> Option<usize> {
    let is_tokens = |letter: &u8| letter.is_ascii_alphanumeric() || matches!(letter, b'_' | b'-' | b'.');
    let length = text.iter().take_while(|letter| is_tokens(letter)).count();
    let letters = text.get(..length)?.iter().fold(0_u128, |seen, letter| seen | 1 << (letter & 127));
    (length >= BODY_LETTERS && letters.count_ones() >= DISTINCT_LETTERS).then_some(length)
}

#[expect(clippy::naive_bytecount, reason = "not worth a crate: what is read from the disk takes longer")]
fn lines_in(text: &[u8]) -> u64 {
    text.iter().filter(|letter| **letter == b'\n').count() as u64
}

/// Fills a buffer, but for what the text is too short for.
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

/// Returns bytes in base64, without what pads its end.
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

    fn needles(secrets: &[&str]) -> SecretMatcher {
        let mut contents = OpenedContents { inventory: Inventory::default(), secrets: Vec::new() };
        for (at, secret) in secrets.iter().enumerate() {
            contents
                .inventory
                .add_with_free_name(incoming_token(&format!("t{at}"), "ghcr.io", Origin::Add), Timestamp(0));
            contents.secrets.push(Some(Secret::new(Zeroizing::new((*secret).to_owned()))));
        }
        SecretMatcher::of(&contents)
    }

    fn lines(needles: &SecretMatcher, text: &[u8]) -> Vec<(Option<usize>, u64)> {
        let token = |met| match met {
            SecretMatch::Secret(at) => Some(at),
            SecretMatch::Marked(_) => None,
        };
        let searched = needles.search(text).expect("memory");
        searched.places.into_iter().map(|(met, line)| (token(met), line)).collect()
    }

    #[test]
    fn secrets_are_met_in_each_way_of_writing_and_only_whole() {
        let needles = needles(&["canary-of-one", "canary-of-two-and-more", "tiny"]);
        for (text, want) in [
            ("a\nx=canary-of-one\n", vec![(Some(0), 2)]),
            ("canary-of-on", vec![]),
            ("canary-of-two-and-more canary-of-one", vec![(Some(1), 1), (Some(0), 1)]),
            ("Y2FuYXJ5LW9mLW9uZQ==", vec![(Some(0), 1)]), // canary-of-one
            ("\"auth\": \"dDA6Y2FuYXJ5LW9mLW9uZQ==\"", vec![(Some(0), 1)]), // t0:canary-of-one
            ("tiny", vec![]),
            ("dGlueQ==", vec![]),
            ("dDI6dGlueQ==", vec![(Some(2), 1)]), // t2:tiny, which is no accident
        ] {
            assert_eq!(lines(&needles, text.as_bytes()), want, "{text}");
        }
    }

    #[test]
    fn marks_are_met_where_a_token_follows() {
        let needles = needles(&[PAT]);
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
            assert_eq!(lines(&needles, text.as_bytes()).len(), want, "{text}");
        }
        assert_eq!(lines(&needles, PAT.as_bytes()), [(Some(0), 1)], "the vault's own comes first");
    }

    #[test]
    fn what_lies_across_a_border_is_met_once() {
        let needles = needles(&[PAT, &"long secret ".repeat(500)]);
        for start in (0..2 * (WINDOW_BYTES + LONGEST_BYTES)).step_by(509) {
            let mut text = vec![b'\n'; start];
            text.extend_from_slice(PAT.as_bytes());
            text.extend_from_slice(&vec![b'\n'; WINDOW_BYTES]);
            assert_eq!(lines(&needles, &text), [(Some(0), start as u64 + 1)], "{start}");
        }
        let text = [&vec![b' '; WINDOW_BYTES - 5], "long secret ".repeat(500).as_bytes()].concat();
        assert_eq!(lines(&needles, &text).first(), Some(&(Some(1), 1)));
    }

    #[test]
    fn what_is_no_text_is_left_alone_and_too_many_places_are_cut() {
        let needles = needles(&[PAT]);
        assert_eq!(lines(&needles, [b"\0", PAT.as_bytes()].concat().as_slice()), []);
        let late = [&vec![b' '; LOOK_BYTES], b"\0".as_slice(), PAT.as_bytes()].concat();
        assert_eq!(lines(&needles, &late).len(), 1);
        let many = needles.search([PAT, "\n"].concat().repeat(30).as_bytes()).expect("memory");
        assert_eq!((many.places.len(), many.is_cut), (MAX_PLACES, true));
    }
}
