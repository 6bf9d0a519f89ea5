//! Reads the helpers that podman, skopeo and buildah call for every registry:
//! <https://github.com/containers/image/blob/main/docs/containers-registries.conf.5.md> (`credential-helpers`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::system::{disk, env};

/// The largest accepted file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

#[derive(Deserialize)]
struct RegistriesConf {
    #[serde(rename = "credential-helpers", default)]
    helpers: Vec<String>,
}

/// Returns the helpers, without `docker-credential-`, in the order in which they are called. A file that cannot be
/// read names none. The last file that names any counts.
pub fn helpers_of_podman() -> Vec<String> {
    let files = env::registries_conf_files();
    let files = files.into_iter().flat_map(|path| if path.is_dir() { parts(&path) } else { vec![path] });
    files.fold(Vec::new(), |helpers, path| helpers_in(&path).unwrap_or(helpers))
}

fn helpers_in(path: &Path) -> Option<Vec<String>> {
    let (bytes, _) = disk::read(path, MAX_BYTES).ok()??;
    let conf: RegistriesConf = toml::from_slice(&bytes).ok()?;
    Some(conf.helpers).filter(|helpers| !helpers.is_empty())
}

/// Returns the `.conf` files in a folder, in their order.
fn parts(folder: &Path) -> Vec<PathBuf> {
    let mut parts = disk::entries(folder);
    parts.retain(|path| path.extension() == Some(OsStr::new("conf")));
    parts.sort();
    parts
}
