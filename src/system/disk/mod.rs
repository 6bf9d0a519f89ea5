//! Reads files, and writes them completely or not at all, private to their owner.

pub mod append;
mod ownership;
mod permissions;
mod replaceable;
mod retry;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use thiserror::Error;

use crate::model::hint::Hint;
use crate::model::name::quoted;
pub use crate::system::disk::ownership::LastLink;
use crate::system::disk::ownership::refuse_others;
pub use crate::system::disk::permissions::{
    Exposure, PRIVATE, is_open_to_writers, is_writable_by_others, mode, other_owner, private_mode,
};
use crate::system::disk::permissions::{
    PRIVATE_FOLDER, group, nonblocking_nofollow, private_folder, set_group_of, set_mode, set_mode_of,
    with_mode,
};
pub use crate::system::disk::replaceable::{ReplaceObstacle, check_replaceable};

/// The time that a writer waits for a lock: fifty other writers on a slow disk take a few seconds.
const LOCK_PATIENCE: Duration = Duration::from_secs(30);

/// The maximum number of links to a file that does not exist; the kernel follows as many.
const MAX_LINKS: usize = 40;

/// The end of the name under which the new content of a file of this program is written.
pub const NEW_SUFFIX: &str = ".new";

/// The pause between two attempts to take a lock.
const LOCK_POLL: Duration = Duration::from_millis(2);

#[derive(Debug, Error)]
pub enum DiskError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The file is as it was before.
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// The file is written, but a power failure may still bring back the old one.
    #[error("{} is written, but the disk does not confirm it", path.display())]
    NotDurable { path: PathBuf, source: io::Error },
    #[error("there is no file {}", path.display())]
    NoFile { path: PathBuf },
    #[error("there is no folder {}", path.display())]
    NoFolder { path: PathBuf },
    #[error("{} is in a folder of this program, which removes and replaces files there", path.display())]
    OwnFolder { path: PathBuf },
    #[error("{} is not a file", path.display())]
    NotAFile { path: PathBuf },
    #[error("{} exists already", path.display())]
    Exists { path: PathBuf },
    /// The limit is in bytes.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("another process has kept {} locked for {} seconds", path.display(), LOCK_PATIENCE.as_secs())]
    Locked { path: PathBuf },
    /// A file, folder or link on the way to what is to be written belongs to the user with the id `owner`.
    #[error("{} belongs to another user (id {owner}), so nothing is written there", path.display())]
    OfAnotherUser { path: PathBuf, owner: u32 },
}

impl DiskError {
    /// Returns a function that makes the error of reading this path: it is missing, its folder is, or it cannot be
    /// read.
    pub fn reading(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| match Self::missing_folder(path, &source) {
            Some(error) => error,
            // A link that leads nowhere is there.
            None if source.kind() == io::ErrorKind::NotFound && !path.is_symlink() => {
                Self::NoFile { path: path.to_owned() }
            }
            None => Self::Read { path: path.to_owned(), source },
        }
    }

    /// Returns a function that makes the error of writing this path: its folder is missing, or it cannot be written.
    pub fn writing(path: &Path) -> impl Fn(io::Error) -> Self {
        |source| {
            let missing = Self::missing_folder(path, &source);
            missing.unwrap_or_else(|| Self::Write { path: path.to_owned(), source })
        }
    }

    fn missing_folder(path: &Path, source: &io::Error) -> Option<Self> {
        let folder = folder_of(path);
        let is_missing = source.kind() == io::ErrorKind::NotFound
            && !folder.as_os_str().is_empty()
            && is_missing(folder)
            && !folder.is_symlink();
        is_missing.then(|| Self::NoFolder { path: folder.to_owned() })
    }
}

impl Hint for DiskError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { path, source } if source.kind() == io::ErrorKind::NotFound => {
                Some(format!("it is a link that leads nowhere: ls -l {}", quoted(&path.to_string_lossy())))
            }
            Self::NoFile { path } => {
                Some(format!("check its name: ls {}", quoted(&visible_folder(path).to_string_lossy())))
            }
            Self::OwnFolder { .. } => Some("choose another folder".to_owned()),
            Self::NoFolder { path } => Some(format!("mkdir -p {}", quoted(&path.to_string_lossy()))),
            Self::Read { path, .. } => Some(format!("make {} readable for you", path.display())),
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("make room on the disk; nothing was lost".to_owned())
            }
            Self::Write { source, .. } => Some(match ReplaceObstacle::behind(source) {
                Some(obstacle) => obstacle.hint().to_owned(),
                None => "make its folder writable for you; nothing was lost".to_owned(),
            }),
            Self::NotDurable { .. } => Some("check the disk, and do it again".to_owned()),
            Self::NotAFile { path } => Some(format!("move {} away", path.display())),
            Self::Exists { .. } => Some("choose another name, or remove it first".to_owned()),
            Self::TooLarge { .. } => None,
            Self::Locked { .. } => Some("end the process that holds it, or try again".to_owned()),
            Self::OfAnotherUser { .. } => {
                Some("run it as that user, or set HOME to your own home folder".to_owned())
            }
        }
    }
}

