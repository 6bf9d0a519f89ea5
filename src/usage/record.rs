//! The lines of the log: their format, and a parser for them.

use serde::Deserialize;

use crate::model::registry::{Address, Key};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Origin, Token};
use crate::provider;
use crate::system::caller::Caller;
use crate::system::sanitize::{push_json, push_number};
use crate::usage::stats::UsageStats;

/// The version of the lines. An additional field does not change it.
pub const VERSION: u64 = 1;

/// The first bytes of a line of any version. They do not occur in a text, where quotes are escaped.
const START: &[u8] = b"{\"version\":";

/// The maximum number of bytes of a text that are logged.
const MAX_TEXT_BYTES: usize = 512;

/// The longest line that is read, in bytes. A byte of a text may take six bytes when it is escaped.
const MAX_BYTES: usize = 32 * 1024;

/// The longest label of a host, in bytes: <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>.
const MAX_LABEL_BYTES: usize = 63;

/// The initial capacity for a line, in bytes, which is enough for nearly all lines.
const USUAL_BYTES: usize = 320;

/// The greatest difference between the clocks of a writer and a reader, in seconds.
const MAX_CLOCK_SKEW: i64 = 60;

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestOutcome {
    /// A token was returned.
    Given,
    /// There was no token to return.
    NotFound,
    Stored,
    /// A registry was signed out, or there was nothing to sign out.
    SignedOut,
    Failed,
}

impl RequestOutcome {
    /// Returns the word in the log.
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

/// A request to be logged.
#[derive(Clone, Copy, Debug)]
pub struct LogEntry<'l> {
    /// The verb of the credential helper protocol.
    pub verb: &'static str,
    /// The token that was returned, stored or signed out.
    pub token: Option<&'l Token>,
    /// The key that the client sent.
    pub key: Option<&'l Key>,
    pub repository: Option<&'l str>,
    pub direction: Option<Direction>,
    pub outcome: RequestOutcome,
    /// A word that explains the outcome.
    pub reason: Option<&'static str>,
}

impl<'l> LogEntry<'l> {
    /// Begins an entry with the registry and the repository of a key.
    pub fn new(verb: &'static str, key: Option<&'l Key>, outcome: RequestOutcome) -> Self {
        let repository = key.and_then(Key::address).and_then(Address::repository);
        Self { verb, token: None, key, repository, direction: None, outcome, reason: None }
    }

    /// Returns the registry, or the key of a session. A person may have typed a secret in place of the registry, so
    /// only what has the form of an address is logged, and what a token was added for.
    fn registry(&self) -> Option<&'l str> {
        let key = self.key?;
        let Some(address) = key.address() else { return Some(key.as_str()).filter(|_| key.is_session()) };
        let registry = address.registry().as_str();
        let is_added = || self.token.is_some_and(|token| token.origin == Origin::Add);
        (is_public(registry) || is_added()).then_some(registry)
    }

    /// Returns the name of the token. One that comes from a key is logged only when the key would be.
    fn token_name(&self) -> Option<&'l str> {
        let token = self.token?;
        let mut handles = token.scopes.iter().map(Scope::handle);
        let is_own = token.origin == Origin::Add;
        (!token.scopes.is_empty() && (is_own || handles.all(|handle| is_public(&handle))))
            .then_some(token.name.as_str())
    }

    /// Formats the line: a JSON object and a line end.
    ///
    /// It is built by hand, because every `get` does it, and because long texts are cut and control
    /// characters are escaped.
    pub fn to_line(&self, now: Timestamp, client: Option<&str>, caller: Option<Caller>) -> Vec<u8> {
        let mut out = Vec::with_capacity(USUAL_BYTES);
        push_start(&mut out);
        push_integer(&mut out, "at", now.0);
        push_word(&mut out, "verb", Some(self.verb));
        if let Some(token) = self.token {
            push_integer(&mut out, "id", token.id.0.into());
            push_integer(&mut out, "created", token.created.0);
        }
        push_text(&mut out, "token", self.token_name());
        let registry = self.registry();
        push_text(&mut out, "registry", registry);
        push_text(&mut out, "repository", self.repository.filter(|_| registry.is_some()));
        push_word(&mut out, "direction", self.direction.map(Direction::word));
        push_text(&mut out, "client", client);
        push_caller(&mut out, caller);
        push_word(&mut out, "outcome", Some(self.outcome.word()));
        push_word(&mut out, "reason", self.reason);
        out.extend_from_slice(b"}\n");
        out
    }
}

/// True for a host that is an address: it has a dot, a port or is `localhost`, and has no label that is longer than any
/// host's.
fn is_public(host: &str) -> bool {
    (host.contains(['.', ':']) || host == "localhost")
        && host.split('.').all(|label| label.len() <= MAX_LABEL_BYTES)
}

/// Begins a line with the version.
pub(super) fn push_start(out: &mut Vec<u8>) {
    out.extend_from_slice(START);
    push_number(out, VERSION);
}

