//! Hints, which suggest a remedy for an error, and the program's name for the commands in them.

/// An error with an optional hint.
pub trait Hint {
    /// Returns the suggested remedy: one line that names a command to copy.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Returns the name of this program, for hints and messages that contain a command.
pub fn program() -> &'static str {
    "docker-credential-pat"
}
