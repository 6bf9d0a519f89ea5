//! Hints: the way out of an error, and the name of the program in them.

/// An error with an optional hint.
pub trait Hint {
    /// Returns the way out: one line that names a command to copy.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Returns the name of this program, for hints and messages that contain a command.
pub fn program() -> &'static str {
    "docker-credential-pat"
}
