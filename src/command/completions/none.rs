//! Stand-ins for a build without `extras`, which completes nothing.

use clap::builder::ArgExt;

#[derive(Clone, Debug)]
pub struct NoCompletions;

impl ArgExt for NoCompletions {}

pub fn token_names() -> NoCompletions {
    NoCompletions
}

pub fn token_scopes() -> NoCompletions {
    NoCompletions
}
