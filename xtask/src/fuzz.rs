//! `cargo xtask fuzz`: libFuzzer, guided by what the code reaches, on the targets in `fuzz/`. It needs no nightly compiler: coverage is a pass
//! of the stable one.
//!
//! The step of `cargo xtask test` runs each target for about five seconds, as a number of inputs from a fixed seed, so that a busy machine
//! tries the same inputs as a quiet one. By hand a target runs as long as it is told, and goes on from what it found before.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::install::target_folder;
use crate::servers::find_or_install;
use crate::step::{Outcome, cargo, must};

/// A target, where its first inputs lie, and how many inputs are five seconds' worth.
const TARGETS: [(&str, &str, u64); 8] = [
    ("canon", "fixtures/specs", 500_000),
    ("spec", "fixtures/specs", 15_000),
    ("image", "fuzz/seeds/image", 75_000),
    ("svg", "fuzz/seeds/svg", 600),
    ("zip", "fuzz/seeds/zip", 250),
    ("dxf", "fuzz/seeds/dxf", 1_000),
    ("preflight", "fuzz/seeds/preflight", 400),
    ("manifest", "fuzz/seeds/manifest", 150_000),
];
/// What libFuzzer is guided by: which edges are reached, and what is compared.
const COVERAGE: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing";

/// The command: one target for so many seconds, or all of them as the suite does.
pub(crate) fn run(words: &[String]) -> Result<ExitCode> {
    match words {
        [] => drop(check()?),
        [name, seconds] => {
            let Some((name, seeds, _)) = TARGETS.iter().find(|(known, ..)| known == name) else {
                bail!("`{name}` is no target; the targets are {}", TARGETS.map(|(name, ..)| name).join(", "));
            };
            let seconds: u64 = seconds.parse().with_context(|| format!("`{seconds}` is no number of seconds"))?;
            let corpus = target_folder().join("fuzz/corpus").join(name);
            fs::create_dir_all(&corpus)?;
            fuzz(&build()?, name, seeds, &corpus, &format!("-max_total_time={seconds}"))?;
        }
        _ => bail!("`cargo xtask fuzz` tries every target, `cargo xtask fuzz TARGET SECONDS` one for longer"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The step of `cargo xtask test`.
pub(crate) fn check() -> Result<Outcome> {
    let built = build()?;
    for (name, seeds, inputs) in TARGETS {
        let fresh = tempfile::tempdir().context("no folder for the inputs that are found")?;
        fuzz(&built, name, seeds, fresh.path(), &format!("-runs={inputs}"))?;
    }
    Ok(Outcome::Passed(format!("{} targets", TARGETS.len())))
}

/// Builds the targets with coverage; answers where they are.
fn build() -> Result<PathBuf> {
    find_or_install("c++", "g++", "a C++ compiler, which libFuzzer is built with,")?;
    // The product's versions, whatever they are by now.
    fs::copy("Cargo.lock", "fuzz/Cargo.lock").context("Cargo.lock cannot be copied")?;
    // Named although it is this machine's: else build scripts and macros would be instrumented too.
    let host = host()?;
    let folder = target_folder().join("fuzz");
    let mut build = cargo(&["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]);
    must(build.arg("--target-dir").arg(&folder).env("RUSTFLAGS", COVERAGE))?;
    Ok(folder.join(host).join("release"))
}

fn host() -> Result<String> {
    let said = Command::new("rustc").arg("-vV").output().context("`rustc -vV` could not be started")?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("`rustc -vV` names no host")?.to_owned())
}

/// One target. What it breaks on is kept and named; the corpus grows by what reaches further.
fn fuzz(built: &Path, name: &str, seeds: &str, corpus: &Path, until: &str) -> Result<()> {
    let first = tempfile::tempdir().context("no folder for the first inputs")?;
    lay_seeds(Path::new(seeds), first.path())?;
    let broken = target_folder().join("fuzz/broken");
    fs::create_dir_all(&broken)?;
    let mut fuzz = Command::new(built.join(name));
    fuzz.args([until, "-seed=1", "-timeout=60", "-rss_limit_mb=4096", "-print_funcs=0", "-verbosity=0"]);
    fuzz.arg(format!("-artifact_prefix={}/{name}-", broken.display())).arg(corpus).arg(first.path());
    must(&mut fuzz).with_context(|| format!("`{name}` broke: the input lies in {}", broken.display()))?;
    Ok(())
}

/// Copies the first inputs; of a sample with its expectations, the design alone.
fn lay_seeds(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("{} cannot be read", from.display()))? {
        let path = entry?.path();
        let Some(name) = path.file_name().filter(|_| path.is_file()) else { continue };
        let bytes = fs::read(&path)?;
        let spec =
            serde_json::from_slice(&bytes).ok().and_then(|sample: Value| sample.get("spec").map(Value::to_string));
        fs::write(to.join(name), spec.map_or(bytes, String::into_bytes))?;
    }
    Ok(())
}
