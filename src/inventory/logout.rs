//! What a logout does to the tokens.

use crate::inventory::Inventory;
use crate::name::Name;
use crate::registry::Address;
use crate::registry::Key;
use crate::scope::Scope;
use crate::token::Origin;
use crate::token::Token;
use crate::token::TokenId;

/// What signing out did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct SignedOut {
    /// Tokens that came by a login and are gone.
    pub removed: Vec<TokenId>,
    /// Tokens that a person brought; kept, and not given out until they are put in use again.
    pub kept: Vec<Name>,
}

impl Inventory {
    /// Signs out what a `get` for the key could answer with: tokens that came by a login go, tokens
    /// that a person brought are kept and rest, at this address. A profile signs out its own logins and
    /// nothing else, and they are left alone without it.
    pub fn sign_out(&mut self, key: &Key, profile: Option<&str>) -> SignedOut {
        match (profile, key.address()) {
            (Some(profile), Some(address)) => self.sign_out_profile(address, profile),
            (None, _) | (_, None) => self.sign_out_key(key),
        }
    }

    fn sign_out_profile(&mut self, address: &Address, profile: &str) -> SignedOut {
        let ended = self.take_back(|choice| {
            choice.is_of_login()
                && choice.profile.as_deref() == Some(profile)
                && choice.scope.lies_within(address)
        });
        let is_over = |token: &&Token| {
            token.is_for_profiles()
                && ended.iter().any(|choice| choice.token == token.id)
                && !self.has_login_elsewhere(token.id)
        };
        let removed: Vec<TokenId> = self.tokens.iter().filter(is_over).map(|token| token.id).collect();
        for id in &removed {
            self.remove(*id);
        }
        SignedOut { removed, kept: Vec::new() }
    }

    fn sign_out_key(&mut self, key: &Key) -> SignedOut {
        let mut out = SignedOut::default();
        let shared: Vec<TokenId> =
            self.choices.iter().filter(|choice| choice.is_of_login()).map(|choice| choice.token).collect();
        for token in self.tokens.iter_mut().filter(|token| !token.is_for_profiles()) {
            let address =
                key.address().filter(|address| token.scopes.iter().any(|scope| scope.lies_within(address)));
            match (address, token.origin) {
                // From now on it is that profile's alone.
                (Some(_), Origin::Store) if shared.contains(&token.id) => token.in_use = None,
                (Some(_), Origin::Store) => out.removed.push(token.id),
                (None, Origin::Store) if token.holds(key) => out.removed.push(token.id),
                (Some(address), Origin::Add | Origin::Import) => {
                    let place = Scope::at(address);
                    if !token.signed_out.iter().any(|out| out.includes(&place)) {
                        token.signed_out.push(place);
                        out.kept.push(token.name.clone());
                    }
                }
                (None, Origin::Add | Origin::Import) => token.keys.retain(|held| held != key),
                (None, Origin::Store) => {}
            }
        }
        out.removed.iter().for_each(|id| self.remove(*id));
        out
    }

    fn has_login_elsewhere(&self, id: TokenId) -> bool {
        self.choices.iter().any(|choice| choice.token == id && choice.is_of_login())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::inventory;
    use crate::inventory::tests::key;
    use crate::inventory::tests::names;

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
            inventory.log_in(TokenId(1), &key("docker.io"), None);
            inventory.log_in(TokenId(3), &key("ghcr.io"), None);
            let out = inventory.sign_out(&key(signed_out), None);
            assert_eq!(names(&inventory), left, "{signed_out}");
            assert_eq!(out.kept.iter().map(Name::as_str).collect::<Vec<_>>(), kept, "{signed_out}");
            assert_eq!(
                inventory.sign_out(&key(signed_out), None),
                SignedOut::default(),
                "twice: {signed_out}"
            );
        }
    }
}
