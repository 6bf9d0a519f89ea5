//! The removal of everything that is for one registry, or for a part of it.

use crate::inventory::Inventory;
use crate::model::registry::{Address, Registry};
use crate::model::scope::Scope;
use crate::model::token::{Token, TokenKind};

/// The tokens that the removal of a registry affects, as they were before. A token may be in two lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct RegistryRemoval {
    /// Tokens that are for nothing else.
    pub removed: Vec<Token>,
    /// Tokens that are for other registries too, and lose their scopes there.
    pub narrowed: Vec<Token>,
    /// Tokens with a wildcard that includes the registry.
    pub signed_out: Vec<Token>,
    /// Tokens for more than the part of the registry, which stay as they are.
    pub kept: Vec<Token>,
}

impl RegistryRemoval {
    /// True when nothing changes.
    pub fn is_empty(&self) -> bool {
        self.removed.is_empty() && self.narrowed.is_empty() && self.signed_out.is_empty()
    }
}

impl Inventory {
    /// Removes everything at an address, of all profiles. If the address is a whole registry, no token answers a request
    /// for it afterwards.
    pub fn remove_registry(&mut self, address: &Address) -> RegistryRemoval {
        let mut removal = RegistryRemoval::default();
        for token in self.tokens.clone() {
            let is_there = |scope: &Scope| !scope.is_wildcard() && scope.lies_within(address);
            let rest: Vec<Scope> = token.scopes.iter().filter(|scope| !is_there(scope)).cloned().collect();
            let has_scopes_there = rest.len() < token.scopes.len();
            if has_scopes_there && rest.is_empty() || is_session_at(&token, address) {
                self.remove(token.id);
                removal.removed.push(token);
                continue;
            }
            let is_signed_out =
                rest.iter().any(|scope| scope.lies_within(address)) && self.sign_out_of(&token, address);
            if has_scopes_there {
                self.narrow(&token, &rest);
                removal.narrowed.push(token.clone());
            }
            let is_kept = rest.iter().any(|scope| {
                !scope.lies_within(address) && scope.covers(address.registry(), address.repository())
            });
            if is_signed_out || has_scopes_there {
                self.choices.retain(|choice| choice.token != token.id || !is_there(&choice.scope));
            }
            if is_kept {
                removal.kept.push(token.clone());
            }
            if is_signed_out {
                removal.signed_out.push(token);
            }
        }
        removal
    }

    /// Signs a token out of an address. Returns false when it is signed out already.
    fn sign_out_of(&mut self, token: &Token, address: &Address) -> bool {
        let scope = Scope::from_address(address);
        let is_new = !token.signed_out.iter().any(|out| out.includes(&scope));
        if is_new {
            self.update(token.id, |token| token.signed_out.push(scope));
        }
        is_new
    }

    /// Reduces a token to some of its scopes, and drops the keys, sign-outs and choices outside them.
    fn narrow(&mut self, token: &Token, rest: &[Scope]) {
        let is_reached = |registry: &Registry| rest.iter().any(|scope| scope.reaches(registry));
        self.update(token.id, |token| {
            token.scopes = rest.to_vec();
            token.keys.retain(|key| key.address().is_none_or(|address| is_reached(address.registry())));
            token.signed_out.retain(|out| out.registry().is_some_and(is_reached));
        });
        self.choices.retain(|choice| {
            choice.token != token.id || rest.iter().any(|scope| scope.overlaps(&choice.scope))
        });
    }
}

