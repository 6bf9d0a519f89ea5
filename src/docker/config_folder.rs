//! Docker's configuration folders, each of which has logins of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::docker::config::ConfigFile;
use crate::model::registry::Key;
use crate::model::timestamp::Timestamp;
use crate::resolve::request::{ConfigFolder, FOLDER_PREFIX};

/// Returns the profile of the logins that are made under a folder. The path is absolute and without links.
pub fn profile(folder: &Path) -> String {
    format!("{FOLDER_PREFIX}{}", folder.display())
}

/// Reads the state of a folder. A file that cannot be read has no entries.
pub fn read(folder: &Path) -> ConfigFolder {
    let path = folder.join("config.json");
    let modified = fs::metadata(&path).and_then(|metadata| metadata.modified()).ok();
    let seconds = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let keys = ConfigFile::read(path).and_then(|file| file.entry_names()).unwrap_or_default();
    let keys = keys.iter().filter_map(|name| Key::parse(name).ok());
    ConfigFolder {
        profile: profile(folder),
        places: keys.map(|key| key.place().to_owned()).collect::<BTreeSet<_>>(),
        modified: seconds.and_then(|seconds| i64::try_from(seconds.as_secs()).ok()).map(Timestamp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_of_a_folder_has_the_registries_of_its_entries() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(read(folder.path()), ConfigFolder::empty(profile(folder.path())));
        for (text, want) in [
            (r#"{"auths":{"https://index.docker.io/v1/":{},"GHCR.io":{}}}"#, &["docker.io", "ghcr.io"][..]),
            (r#"{"credsStore":"pat"}"#, &[]),
            ("not JSON", &[]),
        ] {
            fs::write(folder.path().join("config.json"), text).expect("written");
            let state = read(folder.path());
            assert_eq!(state.places.iter().map(String::as_str).collect::<Vec<_>>(), want, "{text}");
            assert!(state.modified.is_some_and(|modified| modified.0 > 1_700_000_000), "{text}");
        }
    }
}
