//! An index of tokens by registry and key, for many lookups in a row.

use crate::inventory::Inventory;
use crate::model::registry::{Key, Registry};
use crate::model::token::Token;

/// An index of an inventory's tokens.
pub struct Index<'i> {
    /// Sorted by key; only keys that are not addresses.
    by_key: Vec<(&'i str, &'i Token)>,
    /// Sorted by registry.
    by_registry: Vec<(&'i Registry, &'i Token)>,
    wildcards: Vec<&'i Token>,
}

impl<'i> Index<'i> {
    pub fn new(inventory: &'i Inventory) -> Self {
        let mut by_key = Vec::new();
        let mut by_registry = Vec::with_capacity(inventory.tokens().len());
        let mut wildcards = Vec::new();
        for token in inventory.tokens() {
            let verbatim = token.keys.iter().filter(|key| key.address().is_none());
            by_key.extend(verbatim.map(|key| (key.as_str(), token)));
            for scope in &token.scopes {
                match scope.registry() {
                    Some(registry) => by_registry.push((registry, token)),
                    None => wildcards.push(token),
                }
            }
        }
        by_key.sort_by_key(|(key, _)| *key);
        by_registry.sort_by_key(|(registry, _)| *registry);
        Self { by_key, by_registry, wildcards }
    }

    /// Returns the tokens for Docker Hub if the key is one of its sessions, which belong to an account there.
    fn account_of(&self, key: &Key) -> &[(&'i Registry, &'i Token)] {
        let is_docker_hub = |(registry, _): &&(&Registry, &Token)| registry.is_docker_hub();
        let first = self.by_registry.iter().find(is_docker_hub).filter(|_| key.is_session());
        first.map_or(&[], |(registry, _)| find_equal(&self.by_registry, registry))
    }

    /// Returns at least the tokens that [concern](Token::concerns) the key. A token occurs once for each of
    /// its scopes there.
    pub fn concerning<'s>(&'s self, key: &'s Key) -> impl Iterator<Item = &'i Token> + Clone + use<'i, 's> {
        let (by_key, by_registry, wildcards) = match key.address() {
            Some(address) => {
                (&[][..], find_equal(&self.by_registry, &address.registry()), &self.wildcards[..])
            }
            None => (find_equal(&self.by_key, &key.as_str()), self.account_of(key), &[][..]),
        };
        let by_key = by_key.iter().map(|(_, token)| *token);
        by_key.chain(by_registry.iter().map(|(_, token)| *token)).chain(wildcards.iter().copied())
    }
}

/// Returns the pairs with this key, out of sorted pairs.
fn find_equal<'s, K: Ord, V>(pairs: &'s [(K, V)], wanted: &K) -> &'s [(K, V)] {
    let start = pairs.partition_point(|(key, _)| key < wanted);
    let length = pairs[start..].partition_point(|(key, _)| key <= wanted);
    &pairs[start..start + length]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{inventory, key};
    use crate::model::token::Origin;
    use crate::model::token_id::TokenId;

    #[test]
    fn the_index_finds_all_tokens_that_concern_a_key() {
        let mut inventory = inventory(&[
            ("a", "ghcr.io", Origin::Store),
            ("b", "ghcr.io/acme", Origin::Add),
            ("c", "*.coding.net", Origin::Add),
            ("d", "docker.io", Origin::Store),
        ]);
        inventory.remember_key(TokenId(4), &key("user@odd"));
        let index = Index::new(&inventory);
        for text in ["ghcr.io", "ghcr.io/acme/app", "x.coding.net", "docker.io", "user@odd", "none"] {
            let key = key(text);
            let wanted: Vec<_> = inventory.tokens().iter().filter(|token| token.concerns(&key)).collect();
            let found: Vec<_> = index.concerning(&key).filter(|token| token.concerns(&key)).collect();
            assert_eq!(found, wanted, "{text}");
        }
    }
}
