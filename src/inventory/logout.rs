//! What a logout does to the tokens.

use crate::inventory::Inventory;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::token::Origin;
use crate::model::token_id::TokenId;

/// What signing out did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LogoutReport {
    /// Tokens that came by a login and are gone.
    pub removed: Vec<TokenId>,
    /// Tokens that a person brought; kept, and not given out until they are put in use again.
    pub kept: Vec<Name>,
}

impl Inventory {
    /// Signs a registry out, or what was stored under a key that is none: tokens that came by a login go,
    /// tokens that a person brought are kept and rest, at this address. A profile signs out what is its
    /// own, and what is no profile's is signed out without one.
    pub fn sign_out(&mut self, key: &Key, profile: Option<&str>) -> LogoutReport {
        let mut out = LogoutReport::default();
        for token in self.tokens.iter_mut().filter(|token| token.profile.as_deref() == profile) {
            let address =
                key.address().filter(|address| token.scopes.iter().any(|scope| scope.lies_within(address)));
            match (address, token.origin) {
                (Some(_), Origin::Store) => out.removed.push(token.id),
                (None, Origin::Store) if token.has_key(key) => out.removed.push(token.id),
                (Some(address), Origin::Add | Origin::Import) => {
                    let place = Scope::from_address(address);
                    if !token.signed_out.iter().any(|out| out.includes(&place)) {
                        token.signed_out.push(place);
                        out.kept.push(token.name.clone());
                    }
                }
                (None, Origin::Add | Origin::Import) => token.keys.retain(|held| held != key),
                (None, Origin::Store) => {}
            }
        }
        for id in &out.removed {
            self.remove(*id);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{inventory, key, names};

    #[test]
    fn signing_out_removes_what_a_login_brought_and_keeps_what_a_person_brought() {
        for (signed_out, left, kept) in [
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
            let out = inventory.sign_out(&key(signed_out), None);
            assert_eq!(names(&inventory), left, "{signed_out}");
            assert_eq!(out.kept.iter().map(Name::as_str).collect::<Vec<_>>(), kept, "{signed_out}");
            assert_eq!(
                inventory.sign_out(&key(signed_out), None),
                LogoutReport::default(),
                "twice: {signed_out}"
            );
        }
    }
}
