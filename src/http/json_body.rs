//! The JSON body of a request.

use serde::Serialize;
use zeroize::Zeroizing;

use crate::system::secret_json::write_exact;

/// Writes what is sent, into one buffer of its size that is wiped.
pub fn json(value: &impl Serialize) -> Zeroizing<Vec<u8>> {
    // Memory does not fail, and no text of ours refuses to be JSON.
    write_exact(|out| Ok(serde_json::to_writer(out, value)?)).unwrap_or_default()
}
