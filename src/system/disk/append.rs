//! Opens files that only grow, so that several processes can append to them.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::system::disk;
use crate::system::disk::DiskError;
use crate::system::disk::permissions::{PRIVATE, refuse_others_folder, set_mode_of, with_mode};

/// Opens an existing file for appending.
///
/// Links are not followed: root, called in another user's home, would write to a file of that user's choice. A pipe
/// in place of the file does not block.
pub fn open_append(path: &Path) -> io::Result<File> {
    nonblocking_nofollow(OpenOptions::new().append(true)).open(path)
}

/// Creates a file for appending, and its folder, for their owner alone. An existing file is opened.
pub fn create_append(path: &Path) -> Result<File, DiskError> {
    let folder = path.parent().unwrap_or(path);
    disk::make_folder(folder)?;
    refuse_others_folder(folder)?;
    let failed = DiskError::writing(path);
    let mut options = OpenOptions::new();
    let options = nonblocking_nofollow(options.append(true).create(true));
    let file = with_mode(options, PRIVATE).open(path).map_err(&failed)?;
    // A umask that denies even the owner would keep the next process from writing.
    set_mode_of(&file, PRIVATE).map_err(failed)?;
    Ok(file)
}

/// Takes the lock of a file as [`disk::lock`] does, without waiting; `None` when another process has it.
pub fn try_lock(path: &Path) -> Result<Option<File>, DiskError> {
    let (file, path) = disk::lock_file(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(DiskError::Write { path, source }),
    }
}

fn nonblocking_nofollow(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    return std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        (rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW).bits().cast_signed(),
    );
    #[cfg(not(unix))]
    return options;
}
