//! Checks that a `config.json` is either refused, or changed only as requested and then changed back.

#![no_main]

use std::path::Path;

use docker_credential_pat::docker::config::ConfigFile;
use docker_credential_pat::docker::config::logins::{EntryRemainder, PlainLogin};
use docker_credential_pat::docker::config::members::Members;
use docker_credential_pat_fuzz::memory;
use libfuzzer_sys::fuzz_target;

const REGISTRY: &str = "ghcr.io";

fuzz_target!(|input: &[u8]| {
    let path = memory::write(input);
    let Ok(file) = ConfigFile::read(path.clone()) else {
        return assert_eq!(memory::read(&path), input, "what is refused is left");
    };
    let _ = file.plain_logins();

    let Some((store, helper)) = helpers(&file) else { return };
    take_logins_out(ConfigFile::read(path.clone()).expect("as before"), &path);
    memory::write(input);
    let others = others(&path);
    let pat = Some("pat");
    for (store, helper) in [(pat, pat), (store.as_deref(), helper.as_deref()), (pat, pat), (None, None)] {
        let mut file = ConfigFile::read(path.clone()).expect("as before or our own");
        file.set_store(store);
        file.set_helper(REGISTRY, helper).expect("it was read");
        file.write().expect("written");
        let file = ConfigFile::read(path.clone()).expect("our own");
        assert_eq!(helpers(&file), Some((store.map(str::to_owned), helper.map(str::to_owned))));
        assert_eq!(self::others(&path), others);
    }
});

/// Removes logins as an import does, and checks that those it could take are gone and all others are unchanged.
fn take_logins_out(mut file: ConfigFile, path: &Path) {
    let Ok(logins) = file.logins() else { return };
    let (taken, left): (Vec<PlainLogin>, Vec<PlainLogin>) =
        logins.into_iter().partition(|login| login.credentials.is_ok());
    let keys: Vec<&str> = taken.iter().map(|login| login.key.as_str()).collect();
    let rest = |path: &Path| {
        let mut members = Members::parse(&others(path).0).expect("our own");
        members.set("auths", None);
        members.to_json(0)
    };
    let before = rest(path);
    file.remove_logins(&keys, EntryRemainder::Entry).expect("it was read");
    file.write().expect("memory takes it");
    assert_eq!(rest(path), before);
    let now = ConfigFile::read(path.to_owned()).expect("our own").logins().expect("our own");
    assert!(now.iter().all(|login| login.credentials.is_err() || !keys.contains(&login.key.as_str())));
    let is_left = |login: &&PlainLogin| !keys.contains(&login.key.as_str());
    assert!(left.iter().filter(is_left).all(|login| now.iter().any(|other| other.key == login.key)));
}

/// Returns the helper for all registries and the one for [`REGISTRY`].
fn helpers(file: &ConfigFile) -> Option<(Option<String>, Option<String>)> {
    Some((file.store().ok()?, file.helper(REGISTRY).ok()?))
}

/// Returns all values except ours, as written and in their order: the members of the file, and the other helpers.
fn others(path: &Path) -> (String, Vec<(String, String)>) {
    let bytes = memory::read(path);
    let text = String::from_utf8_lossy(&bytes);
    let mut members = if text.trim_ascii().is_empty() {
        Members::default()
    } else {
        Members::parse(&text).expect("valid JSON")
    };
    let helpers = members.map("credHelpers").unwrap_or_default().into_iter();
    let helpers = helpers.filter(|(name, _)| name != REGISTRY);
    let helpers = helpers.map(|(name, value)| (name, value.get().to_owned())).collect();
    members.set("credsStore", None);
    members.set("credHelpers", None);
    (members.to_json(0), helpers)
}
