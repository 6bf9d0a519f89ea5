//! One file per process, for functions that take a path. `fuzz/run.sh` keeps it in memory and removes it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

/// Writes this content to the file, and returns its path.
///
/// # Panics
/// When the file cannot be written.
pub fn write(bytes: &[u8]) -> PathBuf {
    let path = path();
    fs::write(&path, bytes).expect("written");
    path
}

/// Removes the file, and returns its path.
pub fn without() -> PathBuf {
    let path = path();
    let _ = fs::remove_file(&path);
    path
}

/// Returns the content of the file.
///
/// # Panics
/// When the file cannot be read.
pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("read")
}

fn path() -> PathBuf {
    FOLDER.path().join("file")
}
