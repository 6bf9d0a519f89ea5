//! The numbers of the events of all tokens, which only say which event is the later one.

use std::collections::BTreeMap;

use crate::inventory::Inventory;
use crate::model::token::Token;

impl Inventory {
    /// Makes the counters cover all tokens. Another program may have written a number above them, and version 0.2
    /// could restore one from a backup.
    pub(super) fn repair_counters(&mut self) {
        let last_id = self.tokens.iter().map(|token| token.id.0).max().unwrap_or_default();
        self.counters.id = self.counters.id.max(last_id);
        let last = self.counters.turn;
        if self.tokens.iter_mut().any(|token| token.turns_mut().any(|turn| *turn > last)) {
            self.number_by_rank();
        }
    }

    /// Numbers all events anew, from 1 on without gaps and in the same order.
    pub(super) fn number_by_rank(&mut self) {
        let turns = self.tokens.iter_mut().flat_map(|token| token.turns_mut().map(|turn| *turn));
        let mut ranks: BTreeMap<u64, u64> = turns.map(|turn| (turn, 0)).collect();
        let mut last = 0;
        for rank in ranks.values_mut() {
            last += 1;
            *rank = last;
        }
        for turn in self.tokens.iter_mut().flat_map(Token::turns_mut) {
            *turn = ranks.get(turn).copied().unwrap_or_default();
        }
        self.counters.turn = last;
    }

    /// Makes every event later by this offset. An arrival before all others has no number and stays first.
    pub(super) fn move_later(&mut self, offset: u64) {
        if self.counters.turn.checked_add(offset).is_none() {
            self.number_by_rank();
        }
        for turn in self.tokens.iter_mut().flat_map(Token::turns_mut) {
            *turn = turn.saturating_add(offset);
        }
        self.counters.turn = self.counters.turn.saturating_add(offset);
    }

    /// Returns the number of the next event.
    pub(super) fn next_turn(&mut self) -> u64 {
        if self.counters.turn == u64::MAX {
            self.number_by_rank();
        }
        self.counters.turn = self.counters.turn.saturating_add(1);
        self.counters.turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::Counters;
    use crate::inventory::tests::{inventory, key};
    use crate::model::token::Origin;
    use crate::model::token_id::TokenId;

    fn used() -> Inventory {
        let mut inventory = inventory(&[("a", "ghcr.io", Origin::Add), ("b", "ghcr.io", Origin::Import)]);
        inventory.use_everywhere(TokenId(2));
        inventory.log_in(TokenId(1), &key("ghcr.io"));
        inventory
    }

    #[test]
    fn events_at_the_end_of_the_numbers_keep_their_order() {
        let later = u64::MAX - 3;
        let mut moved = used();
        moved.move_later(later);
        assert_eq!(moved.counters().turn, u64::MAX);
        moved.use_everywhere(TokenId(2));
        let mut plain = used();
        plain.use_everywhere(TokenId(2));
        // The number of the earlier `use` is free again.
        assert_eq!((moved.counters().turn, plain.counters().turn), (4, 4));
        assert_eq!(moved, plain);
        let mut moved = used();
        moved.move_later(later);
        moved.move_later(10);
        let mut plain = used();
        plain.move_later(10);
        assert_eq!(moved, plain);
    }

    #[test]
    fn numbers_above_the_counters_are_repaired() {
        let mut inventory = used();
        let tokens = inventory.tokens().to_vec();
        for turn in inventory.tokens.iter_mut().flat_map(Token::turns_mut) {
            *turn += u64::MAX - 10;
        }
        let read = Inventory::new(inventory.tokens.clone(), Vec::new(), Counters::default());
        assert_eq!(read.tokens(), tokens, "in the same order");
        assert_eq!((read.counters().id, read.counters().turn), (2, 3));
        assert_eq!(Inventory::new(tokens, Vec::new(), used().counters()), used(), "nothing to repair");
    }
}
