//! Reads the requests and writes the answers of Docker's credential helper protocol:
//! <https://github.com/docker/docker-credential-helpers#development>.

use std::io;
use std::io::Write;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::Hint;
use crate::model::registry::{Key, KeyError};
use crate::model::secret::Secret;
use crate::system::limited_read::InputError;
use crate::system::sanitize::write_json;
use crate::system::secret_json::{JsonStringError, unescape, write_exact};

/// The answer that makes a client continue without credentials. Clients compare the whole text:
/// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>
pub const NOT_FOUND: &str = "credentials not found in native keychain";

/// A login, byte for byte as the client sent it.
#[derive(Debug)]
pub struct Credentials {
    pub key: Key,
    /// Wiped, since some registries accept the token as the user name.
    pub user: Zeroizing<String>,
    pub secret: Secret,
}

/// A request or an answer that does not follow the protocol.
#[derive(Debug, Error)]
pub enum WireError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("the request is not valid UTF-8")]
    NotUtf8,
    /// The message of the JSON parser is dropped: it could quote a secret.
    #[error("the request is not one JSON object with ServerURL, Username and Secret")]
    NotCredentials,
    #[error("the request holds a \\u escape that is not a character")]
    LoneSurrogate,
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Docker compares the whole text:
    /// <https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go>
    #[error("no credentials username")]
    NoUser,
    #[error("no credentials secret")]
    NoSecret,
}

/// Parses the input of `get` and `erase`.
pub fn parse_key(input: &[u8]) -> Result<Key, WireError> {
    let text = str::from_utf8(input).map_err(|_| WireError::NotUtf8)?;
    Ok(Key::parse(text)?)
}

/// The raw JSON values, borrowed from the input so that the parser does not copy the secret.
#[derive(Deserialize)]
struct RawCredentials<'a> {
    #[serde(rename = "ServerURL", borrow)]
    server_url: Option<&'a RawValue>,
    #[serde(rename = "Username", borrow)]
    username: Option<&'a RawValue>,
    #[serde(rename = "Secret", borrow)]
    secret: Option<&'a RawValue>,
}

/// Parses the input of `store`. Unknown names are ignored. A name that occurs twice is refused, since either value
/// could be the intended one.
pub fn parse_credentials(input: &[u8]) -> Result<Credentials, WireError> {
    let raw = RawCredentials::parse(input)?;
    let key = Key::parse(&unescape(raw.server_url.ok_or(KeyError::Empty)?)?)?;
    raw.credentials(key)
}

/// Parses another helper's answer to `get`. The key comes from the request; the one in the answer is ignored.
pub fn parse_answer(input: &[u8], key: Key) -> Result<Credentials, WireError> {
    RawCredentials::parse(input)?.credentials(key)
}

impl<'a> RawCredentials<'a> {
    fn parse(input: &'a [u8]) -> Result<Self, WireError> {
        let text = str::from_utf8(input).map_err(|_| WireError::NotUtf8)?;
        // Serde would also accept an array of three values.
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

impl From<JsonStringError> for WireError {
    fn from(error: JsonStringError) -> Self {
        match error {
            JsonStringError::NotAString => Self::NotCredentials,
            JsonStringError::LoneSurrogate => Self::LoneSurrogate,
        }
    }
}

/// Writes the answer to `get`.
pub fn write_credentials(out: impl Write, key: &Key, user: &str, secret: &Secret) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct CredentialsAnswer<'a> {
        #[serde(rename = "ServerURL")]
        server_url: &'a str,
        username: &'a str,
        secret: &'a str,
    }
    write_whole(out, &CredentialsAnswer { server_url: key.as_str(), username: user, secret: secret.expose() })
}

