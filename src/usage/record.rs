//! One line of the log: what was asked, and what came of it.

use serde::Deserialize;

use crate::model::registry::{Address, Key};
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::provider::marked;
use crate::system::sanitize::{push_json, push_number};
use crate::usage::stats::UsageStats;

/// The version of the lines. A new name is no new version.
pub const VERSION: u64 = 1;

/// How every line of any version begins. No text in a line can hold it, since its quotes are escaped there.
const START: &[u8] = b"{\"version\":";

/// The most bytes that are noted of a text.
const MAX_TEXT_BYTES: usize = 512;

/// The most bytes of a line that is read: each byte of its texts may be six in it.
const MAX_BYTES: usize = 32 * 1024;

/// What is shorter is no token, in bytes.
const TOKEN_BYTES: usize = 16;

/// Room for nearly every line, so that it is made in one piece of memory.
const USUAL_BYTES: usize = 320;

/// How far the clock of a writer may be ahead of a reader's, in seconds.
const AHEAD: i64 = 60;

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// A token was given out.
    Given,
    /// There was none to give.
    NotFound,
    /// Credentials were stored.
    Stored,
    /// A registry was signed out, or nothing was there to sign out.
    SignedOut,
    /// It was not done.
    Failed,
}

impl RequestOutcome {
    /// Returns the word for it in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::NotFound => "not-found",
            Self::Stored => "stored",
            Self::SignedOut => "signed-out",
            Self::Failed => "failed",
        }
    }
}

/// What is to be noted of a request.
#[derive(Clone, Copy, Debug)]
pub struct LogEntry<'l> {
    /// Docker's verb.
    pub verb: &'static str,
    /// The token that was given, stored or signed out.
    pub token: Option<&'l Token>,
    /// The registry, or the key where that is no address.
    pub registry: Option<&'l str>,
    /// The repository, if it was known.
    pub repository: Option<&'l str>,
    /// The direction, if it was known.
    pub direction: Option<Direction>,
    /// What came of it.
    pub outcome: RequestOutcome,
    /// Why, in a word.
    pub reason: Option<&'static str>,
}

impl<'l> LogEntry<'l> {
    /// Begins with what a key tells. Of one that is no address nothing is noted where it may hold a password.
    pub fn new(verb: &'static str, key: Option<&'l Key>, outcome: RequestOutcome) -> Self {
        let address = key.and_then(Key::address);
        let verbatim =
            key.map(Key::as_str).filter(|text| address.is_none() && !text.contains(['@', '?', '#']));
        Self {
            verb,
            token: None,
            registry: address.map(|address| address.registry().as_str()).or(verbatim),
            repository: address.and_then(Address::repository),
            direction: None,
            outcome,
            reason: None,
        }
    }

    /// Returns it as it is written: one JSON object, and a line end.
    pub fn bytes(&self, now: Timestamp, client: Option<&str>) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL_BYTES);
        start(&mut out);
        push_whole(&mut out, "at", now.0);
        push_text(&mut out, "verb", Some(self.verb));
        if let Some(token) = self.token {
            push_whole(&mut out, "id", token.id.0.into());
            push_whole(&mut out, "created", token.created.0);
            // One for no registry has its name from a key, which may hold a password.
            let is_open = |name: &&str| !token.scopes.is_empty() && !holds_token(name);
            push_text(&mut out, "token", Some(token.name.as_str()).filter(is_open));
        }
        push_text(&mut out, "registry", self.registry);
        push_text(&mut out, "repository", self.repository);
        push_text(&mut out, "direction", self.direction.map(Direction::word));
        push_text(&mut out, "client", client);
        push_text(&mut out, "outcome", Some(self.outcome.word()));
        push_text(&mut out, "reason", self.reason);
        out.extend_from_slice(b"}\n");
        out
    }
}

/// True when what stands before the registry in a name that a login gave is itself a token.
fn holds_token(name: &str) -> bool {
    let user = name.split_once('@').map_or(name, |(user, _)| user);
    // Looking marks up costs a `get` more than the rest of its line, and few user names are so long.
    user.len() >= TOKEN_BYTES && marked(name).is_some()
}

/// Begins a line.
pub(super) fn start(out: &mut Vec<u8>) {
    out.extend_from_slice(START);
    push_number(out, VERSION);
}

