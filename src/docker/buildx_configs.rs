//! Finds the files from which buildx reads logins for a part of a registry: below Docker's configuration folder,
//! `buildx/config/REGISTRY[/REPOSITORY][@pull|@push|@pull,push]/config.json`
//! (<https://github.com/docker/buildx/pull/3562>).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::docker::client_logins::RegistryPart;
use crate::model::scope::Scope;
use crate::model::token::Permissions;
use crate::system::disk;

/// The deepest folder that is searched.
const MAX_DEPTH: usize = 16;

/// The largest number of folders that are searched.
const MAX_FOLDERS: usize = 10_000;

/// Returns the files below a configuration folder of Docker, in their order, each with its part.
pub fn find(docker_folder: &Path) -> Vec<(PathBuf, RegistryPart)> {
    let root = docker_folder.join("buildx/config");
    let mut folders = vec![(root.clone(), 0)];
    let mut files = Vec::new();
    let mut seen = 0;
    while let Some((folder, depth)) = folders.pop() {
        seen += 1;
        if depth > MAX_DEPTH || seen > MAX_FOLDERS {
            continue;
        }
        for path in disk::entries(&folder) {
            if path.is_dir() && !path.is_symlink() {
                folders.push((path, depth + 1));
            } else if path.file_name() == Some(OsStr::new("config.json")) {
                let name = folder.strip_prefix(&root).ok().and_then(Path::to_str);
                files.extend(name.and_then(parse_part).map(|part| (path, part)));
            }
        }
    }
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

/// Parses the name of a folder below `buildx/config`.
fn parse_part(name: &str) -> Option<RegistryPart> {
    let (place, actions) = match name.rsplit_once('@') {
        Some((place, actions)) => (place, Some(actions)),
        None => (name, None),
    };
    let has = |word: &str| actions.is_some_and(|actions| actions.split(',').any(|action| action == word));
    // A push needs to pull too.
    let permissions = (has("pull") || has("push")).then(|| Permissions {
        pull: true,
        push: has("push"),
        ..Permissions::default()
    });
    Some(RegistryPart { scope: Scope::parse(place).ok()?, permissions })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_folder_is_a_part_of_a_registry() {
        for (name, want) in [
            ("ghcr.io", Some(("ghcr.io", "?"))),
            ("ghcr.io/org/app", Some(("ghcr.io/org/app", "?"))),
            ("ghcr.io/org@pull", Some(("ghcr.io/org", "pull"))),
            ("ghcr.io/org@push", Some(("ghcr.io/org", "pull push"))),
            ("localhost:5000@pull,push", Some(("localhost:5000", "pull push"))),
            ("ghcr.io@else", Some(("ghcr.io", "?"))),
            ("a b", None),
        ] {
            let part = parse_part(name);
            let words = |part: &RegistryPart| match part.permissions {
                Some(permissions) => permissions.words().collect::<Vec<_>>().join(" "),
                None => "?".to_owned(),
            };
            let found = part.map(|part| (part.scope.to_string(), words(&part)));
            assert_eq!(found, want.map(|(scope, words)| (scope.to_owned(), words.to_owned())), "{name}");
        }
    }
}
