//! The tokens of an inventory by where they may go, for many look-ups in a row.

use crate::inventory::Inventory;
use crate::registry::Key;
use crate::registry::Registry;
use crate::token::Token;
use std::collections::HashMap;

/// The tokens of an inventory by where they may go, for many look-ups in a row.
pub struct Index<'i> {
    by_key: HashMap<&'i str, Vec<&'i Token>>,
    by_registry: HashMap<&'i Registry, Vec<&'i Token>>,
    wildcards: Vec<&'i Token>,
}

impl<'i> Index<'i> {
    /// Sorts the tokens of an inventory.
    #[must_use]
    pub fn of(inventory: &'i Inventory) -> Self {
        let mut index = Self {
            by_key: HashMap::new(),
            by_registry: HashMap::with_capacity(inventory.tokens().len()),
            wildcards: Vec::new(),
        };
        for token in inventory.tokens() {
            for key in token.keys.iter().filter(|key| key.address().is_none()) {
                index.by_key.entry(key.as_str()).or_default().push(token);
            }
            for scope in &token.scopes {
                match scope.registry() {
                    Some(registry) => index.by_registry.entry(registry).or_default().push(token),
                    None => index.wildcards.push(token),
                }
            }
        }
        index
    }

    /// Returns at least the tokens that [concern](Token::concerns) the key.
    pub fn concerning(&self, key: &Key) -> impl Iterator<Item = &'i Token> + Clone {
        let (by_key, by_registry) = match key.address() {
            Some(address) => (None, self.by_registry.get(address.registry())),
            None => (self.by_key.get(key.as_str()), None),
        };
        let wildcards = if key.address().is_some() { self.wildcards.as_slice() } else { &[] };
        by_key.into_iter().chain(by_registry).flatten().chain(wildcards).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::inventory;
    use crate::inventory::tests::key;
    use crate::token::Origin;
    use crate::token::TokenId;

    #[test]
    fn the_index_finds_whatever_concerns_a_key() {
        let mut inventory = inventory(&[
            ("a", "ghcr.io", Origin::Store),
            ("b", "ghcr.io/acme", Origin::Add),
            ("c", "*.coding.net", Origin::Add),
            ("d", "docker.io", Origin::Store),
        ]);
        inventory.remember_key(TokenId(4), &key("user@odd"));
        let index = Index::of(&inventory);
        for text in ["ghcr.io", "ghcr.io/acme/app", "x.coding.net", "docker.io", "user@odd", "none"] {
            let key = key(text);
            let wanted: Vec<_> = inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
            let found: Vec<_> = index.concerning(&key).filter(|token| token.concerns(&key)).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