/// Adds a whole number under a name.
pub(super) fn push_whole(out: &mut Vec<u8>, name: &str, number: i64) {
    push_name(out, name);
    if number < 0 {
        out.push(b'-');
    }
    push_number(out, number.unsigned_abs());
}

/// Adds a text under a name, if there is one, or as much of it as is noted.
#[inline(never)]
pub(super) fn push_text(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    push_name(out, name);
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    push_json(out, &text[..end]);
}

#[inline(never)]
fn push_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A line as it is read: one request, or in the summary all uses of a token that were folded into it.
#[derive(Debug, Default, Deserialize)]
pub struct LogRecord {
    /// When, in seconds since the start of 1970; in the summary, the last use.
    pub at: Option<i64>,
    /// Docker's verb; none in the summary.
    pub verb: Option<String>,
    /// The token's name at that time.
    pub token: Option<String>,
    /// The token's number, which another vault may have given to another.
    pub id: Option<u32>,
    /// When the token came into the vault; with its number it tells it apart for good.
    pub created: Option<i64>,
    /// Where it went.
    pub registry: Option<String>,
    /// Which way, if it was known.
    pub direction: Option<String>,
    /// The client's program.
    pub client: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// In the summary: how many uses this stands for.
    pub count: Option<u64>,
    /// In the summary: the first use.
    pub first: Option<i64>,
    /// In the summary: how many of the uses were pulls.
    pub pulls: Option<u64>,
    /// In the summary: how many of the uses were pushes.
    pub pushes: Option<u64>,
    /// In the summary: the checksum of the file that was folded last.
    pub folded: Option<u32>,
    /// In the summary: the size of that file, in bytes.
    pub bytes: Option<u64>,
}

impl LogRecord {
    /// True when a client asked for a token and got none.
    pub fn is_not_found(&self) -> bool {
        self.verb.as_deref() == Some("get")
            && self.outcome.as_deref() == Some(RequestOutcome::NotFound.word())
    }

    /// Returns when it was; `None` for what is later than now, since a clock was wrong.
    pub fn time(&self, now: Timestamp) -> Option<Timestamp> {
        self.at.filter(|at| is_past(*at, now)).map(|at| Timestamp(at).min(now))
    }

    /// Returns when the first of what it tells of was; `None` where no date can be believed.
    pub fn first_time(&self, now: Timestamp) -> Option<Timestamp> {
        self.first.or(self.at).filter(|at| is_past(*at, now)).map(Timestamp)
    }

    /// Returns the use, or the uses, that it tells of; `None` where no token was given out.
    pub fn stats(&self, now: Timestamp) -> Option<UsageStats> {
        if self.count.is_none() && self.outcome.as_deref() != Some(RequestOutcome::Given.word()) {
            return None;
        }
        let went = |direction: Direction| u64::from(self.direction.as_deref() == Some(direction.word()));
        Some(UsageStats {
            count: self.count.unwrap_or(1),
            first: self.first_time(now).unwrap_or(UsageStats::UNDATED_FIRST),
            last: self.time(now).unwrap_or(UsageStats::UNDATED_LAST),
            client: self.client.clone(),
            pulls: self.pulls.unwrap_or_else(|| went(Direction::Pull)),
            pushes: self.pushes.unwrap_or_else(|| went(Direction::Push)),
        })
    }
}

fn is_past(at: i64, now: Timestamp) -> bool {
    (0..=now.0.saturating_add(AHEAD)).contains(&at)
}

/// What could not be read of a log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadLines {
    /// Lines of a version that this program does not know.
    pub other_version: u64,
    /// Lines that are damaged.
    pub damaged: u64,
}

impl UnreadLines {
    /// Hands each line of a file on, and counts those that cannot be read.
    pub(super) fn visit(&mut self, bytes: &[u8], visit: &mut dyn FnMut(LogRecord)) {
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match read(line) {
                Ok(record) => visit(record),
                Err(true) => self.other_version += 1,
                Err(false) => self.damaged += 1,
            }
        }
    }
}

/// Reads a line; an error tells whether it is of another version. A writer that ran out of room leaves the
/// beginning of one, and then the next stands behind it.
fn read(line: &[u8]) -> Result<LogRecord, bool> {
    match read_whole(line) {
        Ok(record) => Ok(record),
        Err(_) => read_end(line),
    }
}

/// Reads the last line that begins in one that is not whole.
#[cold]
fn read_end(line: &[u8]) -> Result<LogRecord, bool> {
    let start = line.windows(START.len()).rposition(|part| part == START).ok_or(false)?;
    read_whole(&line[start..])
}

