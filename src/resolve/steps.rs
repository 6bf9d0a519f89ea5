//! The steps that narrow the candidates down: said, fits, newest.

use std::cmp::Reverse;

use crate::model::choice::Choice;
use crate::model::registry::Key;
use crate::model::token::{Direction, Token};
use crate::model::token_id::TokenId;
use crate::model::turns::{UseEvent, UseKind};
use crate::resolve::Reason;
use crate::resolve::closeness::{ChoiceRank, token_closeness};
use crate::resolve::request::Request;

/// The number of permissions that exist, which is also the number that unknown permissions count as.
const ALL_PERMISSIONS: usize = 3;

/// The tokens that may still answer, and those that a step has set aside.
pub(super) struct Steps<'i> {
    pub(super) remaining: Vec<&'i Token>,
    pub(super) set_aside: Vec<(&'i Token, Reason)>,
}

impl Steps<'_> {
    /// Runs steps 2 to 4, and returns the choice that decided.
    pub(super) fn follow_what_was_said<'c>(
        &mut self,
        request: &Request<'_>,
        choices: &'c [Choice],
    ) -> Option<&'c Choice> {
        if let Some(name) = request.token_name {
            self.set_aside_if(|token| (token.name.as_str() != name.value).then_some(Reason::NotNamed));
        }
        let mut choice = self.closest_choice(request, choices);
        if let Some(profile) = request.profile
            && choice.is_none_or(|choice| choice.profile.is_none())
        {
            self.keep_best(Reason::NotOfProfile, |token| token.profile.as_deref() == Some(profile.value));
            choice = self.closest_choice(request, choices);
        }
        if let Some(choice) = choice {
            self.keep_only(choice.token, Reason::NotChosen);
        }
        choice
    }

    /// Runs steps 5 and 6.
    pub(super) fn keep_what_fits(&mut self, request: &Request<'_>) {
        let last = self.last_put_in_use(request);
        let is_last = |token: &Token| last.is_some_and(|(_, id)| id == token.id);
        self.keep_best(Reason::NotAllowed, |token| {
            if is_last(token) && request.direction.is_none() {
                return Fit::Known;
            }
            match request.direction() {
                // The images of the request may be private.
                Some(Direction::Pull) if token.is_public_only() && !is_last(token) => Fit::Perhaps,
                // An unknown permission to delete is a weaker sign than a known one.
                Some(Direction::Delete) if token.permissions.is_none() => Fit::Perhaps,
                direction if token.may_allow(direction.unwrap_or(Direction::Both)) => Fit::Known,
                _ => Fit::No,
            }
        });
        self.keep_best(Reason::LessSpecific, |token| token_closeness(token, request));
    }

    /// Runs steps 7 to 11.
    pub(super) fn keep_newest(&mut self, request: &Request<'_>) {
        let key = request.key;
        if let Some(folder) = request.config_folder {
            self.keep_best(Reason::NotOfFolder, |token| token.profile.as_ref() == Some(&folder.profile));
        }
        if let Some((latest, id)) = self.last_put_in_use(request) {
            let events = self.remaining.iter().filter_map(|token| token.last_event(key));
            let last_use = events.filter(|event| event.kind == UseKind::Use).map(|event| event.turn).max();
            self.set_aside_if(|token| {
                let came_since = token.arrival() > latest.turn;
                let is_own_spelling = is_login_under_key(token, key)
                    && token.last_event(key).map(|event| event.turn) > last_use;
                (token.id != id && !came_since && !is_own_spelling).then_some(Reason::Replaced)
            });
        }
        if request.direction.is_some() {
            self.keep_best(Reason::MorePermissions, |token| Reverse(count_permissions(token)));
        }
        self.keep_best(Reason::OtherKey, |token| is_login_under_key(token, key));
        self.keep_best(Reason::NotInUse, |token| {
            let turn = token.last_event(key).map(|event| event.turn);
            (turn, Reverse(token.id))
        });
    }

    /// Returns the last `use` or login, and its token. A login that version 0.1 recorded replaces nothing.
    fn last_put_in_use(&self, request: &Request<'_>) -> Option<(UseEvent, TokenId)> {
        let events =
            self.remaining.iter().filter_map(|token| Some((token.last_event(request.key)?, token.id)));
        let last = events.max_by_key(|(event, token)| (event.turn, *token));
        last.filter(|(event, _)| event.kind != UseKind::OldLogin)
    }

    pub(super) fn set_aside_if(&mut self, find_reason: impl Fn(&Token) -> Option<Reason>) {
        let set_aside = &mut self.set_aside;
        self.remaining.retain(|token| {
            let reason = find_reason(token);
            set_aside.extend(reason.map(|reason| (*token, reason)));
            reason.is_none()
        });
    }

    fn keep_only(&mut self, id: TokenId, reason: Reason) {
        self.set_aside_if(|token| (token.id != id).then_some(reason));
    }

    /// Keeps the tokens of the highest rank, so that at least one remains.
    fn keep_best<R: Ord>(&mut self, reason: Reason, rank: impl Fn(&Token) -> R) {
        if self.remaining.len() < 2 {
            return;
        }
        let best = self.remaining.iter().map(|token| rank(token)).max();
        self.set_aside_if(|token| (best.as_ref() != Some(&rank(token))).then_some(reason));
    }

    /// Returns the closest choice of a remaining token.
    fn closest_choice<'c>(&self, request: &Request<'_>, choices: &'c [Choice]) -> Option<&'c Choice> {
        choices
            .iter()
            .filter_map(|choice| Some((ChoiceRank::new(choice, request)?, choice)))
            .filter(|(_, choice)| self.remaining.iter().any(|token| token.id == choice.token))
            .max_by_key(|(rank, choice)| (*rank, choice.token))
            .map(|(_, choice)| choice)
    }
}

/// The degree to which a token may do what is requested.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    No,
    Perhaps,
    Known,
}

/// Returns the number of permissions.
fn count_permissions(token: &Token) -> usize {
    token.permissions.map_or(ALL_PERMISSIONS, |permissions| permissions.words().count())
}

/// True when a client stored the token under exactly this key, and no person has put it in use since.
fn is_login_under_key(token: &Token, key: &Key) -> bool {
    token.has_key(key) && token.last_event(key).is_none_or(|event| event.kind != UseKind::Use)
}
