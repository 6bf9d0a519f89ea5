//! What is offered to a shell by a build without `extras`: nothing.

use clap::builder::ArgExt;

/// Nothing to offer at an argument.
#[derive(Clone, Debug)]
pub struct NoCompletions;

impl ArgExt for NoCompletions {}

/// Returns nothing, in the place of the names of the tokens.
pub fn token_names() -> NoCompletions {
    NoCompletions
}

/// Returns nothing, in the place of the places to which the tokens may go.
pub fn token_scopes() -> NoCompletions {
    NoCompletions
}
