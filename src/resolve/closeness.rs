//! The closeness of scopes and choices to a request.

use std::cmp::Reverse;
use std::path::Path;
use std::slice;

use crate::model::choice::Choice;
use crate::model::scope::Scope;
use crate::model::token::{Direction, Token};
use crate::resolve::request::Request;

/// The closeness of a scope to a request; greater is closer, and the fields count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Closeness {
    /// True when no repository is known and the scope has no path: a token for the whole registry is the safer
    /// guess.
    is_whole: bool,
    wildcards: Reverse<usize>,
    /// The length of the path in bytes; 0 if no repository is known.
    path: usize,
}

impl Closeness {
    /// Returns the closeness of a scope that covers the repository.
    fn new(scope: &Scope, repository: Option<&str>) -> Self {
        Self {
            is_whole: repository.is_none() && scope.path().is_none(),
            wildcards: Reverse(scope.wildcard_count()),
            path: repository.and(scope.path()).map_or(0, str::len),
        }
    }

    /// Returns the closeness of the closest scope that covers a repository, or any repository.
    fn of_closest(scopes: &[Scope], request: &Request<'_>, repository: Option<&str>) -> Option<Self> {
        let registry = request.key.address()?.registry();
        let covering = scopes.iter().filter(|scope| scope.covers(registry, repository));
        covering.map(|scope| Self::new(scope, repository)).max()
    }
}

/// The closeness of a choice to a request; greater is closer, and the fields count in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChoiceRank {
    has_profile: bool,
    /// The number of names in the path of its directory.
    depth: usize,
    closeness: Closeness,
    has_direction: bool,
}

impl ChoiceRank {
    /// Ranks a choice; `None` when it is for another case.
    pub(super) fn new(choice: &Choice, request: &Request<'_>) -> Option<Self> {
        let Choice { scope, profile, directory, direction, token: _ } = choice;
        let is_unknown_part = scope.path().is_some() && request.repositories().is_empty();
        let closeness = scopes_closeness(slice::from_ref(scope), request).filter(|_| !is_unknown_part)?;
        let is_direction = direction.is_none_or(|chosen| includes(chosen, request.direction()));
        (is_direction && request.is_at_place_of(choice)).then(|| Self {
            has_profile: profile.is_some(),
            depth: directory.as_ref().map_or(0, |folder| Path::new(folder).components().count()),
            closeness,
            has_direction: direction.is_some(),
        })
    }
}

/// True when a choice for a direction applies to the direction of a request. A choice for pushes applies to what pulls
/// and pushes.
fn includes(chosen: Direction, requested: Option<Direction>) -> bool {
    requested == Some(chosen) || (chosen, requested) == (Direction::Push, Some(Direction::Both))
}

/// Returns the closeness of a token to a request; `None` when its scopes do not cover the request.
pub(super) fn token_closeness(token: &Token, request: &Request<'_>) -> Option<Closeness> {
    if request.key.address().is_none() {
        let exact = Closeness { is_whole: true, wildcards: Reverse(0), path: 0 };
        return token.has_key(request.key).then_some(exact);
    }
    scopes_closeness(&token.scopes, request)
}

/// Returns the closeness of scopes to a request: that of the least close repository, for which the closest scope
/// counts; `None` when they do not cover every repository.
fn scopes_closeness(scopes: &[Scope], request: &Request<'_>) -> Option<Closeness> {
    let closest = |repository| Closeness::of_closest(scopes, request, repository);
    let Some((first, others)) = request.repositories().split_first() else { return closest(None) };
    others.iter().try_fold(closest(Some(first))?, |least, path| Some(least.min(closest(Some(path))?)))
}
