//! What a server says is wrong, as far as it may be shown.

use crate::text::clean;
use zeroize::Zeroizing;

/// The most that is shown of a server's words, in characters.
const MAX_WORDS: usize = 200;

/// Returns a server's words cut, safe for a terminal, and without any of the secrets that it was sent.
pub(super) fn shown(mut text: Zeroizing<String>, sent: &[&str]) -> String {
    for secret in sent.iter().filter(|secret| !secret.is_empty()) {
        text = Zeroizing::new(text.replace(secret, "***"));
    }
    let cut: Zeroizing<String> = Zeroizing::new(text.chars().take(MAX_WORDS).collect());
    clean(&cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_and_nothing_that_steers_shows_in_a_servers_words() {
        for (text, want) in [
            ("plain", "plain".to_owned()),
            ("pw is hunter2, hunter2", "pw is ***, ***".to_owned()),
            ("\u{1b}[31mred", "\\u{1b}[31mred".to_owned()),
            (&"x".repeat(1000), "x".repeat(200)),
            (&format!("{}hunter2", "x".repeat(195)), format!("{}***", "x".repeat(195))),
        ] {
            assert_eq!(shown(Zeroizing::new(text.to_owned()), &["hunter2", ""]), want);
        }
    }
}
