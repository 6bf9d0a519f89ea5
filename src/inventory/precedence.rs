//! Puts a new token in use where that takes nothing away from another one.

use crate::inventory::Inventory;
use crate::inventory::in_use::key_within;
use crate::inventory::index::Index;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::{Request, RequestSource, Sourced};
use crate::resolve::resolve;

/// The directions that a request may have.
const DIRECTIONS: [Option<Direction>; 4] =
    [None, Some(Direction::Pull), Some(Direction::Push), Some(Direction::Delete)];

/// A token that stays in use beside a new one, because it may do more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WiderToken {
    pub name: Name,
    /// The requests for which it stays in use.
    pub scope: Scope,
}

/// Puts a token that was just added in use, unless another token would lose requests that the new one may not be able
/// to answer. Returns these other tokens, as far as a scope of theirs overlaps one of the new token.
///
/// A token that may only pull what is public is never put in use: nothing shows whether an image is public.
pub fn use_without_loss(inventory: &mut Inventory, id: TokenId, now: Timestamp) -> Vec<WiderToken> {
    let Some(new) = inventory.find(id).cloned() else { return Vec::new() };
    let keys = keys_of(&new, inventory);
    let before = answers(inventory, &keys, now);
    let mut used = inventory.clone();
    used.use_everywhere(id);
    let after = answers(&used, &keys, now);
    let lost: Vec<(&Token, &Key)> = before
        .into_iter()
        .zip(after)
        .filter(|((_, before), (_, after))| before != after && *after == Some(id))
        .filter_map(|((key, before), _)| Some((inventory.find(before?)?, key)))
        .filter(|(other, key)| is_loss(other, &new, key))
        .collect();
    let mut wider: Vec<WiderToken> = Vec::new();
    for (other, key) in &lost {
        let is_near = |scope: &Scope| new.scopes.iter().any(|own| own.overlaps(scope));
        if let Some(scope) = key.address().map(Scope::from_address)
            && other.scopes.iter().any(is_near)
            && wider.iter().all(|known| known.name != other.name)
        {
            wider.push(WiderToken { name: other.name.clone(), scope });
        }
    }
    if lost.is_empty() && !new.scopes.is_empty() && !new.is_public_only() {
        *inventory = used;
    }
    wider
}

/// True when the new token may not be able to answer a request in the place of the other one.
fn is_loss(other: &Token, new: &Token, key: &Key) -> bool {
    let may_more = |direction| other.may_allow(direction) && !new.may_allow(direction);
    let is_whole_registry = key.address().is_some_and(|address| address.repository().is_none());
    let is_included = |scope: &Scope| new.scopes.iter().any(|own| own.includes(scope));
    let mut here = other
        .scopes
        .iter()
        .filter(|scope| key.address().is_some_and(|address| scope.reaches(address.registry())));
    new.is_public_only() && !other.is_public_only()
        || [Direction::Pull, Direction::Push, Direction::Delete].into_iter().any(may_more)
        || (is_whole_registry && here.any(|scope| !is_included(scope)))
}

/// Returns the keys of the requests that a token may take from another one.
fn keys_of(new: &Token, inventory: &Inventory) -> Vec<Key> {
    let stored = inventory.keys();
    let stored = stored.iter().map(|key| Key::clone(key)).filter(|key| {
        let scope = key.address().map(Scope::from_address);
        scope.is_some_and(|scope| new.scopes.iter().any(|own| own.overlaps(&scope)))
    });
    let scopes = inventory.tokens().iter().flat_map(|token| &token.scopes);
    let within = scopes.filter(|scope| new.scopes.iter().any(|own| own.overlaps(scope)));
    let mut keys: Vec<Key> = stored.chain(within.filter_map(key_within)).collect();
    keys.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    keys.dedup_by(|one, other| one.as_str() == other.as_str());
    keys
}

