//! A secret: text that never shows itself and is wiped when it is dropped.

use std::{fmt, mem};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password or token. It has no `Clone`, `Display`, `Serialize` or `==`, so that it cannot get into an
/// error, a log or a second copy in memory.
pub struct Secret(SecretString);

impl Secret {
    /// Takes the text, without a copy if its capacity equals its length.
    pub fn new(mut text: Zeroizing<String>) -> Self {
        Self(SecretString::from(mem::take(&mut *text)))
    }

    /// Returns the text. Call it only at the point where the bytes leave the program.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// True when both texts are the same. Compares in constant time.
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
    fn debug_output_contains_no_part_of_a_secret() {
        assert_eq!(format!("{:?}", secret("canary")), "Secret(..)");
    }
}
