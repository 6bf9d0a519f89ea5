//! Checks that the intent read from any command line concerns only the requested registry.
//!
//! The input has the key on its first line, then one word per line.

#![no_main]

use docker_credential_pat::client;
use docker_credential_pat::model::image::Image;
use docker_credential_pat::model::registry::{Address, covers};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (key, words) = text.split_once('\n').unwrap_or((text, ""));
    let Some(at) = Address::parse(key) else { return };
    let mut words: Vec<&str> = words.split('\n').collect();
    let intent = client::intent(&words, &at);
    assert_eq!(client::intent(&words, &at), intent, "the same words, another answer");
    if let Some(repository) = intent.as_ref().and_then(|intent| intent.repository.as_deref()) {
        assert!(at.repository().is_none_or(|requested| covers(requested, repository)), "beside what was asked for");
        assert!(words[1..].iter().any(|word| names(word, &at, repository)), "no word names it");
    }
    let elsewhere = format!("/opt/bin/{}", words[0]);
    words[0] = &elsewhere;
    assert_eq!(client::intent(&words, &at), intent, "the same program, from its folder");
});

/// True when a word, or the rest of it after an option, is that image.
fn names(word: &str, at: &Address, repository: &str) -> bool {
    let rests: Vec<&str> = if word.starts_with('-') {
        word.char_indices().map(|(start, _)| &word[start..]).collect()
    } else {
        vec![word]
    };
    rests.iter().any(|rest| {
        let image = Image::parse(rest.strip_prefix("docker://").unwrap_or(rest));
        image.is_some_and(|image| {
            image.address().registry() == at.registry() && image.repository() == repository
        })
    })
}