fn read_whole(line: &[u8]) -> Result<LogRecord, bool> {
    if line.len() > MAX_BYTES || !line.starts_with(START) {
        return Err(false);
    }
    let digits = line[START.len()..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let version = &line[START.len()..][..digits];
    match version {
        b"1" => serde_json::from_slice(line).map_err(|_| false),
        _ => Err(digits > 0),
    }
}

/// Returns the lines of versions that this program does not know.
pub(super) fn unknown_versions(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| matches!(read(line), Err(true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    /// Returns the key of each line that can be read, and what could not.
    fn visited(text: &[u8]) -> (Vec<String>, UnreadLines) {
        let (mut found, mut skipped) = (Vec::new(), UnreadLines::default());
        skipped.visit(text, &mut |record| found.push(record.registry.unwrap_or_default()));
        (found, skipped)
    }

    #[test]
    fn what_is_written_is_read() {
        for (key, registry, repository) in [
            ("ghcr.io", Some("ghcr.io"), None),
            ("https://ghcr.io/acme/app", Some("ghcr.io"), Some("acme/app")),
            (
                "https://index.docker.io/v1/access-token",
                Some("https://index.docker.io/v1/access-token"),
                None,
            ),
            ("https://user:password@ghcr.io", None, None),
            ("https://ghcr.io/?token=secret", None, None),
        ] {
            let key = Key::parse(key).expect("a key");
            let line = LogEntry::new("get", Some(&key), RequestOutcome::NotFound);
            let bytes = line.bytes(NOW, Some("a\"b\n{\"version\":1}"));
            let record = read(bytes.strip_suffix(b"\n").expect("a line end")).expect("a line");
            assert_eq!((record.registry.as_deref(), line.repository), (registry, repository));
            assert_eq!((record.at, record.is_not_found()), (Some(NOW.0), true));
            assert_eq!(record.client.as_deref(), Some("a\"b\n{\"version\":1}"));
            assert_eq!(record.stats(NOW), None);
        }
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let client = "字".repeat(MAX_TEXT_BYTES);
        let bytes = LogEntry::new("get", None, RequestOutcome::Failed).bytes(Timestamp(-1), Some(&client));
        let record = read(bytes.trim_ascii_end()).expect("a line");
        assert_eq!(record.client, Some("字".repeat(MAX_TEXT_BYTES / 3)));
        assert_eq!((record.at, record.time(NOW)), (Some(-1), None));
    }

    #[test]
    fn what_cannot_be_read_is_counted() {
        let good = "{\"version\":1,\"registry\":\"x\"}\n";
        for (text, found, other_version, damaged) in [
            ("", 0, 0, 0),
            (good, 1, 0, 0),
            ("\n\n", 0, 0, 0),
            ("{\"version\":1,\"registry\":\"x\"}", 1, 0, 0),
            ("{\"version\":1,\"regis{\"version\":1,\"registry\":\"x\"}\n", 1, 0, 0),
            ("{\"version\":11,\"registry\":7}\n{\"version\":2}\n", 0, 2, 0),
            ("{\"version\":1,\"registry\":[]}\n{\"version\":x\nplain\n{\"version\":1", 0, 0, 4),
            ("{\"version\":1,\"new\":\"a\\\"},\",\"other\":7,\"registry\":\"x\"}\n", 1, 0, 0),
            ("{\"version\":1,\"registry\":\"\\x\"}\n{\"version\":1}}\n{\"version\":1,}\n", 0, 0, 3),
        ] {
            let (read, skipped) = visited(text.as_bytes());
            assert_eq!((read.len(), skipped), (found, UnreadLines { other_version, damaged }), "{text}");
        }
        let long = format!("{{\"version\":1,\"registry\":\"{}\"}}\n{good}", "x".repeat(MAX_BYTES));
        assert_eq!(
            visited(long.as_bytes()),
            (vec!["x".to_owned()], UnreadLines { other_version: 0, damaged: 1 })
        );
    }

    #[test]
    fn a_later_program_s_lines_are_told_from_damage() {
        let bytes = b"{\"version\":2,\"a\":1}\nplain\n{\"version\":1}\n";
        assert_eq!(unknown_versions(bytes).collect::<Vec<_>>(), [b"{\"version\":2,\"a\":1}"]);
    }
}
