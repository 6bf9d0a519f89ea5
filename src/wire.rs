//! Docker's credential helper protocol: what comes in on stdin and what goes out on stdout.
//!
//! The protocol: <https://github.com/docker/docker-credential-helpers#development>.

use crate::model::registry::Key;
use crate::model::registry::KeyError;
use crate::model::secret::Secret;
use serde::Deserialize;
use serde::Serialize;
use serde::Serializer;
use serde_json::value::RawValue;
use std::io;
use std::io::Read;
use std::io::Write;
use thiserror::Error;
use zeroize::Zeroizing;

/// The most that is taken on stdin, in bytes. The largest real secrets are cloud keys of some KiB.
pub const MAX_INPUT_BYTES: usize = 4 * 1024 * 1024;

/// How much beyond that is read and thrown away, so that a client that still writes is not cut off.
const MAX_DRAINED_BYTES: u64 = 64 * 1024 * 1024;

/// The first size of the buffer for stdin: it holds any ordinary request.
const FIRST_BUFFER_BYTES: usize = 1024;

/// The answer that means "go on without credentials". Clients compare it whole:
/// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>
pub const NOT_FOUND: &str = "credentials not found in native keychain";

/// What a client asks to keep.
#[derive(Debug)]
pub struct Credentials {
    /// Where it is for.
    pub key: Key,
    /// The user name, byte for byte. Wiped when dropped, since some registries take the token for it.
    pub user: Zeroizing<String>,
    /// The secret, byte for byte.
    pub secret: Secret,
}

