//! Compares a token that a service has made with the request for it.

use crate::model::listing::list;
use crate::model::secret::Secret;
use crate::model::timestamp::Timestamp;

/// The longest secret of a new token, in bytes.
const MAX_SECRET_BYTES: usize = 16 * 1024;

/// The expiry that a service reports for a token that it has made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssuedExpiry {
    At(Timestamp),
    Never,
    Unreported,
}

/// A scope of a token at a service.
pub trait GrantedScope {
    /// True when everything that the other permission allows is also allowed by this one.
    fn includes(&self, other: &Self) -> bool;

    /// Returns the words for people.
    fn description(&self) -> String;
}

/// Returns the reason why a new secret is not kept. One that is not printable ASCII could not be sent
/// or shown.
pub fn unfit_secret(secret: &Secret) -> Option<&'static str> {
    let text = secret.expose();
    let is_printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    match text.len() {
        0 => Some("without a secret"),
        length if length > MAX_SECRET_BYTES => Some("with a secret of more than 16 KiB"),
        _ => (!is_printable).then_some("with a secret that is not printable ASCII"),
    }
}

/// Returns the words for what a new token has beyond the request, such as `with more permissions than requested:
/// pull and push, and without an expiry`; `None` when it may do no more and lasts no longer, and has not expired.
pub fn excess<G: GrantedScope>(
    granted: &[G],
    requested: &[G],
    issued: IssuedExpiry,
    wanted: Option<Timestamp>,
    now: Timestamp,
) -> Option<String> {
    let is_requested = |grant: &&G| requested.iter().any(|wanted| wanted.includes(grant));
    let more: Vec<_> = granted.iter().filter(|grant| !is_requested(grant)).map(G::description).collect();
    let mut wrong = Vec::new();
    if !more.is_empty() {
        wrong.push(format!("with more permissions than requested: {}", list(&more)));
    }
    match (wanted, issued) {
        (Some(_), IssuedExpiry::Never) => wrong.push("without an expiry".to_owned()),
        (Some(wanted), IssuedExpiry::At(expires)) if expires > wanted => {
            wrong.push(format!("with a later expiry than requested: {expires}"));
        }
        (_, IssuedExpiry::At(expires)) if expires <= now && wanted.is_none_or(|wanted| wanted > now) => {
            wrong.push(format!("with an expiry in the past: {expires}"));
        }
        _ => {}
    }
    (!wrong.is_empty()).then(|| wrong.join(", and "))
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;

    #[test]
    fn a_new_secret_is_printable_ascii_within_its_limit() {
        let longest = "x".repeat(MAX_SECRET_BYTES);
        for (text, want) in [
            ("dckr_pat_x", None),
            (" ~", None),
            (longest.as_str(), None),
            (&format!("{longest}x"), Some("with a secret of more than 16 KiB")),
            ("", Some("without a secret")),
            ("a\nb", Some("with a secret that is not printable ASCII")),
            ("a\u{7f}", Some("with a secret that is not printable ASCII")),
            ("é", Some("with a secret that is not printable ASCII")),
        ] {
            assert_eq!(unfit_secret(&Secret::new(Zeroizing::new(text.to_owned()))), want, "{}", text.len());
        }
    }
}
