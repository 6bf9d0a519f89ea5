//! Reads what version 0.1 wrote as this version writes it.

use std::collections::BTreeSet;

use crate::model::choice::Choice;
use crate::model::registry::{Address, Key, Registry};
use crate::model::scope::Scope;
use crate::model::token::Token;

/// The end of the address of a service that version 0.1 took for the one without a port.
const PORT_80: &str = ":80";

/// Changes a token that version 0.1 wrote: scopes become lower case, a token that a client stored for `host:80` is for
/// that service, and a key with a tag or a digest has a scope. Returns true when something has changed. Then the
/// secret is sealed with the scopes as they were before.
pub fn upgrade(token: &mut Token) -> bool {
    if token.turns.is_some() {
        return false;
    }
    let before = (token.scopes.clone(), token.signed_out.clone());
    for scope in token.scopes.iter_mut().chain(&mut token.signed_out) {
        scope.make_lowercase();
    }
    if token.scopes.is_empty() {
        token.scopes = token.keys.iter().filter_map(Key::address).map(Scope::from_address).collect();
    }
    remove_duplicates(&mut token.scopes);
    remove_duplicates(&mut token.signed_out);
    let addresses = token.keys.iter().filter_map(Key::address).map(Address::registry);
    let ports: Vec<Registry> =
        addresses.filter(|registry| registry.as_str().ends_with(PORT_80)).cloned().collect();
    for registry in ports {
        let Some(host) = registry.as_str().strip_suffix(PORT_80).and_then(Registry::parse) else { continue };
        let is_for_host_too = token.keys.iter().any(|key| key.is_at(&host));
        move_scopes(&mut token.scopes, &host, &registry, is_for_host_too);
        move_scopes(&mut token.signed_out, &host, &registry, is_for_host_too);
    }
    before != (token.scopes.clone(), token.signed_out.clone())
}

/// Makes the scope of a choice lower case, as its token's scopes are.
pub fn upgrade_choice(choice: &mut Choice) {
    choice.scope.make_lowercase();
}

/// Removes scopes that differed only in capitals, or are of keys that differ only in the tag.
fn remove_duplicates(scopes: &mut Vec<Scope>) {
    let mut seen = BTreeSet::new();
    scopes.retain(|scope| seen.insert(scope.clone()));
}

/// Gives the scopes at one registry another one, or also another one.
fn move_scopes(scopes: &mut Vec<Scope>, from: &Registry, to: &Registry, keeps_from: bool) {
    let moved: Vec<Scope> = scopes.iter().filter_map(|scope| scope.moved(from, to)).collect();
    if !keeps_from {
        scopes.retain(|scope| scope.registry() != Some(from));
    }
    for scope in moved {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
}
