//! Writes the JSON body of a request.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::system::secret_json::write_exact;

/// Writes a value as JSON into one buffer of its exact size, which is wiped.
pub fn json(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Writing to memory cannot fail, and every body of this program can be JSON.
    write_exact(|out| Ok(serde_json::to_writer(out, value)?)).unwrap_or_default()
}
