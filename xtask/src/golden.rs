//! `cargo xtask golden`: accept what the renderer, the OpenAPI document and the state tables are now.

use std::process::ExitCode;

use anyhow::Result;

use crate::step::{cargo, must};

/// Runs the tests of the packages that own checked-in results, with `PLATEN_ACCEPT=1`: they write instead of compare.
pub(crate) fn run() -> Result<ExitCode> {
    let owners = ["test", "-p", "platen-press", "-p", "platen-api", "-p", "platen-shared"];
    must(cargo(&owners).env("PLATEN_ACCEPT", "1"))?;
    println!(
        "\nAccepted. Look at every changed file (`git status`, `git diff`) before committing: an approved file is a promise."
    );
    Ok(ExitCode::SUCCESS)
}