/// True for an entry of Docker Hub's device sign-in, when all of Docker Hub is removed.
fn is_session_at(token: &Token, address: &Address) -> bool {
    token.kind == TokenKind::Session && address.registry().is_docker_hub() && address.repository().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{incoming_token, inventory, key, names};
    use crate::model::choice::Choice;
    use crate::model::timestamp::Timestamp;
    use crate::model::token::Origin;
    use crate::model::token_id::TokenId;
    use crate::resolve::request::Request;
    use crate::resolve::resolve;

    fn address(text: &str) -> Address {
        Address::parse(text).expect(text)
    }

    fn token_names(tokens: &[Token]) -> Vec<&str> {
        tokens.iter().map(|token| token.name.as_str()).collect()
    }

    #[test]
    fn everything_at_an_address_is_removed_and_nothing_else() {
        type Names = &'static [&'static str];
        let rows: [(&str, [Names; 4]); 6] = [
            ("ghcr.io", [&["whole", "part"], &["two"], &[], &[]]),
            ("ghcr.io/acme", [&["part"], &[], &[], &["whole", "two"]]),
            ("ghcr.io/other", [&[], &[], &[], &["whole", "two"]]),
            ("team.pkg.coding.net", [&[], &["both"], &["wild", "both"], &[]]),
            ("quay.io", [&[], &["two"], &[], &[]]),
            ("nowhere.example", [&[], &[], &[], &[]]),
        ];
        for (text, want) in rows {
            let mut inventory = inventory(&[
                ("whole", "ghcr.io", Origin::Store),
                ("part", "ghcr.io/acme", Origin::Add),
                ("two", "ghcr.io", Origin::Add),
                ("wild", "*.pkg.coding.net", Origin::Add),
                ("both", "*.pkg.coding.net/shop", Origin::Add),
            ]);
            inventory.tokens[2].scopes.push(Scope::parse("quay.io").expect("a scope"));
            inventory.tokens[4].scopes.push(Scope::parse("team.pkg.coding.net").expect("a scope"));
            inventory.tokens[1].profile = Some("work".to_owned());
            let RegistryRemoval { removed, narrowed, signed_out, kept } =
                inventory.remove_registry(&address(text));
            let found = [&removed, &narrowed, &signed_out, &kept].map(|tokens| token_names(tokens));
            assert_eq!(found, want, "{text}");
            assert_eq!(inventory.tokens().len(), 5 - removed.len(), "{text}");
            assert!(inventory.remove_registry(&address(text)).is_empty(), "{text}, twice");
        }
    }

    #[test]
    fn no_request_for_a_removed_registry_gets_a_token() {
        let tokens = || {
            let mut inventory = inventory(&[
                ("login", "docker.io", Origin::Store),
                ("part", "docker.io/acme", Origin::Add),
                ("wild", "*.pkg.coding.net", Origin::Add),
                ("exact", "team.pkg.coding.net/shop", Origin::Import),
            ]);
            let session = "https://index.docker.io/v1/access-token";
            let incoming = incoming_token("session", "docker.io", Origin::Store);
            let id = inventory.add_with_free_name(incoming, Timestamp(0));
            let token = inventory.token_mut(id).expect("there");
            (token.kind, token.scopes, token.keys) = (TokenKind::Session, Vec::new(), vec![key(session)]);
            for (token, scope) in [(1, "docker.io"), (3, "team.pkg.coding.net"), (3, "*.pkg.coding.net")] {
                inventory.set_choice(Choice {
                    token: TokenId(token),
                    scope: Scope::parse(scope).expect(scope),
                    directory: None,
                    profile: None,
                    direction: None,
                });
            }
            inventory
        };
        for (registry, requests, choices) in [
            (
                "docker.io",
                &[
                    "docker.io",
                    "https://index.docker.io/v1/",
                    "docker.io/acme/app",
                    "https://index.docker.io/v1/access-token",
                ][..],
                2,
            ),
            ("team.pkg.coding.net", &["team.pkg.coding.net", "team.pkg.coding.net/shop/app"], 2),
        ] {
            let mut inventory = tokens();
            inventory.remove_registry(&address(registry));
            for request in requests {
                let key = key(request);
                let request = Request::from_key(&key);
                let verdict = resolve(&request, inventory.tokens(), inventory.choices(), Timestamp(0));
                assert_eq!(verdict.token, None, "{registry} {}", key.as_str());
            }
            assert_eq!(inventory.choices().len(), choices, "{registry}");
            assert!(names(&inventory).contains(&"wild"));
            let other = key("other.pkg.coding.net");
            let request = Request::from_key(&other);
            let verdict = resolve(&request, inventory.tokens(), inventory.choices(), Timestamp(0));
            assert!(verdict.token.is_some(), "{registry}: the wildcard answers elsewhere");
        }
    }
}
