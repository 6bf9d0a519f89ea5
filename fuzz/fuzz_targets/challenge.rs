//! Checks that a secret goes only to an encrypted endpoint with a host name or stays on this machine, for any
//! challenge of a registry.

#![no_main]

use docker_credential_pat::http::endpoint::{Endpoint, PlainHttp};
use docker_credential_pat::verify::challenge::Challenge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    for registry in ["https://registry.example/v2/", "http://127.0.0.1:5000/v2/", "https://127.0.0.1:5000/v2/"] {
        let registry = Endpoint::parse(registry, PlainHttp::Loopback).expect("a place");
        let Ok(Challenge::Bearer { realm, .. }) = Challenge::from_headers([text].into_iter(), &registry) else { continue };
        assert!(realm.is_encrypted() || (realm.is_loopback() && !registry.is_encrypted()), "{realm}");
        assert!(!realm.has_numeric_host() || (realm.is_loopback() && registry.is_loopback()), "{realm}");
    }
    if let Ok(place) = Endpoint::parse(text, PlainHttp::Loopback) {
        assert!(place.is_encrypted() || place.is_loopback(), "{place}");
        let spelled = place.to_string();
        assert!(!spelled.contains(['@', '?', '#']) && place.is_same_origin(&place), "{spelled}");
        assert!(Endpoint::parse(&spelled, PlainHttp::Loopback).is_ok_and(|again| again.is_same_origin(&place)));
    }
});
