//! The way out of an error.

/// An error that may know a way out: one line that names a command to copy.
pub trait Hint {
    /// Returns the way out, where there is one.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Returns the name by which people call this program, for hints and messages that name a command.
pub fn program() -> &'static str {
    "docker-credential-pat"
}
