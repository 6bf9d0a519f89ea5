//! Reads an input whole, up to a limit, into memory that is wiped.

use std::io;
use std::io::Read;

use thiserror::Error;
use zeroize::Zeroizing;

/// The largest input that is read, in bytes. The largest real secrets are cloud keys of some KiB.
pub const MAX_INPUT_BYTES: usize = 4 * 1024 * 1024;

/// How much beyond that is read and thrown away, so that a client that still writes is not cut off.
const MAX_DRAINED_BYTES: u64 = 64 * 1024 * 1024;

/// The first size of the buffer, in bytes: it holds any ordinary request.
const FIRST_BUFFER_BYTES: usize = 1024;

/// Why an input was not read whole.
#[derive(Debug, Error)]
pub enum InputError {
    /// The system failed to read it.
    #[error("cannot read the request")]
    Read(#[source] io::Error),
    /// More than [`MAX_INPUT_BYTES`].
    #[error("the request is larger than {} MiB", MAX_INPUT_BYTES / 1024 / 1024)]
    TooLarge,
}

/// Reads all of an input into memory that is wiped.
///
/// # Errors
/// When it cannot be read or is larger than [`MAX_INPUT_BYTES`].
pub fn read_input(mut input: impl Read) -> Result<Zeroizing<Vec<u8>>, InputError> {
    let mut bytes = Zeroizing::new(vec![0; FIRST_BUFFER_BYTES]);
    let mut length = 0;
    loop {
        if length == bytes.len() {
            // A growing `Vec` may leave what it held behind; this leaves nothing.
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

/// Reads what is too much and throws it away.
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
    fn input_is_taken_up_to_its_limit_and_no_further() {
        for length in [0, 1, FIRST_BUFFER_BYTES, FIRST_BUFFER_BYTES + 1, MAX_INPUT_BYTES] {
            assert_eq!(read_input(io::repeat(b'x').take(length as u64)).expect("it fits").len(), length);
        }
        let mut larger = io::repeat(b'x').take(MAX_INPUT_BYTES as u64 + 100);
        assert!(matches!(read_input(&mut larger), Err(InputError::TooLarge)));
        assert_eq!(larger.limit(), 0, "the rest is read as well");
        assert!(matches!(read_input(io::repeat(b'x')), Err(InputError::TooLarge)), "endless input ends");
    }
}