/// Opens a file for reading; `None` when it does not exist.
pub fn open(path: &Path) -> Result<Option<(File, fs::Metadata)>, DiskError> {
    let unreadable = DiskError::reading(path);
    let file = match nonblocking(OpenOptions::new().read(true)).open(path) {
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

/// Reads a whole file of at most `limit` bytes, and its metadata; `None` when it does not exist.
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

/// Returns how a file is within reach of other users, if it is there and is.
pub fn exposure(path: &Path) -> Option<Exposure> {
    Exposure::of(path, &fs::metadata(path).ok()?)
}

/// Replaces a file atomically and durably. It keeps its group. A link is followed, even to a file that does not exist
/// yet, and remains a link.
///
/// The new content is written to `NAME.new` in the same folder, which replaces one that a killed process left. After
/// a [`DiskError::Write`], the old file is as it was.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    replace_through(path, NEW_SUFFIX, bytes, mode)
}

/// Replaces a file as [`replace`] does. The name of the new content ends in `new_suffix`.
pub fn replace_through(path: &Path, new_suffix: &str, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Followed)?;
    let target = write_target(path).map_err(DiskError::writing(path))?;
    write_over(&target, new_suffix, bytes, mode).map_err(|error| match error {
        DiskError::Write { source, .. } => DiskError::writing(path)(source),
        other => other,
    })
}

/// Replaces a file as [`replace`] does, but a link is replaced itself.
pub fn replace_link(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Replaced)?;
    write_over(path, NEW_SUFFIX, bytes, mode)
}

fn write_over(path: &Path, new_suffix: &str, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let new = with_suffix(path, new_suffix);
    let written = write_new(&new, bytes, mode, group(path)).and_then(|()| retry::rename(&new, path));
    if let Err(error) = written {
        let _ = fs::remove_file(&new);
        return Err(DiskError::writing(path)(error));
    }
    sync_folder(folder_of(path)).map_err(|source| DiskError::NotDurable { path: path.to_owned(), source })
}

/// Renames a file within its folder, durably. It replaces a file that has the new name.
pub fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    refuse_others(from, LastLink::Replaced)?;
    refuse_others(to, LastLink::Followed)?;
    let failed = DiskError::writing(to);
    let target = without_links(to);
    retry::rename(from, &target).map_err(&failed)?;
    sync_folder(folder_of(&target)).map_err(failed)
}

/// Removes a file durably, if it exists.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Replaced)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.and_then(|()| sync_folder(folder_of(path))).map_err(DiskError::writing(path)),
    }
}

/// Creates a file completely or not at all. An existing file is left alone, and links are not followed.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Replaced)?;
    let opened = with_mode(OpenOptions::new().create_new(true).write(true), mode).open(path);
    let mut file = opened.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => DiskError::Exists { path: path.to_owned() },
        _ => DiskError::writing(path)(source),
    })?;
    // The umask may deny even the owner.
    let written =
        set_mode_of(&file, mode).and_then(|()| file.write_all(bytes)).and_then(|()| file.sync_all());
    written.map_err(|source| {
        let _ = fs::remove_file(path);
        DiskError::writing(path)(source)
    })
}

/// Takes the lock of a file, so that one process at a time changes it. Dropping the value releases the lock.
///
/// The lock file is `NAME.lock` in the same folder; for a link, in the folder of its target.
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

/// Opens the lock file of a file, and returns it with its path.
fn lock_file(path: &Path) -> Result<(File, PathBuf), DiskError> {
    refuse_others(path, LastLink::Followed)?;
    // A link that leads nowhere gets no lock there: the disk with its target may not be mounted.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let path = with_suffix(&target, ".lock");
    refuse_others(&path, LastLink::Replaced)?;
    // Such an error of `open` would not name the cause.
    if fs::symlink_metadata(&path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(DiskError::NotAFile { path });
    }
    let mut options = OpenOptions::new();
    let options = nonblocking_nofollow(options.create(true).truncate(false).write(true));
    let file = with_mode(options, PRIVATE).open(&path).map_err(DiskError::writing(&path))?;
    // A umask that denies even the owner would keep the next process from opening the file.
    set_mode_of(&file, PRIVATE).map_err(DiskError::writing(&path))?;
    Ok((file, path))
}

