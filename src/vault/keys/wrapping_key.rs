//! A spare key in text, for what keeps the secrets of others: a password manager, a mounted file.
//!
//! It is not the vault's key but wraps it, so the vault's key can be renewed where this one cannot be
//! written to.

use zeroize::Zeroizing;

use crate::vault::seal::{KEY_BYTES, VaultKey};

/// How the text begins; its format's version is the number. The key follows, each byte as two hexadecimal
/// digits, and a line end.
const HEAD: &str = "docker-credential-pat-key-1-";

/// The size of the text in bytes, with its line end.
const TEXT_BYTES: usize = HEAD.len() + 2 * KEY_BYTES + 1;

/// Returns the text of a key.
pub fn to_text(key: &VaultKey) -> Zeroizing<String> {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    let mut text = Zeroizing::new(String::with_capacity(TEXT_BYTES));
    text.push_str(HEAD);
    for byte in key.expose() {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text.push('\n');
    text
}

/// Reads the text of a key; blanks and line ends around it do not count.
pub fn from_text(text: &[u8]) -> Option<VaultKey> {
    let digits = text.trim_ascii().strip_prefix(HEAD.as_bytes())?;
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
    fn a_key_comes_back_from_its_text() {
        let key = VaultKey::from_bytes(&(0..=255).step_by(8).collect::<Vec<u8>>()).expect("32 bytes");
        let text = to_text(&key);
        assert_eq!(text.len(), TEXT_BYTES);
        assert_eq!(from_text(text.as_bytes()).expect("the key").expose(), key.expose());
        assert_eq!(
            from_text(text.to_uppercase().replace(&HEAD.to_uppercase(), HEAD).as_bytes())
                .expect("the key")
                .expose(),
            key.expose()
        );
        assert_eq!(
            from_text(format!(" {}\r\n", text.trim()).as_bytes()).expect("the key").expose(),
            key.expose()
        );
    }

    #[test]
    fn what_is_no_key_is_none() {
        let good = to_text(&VaultKey::from_bytes(&[0xab; KEY_BYTES]).expect("32 bytes"));
        let good = good.trim();
        for bad in [
            "",
            HEAD,
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
