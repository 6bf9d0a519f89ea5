//! Any bytes in the place of the vault: refused, or read, and nothing told with its key but what it held.

#![no_main]

use docker_credential_pat_fuzz::memory;
use docker_credential_pat_fuzz::published;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: published::prepare(), |input: &[u8]| {
    published::examine(&memory::write(input));
});
