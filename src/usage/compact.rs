//! Compaction of the log: full files are renamed, and the oldest is folded into a summary, which keeps the
//! last uses and the counts of its lines.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::timestamp::Timestamp;
use crate::system::disk;
use crate::system::disk::append::{rename_unsynced, try_lock};
use crate::system::disk::{DiskError, PRIVATE};
use crate::usage::history::UsageHistory;
use crate::usage::recent_uses::RecentUses;
use crate::usage::record::{LogRecord, UnreadLines};
use crate::usage::{LOCK, LOG, MAX_BYTES, exists, record};

/// The number of full files that are kept besides the current one.
const ARCHIVED_FILES: usize = 3;

/// The file with one line for each token, for all files before the archived ones.
const SUMMARY: &str = "usage.summary.jsonl";

/// The maximum number of tokens in the summary. If every login creates a token and every logout removes it, the
/// least recently used tokens are eventually dropped.
const MAX_TOKENS: usize = 4096;

/// The largest part of each file that is read, in bytes. The log writes no larger file.
const MAX_READ_BYTES: u64 = 4 * MAX_BYTES;

/// Compacts the log when it is full, unless another process is doing so.
pub(super) fn compact_if_full(folder: &Path, now: Timestamp) -> Result<(), DiskError> {
    let Some(_lock) = try_lock(&folder.join(LOCK))? else { return Ok(()) };
    // Another process may have compacted it before this one took the lock.
    match fs::symlink_metadata(folder.join(LOG)) {
        Ok(metadata) if metadata.is_file() && metadata.len() >= MAX_BYTES => shift_files(folder, now),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Renames each file to the next older name, as many files as necessary to free the name of the current file. The
/// caller holds the lock.
///
/// An interruption leaves a gap among the names, or a file that the summary marks as folded. No line is lost
/// or counted twice.
pub(super) fn shift_files(folder: &Path, now: Timestamp) -> Result<(), DiskError> {
    let gap = (1..=ARCHIVED_FILES).find(|number| !exists(&archived_file(folder, *number)));
    if gap.is_none() {
        fold_oldest(folder, now)?;
    }
    for number in (1..gap.unwrap_or(ARCHIVED_FILES)).rev() {
        rename_unsynced(&archived_file(folder, number), &archived_file(folder, number + 1))?;
    }
    // Without syncing, because the log is not worth the wait.
    rename_unsynced(&folder.join(LOG), &archived_file(folder, 1))
}

/// Adds the oldest file to the summary. The file stays; the summary marks it as folded, so that it counts
/// once.
fn fold_oldest(folder: &Path, now: Timestamp) -> Result<(), DiskError> {
    let bytes = read(&archived_file(folder, ARCHIVED_FILES));
    let summary = read(&folder.join(SUMMARY));
    let mut history = UsageHistory::new(now);
    let mut uses = RecentUses::default();
    let mut unread = UnreadLines::default();
    let mut is_folded = false;
    unread.visit_lines(&summary, &mut |record| {
        is_folded |= marks_as_folded(&record, &bytes);
        uses.mark(record).inspect(|record| history.add(record));
    });
    if is_folded {
        return Ok(());
    }
    unread.visit_lines(&bytes, &mut |record| {
        uses.mark(record).inspect(|record| history.add(record));
    });
    history.keep_most_recent(MAX_TOKENS);
    let mut out = Vec::with_capacity(summary.len() + 1024);
    record::push_start(&mut out);
    record::push_integer(&mut out, "folded", crc32fast::hash(&bytes).into());
    record::push_integer(&mut out, "bytes", i64::try_from(bytes.len()).unwrap_or_default());
    out.extend_from_slice(b"}\n");
    history.write(&mut out);
    // The next file may continue them.
    uses.write(&mut out);
    // The lines of a later version of this program are kept.
    for line in record::unknown_versions(&summary) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    disk::replace(&folder.join(SUMMARY), &out, PRIVATE)
}

/// Calls `visit` with the records of the summary and of the archived files, oldest first.
pub(super) fn visit_archived(folder: &Path, unread: &mut UnreadLines, visit: &mut dyn FnMut(LogRecord)) {
    let oldest = read(&archived_file(folder, ARCHIVED_FILES));
    let mut is_folded = false;
    unread.visit_lines(&read(&folder.join(SUMMARY)), &mut |record| {
        is_folded |= marks_as_folded(&record, &oldest);
        visit(record);
    });
    if !is_folded {
        unread.visit_lines(&oldest, visit);
    }
    for number in (1..ARCHIVED_FILES).rev() {
        unread.visit_lines(&read(&archived_file(folder, number)), visit);
    }
}

/// True when this line of the summary marks this file as the last one that was folded.
fn marks_as_folded(record: &LogRecord, bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && record.bytes == u64::try_from(bytes.len()).ok()
        && record.folded == Some(crc32fast::hash(bytes))
}

/// Reads a file; returns nothing when it cannot be read.
pub(super) fn read(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(Some((file, _))) = disk::open(path) {
        let _ = file.take(MAX_READ_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

fn archived_file(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("usage.{number}.jsonl"))
}