/// Adds a field with an integer.
pub(super) fn push_integer(out: &mut Vec<u8>, name: &str, number: i64) {
    push_name(out, name);
    if number < 0 {
        out.push(b'-');
    }
    push_number(out, number.unsigned_abs());
}

/// Adds a field with a text, if there is one and it does not contain a token, cut to [`MAX_TEXT_BYTES`].
#[inline(never)]
pub(super) fn push_text(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    push_word(out, name, text.filter(|text| !provider::contains_token(text)));
}

/// Adds a field with a text that is known to hold no secret, if there is one, cut to [`MAX_TEXT_BYTES`].
#[inline(never)]
pub(super) fn push_word(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    push_name(out, name);
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    push_json(out, &text[..end]);
}

/// Adds a field with the caller as `PID:START`, if it is known.
fn push_caller(out: &mut Vec<u8>, caller: Option<Caller>) {
    let Some(Caller { process, start }) = caller else { return };
    push_name(out, "caller");
    out.push(b'"');
    push_number(out, process.into());
    out.push(b':');
    push_number(out, start);
    out.push(b'"');
}

#[inline(never)]
fn push_name(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// The directions that the lines of one use have counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CountedDirections {
    pub pull: bool,
    pub push: bool,
}

/// A line that was read: one request, or, in the summary, all uses of a token that were folded into it.
#[derive(Debug, Default, Deserialize)]
pub struct LogRecord {
    /// In seconds since the start of 1970; in the summary, the time of the last use.
    pub at: Option<i64>,
    /// The verb of the credential helper protocol; not in the summary.
    pub verb: Option<String>,
    /// The token's name at that time.
    pub token: Option<String>,
    /// The token's number, which another token may have in another vault.
    pub id: Option<u32>,
    /// The time at which the token was added to the vault. Together with its number it identifies the token.
    pub created: Option<i64>,
    pub registry: Option<String>,
    pub direction: Option<String>,
    /// The name of the client's program.
    pub client: Option<String>,
    /// The process that called, as `PID:START`, if the system names it.
    pub caller: Option<String>,
    pub outcome: Option<String>,
    /// For a line that continues the use of earlier lines: what these counted. It is not in the log.
    #[serde(skip)]
    pub continued: Option<CountedDirections>,
    /// In the summary: the number of uses.
    pub count: Option<u64>,
    /// In the summary: the time of the first use.
    pub first: Option<i64>,
    /// In the summary: the number of pulls.
    pub pulls: Option<u64>,
    /// In the summary: the number of pushes.
    pub pushes: Option<u64>,
    /// In the summary: the CRC-32 of the file that was folded last.
    pub folded: Option<u32>,
    /// In the summary: the size of that file, in bytes.
    pub bytes: Option<u64>,
}

impl LogRecord {
    /// True when a client requested a token and there was none.
    pub fn is_not_found(&self) -> bool {
        self.verb.as_deref() == Some("get")
            && self.outcome.as_deref() == Some(RequestOutcome::NotFound.word())
    }

    /// Returns the time of the request or of the last use; `None` when it is before 1970 or more than
    /// [`MAX_CLOCK_SKEW`] after now, because a clock was wrong.
    pub fn time(&self, now: Timestamp) -> Option<Timestamp> {
        self.at.filter(|at| is_past(*at, now)).map(|at| Timestamp(at).min(now))
    }

    /// Returns the time of the request or of the first use; `None` as for [`time`](Self::time).
    pub fn first_time(&self, now: Timestamp) -> Option<Timestamp> {
        self.first.or(self.at).filter(|at| is_past(*at, now)).map(Timestamp)
    }

    /// True when the request returned a token.
    pub fn is_given(&self) -> bool {
        self.outcome.as_deref() == Some(RequestOutcome::Given.word())
    }

    /// Returns the directions that the request is known to have.
    pub fn directions(&self) -> CountedDirections {
        let is_one_of =
            |words: [&str; 2]| self.direction.as_deref().is_some_and(|word| words.contains(&word));
        CountedDirections { pull: is_one_of(["pull", "both"]), push: is_one_of(["push", "both"]) }
    }

    /// Returns the use, or the uses, of the record; `None` when the request did not return a token. A line that
    /// continues a use counts only what the earlier lines did not.
    pub fn stats(&self, now: Timestamp) -> Option<UsageStats> {
        if self.count.is_none() && !self.is_given() {
            return None;
        }
        let (directions, counted) = (self.directions(), self.continued.unwrap_or_default());
        Some(UsageStats {
            count: self.count.unwrap_or_else(|| u64::from(self.continued.is_none())),
            first: self.first_time(now).unwrap_or(UsageStats::UNDATED_FIRST),
            last: self.time(now).unwrap_or(UsageStats::UNDATED_LAST),
            client: self.client.clone(),
            pulls: self.pulls.unwrap_or_else(|| u64::from(directions.pull && !counted.pull)),
            pushes: self.pushes.unwrap_or_else(|| u64::from(directions.push && !counted.push)),
        })
    }
}

fn is_past(at: i64, now: Timestamp) -> bool {
    (0..=now.0.saturating_add(MAX_CLOCK_SKEW)).contains(&at)
}

