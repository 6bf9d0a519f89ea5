//! Files that several processes append to, and small files that are not worth the wait for the disk.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::path::Path;
use std::{fs, io};

use crate::system::disk;
use crate::system::disk::DiskError;
use crate::system::disk::ownership::{LastLink, is_ours_alone, is_root, refuse_others};
use crate::system::disk::permissions::{PRIVATE, nonblocking_nofollow, set_mode_of, with_mode};

/// Opens an existing file for appending.
///
/// Links are not followed: root, called in another user's home, would write to a file of that user's choice. A pipe
/// in place of the file does not block. For an ordinary user, the owner of the open file is enough to know that it is
/// the right one, because a `get` does this each time.
pub fn open_append(path: &Path) -> io::Result<(File, Metadata)> {
    let refuse = || refuse_others(path, LastLink::Replaced).map_err(io::Error::other);
    if is_root() {
        refuse()?;
    }
    let file = nonblocking_nofollow(OpenOptions::new().append(true)).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    if !is_root() && !is_ours_alone(&metadata) {
        refuse()?;
    }
    Ok((file, metadata))
}

/// Creates a file for appending, and its folder, for their owner alone. An existing file is opened.
pub fn create_append(path: &Path) -> Result<(File, Metadata), DiskError> {
    let folder = path.parent().unwrap_or(path);
    disk::make_folder(folder)?;
    refuse_others(path, LastLink::Replaced)?;
    let failed = DiskError::writing(path);
    let mut options = OpenOptions::new();
    let options = nonblocking_nofollow(options.append(true).create(true));
    let file = with_mode(options, PRIVATE).open(path).map_err(&failed)?;
    let metadata = file.metadata().map_err(&failed)?;
    if !metadata.is_file() {
        return Err(DiskError::NotAFile { path: path.to_owned() });
    }
    // A umask that denies even the owner would keep the next process from writing.
    set_mode_of(&file, PRIVATE).map_err(failed)?;
    Ok((file, metadata))
}

/// Creates an empty file; fails when there is one.
pub fn create_empty(path: &Path) -> io::Result<File> {
    refuse_others(path, LastLink::Replaced).map_err(io::Error::other)?;
    File::create_new(path)
}

/// Removes a file, without a wait for the disk.
pub fn remove_unsynced(path: &Path) -> io::Result<()> {
    refuse_others(path, LastLink::Replaced).map_err(io::Error::other)?;
    fs::remove_file(path)
}

/// Renames a file over another, without a wait for the disk.
pub fn rename_unsynced(from: &Path, to: &Path) -> Result<(), DiskError> {
    for path in [from, to] {
        refuse_others(path, LastLink::Replaced)?;
    }
    fs::rename(from, to).map_err(DiskError::writing(to))
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
