//! Checks that an input is accepted completely, byte for byte, or refused, and that every answer is JSON.

#![no_main]

use std::collections::BTreeMap;

use docker_credential_pat::docker::wire;
use docker_credential_pat::docker::wire::Credentials;
use docker_credential_pat::model::registry::Key;
use docker_credential_pat::system::limited_read::read_input;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;

/// The same input as another parser reads it.
#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "ServerURL")]
    key: String,
    #[serde(rename = "Username")]
    user: String,
    #[serde(rename = "Secret")]
    secret: String,
}

fn is_taken(input: &[u8], sent: &Sent) -> bool {
    // The other parser accepts an array in place of an object.
    input.trim_ascii_start().starts_with(b"{") && !sent.user.is_empty() && Key::parse(&sent.key).is_ok()
}

fuzz_target!(|input: &[u8]| {
    assert_eq!(*read_input(input).expect("it fits"), input);
    if let Ok(key) = wire::parse_key(input) {
        assert_eq!(wire::parse_key(key.as_str().as_bytes()).ok(), Some(key));
    }
    // Given bytes, the other parser would not check that the parts it skips are UTF-8.
    let sent = str::from_utf8(input).ok().and_then(|text| serde_json::from_str::<Sent>(text).ok());
    let sent = sent.filter(|sent| is_taken(input, sent));
    let Ok(Credentials { key, user, secret }) = wire::parse_credentials(input) else {
        return assert!(sent.is_none(), "refused, though nothing is wrong with it");
    };
    let sent = sent.expect("taken, though another reader does not");
    assert_eq!(Key::parse(&sent.key).ok().as_ref(), Some(&key));
    assert!(sent.user == *user && sent.secret == secret.expose());

    let mut answer = Vec::new();
    wire::write_credentials(&mut answer, &key, &user, &secret).expect("memory");
    let answered: Sent = serde_json::from_slice(&answer).expect("JSON");
    assert!(answered.key == key.as_str() && answered.user == *user && answered.secret == secret.expose());
    let again = wire::parse_credentials(&answer).expect("our own words");
    assert!(again.key == key && *again.user == *user && again.secret.is_same_as(&secret));

    let rows = [(key.as_str(), &**user), (&**user, secret.expose())];
    let mut list = Vec::new();
    wire::write_list(&mut list, &rows).expect("memory");
    let listed: BTreeMap<String, String> = serde_json::from_slice(&list).expect("JSON");
    assert_eq!(listed, rows.map(|(key, user)| (key.to_owned(), user.to_owned())).into());
});
