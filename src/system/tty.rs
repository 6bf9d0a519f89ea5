//! Asks a person questions, on the terminal itself and never through standard input.

use std::fs::{File, OpenOptions};
use std::io;
use std::io::{BufRead, BufReader, Read, Write};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::model::hint::program;
#[cfg(unix)]
use crate::system::hidden_input::HiddenInput;

/// The longest answer, in bytes: terminals do not deliver longer lines.
const MAX_ANSWER_BYTES: u64 = 4096;

/// The longest secret that can be typed, in bytes; a longer one has to come from a file.
#[cfg(unix)]
const MAX_SECRET_BYTES: usize = 64 * 1024;

const TERMINAL: &str = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
const SCREEN: &str = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };

/// A question without a usable answer.
#[derive(Debug, Error)]
pub enum TtyError {
    #[error("there is no terminal to ask on")]
    NoTerminal,
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
    /// Ctrl-D, or the terminal was closed.
    #[error("nothing was typed")]
    NoAnswer,
    /// A control key, bytes that are not UTF-8, or more than [`MAX_SECRET_BYTES`].
    #[error("the input is not text")]
    Unprintable,
    #[error("cannot read the answer from the terminal")]
    Read(#[source] io::Error),
}

/// The system's own words ("No such device or address") say nothing more.
fn no_terminal(_: io::Error) -> TtyError {
    TtyError::NoTerminal
}

/// Prints a question and reads one line.
pub fn ask(question: &str) -> Result<String, TtyError> {
    let terminal = File::open(TERMINAL).map_err(no_terminal)?;
    let mut screen = OpenOptions::new().write(true).open(SCREEN).map_err(no_terminal)?;
    screen.write_all(question.as_bytes()).map_err(no_terminal)?;
    let mut line = String::new();
    BufReader::new(terminal.take(MAX_ANSWER_BYTES)).read_line(&mut line).map_err(TtyError::Read)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// True when the process has a terminal to ask on.
pub fn is_available() -> bool {
    File::open(TERMINAL).is_ok()
}

/// Prints a line on the terminal, if there is one.
pub fn print(line: &str) {
    if let Ok(mut screen) = OpenOptions::new().write(true).open(SCREEN) {
        let _ = writeln!(screen, "{}: {line}", program());
    }
}

/// Asks for a secret without showing it.
#[cfg(unix)]
pub fn ask_hidden(question: &str) -> Result<Zeroizing<String>, TtyError> {
    let terminal = OpenOptions::new().read(true).write(true).open(TERMINAL).map_err(no_terminal)?;
    let hidden = HiddenInput::start(&terminal).map_err(TtyError::Read)?;
    (&terminal).write_all(question.as_bytes()).map_err(TtyError::Read)?;
    let line = read_line(&terminal);
    drop(hidden);
    // The Enter key was not shown either.
    (&terminal).write_all(b"\n").map_err(TtyError::Read)?;
    line
}

/// Asks for a secret without showing it.
#[cfg(not(unix))]
pub fn ask_hidden(question: &str) -> Result<Zeroizing<String>, TtyError> {
    rpassword::prompt_password(question).map(Zeroizing::new).map_err(TtyError::Read)
}

/// Reads keys up to Enter into memory that is wiped.
#[cfg(unix)]
fn read_line(mut terminal: &File) -> Result<Zeroizing<String>, TtyError> {
    const END_OF_TEXT: u8 = 3; // Ctrl-C
    const END_OF_TRANSMISSION: u8 = 4; // Ctrl-D
    const ERASE: [u8; 2] = [8, 127];
    const ERASE_LINE: u8 = 21; // Ctrl-U
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_SECRET_BYTES));
    let mut key = Zeroizing::new([0]);
    loop {
        if terminal.read(&mut *key).map_err(TtyError::Read)? == 0 {
            return Err(TtyError::NoAnswer);
        }
        match key[0] {
            b'\n' | b'\r' => break,
            END_OF_TEXT => return Err(TtyError::Interrupted),
            END_OF_TRANSMISSION if line.is_empty() => return Err(TtyError::NoAnswer),
            ERASE_LINE => line.clear(),
            erase if ERASE.contains(&erase) => {
                // A character is its first byte and the continuation bytes after it.
                while line.pop().is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000) {}
            }
            // Any other control key would become an invisible part of the secret.
            control if control.is_ascii_control() => return Err(TtyError::Unprintable),
            _ if line.len() == MAX_SECRET_BYTES => return Err(TtyError::Unprintable),
            byte => line.push(byte),
        }
    }
    let text = str::from_utf8(&line).map_err(|_| TtyError::Unprintable)?;
    Ok(Zeroizing::new(text.to_owned()))
}
