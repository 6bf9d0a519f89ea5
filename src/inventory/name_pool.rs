//! Names for many new tokens at once, in time that grows no faster than their number.

use std::collections::{HashMap, HashSet};

use crate::inventory::Inventory;
use crate::model::name::Name;

/// The names that are taken, and the next number to try for each.
pub struct NamePool {
    taken: HashSet<String>,
    next: HashMap<String, usize>,
}

impl NamePool {
    pub fn new(inventory: &Inventory) -> Self {
        let taken = inventory.tokens().iter().map(|token| token.name.to_string()).collect();
        Self { taken, next: HashMap::new() }
    }

    /// Takes the name; if it is taken, the first free one with a number appended, as
    /// [`free_name`](Inventory::free_name) does.
    pub fn take(&mut self, wanted: &Name) -> Name {
        let mut name = wanted.clone();
        let number = self.next.entry(wanted.to_string()).or_insert(2);
        while !self.taken.insert(name.to_string()) {
            name = wanted.numbered(*number);
            *number += 1;
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::inventory;
    use crate::model::token::Origin;

    #[test]
    fn names_are_those_that_one_after_another_would_get() {
        let mut inventory = inventory(&[("a", "x.example", Origin::Add), ("a-3", "y.example", Origin::Add)]);
        let mut pool = NamePool::new(&inventory);
        for wanted in ["a", "b", "a", "a", "b", "a-3"] {
            let wanted = Name::parse(wanted).expect("a name");
            let free = inventory.free_name(&wanted);
            assert_eq!(pool.take(&wanted), free);
            let token = crate::inventory::tests::incoming_token(free.as_str(), "z.example", Origin::Add);
            inventory.add(token, crate::model::timestamp::Timestamp(0)).expect("it is free");
        }
    }
}
