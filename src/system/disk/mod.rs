//! Files that are written whole or not at all, and are nobody else's.

pub mod append;
pub mod permissions;

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use thiserror::Error;

use crate::model::hint::Hint;
pub use crate::system::disk::permissions::{PRIVATE, is_writable_by_others, mode, other_owner, private_mode};
use crate::system::disk::permissions::{
    PRIVATE_FOLDER, private, private_folder, refuse_others_folder, set_mode, set_mode_of,
};

/// How long a writer waits for the others: fifty of them on a slow disk take a few seconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// How often it looks whether they are done.
const LOCK_POLL: Duration = Duration::from_millis(2);

/// What could not be done with a file.
#[derive(Debug, Error)]
pub enum DiskError {
    /// Not there for another reason than absence, or closed to us.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not written; what was there before is there still.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Written, but a power cut may yet bring the old one back.
    #[error("{} is written, but the disk does not confirm it", path.display())]
    NotDurable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something else than a file is in its place.
    #[error("{} is not a file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// A new file was asked for.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Larger than anything that this program writes.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in bytes.
        limit: u64,
    },
    /// Another process holds the lock for longer than [`LOCK_PATIENCE`].
    #[error("another process has kept {} locked for {} seconds", path.display(), LOCK_PATIENCE.as_secs())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// As root in another user's folder: whatever is made there is lost to that user.
    #[error("{} belongs to another user (id {owner}), and files made by root would be lost to that user", path.display())]
    OthersFolder {
        /// The folder.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
    },
}

impl Hint for DiskError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { path, .. } => Some(format!("make {} readable for you", path.display())),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("make room on the disk; nothing was lost".to_owned())
            }
            Self::Write { .. } => Some("make its folder writable for you; nothing was lost".to_owned()),
            Self::NotDurable { .. } => Some("check the disk, and do it again".to_owned()),
            Self::NotAFile { path } => Some(format!("move {} away", path.display())),
            Self::Exists { .. } => Some("choose another name, or remove it first".to_owned()),
            Self::TooLarge { .. } => None,
            Self::Locked { .. } => Some("end the process that holds it, or try again".to_owned()),
            Self::OthersFolder { .. } => {
                Some("run it as that user, or set HOME to your own home folder".to_owned())
            }
        }
    }
}

/// Opens a file for reading; `None` when there is none.
pub fn open(path: &Path) -> Result<Option<(File, fs::Metadata)>, DiskError> {
    let unreadable = |source| DiskError::Read { path: path.to_owned(), source };
    let file = match without_waiting(OpenOptions::new().read(true)).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound && !path.is_symlink() => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_file() {
        Ok(Some((file, metadata)))
    } else {
        Err(DiskError::NotAFile { path: path.to_owned() })
    }
}

/// Reads a whole file of at most `limit` bytes, and what the system says of it; `None` when there is none.
pub fn read(path: &Path, limit: u64) -> Result<Option<(Vec<u8>, fs::Metadata)>, DiskError> {
    let Some((file, metadata)) = open(path)? else { return Ok(None) };
    if metadata.len() > limit {
        return Err(DiskError::TooLarge { path: path.to_owned(), limit });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    let read = file.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|source| DiskError::Read { path: path.to_owned(), source })?;
    Ok(Some((bytes, metadata)))
}

/// Replaces a file whole or not at all, durably. A link is followed, and stays.
///
/// The new file grows beside the old one as `NAME.new`; one that a killed process left is taken over.
///
/// # Errors
/// When it cannot be written; then the old one is as it was.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let failed = |source| DiskError::Write { path: path.to_owned(), source };
    let target = without_links(path);
    let folder = folder_of(&target);
    refuse_others_folder(folder)?;
    let grown = with_suffix(&target, ".new");
    let written = write_durably(&grown, bytes, mode).and_then(|()| fs::rename(&grown, &target));
    if let Err(error) = written {
        let _ = fs::remove_file(&grown);
        return Err(failed(error));
    }
    sync_folder(folder).map_err(|source| DiskError::NotDurable { path: target.clone(), source })
}