/// Why a request cannot be taken.
#[derive(Debug, Error)]
pub enum WireError {
    /// stdin could not be read.
    #[error("cannot read the request")]
    Read(#[source] io::Error),
    /// More than [`MAX_INPUT_BYTES`].
    #[error("the request is larger than {} MiB", MAX_INPUT_BYTES / 1024 / 1024)]
    TooLarge,
    /// Not UTF-8.
    #[error("the request is not valid UTF-8")]
    NotUtf8,
    /// Not one JSON object of the protocol's shape. The parser's own words could quote a secret.
    #[error("the request is not one JSON object with ServerURL, Username and Secret")]
    NotCredentials,
    /// Half of a surrogate pair, which is no character.
    #[error("the request holds a \\u escape that is no character")]
    LoneSurrogate,
    /// The key is missing or unfit.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Docker compares this text whole:
    /// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>
    #[error("no credentials username")]
    NoUser,
    /// There is no `Secret`.
    #[error("no credentials secret")]
    NoSecret,
}

/// Reads all of stdin into memory that is wiped.
///
/// # Errors
/// When it cannot be read or is larger than [`MAX_INPUT_BYTES`].
pub fn read_input(mut input: impl Read) -> Result<Zeroizing<Vec<u8>>, WireError> {
    let mut bytes = Zeroizing::new(vec![0; FIRST_BUFFER_BYTES]);
    let mut length = 0;
    loop {
        if length == bytes.len() {
            // A growing `Vec` may leave what it held behind; this leaves nothing.
            let mut larger = Zeroizing::new(vec![0; (length * 4).min(MAX_INPUT_BYTES + 1)]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
        match input.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(WireError::Read(error)),
        }
        if length > MAX_INPUT_BYTES {
            drop(bytes);
            return Err(drain(input));
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Reads what is too much and throws it away.
#[cold]
#[inline(never)]
fn drain(input: impl Read) -> WireError {
    match io::copy(&mut input.take(MAX_DRAINED_BYTES), &mut io::sink()) {
        Ok(_) => WireError::TooLarge,
        Err(error) => WireError::Read(error),
    }
}

/// Reads the key that `get` and `erase` are given.
///
/// # Errors
/// When it is no UTF-8 or no [`Key`].
pub fn parse_key(input: &[u8]) -> Result<Key, WireError> {
    let text = str::from_utf8(input).map_err(|_| WireError::NotUtf8)?;
    Ok(Key::parse(text)?)
}

/// Borrows from stdin, so that the parser makes no copy of the secret.
#[derive(Deserialize)]
struct Stored<'a> {
    #[serde(rename = "ServerURL", borrow)]
    server_url: Option<&'a RawValue>,
    #[serde(rename = "Username", borrow)]
    username: Option<&'a RawValue>,
    #[serde(rename = "Secret", borrow)]
    secret: Option<&'a RawValue>,
}

/// Reads the credentials that `store` is given. Unknown names are passed over; one that is there
/// twice is refused, since it would be a guess which of the two is meant.
///
/// # Errors
/// When they are not the JSON object of the protocol.
pub fn parse_credentials(input: &[u8]) -> Result<Credentials, WireError> {
    let stored = Stored::parse(input)?;
    let key = match stored.server_url {
        Some(raw) => Key::parse(&unescape(raw)?)?,
        None => return Err(KeyError::Empty.into()),
    };
    stored.credentials(key)
}

/// Reads what a helper answers to `get`. It is for the key that was asked, whatever the answer says.
///
/// # Errors
/// When it is not the JSON object of the protocol.
pub fn parse_answer(input: &[u8], key: Key) -> Result<Credentials, WireError> {
    Stored::parse(input)?.credentials(key)
}

impl<'a> Stored<'a> {
    fn parse(input: &'a [u8]) -> Result<Self, WireError> {
        let text = str::from_utf8(input).map_err(|_| WireError::NotUtf8)?;
        // An array of three would do for serde.
        if !text.trim_start().starts_with('{') {
            return Err(WireError::NotCredentials);
        }
        serde_json::from_str(text).map_err(|_| WireError::NotCredentials)
    }

    fn credentials(self, key: Key) -> Result<Credentials, WireError> {
        let user = unescape(self.username.ok_or(WireError::NoUser)?)?;
        if user.is_empty() {
            return Err(WireError::NoUser);
        }
        let secret = Secret::new(unescape(self.secret.ok_or(WireError::NoSecret)?)?);
        Ok(Credentials { key, user, secret })
    }
}

/// Turns a JSON string into its text, in a buffer of exactly its size, so that none is left behind.
///
/// # Errors
/// When it is no string.
pub fn unescape(raw: &RawValue) -> Result<Zeroizing<String>, WireError> {
    let quoted = raw.get().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let quoted = quoted.ok_or(WireError::NotCredentials)?;
    let mut length = 0;
    for_each_piece(quoted, |piece| length += piece.len())?;
    let mut text = Zeroizing::new(String::with_capacity(length));
    for_each_piece(quoted, |piece| text.push_str(piece))?;
    Ok(text)
}

/// Walks over the inside of a JSON string (<https://www.rfc-editor.org/rfc/rfc8259#section-7>).
fn for_each_piece(mut rest: &str, mut visit: impl FnMut(&str)) -> Result<(), WireError> {
    while let Some((plain, escape)) = rest.split_once('\\') {
        visit(plain);
        let letter = escape.chars().next().ok_or(WireError::NotCredentials)?;
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
            _ => return Err(WireError::NotCredentials),
        }
    }
    visit(rest);
    Ok(())
}

/// Reads the four digits of a `\u` escape.
fn code_unit(text: &str) -> Result<(u16, &str), WireError> {
    let (digits, rest) = text.split_at_checked(4).ok_or(WireError::NotCredentials)?;
    let unit = u16::from_str_radix(digits, 16).map_err(|_| WireError::NotCredentials)?;
    Ok((unit, rest))
}

/// Returns the character that a unit stands for, alone or with the escape after it.
fn character(unit: u16, rest: &str) -> Result<(char, &str), WireError> {
    if let Some(character) = char::from_u32(unit.into()) {
        return Ok((character, rest));
    }
    let (low, rest) = code_unit(rest.strip_prefix("\\u").ok_or(WireError::LoneSurrogate)?)?;
    match char::decode_utf16([unit, low]).next() {
        Some(Ok(character)) => Ok((character, rest)),
        Some(Err(_)) | None => Err(WireError::LoneSurrogate),
    }
}

/// Writes the answer to `get`.
///
/// # Errors
/// When it cannot be written whole.
pub fn write_credentials(out: impl Write, key: &Key, user: &str, secret: &Secret) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Answer<'a> {
        #[serde(rename = "ServerURL")]
        server_url: &'a str,
        username: &'a str,
        secret: &'a str,
    }
    write_whole(out, &Answer { server_url: key.as_str(), username: user, secret: secret.expose() })
}

/// Writes the answer to `list`: each key with its user name.
///
/// # Errors
/// When it cannot be written whole.
pub fn write_list(out: impl Write, users: &[(&str, &str)]) -> io::Result<()> {
    struct Answer<'a>(&'a [(&'a str, &'a str)]);
    impl Serialize for Answer<'_> {
        fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            out.collect_map(self.0.iter().copied())
        }
    }
    write_whole(out, &Answer(users))
}

