//! The log of client requests: one line of JSON for each `get`, `store` and `erase`.
//!
//! The log is for people, and nothing depends on it: a request that cannot be logged is not an error. It is
//! written at every request and seldom read. So writing takes a handful of system calls; all other work is
//! done by readers, and by the one writer in thousands that finds the log full.

pub mod compact;
pub mod history;
mod recent_uses;
pub mod record;
pub mod stats;
pub mod warning_record;

use std::fs::{File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::model::timestamp::Timestamp;
use crate::system::caller::Caller;
use crate::system::disk;
use crate::system::disk::append::{create_append, open_append, remove_unsynced};
use crate::system::disk::{DiskError, PRIVATE};
use crate::usage::history::UsageHistory;
use crate::usage::recent_uses::RecentUses;
use crate::usage::record::{LogEntry, LogRecord, UnreadLines};

/// The name of the current file.
const LOG: &str = "usage.jsonl";

/// The name of the current file while logging is off. So a writer that finds its file need not check a setting.
const OFF_LOG: &str = "usage.off.jsonl";

/// The name of the lock for all files of the log.
const LOCK: &str = "usage";

/// The size, in bytes, from which the log is compacted.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// The size, in bytes, from which nothing is written. The log reaches it only when it cannot be compacted.
const FULL_BYTES: u64 = 2 * MAX_BYTES;

/// The log of one user.
pub struct UsageLog {
    folder: PathBuf,
    vault: PathBuf,
}

impl UsageLog {
    /// Uses the log in this folder. The first line creates the folder, but only when there is a vault: without one,
    /// this may not be the home of a user.
    pub fn new(folder: PathBuf, vault: PathBuf) -> Self {
        Self { folder, vault }
    }

    /// Returns the path of the current file.
    pub fn path(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// Adds a line about a request in one write, with the client's program and process. Ignores errors.
    pub fn append(&self, entry: &LogEntry<'_>, now: Timestamp, client: Option<&str>, caller: Option<Caller>) {
        let _ = self.try_append(&entry.to_line(now, client, caller), now);
    }

    fn try_append(&self, line: &[u8], now: Timestamp) -> io::Result<()> {
        let path = self.path();
        let (mut file, metadata) = match open_append(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(&path)?,
            opened => opened?,
        };
        if metadata.len() >= MAX_BYTES {
            file = self.compacted(&path, now)?;
        }
        // The rest of an incomplete write is not written: another line may follow by now.
        file.write(line).map(drop)
    }

    /// Creates the current file, unless logging is off.
    #[cold]
    #[inline(never)]
    fn create(&self, path: &Path) -> io::Result<(File, Metadata)> {
        let is_off = || exists(&self.folder.join(OFF_LOG));
        if is_off() || !exists(&self.vault) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let (file, metadata) = create_append(path).map_err(io::Error::other)?;
        // Another process may have turned the log off since the first check, when there was no file yet.
        if is_off() && file.metadata()?.len() == 0 {
            remove_unsynced(path)?;
        }
        Ok((file, metadata))
    }

    /// Compacts the log, if that is possible, and returns the file to write to.
    #[cold]
    #[inline(never)]
    fn compacted(&self, path: &Path, now: Timestamp) -> io::Result<File> {
        // If compaction fails or another process is compacting, the file may grow a little.
        let _ = compact::compact_if_full(&self.folder, now);
        let (file, metadata) = match open_append(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.create(path)?,
            opened => opened?,
        };
        if metadata.len() < FULL_BYTES { Ok(file) } else { Err(io::ErrorKind::FileTooLarge.into()) }
    }

    /// True when logging is off.
    pub fn is_off(&self) -> bool {
        exists(&self.folder.join(OFF_LOG)) && !exists(&self.path())
    }

    /// Turns logging off. The lines stay.
    pub fn turn_off(&self, now: Timestamp) -> Result<(), DiskError> {
        disk::make_folder(&self.folder)?;
        let _lock = disk::lock(&self.folder.join(LOCK))?;
        let (log, off_log) = (self.path(), self.folder.join(OFF_LOG));
        match (exists(&log), exists(&off_log)) {
            (true, true) => compact::shift_files(&self.folder, now),
            (true, false) => disk::rename(&log, &off_log),
            (false, true) => Ok(()),
            (false, false) => disk::create(&off_log, &[], PRIVATE),
        }
    }

    /// Turns logging on. New lines follow the earlier ones.
    pub fn turn_on(&self) -> Result<(), DiskError> {
        if !self.is_off() {
            return Ok(());
        }
        let _lock = disk::lock(&self.folder.join(LOCK))?;
        if self.is_off() { disk::rename(&self.folder.join(OFF_LOG), &self.path()) } else { Ok(()) }
    }

    /// Calls `visit` with all records, oldest first: those of the summary, each of which stands for many
    /// uses, and then the lines. A line that continues a use says so.
    pub fn visit(&self, visit: &mut dyn FnMut(LogRecord)) -> UnreadLines {
        // Without the lock, a file that is renamed could be read twice. The lock file exists before the
        // first file is renamed.
        let lock = self.folder.join(LOCK);
        let _lock = exists(&disk::with_suffix(&lock, ".lock")).then(|| disk::lock(&lock));
        let (mut unread, mut uses) = (UnreadLines::default(), RecentUses::default());
        let visit = &mut |record| {
            if let Some(record) = uses.mark(record) {
                visit(record);
            }
        };
        compact::visit_archived(&self.folder, &mut unread, visit);
        for name in [OFF_LOG, LOG] {
            unread.visit_lines(&compact::read(&self.folder.join(name)), visit);
        }
        unread
    }

    /// Returns the use of every token.
    pub fn history(&self, now: Timestamp) -> UsageHistory {
        let mut history = UsageHistory::new(now);
        let _ = self.visit(&mut |record| history.add(&record));
        history
    }
}

/// True when there is a file of any type at this path, even a broken link.
fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
