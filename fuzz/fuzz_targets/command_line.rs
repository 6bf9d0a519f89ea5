//! Checks that the intent read from any command line concerns only the requested registry.
//!
//! The input has the key on its first line, then one word per line.

#![no_main]

use docker_credential_pat::client;
use docker_credential_pat::model::registry::Address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (key, words) = text.split_once('\n').unwrap_or((text, ""));
    let Some(at) = Address::parse(key) else { return };
    let mut words: Vec<&str> = words.split('\n').collect();
    let intent = client::intent(&words, &at);
    assert_eq!(client::intent(&words, &at), intent, "the same words, another answer");
    for repository in intent.iter().flat_map(|intent| &intent.repositories) {
        let image = Address::parse(&format!("{}/{repository}", at.registry()));
        assert!(image.is_some_and(|image| image.registry() == at.registry()), "not a repository of the registry");
    }
    let elsewhere = format!("/opt/bin/{}", words[0]);
    words[0] = &elsewhere;
    assert_eq!(client::intent(&words, &at), intent, "the same program, from its folder");
});
