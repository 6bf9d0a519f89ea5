//! Sets the name of the target for `version`, and places the code of Docker's verbs next to each other.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=LINK_ORDER");
    println!("cargo:rerun-if-env-changed=LINK_MAP");
    println!("cargo:rustc-env=TARGET={}", var("TARGET").unwrap_or_default());
    let is_set = |variable: &str, value: &str| var(variable).is_ok_and(|set| set == value);
    if is_set("CARGO_CFG_TARGET_OS", "linux") && is_set("CARGO_CFG_TARGET_ENV", "musl") {
        let by_module = format!("{}/packaging/verbs.ld", var("CARGO_MANIFEST_DIR").unwrap_or_default());
        // packaging/release.sh makes a script with each function and constant.
        let script = var("LINK_ORDER").unwrap_or(by_module);
        println!("cargo:rerun-if-changed={script}");
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{script}");
        // The linker writes the position of each section to this file.
        if let Ok(map) = var("LINK_MAP") {
            println!("cargo:rustc-link-arg-bins=-Wl,-Map,{map}");
        }
    }
}
