//! Sets the name of the target for `version`, and the order of functions for a release.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=TARGET={}", var("TARGET").unwrap_or_default());
    // packaging/release.sh names a linker script that places functions that run together next to each other. GNU ld
    // and LLVM's linker use it in addition to their own script; names without a function are harmless.
    println!("cargo:rerun-if-env-changed=LINK_ORDER");
    if let Ok(order) = var("LINK_ORDER")
        && !order.is_empty()
    {
        println!("cargo:rerun-if-changed={order}");
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{order}");
    }
}
