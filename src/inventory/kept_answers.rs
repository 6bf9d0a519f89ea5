//! Keeps the answers of an inventory while tokens are added to it.

use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::registry::Key;
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::Direction;
use crate::model::token_id::TokenId;
use crate::resolve::request::{Request, RequestSource, Sourced};
use crate::resolve::resolve;

/// The directions for which answers are kept. For an unknown one, a client may need both.
const DIRECTIONS: [Option<Direction>; 3] = [None, Some(Direction::Pull), Some(Direction::Push)];

/// The tokens that answer some keys.
pub struct KeptAnswers {
    answers: Vec<Answer>,
    /// The last token that the inventory has; those after it are added later.
    last: TokenId,
}

struct Answer {
    key: Key,
    direction: Option<Direction>,
    token: TokenId,
}

impl KeptAnswers {
    /// Records the token that answers each key for a pull, for a push, and where the direction is not known. A token
    /// that may not do what is requested is no answer to keep.
    pub fn record(inventory: &Inventory, keys: impl IntoIterator<Item = Key>, now: Timestamp) -> Self {
        let index = Index::new(inventory);
        let mut keys: Vec<Key> = keys.into_iter().collect();
        keys.sort_by(|one, other| one.as_str().cmp(other.as_str()));
        keys.dedup_by(|one, other| one.as_str() == other.as_str());
        let mut answers = Vec::new();
        for key in keys {
            for direction in DIRECTIONS {
                let request = request(&key, direction);
                let verdict = resolve(&request, index.concerning(&key), inventory.choices(), now);
                let may = direction.unwrap_or(Direction::Both);
                if let Some(token) = verdict.token.filter(|token| token.may_allow(may)) {
                    answers.push(Answer { key: key.clone(), direction, token: token.id });
                }
            }
        }
        Self { answers, last: TokenId(inventory.counters.id) }
    }

    /// Makes the recorded tokens answer again. A token that was added since and would still answer instead is signed
    /// out there. Returns these tokens.
    pub fn keep(self, inventory: &mut Inventory, now: Timestamp) -> Vec<TokenId> {
        let mut signed_out = Vec::new();
        for answer in self.changed(inventory, now) {
            // Among tokens of one scope, one that was stored under exactly this key takes precedence.
            inventory.remember_key(answer.token, &answer.key);
            let Some(scope) = answer.key.address().map(Scope::from_address) else { continue };
            while let Some(other) = answer.other(inventory, now).filter(|other| *other > self.last) {
                let Some(token) = inventory.token_mut(other) else { break };
                if token.signed_out.contains(&scope) {
                    break;
                }
                token.signed_out.push(scope.clone());
                if !signed_out.contains(&other) {
                    signed_out.push(other);
                }
            }
        }
        signed_out
    }

    fn changed(&self, inventory: &Inventory, now: Timestamp) -> Vec<&Answer> {
        let index = Index::new(inventory);
        let has_changed = |answer: &&Answer| {
            let request = request(&answer.key, answer.direction);
            let verdict = resolve(&request, index.concerning(&answer.key), inventory.choices(), now);
            verdict.token.is_some_and(|token| token.id != answer.token)
        };
        self.answers.iter().filter(has_changed).collect()
    }
}

impl Answer {
    /// Returns the token that answers now, if it is another one.
    fn other(&self, inventory: &Inventory, now: Timestamp) -> Option<TokenId> {
        let request = request(&self.key, self.direction);
        let verdict = resolve(&request, inventory.tokens(), inventory.choices(), now);
        verdict.token.map(|token| token.id).filter(|id| *id != self.token)
    }
}

fn request(key: &Key, direction: Option<Direction>) -> Request<'_> {
    let direction = direction.map(|value| Sourced { value, from: RequestSource::Key });
    Request { direction, ..Request::from_key(key) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{incoming_token, key};
    use crate::model::token::{Origin, Permissions};

    /// Adds a token with the permissions in `words`; `?` is not known.
    fn add(inventory: &mut Inventory, name: &str, scope: &str, words: &str) -> TokenId {
        let mut token = incoming_token(name, scope, Origin::Import);
        let has = |letter: char| words.contains(letter);
        token.permissions =
            (words != "?").then(|| Permissions { pull: has('r'), push: has('w'), ..Permissions::default() });
        inventory.add_with_free_name(token, Timestamp(0))
    }

    #[test]
    fn a_token_that_may_do_what_is_requested_still_answers() {
        // The scope and permissions of the token here, those of the added one, and whether that one is signed out.
        for (here, added, is_signed_out) in [
            (("ghcr.io", "rw"), ("ghcr.io", "?"), false),
            (("ghcr.io", "rw"), ("ghcr.io", "r"), true),
            (("ghcr.io", "?"), ("ghcr.io", "rw"), true),
            (("*.acme.io", "?"), ("reg.acme.io", "?"), true),
            (("ghcr.io", "?"), ("ghcr.io/acme", "r"), false),
            // It may not push, so another one may.
            (("ghcr.io", "r"), ("ghcr.io", "?"), false),
        ] {
            let mut inventory = Inventory::default();
            let first = add(&mut inventory, "here", here.0, here.1);
            let at = key(added.0.split('/').next().expect("a host"));
            let kept = KeptAnswers::record(&inventory, [at.clone()], Timestamp(0));
            let second = add(&mut inventory, "added", added.0, added.1);
            let signed_out = kept.keep(&mut inventory, Timestamp(0));
            assert_eq!(signed_out == [second], is_signed_out, "{here:?} {added:?}");
            for direction in DIRECTIONS {
                let may = inventory.tokens()[0].may_allow(direction.unwrap_or(Direction::Both));
                let answer =
                    resolve(&request(&at, direction), inventory.tokens(), inventory.choices(), Timestamp(0));
                let answer = answer.token.map(|token| token.id);
                assert!(!may || answer == Some(first), "{here:?} {added:?} {direction:?}: {answer:?}");
            }
        }
    }
}
