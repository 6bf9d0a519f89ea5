//! Merges the tokens of another inventory into this one, by their names.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::inventory::Inventory;
use crate::inventory::kept_answers::KeptAnswers;
use crate::model::choice::Choice;
use crate::model::name::Name;
use crate::model::timestamp::Timestamp;
use crate::model::token::Token;
use crate::model::token_id::TokenId;

/// The tokens that a merge added, and those that it did not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// The added tokens: the id in the other inventory, and the id in this one.
    pub added: Vec<(TokenId, TokenId)>,
    /// Tokens that this inventory has with the same secret.
    pub same: Vec<Name>,
    /// Tokens that this inventory has with another secret, which it keeps.
    pub kept: Vec<Name>,
    /// The choices that came along.
    pub choices: Vec<Choice>,
    /// Added tokens, by their ids here, that are signed out where another token answered before.
    pub signed_out: Vec<TokenId>,
}

impl Inventory {
    /// Adds each token whose name is free, and its choices for scopes that no token of this inventory has. The
    /// tokens that answered before still answer; of the added tokens, those that answered in the other inventory do
    /// so here.
    ///
    /// `is_same` compares the secrets of a token of this inventory and one of the other.
    pub fn merge(
        &mut self,
        other: &Self,
        is_same: impl Fn(&Token, &Token) -> bool,
        now: Timestamp,
    ) -> MergeReport {
        let keys = self.keys().into_iter().chain(other.keys()).map(Cow::into_owned);
        let answers = KeptAnswers::record(self, keys.collect::<Vec<_>>(), now);
        let mut report = MergeReport::default();
        // The events here count as later than all events of the other inventory, however large their numbers are.
        let mut other = other.clone();
        other.number_by_rank();
        self.move_later(other.counters.turn);
        let own = self.tokens.clone();
        let by_name: HashMap<&Name, &Token> = own.iter().map(|token| (&token.name, token)).collect();
        for token in other.tokens {
            match by_name.get(&token.name) {
                Some(existing) if is_same(existing, &token) => report.same.push(token.name),
                Some(_) => report.kept.push(token.name),
                None => {
                    let id = self.next_id();
                    report.added.push((token.id, id));
                    self.tokens.push(Token { id, ..token });
                }
            }
        }
        for choice in &other.choices {
            let added = report.added.iter().find(|(old, _)| *old == choice.token);
            let mut scopes = own.iter().flat_map(|token| &token.scopes);
            let is_taken = scopes.any(|scope| scope.overlaps(&choice.scope))
                || self.choices.iter().any(|other| other.is_same_case(choice));
            if let (Some((_, token)), false) = (added, is_taken) {
                let choice = Choice { token: *token, ..choice.clone() };
                report.choices.push(choice.clone());
                self.choices.push(choice);
            }
        }
        report.signed_out = answers.keep(self, now);
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{incoming_token, inventory, key, names};
    use crate::model::scope::Scope;
    use crate::model::token::Origin;
    use crate::resolve::request::Request;
    use crate::resolve::resolve;

    fn answer<'i>(inventory: &'i Inventory, text: &str) -> Option<&'i str> {
        let key = key(text);
        let verdict =
            resolve(&Request::from_key(&key), inventory.tokens(), inventory.choices(), Timestamp(0));
        verdict.token.map(|token| token.name.as_str())
    }

    #[test]
    fn a_merge_into_an_empty_inventory_copies_it() {
        let mut there = inventory(&[
            ("a", "ghcr.io", Origin::Add),
            ("b", "ghcr.io", Origin::Add),
            ("c", "quay.io", Origin::Add),
        ]);
        there.use_everywhere(TokenId(2));
        let mut here = Inventory::default();
        let merged = here.merge(&there, |_, _| false, Timestamp(0));
        assert_eq!(merged.added.len(), 3);
        assert_eq!(here, there);
    }

    #[test]
    fn a_merge_keeps_the_tokens_here_and_their_use() {
        let mut here = inventory(&[("a", "ghcr.io", Origin::Add), ("mine", "ghcr.io", Origin::Store)]);
        here.log_in(TokenId(2), &key("ghcr.io"));
        let mut there = inventory(&[
            ("a", "ghcr.io", Origin::Add),
            ("x", "ghcr.io", Origin::Add),
            ("y", "quay.io", Origin::Add),
            ("z", "quay.io", Origin::Add),
        ]);
        for _ in 0..3 {
            there.use_everywhere(TokenId(2));
            there.log_in(TokenId(4), &key("quay.io"));
        }
        assert_eq!(answer(&there, "quay.io"), Some("z"));
        let merged = here.merge(&there, |_, _| false, Timestamp(0));
        assert_eq!(names(&here), ["a", "mine", "x", "y", "z"]);
        assert_eq!(merged.kept, [Name::parse("a").expect("a name")]);
        assert_eq!(answer(&here, "quay.io"), Some("z"), "as it was there");
        let repeated = here.clone().merge(&there, |_, _| true, Timestamp(0));
        assert!(repeated.added.is_empty());
        assert_eq!(repeated.same.len(), 4);
    }

    #[test]
    fn a_merged_token_with_any_numbers_is_older_than_what_comes_later() {
        for (counter, turn) in [(1, 1), (u64::MAX, 1), (u64::MAX, u64::MAX), (1, u64::MAX), (0, u64::MAX)] {
            let mut there = inventory(&[("x", "ghcr.io", Origin::Add)]);
            there.use_everywhere(TokenId(1));
            there.log_in(TokenId(1), &key("ghcr.io"));
            there.counters.turn = counter;
            there.tokens.iter_mut().flat_map(Token::turns_mut).for_each(|number| *number = turn);
            let mut here = inventory(&[("mine", "ghcr.io", Origin::Add), ("q", "quay.io", Origin::Add)]);
            here.use_everywhere(TokenId(2));
            here.merge(&there, |_, _| false, Timestamp(0));
            here.merge(&there, |_, _| true, Timestamp(0));
            here.use_everywhere(TokenId(1));
            assert_eq!(answer(&here, "ghcr.io"), Some("mine"), "{counter} {turn}");
            assert!(here.counters.turn < 20, "{counter} {turn}");
            let mut empty = Inventory::default();
            empty.merge(&there, |_, _| false, Timestamp(0));
            let login = empty.add(incoming_token("login", "ghcr.io", Origin::Store), Timestamp(0));
            empty.log_in(login.expect("a free name"), &key("ghcr.io"));
            assert_eq!(answer(&empty, "ghcr.io"), Some("login"), "{counter} {turn}");
        }
    }

    #[test]
    fn a_merged_token_gets_an_id_that_is_free() {
        let there = inventory(&[("x", "ghcr.io", Origin::Add), ("y", "ghcr.io", Origin::Add)]);
        let mut here = inventory(&[("a", "ghcr.io", Origin::Add)]);
        here.counters.id = u32::MAX;
        here.merge(&there, |_, _| false, Timestamp(0));
        let ids: Vec<u32> = here.tokens().iter().map(|token| token.id.0).collect();
        assert_eq!(ids, [1, 2, 3]);
    }

    #[test]
    fn a_choice_is_added_for_scopes_without_a_token_here() {
        let choice = |token: u32, scope: &str| Choice {
            scope: Scope::parse(scope).expect(scope),
            token: TokenId(token),
            profile: None,
            directory: None,
            direction: None,
        };
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        here.set_choice(choice(1, "ghcr.io/acme"));
        let mut there = inventory(&[("other", "quay.io", Origin::Add), ("x", "ghcr.io", Origin::Add)]);
        there.set_choice(choice(2, "ghcr.io/acme"));
        there.set_choice(choice(1, "quay.io/else"));
        let merged = here.merge(&there, |_, _| false, Timestamp(0));
        assert_eq!(here.choices(), [choice(1, "ghcr.io/acme"), choice(2, "quay.io/else")]);
        assert_eq!(merged.choices, [choice(2, "quay.io/else")]);
    }

    #[test]
    fn an_added_token_with_the_requested_key_does_not_answer_before_one_here() {
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        here.use_everywhere(TokenId(1));
        let mut there = inventory(&[("x", "ghcr.io", Origin::Store)]);
        there.remember_key(TokenId(1), &key("ghcr.io"));
        there.log_in(TokenId(1), &key("ghcr.io"));
        for _ in 0..2 {
            here.merge(&there, |_, _| true, Timestamp(0));
            assert_eq!(answer(&here, "ghcr.io"), Some("mine"));
        }
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        here.merge(&there, |_, _| true, Timestamp(0));
        assert_eq!(answer(&here, "ghcr.io"), Some("mine"), "the first one added");
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        here.use_everywhere(TokenId(1));
        there.use_everywhere(TokenId(1));
        here.merge(&there, |_, _| true, Timestamp(0));
        assert_eq!(answer(&here, "ghcr.io"), Some("mine"), "both chosen");
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        here.log_in(TokenId(1), &key("https://ghcr.io"));
        here.merge(&there, |_, _| true, Timestamp(0));
        assert_eq!(answer(&here, "ghcr.io"), Some("mine"), "login here, chosen there");
    }

    #[test]
    fn an_added_narrower_token_answers_for_its_scope_only() {
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        let mut there =
            inventory(&[("other", "ghcr.io", Origin::Add), ("deep", "ghcr.io/acme", Origin::Add)]);
        there.use_everywhere(TokenId(1));
        here.merge(&there, |_, _| true, Timestamp(0));
        assert_eq!(answer(&here, "ghcr.io"), Some("mine"));
        assert_eq!(answer(&here, "ghcr.io/acme"), Some("deep"));
    }
}
