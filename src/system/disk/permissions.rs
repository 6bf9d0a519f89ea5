//! Owners and modes of files and folders.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::{fs, io};

#[cfg(unix)]
use crate::system::disk::without_links;

/// The mode of files that hold secrets or keys: access for the owner alone.
pub const PRIVATE: u32 = 0o600;

/// The mode of the folders with such files.
pub(super) const PRIVATE_FOLDER: u32 = 0o700;

/// True when another user could change the file or replace it: by its own mode or owner, by those of its folder,
/// or by those of the folder that a link leads to.
pub fn is_writable_by_others(path: &Path) -> bool {
    #[cfg(unix)]
    return [Some(path), path.parent(), without_links(path).parent()]
        .into_iter()
        .flatten()
        .any(|path| fs::metadata(path).map_or(true, |metadata| is_open_to_writers(&metadata)));
    #[cfg(not(unix))]
    return path.as_os_str().is_empty();
}

/// True when the mode or the owner of a file or folder lets another user, other than root, write to it.
pub fn is_open_to_writers(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    return {
        let owner = std::os::unix::fs::MetadataExt::uid(metadata);
        let is_ours = owner == 0 || owner == rustix::process::geteuid().as_raw();
        !is_ours || mode(metadata) & 0o022 != 0
    };
    #[cfg(not(unix))]
    return {
        let _ = metadata;
        false
    };
}

/// Returns the permission bits of a file; an approximation on systems without them.
pub fn mode(metadata: &fs::Metadata) -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    #[cfg(not(unix))]
    return if metadata.permissions().readonly() { 0o400 } else { PRIVATE };
}

/// Returns the mode that closes a file or folder to all but its owner. A file that its owner may execute, such as a
/// command that prints the key, stays executable.
pub fn private_mode(metadata: &fs::Metadata) -> u32 {
    if metadata.is_dir() || mode(metadata) & 0o100 != 0 { PRIVATE_FOLDER } else { PRIVATE }
}

/// Returns the user id of the owner of a file, if that is another user.
pub fn other_owner(metadata: &fs::Metadata) -> Option<u32> {
    #[cfg(unix)]
    return Some(std::os::unix::fs::MetadataExt::uid(metadata))
        .filter(|owner| *owner != rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    return {
        let _ = metadata;
        None
    };
}

/// The way in which a private file is within reach of other users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// It belongs to the user with this id.
    OfAnotherUser(u32),
    /// Its permission bits let others read or write it.
    OpenToOthers(u32),
}

impl Exposure {
    /// Returns how a file is exposed, if it is. Root may read files of the user whose folder they are in.
    pub fn of(path: &Path, metadata: &fs::Metadata) -> Option<Self> {
        if let Some(owner) =
            other_owner(metadata).filter(|owner| *owner != 0 && !is_folder_owner(path, *owner))
        {
            return Some(Self::OfAnotherUser(owner));
        }
        let mode = mode(metadata);
        (cfg!(unix) && mode & 0o077 != 0).then_some(Self::OpenToOthers(mode))
    }

    /// Returns the sentence about a file, for people.
    pub fn about(self, path: &str) -> String {
        match self {
            Self::OfAnotherUser(owner) => format!("{path} belongs to another user (id {owner})"),
            Self::OpenToOthers(mode) => format!("{path} is open to other users (mode {mode:04o})"),
        }
    }

    /// Returns the command that ends it. The path is one word of a shell command.
    pub fn remedy(self, path: &str) -> String {
        match self {
            Self::OfAnotherUser(_) => format!("sudo chown \"$(id -un)\" {path}"),
            Self::OpenToOthers(_) => format!("chmod 600 {path}"),
        }
    }
}

/// True when this is root, in a folder of this user.
#[cfg(unix)]
fn is_folder_owner(path: &Path, owner: u32) -> bool {
    let path = without_links(path);
    let folder = path.parent().and_then(|folder| fs::metadata(folder).ok());
    rustix::process::geteuid().is_root()
        && folder.is_some_and(|folder| std::os::unix::fs::MetadataExt::uid(&folder) == owner)
}

#[cfg(not(unix))]
fn is_folder_owner(_path: &Path, _owner: u32) -> bool {
    true
}

/// Returns the id of the group of a file, if it exists.
pub(super) fn group(path: &Path) -> Option<u32> {
    #[cfg(unix)]
    return fs::symlink_metadata(path).ok().map(|metadata| std::os::unix::fs::MetadataExt::gid(&metadata));
    #[cfg(not(unix))]
    return {
        let _ = path;
        None
    };
}

/// Gives a file to a group, which is permitted to members of the group and to root.
#[cfg(unix)]
pub(super) fn set_group_of(file: &File, group: u32) -> io::Result<()> {
    if std::os::unix::fs::MetadataExt::gid(&file.metadata()?) == group {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, None, Some(group))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(super) fn set_group_of(_file: &File, _group: u32) -> io::Result<()> {
    Ok(())
}

/// Returns a builder for folders that are private from the start.
pub(super) fn private_folder() -> fs::DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "no modes there"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, PRIVATE_FOLDER);
    builder
}

/// Sets the mode of an open file or folder: the umask may have reduced the mode at its creation.
#[cfg(unix)]
pub(super) fn set_mode_of(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(super) fn set_mode_of(_file: &File, _mode: u32) -> io::Result<()> {
    Ok(())
}

/// Sets the mode with which a file is created; the umask may reduce it.
pub(super) fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    #[cfg(unix)]
    return std::os::unix::fs::OpenOptionsExt::mode(options, mode);
    #[cfg(not(unix))]
    return {
        let _ = mode;
        options
    };
}

/// Sets the mode of a file or folder of this user, and never that of what a link leads to. `mode` gets the metadata of
/// the open file, because the path may lead elsewhere by now.
#[cfg(unix)]
pub(super) fn set_mode(path: &Path, mode: impl FnOnce(&fs::Metadata) -> u32) -> io::Result<()> {
    match nonblocking_nofollow(OpenOptions::new().read(true)).open(path) {
        // The owner may not read it, as after a umask that denies even the owner.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => set_mode_unread(path, mode),
        opened => {
            let file = opened?;
            let metadata = file.metadata()?;
            refuse_other_owner(&metadata)?;
            set_mode_of(&file, mode(&metadata))
        }
    }
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
pub(super) fn set_mode(_path: &Path, _mode: impl FnOnce(&fs::Metadata) -> u32) -> io::Result<()> {
    Ok(())
}

/// Sets the mode of a path that its owner cannot read. Root may read everything, so this is an ordinary user, whose
/// links lead at worst to another file of the same user. (A path in /proc/self/fd is closed to a process that cannot be traced.)
#[cfg(unix)]
fn set_mode_unread(path: &Path, mode: impl FnOnce(&fs::Metadata) -> u32) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    refuse_other_owner(&metadata)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode(&metadata)))
}

#[cfg(unix)]
fn refuse_other_owner(metadata: &fs::Metadata) -> io::Result<()> {
    if other_owner(metadata).is_some() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(()) }
}

/// Keeps `open` from following a link at the end of the path, and from blocking if there is a pipe.
pub(super) fn nonblocking_nofollow(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    return std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW).bits().cast_signed(),
    );
    #[cfg(not(unix))]
    return options;
}
