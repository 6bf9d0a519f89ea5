//! A secret: text that shows itself nowhere and is wiped when it is dropped.

use std::{fmt, mem};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password or token. It has no `Clone`, `Display`, `Serialize` or `==`, so it cannot slip into
/// an error, a log or a second place in memory.
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text over. A text whose capacity is its length is moved, not copied.
    pub fn new(mut text: Zeroizing<String>) -> Self {
        Self(SecretString::from(mem::take(&mut *text)))
    }

    /// Returns the text. Call it where the bytes leave the program, and nowhere earlier.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True when both hold the same text; takes the same time wherever they differ.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn only_equal_texts_are_the_same() {
        for (left, right, same) in [("a", "a", true), ("", "", true), ("a", "b", false), ("a", "aa", false)] {
            assert_eq!(secret(left).is_same_as(&secret(right)), same, "{left} {right}");
        }
    }

    #[test]
    fn nothing_of_it_shows_when_it_is_debugged() {
        assert_eq!(format!("{:?}", secret("canary")), "Secret(..)");
    }
}
