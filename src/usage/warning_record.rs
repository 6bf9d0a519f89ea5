//! The record of the warnings of the day, so that none is shown twice.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;
use crate::system::disk;

/// A folder with an empty file for each recent warning: `TOKEN.DATE` in UTC, such as `3.2027-01-31`.
pub struct DailyWarnings(PathBuf);

impl DailyWarnings {
    /// Makes a record in this folder, which the first warning creates.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Returns true for the first call for a token on a day, even among concurrent processes. When the
    /// folder cannot be written, it returns true each time.
    pub fn is_first_today(&self, token: TokenId, now: Timestamp) -> bool {
        let name = format!("{}.{}", token.0, now.date());
        if disk::make_folder(&self.0).is_err() {
            return true;
        }
        match File::create_new(self.0.join(&name)) {
            Ok(_) => {
                self.remove_earlier(token, &name);
                true
            }
            Err(error) => error.kind() != io::ErrorKind::AlreadyExists,
        }
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

    fn remove_earlier(&self, token: TokenId, today: &str) {
        let prefix = format!("{}.", token.0);
        for path in disk::entries(&self.0) {
            let name = file_name(&path);
            if name.starts_with(&prefix) && name != today {
                // Another process may have removed it already.
                let _ = fs::remove_file(path);
            }
        }
    }
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
        let daily_warnings = DailyWarnings::new(folder.path().join("warned"));
        let (day, next) = (Timestamp(1_800_000_000), Timestamp(1_800_000_000 + 24 * 60 * 60));
        for (token, now, want) in [
            (1, day, true),
            (1, day, false),
            (11, day, true),
            (1, next, true),
            (11, day, false),
            (1, day, true),
        ] {
            assert_eq!(daily_warnings.is_first_today(TokenId(token), now), want, "{token} {now}");
        }
        assert_eq!(fs::read_dir(folder.path().join("warned")).expect("there").count(), 2);
    }

    #[test]
    fn every_warning_is_first_when_the_folder_cannot_be_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("file");
        fs::write(&file, "").expect("written");
        let daily_warnings = DailyWarnings::new(file);
        assert!(
            daily_warnings.is_first_today(TokenId(1), Timestamp(0))
                && daily_warnings.is_first_today(TokenId(1), Timestamp(0))
        );
    }
}
