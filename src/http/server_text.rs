//! What a server says is wrong, as far as it may be shown.

use zeroize::Zeroizing;

use crate::http::json_body::json;
use crate::system::sanitize::clean;

/// The most that is shown of a server's words, in characters.
const MAX_WORDS: usize = 200;

/// Returns a server's words cut, safe for a terminal, and without any of the secrets that it was sent.
pub fn redact(mut text: Zeroizing<String>, sent: &[&str]) -> String {
    for secret in sent.iter().filter(|secret| !secret.is_empty()) {
        // It may repeat the request as it came.
        let quoted = json(secret);
        let text_of = |bytes| str::from_utf8(bytes).unwrap_or_default();
        let as_sent = quoted.get(1..quoted.len().saturating_sub(1)).map_or("", text_of);
        for form in [as_sent, secret].into_iter().filter(|form| !form.is_empty()) {
            text = Zeroizing::new(text.replace(form, "***"));
        }
    }
    let end = text.char_indices().nth(MAX_WORDS).map(|(at, _)| at);
    end.map_or_else(|| clean(&text), |end| clean(&text[..end]) + "…")
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
            (&"x".repeat(1000), "x".repeat(200) + "…"),
            (&format!("{}hunter2", "x".repeat(195)), format!("{}***", "x".repeat(195))),
        ] {
            assert_eq!(redact(Zeroizing::new(text.to_owned()), &["hunter2", ""]), want);
        }
    }

    #[test]
    fn no_secret_shows_in_what_a_server_repeats() {
        for (secret, told) in [
            ("canary", "no canary!"),
            ("can\"ary\\", "no can\"ary\\!"),
            ("can\"ary\\", r#"no {"password":"can\"ary\\"}"#),
            ("\"canary\"", r#"no {"password":"\"canary\""}"#),
        ] {
            let shown = redact(Zeroizing::new(told.to_owned()), &["", secret]);
            assert!(shown.contains("***") && !shown.contains("can"), "{shown}");
        }
    }
}
