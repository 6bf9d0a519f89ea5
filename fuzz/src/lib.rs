//! What the targets share: a file in memory, a published vault with all that it may ever tell, made-up tokens.

pub mod made;
pub mod memory;
pub mod published;
