//! Files that only grow: whole pieces at their end, whoever else writes there.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::system::disk;
use crate::system::disk::DiskError;
use crate::system::disk::permissions::{PRIVATE, private, refuse_others_folder, set_mode_of};

/// Opens a file that is there for writing at its end.
///
/// No link is followed: root, called in another user's home, would write wherever that user wants. Nor does
/// a pipe in its place keep anybody waiting.
pub fn open_append(path: &Path) -> io::Result<File> {
    as_it_is(OpenOptions::new().append(true)).open(path)
}

/// Makes such a file, and its folder, for their owner alone; one that is there by now is opened.
///
/// # Errors
/// When one of them cannot be made, or as root in another user's folder.
pub fn create_append(path: &Path) -> Result<File, DiskError> {
    let folder = path.parent().unwrap_or(path);
    disk::make_folder(folder)?;
    refuse_others_folder(folder)?;
    let failed = |source| DiskError::Write { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    let file = private(as_it_is(options.append(true).create(true)), PRIVATE).open(path).map_err(failed)?;
    // The umask may have denied even the owner, and the next to come could not write.
    set_mode_of(&file, PRIVATE).map_err(failed)?;
    Ok(file)
}

/// Takes the lock of a file as [`disk::lock`] does; `None` when another process has it.
pub fn try_lock(path: &Path) -> Result<Option<File>, DiskError> {
    let (file, path) = disk::lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(DiskError::Write { path, source }),
    }
}

fn as_it_is(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    return std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW).bits().cast_signed(),
    );
    #[cfg(not(unix))]
    return options;
}
