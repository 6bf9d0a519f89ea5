//! Limits the texts in the answers of servers that are stored or listed: labels, names, IDs.

use serde::de::Error;
use serde::{Deserialize, Deserializer};

/// The longest such text, in bytes.
const MAX_BYTES: usize = 1024;

/// One or more texts.
pub trait Texts {
    /// Returns the length of the longest text, in bytes.
    fn longest(&self) -> usize;
}

impl Texts for String {
    fn longest(&self) -> usize {
        self.len()
    }
}

impl<T: Texts> Texts for Option<T> {
    fn longest(&self) -> usize {
        self.as_ref().map_or(0, T::longest)
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn longest(&self) -> usize {
        self.iter().map(T::longest).max().unwrap_or_default()
    }
}

/// Parses the value of a field; a text of more than 1 KiB is an error.
pub fn short_text<'de, D: Deserializer<'de>, T: Texts + Deserialize<'de>>(from: D) -> Result<T, D::Error> {
    let texts = T::deserialize(from)?;
    if texts.longest() <= MAX_BYTES { Ok(texts) } else { Err(D::Error::custom("a text is too long")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Answer {
        #[serde(deserialize_with = "short_text")]
        label: String,
        #[serde(default, deserialize_with = "short_text")]
        scopes: Option<Vec<String>>,
    }

    #[test]
    fn a_text_of_more_than_a_kibibyte_is_an_error() {
        for (label, scope, want) in [(1024, 1024, true), (1025, 1, false), (1, 1025, false)] {
            let (label, scope) = ("x".repeat(label), "x".repeat(scope));
            let json = serde_json::json!({ "label": label, "scopes": ["x", scope] }).to_string();
            assert_eq!(serde_json::from_str::<Answer>(&json).is_ok(), want);
        }
        let answer: Answer = serde_json::from_str(r#"{"label":"x"}"#).expect("it may be missing");
        assert_eq!((answer.label.as_str(), answer.scopes), ("x", None));
    }
}
