//! Finds the clients that are installed.

use std::ffi::OsStr;

use crate::docker::config::helper_lookup::ConfigOwner;
use crate::system::{disk, env};

/// Returns the programs of a kind of client that are in `PATH`.
pub fn installed(owner: ConfigOwner) -> Vec<&'static str> {
    let names: &[&str] = match owner {
        ConfigOwner::Docker => &["docker"],
        ConfigOwner::Podman => &["podman", "skopeo", "buildah"],
    };
    names.iter().copied().filter(|name| env::find_program(name).is_some()).collect()
}

/// True when the `docker` in `PATH` is that of the snap, which has a home of its own and finds no helper outside the
/// snap: <https://github.com/canonical/docker-snap>.
pub fn is_docker_from_snap() -> bool {
    let docker = env::find_program("docker");
    docker.is_some_and(|docker| disk::without_links(&docker).file_name() == Some(OsStr::new("snap")))
}
