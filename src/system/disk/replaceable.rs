//! Finds out whether a file can be replaced, before anything else is changed.

use std::error::Error;
use std::path::Path;
use std::{fs, io};

use thiserror::Error;

use crate::system::disk;
use crate::system::disk::ownership::{LastLink, refuse_others};
use crate::system::disk::permissions::PRIVATE;
use crate::system::disk::{DiskError, folder_of, write_target};

/// The reason why a file cannot be replaced in a folder that is writable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReplaceObstacle {
    /// As `docker run --volume FILE:FILE` does. Nothing can be renamed over it.
    #[error("it is mounted by itself")]
    Mounted,
    #[error("it is immutable")]
    Immutable,
    /// The folder has the sticky bit, as `/tmp` has.
    #[error("it belongs to another user")]
    OthersFile,
    #[error("the file system is read-only")]
    ReadOnly,
}

impl ReplaceObstacle {
    /// Finds the obstacle that caused an error.
    pub(super) fn behind(error: &io::Error) -> Option<Self> {
        let source = error.get_ref().map(|source| source as &(dyn Error + 'static));
        match (source.and_then(|source| source.downcast_ref()), error.kind()) {
            (Some(obstacle), _) => Some(*obstacle),
            (None, io::ErrorKind::ReadOnlyFilesystem) => Some(Self::ReadOnly),
            (None, io::ErrorKind::ResourceBusy) => Some(Self::Mounted),
            (None, _) => None,
        }
    }

    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Mounted => "mount its folder instead of the file; nothing was lost",
            Self::Immutable => "run `chattr -i` on it; nothing was lost",
            Self::OthersFile => "move it away, or do it as that user; nothing was lost",
            Self::ReadOnly => "mount its file system for writing; nothing was lost",
        }
    }
}

impl From<ReplaceObstacle> for io::Error {
    fn from(obstacle: ReplaceObstacle) -> Self {
        Self::other(obstacle)
    }
}

/// Checks that [`disk::replace`] can replace a file, or create it. Where a folder is missing, the one above is checked.
///
/// Creates and removes `NAME.new` beside the file, and leaves the file itself alone: to replace it with a copy of
/// itself would break hard links, and lose its owner and times.
pub fn check_replaceable(path: &Path, last_link: LastLink) -> Result<(), DiskError> {
    refuse_others(path, last_link)?;
    let failed = DiskError::writing(path);
    let is_replaced = last_link == LastLink::Replaced;
    let target = if is_replaced { path.to_owned() } else { write_target(path).map_err(&failed)? };
    let folder = folder_of(&target);
    if disk::is_missing(folder) {
        let above = folder.ancestors().find(|above| !disk::is_missing(above)).unwrap_or(folder);
        return check_folder(above).map_err(failed);
    }
    match fs::symlink_metadata(&target) {
        Ok(metadata) if !(metadata.is_file() || is_replaced && metadata.is_symlink()) => {
            return Err(DiskError::NotAFile { path: path.to_owned() });
        }
        Ok(metadata) => check_file(&target, &metadata, folder).map_err(&failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let probe = disk::with_suffix(&target, ".new");
    disk::write_new(&probe, b"", PRIVATE, None).and_then(|()| fs::remove_file(&probe)).map_err(failed)
}

/// Checks that a file can be renamed over.
#[cfg(target_os = "linux")]
fn check_file(path: &Path, metadata: &fs::Metadata, folder: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags};

    let statx = |path| rustix::fs::statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::MNT_ID);
    // A kernel before 4.11 or a sandbox may not have the call, and kernels before 5.8 do not return the mount.
    if let (Ok(file), Ok(above)) = (statx(path), statx(folder)) {
        let has_mount = file.stx_mask & above.stx_mask & StatxFlags::MNT_ID.bits() != 0;
        if has_mount && file.stx_mnt_id != above.stx_mnt_id {
            return Err(ReplaceObstacle::Mounted.into());
        }
        if file.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
            return Err(ReplaceObstacle::Immutable.into());
        }
    }
    check_sticky(metadata, folder)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn check_file(_path: &Path, metadata: &fs::Metadata, folder: &Path) -> io::Result<()> {
    check_sticky(metadata, folder)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature everywhere")]
fn check_file(_path: &Path, _metadata: &fs::Metadata, _folder: &Path) -> io::Result<()> {
    Ok(())
}

/// In a folder with the sticky bit, only root and the owners of file and folder can rename over a file.
#[cfg(unix)]
fn check_sticky(metadata: &fs::Metadata, folder: &Path) -> io::Result<()> {
    const STICKY: u32 = 0o1000;
    let folder = fs::metadata(folder)?;
    let is_others = |metadata| disk::other_owner(metadata).is_some();
    let is_root = rustix::process::geteuid().is_root();
    if disk::mode(&folder) & STICKY != 0 && is_others(metadata) && is_others(&folder) && !is_root {
        return Err(ReplaceObstacle::OthersFile.into());
    }
    Ok(())
}

/// Checks that something can be created in a folder.
#[cfg(unix)]
fn check_folder(folder: &Path) -> io::Result<()> {
    use rustix::fs::Access;
    if !folder.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    Ok(rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK)?)
}

#[cfg(not(unix))]
fn check_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() { Ok(()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}
