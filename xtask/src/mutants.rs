//! `cargo xtask mutants`: breaks the arithmetic of money and the state machines in every way cargo-mutants knows, and tells which breaks no
//! test notices. The survivors and why they may live are in docs/money.md.
//!
//! The files are tested as a crate of their own, with the unit tests in them and the model of a million orders: they know no database, so a
//! break is built and tested in a second, not in a minute.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::install::{from_registry, target_folder};

/// The files, without those that need the calendar or ids.
const FILES: [&str; 10] =
    ["account", "money", "order", "payout", "postings", "rate", "revenue", "terms", "transaction", "work_order"];
/// So many orders of the model per break.
const ORDERS: &str = "200";
/// So many of a hundred breaks must be noticed.
const CAUGHT_PERCENT: u64 = 85;

/// The command.
pub(crate) fn run() -> Result<ExitCode> {
    let tool = from_registry("cargo-mutants", "27.1.0", &[])?;
    let folder = target_folder().join("mutants");
    lay_out(&folder).with_context(|| format!("the crate to break cannot be written into {}", folder.display()))?;
    let mut mutants = Command::new(&tool);
    mutants.args(["mutants", "--in-place", "--timeout", "60", "--dir"]).arg(&folder);
    // Its exit code tells survivors apart from failures; what it wrote down says the same and more.
    mutants.env("PLATEN_MONEY_ORDERS", ORDERS).env_remove("CARGO_TARGET_DIR").status()?;
    let outcomes = folder.join("mutants.out/outcomes.json");
    let told = fs::read_to_string(&outcomes).with_context(|| format!("{} is missing", outcomes.display()))?;
    let told: Value = serde_json::from_str(&told)?;
    let count = |of: &str| told.get(of).and_then(Value::as_u64).unwrap_or(0);
    let (caught, missed) = (count("caught") + count("timeout"), count("missed"));
    let percent = 100 * caught / (caught + missed).max(1);
    println!("\n{caught} of {} breaks were noticed, {percent} %", caught + missed);
    if percent < CAUGHT_PERCENT {
        bail!("{CAUGHT_PERCENT} % are asked for: write tests for those named above");
    }
    Ok(ExitCode::SUCCESS)
}

/// A crate that holds nothing but the files and their tests.
fn lay_out(folder: &Path) -> Result<()> {
    let domain = folder.join("shared/src/domain");
    let tests = folder.join("shared/tests");
    for made in [&domain, &tests.join("money"), &folder.join("fixtures")] {
        fs::create_dir_all(made)?;
    }
    let mut modules = String::new();
    for file in FILES {
        modules += &format!("    pub mod {file};\n");
        fs::copy(format!("shared/src/domain/{file}.rs"), domain.join(format!("{file}.rs")))?;
    }
    fs::write(folder.join("shared/src/lib.rs"), format!("pub mod domain {{\n{modules}}}\n"))?;
    fs::copy("shared/tests/money/model.rs", tests.join("money/model.rs"))?;
    fs::write(tests.join("model.rs"), include_str!("mutants/model.rs"))?;
    fs::copy("fixtures/state-machines.txt", folder.join("fixtures/state-machines.txt"))?;
    // The same versions and features as in the product.
    let root = fs::read_to_string("Cargo.toml")?;
    let ours = |line: &&str| !line.starts_with("members") && !line.starts_with("default-members");
    let rest: Vec<&str> = root.lines().filter(ours).collect();
    fs::write(
        folder.join("Cargo.toml"),
        rest.join("\n").replacen("[workspace]", "[workspace]\nmembers = [\"shared\"]", 1),
    )?;
    fs::copy("Cargo.lock", folder.join("Cargo.lock"))?;
    fs::write(folder.join("shared/Cargo.toml"), include_str!("mutants/Cargo.toml.txt"))?;
    Ok(())
}
