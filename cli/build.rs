//! How the linker lays out the program, where it is the one that rustc brings along (x86_64 Linux, unless another was chosen): less of it is
//! mapped by a process that waits.

use std::env;

/// Functions that starting and waiting call, from `cargo xtask layout`.
const LAYOUT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/layout.txt");

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={LAYOUT}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if !is("CARGO_CFG_TARGET_OS", "linux") || !is("CARGO_CFG_TARGET_ENV", "gnu") {
        return;
    }
    // To start would else read, and keep mapped, 24 bytes for each of a hundred thousand addresses. Linkers that do not know how say so.
    println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    let another = env::var("RUSTC_LINKER").is_ok()
        || env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"));
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("PROFILE", "release") && !another {
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={LAYOUT},--no-warn-symbol-ordering");
    }
}
