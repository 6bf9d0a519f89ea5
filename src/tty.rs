//! Questions to a person, on the terminal itself and never through stdin.

use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use thiserror::Error;
use zeroize::Zeroizing;

/// The longest answer that is taken, in bytes: what a terminal hands over as one line.
const MAX_ANSWER_BYTES: u64 = 4096;

const TERMINAL: &str = if cfg!(windows) { "CONIN$" } else { "/dev/tty" };
const SCREEN: &str = if cfg!(windows) { "CONOUT$" } else { "/dev/tty" };

/// Why a question got no answer.
#[derive(Debug, Error)]
pub enum TtyError {
    /// Nobody is there to ask.
    #[error("there is no terminal to ask on")]
    NoTerminal(#[source] io::Error),
    /// The answer could not be read.
    #[error("cannot read the answer from the terminal")]
    Read(#[source] io::Error),
}

/// Asks for a line of text.
///
/// # Errors
/// When there is no terminal, or it goes away.
pub fn ask(question: &str) -> Result<String, TtyError> {
    let terminal = File::open(TERMINAL).map_err(TtyError::NoTerminal)?;
    let mut screen = OpenOptions::new().write(true).open(SCREEN).map_err(TtyError::NoTerminal)?;
    screen.write_all(question.as_bytes()).map_err(TtyError::NoTerminal)?;
    let mut line = String::new();
    BufReader::new(terminal.take(MAX_ANSWER_BYTES)).read_line(&mut line).map_err(TtyError::Read)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Asks for a secret, which does not show.
///
/// # Errors
/// When there is no terminal, or it goes away.
pub fn ask_hidden(question: &str) -> Result<Zeroizing<String>, TtyError> {
    // rpassword says neither which of the two it was; without a terminal it fails to open it.
    if let Err(error) = File::open(TERMINAL) {
        return Err(TtyError::NoTerminal(error));
    }
    rpassword::prompt_password(question).map(Zeroizing::new).map_err(TtyError::Read)
}
