//! Code that the targets share: a file in memory, the published vaults with their contents, and generated tokens.

pub mod made;
pub mod memory;
pub mod published;
