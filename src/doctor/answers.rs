//! Checks for tokens that do not answer the requests that their owner may expect.

use std::collections::BTreeSet;

use crate::doctor::Finding;
use crate::doctor::token_name::{argument, display_name};
use crate::inventory::Inventory;
use crate::inventory::index::Index;
use crate::model::hint::program;
use crate::model::registry::{Key, Registry};
use crate::model::scope::Scope;
use crate::model::timestamp::Timestamp;
use crate::model::token::{Direction, Token};
use crate::resolve::guess::{Guess, Unknown};
use crate::resolve::request::{Request, RequestSource, Sourced};
use crate::resolve::resolve;

/// Checks every token.
pub(super) fn check(inventory: &Inventory, now: Timestamp, findings: &mut Vec<Finding>) {
    let index = Index::new(inventory);
    for token in inventory.tokens() {
        findings.extend(check_login_of_part(token));
        findings.extend(check_unknown_direction(token, inventory, &index, now));
    }
    let registries: BTreeSet<_> =
        inventory.tokens().iter().flat_map(|token| &token.scopes).filter_map(Scope::registry).collect();
    for registry in registries {
        findings.extend(check_guess(registry, inventory, &index, now));
    }
}

/// Reports a login for a whole registry with a token that is only for a part of it.
fn check_login_of_part(token: &Token) -> Option<Finding> {
    let key = token.key_beyond_scopes()?;
    let (name, scopes) =
        (display_name(token), token.scopes.iter().map(ToString::to_string).collect::<Vec<_>>());
    Some(Finding {
        kind: "login-for-part",
        what: format!(
            "a client logged in to {} with token \"{name}\", which is for {} only",
            key.as_str(),
            scopes.join(", ")
        ),
        why: "the token of a project is not sent to other projects; other images get another token, or none",
        mend: format!(
            "{} edit {} --registry {}, if it may go everywhere there",
            program(),
            argument(token),
            key.place()
        ),
        ..Finding::about_token(token)
    })
}

/// Reports a token that version 0.1 added, and that does not answer requests of unknown direction any more.
fn check_unknown_direction(
    token: &Token,
    inventory: &Inventory,
    index: &Index<'_>,
    now: Timestamp,
) -> Option<Finding> {
    let is_limited =
        token.turns.is_none() && token.permissions.is_some() && !token.may_allow(Direction::Both);
    let mut registries = token.scopes.iter().filter(|_| is_limited).filter_map(Scope::registry);
    let (registry, answer) = registries.find_map(|registry| {
        let key = Key::parse(registry.docker_key()).ok()?;
        let answer = |direction: Option<Direction>| {
            let direction = direction.map(|value| Sourced { value, from: RequestSource::Argument });
            let request = Request { direction, ..Request::from_key(&key) };
            resolve(&request, index.concerning(&key), inventory.choices(), now).token
        };
        let other = answer(None).filter(|other| other.id != token.id && other.may_allow(Direction::Both))?;
        (answer(Some(Direction::Pull))?.id == token.id).then_some((registry, other))
    })?;
    Some(Finding {
        kind: "unknown-direction",
        what: format!(
            "a client of which nothing is known gets token \"{}\" for {registry}; version 0.1 could give it \"{}\"",
            display_name(answer),
            display_name(token)
        ),
        why: "it may push, and a token that may only pull would make its push fail",
        mend: format!("{} use {}, if such clients only pull", program(), argument(token)),
        ..Finding::about_token(token)
    })
}

/// Reports a registry with several tokens for different parts of it, where a client that does not name its
/// image gets one of them. A choice for a directory shows that the owner is aware of this.
fn check_guess(
    registry: &Registry,
    inventory: &Inventory,
    index: &Index<'_>,
    now: Timestamp,
) -> Option<Finding> {
    let key = Key::parse(registry.docker_key()).ok()?;
    let request = Request::from_key(&key);
    let verdict = resolve(&request, index.concerning(&key), inventory.choices(), now);
    let guess = Guess::find(&request, &verdict).filter(|guess| guess.unknown == Unknown::Repository)?;
    let mut choices = inventory.choices().iter().filter(|choice| choice.scope.reaches(registry));
    if choices.any(|choice| choice.directory.is_some()) {
        return None;
    }
    Some(Finding {
        kind: "guess",
        what: format!(
            "a client that does not name its image gets token \"{}\" for {registry}; \
             other tokens are for other parts of it",
            display_name(guess.answer)
        ),
        why: "compose, stacks and classic builds do not name the image, and the registry refuses another \
              project's token",
        mend: format!("{} use NAME {registry} --dir DIR, for the directory of each project", program()),
        ..Finding::about_token(guess.answer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::IncomingToken;
    use crate::inventory::tests::{incoming_token, inventory, key};
    use crate::model::token::{Origin, Permissions};
    use crate::model::token_id::TokenId;

    fn kinds(inventory: &Inventory) -> Vec<&'static str> {
        let mut findings = Vec::new();
        check(inventory, Timestamp(0), &mut findings);
        findings.into_iter().map(|finding| finding.kind).collect()
    }

    #[test]
    fn a_login_beyond_the_scopes_of_its_token_is_noted() {
        let mut inventory =
            inventory(&[("shop", "ghcr.io/shop", Origin::Add), ("all", "quay.io", Origin::Add)]);
        inventory.remember_key(TokenId(1), &key("ghcr.io/shop/app"));
        inventory.remember_key(TokenId(2), &key("quay.io"));
        assert_eq!(kinds(&inventory), [""; 0]);
        inventory.remember_key(TokenId(1), &key("https://ghcr.io"));
        assert_eq!(kinds(&inventory), ["login-for-part"]);
    }

    #[test]
    fn an_old_pull_token_that_lost_requests_of_unknown_direction_is_noted() {
        let pull = Permissions { pull: true, ..Permissions::default() };
        for (is_old, is_used, want) in
            [(true, false, &["unknown-direction"][..]), (false, false, &[]), (true, true, &[])]
        {
            let mut new = Inventory::default();
            for (name, permissions) in [("pull", Some(pull)), ("push", None)] {
                let incoming = incoming_token(name, "ghcr.io", Origin::Add);
                new.add_with_free_name(IncomingToken { permissions, ..incoming }, Timestamp(0));
            }
            let tokens = new.tokens().iter().cloned();
            let tokens =
                tokens.map(|token| Token { turns: token.turns.clone().filter(|_| !is_old), ..token });
            let mut inventory = Inventory::new(tokens.collect(), Vec::new(), new.counters());
            if is_used {
                inventory.use_everywhere(TokenId(1));
            }
            assert_eq!(kinds(&inventory), want, "{is_old} {is_used}");
        }
    }
}
