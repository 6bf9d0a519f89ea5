//! The log of what clients asked for: one line of JSON for each `get`, `store` and `erase`.
//!
//! It is of use to a person, and nothing rests on it: what cannot be noted is not noted, in silence. It is
//! written all day and read now and then, so that writing is a handful of system calls, and all else is left
//! to those who read and to the one writer in thousands that finds it full.

pub mod compact;
pub mod daily_warnings;
pub mod history;
pub mod record;
pub mod stats;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::model::timestamp::Timestamp;
use crate::system::disk;
use crate::system::disk::append::{create_append, open_append};
use crate::system::disk::{DiskError, PRIVATE};
use crate::usage::history::UsageHistory;
use crate::usage::record::{LogEntry, LogRecord, UnreadLines};

/// The file that is written to.
const LOG: &str = "usage.jsonl";

/// What it is called while it is switched off, so that a writer needs to look for nothing else.
const RESTING: &str = "usage.off.jsonl";

/// Stands for all of the files where they are locked.
const LOCKED: &str = "usage";

/// From this size on the log makes room for a new one, in bytes.
pub const MAX_BYTES: u64 = 1024 * 1024;

/// A log that grows beyond this, because it cannot make room, is left as it is.
const FULL_BYTES: u64 = 2 * MAX_BYTES;

/// The log of one user.
pub struct UsageLog {
    folder: PathBuf,
    vault: PathBuf,
}

impl UsageLog {
    /// Keeps the log in a folder, which is made when it is needed: not before there is a vault, since whoever
    /// has none may have no home either.
    pub fn new(folder: PathBuf, vault: PathBuf) -> Self {
        Self { folder, vault }
    }

    /// Returns the file that is written to.
    pub fn path(&self) -> PathBuf {
        self.folder.join(LOG)
    }

    /// Adds a line about a request of now and the client of this name, in one write. Where that fails nothing
    /// is noted, and nobody is told.
    pub fn append(&self, line: &LogEntry<'_>, now: Timestamp, client: Option<&str>) {
        let _ = self.try_append(line, now, client);
    }

    fn try_append(&self, line: &LogEntry<'_>, now: Timestamp, client: Option<&str>) -> io::Result<()> {
        let path = self.path();
        let mut file = match open_append(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.begin(&path)?,
            opened => opened?,
        };
        if file.seek(SeekFrom::End(0))? >= MAX_BYTES {
            file = self.with_room(&path, now)?;
        }
        // What did not fit into the one write is not sent after it: another line may stand there by now.
        file.write(&line.bytes(now, client)).map(drop)
    }

    /// Makes the log, unless it is switched off.
    #[cold]
    #[inline(never)]
    fn begin(&self, path: &Path) -> io::Result<File> {
        let is_off = || is_there(&self.folder.join(RESTING));
        if is_off() || !is_there(&self.vault) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let file = create_append(path).map_err(io::Error::other)?;
        // Whoever switches it off meanwhile has seen no log, and wants none.
        if is_off() && file.metadata()?.len() == 0 {
            fs::remove_file(path)?;
        }
        Ok(file)
    }

    /// Makes room where it can be made, and returns the file to write to.
    #[cold]
    #[inline(never)]
    fn with_room(&self, path: &Path, now: Timestamp) -> io::Result<File> {
        // Another process is at it, or it cannot be done: it may become a little larger.
        let _ = compact::make_room(&self.folder, now);
        let mut file = match open_append(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.begin(path)?,
            opened => opened?,
        };
        if file.seek(SeekFrom::End(0))? < FULL_BYTES {
            Ok(file)
        } else {
            Err(io::ErrorKind::FileTooLarge.into())
        }
    }

    /// True when nothing is noted until it is switched on.
    pub fn is_off(&self) -> bool {
        is_there(&self.folder.join(RESTING)) && !is_there(&self.path())
    }

    /// Notes nothing any more; what was noted stays.
    pub fn turn_off(&self, now: Timestamp) -> Result<(), DiskError> {
        disk::make_folder(&self.folder)?;
        let _lock = disk::lock(&self.folder.join(LOCKED))?;
        let (log, resting) = (self.path(), self.folder.join(RESTING));
        match (is_there(&log), is_there(&resting)) {
            (true, true) => compact::shift(&self.folder, now),
            (true, false) => disk::rename(&log, &resting),
            (false, true) => Ok(()),
            (false, false) => disk::create(&resting, &[], PRIVATE),
        }
    }

    /// Notes again, behind what was noted before.
    pub fn turn_on(&self) -> Result<(), DiskError> {
        if !self.is_off() {
            return Ok(());
        }
        let _lock = disk::lock(&self.folder.join(LOCKED))?;
        if self.is_off() { disk::rename(&self.folder.join(RESTING), &self.path()) } else { Ok(()) }
    }

    /// Hands all that is noted on, oldest first: what was folded stands before the lines, and for many uses.
    pub fn visit(&self, visit: &mut dyn FnMut(LogRecord)) -> UnreadLines {
        // While files change their names one could be met twice. Where there is no lock nobody changes any.
        let locked = self.folder.join(LOCKED);
        let _lock = is_there(&disk::with_suffix(&locked, ".lock")).then(|| disk::lock(&locked));
        let mut skipped = UnreadLines::default();
        compact::visit_archived(&self.folder, &mut skipped, visit);
        for name in [RESTING, LOG] {
            skipped.visit(&compact::read(&self.folder.join(name)), visit);
        }
        skipped
    }

    /// Returns what is known of every token's use.
    pub fn history(&self, now: Timestamp) -> UsageHistory {
        let mut history = UsageHistory::until(now);
        let _ = self.visit(&mut |record| history.add(&record));
        history
    }
}

/// True when something has this name, if only a link that leads nowhere.
fn is_there(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}
