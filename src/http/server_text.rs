//! Makes the error texts of servers safe to show.

use zeroize::Zeroizing;

use crate::http::json_body::json;
use crate::system::sanitize::clean;

/// The longest text that is shown, in characters.
const MAX_LETTERS: usize = 200;

/// Removes the secrets that were sent from a text, makes the text safe for a terminal, and shortens it.
pub fn redact(mut text: Zeroizing<String>, sent: &[&str]) -> String {
    for secret in sent.iter().filter(|secret| !secret.is_empty()) {
        // The server may quote the request, with the secret escaped as in JSON.
        let quoted = json(secret);
        let to_text = |bytes| str::from_utf8(bytes).unwrap_or_default();
        let escaped = quoted.get(1..quoted.len().saturating_sub(1)).map_or("", to_text);
        for form in [escaped, secret].into_iter().filter(|form| !form.is_empty()) {
            text = Zeroizing::new(text.replace(form, "***"));
        }
    }
    let end = text.char_indices().nth(MAX_LETTERS).map(|(at, _)| at);
    end.map_or_else(|| clean(&text), |end| clean(&text[..end]) + "…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_text_is_cleaned_and_cut() {
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
    fn a_secret_is_masked_in_plain_and_in_json_form() {
        for (secret, text) in [
            ("canary", "no canary!"),
            ("can\"ary\\", "no can\"ary\\!"),
            ("can\"ary\\", r#"no {"password":"can\"ary\\"}"#),
            ("\"canary\"", r#"no {"password":"\"canary\""}"#),
        ] {
            let redacted = redact(Zeroizing::new(text.to_owned()), &["", secret]);
            assert!(redacted.contains("***") && !redacted.contains("can"), "{redacted}");
        }
    }
}
