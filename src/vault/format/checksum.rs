//! The checksums in a vault file: CRC-32, which detects damage without the key.

/// Returns the bytes before the checksum that follows them; `None` when it is wrong.
pub fn strip_checksum(bytes: &[u8]) -> Option<&[u8]> {
    let (checked, crc) = bytes.split_last_chunk()?;
    (crc32fast::hash(checked).to_le_bytes() == *crc).then_some(checked)
}

/// Appends the checksum of bytes to them.
pub fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}
