//! The record of the last write to each vault, beside the key: it reveals a vault that was replaced by an older copy.
//!
//! The record is a hint for people, and one that cannot be read or written is not an error. It also reveals a vault that
//! was replaced by another one, whose key a file elsewhere could have brought along.

use std::fmt;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use crate::system::disk;
use crate::vault::seal::Tag;

/// The largest record that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// The most vaults in the record.
const MAX_VAULTS: usize = 64;

/// The number for a key that a vault had before it was renewed: every vault with that key is an older copy.
const RENEWED: u64 = u64::MAX;

/// The numbers in a vault that was replaced by an older copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rollback {
    /// The number of the last write of the vault as it is.
    pub found: u64,
    /// The number of the last write from here; `None` when the vault has had another key since.
    pub last: Option<u64>,
}

impl fmt::Display for Rollback {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            Some(last) => write!(out, "of change {}, and the last one was {last}", self.found),
            None => write!(out, "of change {}, before its key was renewed", self.found),
        }
    }
}

/// The record: a line for each vault with the fingerprint of its key, the number of its last write and its path.
pub struct WriteRecord {
    file: PathBuf,
    vault: PathBuf,
}

impl WriteRecord {
    /// Uses the record in this file, for the vault at this path.
    pub fn new(file: PathBuf, vault: &Path) -> Self {
        Self { file, vault: disk::without_links(vault) }
    }

    /// Compares the number of a vault's last write with the recorded one. A vault that version 0.1 wrote has none.
    pub fn rollback(&self, fingerprint: &Tag, writes: u64) -> Option<Rollback> {
        let last = self.last(fingerprint).filter(|last| writes != 0 && writes < *last)?;
        Some(Rollback { found: writes, last: Some(last).filter(|last| *last != RENEWED) })
    }

    /// True when another vault was written here, with another key, and never this one.
    pub fn is_replaced(&self, fingerprint: &Tag) -> bool {
        let (digits, path) = self.identity(fingerprint);
        let mut others = false;
        for ((other, at), number) in self.read() {
            if at == path && other == digits {
                return false;
            }
            others |= at == path && number != RENEWED;
        }
        others
    }

    /// Returns the number after which the next write is counted, for a vault with this number.
    pub fn base(&self, fingerprint: &Tag, writes: u64) -> u64 {
        self.last(fingerprint).filter(|last| *last != RENEWED).unwrap_or_default().max(writes)
    }

    /// Records the write of a vault, whose key was another one before if it was renewed.
    pub fn record(&self, before: &Tag, fingerprint: &Tag, writes: u64) {
        let (before, now) = (self.identity(before), self.identity(fingerprint));
        let mut lines = self.read();
        lines.retain(|(identity, _)| *identity != before && *identity != now);
        if before != now {
            lines.push((before, RENEWED));
        }
        lines.push((now, writes));
        let mut text = String::new();
        for ((fingerprint, path), number) in &lines[lines.len().saturating_sub(MAX_VAULTS)..] {
            let _ = writeln!(text, "{fingerprint} {number} {path}");
        }
        let folder = self.file.parent().unwrap_or(&self.file);
        let _ = disk::make_folder(folder)
            .and_then(|()| disk::replace(&self.file, text.as_bytes(), disk::PRIVATE));
    }

    fn last(&self, fingerprint: &Tag) -> Option<u64> {
        let wanted = self.identity(fingerprint);
        self.read().into_iter().find_map(|(identity, number)| (identity == wanted).then_some(number))
    }

    /// Returns the fingerprint in hexadecimal digits, and the path without line ends.
    fn identity(&self, fingerprint: &Tag) -> (String, String) {
        let mut digits = String::new();
        for byte in fingerprint {
            let _ = write!(digits, "{byte:02x}");
        }
        (digits, format!("{:?}", self.vault.to_string_lossy()))
    }

    fn read(&self) -> Vec<((String, String), u64)> {
        let bytes =
            disk::read(&self.file, MAX_BYTES).ok().flatten().map(|(bytes, _)| bytes).unwrap_or_default();
        let parse = |line: &str| {
            let (fingerprint, rest) = line.split_once(' ')?;
            let (number, path) = rest.split_once(' ')?;
            Some(((fingerprint.to_owned(), path.to_owned()), number.parse().ok()?))
        };
        String::from_utf8_lossy(&bytes).lines().filter_map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn only_a_vault_with_a_lower_number_than_recorded_is_an_older_copy() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config/vaults");
        let record = WriteRecord::new(file.clone(), Path::new("/home/me/va\nult"));
        let elsewhere = WriteRecord::new(file.clone(), Path::new("/home/me/other"));
        let (old, new) = ([1; 16], [2; 16]);
        assert_eq!((record.rollback(&old, 1), record.base(&old, 1)), (None, 1), "nothing is recorded");
        record.record(&old, &old, 7);
        elsewhere.record(&old, &old, 3);
        for (writes, want) in [(0, None), (6, Some(7)), (7, None), (8, None)] {
            let found = record.rollback(&old, writes);
            assert_eq!(found.map(|found| (found.found, found.last)), want.map(|last| (writes, Some(last))));
        }
        assert_eq!((record.base(&old, 0), record.base(&old, 9), elsewhere.base(&old, 1)), (7, 9, 3));
        record.record(&old, &new, 8);
        assert_eq!(record.rollback(&old, 7), Some(Rollback { found: 7, last: None }), "the key was renewed");
        assert_eq!((record.rollback(&new, 8), record.base(&old, 7)), (None, 7));
        assert_eq!(elsewhere.rollback(&old, 3), None);
        assert_eq!([old, new, [3; 16]].map(|key| record.is_replaced(&key)), [false, false, true]);
        record.record(&old, &old, 8);
        assert_eq!(record.rollback(&old, 8), None, "the older copy was accepted");
        fs::write(&file, b"\xff nothing\n\n1 2\n").expect("written");
        assert_eq!(record.rollback(&old, 1), None, "a damaged record is none");
    }

    #[test]
    fn the_record_has_a_limited_number_of_vaults() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("vaults");
        for number in 0..200 {
            WriteRecord::new(file.clone(), Path::new(&format!("/vault {number}")))
                .record(&[1; 16], &[1; 16], 1);
        }
        assert_eq!(fs::read_to_string(&file).expect("a record").lines().count(), MAX_VAULTS);
    }
}
