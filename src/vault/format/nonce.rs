//! Nonces of one vault file: a base, new in every file, and a number.

use crate::vault::seal::{NONCE_BYTES, Nonce};

/// The size of [`NonceBase`] in bytes.
pub const BASE_BYTES: usize = NONCE_BYTES - 8;

/// What all nonces of one file begin with.
pub type NonceBase = [u8; BASE_BYTES];

/// Returns the nonce of the directory, which has number 0, or of an entry.
pub fn nonce(base: &NonceBase, number: u64) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..BASE_BYTES].copy_from_slice(base);
    nonce[BASE_BYTES..].copy_from_slice(&number.to_le_bytes());
    nonce
}
