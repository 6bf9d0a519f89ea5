//! Which warnings were given today, so that none is given twice.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::model::timestamp::Timestamp;
use crate::model::token_id::TokenId;
use crate::system::disk;

/// A folder with an empty file for each warning of late: `TOKEN.DATE`, such as `3.2027-01-31` in UTC.
pub struct DailyWarnings(PathBuf);

impl DailyWarnings {
    /// Remembers in a folder, which is made when it is needed.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Returns true the first time on a day, for each token; of many processes that ask at once, to one.
    /// Where nothing can be remembered it is always the first time.
    pub fn is_first_today(&self, token: TokenId, now: Timestamp) -> bool {
        let name = format!("{}.{}", token.0, now.date());
        if disk::make_folder(&self.0).is_err() {
            return true;
        }
        match File::create_new(self.0.join(&name)) {
            Ok(_) => {
                self.forget_others(token, &name);
                true
            }
            Err(error) => error.kind() != io::ErrorKind::AlreadyExists,
        }
    }

    /// Returns the files that remember a warning about a token which is not here any more.
    pub fn strays(&self, is_here: impl Fn(TokenId) -> bool) -> Vec<PathBuf> {
        let mut strays = disk::entries(&self.0);
        strays.retain(|path| {
            let id = name_of(path).split_once('.').and_then(|(id, _)| id.parse().ok());
            id.is_some_and(|id| !is_here(TokenId(id)))
        });
        strays
    }

    fn forget_others(&self, token: TokenId, today: &str) {
        let of_token = format!("{}.", token.0);
        for path in disk::entries(&self.0) {
            let name = name_of(&path);
            if name.starts_with(&of_token) && name != today {
                // Another process may have done it already.
                let _ = fs::remove_file(path);
            }
        }
    }
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_a_day_for_each_token() {
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
    fn where_nothing_can_be_remembered_the_warning_comes() {
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
