//! The floor: the cost of starting and exiting a static Rust program that does no work.

fn main() {}
