//! The record of the warnings that were printed, so that none is repeated at every request.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use crate::model::registry::Registry;
use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;
use crate::system::caller::Caller;
use crate::system::disk;
use crate::system::disk::append::{create_empty, open_append, remove_unsynced};

/// The time for which a warning is not repeated to its caller, in seconds. A command may push many images one by one.
const CALLER_SECONDS: u64 = 600;

/// The age, in seconds, from which the file of a caller's warning is removed. Until then the caller may use it again.
const MAX_AGE_SECONDS: u64 = 2 * CALLER_SECONDS;

/// The number of attempts to use a file again while another process does so, and the pause between two of them.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(1);

/// The start of the name of a registry's file. It is not the number of a token.
const GUESS_PREFIX: &str = "guess-";

/// The start of the name of a caller's file. It is not the number of a token.
const CALLER_PREFIX: &str = "caller-";

/// A folder with an empty file for each recent warning: `TOKEN.DATE` in UTC for one that is printed once a day, such as
/// `3.2027-01-31`, `guess-HASH.DATE` with the hash of a registry, and `caller-PID-START-HASH` for one that is printed once for a caller, with the hash of its text.
pub struct WarningRecord(PathBuf);

impl WarningRecord {
    /// Makes a record in this folder, which the first warning creates.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Returns true for the first call for a token on a day, even among concurrent processes. When the
    /// folder cannot be written, it returns true each time.
    pub fn is_first_today(&self, token: TokenId, now: Timestamp) -> bool {
        self.claim_day(&token.0.to_string(), now)
    }

    /// Returns true for the first guess for a registry on a day, as [`is_first_today`](Self::is_first_today) does.
    pub fn is_first_guess_today(&self, registry: &Registry, now: Timestamp) -> bool {
        let hash = crc32fast::hash(registry.as_str().as_bytes());
        self.claim_day(&format!("{GUESS_PREFIX}{hash:08x}"), now)
    }

    /// Creates the file of a subject for a day; false when it is there already.
    fn claim_day(&self, subject: &str, now: Timestamp) -> bool {
        let name = format!("{subject}.{}", now.date());
        if disk::make_folder(&self.0).is_err() {
            return true;
        }
        match create_empty(&self.0.join(&name)) {
            Ok(_) => {
                self.remove_earlier(subject, &name);
                true
            }
            Err(error) => error.kind() != io::ErrorKind::AlreadyExists,
        }
    }

    /// Returns true for the first call with this text for a caller within [`CALLER_SECONDS`], even among concurrent
    /// processes. When the caller is not known or the folder cannot be written, it returns true each time.
    pub fn is_first_for_caller(&self, caller: Option<Caller>, text: &str, now: Timestamp) -> bool {
        let Some(Caller { process, start }) = caller else { return true };
        if disk::make_folder(&self.0).is_err() {
            return true;
        }
        let hash = crc32fast::hash(text.as_bytes());
        let path = self.0.join(format!("{CALLER_PREFIX}{process}-{start}-{hash:08x}"));
        let is_first = claim(&path, now).unwrap_or(true);
        if is_first {
            self.remove_old(now);
        }
        is_first
    }

    /// Returns the files for tokens that no longer exist.
    pub fn strays(&self, exists: impl Fn(TokenId) -> bool) -> Vec<PathBuf> {
        let mut strays = disk::entries(&self.0);
        strays.retain(|path| {
            let id = file_name(path).split_once('.').and_then(|(id, _)| id.parse().ok());
            id.is_some_and(|id| !exists(TokenId(id)))
        });
        strays
    }

    fn remove_earlier(&self, subject: &str, today: &str) {
        let prefix = format!("{subject}.");
        for path in disk::entries(&self.0) {
            let name = file_name(&path);
            if name.starts_with(&prefix) && name != today {
                // Another process may have removed it already.
                let _ = remove_unsynced(&path);
            }
        }
    }

    fn remove_old(&self, now: Timestamp) {
        for path in disk::entries(&self.0) {
            if file_name(&path).starts_with(CALLER_PREFIX)
                && is_older(&path, MAX_AGE_SECONDS, now)
                && let Ok((file, _)) = open_append(&path)
                && file.try_lock().is_ok()
                && is_older(&path, MAX_AGE_SECONDS, now)
            {
                let _ = remove_unsynced(&path);
            }
        }
    }
}

