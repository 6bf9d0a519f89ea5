//! Retries a rename that another program prevents for a moment.

use std::path::Path;
use std::time::Duration;
use std::{fs, io, thread};

/// The total time between the attempts. A virus scanner or an indexer holds a file for less.
const PATIENCE: Duration = Duration::from_secs(2);

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(20);

/// Renames a file. While another program keeps the old or the new one open, Windows and network folders refuse that.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    retry_while_held(|| fs::rename(from, to), thread::sleep)
}

/// Repeats an operation while another program seems to hold its file, and returns its last result.
fn retry_while_held(
    mut operation: impl FnMut() -> io::Result<()>,
    mut sleep: impl FnMut(Duration),
) -> io::Result<()> {
    let mut waited = Duration::ZERO;
    loop {
        match operation() {
            Err(error) if is_held(&error) && waited < PATIENCE => {
                sleep(PAUSE);
                waited += PAUSE;
            }
            done => return done,
        }
    }
}

/// True for an error that may pass: access denied, or a file in use.
/// <https://learn.microsoft.com/windows/win32/debug/system-error-codes--0-499->
fn is_held(error: &io::Error) -> bool {
    const ACCESS_DENIED: i32 = 5;
    const SHARING_VIOLATION: i32 = 32;
    const LOCK_VIOLATION: i32 = 33;
    let is_windows_code = cfg!(windows)
        && matches!(error.raw_os_error(), Some(ACCESS_DENIED | SHARING_VIOLATION | LOCK_VIOLATION));
    is_windows_code || matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ResourceBusy)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs an operation that fails this many times, and returns its result, its attempts and the time between them.
    fn attempt(failures: u32, kind: io::ErrorKind) -> (io::Result<()>, u32, Duration) {
        let (mut attempts, mut waited) = (0, Duration::ZERO);
        let operation = || {
            attempts += 1;
            if attempts > failures { Ok(()) } else { Err(kind.into()) }
        };
        let result = retry_while_held(operation, |pause| waited += pause);
        (result, attempts, waited)
    }

    #[test]
    fn an_operation_is_retried_only_while_its_file_is_held() {
        for (failures, kind, want) in [
            (0, io::ErrorKind::PermissionDenied, (None, 1, Duration::ZERO)),
            (1, io::ErrorKind::PermissionDenied, (None, 2, PAUSE)),
            (100, io::ErrorKind::ResourceBusy, (None, 101, PATIENCE)),
            (101, io::ErrorKind::ResourceBusy, (Some(io::ErrorKind::ResourceBusy), 101, PATIENCE)),
            (
                u32::MAX,
                io::ErrorKind::PermissionDenied,
                (Some(io::ErrorKind::PermissionDenied), 101, PATIENCE),
            ),
            (9, io::ErrorKind::NotFound, (Some(io::ErrorKind::NotFound), 1, Duration::ZERO)),
            (9, io::ErrorKind::StorageFull, (Some(io::ErrorKind::StorageFull), 1, Duration::ZERO)),
        ] {
            let (result, attempts, waited) = attempt(failures, kind);
            let error = result.err().map(|error| error.kind());
            assert_eq!((error, attempts, waited), want, "{failures} times {kind}");
        }
    }

    #[cfg(windows)]
    #[test]
    fn a_file_in_use_is_held() {
        for code in [5, 32, 33] {
            assert!(is_held(&io::Error::from_raw_os_error(code)), "{code}");
        }
    }
}
