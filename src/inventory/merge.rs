//! Brings the tokens of another inventory in, by their names.

use crate::choice::Choice;
use crate::inventory::Counters;
use crate::inventory::Inventory;
use crate::name::Name;
use crate::token::InUse;
use crate::token::Token;
use crate::token::TokenId;

/// What came of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// The tokens that came in: what they were there, and what they are here.
    pub added: Vec<(TokenId, TokenId)>,
    /// Those that were here with the same secret already.
    pub same: Vec<Name>,
    /// Those whose name is here with another secret, which stays.
    pub kept: Vec<Name>,
}

impl Inventory {
    /// Brings in each token whose name is not here, and the choices of those. What is here stays as it is,
    /// and in use; between those that come, what was in use stays so.
    ///
    /// `is_same` tells whether a token here has the secret of one that would come in.
    pub fn merge(&mut self, other: &Self, is_same: impl Fn(&Token, &Token) -> bool) -> Merged {
        let mut merged = Merged::default();
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
        self.counters = Counters { id: self.counters.id, turn: self.counters.turn + earlier };
        for choice in &other.choices {
            let token = merged.added.iter().find(|(there, _)| *there == choice.token);
            let is_decided = self.choices.iter().any(|other| other.is_same_case(choice));
            if let (Some((_, token)), false) = (token, is_decided) {
                self.choices.push(Choice { token: *token, ..choice.clone() });
            }
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::inventory;
    use crate::inventory::tests::key;
    use crate::inventory::tests::names;
    use crate::moment::Moment;
    use crate::request::Request;
    use crate::resolve::resolve;
    use crate::token::Origin;

    fn answer<'i>(inventory: &'i Inventory, text: &str) -> Option<&'i str> {
        let key = key(text);
        let verdict = resolve(&Request::of(&key), inventory.tokens(), inventory.choices(), Moment(0));
        verdict.token.map(|token| token.name.as_str())
    }

    #[test]
    fn into_nothing_comes_everything_as_it_was() {
        let mut there = inventory(&[
            ("a", "ghcr.io", Origin::Add),
            ("b", "ghcr.io", Origin::Add),
            ("c", "quay.io", Origin::Add),
        ]);
        there.choose(TokenId(2));
        let mut here = Inventory::default();
        let merged = here.merge(&there, |_, _| false);
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
            there.choose(TokenId(2));
            there.log_in(TokenId(4), &key("quay.io"));
        }
        assert_eq!(answer(&there, "quay.io"), Some("z"));
        let merged = here.merge(&there, |_, _| false);
        assert_eq!(names(&here), ["a", "mine", "x", "y", "z"]);
        assert_eq!(merged.kept, [Name::parse("a").expect("a name")]);
        assert_eq!(answer(&here, "quay.io"), Some("z"), "as it was there");
        let once_more = here.clone().merge(&there, |_, _| true);
        assert!(once_more.added.is_empty());
        assert_eq!(once_more.same.len(), 4);
    }

    #[test]
    fn a_choice_comes_with_its_token_unless_the_case_is_decided() {
        let choice = |token: u32, scope: &str| Choice {
            scope: crate::scope::Scope::parse(scope).expect(scope),
            token: TokenId(token),
            profile: None,
            directory: None,
            direction: None,
        };
        let mut here = inventory(&[("mine", "ghcr.io", Origin::Add)]);
        here.decide(choice(1, "ghcr.io/acme"));
        let mut there = inventory(&[("other", "quay.io", Origin::Add), ("x", "ghcr.io", Origin::Add)]);
        there.decide(choice(2, "ghcr.io/acme"));
        there.decide(choice(2, "ghcr.io/else"));
        here.merge(&there, |_, _| false);
        assert_eq!(here.choices(), [choice(1, "ghcr.io/acme"), choice(3, "ghcr.io/else")]);
    }
}
