//! One step of a run: a header, the work, the time it took, and a line in the table at the end.

use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How a step ended.
pub(crate) enum Outcome {
    /// As it should, with a remark worth a place in the table (or an empty one).
    Passed(String),
    /// Not run because an earlier step failed; that failure already fails the run.
    Skipped(String),
    /// A sentence saying what is wrong.
    Failed(String),
}

/// What happened so far.
#[derive(Default)]
pub(crate) struct Report {
    lines: Vec<(&'static str, Outcome, Duration)>,
}

impl Report {
    /// Runs one step and notes how it ended; true when it passed.
    pub(crate) fn step(&mut self, name: &'static str, work: impl FnOnce() -> Result<Outcome>) -> bool {
        println!("\n== {name} ==");
        let started = Instant::now();
        let outcome = work().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let took = started.elapsed();
        let word = outcome.word();
        let passed = matches!(outcome, Outcome::Passed(_));
        println!("== {name}: {word} after {} ==", human(took));
        if let Outcome::Failed(why) = &outcome {
            println!("{why}");
        }
        // The children write to the same place; nothing of ours may linger behind theirs.
        let _ = io::stdout().flush();
        self.lines.push((name, outcome, took));
        passed
    }

    /// True when no step failed.
    pub(crate) fn passed(&self) -> bool {
        !self.lines.iter().any(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)))
    }

    /// Prints the table.
    pub(crate) fn print(&self) {
        println!("\n{:<12} {:<8} {:>9}  remark", "step", "outcome", "time");
        for (name, outcome, took) in &self.lines {
            let remark = outcome.remark().lines().next().unwrap_or_default();
            println!("{}", format!("{name:<12} {:<8} {:>9}  {remark}", outcome.word(), human(*took)).trim_end());
        }
        let total: Duration = self.lines.iter().map(|(_, _, took)| *took).sum();
        println!("{:<12} {:<8} {:>9}", "all", if self.passed() { "passed" } else { "FAILED" }, human(total));
    }
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Outcome::Passed(_) => "passed",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "FAILED",
        }
    }

    fn remark(&self) -> &str {
        match self {
            Outcome::Passed(text) | Outcome::Skipped(text) | Outcome::Failed(text) => text,
        }
    }
}

/// The cargo that runs us, so that a step never meets another toolchain than the one that was asked for.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).stdin(Stdio::null());
    command
}

/// Runs a command that must succeed.
pub(crate) fn must(command: &mut Command) -> Result<Outcome> {
    let line = shown(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` failed ({status})");
    }
    Ok(Outcome::Passed(String::new()))
}

fn shown(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let words = command.get_args().map(|arg| arg.to_string_lossy().into_owned());
    std::iter::once(name).chain(words).collect::<Vec<_>>().join(" ")
}

fn human(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} m {:02} s", seconds / 60, seconds % 60)
    }
}
