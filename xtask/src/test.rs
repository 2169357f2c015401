//! `cargo xtask test`: everything a change must pass.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::servers::Servers;
use crate::step::{Outcome, Report, cargo, must};
use crate::{cover, deny, fuzz, instructions, suites};

const STEPS: [&str; 9] = ["fmt", "clippy", "test", "suites", "cover", "instructions", "fuzz", "doc", "deny"];

/// Settings of the product that a developer's shell may hold; a test must not depend on them.
const FOREIGN: [&str; 8] = [
    "DATABASE_URL",
    "REDIS_URL",
    "BLOB_URL",
    "PUBLIC_URL",
    "PORT",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// Runs all steps, or the named ones, to the end, and fails when one failed.
pub(crate) fn run(names: &[String]) -> Result<ExitCode> {
    let wanted = wanted(names)?;
    let mut report = Report::default();
    if wanted.contains("fmt") {
        report.step("fmt", || must(&mut cargo(&["fmt", "--all", "--check"])));
    }
    if wanted.contains("clippy") {
        report.step("clippy", || must(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])));
    }
    if wanted.contains("test") {
        tests(&mut report)?;
    }
    if wanted.contains("instructions") {
        report.step("instructions", instructions::check);
    }
    if wanted.contains("fuzz") {
        report.step("fuzz", fuzz::check);
    }
    if wanted.contains("doc") {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps"]);
        report.step("doc", || must(doc.env("RUSTDOCFLAGS", "-D warnings")));
    }
    if wanted.contains("deny") {
        report.step("deny", deny::check);
    }
    report.print();
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `suites` and `cover` judge what the tests left behind, so naming one of them asks for the tests too.
fn wanted(names: &[String]) -> Result<BTreeSet<&str>> {
    if let Some(unknown) = names.iter().find(|name| !STEPS.contains(&name.as_str())) {
        bail!("`{unknown}` is not a step; the steps are {}", STEPS.join(", "));
    }
    let mut wanted: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    if names.is_empty() {
        wanted.extend(STEPS);
    }
    if wanted.contains("suites") || wanted.contains("cover") {
        wanted.insert("test");
    }
    Ok(wanted)
}

fn tests(report: &mut Report) -> Result<()> {
    let mut servers = None;
    if !report.step("servers", || Servers::start(&[]).map(|started| servers = Some(started)).map(|()| passed())) {
        return Ok(());
    }
    let Some(mut servers) = servers else { return Ok(()) };
    let suites_log = servers.folder().path().join("suites.log");
    let cover_dir = servers.folder().path().join("cover");
    fs::create_dir(&cover_dir).context("the folder for the SQL cover could not be created")?;
    let good = report.step("test", || {
        let mut tests = hermetic(cargo(&["test", "--workspace", "--no-fail-fast"]));
        servers.tell(&mut tests);
        tests.env("PLATEN_REQUIRE_SUITES", "1");
        let outcome = must(tests.env("PLATEN_SUITES_LOG", &suites_log).env("PLATEN_COVER_DIR", &cover_dir));
        if let Some(name) = servers.ended() {
            bail!("the private {name} died while the tests ran");
        }
        outcome
    });
    report.step("suites", || if good { suites::check(&suites_log) } else { Ok(after_failure()) });
    report.step("cover", || if good { cover::check(&cover_dir) } else { Ok(after_failure()) });
    Ok(())
}

fn passed() -> Outcome {
    Outcome::Passed(String::new())
}

/// The same command without the product's own settings in its environment.
fn hermetic(mut command: Command) -> Command {
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in
        names.filter(|name| name.to_str().is_some_and(|name| FOREIGN.contains(&name) || name.starts_with("PLATEN_")))
    {
        command.env_remove(name);
    }
    command
}

fn after_failure() -> Outcome {
    Outcome::Skipped("judged only when all tests pass".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_means_all_and_a_wrong_name_is_refused() {
        assert_eq!(wanted(&[]).unwrap().len(), STEPS.len());
        assert!(wanted(&["fmt".into()]).unwrap().contains("fmt"));
        assert!(wanted(&["cover".into()]).unwrap().contains("test"));
        assert!(wanted(&["format".into()]).unwrap_err().to_string().contains("the steps are fmt"));
    }
}
