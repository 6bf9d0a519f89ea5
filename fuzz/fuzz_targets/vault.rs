//! Any bytes in the place of the vault: refused, or read, and nothing told with a key but what it held.

#![no_main]

use std::sync::LazyLock;

use docker_credential_pat_fuzz::{memory, published};
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: { LazyLock::force(&published::ALL); }, |input: &[u8]| {
    let path = memory::write(input);
    for vault in &*published::ALL {
        vault.examine(&path);
    }
});
