//! How the linker lays out the program, where it is the one that rustc brings along (x86_64 Linux, unless another was chosen): less of it is
//! mapped by a process that waits.

use std::env;
use std::path::Path;
use std::process::Command;

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
    if is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("PROFILE", "release") && links_with_its_own() {
        println!("cargo:rustc-link-arg-bins=-Wl,--symbol-ordering-file={LAYOUT},--no-warn-symbol-ordering");
    }
}

/// Whether nobody chose another linker, and the compiler brings its own: those of some distributions do not.
fn links_with_its_own() -> bool {
    let another = env::var("RUSTC_LINKER").is_ok()
        || env::var("CARGO_ENCODED_RUSTFLAGS").is_ok_and(|flags| flags.contains("link"));
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let Ok(said) = Command::new(rustc).args(["--print", "sysroot"]).output() else { return false };
    let sysroot = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    let own = "lib/rustlib/x86_64-unknown-linux-gnu/bin/gcc-ld/ld.lld";
    !another && Path::new(&sysroot).join(own).is_file()
}
