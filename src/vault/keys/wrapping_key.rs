//! The text form of a wrapping key, for a store of secrets that this program cannot write to: a password manager, a
//! mounted file.
//!
//! The vault's key is wrapped with it, so the vault's key can be renewed while the wrapping key stays.

use zeroize::Zeroizing;

use crate::vault::seal::{KEY_BYTES, VaultKey};

/// The first characters of the text; the number is the version of its format. The key follows, each byte as
/// two hexadecimal digits, and a line end.
const PREFIX: &str = "docker-credential-pat-key-1-";

/// The size of the text in bytes, including the line end.
const TEXT_BYTES: usize = PREFIX.len() + 2 * KEY_BYTES + 1;

/// Formats a key.
pub fn to_text(key: &VaultKey) -> Zeroizing<String> {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES));
    text.push_str(PREFIX);
    for byte in key.expose() {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text.push('\n');
    text
}

/// Parses a key; blanks and line ends around it are ignored.
pub fn from_text(text: &[u8]) -> Option<VaultKey> {
    let digits = text.trim_ascii().strip_prefix(PREFIX.as_bytes())?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let half = |digit: u8| char::from(digit).to_digit(16).and_then(|half| u8::try_from(half).ok());
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if pairs.len() != KEY_BYTES {
        return None;
    }
    for (byte, [high, low]) in key.iter_mut().zip(pairs) {
        *byte = half(*high)? << 4 | half(*low)?;
    }
    VaultKey::from_bytes(key.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_the_text_of_a_key_returns_the_key() {
        let key = VaultKey::from_bytes(&(0..=255).step_by(8).collect::<Vec<u8>>()).expect("32 bytes");
        let text = to_text(&key);
        assert_eq!(text.len(), TEXT_BYTES);
        assert_eq!(from_text(text.as_bytes()).expect("the key").expose(), key.expose());
        let upper_case = text.to_uppercase().replace(&PREFIX.to_uppercase(), PREFIX);
        for same in [upper_case, format!(" {}\r\n", text.trim())] {
            assert_eq!(from_text(same.as_bytes()).expect("the key").expose(), key.expose(), "{same}");
        }
    }

    #[test]
    fn parsing_any_other_text_returns_none() {
        let good = to_text(&VaultKey::from_bytes(&[0xab; KEY_BYTES]).expect("32 bytes"));
        let good = good.trim();
        for bad in [
            "",
            PREFIX,
            "secret",
            &good[1..],
            &good[..good.len() - 1],
            &format!("{good}0"),
            &good.replacen('b', "g", 1),
            &good.replace("-1-", "-2-"),
        ] {
            assert!(from_text(bad.as_bytes()).is_none(), "{bad}");
        }
    }
}
