//! Overwrites the stack and the vector registers, through which secrets have passed.
//!
//! Buffers are wiped by their own types and by the allocator.

use std::hint::black_box;

use chacha20poly1305::{AeadInOut, Key, KeyInit, XChaCha20Poly1305, XNonce};

/// Bytes of stack to overwrite: more than any parser or cipher here uses, but not a page more than they have already
/// touched. A debug build uses more stack.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 16 } else { 10 } * 1024;

/// Bytes of stack to overwrite after a command for people, which has parsed arguments and read other files.
const COMMAND_STACK_BYTES: usize = 128 * 1024;

/// Bytes of stack to overwrite after a call to a message bus and its cryptography; a thread has 2 MiB.
const DEEP_STACK_BYTES: usize = 512 * 1024;

/// Bytes for the cipher to work on: four blocks, which it encrypts at once, in every register that it uses.
const CIPHER_BYTES: usize = 256;

/// Overwrites the stack below the caller, and the registers. Call it last, from `main`.
pub fn scrub() {
    scrub_stack::<STACK_BYTES>();
    scrub_registers();
}

/// Overwrites more of the stack than [`scrub`], after a command for people, where microseconds do not matter.
pub fn scrub_command_stack() {
    scrub_stack::<COMMAND_STACK_BYTES>();
}

/// Overwrites far more of the stack than [`scrub`], on a thread that has been deep in other libraries.
pub fn scrub_deep() {
    scrub_stack::<DEEP_STACK_BYTES>();
    scrub_registers();
}

#[inline(never)]
fn scrub_stack<const BYTES: usize>() {
    let blank = [0_u8; BYTES];
    black_box(&blank);
}

/// Runs zeros through the code that moves secrets: the cipher and the copying of the C library.
#[inline(never)]
fn scrub_registers() {
    let mut blank = [0_u8; CIPHER_BYTES];
    let cipher = XChaCha20Poly1305::new(&Key::default());
    let sealed = cipher.encrypt_inout_detached(&XNonce::default(), &[], blank.as_mut_slice().into());
    black_box((&sealed.is_ok(), &blank));
    // glibc copies blocks of different sizes through different registers; musl uses no vector registers.
    if !cfg!(target_env = "musl") {
        for size in [64, 1024, 64 * 1024, 4 * 1024 * 1024] {
            let zeros = vec![0_u8; size];
            let mut copy = vec![1_u8; size];
            black_box(&mut copy).copy_from_slice(black_box(&zeros));
            black_box(&copy);
        }
    }
}
