//! Room in the log: full files make way for new ones, and the oldest is folded into a summary, so that last
//! uses and counts are not forgotten with the lines.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::model::timestamp::Timestamp;
use crate::system::disk;
use crate::system::disk::append::try_lock;
use crate::system::disk::permissions::refuse_others_folder;
use crate::system::disk::{DiskError, PRIVATE};
use crate::usage::history::UsageHistory;
use crate::usage::record::{LogRecord, UnreadLines};
use crate::usage::{LOCKED, LOG, MAX_BYTES, is_there, record};

/// How many full files are kept beside the one that is written to.
const OLDER: usize = 3;

/// What is left of all that came before: a line for each token.
const SUMMARY: &str = "usage.summary.jsonl";

/// How many tokens the summary knows. Where every login makes a token and every logout removes it, those
/// that were used longest ago are forgotten at last.
const MAX_TOKENS: usize = 4096;

/// The most that is read of each file, in bytes; none that is written here is larger.
const MAX_READ_BYTES: u64 = 4 * MAX_BYTES;

/// Makes room when the log is full, unless another process is at it.
pub(super) fn make_room(folder: &Path, now: Timestamp) -> Result<(), DiskError> {
    // The lock and the summary may be links there, and root would write wherever they lead.
    refuse_others_folder(folder)?;
    let Some(_lock) = try_lock(&folder.join(LOCKED))? else { return Ok(()) };
    // Another process may have been faster.
    match fs::symlink_metadata(folder.join(LOG)) {
        Ok(metadata) if metadata.is_file() && metadata.len() >= MAX_BYTES => shift(folder, now),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Gives each file the name of the next older one, as far as it takes to free the log's own. Whoever calls
/// it has the lock.
///
/// Ended at any point, it leaves a gap among the names, or a file that the summary names as folded.
pub(super) fn shift(folder: &Path, now: Timestamp) -> Result<(), DiskError> {
    let gap = (1..=OLDER).find(|number| !is_there(&older(folder, *number)));
    if gap.is_none() {
        fold(folder, now)?;
    }
    for number in (1..gap.unwrap_or(OLDER)).rev() {
        rename(&older(folder, number), &older(folder, number + 1))?;
    }
    rename(&folder.join(LOG), &older(folder, 1))
}

/// Adds the oldest file to the summary. The file stays, and the summary names it, so that it counts once.
fn fold(folder: &Path, now: Timestamp) -> Result<(), DiskError> {
    let bytes = read(&older(folder, OLDER));
    let summary = read(&folder.join(SUMMARY));
    let mut history = UsageHistory::until(now);
    let mut skipped = UnreadLines::default();
    let mut is_folded = false;
    skipped.visit(&summary, &mut |record| {
        is_folded |= is_of(&record, &bytes);
        history.add(&record);
    });
    if is_folded {
        return Ok(());
    }
    skipped.visit(&bytes, &mut |record| history.add(&record));
    history.keep_most_recent(MAX_TOKENS);
    let mut out = Vec::with_capacity(summary.len() + 1024);
    record::start(&mut out);
    record::push_whole(&mut out, "folded", crc32fast::hash(&bytes).into());
    record::push_whole(&mut out, "bytes", i64::try_from(bytes.len()).unwrap_or_default());
    out.extend_from_slice(b"}\n");
    history.write(&mut out);
    // A later program's summary is not lost on an earlier one.
    for line in record::unknown_versions(&summary) {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    disk::replace(&folder.join(SUMMARY), &out, PRIVATE)
}

/// Hands on what the summary and the full files hold, oldest first.
pub(super) fn visit_archived(folder: &Path, skipped: &mut UnreadLines, visit: &mut dyn FnMut(LogRecord)) {
    let oldest = read(&older(folder, OLDER));
    let mut is_folded = false;
    skipped.visit(&read(&folder.join(SUMMARY)), &mut |record| {
        is_folded |= is_of(&record, &oldest);
        visit(record);
    });
    if !is_folded {
        skipped.visit(&oldest, visit);
    }
    for number in (1..OLDER).rev() {
        skipped.visit(&read(&older(folder, number)), visit);
    }
}

/// True for the line of the summary that names this file as the one that was folded last.
fn is_of(record: &LogRecord, bytes: &[u8]) -> bool {
    !bytes.is_empty()
        && record.bytes == u64::try_from(bytes.len()).ok()
        && record.folded == Some(crc32fast::hash(bytes))
}

/// Returns what a file holds; nothing where it cannot be read.
pub(super) fn read(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Ok(Some((file, _))) = disk::open(path) {
        let _ = file.take(MAX_READ_BYTES).read_to_end(&mut bytes);
    }
    bytes
}

fn older(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("usage.{number}.jsonl"))
}

/// Renames without waiting for the disk: nothing of this is worth it.
fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    fs::rename(from, to).map_err(|source| DiskError::Write { path: to.to_owned(), source })
}
