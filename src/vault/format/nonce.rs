//! The nonces of the tags in a vault file: a base, which is new in every file, and a number.

use crate::vault::seal::{NONCE_BYTES, Nonce};

/// The size of [`NonceBase`] in bytes.
pub const BASE_BYTES: usize = NONCE_BYTES - 8;

/// The first bytes of all these nonces in one file.
pub type NonceBase = [u8; BASE_BYTES];

/// Returns the nonce with a number: 0 for the directory, 1 for the first entry.
pub fn nonce(base: &NonceBase, number: u64) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..BASE_BYTES].copy_from_slice(base);
    nonce[BASE_BYTES..].copy_from_slice(&number.to_le_bytes());
    nonce
}