/// Returns the token that answers a request for each key in each direction.
fn answers<'k>(inventory: &Inventory, keys: &'k [Key], now: Timestamp) -> Vec<(&'k Key, Option<TokenId>)> {
    let index = Index::new(inventory);
    let answer = |key: &'k Key, direction: Option<Direction>| {
        let direction = direction.map(|value| Sourced { value, from: RequestSource::Key });
        let request = Request { direction, ..Request::from_key(key) };
        let verdict = resolve(&request, index.concerning(key), inventory.choices(), now);
        (key, verdict.token.map(|token| token.id))
    };
    keys.iter().flat_map(|key| DIRECTIONS.map(|direction| answer(key, direction))).collect()
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::inventory::IncomingToken;
    use crate::inventory::tests::incoming_token;
    use crate::model::token::{Origin, Permissions};

    /// Adds a token with its scope and permissions: `r`, `w`, `d`, `p` for what is public, or `?` for unknown ones.
    fn add(inventory: &mut Inventory, name: &str, (scope, allowed): (&str, &str)) -> TokenId {
        let may = |verb| allowed.contains(verb);
        let known = Permissions {
            pull: may('r') || may('p'),
            push: may('w'),
            delete: may('d'),
            public_only: may('p'),
        };
        let permissions = (allowed != "?").then_some(known);
        let incoming = IncomingToken { permissions, ..incoming_token(name, scope, Origin::Add) };
        inventory.add_with_free_name(incoming, Timestamp(0))
    }

    #[test]
    fn a_new_token_is_put_in_use_where_no_other_one_loses_requests() {
        // The token here, the new one, the scope where the other one stays in use, and whether the new one is used.
        for (here, new, stays_at, is_used) in [
            (("docker.io", "rw"), ("docker.io", "rw"), None, true),
            (("docker.io", "rw"), ("docker.io", "r"), Some("docker.io"), false),
            (("docker.io", "rwd"), ("docker.io", "rw"), Some("docker.io"), false),
            (("docker.io", "?"), ("docker.io", "rw"), Some("docker.io"), false),
            (("docker.io", "r"), ("docker.io", "rw"), None, true),
            (("docker.io", "rw"), ("docker.io", "?"), None, true),
            (("docker.io", "rw"), ("docker.io/acme/app", "r"), Some("docker.io/acme/app"), false),
            // Its images get it in any case, and others do not.
            (("docker.io", "rw"), ("docker.io/acme/app", "rw"), None, true),
            (("*.hub.example", "rw"), ("eu.hub.example", "rw"), None, true),
            (("eu.hub.example", "rw"), ("*.hub.example", "r"), None, true),
            // Requests that name no image would change. Of unknown direction, they get the token put in use last.
            (("docker.io", "r"), ("docker.io/acme/app", "r"), Some("docker.io"), false),
            (("docker.io/acme", "r"), ("docker.io/acme/app", "r"), Some("docker.io"), false),
            (("docker.io/acme/base", "r"), ("docker.io/acme/app", "r"), None, false),
            (("docker.io/acme/app", "r"), ("docker.io/acme", "rw"), None, true),
            (("ghcr.io", "rwd"), ("docker.io", "r"), None, true),
            (("docker.io", "r"), ("docker.io", "p"), Some("docker.io"), false),
            (("docker.io/acme", "r"), ("docker.io", "p"), Some("docker.io"), false),
            (("docker.io", "p"), ("docker.io", "r"), None, true),
            (("docker.io", "p"), ("docker.io", "p"), None, false),
            (("ghcr.io", "r"), ("docker.io", "p"), None, false),
        ] {
            let mut inventory = Inventory::default();
            let old = add(&mut inventory, "old", here);
            inventory.use_everywhere(old);
            let id = add(&mut inventory, "new", new);
            let wider = use_without_loss(&mut inventory, id, Timestamp(0));
            let used = inventory.find(id).is_some_and(|token| token.in_use.is_some());
            let wider: Vec<_> = wider.iter().map(|other| other.scope.to_string()).collect();
            assert_eq!(
                (wider, used),
                (stays_at.map(str::to_owned).into_iter().collect(), is_used),
                "{here:?} {new:?}"
            );
        }
    }

    #[test]
    fn what_is_switched_off_or_opens_no_registry_takes_no_part() {
        let mut inventory = Inventory::default();
        let old = add(&mut inventory, "old", ("docker.io", "rw"));
        inventory.use_everywhere(old);
        let without =
            IncomingToken { scopes: Vec::new(), ..incoming_token("none", "docker.io", Origin::Add) };
        let without = inventory.add_with_free_name(without, Timestamp(0));
        assert_eq!(use_without_loss(&mut inventory, without, Timestamp(0)), []);
        assert_eq!(inventory.find(without).map(|token| token.in_use), Some(None));
        inventory.deactivate(old);
        let id = add(&mut inventory, "new", ("docker.io", "r"));
        assert_eq!(use_without_loss(&mut inventory, id, Timestamp(0)), []);
        let key = Key::parse("docker.io").expect("a key");
        let verdict = resolve(
            &Request::from_key(&key),
            slice::from_ref(inventory.find(id).expect("new")),
            &[],
            Timestamp(0),
        );
        assert!(verdict.token.is_some() && inventory.find(id).is_some_and(|token| token.in_use.is_some()));
    }
}
