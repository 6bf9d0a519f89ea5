//! Reads any bytes as a vault, and checks that they are refused or yield nothing that a published vault does not hold.

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
