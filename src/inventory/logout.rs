//! The effect of a logout on the tokens.

use crate::inventory::Inventory;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::Origin;
use crate::model::token_id::TokenId;

/// The tokens that a logout removed and those that it kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LogoutReport {
    /// Tokens that came by a login.
    pub removed: Vec<TokenId>,
    /// Tokens that a person added or imported. They are signed out until they are put in use again.
    pub kept: Vec<Name>,
}

impl Inventory {
    /// Signs out of a key's address: removes the tokens that came by a login, and signs out the tokens that a
    /// person added or imported. For a key that is not an address, it removes or forgets what was stored
    /// under the key. Only tokens of this profile are affected; `None` affects those without one.
    pub fn sign_out(&mut self, key: &Key, profile: Option<&str>) -> LogoutReport {
        let mut report = LogoutReport::default();
        for token in self.tokens.iter_mut().filter(|token| token.profile.as_deref() == profile) {
            let address =
                key.address().filter(|address| token.scopes.iter().any(|scope| scope.lies_within(address)));
            match (address, token.origin) {
                (Some(_), Origin::Store) => report.removed.push(token.id),
                (None, Origin::Store) if token.has_key(key) => report.removed.push(token.id),
                (Some(address), Origin::Add | Origin::Import) => {
                    let scope = Scope::from_address(address);
                    if !token.signed_out.iter().any(|out| out.includes(&scope)) {
                        token.signed_out.push(scope);
                        report.kept.push(token.name.clone());
                    }
                }
                (None, Origin::Add | Origin::Import) => token.keys.retain(|other| other != key),
                (None, Origin::Store) => {}
            }
        }
        for id in &report.removed {
            self.remove(*id);
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
            let report = inventory.sign_out(&key(signed_out), None);
            assert_eq!(names(&inventory), remaining, "{signed_out}");
            assert_eq!(report.kept.iter().map(Name::as_str).collect::<Vec<_>>(), kept, "{signed_out}");
            assert_eq!(
                inventory.sign_out(&key(signed_out), None),
                LogoutReport::default(),
                "twice: {signed_out}"
            );
        }
    }
}