/// Creates the file, or renews the date of an old one. Returns false when another process has done so recently.
fn claim(path: &Path, now: Timestamp) -> io::Result<bool> {
    for _ in 0..ATTEMPTS {
        match create_empty(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.and_then(|file| date(&file, now)).map(|()| true),
        }
        if !is_older(path, CALLER_SECONDS, now) {
            return Ok(false);
        }
        let (file, _) = match open_append(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            opened => opened?,
        };
        // The file is removed or dated by the process that has its lock.
        match file.try_lock() {
            Ok(()) if is_older(path, CALLER_SECONDS, now) => return date(&file, now).map(|()| true),
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => thread::sleep(PAUSE),
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
    }
    Ok(false)
}

fn date(file: &File, now: Timestamp) -> io::Result<()> {
    let seconds = Duration::from_secs(now.0.try_into().unwrap_or_default());
    file.set_modified(SystemTime::UNIX_EPOCH + seconds)
}

/// True when there is a file and its date is more than this many seconds away from now.
fn is_older(path: &Path, seconds: u64, now: Timestamp) -> bool {
    let modified = fs::symlink_metadata(path).and_then(|metadata| metadata.modified());
    modified.is_ok_and(|modified| {
        let since_1970 = modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        since_1970.as_secs().abs_diff(now.0.try_into().unwrap_or_default()) > seconds
    })
}

fn file_name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_warning_of_a_day_for_a_token_is_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = WarningRecord::new(folder.path().join("warned"));
        let (day, next) = (Timestamp(1_800_000_000), Timestamp(1_800_000_000 + 24 * 60 * 60));
        for (token, now, want) in [
            (1, day, true),
            (1, day, false),
            (11, day, true),
            (1, next, true),
            (11, day, false),
            (1, day, true),
        ] {
            assert_eq!(record.is_first_today(TokenId(token), now), want, "{token} {now}");
        }
        assert_eq!(fs::read_dir(folder.path().join("warned")).expect("there").count(), 2);
    }

    #[test]
    fn every_warning_is_first_when_the_folder_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("written");
        let record = WarningRecord::new(file);
        for _ in 0..2 {
            assert!(record.is_first_today(TokenId(1), Timestamp(0)));
            assert!(record.is_first_for_caller(CALLER, "a", Timestamp(0)));
        }
    }

    const CALLER: Option<Caller> = Some(Caller { process: 7, start: 1 });

    #[test]
    fn a_warning_is_first_for_its_caller_once_in_ten_minutes() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = WarningRecord::new(folder.path().join("warned"));
        let other = Some(Caller { process: 7, start: 2 });
        for (caller, text, seconds, want) in [
            (CALLER, "a", 0, true),
            (CALLER, "a", 0, false),
            (CALLER, "b", 0, true),
            (other, "a", 0, true),
            (CALLER, "a", 600, false),
            (CALLER, "a", 601, true),
            (CALLER, "a", 1201, false),
            (CALLER, "b", 1801, true),
            (None, "a", 1801, true),
            (None, "a", 1801, true),
        ] {
            let now = Timestamp(1_800_000_000 + seconds);
            assert_eq!(record.is_first_for_caller(caller, text, now), want, "{caller:?} {text} {seconds}");
        }
        let count = || fs::read_dir(folder.path().join("warned")).expect("there").count();
        assert_eq!(count(), 2, "the file of the other caller is old");
        assert!(record.is_first_today(TokenId(7), Timestamp(1_800_000_000)));
        assert!(record.is_first_for_caller(CALLER, "c", Timestamp(1_800_010_000)));
        assert_eq!((count(), record.strays(|_| true).len()), (2, 0), "a warning of the day stays");
    }

    #[test]
    fn one_of_many_threads_is_first_whether_the_file_is_new_or_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let record = WarningRecord::new(folder.path().join("warned"));
        // A file that is created has the date of the real clock for a moment.
        let start =
            i64::try_from(SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs()).expect("seconds");
        for round in 0..50 {
            let now = Timestamp(start + round * (CALLER_SECONDS.cast_signed() + 1));
            let count = thread::scope(|scope| {
                let first = || record.is_first_for_caller(CALLER, "a", now);
                let threads: Vec<_> = (0..20).map(|_| scope.spawn(first)).collect();
                threads.into_iter().map(|thread| thread.join().expect("done")).filter(|is| *is).count()
            });
            assert_eq!(count, 1, "round {round}");
        }
    }
}
