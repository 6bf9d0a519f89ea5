//! The memory that the lists of a vault may take while it is read, before anything proves who wrote it.

use crate::model::cbor::ListMemory;

/// The memory that the lists of any vault may take, in bytes.
const MIN_BYTES: u64 = 16 * 1024 * 1024;

/// The memory that the lists of a vault may take in addition for each byte of its file. A token takes about five.
const BYTES_PER_FILE_BYTE: u64 = 8;

/// The memory that the lists of the largest vault may take, in bytes: about 250,000 tokens.
const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// The memory that an item takes in addition to its size: that of a short text.
const TEXT_BYTES: u64 = 32;

/// The memory that the lists of a vault may still take.
pub struct MemoryLimit {
    left: u64,
    is_exceeded: bool,
}

impl MemoryLimit {
    /// Makes the limit for a file of this size.
    pub fn for_file(bytes: u64) -> Self {
        let limit = MIN_BYTES.saturating_add(bytes.saturating_mul(BYTES_PER_FILE_BYTE));
        Self { left: limit.min(MAX_BYTES), is_exceeded: false }
    }

    /// True when a list was refused.
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }

    /// Takes the memory for items of this type. Returns false when there is less left.
    pub fn take_items<T>(&mut self, count: usize) -> bool {
        self.take(count as u64, size_of::<T>())
    }

    /// Returns the bytes that are left.
    pub fn left(&self) -> u64 {
        self.left
    }
}

impl ListMemory for MemoryLimit {
    fn take(&mut self, count: u64, size: usize) -> bool {
        let bytes = (size as u64).saturating_add(TEXT_BYTES).saturating_mul(count);
        match self.left.checked_sub(bytes) {
            Some(left) => self.left = left,
            None => self.is_exceeded = true,
        }
        !self.is_exceeded
    }
}
