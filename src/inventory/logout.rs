//! The effect of a logout on the tokens.

use crate::inventory::Inventory;
use crate::model::choice::Choice;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Origin, Token};
use crate::resolve::request::Request;
use crate::resolve::resolve;

/// The tokens that a logout removed and those that it kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LogoutReport {
    /// Logins.
    pub removed: Vec<Token>,
    /// The choices of these logins, which are gone too.
    pub removed_choices: Vec<(Name, Choice)>,
    /// Tokens that are signed out until they are put in use again: other accounts, and tokens that a person added.
    pub kept: Vec<Token>,
}

impl LogoutReport {
    /// True when nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.kept.is_empty()
    }
}

impl Inventory {
    /// Signs out of the address of a request. Removes the login that answers, logins that have expired and the sessions
    /// of Docker Hub, and signs out every other token there. For a key that is not an address, it removes or forgets
    /// what was stored under the key.
    ///
    /// Only tokens of the request's profile or Docker configuration folder are affected; without one, only those that
    /// belong to none.
    pub fn sign_out(&mut self, request: &Request<'_>, now: Timestamp) -> LogoutReport {
        let (key, profile) = (request.key, request.own_profile());
        let answer = resolve(request, &self.tokens, &self.choices, now).token.map(|token| token.id);
        let is_docker_hub = key.address().is_some_and(|address| address.registry().is_docker_hub());
        let mut report = LogoutReport::default();
        for token in self.tokens.iter_mut().filter(|token| token.profile.as_deref() == profile) {
            let is_login = token.origin == Origin::Store;
            match key.address() {
                _ if is_docker_hub && is_login && token.keys.iter().any(Key::is_session) => {
                    report.removed.push(token.clone());
                }
                None if is_login && token.has_key(key) => report.removed.push(token.clone()),
                None => token.keys.retain(|other| other != key),
                Some(address) if token.scopes.iter().any(|scope| scope.lies_within(address)) => {
                    if is_login && (Some(token.id) == answer || token.has_expired(now)) {
                        report.removed.push(token.clone());
                        continue;
                    }
                    let scope = Scope::from_address(address);
                    if !token.signed_out.iter().any(|out| out.includes(&scope)) {
                        // Docker signs out of a path and then of its host, and one report is enough.
                        let was_signed_out = token.is_signed_out();
                        token.signed_out.push(scope);
                        if !was_signed_out {
                            report.kept.push(token.clone());
                        }
                    }
                }
                Some(_) => {}
            }
        }
        for token in &report.removed {
            let choices = self.choices.iter().filter(|choice| choice.token == token.id);
            report.removed_choices.extend(choices.map(|choice| (token.name.clone(), choice.clone())));
            self.remove(token.id);
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{inventory, key, names};

    #[test]
    fn a_logout_removes_logins_and_keeps_the_tokens_of_a_person() {
        for (signed_out, remaining, kept) in [
            ("https://index.docker.io/v1/", &["mine", "other"][..], &["mine"][..]),
            ("docker.io", &["mine", "other"], &["mine"]),
            ("docker.io/acme", &["login", "mine", "other"], &[]),
            ("ghcr.io", &["login", "mine"], &[]),
            ("nowhere.example", &["login", "mine", "other"], &[]),
        ] {
            let mut inventory = inventory(&[
                ("login", "docker.io", Origin::Store),
                ("mine", "docker.io", Origin::Add),
                ("other", "ghcr.io", Origin::Store),
            ]);
            let key = key(signed_out);
            let request = Request::from_key(&key);
            let report = inventory.sign_out(&request, Timestamp(0));
            assert_eq!(names(&inventory), remaining, "{signed_out}");
            let kept_names: Vec<_> = report.kept.iter().map(|token| token.name.as_str()).collect();
            assert_eq!(kept_names, kept, "{signed_out}");
            assert!(inventory.sign_out(&request, Timestamp(0)).is_empty(), "twice: {signed_out}");
        }
    }
}