/// Writes the answer to `list`. Each pair is a key and its user name.
pub fn write_list(out: impl Write, users: &[(&str, &str)]) -> io::Result<()> {
    struct ListAnswer<'a>(&'a [(&'a str, &'a str)]);
    impl Serialize for ListAnswer<'_> {
        fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
            out.collect_map(self.0.iter().copied())
        }
    }
    write_whole(out, &ListAnswer(users))
}

/// Writes an answer and a line feed from one wiped buffer of their exact size, in one write. What a terminal would act
/// on is escaped, which is the same JSON: a person may run `get` and `list` too.
fn write_whole(mut out: impl Write, answer: &impl Serialize) -> io::Result<()> {
    let bytes = write_exact(|out| {
        write_json(&mut *out, answer)?;
        out.write_all(b"\n")
    })?;
    out.write_all(&bytes)?;
    out.flush()
}

impl Hint for WireError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(json: &str) -> Result<(String, String, String), String> {
        let credentials = parse_credentials(json.as_bytes()).map_err(|error| error.to_string())?;
        let Credentials { key, user, secret } = credentials;
        Ok((key.as_str().to_owned(), user.to_string(), secret.expose().to_owned()))
    }

    fn strings(key: &str, user: &str, secret: &str) -> (String, String, String) {
        (key.to_owned(), user.to_owned(), secret.to_owned())
    }

    #[test]
    fn credentials_are_parsed_byte_for_byte() {
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
            assert_eq!(parse(json), Ok(want), "{json}");
        }
    }

    #[test]
    fn malformed_requests_are_refused_without_quoting_them() {
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
                "the request holds a \\u escape that is not a character",
            ),
            (
                r#"{"ServerURL":"h","Username":"u","Secret":"\uD83D\u0041"}"#,
                "the request holds a \\u escape that is not a character",
            ),
            (
                r#"{"ServerURL":"h","Username":"u","Secret":"\uDE00"}"#,
                "the request holds a \\u escape that is not a character",
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
            assert_eq!(parse(json), Err(want.to_owned()), "{json}");
        }
        assert!(matches!(parse_credentials(b"\xff"), Err(WireError::NotUtf8)));
        assert!(matches!(parse_key(b"\xff"), Err(WireError::NotUtf8)));
    }

    #[test]
    fn an_answer_has_no_character_that_a_terminal_acts_on() {
        let text = "a\u{9b}31m\u{202e}\u{7f}\u{1b}\u{e0041}\"é字";
        let secret = Secret::new(Zeroizing::new(text.to_owned()));
        let (mut credentials, mut list) = (Vec::new(), Vec::new());
        write_credentials(&mut credentials, &Key::parse("ghcr.io").expect("a key"), text, &secret)
            .expect("memory");
        write_list(&mut list, &[("ghcr.io", text)]).expect("memory");
        let escaped = r#""a\u009b31m\u202e\u007f\u001b\udb40\udc41\"é字""#;
        for (answer, want) in [
            (credentials, format!(r#"{{"ServerURL":"ghcr.io","Username":{escaped},"Secret":{escaped}}}"#)),
            (list, format!(r#"{{"ghcr.io":{escaped}}}"#)),
        ] {
            assert_eq!(String::from_utf8(answer).expect("text"), want + "\n");
        }
        assert_eq!(serde_json::from_str::<String>(escaped).expect("JSON"), text);
    }

    proptest! {
        #[test]
        fn written_credentials_parse_to_the_same_value(user in ".+", secret in any::<String>()) {
            let secret = Secret::new(Zeroizing::new(secret));
            let mut json = Vec::new();
            write_credentials(&mut json, &Key::parse("ghcr.io").expect("a key"), &user, &secret).expect("memory");
            let back = parse_credentials(&json).expect("our own JSON");
            prop_assert!(back.secret.is_same_as(&secret));
            prop_assert_eq!(&*back.user, &user);
        }

        #[test]
        fn no_input_makes_the_parser_panic(input in any::<Vec<u8>>()) {
            let _ = parse_credentials(&input);
            let _ = parse_key(&input);
        }
    }
}
