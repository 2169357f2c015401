//! `cargo deny`: bans, licences and sources always; advisories where their database can be fetched.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::install;
use crate::step::{Outcome, must};

/// The version installed where none is on PATH.
const VERSION: &str = "0.20.2";

/// Runs the checks with the rules of `deny.toml`.
pub(crate) fn check() -> Result<Outcome> {
    let tool = install::from_registry("cargo-deny", VERSION, &[])?;
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
