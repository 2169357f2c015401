//! `cargo xtask golden`: accept what the renderer, the OpenAPI document, the state tables and the orders sent to printers are now.

use std::process::ExitCode;

use anyhow::Result;

use crate::step::{cargo, must};

/// Runs the tests that own checked-in results, with `PLATEN_ACCEPT=1`: they write instead of compare. Of the whole workspace, like every
/// check: naming packages would choose other features and compile the dependencies anew.
pub(crate) fn run() -> Result<ExitCode> {
    let owners =
        ["test", "--workspace", "--lib", "--test", "outputs", "--test", "schema", "--test", "http", "--test", "golden"];
    must(cargo(&owners).env("PLATEN_ACCEPT", "1"))?;
    println!(
        "\nAccepted. Look at every changed file (`git status`, `git diff`) before committing: an approved file is a promise."
    );
    Ok(ExitCode::SUCCESS)
}
