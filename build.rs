//! Hands the name of the target on, for `version`, and has what clients call all day linked side by side.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=TARGET={}", var("TARGET").unwrap_or_default());
    // Each part of the file that a process touches costs a page fault, which costs more than the code in it.
    // GNU ld and LLVM's take this script in addition to their own; names that it has too many do no harm.
    let is = |variable: &str, value: &str| var(variable).is_ok_and(|is| is == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "musl") {
        let order = format!("{}/packaging/order.ld", var("CARGO_MANIFEST_DIR").unwrap_or_default());
        println!("cargo:rerun-if-changed={order}");
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{order}");
    }
}
