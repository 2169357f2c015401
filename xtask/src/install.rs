//! Installing what a check needs: a system package where the system is one we know how to ask, a program from the crates' registry.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::postgres::{is_root, on_path};
use crate::step::{cargo, must};

/// Installs Debian's `package`; where that cannot be done, says in one sentence that `what` is to be installed.
pub(crate) fn package(package: &str, what: &str) -> Result<()> {
    let Some(prefix) = apt_get()? else {
        bail!(
            "{what} is missing: install it with your system's package manager (on Debian `apt-get install {package}`) and run this again"
        );
    };
    println!("{what} is missing: installing `{package}` through apt-get");
    // A list that cannot be refreshed may still be good enough to install from.
    let _ = apt(&prefix, &["update", "-q"]);
    if apt(&prefix, &["install", "-q", "-y", "--no-install-recommends", package])? {
        return Ok(());
    }
    bail!("`apt-get install {package}` failed: install {what} by hand and run this again")
}

/// The program that the crate `name` builds: along PATH, else built once into `target/tools`. Building it fast matters more than
/// running it fast, so nothing is optimized.
pub(crate) fn from_registry(name: &str, version: &str, flags: &[&str]) -> Result<PathBuf> {
    if on_path(name) {
        return Ok(name.into());
    }
    let root = target_folder().join("tools");
    let tool = root.join("bin").join(name);
    if tool.is_file() {
        return Ok(tool);
    }
    println!("{name} is not on PATH: installing {version} into {}", root.display());
    let mut install = cargo(&["install", name, "--locked", "--version", version]);
    install.args(flags).arg("--root").arg(&root);
    install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0").env("CARGO_PROFILE_RELEASE_LTO", "off");
    install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16").env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    if must(&mut install).is_err() || !tool.is_file() {
        bail!("{name} could not be installed: run `cargo install {name} --locked --version {version}` and see why");
    }
    Ok(tool)
}

/// Where this workspace builds.
pub(crate) fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from)
}

/// The command line that starts apt-get with the rights it needs; `None` where there is no such way.
fn apt_get() -> Result<Option<Vec<&'static str>>> {
    if !on_path("apt-get") {
        return Ok(None);
    }
    if is_root()? {
        return Ok(Some(vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]));
    }
    let may_sudo = on_path("sudo") && quiet(Command::new("sudo").args(["-n", "true"]));
    Ok(may_sudo.then(|| vec!["sudo", "-n", "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]))
}

fn apt(prefix: &[&str], args: &[&str]) -> Result<bool> {
    let (program, rest) = prefix.split_first().context("apt-get has no name")?;
    let status = Command::new(program).args(rest).args(args).stdin(Stdio::null()).status();
    Ok(status.with_context(|| format!("`{program}` could not be started"))?.success())
}

fn quiet(command: &mut Command) -> bool {
    let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    silent.status().is_ok_and(|status| status.success())
}
