//! `cargo deny`: bans, licences and sources always; advisories where their database can be fetched.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::postgres::on_path;
use crate::step::{Outcome, cargo, must};

/// The version installed where none is on PATH.
const VERSION: &str = "0.20.2";

/// Runs the checks with the rules of `deny.toml`.
pub(crate) fn check() -> Result<Outcome> {
    let tool = find_or_install()?;
    must(deny(&tool).args(["check", "bans", "licenses", "sources"]))?;
    if !fetch_advisories(&tool)? {
        let remark = "advisories not checked: the database could not be reached";
        println!("{remark}");
        return Ok(Outcome::Passed(remark.into()));
    }
    must(deny(&tool).args(["check", "--disable-fetch", "advisories"]))
}

// Warnings (two versions of one crate) are for those who ask `cargo deny` itself; here they would bury the rest.
fn deny(tool: &PathBuf) -> Command {
    let mut command = Command::new(tool);
    command.args(["--log-level", "error"]).stdin(Stdio::null());
    command
}

fn fetch_advisories(tool: &PathBuf) -> Result<bool> {
    // A host that wants a password must not wait for one.
    let mut fetch = deny(tool);
    let fetch = fetch.args(["fetch", "db"]).env("GIT_TERMINAL_PROMPT", "0").stdout(Stdio::null()).stderr(Stdio::null());
    Ok(fetch.status().context("`cargo-deny` could not be started")?.success())
}

fn find_or_install() -> Result<PathBuf> {
    if on_path("cargo-deny") {
        return Ok("cargo-deny".into());
    }
    let root = target_folder().join("tools");
    let tool = root.join("bin/cargo-deny");
    if tool.is_file() {
        return Ok(tool);
    }
    println!("cargo-deny is not on PATH: installing {VERSION} into {}", root.display());
    let mut install = cargo(&["install", "cargo-deny", "--locked", "--version", VERSION, "--root"]);
    // It runs for a second and is built once: building it fast matters, running it fast does not.
    install.arg(&root).env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
    install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    if must(&mut install).is_err() || !tool.is_file() {
        bail!(
            "cargo-deny could not be installed: run `cargo install cargo-deny --locked --version {VERSION}` and see why"
        );
    }
    Ok(tool)
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)
}