/// Sizes the answer, makes it in one buffer of that size, and hands it on in one write.
fn write_whole(mut out: impl Write, answer: &impl Serialize) -> io::Result<()> {
    let mut size = Size(0);
    serde_json::to_writer(&mut size, answer)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.0 + 1));
    serde_json::to_writer(&mut *bytes, answer)?;
    bytes.push(b'\n');
    out.write_all(&bytes)?;
    out.flush()
}

/// Makes a text twice: to size it, then in one buffer of that size, which is wiped.
///
/// # Errors
/// When `write` fails.
pub fn exact(write: impl Fn(&mut dyn Write) -> io::Result<()>) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut size = Size(0);
    write(&mut size)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.0));
    write(&mut *bytes)?;
    Ok(bytes)
}

/// Counts what is written to it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stored(json: &str) -> Result<(String, String, String), String> {
        let credentials = parse_credentials(json.as_bytes()).map_err(|error| error.to_string())?;
        let Credentials { key, user, secret } = credentials;
        Ok((key.as_str().to_owned(), user.to_string(), secret.expose().to_owned()))
    }

    fn strings(key: &str, user: &str, secret: &str) -> (String, String, String) {
        (key.to_owned(), user.to_owned(), secret.to_owned())
    }

    #[test]
    fn what_clients_store_is_read_byte_for_byte() {
        for (json, want) in [
            (r#"{"ServerURL":"h","Username":"u","Secret":"s"}"#, strings("h", "u", "s")),
            ("{\"Secret\":\"s\",\r\n \"Username\" : \"u\",\t\"ServerURL\":\"h\"}\n", strings("h", "u", "s")),
            (r#"{"ServerURL":"h","Username":"u","Secret":"\u003ca\u0026\u003e"}"#, strings("h", "u", "<a&>")),
            (
                r#"{"ServerURL":"h","Username":"\u0000","Secret":"\\\"\/\b\f\n\r\t"}"#,
                strings("h", "\0", "\\\"/\u{8}\u{c}\n\r\t"),
            ),
            (r#"{"ServerURL":"h","Username":"\uD83D\uDE00","Secret":"é字😀"}"#, strings("h", "😀", "é字😀")),
            (r#"{"ServerURL":"h","Username":"u","Secret":"","Extra":{"a":[1]}}"#, strings("h", "u", "")),
        ] {
            assert_eq!(stored(json), Ok(want), "{json}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused_without_quoting_it() {
        let shape = "the request is not one JSON object with ServerURL, Username and Secret";
        for (json, want) in [
            ("", shape),
            (" \n", shape),
            ("null", shape),
            ("[]", shape),
            (r#"["h","u","canary"]"#, shape),
            (r#"{"ServerURL":"h","Username":"u","Secret":"canary""#, shape),
            (r#"{"ServerURL":"h","Username":"u","Secret":"canary"} x"#, shape),
            (r#"{"ServerURL":"h","Username":"u","Secret":["canary"]}"#, shape),
            (r#"{"ServerURL":"h","Username":1,"Secret":"canary"}"#, shape),
            (r#"{"ServerURL":"h","Username":"u","Secret":"a","Secret":"canary"}"#, shape),
            ("\u{feff}{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"canary\"}", shape),
            ("{\"ServerURL\":\"h\",\"Username\":\"u\",\"Secret\":\"can\nary\"}", shape),
            (r#"{"ServerURL":"h","Username":"u","Secret":"canary\x"}"#, shape),
            (r#"{"ServerURL":"h","Username":"u","Secret":"canary\u00g0"}"#, shape),
            (
                r#"{"ServerURL":"h","Username":"u","Secret":"\uD83Dcanary"}"#,
                "the request holds a \\u escape that is no character",
            ),
            (
                r#"{"ServerURL":"h","Username":"u","Secret":"\uD83D\u0041"}"#,
                "the request holds a \\u escape that is no character",
            ),
            (
                r#"{"ServerURL":"h","Username":"u","Secret":"\uDE00"}"#,
                "the request holds a \\u escape that is no character",
            ),
            (r#"{"Username":"u","Secret":"canary"}"#, "no credentials server URL"),
            (r#"{"ServerURL":null,"Username":"u","Secret":"canary"}"#, "no credentials server URL"),
            (r#"{"ServerURL":"","Username":"u","Secret":"canary"}"#, "no credentials server URL"),
            (r#"{"ServerURL":"h","Secret":"canary"}"#, "no credentials username"),
            (r#"{"ServerURL":"h","Username":"","Secret":"canary"}"#, "no credentials username"),
            (r#"{"ServerURL":"h","Username":"u"}"#, "no credentials secret"),
            (
                r#"{"ServerURL":"h\u0007","Username":"u","Secret":"canary"}"#,
                "the server URL holds a control character",
            ),
        ] {
            assert_eq!(stored(json), Err(want.to_owned()), "{json}");
        }
        assert!(matches!(parse_credentials(b"\xff"), Err(WireError::NotUtf8)));
        assert!(matches!(parse_key(b"\xff"), Err(WireError::NotUtf8)));
    }

    #[test]
    fn input_is_taken_up_to_its_limit_and_no_further() {
        for length in [0, 1, FIRST_BUFFER_BYTES, FIRST_BUFFER_BYTES + 1, MAX_INPUT_BYTES] {
            assert_eq!(read_input(io::repeat(b'x').take(length as u64)).expect("it fits").len(), length);
        }
        let mut larger = io::repeat(b'x').take(MAX_INPUT_BYTES as u64 + 100);
        assert!(matches!(read_input(&mut larger), Err(WireError::TooLarge)));
        assert_eq!(larger.limit(), 0, "the rest is read as well");
        assert!(matches!(read_input(io::repeat(b'x')), Err(WireError::TooLarge)), "endless input ends");
    }

    proptest! {
        #[test]
        fn an_answer_comes_back_as_it_was_stored(user in ".+", secret in any::<String>()) {
            let secret = Secret::new(Zeroizing::new(secret));
            let mut json = Vec::new();
            write_credentials(&mut json, &Key::parse("ghcr.io").expect("a key"), &user, &secret).expect("memory");
            let back = parse_credentials(&json).expect("our own JSON");
            prop_assert!(back.secret.is_same_as(&secret));
            prop_assert_eq!(&*back.user, &user);
        }

        #[test]
        fn no_input_makes_it_panic(input in any::<Vec<u8>>()) {
            let _ = parse_credentials(&input);
            let _ = parse_key(&input);
        }
    }
}
