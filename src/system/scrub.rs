//! Overwrites what secrets passed through on their way: the stack and the vector registers.
//!
//! What they rested in is wiped by its own type, and by the allocator.

use std::hint::black_box;

use chacha20poly1305::{AeadInOut, Key, KeyInit, XChaCha20Poly1305, XNonce};

/// Bytes of stack that are overwritten: more than any parser or cipher here uses, and no page more than
/// they have touched already. A build for debugging uses more.
const STACK_BYTES: usize = if cfg!(debug_assertions) { 16 } else { 10 } * 1024;

/// The same where arguments were parsed first, and files of others read.
const PEOPLES_STACK_BYTES: usize = 128 * 1024;

/// The same where a message bus and its cryptography were at work; a thread has 2 MiB.
const DEEP_STACK_BYTES: usize = 512 * 1024;

/// Bytes that the cipher works on at once, in every register that it has.
const CIPHER_BYTES: usize = 512;

/// Overwrites the stack below the caller and the registers. To be called last, from `main`.
pub fn scrub() {
    scrub_stack();
    scrub_registers();
}

#[inline(never)]
fn scrub_stack() {
    let blank = [0_u8; STACK_BYTES];
    black_box(&blank);
}

/// Overwrites more of the stack than [`scrub`], where nobody counts microseconds: after a verb for people.
#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "the stack is what it is about")]
pub fn scrub_command_stack() {
    let blank = [0_u8; PEOPLES_STACK_BYTES];
    black_box(&blank);
}

/// Overwrites far more of the stack than [`scrub`]: for a thread that has been deep in other libraries.
pub fn scrub_deep() {
    scrub_much_stack();
    scrub_registers();
}

#[inline(never)]
#[expect(clippy::large_stack_arrays, reason = "the stack is what it is about")]
fn scrub_much_stack() {
    let blank = [0_u8; DEEP_STACK_BYTES];
    black_box(&blank);
}

/// Sends zeros through what moves secrets: the cipher, and the C library's copying.
#[inline(never)]
fn scrub_registers() {
    let mut blank = [0_u8; CIPHER_BYTES];
    let cipher = XChaCha20Poly1305::new(&Key::default());
    let sealed = cipher.encrypt_inout_detached(&XNonce::default(), &[], blank.as_mut_slice().into());
    black_box((&sealed.is_ok(), &blank));
    // glibc copies with other registers, and larger pieces with others again; musl uses none.
    if !cfg!(target_env = "musl") {
        for size in [64, 1024, 64 * 1024, 4 * 1024 * 1024] {
            let zeros = vec![0_u8; size];
            let mut copy = vec![1_u8; size];
            black_box(&mut copy).copy_from_slice(black_box(&zeros));
            black_box(&copy);
        }
    }
}
