//! The name of a token, which a person can type on a command line.

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

use crate::model::hint::Hint;

/// The longest name of a token, in bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// The name of a token, unique in a vault.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Reads a name. It must not be empty, begin with `-`, have blanks around it or contain a control
    /// character.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.trim().is_empty() {
            return Err(NameError::Empty);
        }
        if text.len() > MAX_NAME_BYTES {
            return Err(NameError::TooLong);
        }
        if text.starts_with('-') || text.trim() != text || text.contains(char::is_control) {
            return Err(NameError::Unfit(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads a name as a person types it. It is normalized, so that two spellings of the same letters are one
    /// name (<https://www.unicode.org/reports/tr15/>), and must not contain invisible characters.
    pub fn parse_typed(text: &str) -> Result<Self, NameError> {
        let name = Self::parse(&text.nfc().collect::<String>())?;
        if name.0.contains(is_invisible) || name.0.contains(is_variation_selector) {
            Err(NameError::Unfit(text.to_owned()))
        } else {
            Ok(name)
        }
    }

    /// Makes a name from any texts. A person can [type](Self::parse_typed) it, because every character that is
    /// invisible or special to a shell becomes `-`.
    pub fn suggest(user: &str, registry: &str) -> Self {
        let clean = |text: &str| -> String {
            let mut part = String::new();
            for letter in text.nfc() {
                if part.len() + letter.len_utf8() > MAX_NAME_BYTES / 3 {
                    break;
                }
                let is_kept =
                    letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '+' | ':' | '/' | '@');
                // Some alphanumeric characters are blank.
                part.push(if is_kept && !is_invisible(letter) { letter } else { '-' });
            }
            part.trim_matches('-').to_owned()
        };
        match (clean(user), clean(registry)) {
            (user, registry) if user.is_empty() && registry.is_empty() => Self("token".to_owned()),
            (user, registry) if user.is_empty() => Self(registry),
            (user, registry) if registry.is_empty() => Self(user),
            (user, registry) => Self(format!("{user}@{registry}")),
        }
    }

    /// Returns the name with a number appended, such as `ci-2`.
    #[must_use]
    pub fn numbered(&self, number: usize) -> Self {
        Self(format!("{}-{number}", self.0))
    }

    /// Returns the name for a shell, in quotes if it needs them.
    pub fn as_argument(&self) -> Cow<'_, str> {
        quoted(&self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// True for the name of a profile, which is also a part of a program's name.
pub fn is_profile(text: &str) -> bool {
    const MAX_BYTES: usize = 64;
    let is_fit = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let is_dots = text.chars().all(|letter| letter == '.');
    !is_dots && text.len() <= MAX_BYTES && text.chars().all(is_fit)
}

/// Returns a text for a shell, in quotes if it needs them.
pub fn quoted(text: &str) -> Cow<'_, str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-+:/@".contains(letter);
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("'{}'", text.replace('\'', "'\\''")))
}

/// True for blank characters and for marks of direction, width and joining, which could make two texts look the
/// same: <https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing>,
/// <https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point>.
pub fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}')
        || matches!(letter, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}')
        || matches!(letter, '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// True for a variation selector, which only changes the shape of the character before it.
fn is_variation_selector(letter: char) -> bool {
    matches!(letter, '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// The reason why a text is not a name.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum NameError {
    #[error("a token's name is empty")]
    Empty,
    #[error("a token's name has at most {MAX_NAME_BYTES} bytes")]
    TooLong,
    /// The name looks like an option, or contains an invisible character.
    #[error(
        "{0:?} is not a valid name: it may not begin with \"-\", begin or end with a space, or contain invisible \
         characters"
    )]
    Unfit(String),
}

impl Hint for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_command_line_cannot_take_is_refused() {
        for text in ["ci", "alice@ghcr.io", "дом", "a b"] {
            assert_eq!(Name::parse(text).expect(text).as_str(), text);
        }
        assert_eq!(Name::parse(" "), Err(NameError::Empty));
        assert_eq!(Name::parse(&"x".repeat(201)), Err(NameError::TooLong));
        for text in ["-x", " x", "x ", "a\nb", "a\x1b[0m"] {
            assert_eq!(Name::parse(text), Err(NameError::Unfit(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn typed_names_are_normalized_and_visible() {
        for (one, other) in
            [("caf\u{e9}", "cafe\u{301}"), ("\u{c5}", "\u{212b}"), ("\u{ac00}", "\u{1100}\u{1161}")]
        {
            assert_eq!(Name::parse_typed(one), Name::parse_typed(other));
        }
        for text in ["a\u{200b}b", "\u{202e}ab", "a\u{feff}"] {
            assert_eq!(Name::parse_typed(text), Err(NameError::Unfit(text.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn a_name_is_quoted_if_a_shell_needs_it() {
        for (name, want) in
            [("alice@ghcr.io", "alice@ghcr.io"), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("$x", "'$x'")]
        {
            assert_eq!(Name::parse(name).expect(name).as_argument(), want);
        }
    }

    #[test]
    fn a_suggested_name_can_be_typed() {
        for (user, registry, want) in [
            ("alice", "ghcr.io", "alice@ghcr.io"),
            ("robot$ci", "[::1]:5000", "robot-ci@::1-:5000"),
            ("<token>", "docker.io", "token@docker.io"),
            ("a\nb\0", "h", "a-b@h"),
            ("", "h", "h"),
            ("$$", "--", "token"),
            ("a\u{3164}b\u{115f}", "h", "a-b@h"),
        ] {
            let name = Name::suggest(user, registry);
            assert_eq!(name.as_str(), want, "{user}");
            assert_eq!(Name::parse_typed(name.as_str()), Ok(name), "{user}");
        }
        let long = Name::suggest(&"字".repeat(500), &"x".repeat(500)).numbered(1000);
        assert!(Name::parse(long.as_str()).is_ok(), "{long}");
    }
}
