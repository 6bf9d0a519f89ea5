//! What is known of how a token was used.

use crate::moment::Moment;

/// How often a token was given out, when, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// How often it was given out.
    pub count: u64,
    /// When first, of what is remembered.
    pub first: Moment,
    /// When last.
    pub last: Moment,
    /// The name of the client's program that got it last, where the system told it; never its arguments.
    pub client: Option<String>,
    /// How often to pull, of the times at which the direction was known.
    pub pulls: u64,
    /// How often to push, of the times at which the direction was known.
    pub pushes: u64,
}
