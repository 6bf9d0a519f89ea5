//! Refuses to write where another user decides what a path leads to.
//!
//! `sudo -E` and `su` without `-` run this program as root in the home of a user, whose links could lead root's writes
//! to any file, and who would lose access to the files made there. All functions of [`disk`](crate::system::disk) that
//! write ask [`refuse_others`] first.

use std::fs;
use std::path::Path;

use crate::system::disk::DiskError;

/// A link at the end of a path, which a write follows or replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LastLink {
    Followed,
    Replaced,
}

/// The id that the kernel shows for an owner without an id here: in a user namespace, or on a network file system.
#[cfg(unix)]
const OVERFLOW_ID: u32 = 65534;

/// Fails when a component of the path, or of what a link in it leads to, belongs to another user, except root. What
/// is missing belongs to nobody.
#[cfg(unix)]
pub(super) fn refuse_others(path: &Path, last_link: LastLink) -> Result<(), DiskError> {
    use std::ffi::OsString;
    use std::io;
    use std::path::{Component, PathBuf};

    use crate::system::disk::MAX_LINKS;

    let names_backwards = |path: &Path| -> Vec<OsString> {
        let names = path.components().rev();
        names
            .filter(|component| matches!(component, Component::Normal(_) | Component::ParentDir))
            .map(|component| component.as_os_str().to_owned())
            .collect()
    };
    let failed = DiskError::writing(path);
    let mut rest = names_backwards(&std::path::absolute(path).map_err(&failed)?);
    let mut at = PathBuf::from("/");
    refuse_other(&at, &fs::symlink_metadata(&at).map_err(&failed)?)?;
    let mut links = 0;
    while let Some(name) = rest.pop() {
        // There is no link in the path so far, so the name has its plain meaning.
        if name == ".." {
            at.pop();
            continue;
        }
        at.push(&name);
        let metadata = match fs::symlink_metadata(&at) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(error)),
        };
        refuse_other(&at, &metadata)?;
        let is_replaced = rest.is_empty() && last_link == LastLink::Replaced;
        if !metadata.is_symlink() || is_replaced {
            continue;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(failed(io::ErrorKind::InvalidInput.into()));
        }
        let target = fs::read_link(&at).map_err(&failed)?;
        if target.is_absolute() {
            at = PathBuf::from("/");
        } else {
            at.pop();
        }
        rest.append(&mut names_backwards(&target));
    }
    Ok(())
}

/// Never fails: such systems have no root.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(super) fn refuse_others(_path: &Path, _last_link: LastLink) -> Result<(), DiskError> {
    Ok(())
}

/// Fails for a component that belongs to another user than root and the one of this process.
#[cfg(unix)]
fn refuse_other(path: &Path, metadata: &fs::Metadata) -> Result<(), DiskError> {
    let owner = std::os::unix::fs::MetadataExt::uid(metadata);
    if owner == 0 || owner == rustix::process::geteuid().as_raw() || is_accepted(owner, metadata) {
        return Ok(());
    }
    Err(DiskError::OfAnotherUser { path: path.to_owned(), owner })
}

/// True for an owner that only seems to be another user, and for a file or folder that its owner shares with this
/// ordinary user. In some containers, the home belongs to another id and is open to the group of the process.
#[cfg(unix)]
#[cold]
fn is_accepted(owner: u32, metadata: &fs::Metadata) -> bool {
    const GROUP_WRITE: u32 = 0o020;
    if owner == OVERFLOW_ID && crate::system::user_namespace::has_unmapped_ids() {
        return true;
    }
    if rustix::process::geteuid().is_root() || metadata.is_symlink() {
        return false;
    }
    let group = std::os::unix::fs::MetadataExt::gid(metadata);
    let is_shared = super::mode(metadata) & GROUP_WRITE != 0 && is_in_group(group);
    owner == OVERFLOW_ID || is_shared
}

#[cfg(unix)]
fn is_in_group(group: u32) -> bool {
    let others = || rustix::process::getgroups().unwrap_or_default();
    rustix::process::getegid().as_raw() == group || others().iter().any(|other| other.as_raw() == group)
}

/// True when an open file needs no look at its path: it belongs to this ordinary user, and has no other name. Root
/// always looks, before the file is opened.
#[cfg(unix)]
pub(super) fn is_ours_alone(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    metadata.uid() == rustix::process::geteuid().as_raw() && metadata.nlink() == 1
}

#[cfg(not(unix))]
pub(super) fn is_ours_alone(_metadata: &fs::Metadata) -> bool {
    true
}

/// True for root, who may open any file.
pub(super) fn is_root() -> bool {
    #[cfg(unix)]
    return rustix::process::geteuid().is_root();
    #[cfg(not(unix))]
    return false;
}
