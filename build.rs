//! Sets the name of the target for `version`, and links the code of the verbs that clients call all day side by side.

use std::env::var;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-env=TARGET={}", var("TARGET").unwrap_or_default());
    let is_set = |variable: &str, value: &str| var(variable).is_ok_and(|set| set == value);
    if is_set("CARGO_CFG_TARGET_OS", "linux") && is_set("CARGO_CFG_TARGET_ENV", "musl") {
        let script = format!("{}/packaging/verbs.ld", var("CARGO_MANIFEST_DIR").unwrap_or_default());
        println!("cargo:rerun-if-changed={script}");
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{script}");
    }
}
