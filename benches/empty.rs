//! The floor: what starting and ending a static Rust program costs before it does any work.

fn main() {}
