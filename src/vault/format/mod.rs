//! Format 1 of the vault file: its layout, its directory and its entries.

pub mod directory;
pub mod entry;
pub mod layout;
pub mod nonce;
