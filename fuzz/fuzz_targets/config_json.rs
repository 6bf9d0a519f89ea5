//! Docker's `config.json` is refused, or changed in nothing but what was asked for, and changed back.

#![no_main]

use docker_credential_pat::docker_config::ConfigFile;
use docker_credential_pat_fuzz::memory;
use indexmap::IndexMap;
use libfuzzer_sys::fuzz_target;
use serde_json::value::RawValue;
use std::path::Path;

const REGISTRY: &str = "ghcr.io";
const OURS: [&str; 2] = ["credsStore", "credHelpers"];

/// The helper for all registries, the one for [`REGISTRY`], and those that have one.
type Helpers = (Option<String>, Option<String>, Vec<String>);

fuzz_target!(|input: &[u8]| {
    let path = memory::write(input);
    let Ok(file) = ConfigFile::read(path.clone()) else {
        return assert_eq!(memory::read(&path), input, "what is refused is left");
    };
    let _ = file.plain_logins();
    // An import of those logins: what it reads here is what it took, and the rest stays as it was.

    let (Some((store, helper, registries)), others) = (helpers(&file), others(input)) else { return };
    set(file, Some("pat"), Some("pat"));
    assert_eq!(others_on_disk(&path), others);
    let file = ConfigFile::read(path.clone()).expect("our own");
    let ours = Some("pat".to_owned());
    assert!(file.store().ok() == Some(ours.clone()) && file.helper(REGISTRY).ok() == Some(ours));

    set(file, store.as_deref(), helper.as_deref());
    assert_eq!(others_on_disk(&path), others);
    let file = ConfigFile::read(path).expect("our own");
    let (store_now, helper_now, mut registries_now) = helpers(&file).expect("as before");
    // What stood there without naming a helper is gone with ours.
    registries_now.extend(registries.iter().filter(|name| *name == REGISTRY && helper.is_none()).cloned());
    registries_now.sort_by_key(|name| registries.iter().position(|other| other == name));
    assert_eq!((store_now, helper_now, registries_now), (store, helper, registries));
});

fn helpers(file: &ConfigFile) -> Option<Helpers> {
    Some((file.store().ok()?, file.helper(REGISTRY).ok()?, file.registries_with_helpers().ok()?))
}

fn set(mut file: ConfigFile, store: Option<&str>, helper: Option<&str>) {
    file.set_store(store);
    file.set_helper(REGISTRY, helper).expect("it was read");
    file.write().expect("written");
}

fn others_on_disk(path: &Path) -> Vec<(String, String)> {
    others(&memory::read(path))
}

/// Returns all values but ours, as they are written and in their order.
fn others(json: &[u8]) -> Vec<(String, String)> {
    if json.trim_ascii().is_empty() {
        return Vec::new();
    }
    let all: IndexMap<String, Box<RawValue>> = serde_json::from_slice(json).expect("valid JSON");
    let others = all.into_iter().filter(|(name, _)| !OURS.contains(&name.as_str()));
    others.map(|(name, value)| (name, value.get().to_owned())).collect()
}
