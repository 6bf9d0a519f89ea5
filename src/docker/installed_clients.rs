//! Finds the clients that are installed.

use std::ffi::OsStr;
use std::path::PathBuf;

use crate::docker::config::ConfigFile;
use crate::docker::config::helper_lookup::ConfigOwner;
use crate::docker::helper_name::HelperName;
use crate::model::registry::Key;
use crate::system::{disk, env};

/// Returns the programs of a kind of client that are in `PATH`.
pub fn installed(owner: ConfigOwner) -> Vec<&'static str> {
    let names: &[&str] = match owner {
        ConfigOwner::Docker => &["docker"],
        ConfigOwner::Podman => &["podman", "skopeo", "buildah"],
    };
    names.iter().copied().filter(|name| env::find_program(name).is_some()).collect()
}

/// A client that asks somebody else for a key.
pub struct AskedElsewhere {
    /// The file that decides it.
    pub config: PathBuf,
    /// The helper that the client asks; `None` when it reads its files.
    pub helper: Option<String>,
    /// True when the file does not name the helper, and Docker found it in `PATH`.
    pub is_found: bool,
}

/// Returns whom the client asks for a key, if that is not this program. A file that cannot be read says nothing.
pub fn asked_elsewhere(owner: ConfigOwner, key: &Key) -> Option<AskedElsewhere> {
    let files = match owner {
        ConfigOwner::Docker => vec![env::docker_config().ok()?],
        ConfigOwner::Podman => env::podman_own_files().ok()?,
    };
    let config = files.first()?.clone();
    let (mut helper, mut is_found) = (None, false);
    for file in files {
        let file = ConfigFile::read(file).ok()?;
        helper = helper.or(file.helper_for(key, owner).ok()?);
        is_found |= file.store().ok()?.is_none() && file.store_found_by_docker().ok()?.is_some();
    }
    is_found &= owner == ConfigOwner::Docker;
    match helper {
        Some(helper) if HelperName::is_ours(&helper) => None,
        helper => Some(AskedElsewhere { config, helper, is_found }),
    }
}

/// True when the `docker` in `PATH` is that of the snap, which has a home of its own and finds no helper outside the
/// snap: <https://github.com/canonical/docker-snap>.
pub fn is_docker_from_snap() -> bool {
    let docker = env::find_program("docker");
    docker.is_some_and(|docker| disk::without_links(&docker).file_name() == Some(OsStr::new("snap")))
}
