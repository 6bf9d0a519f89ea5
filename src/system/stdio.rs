//! Standard input and output without std's buffers, which would keep copies of secrets.
//!
//! On Unix the streams are `rustix::stdio`: `std::io::stdout()` makes a buffer even for `is_terminal`.

use std::fs::File;
use std::io;
#[cfg(windows)]
use std::io as stdio;
use std::io::IsTerminal;
#[cfg(unix)]
use std::os::fd::AsFd;
#[cfg(windows)]
use std::os::windows::io::AsHandle;

#[cfg(unix)]
use rustix::stdio;

use crate::system::table::Screen;

/// Opens standard input without a buffer.
pub fn stdin() -> io::Result<File> {
    unbuffered(stdio::stdin())
}

/// Opens standard output without a buffer.
pub fn stdout() -> io::Result<File> {
    unbuffered(stdio::stdout())
}

/// True when standard input is a terminal.
pub fn stdin_is_terminal() -> bool {
    stdio::stdin().is_terminal()
}

/// True when standard output is a terminal.
pub fn stdout_is_terminal() -> bool {
    stdio::stdout().is_terminal()
}

/// Returns the width and colour support of standard output. The usual variables decide on colour:
/// <https://no-color.org>, <https://bixense.com/clicolors>.
pub fn screen() -> Screen {
    if !stdout_is_terminal() {
        return Screen::default();
    }
    let is_wanted = !anstyle_query::no_color() && anstyle_query::clicolor() != Some(false);
    Screen {
        width: terminal_size::terminal_size_of(stdio::stdout()).map(|(width, _)| usize::from(width.0)),
        // A Windows console shows colours only after they have been enabled; elsewhere this returns `None`.
        has_colour: is_wanted
            && anstyle_query::term_supports_color()
            && anstyle_query::windows::enable_ansi_colors() != Some(false),
    }
}

#[cfg(unix)]
fn unbuffered(stream: impl AsFd) -> io::Result<File> {
    Ok(stream.as_fd().try_clone_to_owned()?.into())
}

#[cfg(windows)]
fn unbuffered(stream: impl AsHandle) -> io::Result<File> {
    Ok(stream.as_handle().try_clone_to_owned()?.into())
}

/// True when standard output was closed at the start, so that nothing can read an answer. Rust then opens the
/// null device there for reading and writing, so that no file takes its descriptor. A shell's redirection to
/// the null device opens it for writing only.
/// <https://github.com/rust-lang/rust/blob/master/library/std/src/sys/pal/unix/mod.rs>
#[cfg(target_os = "linux")]
pub fn was_closed(stdout: &File) -> bool {
    use rustix::fs::{FileType, OFlags};
    const NULL_DEVICE: (u32, u32) = (1, 3);
    let is_null = rustix::fs::fstat(stdout).is_ok_and(|status| {
        FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice
            && (rustix::fs::major(status.st_rdev), rustix::fs::minor(status.st_rdev)) == NULL_DEVICE
    });
    is_null && rustix::fs::fcntl_getfl(stdout).is_ok_and(|flags| flags & OFlags::ACCMODE == OFlags::RDWR)
}

/// Returns false: other systems do not report it.
#[cfg(not(target_os = "linux"))]
pub fn was_closed(_stdout: &File) -> bool {
    false
}