/// Gives a file the name of another, in the same folder, durably. The other is then gone.
pub fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    let failed = |source| DiskError::Write { path: to.to_owned(), source };
    let target = without_links(to);
    fs::rename(from, &target).map_err(failed)?;
    sync_folder(folder_of(&target)).map_err(failed)
}

/// Removes a file durably, if it is there.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    let failed = |source| DiskError::Write { path: path.to_owned(), source };
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder(folder_of(path))).map_err(failed),
    }
}

/// Makes a new file, whole or not at all. Nothing that is there is touched, and no link is followed.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let opened = private(OpenOptions::new().create_new(true).write(true), mode).open(path);
    let mut file = opened.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => DiskError::Exists { path: path.to_owned() },
        _ => DiskError::Write { path: path.to_owned(), source },
    })?;
    // The umask may have denied even the owner.
    let written =
        set_mode_of(&file, mode).and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all());
    written.map_err(|source| {
        let _ = fs::remove_file(path);
        DiskError::Write { path: path.to_owned(), source }
    })
}

/// Takes the lock of a file, `NAME.lock` beside it, so that one process at a time changes it. It ends
/// with the value. Where the file is a link, the lock is beside what it points to.
///
/// # Errors
/// When the lock file cannot be made, or is held by others for too long.
pub fn lock(path: &Path) -> Result<File, DiskError> {
    let (file, path) = lock_file(path)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_PATIENCE => thread::sleep(LOCK_POLL),
            Err(TryLockError::WouldBlock) => return Err(DiskError::Locked { path }),
            Err(TryLockError::Error(source)) => return Err(DiskError::Write { path, source }),
        }
    }
}

/// Opens the lock file of a file, and tells where it is.
fn lock_file(path: &Path) -> Result<(File, PathBuf), DiskError> {
    let path = with_suffix(&without_links(path), ".lock");
    let failed = |source| DiskError::Write { path: path.clone(), source };
    refuse_others_folder(folder_of(&path))?;
    // A pipe in its place would be waited for.
    if fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(DiskError::NotAFile { path });
    }
    let file = private(OpenOptions::new().create(true).truncate(false).write(true), PRIVATE).open(&path);
    let file = file.map_err(failed)?;
    // Of use to whoever comes next, after a umask that denied even the owner.
    set_mode_of(&file, PRIVATE).map_err(failed)?;
    Ok((file, path))
}

/// Makes a folder, and those above it, for their owner alone. One that is there stays as it is.
pub fn make_folder(path: &Path) -> Result<(), DiskError> {
    if path.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.is_dir()).collect();
    path.ancestors().nth(missing.len()).map_or(Ok(()), refuse_others_folder)?;
    let failed = |source| DiskError::Write { path: path.to_owned(), source };
    for folder in missing.into_iter().rev() {
        match private_folder().create(folder) {
            // Another process was faster; it may not have come to make it durable.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| set_mode(folder, PRIVATE_FOLDER)).map_err(failed)?,
        }
        sync_folder(folder_of(folder)).map_err(failed)?;
    }
    Ok(())
}

/// Returns the paths of all that is in a folder; nothing for one that cannot be read.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Closes a file or folder to all but its owner. What its owner may execute stays so.
pub fn make_private(path: &Path) -> Result<(), DiskError> {
    let closed = fs::metadata(path).and_then(|metadata| set_mode(path, private_mode(&metadata)));
    closed.map_err(|source| DiskError::Write { path: path.to_owned(), source })
}

/// Returns where a path leads, absolute and without links; one that leads nowhere stays as it is.
pub fn without_links(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Returns the path with something behind its last name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Whatever lies there is left of a process that was killed, or no file that could be written to.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = private(OpenOptions::new().create_new(true).write(true), mode).open(path)?;
    set_mode_of(&file, mode)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Opens a pipe, should one be in the place of a file, without waiting for somebody at its other end.
fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    return std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    #[cfg(not(unix))]
    return options;
}

/// Makes a rename durable. Other systems have no such call, and keep order by themselves.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
