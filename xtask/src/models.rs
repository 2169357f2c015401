//! Outside judges of 3D models: Khronos's glTF validator (npm) and usd-core's validators (PyPI), installed once into `target/tools`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::install;
use crate::postgres::on_path;
use crate::servers::{Server, Servers};

const GLTF: &str = "gltf-validator@2.0.0-dev.3.10";
const USD: &str = "usd-core==26.11";

/// Finds or installs both; nothing runs until the test asks them.
pub(crate) fn find(_: &Servers) -> Result<Server> {
    let tools = install::target_folder().join("tools");
    fs::create_dir_all(&tools)?;
    let tools = tools.canonicalize()?;
    let exports = vec![
        ("TEST_GLTF_VALIDATOR", gltf(&tools.join("gltf"))?.display().to_string()),
        ("TEST_USD_PYTHON", usd(&tools.join("usd"))?.display().to_string()),
    ];
    Ok(Server { exports, process: None })
}

/// The folder whose `node_modules` holds the validator.
fn gltf(folder: &Path) -> Result<PathBuf> {
    need("node", "nodejs", "Node.js")?;
    if !folder.join("node_modules/gltf-validator").is_dir() {
        need("npm", "npm", "npm")?;
        fs::create_dir_all(folder)?;
        fs::write(folder.join("package.json"), "{\"private\": true}\n")?;
        println!("{GLTF} is missing: installing it through npm");
        let mut install = Command::new("npm");
        run(install.args(["install", "--no-audit", "--no-fund", "--silent", GLTF]).current_dir(folder), GLTF)?;
    }
    Ok(folder.to_owned())
}

/// A Python that has usd-core.
fn usd(folder: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python");
    let has_it = || {
        let mut ask = Command::new(&python);
        let ask = ask.args(["-c", "from pxr import UsdValidation"]).stdout(Stdio::null()).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    };
    if !has_it() {
        need("python3", "python3-venv", "Python 3 with venv")?;
        println!("{USD} is missing: installing it through pip");
        run(Command::new("python3").args(["-m", "venv"]).arg(folder), "a virtual environment of Python")?;
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", USD]), USD)?;
    }
    if has_it() { Ok(python) } else { bail!("{USD} was installed, yet it cannot be used by {}", python.display()) }
}

pub(crate) fn need(program: &str, package: &str, what: &str) -> Result<()> {
    if on_path(program) { Ok(()) } else { install::package(package, what) }
}

pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{what} could not be installed"))?;
    if status.success() { Ok(()) } else { bail!("{what} could not be installed; see above, then run this again") }
}
