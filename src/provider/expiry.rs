//! Reads the expiry that a secret names. Nothing is verified, so only the date is used.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::model::timestamp::Timestamp;

/// The longest text to decode, in bytes; cloud tokens have a few KiB.
const MAX_ENCODED_BYTES: usize = 64 * 1024;

/// Plausible dates, in seconds since 1970: from the year 2001 to the end of 9999.
const PLAUSIBLE: RangeInclusive<i64> = 1_000_000_000..=253_402_300_799;

/// Borrows from the decoded text, so that the parser makes no copy.
#[derive(Deserialize)]
struct Dates<'a> {
    #[serde(borrow)]
    exp: Option<&'a RawValue>,
    #[serde(borrow)]
    expiration: Option<&'a RawValue>,
}

/// True when a secret has the form of a JSON Web Token: <https://www.rfc-editor.org/rfc/rfc7519#section-3>.
pub fn is_jwt(secret: &str) -> bool {
    // `{"` in base64.
    secret.starts_with("eyJ") && payload(secret).is_some()
}

/// Returns the expiry of a JSON Web Token, with or without a provider's prefix:
/// <https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4>.
pub fn jwt_expiry(secret: &str) -> Option<Timestamp> {
    parse_seconds(dates(&jwt_claims(secret)?)?.exp?)
}

/// Returns the payload of a JSON Web Token, which is JSON. It is not verified.
pub fn jwt_claims(token: &str) -> Option<Zeroizing<Vec<u8>>> {
    decode(&URL_SAFE_NO_PAD, payload(token)?)
}

/// Returns the expiry of an Amazon ECR password, which is JSON in base64. That format is not documented;
/// a password in another one has no expiry.
pub fn ecr_expiry(secret: &str) -> Option<Timestamp> {
    let json = decode(&STANDARD, secret)?;
    parse_seconds(dates(&json)?.expiration?)
}

/// Returns the second of the three parts.
fn payload(secret: &str) -> Option<&str> {
    let mut parts = secret.split('.');
    let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let is_encoded = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    (parts.next().is_none() && [header, payload, signature].into_iter().all(is_encoded)).then_some(payload)
}

fn decode(engine: &GeneralPurpose, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    if text.len() > MAX_ENCODED_BYTES {
        return None;
    }
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(text.len())]);
    let length = engine.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    Some(bytes)
}

fn dates(json: &[u8]) -> Option<Dates<'_>> {
    // Serde would also take an array of two.
    json.trim_ascii_start().starts_with(b"{").then(|| serde_json::from_slice(json).ok())?
}

/// Reads a number of seconds without its fraction; an exponent is not accepted.
fn parse_seconds(number: &RawValue) -> Option<Timestamp> {
    let (seconds, fraction) = number.get().split_once('.').unwrap_or((number.get(), ""));
    let seconds = seconds.parse().ok()?;
    let is_plain = fraction.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && PLAUSIBLE.contains(&seconds)).then_some(Timestamp(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes a JSON Web Token with this payload.
    fn jwt(payload: &str) -> String {
        let [header, payload] = [r#"{"alg":"HS256"}"#, payload].map(encode);
        format!("{header}.{payload}.c2lnbmF0dXJl")
    }

    fn encode(text: &str) -> String {
        let mut encoded = vec![0; text.len() * 2 + 4];
        let length = URL_SAFE_NO_PAD.encode_slice(text, &mut encoded).expect("room");
        String::from_utf8(encoded[..length].to_vec()).expect("ASCII")
    }

    #[test]
    fn the_expiry_of_a_json_web_token_is_read() {
        for (payload, want) in [
            (r#"{"exp":1893456000}"#, Some(1_893_456_000)),
            (r#" {"sub":"a\"b","exp" : 1893456000 ,"x":[{"exp":1}]}"#, Some(1_893_456_000)),
            (r#"{"exp":1893456000.75}"#, Some(1_893_456_000)),
            (r#"{"sub":"alice"}"#, None),
            (r#"{"exp":null}"#, None),
            (r#"{"exp":"1893456000"}"#, None),
            (r#"{"exp":1893456000000}"#, None), // milliseconds
            (r#"{"exp":1.893456e9}"#, None),
            (r#"{"exp":1893456000.5e3}"#, None),
            (r#"{"exp":12}"#, None),
            (r#"{"exp":1600000000}"#, Some(1_600_000_000)), // the past
            (r#"{"exp":9223372036854775807}"#, None),       // the year 292,277,026,596
            (r#"{"exp":-9223372036854775808}"#, None),
            (r#"{"exp":"2030-01-01T00:00:00Z"}"#, None),
            (r#"{"exp":[1893456000]}"#, None),
            (r#"{"exp":-1893456000}"#, None),
            (r#"{"exp":1e999}"#, None),
            (r#"{"exp":99999999999999999999}"#, None),
            (r#"{"exp":1893456000,"exp":1893456001}"#, None),
            (r#"{"expiration":1893456000}"#, None),
            ("[1893456000,1893456000]", None),
            (r#"{"exp":1893456000} x"#, None),
            ("1893456000", None),
            ("", None),
        ] {
            assert_eq!(jwt_expiry(&jwt(payload)), want.map(Timestamp), "{payload}");
        }
    }

    #[test]
    fn a_text_of_another_form_has_no_expiry() {
        let whole = jwt(r#"{"exp":1893456000}"#);
        let (two_parts, _) = whole.rsplit_once('.').expect("a dot");
        for secret in [
            "",
            "..",
            "a.b.c",
            "garbage",
            two_parts,
            &format!("{whole}.x"),
            &whole.replace('.', ""),
            &whole.replacen("ey", "e!", 1),
            &format!("{two_parts}."),
            &format!("{whole}="),
            "glpat-Zm9vYmFy.01.0z1a2b3c4",
            "eyJhbGciOiJIUzI1NiJ9.\u{e9}\u{e9}.c2ln",
        ] {
            assert_eq!(jwt_expiry(secret), None, "{secret}");
        }
        let prefixed = format!("glcbt-{whole}");
        assert_eq!((is_jwt(&prefixed), jwt_expiry(&prefixed)), (false, Some(Timestamp(1_893_456_000))));
    }

    #[test]
    fn a_token_of_a_megabyte_is_not_decoded() {
        let filler = "x".repeat(1024 * 1024);
        let secret = jwt(&format!(r#"{{"exp":1893456000,"x":"{filler}"}}"#));
        assert_eq!((is_jwt(&secret), jwt_expiry(&secret)), (true, None));
        assert_eq!(ecr_expiry(&"A".repeat(1024 * 1024)), None);
    }

    #[test]
    fn the_expiry_of_an_ecr_password_is_read() {
        for (json, want) in [
            (r#"{"payload":"r9D8+x==","version":"2","type":"DATA_KEY","expiration":1893456000}"#, true),
            (r#"{"payload":"r9D8+x==","exp":1893456000}"#, false),
        ] {
            let mut secret = encode(json).replace('-', "+").replace('_', "/");
            while !secret.len().is_multiple_of(4) {
                secret.push('=');
            }
            assert_eq!(ecr_expiry(&secret), want.then_some(Timestamp(1_893_456_000)), "{json}");
        }
        assert_eq!(ecr_expiry("not base64"), None);
    }
}
