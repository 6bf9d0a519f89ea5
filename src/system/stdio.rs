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
#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicBool, Ordering};

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

/// True when the process was started with a closed standard output, so that nothing can read an answer.
#[cfg(target_os = "linux")]
pub fn was_closed() -> bool {
    WAS_CLOSED.load(Ordering::Relaxed)
}

/// Returns false: other systems do not report it.
#[cfg(not(target_os = "linux"))]
pub fn was_closed() -> bool {
    false
}

#[cfg(target_os = "linux")]
static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

/// Runs before Rust's startup, which opens the null device for each closed stream, so that no file takes its
/// descriptor. From then on a closed stream looks like a null device that a client opened for reading and writing, as
/// Python and Node do. <https://github.com/rust-lang/rust/blob/master/library/std/src/sys/pal/unix/mod.rs>
///
/// The function makes one system call and nothing that needs Rust's startup.
#[cfg(target_os = "linux")]
#[used]
#[expect(unsafe_code, reason = "a function pointer for the loader: https://refspecs.linuxfoundation.org/elf")]
#[unsafe(link_section = ".init_array")]
static CHECK_STDOUT: extern "C" fn() = {
    extern "C" fn check_stdout() {
        WAS_CLOSED.store(rustix::io::fcntl_getfd(stdio::stdout()).is_err(), Ordering::Relaxed);
    }
    check_stdout
};
