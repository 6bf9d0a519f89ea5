//! Brings the tokens of another inventory in, by their names.

use crate::inventory::Inventory;
use crate::model::choice::Choice;
use crate::model::name::Name;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{InUse, Token};
use crate::model::token_id::TokenId;
use crate::resolve::request::Request;
use crate::resolve::resolve;

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MergeReport {
    /// The tokens that came in: what they were there, and what they are here.
    pub added: Vec<(TokenId, TokenId)>,
    /// Those that were here with the same secret already.
    pub same: Vec<Name>,
    /// Those whose name is here with another secret, which stays.
    pub kept: Vec<Name>,
}

impl Inventory {
    /// Brings in each token whose name is not here, and their choices for places for which nothing is here.
    /// What is here stays as it is, and in use; between those that come, what was in use stays so.
    ///
    /// `is_same` tells whether a token here has the secret of one that would come in.
    pub fn merge(
        &mut self,
        other: &Self,
        is_same: impl Fn(&Token, &Token) -> bool,
        now: Timestamp,
    ) -> MergeReport {
        let answers = self.answers(other, now);
        let mut merged = MergeReport::default();
        // What was put in use here is later than all that was put in use there.
        let earlier = other.counters.turn;
        for token in &mut self.tokens {
            token.in_use = token.in_use.map(|in_use| InUse { turn: in_use.turn + earlier, ..in_use });
        }
        let here = self.tokens.clone();
        for token in &other.tokens {
            match here.iter().find(|one| one.name == token.name) {
                Some(one) if is_same(one, token) => merged.same.push(token.name.clone()),
                Some(_) => merged.kept.push(token.name.clone()),
                None => {
                    self.counters.id += 1;
                    let id = TokenId(self.counters.id);
                    self.tokens.push(Token { id, ..token.clone() });
                    merged.added.push((token.id, id));
                }
            }
        }
        self.counters.turn += earlier;
        for choice in &other.choices {
            let token = merged.added.iter().find(|(there, _)| *there == choice.token);
            let mut scopes = here.iter().flat_map(|token| &token.scopes);
            let is_taken = scopes.any(|scope| scope.overlaps(&choice.scope))
                || self.choices.iter().any(|other| other.is_same_case(choice));
            if let (Some((_, token)), false) = (token, is_taken) {
                self.choices.push(Choice { token: *token, ..choice.clone() });
            }
        }
        for (key, token) in answers {
            self.keep_in_use(token, &key, now);
        }
        merged
    }

    /// Returns which token answers here for each key of either inventory.
    fn answers(&self, other: &Self, now: Timestamp) -> Vec<(Key, TokenId)> {
        let keys = self.keys().into_iter().chain(other.keys());
        keys.filter_map(|key| Some((key.clone().into_owned(), self.answer(&key, now)?))).collect()
    }

    fn answer(&self, key: &Key, now: Timestamp) -> Option<TokenId> {
        resolve(&Request::from_key(key), &self.tokens, &self.choices, now).token.map(|token| token.id)
    }

    /// Has a token go on answering for a key: as if it had been stored under it, and put in use last. What
    /// comes before it even so is signed out there.
    fn keep_in_use(&mut self, id: TokenId, key: &Key, now: Timestamp) {
        if self.answer(key, now) != Some(id) {
            self.remember_key(id, key);
        }
        if self.answer(key, now) != Some(id) {
            self.counters.turn += 1;
            let turn = self.counters.turn;
            if let Some(token) = self.token_mut(id) {
                let by_person = token.in_use.is_some_and(|in_use| in_use.by_person);
                token.in_use = Some(InUse { turn, by_person });
            }
        }
        for _ in 0..self.tokens.len() {
            let Some(other) = self.answer(key, now).filter(|other| *other != id) else { return };
            let Some(scope) = key.address().map(Scope::from_address) else { return };
            if let Some(token) = self.token_mut(other) {
                token.signed_out.push(scope);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{inventory, key, names};
    use crate::model::token::Origin;

    fn answer<'i>(inventory: &'i Inventory, text: &str) -> Option<&'i str> {
        let key = key(text);
        let verdict =
            resolve(&Request::from_key(&key), inventory.tokens(), inventory.choices(), Timestamp(0));
        verdict.token.map(|token| token.name.as_str())
    }

    #[test]
    fn into_nothing_comes_everything_as_it_was() {
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
    fn what_is_here_stays_and_stays_in_use() {
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
        let once_more = here.clone().merge(&there, |_, _| true, Timestamp(0));
        assert!(once_more.added.is_empty());
        assert_eq!(once_more.same.len(), 4);
    }

    #[test]
    fn a_choice_comes_with_its_token_where_nothing_is_here() {
        let choice = |token: u32, scope: &str| Choice {
            scope: crate::model::scope::Scope::parse(scope).expect(scope),
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
        here.merge(&there, |_, _| false, Timestamp(0));
        assert_eq!(here.choices(), [choice(1, "ghcr.io/acme"), choice(2, "quay.io/else")]);
    }

    #[test]
    fn what_was_stored_under_the_very_key_there_does_not_answer_here() {
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
        assert_eq!(answer(&here, "ghcr.io"), Some("mine"), "the first that came");
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
    fn a_narrower_token_that_comes_is_for_its_part_alone() {
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        let mut there =
            inventory(&[("other", "ghcr.io", Origin::Add), ("deep", "ghcr.io/acme", Origin::Add)]);
        there.use_everywhere(TokenId(1));
        here.merge(&there, |_, _| true, Timestamp(0));
        assert_eq!(answer(&here, "ghcr.io"), Some("mine"));
        assert_eq!(answer(&here, "ghcr.io/acme"), Some("deep"));
    }
}
