//! Reads a whole input, up to a limit, into memory that is wiped.

use std::io;
use std::io::Read;

use thiserror::Error;
use zeroize::Zeroizing;

/// The largest accepted input, in bytes. The largest real secrets are cloud keys of a few KiB.
pub const MAX_INPUT_BYTES: usize = 4 * 1024 * 1024;

/// The maximum number of bytes beyond that limit that are read and discarded. A client that is still writing would
/// otherwise fail with a broken pipe and never read the error.
const MAX_DRAINED_BYTES: u64 = 64 * 1024 * 1024;

/// The initial size of the buffer, in bytes: it holds any ordinary request.
const FIRST_BUFFER_BYTES: usize = 1024;

/// An input that was not read completely.
#[derive(Debug, Error)]
pub enum InputError {
    #[error("cannot read the request")]
    Read(#[source] io::Error),
    #[error("the request is larger than {} MiB", MAX_INPUT_BYTES / 1024 / 1024)]
    TooLarge,
}

/// Reads an input of at most [`MAX_INPUT_BYTES`] into memory that is wiped.
pub fn read_input(mut input: impl Read) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let mut bytes = Zeroizing::new(vec![0; FIRST_BUFFER_BYTES]);
    let mut length = 0;
    loop {
        if length == bytes.len() {
            // A `Vec` that grows by itself may leave its old content behind; the old buffer here is wiped.
            let mut larger = Zeroizing::new(vec![0; (length * 4).min(MAX_INPUT_BYTES + 1)]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
        match input.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(InputError::Read(error)),
        }
        if length > MAX_INPUT_BYTES {
            drop(bytes);
            return Err(drain(input));
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// Reads the rest of an input that is too large and discards it.
#[cold]
#[inline(never)]
fn drain(input: impl Read) -> InputError {
    match io::copy(&mut input.take(MAX_DRAINED_BYTES), &mut io::sink()) {
        Ok(_) => InputError::TooLarge,
        Err(error) => InputError::Read(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_up_to_the_limit_is_read_and_larger_input_is_drained_and_refused() {
        for length in [0, 1, FIRST_BUFFER_BYTES, FIRST_BUFFER_BYTES + 1, MAX_INPUT_BYTES] {
            assert_eq!(read_input(io::repeat(b'x').take(length as u64)).expect("it fits").len(), length);
        }
        let mut larger = io::repeat(b'x').take(MAX_INPUT_BYTES as u64 + 100);
        assert!(matches!(read_input(&mut larger), Err(InputError::TooLarge)));
        assert_eq!(larger.limit(), 0, "the rest is drained");
        assert!(matches!(read_input(io::repeat(b'x')), Err(InputError::TooLarge)), "endless input ends");
    }
}