/// Creates a folder and its missing parents, for their owner alone. An existing folder stays as it is.
pub fn make_folder(path: &Path) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Followed)?;
    if path.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> = path.ancestors().take_while(|above| !above.is_dir()).collect();
    let failed = DiskError::writing(path);
    for folder in missing.into_iter().rev() {
        match private_folder().create(folder) {
            // Another process was faster, but may not have synced the parent yet.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made.and_then(|()| set_mode(folder, |_| PRIVATE_FOLDER)).map_err(&failed)?,
        }
        sync_folder(folder_of(folder)).map_err(&failed)?;
    }
    Ok(())
}

/// Returns the paths of the entries of a folder; none for a folder that cannot be read.
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// Creates a folder and its missing parents with the modes that the umask permits.
pub fn make_public_folder(path: &Path) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Followed)?;
    fs::create_dir_all(path).map_err(DiskError::writing(path))
}

/// Creates a link to a file in the same folder. On Windows, not every user may make symbolic links, so it is a hard
/// link there.
pub fn link_beside(name: &OsStr, path: &Path) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Replaced)?;
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(name, path);
    #[cfg(not(unix))]
    let linked = fs::hard_link(path.with_file_name(name), path);
    linked.map_err(DiskError::writing(path))
}

/// Closes a file or folder to all but its owner. A file that its owner may execute stays executable. For a link, that
/// is the file that it leads to, if it belongs to the user of this process.
pub fn make_private(path: &Path) -> Result<(), DiskError> {
    refuse_others(path, LastLink::Followed)?;
    let failed = DiskError::writing(path);
    let target = write_target(path).map_err(&failed)?;
    match fs::symlink_metadata(&target).map_err(&failed)? {
        metadata if !metadata.is_file() && !metadata.is_dir() => Err(DiskError::NotAFile { path: target }),
        metadata => match other_owner(&metadata) {
            Some(owner) => Err(DiskError::OfAnotherUser { path: target, owner }),
            None => set_mode(&target, private_mode).map_err(failed),
        },
    }
}

/// Resolves a path to an absolute one without links. The file may be missing, also at the end of a link; a path that
/// leads nowhere else is returned unchanged.
pub fn without_links(path: &Path) -> PathBuf {
    if let Ok(target) = fs::canonicalize(path) {
        return target;
    }
    let target = write_target(path).unwrap_or_else(|_| path.to_owned());
    // The folder of a missing file may be there.
    match (target.parent().map(fs::canonicalize), target.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => target,
    }
}

/// Returns the path at which a file is written: the end of all links, where there may be no file yet.
fn write_target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::canonicalize(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            target => return target,
        }
        let Ok(link) = fs::read_link(&path) else { return Ok(path) };
        // A relative link starts at the folder that the link is in.
        path = folder_of(&path).join(link);
    }
    Err(io::ErrorKind::InvalidInput.into())
}

/// True when nothing is at a path. A path that cannot be checked is not missing.
pub fn is_missing(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Returns the path with a suffix after its file name.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Returns the folder of a path, for a command that lists it.
fn visible_folder(path: &Path) -> &Path {
    let folder = folder_of(path);
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// Writes a file durably, and gives it to a group. If the group is not permitted to this process, what the mode gives to
/// a group is left out.
fn write_new(path: &Path, bytes: &[u8], mode: u32, group: Option<u32>) -> io::Result<()> {
    const GROUP_BITS: u32 = 0o070;
    // A killed process may have left one there.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let closed = mode & !GROUP_BITS;
    let mut file = with_mode(OpenOptions::new().create_new(true).write(true), closed).open(path)?;
    let is_given = group.is_none_or(|group| set_group_of(&file, group).is_ok());
    set_mode_of(&file, if is_given { mode } else { closed })?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Keeps `open` from blocking if there is a pipe in place of a file.
fn nonblocking(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    return std::os::unix::fs::OpenOptionsExt::custom_flags(
        options,
        rustix::fs::OFlags::NONBLOCK.bits().cast_signed(),
    );
    #[cfg(not(unix))]
    return options;
}

/// Makes a rename durable. Other systems have no such call, but keep the order of writes by themselves.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
