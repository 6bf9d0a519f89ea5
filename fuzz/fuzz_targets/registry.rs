//! Checks that each value parsed from a text has one spelling, and that parsing this spelling yields the same value.

#![no_main]

use docker_credential_pat::model::{name, registry};
use docker_credential_pat::model::image::Image;
use docker_credential_pat::model::name::Name;
use docker_credential_pat::model::registry::{Address, Key, Registry};
use docker_credential_pat::model::scope::Scope;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    address(text);
    scope(text);
    image(text);
    name(text);
    if let Ok(key) = Key::parse(text) {
        let again = Key::parse(key.as_str()).expect("a key");
        assert_eq!((again.address(), again.is_session()), (key.address(), key.is_session()));
    }
});

fn address(text: &str) {
    let Some(address) = Address::parse(text) else {
        return assert_eq!(Registry::parse(text), None, "a registry alone is an address");
    };
    let at = address.registry();
    let written = registry::host_as_written(text);
    assert_eq!(Registry::parse(written).as_ref(), Some(at), "the host as it is written");
    assert_eq!(Registry::parse(at.as_str()).as_ref(), Some(at));
    assert!(Key::parse(at.docker_key()).expect("a key").is_at(at), "Docker's key finds it");
    let spelled = match address.repository() {
        Some(repository) => format!("{at}/{repository}"),
        None => at.to_string(),
    };
    assert_eq!(Address::parse(&spelled).as_ref(), Some(&address));
    let scope = Scope::from_address(&address);
    assert!(scope.covers(at, address.repository()) && scope.lies_within(&address));
}

fn scope(text: &str) {
    let scope = Scope::parse(text);
    assert!(
        Scope::parse_typed(text).is_ok_and(|typed| Ok(&typed) == scope.as_ref()) || {
            Scope::parse_typed(text).is_err()
        }
    );
    let Ok(scope) = scope else { return };
    assert_eq!(Scope::parse(&scope.to_string()).as_ref(), Ok(&scope));
    assert!(scope.includes(&scope) && scope.overlaps(&scope));
    if scope.registry().is_none() {
        let host = scope.host().replace('*', "x");
        let reached = Registry::parse(&host);
        assert!(host.len() > 250 || reached.is_some_and(|reached| scope.reaches(&reached)), "it reaches none");
    }
}

fn image(text: &str) {
    let Some(image) = Image::parse(text) else { return };
    let spelled = format!("{}/{}", image.host().unwrap_or("docker.io"), image.repository());
    let again = Image::parse(&spelled).expect("an image");
    assert_eq!(again.address(), image.address());
    let key = Key::parse(&spelled).expect("a key");
    assert!(key.is_at(image.address().registry()) || key.is_session());
}

fn name(text: &str) {
    if let Ok(name) = Name::parse(text) {
        assert_eq!(Name::parse(name.as_str()).as_ref(), Ok(&name));
        assert!(!name.as_argument().is_empty());
    }
    if let Ok(name) = Name::parse_typed(text) {
        assert_eq!(Name::parse_typed(name.as_str()), Ok(name));
    }
    let (user, registry) = text.split_once(' ').unwrap_or((text, ""));
    let made = Name::suggest(user, registry).numbered(text.len());
    assert_eq!(Name::parse_typed(made.as_str()).as_ref(), Ok(&made), "a person can type a made name");
    assert!(!name::is_profile(text) || !text.contains(['/', '\\']));
}
