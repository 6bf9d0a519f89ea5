//! The vault on disk, format 1: its parts, its directory and its entries.

pub mod directory;
pub mod entry;
pub mod layout;
pub mod nonce;
