//! Determines whether an answer is a guess: a deciding part of the request is not known, and another token
//! could be right.

use crate::model::registry::Registry;
use crate::model::scope::Scope;
use crate::model::token::{Direction, Token};
use crate::model::turns::UseKind;
use crate::resolve::request::Request;
use crate::resolve::{Reason, Verdict};

/// An answer that may be wrong, because a part of the request is not known.
#[derive(Debug, PartialEq, Eq)]
pub struct Guess<'i> {
    /// The token that answers.
    pub answer: &'i Token,
    pub unknown: Unknown,
    /// The tokens that could be right instead, the closest first. Never empty.
    pub others: Vec<&'i Token>,
}

/// The part of a request that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// The answer is for a part of the registry, and other tokens are for other parts.
    Repository,
    /// The answer may not pull, or may not push, and other tokens may do so.
    Direction,
}

impl<'i> Guess<'i> {
    /// Returns the guess in the answer to a request; `None` when a person chose the answer, or when no other
    /// token could be right instead.
    pub fn find(request: &Request<'_>, verdict: &Verdict<'i>) -> Option<Self> {
        let answer = verdict.token?;
        if request.token_name.is_some() || verdict.choice.is_some() || request.key.is_session() {
            return None;
        }
        let registry = request.key.address()?.registry();
        let rivals = || {
            verdict.set_aside.iter().rev().filter(|(_, reason)| is_rival(*reason)).map(|(token, _)| *token)
        };
        let guess =
            |unknown, others: Vec<_>| (!others.is_empty()).then_some(Self { answer, unknown, others });
        let is_named = request.repositories().iter().any(|path| covers(answer, registry, Some(path)));
        if !is_named && !covers(answer, registry, None) {
            let may = |token: &Token| request.direction().is_none_or(|direction| token.may_allow(direction));
            let others = rivals().filter(|token| may(token) && has_more_scope(token, answer, registry));
            return guess(Unknown::Repository, others.collect());
        }
        let was_used = answer.last_event(request.key).is_some_and(|event| event.kind == UseKind::Use);
        if request.direction.is_some() || was_used {
            return None;
        }
        let may_more = |token: &Token| {
            let mut verbs = [Direction::Pull, Direction::Push].into_iter();
            verbs.any(|verb| token.may_allow(verb) && !answer.may_allow(verb))
        };
        guess(Unknown::Direction, rivals().filter(|token| may_more(token)).collect())
    }
}

/// True when a token was set aside only because another one took precedence, and not by an obstacle or a
/// decision of a person.
fn is_rival(reason: Reason) -> bool {
    !reason.is_obstacle() && !matches!(reason, Reason::NotNamed | Reason::NotOfProfile | Reason::NotChosen)
}

/// True when a token covers a repository or, without a path, the whole registry.
fn covers(token: &Token, registry: &Registry, path: Option<&str>) -> bool {
    token
        .scopes
        .iter()
        .any(|scope| scope.covers(registry, path) && (path.is_some() || scope.path().is_none()))
}

/// True when a token has a scope on the registry that the scopes of the answer do not cover.
fn has_more_scope(token: &Token, answer: &Token, registry: &Registry) -> bool {
    let here = token.scopes.iter().filter(|scope| scope.reaches(registry));
    here.map(Scope::path).any(|path| !covers(answer, registry, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::tests::{incoming_token, key};
    use crate::inventory::{IncomingToken, Inventory};
    use crate::model::timestamp::Timestamp;
    use crate::model::token::{Origin, Permissions};
    use crate::model::token_id::TokenId;
    use crate::resolve::request::{Repositories, RequestSource, Sourced};
    use crate::resolve::resolve;

    /// Adds tokens with their scopes and permissions: `r`, `w`, `rw`, or `?` for unknown ones.
    fn inventory(tokens: &[(&str, &str, &str)]) -> Inventory {
        let mut inventory = Inventory::default();
        for (name, scope, allowed) in tokens {
            let may = |verb| allowed.contains(verb);
            let known = Permissions { pull: may('r'), push: may('w'), ..Permissions::default() };
            let permissions = (*allowed != "?").then_some(known);
            let incoming = incoming_token(name, scope, Origin::Add);
            inventory.add_with_free_name(IncomingToken { permissions, ..incoming }, Timestamp(0));
        }
        inventory
    }

    /// Describes the guess in the answer to a request at `h.io`.
    fn guess(inventory: &Inventory, paths: &[&'static str], direction: Option<Direction>) -> String {
        let key = key("h.io");
        let from = RequestSource::CommandLine;
        let paths: Vec<_> = paths.iter().map(|path| (*path).into()).collect();
        let repositories = Repositories { paths, may_need_more: true };
        let request = Request {
            repositories: (!repositories.paths.is_empty()).then_some(Sourced { value: repositories, from }),
            direction: direction.map(|value| Sourced { value, from }),
            ..Request::from_key(&key)
        };
        let verdict = resolve(&request, inventory.tokens(), inventory.choices(), Timestamp(0));
        Guess::find(&request, &verdict).map_or("none".to_owned(), |guess| {
            let others: Vec<_> = guess.others.iter().map(|token| token.name.as_str()).collect();
            format!("{:?} {} or {}", guess.unknown, guess.answer.name, others.join(" "))
        })
    }

    #[test]
    fn an_answer_is_a_guess_only_where_another_token_could_do_better() {
        let (pull, push) = (Some(Direction::Pull), Some(Direction::Push));
        let projects: &[_] = &[("a", "h.io/a", "rw"), ("b", "h.io/b", "rw")];
        let pair: &[_] = &[("r", "h.io", "r"), ("w", "h.io", "rw")];
        for (tokens, paths, direction, want) in [
            (projects, &[][..], None, "Repository a or b"),
            (projects, &[], pull, "Repository a or b"),
            (projects, &["a/x"], push, "none"),
            (projects, &["b/x"], None, "none"),
            // No token covers the only image that the build names.
            (projects, &["c/x"], push, "Repository a or b"),
            (&projects[..1], &[], None, "none"),
            (&[("a", "h.io/a", "rw"), ("b", "h.io/b", "r")], &[], push, "none"),
            (&[("a", "h.io/a", "rw"), ("inner", "h.io/a/b", "rw")], &[], None, "none"),
            (&[("all", "h.io", "?"), ("a", "h.io/a", "rw")], &[], None, "none"),
            (&[("all", "h.io", "r"), ("a", "h.io/a", "rw")], &[], None, "Repository a or all"),
            (pair, &[], None, "none"),
            (pair, &[], pull, "none"),
            (&[("r", "h.io", "r"), ("w", "h.io", "w")], &[], None, "Direction r or w"),
            (&[("r", "h.io", "r"), ("w", "h.io", "w")], &[], push, "none"),
            (&[("r", "h.io", "r"), ("r2", "h.io", "r")], &[], None, "none"),
        ] {
            assert_eq!(
                guess(&inventory(tokens), paths, direction),
                want,
                "{tokens:?} {paths:?} {direction:?}"
            );
        }
    }

    #[test]
    fn what_a_person_decided_is_no_guess() {
        let mut used = inventory(&[("r", "h.io", "r"), ("w", "h.io", "w")]);
        used.use_everywhere(TokenId(1));
        assert_eq!(guess(&used, &[], None), "none");
        let mut parts = inventory(&[("a", "h.io/a", "rw"), ("b", "h.io/b", "rw")]);
        parts.use_everywhere(TokenId(2));
        assert_eq!(guess(&parts, &[], None), "Repository b or a", "no token can be right for both parts");
    }
}
