//! Formats 1 and 2 of the vault file: its layout, its directory and its entries.

pub mod checksum;
pub mod directory;
pub mod entry;
pub mod layout;
pub mod memory;
pub mod nonce;
pub mod readable;
pub mod upgrade;