/// The number of lines that could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnreadLines {
    /// Lines of a later version of this program.
    pub other_version: u64,
    pub damaged: u64,
}

/// The reason why a line cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UnreadLine {
    OtherVersion,
    Damaged,
}

impl UnreadLines {
    /// Calls `visit` with each line of a file, and counts the lines that cannot be read.
    pub(super) fn visit_lines(&mut self, bytes: &[u8], visit: &mut dyn FnMut(LogRecord)) {
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match parse(line) {
                Ok(record) => visit(record),
                Err(UnreadLine::OtherVersion) => self.other_version += 1,
                Err(UnreadLine::Damaged) => self.damaged += 1,
            }
        }
    }
}

/// Parses a line. After a full disk, the beginning of a line may be followed by another line.
fn parse(line: &[u8]) -> Result<LogRecord, UnreadLine> {
    parse_complete(line).or_else(|_| parse_last(line))
}

/// Parses the last line that begins in an incomplete one.
#[cold]
fn parse_last(line: &[u8]) -> Result<LogRecord, UnreadLine> {
    let start = line.windows(START.len()).rposition(|part| part == START).ok_or(UnreadLine::Damaged)?;
    parse_complete(&line[start..])
}

fn parse_complete(line: &[u8]) -> Result<LogRecord, UnreadLine> {
    let rest = line.strip_prefix(START).filter(|_| line.len() <= MAX_BYTES).ok_or(UnreadLine::Damaged)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    match &rest[..digits] {
        b"1" => serde_json::from_slice(line).map_err(|_| UnreadLine::Damaged),
        b"" => Err(UnreadLine::Damaged),
        _ => Err(UnreadLine::OtherVersion),
    }
}

/// Returns the lines of a later version of this program.
pub(super) fn unknown_versions(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| parse(line).err() == Some(UnreadLine::OtherVersion))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000);

    /// Returns the registry of each line that can be read, and the number of the others.
    fn visit(text: &[u8]) -> (Vec<String>, UnreadLines) {
        let (mut found, mut unread) = (Vec::new(), UnreadLines::default());
        unread.visit_lines(text, &mut |record| found.push(record.registry.unwrap_or_default()));
        (found, unread)
    }

    #[test]
    fn a_line_that_was_written_is_read_without_passwords() {
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
            ("some words", None, None),
            ("localhost/app", Some("localhost"), Some("app")),
            ("registry:5000/app", Some("registry:5000"), Some("app")),
            ("canary", None, None),
            ("canary/canary", None, None),
            ("dckr_pat_abcdefghijkl.example.com/app", None, Some("app")),
            ("ghcr.io/acme/GHP_abcdefghijkl", Some("ghcr.io"), None),
            ("eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE4OTM0NTYwMDB9.c2ln", None, None),
        ] {
            let key = Key::parse(key).expect("a key");
            let line = LogEntry::new("get", Some(&key), RequestOutcome::NotFound);
            let bytes = line.to_line(
                NOW,
                Some("a\"b\n{\"version\":1}"),
                Some(Caller { process: 7, start: u64::MAX }),
            );
            let record = parse(bytes.strip_suffix(b"\n").expect("a line end")).expect("a line");
            let logged: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            assert_eq!((record.registry.as_deref(), logged["repository"].as_str()), (registry, repository));
            assert_eq!((record.at, record.is_not_found()), (Some(NOW.0), true));
            assert_eq!(record.client.as_deref(), Some("a\"b\n{\"version\":1}"));
            assert_eq!(record.caller.as_deref(), Some("7:18446744073709551615"));
            assert_eq!(record.stats(NOW), None);
        }
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let client = "字".repeat(MAX_TEXT_BYTES);
        let bytes =
            LogEntry::new("get", None, RequestOutcome::Failed).to_line(Timestamp(-1), Some(&client), None);
        let record = parse(bytes.trim_ascii_end()).expect("a line");
        assert_eq!(record.client, Some("字".repeat(MAX_TEXT_BYTES / 3)));
        assert_eq!((record.at, record.time(NOW)), (Some(-1), None));
    }

    #[test]
    fn lines_of_other_versions_and_damaged_lines_are_counted() {
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
            let (records, unread) = visit(text.as_bytes());
            assert_eq!((records.len(), unread), (found, UnreadLines { other_version, damaged }), "{text}");
        }
        let long = format!("{{\"version\":1,\"registry\":\"{}\"}}\n{good}", "x".repeat(MAX_BYTES));
        assert_eq!(
            visit(long.as_bytes()),
            (vec!["x".to_owned()], UnreadLines { other_version: 0, damaged: 1 })
        );
    }

    #[test]
    fn only_lines_of_other_versions_are_returned_as_such() {
        let bytes = b"{\"version\":2,\"a\":1}\nplain\n{\"version\":1}\n";
        assert_eq!(unknown_versions(bytes).collect::<Vec<_>>(), [b"{\"version\":2,\"a\":1}"]);
    }
}
