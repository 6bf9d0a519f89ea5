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
        is_terminal: true,
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
